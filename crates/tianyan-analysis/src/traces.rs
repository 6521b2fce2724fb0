//! Traces over time.

use std::fmt::Write;

use crate::axis::{Axis, range_of};
use crate::decimate::decimate;
use crate::plot::{Anchor, BELOW, INK, LEFT, Picture, colour, text_width};

/// Points of a trace that are drawn at most.
const MOST_POINTS: usize = 2000;
/// Names that fit in a legend.
const MOST_NAMES: usize = 30;

/// A named series of values at equal intervals.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace {
    /// For the legend: the neuron's name.
    pub name: String,
    /// Time of the first value.
    pub start_ms: f64,
    /// Between values.
    pub interval_ms: f64,
    /// In the unit of the vertical axis. NaN makes a gap.
    pub values: Vec<f64>,
}

/// How several traces share the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrangement {
    /// All in one panel, with a legend.
    #[default]
    Overlay,
    /// Each in its own panel with its own vertical axis, over a common time axis.
    Stacked,
}

/// Words and sizes of a picture of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceStyle {
    /// Above the picture; may be empty.
    pub title: String,
    /// Of the horizontal axis, with its unit.
    pub x_label: String,
    /// Of the vertical axis, with its unit.
    pub y_label: String,
    /// One panel or many.
    pub arrangement: Arrangement,
    /// Of the whole picture, px.
    pub width_px: f64,
    /// Of a panel, px; 0 chooses it by the number of panels.
    pub panel_px: f64,
}

impl Default for TraceStyle {
    fn default() -> TraceStyle {
        TraceStyle {
            title: String::new(),
            x_label: "Time (ms)".into(),
            y_label: "Membrane potential (mV)".into(),
            arrangement: Arrangement::Overlay,
            width_px: 900.0,
            panel_px: 0.0,
        }
    }
}

/// Draws traces over time.
pub fn draw_traces(traces: &[Trace], style: &TraceStyle) -> Picture {
    let panels: Vec<&[Trace]> = match style.arrangement {
        Arrangement::Overlay => vec![traces],
        Arrangement::Stacked => traces.chunks(1).collect(),
    };
    let count = panels.len().max(1) as f64;
    let height = if style.panel_px > 0.0 { style.panel_px } else { panel_height(panels.len()) };
    let gap = if panels.len() > 1 { 10.0 } else { 0.0 };
    let top = Picture::top(&style.title);
    let bottom = top + count * height + (count - 1.0) * gap;
    let mut picture = Picture::new(style.width_px, bottom + BELOW, &style.title);
    let right = style.width_px - legend_width(traces.iter().map(|t| t.name.as_str()));
    let (low, high) = time_range(traces);
    let x = Axis { low, high, from_px: LEFT, to_px: right };
    for (i, panel) in panels.iter().enumerate() {
        let above = top + i as f64 * (height + gap);
        draw_panel(&mut picture, panel, i, &x, above, above + height, i + 1 == panels.len());
    }
    picture.axis_labels(&x, top, bottom, &style.x_label, &style.y_label);
    picture
}

/// Of one of so many panels, px.
pub(crate) fn panel_height(panels: usize) -> f64 {
    if panels <= 1 { 380.0 } else { (640.0 / panels as f64).clamp(56.0, 180.0) }
}

/// Of names with lines before them, px.
pub(crate) fn legend_width<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let widest = names.map(text_width).fold(0.0, f64::max);
    if widest == 0.0 { 24.0 } else { (widest + 52.0).clamp(70.0, 260.0) }
}

fn time_range(traces: &[Trace]) -> (f64, f64) {
    let end = |t: &Trace| t.start_ms + t.values.len().saturating_sub(1) as f64 * t.interval_ms;
    range_of(traces.iter().flat_map(|t| [t.start_ms, end(t)]), 0.0)
}

/// Draws the traces of one panel between two heights; `first` is the colour of the first of them.
fn draw_panel(picture: &mut Picture, traces: &[Trace], first: usize, x: &Axis, top: f64, bottom: f64, last: bool) {
    let (low, high) = range_of(traces.iter().flat_map(|t| t.values.iter().copied()), 0.06);
    let y = Axis { low, high, from_px: bottom, to_px: top };
    picture.frame(x, &y, last, Some(if bottom - top < 120.0 { 26.0 } else { 42.0 }));
    for (i, trace) in traces.iter().enumerate() {
        picture.path(&trace_path(trace, x, &y), colour(first + i), 1.2);
    }
    let names: Vec<&str> = traces.iter().map(|t| t.name.as_str()).collect();
    draw_legend(picture, &names, first, x.to_px + 14.0, top);
}

/// Names with the lines' colours; `first` is the colour of the first.
pub(crate) fn draw_legend(picture: &mut Picture, names: &[&str], first: usize, x: f64, top: f64) {
    for (i, name) in names.iter().take(MOST_NAMES).enumerate().filter(|(_, name)| !name.is_empty()) {
        let y = top + 10.0 + 18.0 * i as f64;
        picture.path(&format!("M{x:.1} {y:.1}h18"), colour(first + i), 2.5);
        picture.label(x + 24.0, y + 4.0, Anchor::Start, INK, name);
    }
    if names.len() > MOST_NAMES {
        let y = top + 14.0 + 18.0 * MOST_NAMES as f64;
        picture.label(x, y, Anchor::Start, INK, &format!("and {} more", names.len() - MOST_NAMES));
    }
}

/// A path through the decimated values; a value that is not finite lifts the pen.
fn trace_path(trace: &Trace, x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    for i in decimate(&trace.values, MOST_POINTS) {
        let value = trace.values[i];
        if !value.is_finite() {
            pen = 'M';
            continue;
        }
        let (px, py) = (x.px(trace.start_ms + i as f64 * trace.interval_ms), y.px(value));
        // Writing into a String cannot fail.
        let _ = write!(path, "{pen}{px:.2} {py:.2}");
        pen = 'L';
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(name: &str, values: Vec<f64>) -> Trace {
        Trace { name: name.into(), start_ms: 0.0, interval_ms: 0.1, values }
    }

    #[test]
    fn pictures_are_small_and_named() {
        let wave = |f: f64| (0..100_000).map(|i| -65.0 + 30.0 * (f * i as f64).sin()).collect();
        let traces = [trace("AVAL <left>", wave(0.01)), trace("AVAR", wave(0.02))];
        let style = TraceStyle { title: "Two & two".into(), ..TraceStyle::default() };
        let svg = draw_traces(&traces, &style).svg();
        assert!(svg.len() < 80_000, "{}", svg.len());
        for text in ["AVAL &lt;left&gt;", "AVAR", "Two &amp; two", "Time (ms)", "Membrane potential (mV)"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg, draw_traces(&traces, &style).svg());
    }

    #[test]
    fn odd_input_draws_something() {
        let gap = trace("gap", vec![1.0, f64::NAN, 2.0, f64::INFINITY]);
        let flat = trace("flat", vec![-65.0; 5]);
        for arrangement in [Arrangement::Overlay, Arrangement::Stacked] {
            let style = TraceStyle { arrangement, ..TraceStyle::default() };
            for traces in [vec![], vec![trace("", vec![])], vec![gap.clone(), flat.clone()], vec![flat.clone(); 40]] {
                let svg = draw_traces(&traces, &style).svg();
                assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
    }
}
