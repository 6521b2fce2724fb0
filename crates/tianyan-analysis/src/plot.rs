//! The paper: a list of shapes, frames with axes, and colours. Written as SVG by `svg`, as PNG by `png`.

use crate::axis::Axis;

/// Okabe and Ito's palette, without yellow (unreadable on white): distinct also for the colour-blind.
const COLOURS: [Colour; 8] = [
    Colour(0x0072b2),
    Colour(0xd55e00),
    Colour(0x009e73),
    Colour(0xcc79a7),
    Colour(0xe69f00),
    Colour(0x56b4e9),
    Colour(0x333333),
    Colour(0x8c564b),
];

/// Of texts.
pub(crate) const INK: Colour = Colour(0x222222);
/// Of notes, which matter less.
pub(crate) const PALE: Colour = Colour(0x777777);
/// Between bands of cells.
pub(crate) const EDGE: Colour = Colour(0xbbbbbb);
const GRID: Colour = Colour(0xe6e6e6);
const FRAME: Colour = Colour(0x555555);

/// Heights and places that all pictures share, px.
pub(crate) const LEFT: f64 = 78.0;
const TITLE: f64 = 44.0;
const NO_TITLE: f64 = 16.0;
/// Below the lowest frame: numbers, the words of the axis, a note.
pub(crate) const BELOW: f64 = 52.0;

/// A colour, 0xRRGGBB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(pub u32);

impl Colour {
    /// Red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        [(self.0 >> 16) as u8, (self.0 >> 8) as u8, self.0 as u8]
    }
}

/// The colour of the i-th thing.
pub(crate) fn colour(i: usize) -> Colour {
    COLOURS[i % COLOURS.len()]
}

/// Where a text is tied to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A text at a point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub x: f64,
    pub y: f64,
    pub anchor: Anchor,
    pub fill: Colour,
    pub size_px: f64,
    pub bold: bool,
    /// Runs upwards.
    pub upward: bool,
    pub content: String,
}

/// A grid of pixels stretched over a rectangle.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pixels {
    pub columns: u32,
    pub rows: u32,
    /// Row-major, red, green, blue, alpha; not premultiplied.
    pub rgba: Vec<u8>,
}

/// Something on the paper.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// A thin line along SVG path data made of M, L, H, V, h, v and Z.
    Line { data: String, stroke: Colour, width: f64 },
    /// The inside of such a path, faintly.
    Area { data: String, fill: Colour },
    /// Words.
    Text(Text),
    /// Pixels with their left, top, width and height.
    Image { place: [f64; 4], pixels: Pixels },
}

/// A picture, to be written as SVG or PNG.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// px.
    pub(crate) width: f64,
    /// px.
    pub(crate) height: f64,
    pub(crate) shapes: Vec<Shape>,
}

impl Picture {
    /// White paper with a title at the top.
    pub(crate) fn new(width: f64, height: f64, title: &str) -> Picture {
        let mut picture = Picture { width, height, shapes: Vec::new() };
        if !title.is_empty() {
            picture.shapes.push(Shape::Text(Text {
                x: 0.5 * width,
                y: 26.0,
                anchor: Anchor::Middle,
                fill: INK,
                size_px: 16.0,
                bold: true,
                upward: false,
                content: title.into(),
            }));
        }
        picture
    }

    /// A text.
    pub(crate) fn label(&mut self, x: f64, y: f64, anchor: Anchor, fill: Colour, content: &str) {
        let content = content.to_string();
        let text = Text { x, y, anchor, fill, size_px: 12.0, bold: false, upward: false, content };
        self.shapes.push(Shape::Text(text));
    }

    /// A text that runs upwards, centred at its point.
    pub(crate) fn upward_label(&mut self, x: f64, y: f64, content: &str) {
        let content = content.to_string();
        let text = Text { x, y, anchor: Anchor::Middle, fill: INK, size_px: 12.0, bold: false, upward: true, content };
        self.shapes.push(Shape::Text(text));
    }

    /// A thin path.
    pub(crate) fn path(&mut self, data: &str, stroke: Colour, width: f64) {
        self.shapes.push(Shape::Line { data: data.into(), stroke, width });
    }

    /// The inside of a path, faintly.
    pub(crate) fn area(&mut self, data: &str, fill: Colour) {
        self.shapes.push(Shape::Area { data: data.into(), fill });
    }

    /// Pixels inside a frame.
    pub(crate) fn image(&mut self, x: &Axis, y: &Axis, pixels: Pixels) {
        let place = [x.from_px, y.to_px, x.to_px - x.from_px, y.from_px - y.to_px];
        self.shapes.push(Shape::Image { place, pixels });
    }

    /// The frame of a panel with grid lines and numbers; those below it only if `below`, those on
    /// the left at that spacing, or none.
    pub(crate) fn frame(&mut self, x: &Axis, y: &Axis, below: bool, y_spacing_px: Option<f64>) {
        let (left, right, bottom, top) = (x.from_px, x.to_px, y.from_px, y.to_px);
        for (value, label) in x.ticks(90.0) {
            let at = x.px(value);
            self.path(&format!("M{at:.1} {top:.1}V{bottom:.1}"), GRID, 1.0);
            if below {
                self.path(&format!("M{at:.1} {bottom:.1}v5"), FRAME, 1.0);
                self.label(at, bottom + 19.0, Anchor::Middle, INK, &label);
            }
        }
        for (value, label) in y_spacing_px.map_or(Vec::new(), |spacing| y.ticks(spacing)) {
            let at = y.px(value);
            self.path(&format!("M{left:.1} {at:.1}H{right:.1}"), GRID, 1.0);
            self.path(&format!("M{left:.1} {at:.1}h-5"), FRAME, 1.0);
            self.label(left - 8.0, at + 4.0, Anchor::End, INK, &label);
        }
        self.path(&format!("M{left:.1} {top:.1}H{right:.1}V{bottom:.1}H{left:.1}Z"), FRAME, 1.0);
    }

    /// The words of both axes, around the frames between two heights.
    pub(crate) fn axis_labels(&mut self, x: &Axis, top: f64, bottom: f64, below: &str, beside: &str) {
        self.label(0.5 * (x.from_px + x.to_px), bottom + 40.0, Anchor::Middle, INK, below);
        self.upward_label(20.0, 0.5 * (top + bottom), beside);
    }

    /// Where the first frame of a picture with such a title begins.
    pub(crate) fn top(title: &str) -> f64 {
        if title.is_empty() { NO_TITLE } else { TITLE }
    }
}

/// Roughly how wide a text is at 12 px; fonts differ, so this errs on the wide side.
pub(crate) fn text_width(text: &str) -> f64 {
    7.0 * text.chars().count() as f64
}
