//! The paper: a growing SVG text, frames with axes, and colours.

use std::fmt::Write;

use crate::axis::Axis;

/// Okabe and Ito's palette, without yellow (unreadable on white): distinct also for the colour-blind.
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333", "#8c564b"];

const GRID: &str = "#e6e6e6";
const FRAME: &str = "#555555";

/// The colour of the i-th thing.
pub(crate) fn colour(i: usize) -> &'static str {
    COLOURS[i % COLOURS.len()]
}

/// Where a text is tied to its point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// An SVG picture on its way.
#[derive(Debug)]
pub(crate) struct Picture {
    text: String,
}

impl Picture {
    /// White paper with a title at the top.
    pub fn new(width: f64, height: f64, title: &str) -> Picture {
        let text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" \
             font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\" fill=\"#222222\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        let mut picture = Picture { text };
        if !title.is_empty() {
            let title = escape(title);
            picture.line(format_args!(
                "<text x=\"{:.1}\" y=\"26\" text-anchor=\"middle\" font-size=\"16\" font-weight=\"bold\">{title}</text>",
                width / 2.0
            ));
        }
        picture
    }

    /// One line of SVG.
    fn line(&mut self, content: std::fmt::Arguments) {
        // Writing into a String cannot fail.
        let _ = self.text.write_fmt(content);
        self.text.push('\n');
    }

    /// A text.
    pub fn label(&mut self, x: f64, y: f64, anchor: Anchor, fill: &str, content: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let content = escape(content);
        self.line(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{content}</text>"
        ));
    }

    /// A text that runs upwards, centred at its point.
    pub fn upward_label(&mut self, x: f64, y: f64, content: &str) {
        let content = escape(content);
        self.line(format_args!(
            "<text transform=\"translate({x:.1} {y:.1}) rotate(-90)\" text-anchor=\"middle\">{content}</text>"
        ));
    }

    /// A thin path.
    pub fn path(&mut self, data: &str, stroke: &str, width: f64) {
        self.line(format_args!(
            "<path d=\"{data}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"/>"
        ));
    }

    /// The frame of a panel with grid lines and numbers; those below it only if `below`, those on
    /// the left at that spacing, or none.
    pub fn frame(&mut self, x: &Axis, y: &Axis, below: bool, y_spacing_px: Option<f64>) {
        let (left, right, bottom, top) = (x.from_px, x.to_px, y.from_px, y.to_px);
        for (value, label) in x.ticks(90.0) {
            let at = x.px(value);
            self.path(&format!("M{at:.1} {top:.1}V{bottom:.1}"), GRID, 1.0);
            if below {
                self.path(&format!("M{at:.1} {bottom:.1}v5"), FRAME, 1.0);
                self.label(at, bottom + 19.0, Anchor::Middle, "#222222", &label);
            }
        }
        for (value, label) in y_spacing_px.map_or(Vec::new(), |spacing| y.ticks(spacing)) {
            let at = y.px(value);
            self.path(&format!("M{left:.1} {at:.1}H{right:.1}"), GRID, 1.0);
            self.path(&format!("M{left:.1} {at:.1}h-5"), FRAME, 1.0);
            self.label(left - 8.0, at + 4.0, Anchor::End, "#222222", &label);
        }
        self.path(&format!("M{left:.1} {top:.1}H{right:.1}V{bottom:.1}H{left:.1}Z"), FRAME, 1.0);
    }

    /// The finished text.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

fn escape(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    printable.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Roughly how wide a text is at 12 px; fonts differ, so this errs on the wide side.
pub(crate) fn text_width(text: &str) -> f64 {
    7.0 * text.chars().count() as f64
}
