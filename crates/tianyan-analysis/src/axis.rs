//! Axes: which numbers to write beside them, and where a value lies on paper.

/// A linear axis from a range of values to a range of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Value at `from_px`.
    pub low: f64,
    /// Value at `to_px`, above `low`.
    pub high: f64,
    /// Pixel of `low`.
    pub from_px: f64,
    /// Pixel of `high`; less than `from_px` on vertical axes.
    pub to_px: f64,
}

impl Axis {
    /// The pixel of a value.
    pub fn px(&self, value: f64) -> f64 {
        self.from_px + (value - self.low) / (self.high - self.low) * (self.to_px - self.from_px)
    }

    /// Ticks, not closer together than `spacing_px`; half of that if there would be only one, which leaves a
    /// reader without a scale.
    pub fn ticks(&self, spacing_px: f64) -> Vec<(f64, String)> {
        let most = ((self.to_px - self.from_px).abs() / spacing_px).floor().max(1.0);
        let ticks = nice_ticks(self.low, self.high, most as usize);
        if ticks.len() > 1 { ticks } else { nice_ticks(self.low, self.high, 2 * most as usize) }
    }
}

/// Multiples of 1, 2 or 5 times a power of ten inside `low..=high`, at most about `most` + 1 of them, each with
/// its label; all labels have the same number of decimals.
pub fn nice_ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / most.max(1) as f64;
    if !rough.is_finite() || rough <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].map(|m| m * power).into_iter().find(|s| *s >= rough * (1.0 - 1e-9));
    let step = step.unwrap_or(10.0 * power);
    let decimals = (-(step * (1.0 + 1e-9)).log10().floor()).max(0.0) as usize;
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(|i| i as f64 * step).map(|value| (value, label(value, decimals))).collect()
}

/// With a true minus sign, which is as wide as a digit.
fn label(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    if value < 0.0 { format!("\u{2212}{text}") } else { text }
}

/// The smallest range that holds all finite values, with `margin` (a share of the range) above and below. Flat
/// and empty data get a range of their own, so that there is always something to draw on.
pub(crate) fn range_of(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let finite = values.filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let span = high - low;
    if span <= 1e-9 * low.abs().max(high.abs()).max(1e-300) {
        let half = if low == 0.0 { 1.0 } else { 0.05 * low.abs() };
        return (low - half, high + half);
    }
    (low - margin * span, high + margin * span)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, most: usize) -> Vec<String> {
        nice_ticks(low, high, most).into_iter().map(|t| t.1).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(0.0, 100.0, 5), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(labels(-71.3, 38.0, 4), ["\u{2212}50", "0"]);
        assert_eq!(labels(0.0, 0.3, 3), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(0.0, 0.025, 5), ["0.000", "0.005", "0.010", "0.015", "0.020", "0.025"]);
        assert_eq!(labels(0.0, 1e6, 4), ["0", "500000", "1000000"]);
        assert!(labels(1.0, 1.0, 4).is_empty() && labels(f64::NAN, 1.0, 4).is_empty());
    }

    #[test]
    fn small_panels_have_a_scale() {
        let axis = Axis { low: -82.0, high: 46.0, from_px: 56.0, to_px: 0.0 };
        let labels: Vec<String> = axis.ticks(26.0).into_iter().map(|t| t.1).collect();
        assert_eq!(labels, ["\u{2212}50", "0"]);
    }

    #[test]
    fn ranges() {
        assert_eq!(range_of([1.0, f64::NAN, 3.0].into_iter(), 0.0), (1.0, 3.0));
        assert_eq!(range_of([-65.0, -65.0].into_iter(), 0.1), (-68.25, -61.75));
        assert_eq!(range_of([0.0].into_iter(), 0.1), (-1.0, 1.0));
        assert_eq!(range_of([f64::NAN].into_iter(), 0.1), (0.0, 1.0));
    }
}
