//! Rates over time: histograms of spikes, as steps.

use std::fmt::Write;

use crate::axis::{Axis, range_of};
use crate::decimate::decimate;
use crate::plot::{BELOW, LEFT, Picture, colour};
use crate::rates::RateCourse;
use crate::traces::{draw_legend, legend_width, panel_height};

/// Courses that share one panel at most; more get a panel each.
const MOST_TOGETHER: usize = 3;
/// Bins that are drawn one by one at most; of more, the extremes of stretches.
const MOST_BINS: usize = 2000;

/// Draws the mean rate of the cells of each group over time. `range_ms` is the time axis.
pub fn draw_psth(courses: &[RateCourse], title: &str, range_ms: (f64, f64), width_px: f64) -> Picture {
    let panels: Vec<&[RateCourse]> =
        if courses.len() <= MOST_TOGETHER { vec![courses] } else { courses.chunks(1).collect() };
    let height = if panels.len() == 1 { 300.0 } else { panel_height(panels.len()) };
    let (top, count) = (Picture::top(title), panels.len() as f64);
    let gap = if panels.len() > 1 { 10.0 } else { 0.0 };
    let bottom = top + count * height + (count - 1.0) * gap;
    let mut picture = Picture::new(width_px, bottom + BELOW, title);
    let (low, high) = if range_ms.1 > range_ms.0 { range_ms } else { (0.0, 1.0) };
    let right = width_px - legend_width(courses.iter().map(|c| c.name.as_str()));
    let x = Axis { low, high, from_px: LEFT, to_px: right };
    for (i, panel) in panels.iter().enumerate() {
        let above = top + i as f64 * (height + gap);
        draw_panel(&mut picture, panel, i, &x, above, above + height, i + 1 == panels.len());
    }
    let bin_ms = courses.first().map_or(0.0, |c| c.bin_ms);
    picture.axis_labels(&x, top, bottom, "Time (ms)", &format!("Rate (Hz), bins of {bin_ms} ms"));
    picture
}

/// Draws courses in one panel between two heights; `first` is the colour of the first of them.
fn draw_panel(
    picture: &mut Picture,
    courses: &[RateCourse],
    first: usize,
    x: &Axis,
    top: f64,
    bottom: f64,
    last: bool,
) {
    let rates = courses.iter().flat_map(|c| c.rates_hz.iter().copied());
    let (_, high) = range_of(rates.chain([0.0]), 0.06);
    let y = Axis { low: 0.0, high, from_px: bottom, to_px: top };
    picture.frame(x, &y, last, Some(if bottom - top < 120.0 { 26.0 } else { 42.0 }));
    let path = |c: &RateCourse| if c.rates_hz.len() > MOST_BINS { line(c, x, &y) } else { steps(c, x, &y) };
    let paths: Vec<String> = courses.iter().map(path).collect();
    for (i, (path, course)) in paths.iter().zip(courses).enumerate() {
        picture.area(&format!("{path}V{bottom:.2}H{:.2}Z", x.px(course.start_ms)), colour(first + i));
    }
    for (i, path) in paths.iter().enumerate() {
        picture.path(path, colour(first + i), 1.3);
    }
    let names: Vec<&str> = courses.iter().map(|c| c.name.as_str()).collect();
    draw_legend(picture, &names, first, x.to_px + 14.0, top);
}

/// From the axis up, along the tops of the bins.
fn steps(course: &RateCourse, x: &Axis, y: &Axis) -> String {
    let mut path = format!("M{:.2} {:.2}", x.px(course.start_ms), y.px(0.0));
    for (i, rate) in course.rates_hz.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(path, "V{:.2}H{:.2}", y.px(*rate), x.px(course.end_of_bin_ms(i)));
    }
    path
}

/// The middles of the bins that matter.
fn line(course: &RateCourse, x: &Axis, y: &Axis) -> String {
    let mut path = format!("M{:.2} {:.2}", x.px(course.start_ms), y.px(0.0));
    for i in decimate(&course.rates_hz, MOST_BINS) {
        let middle = course.end_of_bin_ms(i) - 0.5 * course.bin_ms;
        let _ = write!(path, "L{:.2} {:.2}", x.px(middle), y.px(course.rates_hz[i]));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(name: &str, rates_hz: Vec<f64>) -> RateCourse {
        let end_ms = 5.0 * rates_hz.len() as f64;
        RateCourse { name: name.into(), start_ms: 0.0, end_ms, bin_ms: 5.0, rates_hz }
    }

    #[test]
    fn panels_and_bins_are_bounded() {
        for count in [0, 1, 3, 4, 9] {
            let courses: Vec<RateCourse> = (0..count).map(|i| course(&format!("c{i}"), vec![1.0; 100_000])).collect();
            let svg = draw_psth(&courses, "rates", (0.0, 500_000.0), 900.0).svg();
            assert!(svg.len() < 100_000 * (count + 1) && !svg.contains("NaN"), "{}", svg.len());
        }
        let svg = draw_psth(&[course("v1", vec![0.0, 20.0, 4.0])], "", (0.0, 15.0), 900.0).svg();
        assert!(svg.contains("Rate (Hz), bins of 5 ms") && svg.contains(">v1<"));
    }
}
