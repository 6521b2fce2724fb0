//! Many marks as a grid of pixels.

use crate::plot::{Colour, Pixels};

/// Opacity of a pixel with one mark where others have many.
const FAINTEST: f64 = 0.22;

/// Counts of marks on a grid.
pub(crate) struct Grid {
    columns: usize,
    rows: usize,
    /// Row-major: marks, and which band made the last of them.
    counts: Vec<(u32, u16)>,
}

impl Grid {
    /// An empty grid.
    pub fn new(columns: usize, rows: usize) -> Grid {
        Grid { columns, rows, counts: vec![(0, 0); columns * rows] }
    }

    /// Adds a mark of a band; what lies outside is cut off.
    pub fn add(&mut self, band: usize, left: i64, top: i64, width: i64, height: i64) {
        let inside =
            |from: i64, size: i64, most: usize| from.max(0) as usize..(from + size).clamp(0, most as i64) as usize;
        for row in inside(top, height, self.rows) {
            for column in inside(left, width, self.columns) {
                let (count, last) = &mut self.counts[row * self.columns + column];
                (*count, *last) = (count.saturating_add(1), band as u16);
            }
        }
    }

    /// Pixels, opaque where there are about as many marks as anywhere (the 95th percentile of pixels with marks).
    pub fn pixels(&self, colours: &[Colour]) -> Pixels {
        let full = self.dense();
        let mut rgba = Vec::with_capacity(4 * self.counts.len());
        for (count, band) in &self.counts {
            let [r, g, b] = colours[usize::from(*band) % colours.len().max(1)].rgb();
            let share = (f64::from(*count) / full).min(1.0);
            let opacity = if *count == 0 { 0.0 } else { FAINTEST + (1.0 - FAINTEST) * share };
            rgba.extend([r, g, b, (255.0 * opacity).round() as u8]);
        }
        Pixels { columns: self.columns as u32, rows: self.rows as u32, rgba }
    }

    fn dense(&self) -> f64 {
        let mut marked: Vec<u32> = self.counts.iter().map(|c| c.0).filter(|count| *count > 0).collect();
        if marked.is_empty() {
            return 1.0;
        }
        let at = (marked.len() - 1) * 95 / 100;
        f64::from(*marked.select_nth_unstable(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denser_is_darker() {
        let mut grid = Grid::new(3, 2);
        for _ in 0..10 {
            grid.add(1, 0, 0, 1, 5);
        }
        grid.add(0, 1, -3, 9, 4);
        let alpha: Vec<u8> = grid.pixels(&[Colour(1), Colour(2)]).rgba.chunks(4).map(|p| p[3]).collect();
        assert_eq!((alpha[0], alpha[3], alpha[4], alpha[5]), (255, 255, 0, 0));
        assert!(alpha[1] > 50 && alpha[1] < 100 && alpha[1] == alpha[2], "{alpha:?}");
    }
}
