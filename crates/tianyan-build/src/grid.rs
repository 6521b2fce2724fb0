//! Nodes in bins, so that far pairs are skipped together.

use crate::schema::Metric;

/// No grid has more bins along an axis.
const MOST_BINS: usize = 256;
/// Bins hold about this many nodes, where distance allows.
const NODES_PER_BIN: f64 = 8.0;

/// Nodes of one type, sorted into bins. The axis y has one bin where only lateral distance counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    /// Which distance counts.
    pub metric: Metric,
    low: [f64; 3],
    edge: f64,
    /// Bins along x, y and z.
    pub bins: [usize; 3],
    /// First node of each bin, and the end; x runs fastest, then y, then z.
    pub start: Vec<u32>,
    /// Node ids by bin, ascending within one.
    pub nodes: Vec<u32>,
    /// Their positions, um.
    pub positions: Vec<[f64; 3]>,
}

impl Grid {
    /// Sorts the nodes `first..` with these positions (um); `length_um` is the scale on which probabilities change.
    pub fn new(first: u32, positions: &[[f64; 3]], metric: Metric, length_um: f64) -> Grid {
        let (low, high) = extent(positions);
        let edge = edge_um(low, high, positions.len(), metric, length_um);
        let along = |k: usize| (((high[k] - low[k]) / edge).floor() as usize + 1).min(MOST_BINS);
        let bins = [along(0), if metric == Metric::Space { along(1) } else { 1 }, along(2)];
        let mut grid = Grid { metric, low, edge, bins, start: Vec::new(), nodes: Vec::new(), positions: Vec::new() };
        let of: Vec<usize> = positions.iter().map(|position| grid.bin(position)).collect();
        let mut order: Vec<u32> = (0..positions.len() as u32).collect();
        order.sort_by_key(|&i| (of[i as usize], i));
        grid.start = vec![0; bins.iter().product::<usize>() + 1];
        of.iter().for_each(|&bin| grid.start[bin + 1] += 1);
        for bin in 1..grid.start.len() {
            grid.start[bin] += grid.start[bin - 1];
        }
        grid.positions = order.iter().map(|&i| positions[i as usize]).collect();
        grid.nodes = order.iter().map(|&i| first + i).collect();
        grid
    }

    fn bin(&self, position: &[f64; 3]) -> usize {
        let at = |k: usize| (((position[k] - self.low[k]) / self.edge) as usize).min(self.bins[k] - 1);
        (at(2) * self.bins[1] + at(1)) * self.bins[0] + at(0)
    }

    /// For each bin along an axis, the square of the least distance (um2) from a coordinate to it.
    pub fn squares(&self, axis: usize, coordinate: f64, squares: &mut Vec<f64>) {
        squares.clear();
        let last = self.bins[axis] - 1;
        squares.extend((0..=last).map(|i| {
            if self.bins[axis] == 1 && axis == 1 && self.metric == Metric::Lateral {
                return 0.0;
            }
            let low = self.low[axis] + i as f64 * self.edge;
            // The last bin also takes what lies beyond it.
            let high = if i == last { f64::INFINITY } else { low + self.edge };
            let away = (low - coordinate).max(coordinate - high).max(0.0);
            away * away
        }));
    }

    /// Square of the distance (um2) that counts.
    pub fn square(&self, one: &[f64; 3], other: &[f64; 3]) -> f64 {
        square(self.metric, one, other)
    }
}

/// Square of the distance (um2) between two positions.
pub fn square(metric: Metric, one: &[f64; 3], other: &[f64; 3]) -> f64 {
    let [x, y, z] = std::array::from_fn(|k| (one[k] - other[k]) * (one[k] - other[k]));
    if metric == Metric::Lateral { x + z } else { x + y + z }
}

fn extent(positions: &[[f64; 3]]) -> ([f64; 3], [f64; 3]) {
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for position in positions {
        for k in 0..3 {
            low[k] = low[k].min(position[k]);
            high[k] = high[k].max(position[k]);
        }
    }
    if positions.is_empty() { ([0.0; 3], [0.0; 3]) } else { (low, high) }
}

/// Bins with a few nodes each, but not much finer than the falloff.
fn edge_um(low: [f64; 3], high: [f64; 3], count: usize, metric: Metric, length_um: f64) -> f64 {
    let size = |k: usize| (high[k] - low[k]).max(1e-3);
    let wanted = (count as f64 / NODES_PER_BIN).max(1.0);
    let by_count = match metric {
        Metric::Lateral => (size(0) * size(2) / wanted).sqrt(),
        Metric::Space => (size(0) * size(1) * size(2) / wanted).cbrt(),
    };
    let longest = size(0).max(size(1)).max(size(2));
    by_count.max(length_um / 4.0).max(longest / (MOST_BINS as f64 - 1.0))
}
