//! Spike rasters.

use std::collections::BTreeSet;
use std::fmt::Write;

use tianyan_model::{Population, Spike};

use crate::axis::{Axis, range_of};
use crate::plot::{Anchor, Picture, colour, text_width};

/// Up to this many cells, each gets its own name beside the axis, if it has one.
const MOST_NAMED_CELLS: u32 = 60;

/// Words and sizes of a raster.
#[derive(Debug, Clone, PartialEq)]
pub struct RasterStyle {
    /// Above the picture; may be empty.
    pub title: String,
    /// The time axis; `None` takes it from 0 to the last spike.
    pub range_ms: Option<(f64, f64)>,
    /// Of the whole picture, px.
    pub width_px: f64,
    /// Of the plot, px; 0 chooses it by the number of cells.
    pub plot_px: f64,
}

impl Default for RasterStyle {
    fn default() -> RasterStyle {
        RasterStyle { title: String::new(), range_ms: None, width_px: 900.0, plot_px: 0.0 }
    }
}

/// Draws a mark for every spike: time to the right, cells upwards, one colour a population, as an SVG document.
///
/// `populations` in gid order; spikes of other cells are left out.
pub fn raster_svg(populations: &[Population], spikes: &[Spike], style: &RasterStyle) -> String {
    let cells: u32 = populations.iter().map(|p| p.size).sum();
    let names = populations.iter().all(|p| p.cell_names.len() == p.size as usize) && cells > 0;
    let named = names && cells <= MOST_NAMED_CELLS;
    let height = if style.plot_px > 0.0 { style.plot_px } else { plot_height(cells, named) };
    let top = if style.title.is_empty() { 16.0 } else { 44.0 };
    let bottom = top + height;
    let mut picture = Picture::new(style.width_px, bottom + 52.0, &style.title);
    let x = time_axis(populations, spikes, style);
    let y = Axis { low: -0.5, high: f64::from(cells.max(1)) - 0.5, from_px: bottom, to_px: top };
    picture.frame(&x, &y, true, if named { None } else { Some(42.0) });
    if named {
        name_cells(&mut picture, populations, &x, &y);
    }
    draw_populations(&mut picture, populations, spikes, &x, &y);
    picture.label(0.5 * (x.from_px + x.to_px), bottom + 40.0, Anchor::Middle, "#222222", "Time (ms)");
    picture.upward_label(20.0, 0.5 * (top + bottom), "Cell");
    picture.finish()
}

fn plot_height(cells: u32, named: bool) -> f64 {
    if named { (15.0 * f64::from(cells)).max(120.0) } else { (4.0 * f64::from(cells)).clamp(160.0, 560.0) }
}

fn time_axis(populations: &[Population], spikes: &[Spike], style: &RasterStyle) -> Axis {
    let last = spikes.iter().map(|s| s.time_ms).chain([0.0]);
    let (low, high) = style.range_ms.filter(|r| r.1 > r.0).unwrap_or_else(|| range_of(last, 0.0));
    let widest = populations.iter().map(|p| text_width(&p.name)).fold(0.0, f64::max);
    Axis { low, high, from_px: 78.0, to_px: style.width_px - (widest + 40.0).clamp(70.0, 260.0) }
}

fn name_cells(picture: &mut Picture, populations: &[Population], x: &Axis, y: &Axis) {
    let names = populations.iter().flat_map(|p| &p.cell_names);
    for (row, name) in names.enumerate() {
        picture.label(x.from_px - 8.0, y.px(row as f64) + 4.0, Anchor::End, "#222222", name);
    }
}

fn draw_populations(picture: &mut Picture, populations: &[Population], spikes: &[Spike], x: &Axis, y: &Axis) {
    let row_px = (y.from_px - y.to_px) / (y.high - y.low);
    let mark_px = (0.7 * row_px).clamp(1.6, 14.0);
    let mut first_row = 0;
    for (i, population) in populations.iter().enumerate() {
        let middle = f64::from(first_row) + 0.5 * (f64::from(population.size) - 1.0);
        picture.label(x.to_px + 12.0, y.px(middle) + 4.0, Anchor::Start, colour(i), &population.name);
        let rows = spikes.iter().filter(|s| s.time_ms >= x.low && s.time_ms <= x.high);
        let rows = rows.filter_map(|s| population.node_id(s.gid).map(|id| (s.time_ms, first_row + id)));
        let path = marks(rows, x, y, mark_px);
        picture.path(&path, colour(i), if row_px > 6.0 { 1.3 } else { 1.6 });
        first_row += population.size;
        if i + 1 < populations.len() {
            let edge = y.px(f64::from(first_row) - 0.5);
            picture.path(&format!("M{:.1} {edge:.1}H{:.1}", x.from_px, x.to_px), "#bbbbbb", 1.0);
        }
    }
}

/// Vertical marks; those that fall on the same half pixel are drawn once, so that the text stays small.
fn marks(spikes: impl Iterator<Item = (f64, u32)>, x: &Axis, y: &Axis, mark_px: f64) -> String {
    let places: BTreeSet<(i64, i64)> = spikes
        .filter(|(time_ms, _)| time_ms.is_finite())
        .map(|(time_ms, row)| ((2.0 * y.px(f64::from(row))).round() as i64, (2.0 * x.px(time_ms)).round() as i64))
        .collect();
    let mut path = String::new();
    for (row, time) in places {
        // Writing into a String cannot fail.
        let _ = write!(path, "M{} {:.1}v{mark_px:.1}", 0.5 * time as f64, 0.5 * row as f64 - 0.5 * mark_px);
    }
    path
}

#[cfg(test)]
mod tests {
    use tianyan_model::Gid;

    use super::*;

    fn population(name: &str, first_gid: u32, size: u32) -> Population {
        Population { name: name.into(), first_gid: Gid(first_gid), size, cell_names: Vec::new() }
    }

    #[test]
    fn one_mark_a_place() {
        let populations = [population("exc", 0, 80), population("inh", 80, 20)];
        let spikes: Vec<Spike> =
            (0..400_000).map(|i| Spike { time_ms: f64::from(i) * 0.0025, gid: Gid(i % 100) }).collect();
        let svg = raster_svg(&populations, &spikes, &RasterStyle::default());
        assert!(svg.len() < 4_000_000, "{}", svg.len());
        assert!(svg.contains("exc") && svg.contains("inh") && svg.contains("Time (ms)"));
    }

    #[test]
    fn odd_input_draws_something() {
        let spikes = [Spike { time_ms: f64::NAN, gid: Gid(0) }, Spike { time_ms: 1.0, gid: Gid(99) }];
        for populations in [vec![], vec![population("empty", 0, 0)], vec![population("one", 0, 1)]] {
            let svg = raster_svg(&populations, &spikes, &RasterStyle::default());
            assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn named_cells() {
        let mut cells = population("worm", 0, 2);
        cells.cell_names = vec!["AVAL".into(), "AVAR".into()];
        let svg = raster_svg(&[cells], &[], &RasterStyle::default());
        assert!(svg.contains(">AVAL<") && svg.contains(">AVAR<"));
    }
}
