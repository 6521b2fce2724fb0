//! Spike rasters.

use std::fmt::Write;

use tianyan_model::{Population, Spike};

use crate::axis::{Axis, range_of};
use crate::density;
use crate::plot::{Anchor, BELOW, Colour, EDGE, INK, LEFT, PALE, Picture, colour, text_width};

/// Up to this many cells, each gets its own name beside the axis, if it has one.
const MOST_NAMED_CELLS: u32 = 60;
/// Marks that are drawn one by one at most; more become a grid of pixels, darker where spikes are denser.
const MOST_MARKS: usize = 20_000;
/// Less marks than this are drawn larger than their rows.
const FEW_MARKS: usize = 1500;
/// Between the names of two bands, px.
const NAME_SPACING: f64 = 16.0;

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

/// Draws a mark for every spike: time to the right, cells upwards, one colour a population.
///
/// `populations` in gid order; spikes of other cells are left out. Marks on the same half pixel are drawn once; of
/// more than 20 000 a grid of pixels is drawn instead, as dark as spikes are dense, and a note says so.
pub fn draw_raster(populations: &[Population], spikes: &[Spike], style: &RasterStyle) -> Picture {
    let cells: u32 = populations.iter().map(|p| p.size).sum();
    let names = populations.iter().all(|p| p.cell_names.len() == p.size as usize) && cells > 0;
    let named = names && cells <= MOST_NAMED_CELLS;
    let height = if style.plot_px > 0.0 { style.plot_px } else { plot_height(cells, named) };
    let top = Picture::top(&style.title);
    let bottom = top + height;
    let mut picture = Picture::new(style.width_px, bottom + BELOW, &style.title);
    let x = time_axis(populations, spikes, style);
    let y = Axis { low: -0.5, high: f64::from(cells.max(1)) - 0.5, from_px: bottom, to_px: top };
    picture.frame(&x, &y, true, if named { None } else { Some(42.0) });
    if named {
        name_cells(&mut picture, populations, &x, &y);
    }
    draw_populations(&mut picture, populations, spikes, &x, &y);
    name_populations(&mut picture, populations, &x, &y);
    picture.axis_labels(&x, top, bottom, "Time (ms)", "Cell");
    picture
}

fn plot_height(cells: u32, named: bool) -> f64 {
    if named { (15.0 * f64::from(cells)).max(120.0) } else { (4.0 * f64::from(cells)).clamp(160.0, 560.0) }
}

fn time_axis(populations: &[Population], spikes: &[Spike], style: &RasterStyle) -> Axis {
    let last = spikes.iter().map(|s| s.time_ms).chain([0.0]);
    let (low, high) = style.range_ms.filter(|r| r.1 > r.0).unwrap_or_else(|| range_of(last, 0.0));
    let widest = populations.iter().map(|p| text_width(&p.name)).fold(0.0, f64::max);
    Axis { low, high, from_px: LEFT, to_px: style.width_px - (widest + 40.0).clamp(70.0, 260.0) }
}

fn name_cells(picture: &mut Picture, populations: &[Population], x: &Axis, y: &Axis) {
    let names = populations.iter().flat_map(|p| &p.cell_names);
    for (row, name) in names.enumerate() {
        picture.label(x.from_px - 8.0, y.px(row as f64) + 4.0, Anchor::End, INK, name);
    }
}

/// Names beside the bands, moved apart where bands are narrower than names.
fn name_populations(picture: &mut Picture, populations: &[Population], x: &Axis, y: &Axis) {
    let (mut first_row, mut below) = (0, f64::INFINITY);
    for (i, population) in populations.iter().enumerate() {
        let middle = f64::from(first_row) + 0.5 * (f64::from(population.size) - 1.0);
        below = y.px(middle).min(below - NAME_SPACING);
        picture.label(x.to_px + 12.0, below + 4.0, Anchor::Start, colour(i), &population.name);
        first_row += population.size;
    }
}

fn draw_populations(picture: &mut Picture, populations: &[Population], spikes: &[Spike], x: &Axis, y: &Axis) {
    let row_px = (y.from_px - y.to_px) / (y.high - y.low);
    let mark_px = (0.7 * row_px).clamp(1.6, 14.0);
    let (mut first_row, mut bands, mut drawn) = (0, Vec::new(), 0);
    for (i, population) in populations.iter().enumerate() {
        let seen = spikes.iter().filter(|s| s.time_ms >= x.low && s.time_ms <= x.high);
        let rows = seen.filter_map(|s| population.node_id(s.gid).map(|id| (s.time_ms, first_row + id)));
        let places: Vec<(i64, i64)> = rows.map(|(time_ms, row)| half_pixel(x, y, time_ms, row)).collect();
        drawn += places.len();
        bands.push((colour(i), places));
        first_row += population.size;
        if i + 1 < populations.len() {
            let edge = y.px(f64::from(first_row) - 0.5);
            picture.path(&format!("M{:.1} {edge:.1}H{:.1}", x.from_px, x.to_px), EDGE, 1.0);
        }
    }
    let mut marks = bands.clone();
    marks.iter_mut().for_each(|(_, places)| {
        places.sort_unstable();
        places.dedup();
    });
    let count = marks.iter().map(|(_, places)| places.len()).sum::<usize>();
    if count <= MOST_MARKS {
        let width = if row_px > 6.0 { 1.3 } else { 1.6 };
        // A few marks must not drown in the paper.
        let (mark_px, width) = if count < FEW_MARKS { (mark_px.max(5.0), 1.8) } else { (mark_px, width) };
        marks.iter().for_each(|(colour, places)| picture.path(&mark_path(places, mark_px), *colour, width));
    } else {
        draw_density(picture, &bands, x, y, mark_px);
        let note = format!("{} spikes, drawn as density", thousands(drawn));
        picture.label(x.to_px, y.from_px + 40.0, Anchor::End, PALE, &note);
    }
}

/// Column and row of a spike on a grid of half pixels.
fn half_pixel(x: &Axis, y: &Axis, time_ms: f64, row: u32) -> (i64, i64) {
    ((2.0 * x.px(time_ms)).round() as i64, (2.0 * y.px(f64::from(row))).round() as i64)
}

/// Vertical marks, centred at their places.
fn mark_path(places: &[(i64, i64)], mark_px: f64) -> String {
    let mut path = String::new();
    for (time, row) in places {
        // Writing into a String cannot fail.
        let _ = write!(path, "M{} {:.1}v{mark_px:.1}", 0.5 * *time as f64, 0.5 * *row as f64 - 0.5 * mark_px);
    }
    path
}

fn draw_density(picture: &mut Picture, bands: &[(Colour, Vec<(i64, i64)>)], x: &Axis, y: &Axis, mark_px: f64) {
    let (left, top) = ((2.0 * x.from_px).round() as i64, (2.0 * y.to_px).round() as i64);
    let (columns, rows) = ((2.0 * (x.to_px - x.from_px)).round(), (2.0 * (y.from_px - y.to_px)).round());
    let mut grid = density::Grid::new(columns as usize, rows as usize);
    let (across, down) = (2, (2.0 * mark_px).round() as i64);
    for (i, (_, places)) in bands.iter().enumerate() {
        for (time, row) in places {
            grid.add(i, time - left - across / 2, row - top - down / 2, across, down);
        }
    }
    let colours: Vec<Colour> = bands.iter().map(|(colour, _)| *colour).collect();
    picture.image(x, y, grid.pixels(&colours));
}

/// A number with thin spaces between thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use tianyan_model::Gid;

    use super::*;

    fn population(name: &str, first_gid: u32, size: u32) -> Population {
        Population { name: name.into(), first_gid: Gid(first_gid), size, cell_names: Vec::new() }
    }

    fn many(count: i32) -> Vec<Spike> {
        let spike = |i: i32| Spike { time_ms: 1000.0 * f64::from(i) / f64::from(count), gid: Gid(i as u32 % 100) };
        (0..count).map(spike).collect()
    }

    #[test]
    fn a_million_spikes_stay_small() {
        let populations = [population("exc", 0, 80), population("inh", 80, 20)];
        let picture = draw_raster(&populations, &many(1_000_000), &RasterStyle::default());
        let svg = picture.svg();
        assert!(svg.len() < 1_000_000, "{}", svg.len());
        assert!(svg.contains("1\u{202f}000\u{202f}000 spikes, drawn as density") && svg.contains("<image"));
        assert!(svg.contains("exc") && svg.contains("inh") && svg.contains("Time (ms)"));
        let few = draw_raster(&populations, &many(1000), &RasterStyle::default()).svg();
        assert!(!few.contains("<image") && few.matches('v').count() > 1000);
    }

    #[test]
    fn odd_input_draws_something() {
        let spikes = [Spike { time_ms: f64::NAN, gid: Gid(0) }, Spike { time_ms: 1.0, gid: Gid(99) }];
        for populations in [vec![], vec![population("empty", 0, 0)], vec![population("one", 0, 1)]] {
            let picture = draw_raster(&populations, &spikes, &RasterStyle::default());
            let svg = picture.svg();
            assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(picture.png(1.0).is_ok());
        }
    }

    #[test]
    fn named_cells() {
        let mut cells = population("worm", 0, 2);
        cells.cell_names = vec!["AVAL".into(), "AVAR".into()];
        let svg = draw_raster(&[cells], &[], &RasterStyle::default()).svg();
        assert!(svg.contains(">AVAL<") && svg.contains(">AVAR<"));
    }
}
