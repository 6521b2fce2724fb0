//! Drawing sources for a target without asking every pair.

use tianyan_model::random::Philox;

use crate::falloff::{Falloff, Tuning};
use crate::grid::Grid;

/// Bounds are powers of 1/2; pairs less likely than the last are never drawn.
const CLASSES: usize = 64;

/// The probability that a source of one type connects to a target.
#[derive(Debug, Clone, Copy)]
pub struct Chance<'a> {
    /// At no distance and mean tuning.
    pub peak: f64,
    /// How it falls with distance; needs a grid.
    pub falloff: Option<(Falloff, &'a Grid)>,
    /// How it depends on the angles of the sources (by node id) and that of the target, degrees.
    pub tuning: Option<(Tuning, &'a [f64], f64)>,
}

/// Memory that is used again for every target.
#[derive(Debug)]
pub struct Scratch {
    /// Bins, by the class of their bound.
    classes: Vec<Class>,
    squares: [Vec<f64>; 3],
}

/// Bins whose nodes are drawn with the same bound.
#[derive(Debug)]
struct Class {
    bins: Vec<u32>,
    /// Nodes in all of them.
    nodes: f64,
    skip: Skip,
}

impl Default for Scratch {
    fn default() -> Scratch {
        let class = |k: usize| Class { bins: Vec::new(), nodes: 0.0, skip: Skip::new(0.5f64.powi(k as i32)) };
        Scratch { classes: (0..CLASSES).map(class).collect(), squares: Default::default() }
    }
}

/// Failures before the next success (a geometric number), with what it takes to draw one.
#[derive(Debug, Clone, Copy)]
struct Skip {
    bound: f64,
    /// 1 / ln(1 - bound); 0 where nothing is skipped.
    scale: f64,
}

impl Skip {
    fn new(bound: f64) -> Skip {
        Skip { bound, scale: if bound >= 1.0 { 0.0 } else { (-bound).ln_1p().recip() } }
    }

    fn draw(&self, random: &mut Philox) -> f64 {
        if self.scale == 0.0 { 0.0 } else { (random.uniform().ln() * self.scale) as u64 as f64 }
    }
}

impl Chance<'_> {
    /// No source is more likely than this, falloff aside.
    fn bound(&self) -> f64 {
        self.peak * self.tuning.map_or(1.0, |(tuning, ..)| tuning.bound())
    }

    fn tuned(&self, source: u32) -> f64 {
        self.tuning.map_or(1.0, |(tuning, angles, angle)| tuning.at(angles[source as usize], angle))
    }

    /// Draws sources among `all`, ascending; the target lies at `position` (um).
    pub fn sources(
        &self,
        all: std::ops::Range<u32>,
        position: &[f64; 3],
        random: &mut Philox,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        if self.peak.is_nan() || self.peak <= 0.0 {
            return;
        }
        match self.falloff {
            Some((falloff, grid)) => self.near(falloff, grid, position, random, scratch, found),
            None => self.anywhere(all, random, found),
        }
    }

    /// Every source with the same bound.
    fn anywhere(&self, all: std::ops::Range<u32>, random: &mut Philox, found: &mut Vec<u32>) {
        let skip = Skip::new(self.bound().min(1.0));
        let mut next = skip.draw(random);
        let count = f64::from(all.end - all.start);
        while next < count {
            let source = all.start + next as u32;
            if self.tuning.is_none() || random.uniform() * skip.bound < self.peak * self.tuned(source) {
                found.push(source);
            }
            next += 1.0 + skip.draw(random);
        }
    }

    /// Bins are sorted by their bounds, and each class is drawn with its own.
    fn near(
        &self,
        falloff: Falloff,
        grid: &Grid,
        position: &[f64; 3],
        random: &mut Philox,
        scratch: &mut Scratch,
        found: &mut Vec<u32>,
    ) {
        let first = found.len();
        scratch.classify(self.bound().log2(), falloff, grid, position);
        for class in scratch.classes.iter().filter(|class| !class.bins.is_empty()) {
            let mut next = class.skip.draw(random);
            let mut before = 0.0;
            for &bin in &class.bins {
                if next >= class.nodes {
                    break;
                }
                let (start, end) = (grid.start[bin as usize], grid.start[bin as usize + 1]);
                let count = f64::from(end - start);
                while next < before + count {
                    let at = start as usize + (next - before) as usize;
                    let source = grid.nodes[at];
                    let factor = falloff.at(grid.square(&grid.positions[at], position));
                    if random.uniform() * class.skip.bound < self.peak * factor * self.tuned(source) {
                        found.push(source);
                    }
                    next += 1.0 + class.skip.draw(random);
                }
                before += count;
            }
        }
        found[first..].sort_unstable();
    }
}

impl Scratch {
    /// Puts every bin that holds nodes into the class of its bound.
    fn classify(&mut self, peak_log2: f64, falloff: Falloff, grid: &Grid, position: &[f64; 3]) {
        for class in &mut self.classes {
            class.bins.clear();
            class.nodes = 0.0;
        }
        for (axis, squares) in self.squares.iter_mut().enumerate() {
            grid.squares(axis, position[axis], squares);
        }
        let reach = falloff.reach_um().powi(2);
        let [x, y, z] = &self.squares;
        let mut bin = 0;
        for z in z {
            for y in y {
                if y + z > reach {
                    bin += x.len();
                    continue;
                }
                for x in x {
                    let square = x + y + z;
                    let nodes = grid.start[bin + 1] - grid.start[bin];
                    if nodes > 0 && square <= reach {
                        let class = (-(peak_log2 + falloff.log2(square))).max(0.0) as usize;
                        if let Some(class) = self.classes.get_mut(class) {
                            class.bins.push(bin as u32);
                            class.nodes += f64::from(nodes);
                        }
                    }
                    bin += 1;
                }
            }
        }
    }
}

/// `count` different whole numbers below `end`, ascending (Floyd's algorithm, Bentley and Floyd 1987).
pub fn distinct(count: u32, end: u32, random: &mut Philox) -> Vec<u32> {
    let mut chosen = std::collections::BTreeSet::new();
    for last in end.saturating_sub(count)..end {
        let draw = random.below(last + 1);
        if !chosen.insert(draw) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// `count` different indices, ascending, each with odds proportional to its weight (Efraimidis and Spirakis 2006).
pub fn weighted(count: usize, weights: impl Iterator<Item = f64>, random: &mut Philox) -> Vec<u32> {
    let mut keys: Vec<(f64, u32)> = weights
        .enumerate()
        .filter(|(_, weight)| *weight > 0.0)
        .map(|(i, weight)| (random.exponential() / weight, i as u32))
        .collect();
    let count = count.min(keys.len());
    if count > 0 && count < keys.len() {
        keys.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    let mut chosen: Vec<u32> = keys[..count].iter().map(|(_, i)| *i).collect();
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Metric, Profile};

    /// Every pair asked for itself, beside what the sampler finds: the same mean within four deviations.
    #[test]
    fn sampling_by_bins_is_sampling_of_pairs() {
        let mut random = Philox::new(1, 0, 0);
        let positions: Vec<[f64; 3]> = (0..3000).map(|_| std::array::from_fn(|_| 600.0 * random.uniform())).collect();
        let angles: Vec<f64> = (0..3000).map(|i| f64::from(i) * 0.12).collect();
        for metric in [Metric::Lateral, Metric::Space] {
            for profile in [Profile::Gaussian, Profile::Exponential, Profile::Linear, Profile::Step] {
                let falloff = Falloff { profile, length_um: 70.0, maximum_um: 400.0 };
                let grid = Grid::new(0, &positions, metric, 70.0);
                let tuning = Tuning { ratio: 0.4, period_degrees: 180.0 };
                let target = [290.0, 300.0, 10.0];
                let chance =
                    Chance { peak: 0.6, falloff: Some((falloff, &grid)), tuning: Some((tuning, &angles, 20.0)) };
                let probability =
                    |i: usize| 0.6 * falloff.at(grid.square(&positions[i], &target)) * tuning.at(angles[i], 20.0);
                let expected: f64 = (0..3000).map(probability).sum();
                let variance: f64 = (0..3000).map(|i| probability(i) * (1.0 - probability(i))).sum();
                let (mut found, mut scratch, runs) = (Vec::new(), Scratch::default(), 300);
                for run in 0..runs {
                    let mut random = Philox::new(2, 0, run);
                    chance.sources(0..3000, &target, &mut random, &mut scratch, &mut found);
                }
                let mean = found.len() as f64 / runs as f64;
                let error = 4.0 * (variance / runs as f64).sqrt();
                assert!((mean - expected).abs() < error, "{metric:?} {profile:?}: {mean}, not {expected} +- {error}");
            }
        }
    }

    #[test]
    fn choices_are_distinct_and_fair() {
        let mut counts = [0u32; 10];
        for cell in 0..4000 {
            let chosen = distinct(3, 10, &mut Philox::new(3, 0, cell));
            assert!(chosen.len() == 3 && chosen.windows(2).all(|pair| pair[0] < pair[1]));
            chosen.iter().for_each(|&i| counts[i as usize] += 1);
        }
        assert!(counts.iter().all(|&count| (1100..1300).contains(&count)), "{counts:?}");
        assert_eq!(distinct(9, 5, &mut Philox::new(3, 0, 0)).len(), 5);
    }

    #[test]
    fn weights_are_odds() {
        let mut first = 0;
        for cell in 0..4000 {
            let chosen = weighted(1, [3.0, 1.0, 0.0].into_iter(), &mut Philox::new(4, 0, cell));
            first += u32::from(chosen == [0]);
        }
        assert!((2880..3120).contains(&first), "{first}");
        assert_eq!(weighted(5, [1.0, 0.0].into_iter(), &mut Philox::new(4, 0, 0)), [0]);
    }
}
