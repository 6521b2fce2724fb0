//! Two runs' spikes of a population, side by side.

use std::collections::{BTreeMap, BTreeSet};

use tianyan_model::PopulationSpikes;

use crate::rates::median;

/// A step in floating point is a little longer than it says, and detectors add 1e-10 ms.
const STEP_SLACK: f64 = 1.0 + 1e-6;

/// A cell that fired more often in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellCounts {
    /// The cell.
    pub node_id: u64,
    /// Its spikes in A.
    pub a: usize,
    /// Its spikes in B.
    pub b: usize,
}

/// How far spikes moved: the k-th spike of each cell in A against its k-th in B, of cells with as many in both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shifts {
    /// Of how many pairs.
    pub pairs: usize,
    /// Median of the sizes of the shifts.
    pub median_ms: f64,
    /// Size of the largest.
    pub largest_ms: f64,
    /// Which cell it befell.
    pub node_id: u64,
    /// When, in A.
    pub time_ms: f64,
}

/// A spike that the other run lacks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoneSpike {
    /// When.
    pub time_ms: f64,
    /// The cell.
    pub node_id: u64,
    /// True if A has it, false if B.
    pub in_a: bool,
}

/// Two runs' spikes of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeComparison {
    /// Spikes in A and B.
    pub spikes: [usize; 2],
    /// Pairs of spikes of the same cell within the tolerance; each spike in at most one pair, early ones first.
    pub matched: usize,
    /// Pairs within one step, if the step is known.
    pub within_step: Option<usize>,
    /// Cells with more spikes in one run, by node id.
    pub unequal_cells: Vec<CellCounts>,
    /// None if no cell with spikes has as many in both.
    pub shifts: Option<Shifts>,
    /// The earliest spike without a partner.
    pub first: Option<LoneSpike>,
}

impl SpikeComparison {
    /// Spikes without a partner in A and B.
    pub fn lone(&self) -> [usize; 2] {
        self.spikes.map(|all| all - self.matched)
    }

    /// The share of spikes that have a partner among `matched` pairs; 1 if there are none.
    pub fn share(&self, matched: usize) -> f64 {
        let most = self.spikes[0].max(self.spikes[1]);
        if most == 0 { 1.0 } else { matched as f64 / most as f64 }
    }

    /// True if every spike has its partner.
    pub fn equal(&self) -> bool {
        self.first.is_none()
    }
}

/// Compares the spikes of a population, both sorted by time. `step_ms` is the step of the runs, if it is known.
pub fn compare_spikes(
    a: &PopulationSpikes,
    b: &PopulationSpikes,
    tolerance_ms: f64,
    step_ms: Option<f64>,
) -> SpikeComparison {
    let (of_a, of_b) = (by_cell(a), by_cell(b));
    let cells: BTreeSet<u64> = of_a.keys().chain(of_b.keys()).copied().collect();
    let (mut matched, mut in_step, mut first) = (0, 0, None);
    let (mut unequal_cells, mut shifts) = (Vec::new(), Vec::new());
    for node_id in cells {
        let times = |of: &'_ BTreeMap<u64, Vec<f64>>| of.get(&node_id).cloned().unwrap_or_default();
        let (a, b) = (times(&of_a), times(&of_b));
        let pairs = pair(&a, &b, tolerance_ms);
        matched += pairs.matched;
        in_step += step_ms.map_or(0, |step| pair(&a, &b, STEP_SLACK * step).matched);
        if a.len() == b.len() {
            shifts.extend(a.iter().zip(&b).map(|(a, b)| ((a - b).abs(), node_id, *a)));
        } else {
            unequal_cells.push(CellCounts { node_id, a: a.len(), b: b.len() });
        }
        let lone = pairs.lone.map(|(time_ms, in_a)| LoneSpike { time_ms, node_id, in_a });
        first = first.into_iter().chain(lone).min_by(|l: &LoneSpike, r| l.time_ms.total_cmp(&r.time_ms));
    }
    SpikeComparison {
        spikes: [a.times_ms.len(), b.times_ms.len()],
        matched,
        within_step: step_ms.map(|_| in_step),
        unequal_cells,
        shifts: summary(shifts),
        first,
    }
}

fn by_cell(spikes: &PopulationSpikes) -> BTreeMap<u64, Vec<f64>> {
    let mut cells: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (time_ms, id) in spikes.times_ms.iter().zip(&spikes.node_ids) {
        cells.entry(*id).or_default().push(*time_ms);
    }
    cells
}

struct Pairs {
    matched: usize,
    /// The earliest spike without a partner, and whether it is of A.
    lone: Option<(f64, bool)>,
}

/// Goes through two sorted trains: spikes within the tolerance are partners, else the earlier one has none.
fn pair(a: &[f64], b: &[f64], tolerance_ms: f64) -> Pairs {
    let (mut i, mut j) = (0, 0);
    let mut pairs = Pairs { matched: 0, lone: None };
    while i < a.len() || j < b.len() {
        let (time_a, time_b) = (a.get(i).copied(), b.get(j).copied());
        let (early_a, early_b) = (time_a.unwrap_or(f64::INFINITY), time_b.unwrap_or(f64::INFINITY));
        if (early_a - early_b).abs() <= tolerance_ms {
            pairs.matched += 1;
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let in_a = early_a < early_b;
        pairs.lone = pairs.lone.or(Some((early_a.min(early_b), in_a)));
        if in_a { i += 1 } else { j += 1 }
    }
    pairs
}

fn summary(mut shifts: Vec<(f64, u64, f64)>) -> Option<Shifts> {
    shifts.sort_by(|l, r| l.0.total_cmp(&r.0));
    let sizes: Vec<f64> = shifts.iter().map(|s| s.0).collect();
    let (largest_ms, node_id, time_ms) = *shifts.last()?;
    Some(Shifts { pairs: shifts.len(), median_ms: median(&sizes)?, largest_ms, node_id, time_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spikes(of: &[(f64, u64)]) -> PopulationSpikes {
        let (times_ms, node_ids) = of.iter().copied().unzip();
        PopulationSpikes { population: "v1".into(), times_ms, node_ids }
    }

    #[test]
    fn a_run_equals_itself() {
        let a = spikes(&[(1.0, 0), (1.0, 0), (2.0, 5), (7.5, 0)]);
        let c = compare_spikes(&a, &a, 0.0, Some(0.1));
        assert!(c.equal() && c.unequal_cells.is_empty());
        assert_eq!((c.matched, c.lone(), c.within_step, c.share(c.matched)), (4, [0, 0], Some(4), 1.0));
        assert_eq!(c.shifts.map(|s| (s.pairs, s.largest_ms)), Some((4, 0.0)));
        assert!(compare_spikes(&spikes(&[]), &spikes(&[]), 0.0, None).equal());
    }

    #[test]
    fn what_moved_and_what_is_missing() {
        let a = spikes(&[(1.0, 0), (2.0, 1), (3.0, 0), (4.0, 2), (9.0, 7)]);
        let b = spikes(&[(1.0, 0), (2.1, 1), (3.0005, 0), (4.0, 2), (5.0, 2)]);
        let c = compare_spikes(&a, &b, 1e-3, Some(0.1));
        assert_eq!((c.matched, c.lone(), c.within_step), (3, [2, 2], Some(4)));
        let counts = |node_id, a, b| CellCounts { node_id, a, b };
        assert_eq!(c.unequal_cells, [counts(2, 1, 2), counts(7, 1, 0)]);
        let shifts = c.shifts.expect("pairs");
        assert_eq!((shifts.pairs, shifts.node_id, shifts.time_ms), (3, 1, 2.0));
        assert!((shifts.largest_ms - 0.1).abs() < 1e-9 && (shifts.median_ms - 5e-4).abs() < 1e-9);
        assert_eq!(c.first, Some(LoneSpike { time_ms: 2.0, node_id: 1, in_a: true }));
    }

    #[test]
    fn one_partner_each() {
        let c = compare_spikes(&spikes(&[(1.0, 0), (1.1, 0)]), &spikes(&[(1.05, 0)]), 0.1, None);
        assert_eq!((c.matched, c.lone()), (1, [1, 0]));
        assert_eq!(c.first, Some(LoneSpike { time_ms: 1.1, node_id: 0, in_a: true }));
    }
}
