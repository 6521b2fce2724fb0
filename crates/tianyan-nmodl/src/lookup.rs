//! Values that are looked up instead of computed. The twins in C stand in `kernel.h`.

/// A TABLE's value, as nocmodl interpolates: `table` holds the first point, 1 / width, the number of intervals, and
/// the values. Outside the ends the end's value holds.
///
/// # Panics
/// If the table is shorter than it says.
pub fn interpolate(table: &[f64], x: f64) -> f64 {
    let (low, per_width, count, values) = (table[0], table[1], table[2], &table[3..]);
    let at = per_width * (x - low);
    if at.is_nan() {
        return at;
    }
    if at <= 0.0 {
        return values[0];
    }
    if at >= count {
        return values[count as usize];
    }
    let whole = at.floor();
    let k = whole as usize;
    values[k] + (at - whole) * (values[k + 1] - values[k])
}

/// A FUNCTION_TABLE's value, linear between points: `table` holds the number of points, their arguments (ascending),
/// and their values. Outside the ends the end's value holds.
///
/// # Panics
/// If the table is shorter than it says.
pub fn lookup(table: &[f64], x: f64) -> f64 {
    let count = table[0] as usize;
    let (arguments, values) = table[1..].split_at(count);
    let (mut below, mut above) = (0, count - 1);
    if x.is_nan() || x <= arguments[0] {
        return values[0];
    }
    if x >= arguments[above] {
        return values[above];
    }
    while above - below > 1 {
        let middle = (above + below) / 2;
        if arguments[middle] <= x {
            below = middle;
        } else {
            above = middle;
        }
    }
    let part = (x - arguments[below]) / (arguments[above] - arguments[below]);
    values[below] + part * (values[above] - values[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middles() {
        let table = [-10.0, 0.5, 10.0, 0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0, 49.0, 64.0, 81.0, 100.0];
        assert_eq!(
            [-11.0, -10.0, -7.0, 9.0, 10.0, 50.0].map(|x| interpolate(&table, x)),
            [0.0, 0.0, 2.5, 90.5, 100.0, 100.0]
        );
        assert!(interpolate(&table, f64::NAN).is_nan());
        let table = [3.0, 0.0, 1.0, 3.0, 5.0, 7.0, 3.0];
        assert_eq!([-1.0, 0.5, 1.0, 2.0, 4.0].map(|x| lookup(&table, x)), [5.0, 6.0, 7.0, 5.0, 3.0]);
        assert_eq!(lookup(&[1.0, 0.0, 2.5], 7.0), 2.5);
    }
}
