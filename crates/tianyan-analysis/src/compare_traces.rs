//! Two runs' traces of a population, side by side.

use std::collections::BTreeMap;

use tianyan_model::PopulationReport;

/// Relative rounding of 32-bit values: half a unit in their last place, twice over.
const SINGLE_ROUNDING: f64 = 1.2e-7;
/// Positions on a section closer than this are the same.
const SAME_PLACE: f64 = 1e-4;
/// Times closer than this share of an interval are the same.
const SAME_TIME: f64 = 1e-3;

/// How traces are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceTolerance {
    /// Largest difference that counts as none, in the report's unit.
    pub value: f64,
    /// Row k of B is taken as row k + this: simulators differ in whether they record before or after a step.
    pub shift_rows: i64,
}

/// A value that differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceDifference {
    /// When.
    pub time_ms: f64,
    /// The cell.
    pub node_id: u64,
    /// Its section.
    pub section_id: u32,
    /// Where on the section, 0 to 1.
    pub position: f32,
    /// Value in A.
    pub a: f64,
    /// Value in B.
    pub b: f64,
}

/// Two runs' traces of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceComparison {
    /// Columns of both, of A alone, of B alone.
    pub columns: [usize; 3],
    /// Rows at times of both, of A alone, of B alone.
    pub rows: [usize; 3],
    /// First and last time of both.
    pub times_ms: Option<(f64, f64)>,
    /// Root of the mean squared difference of all values that are finite in both.
    pub rms: f64,
    /// The largest difference; a NaN in only one run is larger than all others. None if nothing differs.
    pub largest: Option<TraceDifference>,
    /// The earliest difference above the tolerance.
    pub first: Option<TraceDifference>,
    /// True if a file has 32-bit values: differences of their rounding are not counted.
    pub rounded: bool,
}

impl TraceComparison {
    /// True if something was compared and nothing is above the tolerance.
    pub fn equal(&self) -> bool {
        self.first.is_none() && self.columns[0] > 0 && self.rows[0] > 0
    }
}

impl TraceDifference {
    /// Its size; infinite if one value is NaN.
    pub fn size(&self) -> f64 {
        size(self.a, self.b)
    }
}

/// 0 for values that are the same, also both NaN or the same infinity.
fn size(a: f64, b: f64) -> f64 {
    let difference = (a - b).abs();
    if a == b || (a.is_nan() && b.is_nan()) {
        0.0
    } else if difference.is_nan() {
        f64::INFINITY
    } else {
        difference
    }
}

/// Compares the columns of the same cell, section and position at the times that both have.
pub fn compare_traces(a: &PopulationReport, b: &PopulationReport, tolerance: &TraceTolerance) -> TraceComparison {
    let columns = common_columns(a, b);
    let rows = common_rows(a, b, tolerance.shift_rows);
    let rounded = a.single || b.single;
    let (mut squares, mut finite) = (0.0, 0u64);
    let (mut largest, mut first): (Option<TraceDifference>, Option<TraceDifference>) = (None, None);
    for &(row_a, row_b) in &rows {
        let time_ms = time_ms(a, row_a);
        for column in &columns {
            let of = |report: &PopulationReport, row: usize, at: usize| report.values[row * report.columns + at];
            let (value_a, value_b) = (of(a, row_a, column.a), of(b, row_b, column.b));
            let apart = size(value_a, value_b);
            if value_a.is_finite() && value_b.is_finite() {
                squares += apart * apart;
                finite += 1;
            }
            let rounding = if rounded { SINGLE_ROUNDING * value_a.abs().max(value_b.abs()) } else { 0.0 };
            let found = || column.difference(a, time_ms, value_a, value_b);
            if apart > largest.map_or(0.0, |l| l.size()) {
                largest = Some(found());
            }
            let allowed = tolerance.value.max(if rounding.is_finite() { rounding } else { 0.0 });
            if first.is_none() && apart > allowed {
                first = Some(found());
            }
        }
    }
    let times_ms = rows.first().zip(rows.last()).map(|(f, l)| (time_ms(a, f.0), time_ms(a, l.0)));
    let alone = |common: usize, a: usize, b: usize| [common, a - common, b - common];
    TraceComparison {
        columns: alone(columns.len(), a.columns, b.columns),
        rows: alone(rows.len(), a.rows, b.rows),
        times_ms,
        rms: if finite == 0 { 0.0 } else { (squares / finite as f64).sqrt() },
        largest,
        first,
        rounded,
    }
}

fn time_ms(report: &PopulationReport, row: usize) -> f64 {
    report.start_ms + row as f64 * report.interval_ms
}

/// A column of A and its partner in B.
struct Pair {
    a: usize,
    b: usize,
    node_id: u64,
}

impl Pair {
    fn difference(&self, of: &PopulationReport, time_ms: f64, a: f64, b: f64) -> TraceDifference {
        let (section_id, position) = (of.element_ids[self.a], of.element_pos[self.a]);
        TraceDifference { time_ms, node_id: self.node_id, section_id, position, a, b }
    }
}

/// A cell, a section, a position in units of [`SAME_PLACE`], and which of several columns there.
type Key = (u64, u32, i64, usize);

fn keys(report: &PopulationReport) -> BTreeMap<Key, usize> {
    let mut keys = BTreeMap::new();
    for (i, node_id) in report.node_ids.iter().enumerate() {
        for column in report.index_pointers[i] as usize..report.index_pointers[i + 1] as usize {
            let position = (f64::from(report.element_pos[column]) / SAME_PLACE).round() as i64;
            let mut key = (*node_id, report.element_ids[column], position, 0);
            while keys.contains_key(&key) {
                key.3 += 1;
            }
            keys.insert(key, column);
        }
    }
    keys
}

fn common_columns(a: &PopulationReport, b: &PopulationReport) -> Vec<Pair> {
    let of_b = keys(b);
    let pair = |(key, a): (Key, usize)| of_b.get(&key).map(|b| Pair { a, b: *b, node_id: key.0 });
    keys(a).into_iter().filter_map(pair).collect()
}

/// Rows of A and of B at the same time.
fn common_rows(a: &PopulationReport, b: &PopulationReport, shift_rows: i64) -> Vec<(usize, usize)> {
    let row_of_b = |row: usize| {
        let row_b = (time_ms(a, row) - b.start_ms) / b.interval_ms - shift_rows as f64;
        let whole = row_b.round();
        ((row_b - whole).abs() < SAME_TIME && whole >= 0.0 && whole < b.rows as f64).then_some(whole as usize)
    };
    let rows = (0..a.rows).filter_map(|row| row_of_b(row).map(|row_b| (row, row_b)));
    let mut rows: Vec<(usize, usize)> = rows.collect();
    rows.dedup_by_key(|pair| pair.1);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two cells, 5 with sections 0 and 1 and 2 with section 0; value = time + column.
    fn report(start_ms: f64, interval_ms: f64, rows: usize) -> PopulationReport {
        let values = (0..rows).flat_map(|k| (0..3).map(move |c| start_ms + k as f64 * interval_ms + f64::from(c)));
        PopulationReport {
            population: "v1".into(),
            unit: "mV".into(),
            start_ms,
            stop_ms: start_ms + rows as f64 * interval_ms,
            interval_ms,
            node_ids: vec![5, 2],
            index_pointers: vec![0, 2, 3],
            element_ids: vec![0, 1, 0],
            element_pos: vec![0.5, 0.25, 0.5],
            rows,
            columns: 3,
            values: values.collect(),
            ..PopulationReport::default()
        }
    }

    const EXACT: TraceTolerance = TraceTolerance { value: 1e-6, shift_rows: 0 };

    #[test]
    fn order_of_cells_does_not_matter() {
        let a = report(0.0, 0.1, 50);
        let mut b = a.clone();
        b.node_ids = vec![2, 5];
        b.index_pointers = vec![0, 1, 3];
        b.element_ids = vec![0, 1, 0];
        b.element_pos = vec![0.500_01, 0.25, 0.5];
        b.values = a.values.chunks(3).flat_map(|row| [row[2], row[1], row[0]]).collect();
        let c = compare_traces(&a, &b, &EXACT);
        assert!(c.equal(), "{c:?}");
        assert_eq!((c.columns, c.rows, c.rms, c.largest), ([3, 0, 0], [50, 0, 0], 0.0, None));
    }

    #[test]
    fn common_times_of_other_starts_and_intervals() {
        let c = compare_traces(&report(0.0, 0.1, 100), &report(2.0, 0.3, 10), &EXACT);
        assert!(c.equal(), "{c:?}");
        assert_eq!((c.rows, c.columns), ([10, 90, 0], [3, 0, 0]));
        let (first, last) = c.times_ms.expect("times");
        assert!((first - 2.0).abs() < 1e-9 && (last - 4.7).abs() < 1e-9);
        let apart = compare_traces(&report(0.0, 0.1, 5), &report(9.0, 0.1, 5), &EXACT);
        assert!(!apart.equal() && apart.times_ms.is_none());
    }

    #[test]
    fn rows_of_bmtk_are_shifted() {
        let a = report(0.0, 0.1, 11);
        // Row k holds the state at (k + 1) dt, although the time axis begins at 0.
        let mut b = report(0.1, 0.1, 10);
        b.start_ms = 0.0;
        assert!(!compare_traces(&a, &b, &EXACT).equal());
        let c = compare_traces(&a, &b, &TraceTolerance { shift_rows: 1, ..EXACT });
        assert!(c.equal(), "{c:?}");
        assert_eq!((c.rows, c.times_ms.map(|t| t.0)), ([10, 1, 0], Some(0.1)));
    }

    #[test]
    fn first_and_largest_differences() {
        let a = report(0.0, 0.1, 100);
        let mut b = a.clone();
        b.values[3 * 20 + 2] += 1e-3;
        b.values[3 * 40 + 1] -= 5.0;
        b.values[3 * 2] += 1e-7;
        let c = compare_traces(&a, &b, &EXACT);
        let (first, largest) = (c.first.expect("one"), c.largest.expect("one"));
        assert_eq!((first.node_id, first.section_id), (2, 0));
        assert!((first.time_ms - 2.0).abs() < 1e-9 && (first.size() - 1e-3).abs() < 1e-9);
        assert_eq!((largest.node_id, largest.section_id, largest.position), (5, 1, 0.25));
        assert!((c.rms - (25.0f64 / 300.0).sqrt()).abs() < 1e-5);
    }

    #[test]
    fn not_a_number_differs_from_numbers_only() {
        let mut a = report(0.0, 0.1, 3);
        a.values[4] = f64::NAN;
        assert!(compare_traces(&a, &a, &EXACT).equal());
        let c = compare_traces(&a, &report(0.0, 0.1, 3), &EXACT);
        assert!(!c.equal() && c.largest.is_some_and(|l| l.size().is_infinite()) && c.rms == 0.0);
    }

    #[test]
    fn rounding_of_32_bits_is_allowed() {
        let mut a = report(0.0, 0.1, 10);
        a.values.iter_mut().for_each(|v| *v -= 71.234_567_891);
        let mut b = a.clone();
        b.values.iter_mut().for_each(|v| *v = f64::from(*v as f32));
        assert!(!compare_traces(&a, &b, &EXACT).equal());
        b.single = true;
        assert!(compare_traces(&a, &b, &EXACT).equal());
        b.values[0] += 1e-4;
        assert!(!compare_traces(&a, &b, &EXACT).equal());
    }
}
