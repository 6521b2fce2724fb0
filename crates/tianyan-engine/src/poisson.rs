//! Spikes at random into point neurons: how many come in a step is Poisson distributed, independent for each neuron.
//!
//! The number in step s is found from the s-th 64-bit number of the neuron's stream (Philox, so that it depends on
//! nothing but seed, stimulus, cell and step) by inversion: it is that of the n for which the number is not below P(N
//! <= n).

use tianyan_layout::Background;
use tianyan_model::random::philox_lanes;

/// Neurons side by side.
const LANES: usize = 8;

/// The draws of one [`Background`].
#[derive(Debug, Clone)]
pub struct Draws {
    /// P(N <= n) for n = 0, 1, 2 ... as far as it differs from 1.
    cumulative: Vec<f64>,
    /// Uniform numbers of the odd step that follows `drawn`.
    second: Vec<[f64; LANES]>,
    /// The even step that was drawn last.
    drawn: Option<u64>,
}

impl Draws {
    /// For steps of that length.
    pub fn new(background: &Background, dt_ms: f64) -> Draws {
        Draws { cumulative: cumulative(background.rate_hz * 1e-3 * dt_ms), second: Vec::new(), drawn: None }
    }

    /// Adds what comes in a step.
    pub fn add(&mut self, background: &Background, seed: u64, step: u64, state: &mut [f64]) {
        if !background.steps.contains(&step) {
            return;
        }
        let odd = step % 2 == 1;
        let known = odd && self.drawn == Some(step - 1);
        let blocks = background.instances.chunks(LANES).zip(background.gids.chunks(LANES));
        if !known {
            self.second.clear();
        }
        for (b, (instances, gids)) in blocks.enumerate() {
            let uniform = if known {
                self.second[b]
            } else {
                let mut cells = [0; LANES];
                cells[..gids.len()].copy_from_slice(gids);
                let words = philox_lanes(seed, background.stream, cells, (step / 2) as u32);
                let [first, second] = [uniform(words[0], words[1]), uniform(words[2], words[3])];
                self.second.push(second);
                if odd { second } else { first }
            };
            let counts = self.counts(uniform);
            for &(input, added) in &background.adds {
                match instances {
                    [first, .., last] if (last - first) as usize == LANES - 1 => {
                        let state = &mut state[input + *first as usize..][..LANES];
                        state.iter_mut().zip(counts).for_each(|(value, count)| *value += count * added);
                    }
                    _ => {
                        for (&i, count) in instances.iter().zip(counts) {
                            state[input + i as usize] += count * added;
                        }
                    }
                }
            }
        }
        self.drawn = (!odd).then_some(step);
    }

    fn counts(&self, uniform: [f64; LANES]) -> [f64; LANES] {
        let mut counts = [0.0; LANES];
        for &below in &self.cumulative {
            let mut more = 0.0;
            for (count, number) in counts.iter_mut().zip(uniform) {
                let one = if number >= below { 1.0 } else { 0.0 };
                *count += one;
                more += one;
            }
            if more == 0.0 {
                break;
            }
        }
        counts
    }
}

/// Numbers in [0, 1) with 52 bits.
fn uniform(high: [u32; LANES], low: [u32; LANES]) -> [f64; LANES] {
    let one = |k: usize| {
        let bits = (u64::from(high[k]) << 32 | u64::from(low[k])) >> 12;
        f64::from_bits(1.0f64.to_bits() | bits) - 1.0
    };
    std::array::from_fn(one)
}

/// P(N <= n) of a Poisson distribution with that mean, for n = 0, 1, 2 ... as far as it differs from 1.
pub fn cumulative(mean: f64) -> Vec<f64> {
    let mut all = Vec::new();
    let (mut term, mut sum) = ((-mean).exp(), 0.0);
    for n in 1.. {
        sum += term;
        // What is left is less than a uniform number can tell.
        if sum >= 1.0 - f64::EPSILON || (f64::from(n) > mean && term < 1e-18) {
            break;
        }
        all.push(sum);
        term *= mean / f64::from(n);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{Draws, cumulative};
    use tianyan_layout::Background;

    fn background(rate_hz: f64, cells: u32) -> Background {
        let adds = vec![(0, 0.5)];
        let (instances, gids) = ((0..cells).collect(), (0..cells).collect());
        Background { instances, gids, adds, rate_hz, stream: 3, steps: 0..u64::MAX }
    }

    #[test]
    fn counts_have_the_mean_and_variance_of_poisson() {
        for mean in [0.02, 1.28, 23.0] {
            let background = background(mean * 1e4, 1000);
            let mut draws = Draws::new(&background, 0.1);
            let (mut sum, mut squares) = (0.0, 0.0);
            for step in 0..100 {
                let mut state = vec![0.0; 1000];
                draws.add(&background, 42, step, &mut state);
                sum += state.iter().map(|x| x * 2.0).sum::<f64>();
                squares += state.iter().map(|x| (x * 2.0 - mean).powi(2)).sum::<f64>();
            }
            let (found, variance) = (sum / 1e5, squares / 1e5);
            assert!((found - mean).abs() < 5.0 * (mean / 1e5f64).sqrt(), "{found} for {mean}");
            assert!((variance / mean - 1.0).abs() < 0.05, "{variance} for {mean}");
        }
        assert!(cumulative(600.0).len() > 600);
    }

    #[test]
    fn draws_depend_on_cell_and_step_alone() {
        let whole = background(5000.0, 21);
        let part = Background { instances: vec![0, 1, 2], gids: vec![18, 19, 20], ..whole.clone() };
        let (mut state, mut of_part) = ([0.0; 21], [0.0; 3]);
        let (mut draws, mut late) = (Draws::new(&whole, 0.1), Draws::new(&part, 0.1));
        (0..10).for_each(|step| draws.add(&whole, 1, step, &mut state));
        (0..5).for_each(|step| late.add(&part, 1, step, &mut of_part));
        // As after a restart.
        let mut late = Draws::new(&part, 0.1);
        (5..10).for_each(|step| late.add(&part, 1, step, &mut of_part));
        assert_eq!(state[18..], of_part);
        assert!(state.iter().any(|x| *x > 0.0));
    }
}
