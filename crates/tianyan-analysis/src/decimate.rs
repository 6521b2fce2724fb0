//! Fewer points, same picture.

/// The indices of at most `most` values (and at least 2) that look the same when drawn: of every stretch the
/// smallest and the largest value, in order, so that no spike is lost. NaN values are kept out unless a stretch
/// has nothing else, in which case one stands for the gap.
pub fn decimate(values: &[f64], most: usize) -> Vec<usize> {
    if values.len() <= most.max(2) {
        return (0..values.len()).collect();
    }
    let stretches = (most / 2).max(1);
    let mut kept = Vec::with_capacity(2 * stretches);
    for stretch in 0..stretches {
        let (start, end) = (stretch * values.len() / stretches, (stretch + 1) * values.len() / stretches);
        let (low, high) = extremes(values, start, end);
        kept.push(low.min(high));
        if low != high {
            kept.push(low.max(high));
        }
    }
    kept
}

fn extremes(values: &[f64], start: usize, end: usize) -> (usize, usize) {
    let (mut low, mut high) = (start, start);
    for i in start..end {
        if values[i] < values[low] || values[low].is_nan() {
            low = i;
        }
        if values[i] > values[high] || values[high].is_nan() {
            high = i;
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_extremes() {
        let mut values = vec![0.0; 100_000];
        values[54_321] = 40.0;
        values[54_322] = -80.0;
        let kept = decimate(&values, 2000);
        assert!(kept.len() <= 2000 && kept.is_sorted());
        assert!(kept.contains(&54_321) && kept.contains(&54_322));
    }

    #[test]
    fn short_and_broken_traces() {
        assert_eq!(decimate(&[], 10), Vec::<usize>::new());
        assert_eq!(decimate(&[1.0, 2.0, 3.0], 10), [0, 1, 2]);
        assert_eq!(decimate(&[f64::NAN; 8], 4), [3, 7]);
        assert_eq!(decimate(&[f64::NAN, 1.0, 2.0, f64::NAN], 2), [1, 2]);
    }
}
