//! Rates that are looked up instead of computed: cubic polynomials in v, within a bound that is measured.
//!
//! What gates need of v alone (`m_inf`, `1 - exp(-dt/tau)`) is the same function for all instances, and costs most of
//! a step. A [`RateTable`] has a row for each stretch of v; a row holds, for each rate, the cubic through its values at
//! the four Chebyshev nodes of the stretch (Trefethen 2013, Approximation theory and approximation practice, ch. 4).
//! Steps of width 1 mV are tried first, then half of it, until all rates are within the bound everywhere.
//!
//! ```text
//! low, rows per mV, rows, rows - 1, 0, 0, 0, 0, then for each row: c0 of all rates, c1 of all, c2 of all, c3 of all
//! ```
//!
//! Rows do not meet: a rate may jump or have a kink where one ends, as published rates do at whole millivolts.

use crate::ir::Kernel;

/// The voltages a table knows, mV; outside of them the rates are those at its ends.
pub const RANGE_MV: (f64, f64) = (-200.0, 200.0);

/// Numbers before the first row, which begins on a line of the cache.
const HEAD: usize = 8;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Rows to a millivolt that are tried, in this order.
const PER_MV: [f64; 6] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// The nodes: (1 - cos((2 j + 1) pi / 8)) / 2.
const NODES: [f64; 4] = [0.03806023374435663, 0.3086582838174551, 0.6913417161825449, 0.9619397662556434];

/// Where the error is measured: where it is largest, (1 - cos(j pi / 4)) / 2, but not across the ends.
const PROBES: [f64; 5] = [1e-3, 0.14644660940672624, 0.5, 0.8535533905932737, 1.0 - 1e-3];

/// A rate that is smaller than this part of its largest value need not be so exact.
const SMALL: f64 = 1e-6;

/// The rates of a mechanism: what its kernel `rated` looks up.
#[derive(Debug, Clone, PartialEq)]
pub struct Rates {
    /// How many.
    pub count: usize,
    /// Computes them: argument 0 is v in mV, arguments 1, 2 ... are set to the rates. It reads only what all
    /// instances share.
    pub kernel: Kernel,
}

impl Rates {
    /// Rates in a row of the table, padding included.
    pub fn columns(&self) -> usize {
        if self.count <= 2 { 2 } else { self.count.next_multiple_of(4) }
    }
}

/// Rates as a table.
#[derive(Debug)]
pub struct RateTable {
    memory: Vec<f64>,
    /// Where the numbers begin in it.
    begin: usize,
    /// Width of a row, mV.
    pub width_mv: f64,
    /// The largest error found, as a part of the rate (of 1e-6 of its largest value, where it is less than that).
    pub error: f64,
}

/// Why there is no table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Misfit {
    /// Where a rate is followed worst, mV.
    pub v_mv: f64,
    /// How far it is off with the narrowest rows.
    pub error: f64,
}

impl Misfit {
    /// The larger error of two; none is larger than what is no number.
    fn or_worse(self, other: Misfit) -> Misfit {
        if other.error.is_nan() || other.error > self.error { other } else { self }
    }
}

impl RateTable {
    /// A table of `rates` within `bound`; `at` computes all of them at a voltage in mV.
    ///
    /// # Errors
    /// Where the bound does not hold even with the narrowest rows.
    pub fn fit(rates: &Rates, bound: f64, at: impl FnMut(f64, &mut [f64])) -> Result<RateTable, Misfit> {
        let mut fit = Fit { count: rates.count, columns: rates.columns(), bound, at, largest: vec![0.0; rates.count] };
        let narrowest = PER_MV[PER_MV.len() - 1];
        for per_mv in PER_MV {
            let table = fit.table(per_mv);
            match fit.error(&table) {
                Ok(error) => return Ok(RateTable { error, ..table }),
                // Rows everywhere are in vain if the narrowest fails in the same place.
                Err(misfit) if per_mv < narrowest => fit.try_row(misfit.v_mv, narrowest)?,
                Err(misfit) => return Err(misfit),
            }
        }
        unreachable!("the narrowest rows fit or fail")
    }

    /// What kernels read.
    pub fn numbers(&self) -> &[f64] {
        &self.memory[self.begin..]
    }
}

/// A table in the making.
struct Fit<F> {
    count: usize,
    columns: usize,
    bound: f64,
    at: F,
    /// The largest value of each rate.
    largest: Vec<f64>,
}

impl<F: FnMut(f64, &mut [f64])> Fit<F> {
    fn table(&mut self, per_mv: f64) -> RateTable {
        let (low, high) = RANGE_MV;
        let rows = ((high - low) * per_mv) as usize;
        let size = HEAD + rows * 4 * self.columns;
        let mut memory = vec![0.0; LINE / size_of::<f64>() + size];
        let begin = memory.as_ptr().align_offset(LINE).min(LINE / size_of::<f64>());
        memory.truncate(begin + size);
        let numbers = &mut memory[begin..];
        numbers[..4].copy_from_slice(&[low, per_mv, rows as f64, rows as f64 - 1.0]);
        for (row, cubics) in numbers[HEAD..].chunks_exact_mut(4 * self.columns).enumerate() {
            self.row(row as f64, per_mv, cubics);
        }
        RateTable { memory, begin, width_mv: 1.0 / per_mv, error: 0.0 }
    }

    /// The cubics of a row.
    fn row(&mut self, row: f64, per_mv: f64, cubics: &mut [f64]) {
        let mut values = vec![0.0; 4 * self.count];
        for (node, values) in NODES.iter().zip(values.chunks_exact_mut(self.count)) {
            (self.at)(RANGE_MV.0 + (row + node) / per_mv, values);
            self.largest.iter_mut().zip(values).for_each(|(largest, value)| *largest = largest.max(value.abs()));
        }
        for rate in 0..self.count {
            let cubic = cubic([0, 1, 2, 3].map(|node| values[node * self.count + rate]));
            (0..4).for_each(|power| cubics[power * self.columns + rate] = cubic[power]);
        }
    }

    /// The largest error, if it is within the bound everywhere.
    fn error(&mut self, table: &RateTable) -> Result<f64, Misfit> {
        let rows = table.numbers()[HEAD..].chunks_exact(4 * self.columns);
        let mut worst = Misfit { v_mv: f64::NAN, error: 0.0 };
        for (number, row) in rows.enumerate() {
            worst = worst.or_worse(self.row_error(number as f64, 1.0 / table.width_mv, row));
        }
        self.within_bound(worst)
    }

    fn within_bound(&self, worst: Misfit) -> Result<f64, Misfit> {
        // What is no number is not within any bound.
        if worst.error <= self.bound { Ok(worst.error) } else { Err(worst) }
    }

    /// The largest error in a row.
    fn row_error(&mut self, number: f64, per_mv: f64, row: &[f64]) -> Misfit {
        let (mut worst, mut values) = (Misfit { v_mv: f64::NAN, error: 0.0 }, vec![0.0; self.count]);
        for probe in PROBES {
            let v_mv = RANGE_MV.0 + (number + probe) / per_mv;
            (self.at)(v_mv, &mut values);
            for (rate, exact) in values.iter().enumerate() {
                let scale = exact.abs().max(SMALL * self.largest[rate]).max(f64::MIN_POSITIVE);
                let error = (cubic_at(row, self.columns, rate, probe) - exact).abs() / scale;
                worst = worst.or_worse(Misfit { v_mv, error });
            }
        }
        worst
    }

    /// Whether a row of that width holds at a voltage.
    fn try_row(&mut self, v_mv: f64, per_mv: f64) -> Result<(), Misfit> {
        let number = ((v_mv - RANGE_MV.0) * per_mv).floor();
        let mut row = vec![0.0; 4 * self.columns];
        self.row(number, per_mv, &mut row);
        let worst = self.row_error(number, per_mv, &row);
        self.within_bound(worst).map(|_| ())
    }
}

/// The coefficients of the cubic through four values at [`NODES`], by divided differences.
fn cubic(values: [f64; 4]) -> [f64; 4] {
    let mut d = values;
    for order in 1..4 {
        for k in (order..4).rev() {
            d[k] = (d[k] - d[k - 1]) / (NODES[k] - NODES[k - order]);
        }
    }
    let mut c = [d[3], 0.0, 0.0, 0.0];
    // c becomes c (x - node) + d.
    for k in (0..3).rev() {
        for power in (1..4).rev() {
            c[power] = c[power - 1] - NODES[k] * c[power];
        }
        c[0] = d[k] - NODES[k] * c[0];
    }
    c
}

/// The `rate`-th rate at v in mV, from the numbers of a table with so many columns. Twin of `rate_place` and
/// `rate_value` in `kernel.h`.
///
/// # Panics
/// If the table is shorter than it says.
pub fn rate(table: &[f64], columns: usize, rate: usize, v_mv: f64) -> f64 {
    let at = (v_mv - table[0]) * table[1];
    // Not a number is 0.
    let at = if at > 0.0 { at } else { 0.0 };
    let at = if at < table[2] { at } else { table[2] };
    let row = (at as usize).min(table[3] as usize);
    cubic_at(&table[HEAD + row * 4 * columns..], columns, rate, at - row as f64)
}

fn cubic_at(row: &[f64], columns: usize, rate: usize, part: f64) -> f64 {
    let [c0, c1, c2, c3] = [0, 1, 2, 3].map(|power| row[power * columns + rate]);
    part.mul_add(part.mul_add(part.mul_add(c3, c2), c1), c0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(count: usize) -> Rates {
        Rates { count, kernel: Kernel::default() }
    }

    #[test]
    fn within_the_bound_everywhere() {
        let exact = |v: f64| [1.0 / (1.0 + (-(v + 40.0) / 5.0).exp()), (v / 30.0).exp(), 2.0];
        let rates = rates(3);
        let mut widths = Vec::new();
        for bound in [1e-5, 1e-8, 1e-10] {
            let table = RateTable::fit(&rates, bound, |v, values| values.copy_from_slice(&exact(v))).unwrap();
            assert!(table.error <= bound);
            widths.push(table.width_mv);
            for k in 0..100_000 {
                let v = -201.0 + 402.0 * f64::from(k) / 1e5;
                let expected = exact(v.clamp(-200.0, 200.0));
                for (k, expected) in expected.iter().enumerate() {
                    let got = rate(table.numbers(), rates.columns(), k, v);
                    assert!((got - expected).abs() <= 1.01 * bound * expected.max(1e-6), "{v} {k}: {got} {expected}");
                }
            }
        }
        assert!(widths[0] > widths[1] && widths[1] > widths[2], "{widths:?}");
    }

    #[test]
    fn kinks_and_jumps_at_whole_millivolts_are_kept() {
        let exact = |v: f64| if v < -50.0 { 1.0 } else { 3.0 + (v + 50.0) * 0.01 };
        let table = RateTable::fit(&rates(1), 1e-9, |v, values| values[0] = exact(v)).unwrap();
        assert_eq!(table.width_mv, 1.0);
        let at = |v: f64| rate(table.numbers(), 2, 0, v);
        assert!((at(-50.0 - 1e-9) - 1.0).abs() < 1e-9);
        assert!((at(-50.0) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_followed_is_named() {
        let step = |v: f64, values: &mut [f64]| values[0] = if v < -50.01 { 1.0 } else { 2.0 };
        let misfit = RateTable::fit(&rates(1), 1e-6, step).unwrap_err();
        assert!((misfit.v_mv + 50.0).abs() < 0.05 && misfit.error > 0.1, "{misfit:?}");
        let pole = |v: f64, values: &mut [f64]| values[0] = 1.0 / (v - 10.5).max(0.0);
        assert!(RateTable::fit(&rates(1), 1e-6, pole).is_err());
    }

    #[test]
    fn no_number_stays_in_the_table() {
        let table = RateTable::fit(&rates(1), 1e-6, |v, values| values[0] = v).unwrap();
        assert_eq!(rate(table.numbers(), 2, 0, f64::NAN), rate(table.numbers(), 2, 0, -300.0));
        assert!((rate(table.numbers(), 2, 0, f64::INFINITY) - 200.0).abs() < 1e-9);
    }
}
