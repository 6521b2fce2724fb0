//! Numbers about spikes: rates, intervals, synchrony.

use tianyan_model::PopulationSpikes;

/// Which times count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// The first.
    pub from_ms: f64,
    /// The end, more than `from_ms`.
    pub to_ms: f64,
    /// Whether a spike exactly at the end counts: at the end of a recording, where no other window follows.
    pub closed: bool,
}

impl Window {
    /// Whether a time counts.
    pub fn contains(&self, time_ms: f64) -> bool {
        time_ms >= self.from_ms && (time_ms < self.to_ms || (self.closed && time_ms == self.to_ms))
    }

    /// Its length.
    pub fn duration_ms(&self) -> f64 {
        self.to_ms - self.from_ms
    }

    /// How many bins of `bin_ms` it has; the last may be shorter.
    pub fn bins(&self, bin_ms: f64) -> usize {
        ((self.duration_ms() / bin_ms - 1e-9).ceil() as usize).max(1)
    }

    fn bin_of(&self, time_ms: f64, bin_ms: f64) -> usize {
        (((time_ms - self.from_ms) / bin_ms) as usize).min(self.bins(bin_ms) - 1)
    }
}

/// What is worth knowing of a group of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeStatistics {
    /// Cells of the group.
    pub cells: usize,
    /// Spikes in the window.
    pub spikes: usize,
    /// Cells without spikes in the window.
    pub silent_cells: usize,
    /// Of all cells, Hz.
    pub mean_hz: f64,
    /// Of all cells, Hz.
    pub median_hz: f64,
    /// Of the fastest cell, Hz.
    pub max_hz: f64,
    /// Coefficient of variation (standard deviation over mean) of inter-spike intervals, the mean of cells with at
    /// least two intervals; none if there are no such cells.
    pub mean_cv: Option<f64>,
    /// Golomb's chi of spike counts in bins: the standard deviation of the population's mean count over the root
    /// of the mean variance of a cell's. 1 if all cells fire together, 1/sqrt(cells) if independently; none for less
    /// than two cells or bins, or without spikes. Golomb & Rinzel (1994) Physica D 72:259.
    pub synchrony: Option<f64>,
}

/// The rate of a group of cells over time.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCourse {
    /// Of the group.
    pub name: String,
    /// Where the first bin begins.
    pub start_ms: f64,
    /// Where the last bin ends.
    pub end_ms: f64,
    /// Length of a bin; the last may be shorter.
    pub bin_ms: f64,
    /// Mean over cells, one value a bin, Hz.
    pub rates_hz: Vec<f64>,
}

impl RateCourse {
    /// Where a bin ends.
    pub fn end_of_bin_ms(&self, bin: usize) -> f64 {
        (self.start_ms + (bin + 1) as f64 * self.bin_ms).min(self.end_ms)
    }
}

/// Spike times of each cell within a window, in order.
struct Trains {
    times_ms: Vec<Vec<f64>>,
}

impl Trains {
    /// `cells` are sorted; spikes of others are left out.
    fn new(spikes: &PopulationSpikes, cells: &[u64], window: &Window) -> Trains {
        let mut times_ms = vec![Vec::new(); cells.len()];
        for (time_ms, id) in spikes.times_ms.iter().zip(&spikes.node_ids) {
            if let (Ok(i), true) = (cells.binary_search(id), window.contains(*time_ms)) {
                times_ms[i].push(*time_ms);
            }
        }
        Trains { times_ms }
    }
}

/// Looks at the spikes of the `cells` (sorted node ids) within a window; `bin_ms` is for the synchrony.
pub fn statistics(spikes: &PopulationSpikes, cells: &[u64], window: &Window, bin_ms: f64) -> SpikeStatistics {
    let trains = Trains::new(spikes, cells, window).times_ms;
    let seconds = 1e-3 * window.duration_ms();
    let mut rates_hz: Vec<f64> = trains.iter().map(|t| t.len() as f64 / seconds).collect();
    rates_hz.sort_by(f64::total_cmp);
    let count = trains.iter().map(Vec::len).sum::<usize>();
    let cvs: Vec<f64> = trains.iter().filter_map(|t| interval_cv(t)).collect();
    SpikeStatistics {
        cells: cells.len(),
        spikes: count,
        silent_cells: trains.iter().filter(|t| t.is_empty()).count(),
        mean_hz: if cells.is_empty() { 0.0 } else { count as f64 / cells.len() as f64 / seconds },
        median_hz: median(&rates_hz).unwrap_or(0.0),
        max_hz: rates_hz.last().copied().unwrap_or(0.0),
        mean_cv: (!cvs.is_empty()).then(|| cvs.iter().sum::<f64>() / cvs.len() as f64),
        synchrony: synchrony(&trains, window, bin_ms),
    }
}

/// The middle of sorted values, the mean of the middle two if their number is even.
pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some(0.5 * (sorted[middle - 1] + sorted[middle])),
    }
}

fn interval_cv(times_ms: &[f64]) -> Option<f64> {
    let intervals: Vec<f64> = times_ms.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let count = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / count;
    let variance = intervals.iter().map(|i| (i - mean) * (i - mean)).sum::<f64>() / count;
    (intervals.len() > 1 && mean > 0.0).then(|| variance.sqrt() / mean)
}

fn synchrony(trains: &[Vec<f64>], window: &Window, bin_ms: f64) -> Option<f64> {
    let bins = window.bins(bin_ms);
    let mut sums = vec![0.0; bins];
    let mut variances = 0.0;
    for train in trains {
        let mut squares = 0.0;
        let binned: Vec<usize> = train.iter().map(|t| window.bin_of(*t, bin_ms)).collect();
        for run in binned.chunk_by(|a, b| a == b) {
            sums[run[0]] += run.len() as f64;
            squares += (run.len() * run.len()) as f64;
        }
        variances += variance(squares, train.len() as f64, bins as f64);
    }
    let squares: f64 = sums.iter().map(|s| s * s).sum();
    let together = variance(squares, sums.iter().sum(), bins as f64);
    let cells = trains.len() as f64;
    (cells > 1.0 && bins > 1 && variances > 0.0).then(|| (together / (cells * variances)).sqrt())
}

fn variance(squares: f64, sum: f64, count: f64) -> f64 {
    (squares / count - (sum / count) * (sum / count)).max(0.0)
}

/// The mean rate of the `cells` (sorted node ids) over time.
pub fn rate_course(name: &str, spikes: &PopulationSpikes, cells: &[u64], window: &Window, bin_ms: f64) -> RateCourse {
    let mut rates_hz = vec![0.0; window.bins(bin_ms)];
    for time_ms in Trains::new(spikes, cells, window).times_ms.iter().flatten() {
        rates_hz[window.bin_of(*time_ms, bin_ms)] += 1.0;
    }
    let (start_ms, end_ms, name) = (window.from_ms, window.to_ms, name.to_string());
    let mut course = RateCourse { name, start_ms, end_ms, bin_ms, rates_hz };
    for bin in 0..course.rates_hz.len() {
        let width_ms = course.end_of_bin_ms(bin) - (start_ms + bin as f64 * bin_ms);
        course.rates_hz[bin] *= 1000.0 / (width_ms * cells.len().max(1) as f64);
    }
    course
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spikes(of: &[(f64, u64)]) -> PopulationSpikes {
        let (times_ms, node_ids) = of.iter().copied().unzip();
        PopulationSpikes { population: "v1".into(), times_ms, node_ids }
    }

    const SECOND: Window = Window { from_ms: 0.0, to_ms: 1000.0, closed: true };

    #[test]
    fn rates_count_all_cells() {
        let of = spikes(&[(0.0, 3), (100.0, 3), (400.0, 3), (500.0, 9), (1000.0, 9), (1000.5, 9), (20.0, 77)]);
        let s = statistics(&of, &[1, 3, 9, 20], &SECOND, 5.0);
        assert_eq!((s.cells, s.spikes, s.silent_cells), (4, 5, 2));
        assert_eq!((s.mean_hz, s.median_hz, s.max_hz), (1.25, 1.0, 3.0));
        // Intervals 100 and 300: mean 200, standard deviation 100.
        assert_eq!(s.mean_cv, Some(0.5));
        let open = Window { closed: false, ..SECOND };
        assert_eq!(statistics(&of, &[9], &open, 5.0).spikes, 1);
        let late = Window { from_ms: 400.0, ..SECOND };
        assert_eq!(statistics(&of, &[3], &late, 5.0).max_hz, 1.0 / 0.6);
    }

    #[test]
    fn synchrony_is_one_together_and_less_apart() {
        let cells: Vec<u64> = (0..50).collect();
        let together = (0..20).flat_map(|k| cells.iter().map(move |id| (50.0 * f64::from(k) + 1.0, *id)));
        let chi = statistics(&spikes(&together.collect::<Vec<_>>()), &cells, &SECOND, 5.0).synchrony;
        assert!((chi.expect("spikes") - 1.0).abs() < 1e-9, "{chi:?}");
        // Each cell at bins of its own: no correlation but the small negative one of taking turns.
        let mut apart: Vec<(f64, u64)> =
            (0..20).flat_map(|k| cells.iter().map(move |id| (20.0 * *id as f64 + f64::from(k) * 0.9, *id))).collect();
        apart.sort_by(|a, b| a.0.total_cmp(&b.0));
        let chi = statistics(&spikes(&apart), &cells, &SECOND, 5.0).synchrony;
        assert!(chi.expect("spikes") < 0.2, "{chi:?}");
        assert_eq!(statistics(&spikes(&[]), &cells, &SECOND, 5.0).synchrony, None);
        assert_eq!(statistics(&spikes(&[(1.0, 1)]), &[1], &SECOND, 5.0).synchrony, None);
    }

    #[test]
    fn courses_add_up() {
        let of = spikes(&[(0.0, 0), (4.9, 1), (5.0, 0), (11.0, 1), (12.0, 1)]);
        let window = Window { from_ms: 0.0, to_ms: 12.0, closed: true };
        let course = rate_course("v1", &of, &[0, 1], &window, 5.0);
        assert_eq!(course.rates_hz, [200.0, 100.0, 500.0]);
        assert_eq!((course.end_of_bin_ms(0), course.end_of_bin_ms(2)), (5.0, 12.0));
    }
}
