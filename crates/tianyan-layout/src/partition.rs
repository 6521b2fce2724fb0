//! Which rank holds which cell.

/// Gives each cell a rank: dearest cells first, each to the rank that has least so far. `cost[i]` is the cost of
/// cell i in any unit; the result has one rank a cell.
pub fn partition(cost: &[f64], ranks: usize) -> Vec<u32> {
    if ranks <= 1 {
        return vec![0; cost.len()];
    }
    let mut order: Vec<usize> = (0..cost.len()).collect();
    order.sort_by(|&a, &b| cost[b].total_cmp(&cost[a]).then(a.cmp(&b)));
    let mut load = vec![0.0; ranks];
    let mut rank_of = vec![0; cost.len()];
    for cell in order {
        let rank = (0..ranks).min_by(|&a, &b| f64::total_cmp(&load[a], &load[b])).unwrap_or(0);
        load[rank] += cost[cell];
        rank_of[cell] = rank as u32;
    }
    rank_of
}

#[cfg(test)]
mod tests {
    #[test]
    fn loads_are_even() {
        let cost: Vec<f64> = (0..100).map(|i| f64::from(i % 7 + 1)).collect();
        let ranks = super::partition(&cost, 4);
        let load = |r| cost.iter().zip(&ranks).filter(|(_, x)| **x == r).map(|(c, _)| c).sum::<f64>();
        let loads: Vec<f64> = (0..4).map(load).collect();
        assert!(loads.iter().all(|l| (l - loads[0]).abs() <= 7.0), "{loads:?}");
    }
}
