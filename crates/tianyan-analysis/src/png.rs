//! Pictures as PNG, with a font that comes with the program: a cluster's node may have none.

use tianyan_model::{Problem, Problems};
use tiny_skia::{FillRule, FilterQuality, LineJoin, Paint, PathBuilder, Pixmap, PixmapPaint, Stroke, Transform};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

use crate::plot::{Anchor, Colour, Picture, Pixels, Shape, Text};

/// Of areas under curves.
pub(crate) const AREA_OPACITY: f32 = 0.18;

impl Picture {
    /// The picture as a PNG file, with `scale` pixels for each px of the SVG (2 suits most screens and prints).
    ///
    /// Fails if the picture has no size or more pixels than memory.
    pub fn png(&self, scale: f64) -> Result<Vec<u8>, Problems> {
        let too_large = || Problem::new("picture-size", format!("no picture of {} x {} px", self.width, self.height));
        let (width, height) = ((self.width * scale).ceil() as u32, (self.height * scale).ceil() as u32);
        let mut paper = Pixmap::new(width, height).ok_or_else(too_large)?;
        paper.fill(tiny_skia::Color::WHITE);
        let scaling = Transform::from_scale(scale as f32, scale as f32);
        let fonts = Fonts::open();
        for shape in &self.shapes {
            draw(&mut paper, shape, scaling, &fonts);
        }
        paper.encode_png().map_err(|error| Problem::new("picture-size", error.to_string()).into())
    }
}

/// Pixels as a PNG file; `None` if there are none.
pub(crate) fn encode(pixels: &Pixels) -> Option<Vec<u8>> {
    pixmap(pixels)?.encode_png().ok()
}

fn pixmap(pixels: &Pixels) -> Option<Pixmap> {
    let mut map = Pixmap::new(pixels.columns, pixels.rows)?;
    for (to, from) in map.pixels_mut().iter_mut().zip(pixels.rgba.chunks_exact(4)) {
        *to = tiny_skia::ColorU8::from_rgba(from[0], from[1], from[2], from[3]).premultiply();
    }
    Some(map)
}

fn draw(paper: &mut Pixmap, shape: &Shape, scaling: Transform, fonts: &Fonts) {
    match shape {
        Shape::Line { data, stroke, width } => {
            let Some(path) = path(data) else { return };
            let pen = Stroke { width: *width as f32, line_join: LineJoin::Round, ..Stroke::default() };
            paper.stroke_path(&path, &paint(*stroke, 1.0), &pen, scaling, None);
        }
        Shape::Area { data, fill } => {
            let Some(path) = path(data) else { return };
            paper.fill_path(&path, &paint(*fill, AREA_OPACITY), FillRule::Winding, scaling, None);
        }
        Shape::Text(text) => {
            let Some(path) = fonts.outline(text) else { return };
            paper.fill_path(&path, &paint(text.fill, 1.0), FillRule::Winding, scaling, None);
        }
        Shape::Image { place: [x, y, width, height], pixels } => {
            let Some(map) = pixmap(pixels) else { return };
            let (across, down) = (width / f64::from(pixels.columns), height / f64::from(pixels.rows));
            let there = Transform::from_row(across as f32, 0.0, 0.0, down as f32, *x as f32, *y as f32);
            let style = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
            paper.draw_pixmap(0, 0, map.as_ref(), &style, there.post_concat(scaling), None);
        }
    }
}

fn paint(colour: Colour, opacity: f32) -> Paint<'static> {
    let [r, g, b] = colour.rgb();
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color_rgba8(r, g, b, (255.0 * opacity).round() as u8);
    paint
}

/// Path data as our pictures write them: M, L, H, V, h, v and Z with plain numbers.
fn path(data: &str) -> Option<tiny_skia::Path> {
    let mut builder = PathBuilder::new();
    let (mut x, mut y) = (0.0f32, 0.0f32);
    let starts: Vec<usize> = data.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()).map(|(i, _)| i).collect();
    for (i, start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(data.len());
        let mut numbers = data[start + 1..end].split_ascii_whitespace().filter_map(|n| n.parse::<f32>().ok());
        let mut next = || numbers.next().unwrap_or(0.0);
        match data.as_bytes()[*start] {
            b'M' | b'L' => (x, y) = (next(), next()),
            b'H' => x = next(),
            b'V' => y = next(),
            b'h' => x += next(),
            b'v' => y += next(),
            _ => {
                builder.close();
                continue;
            }
        }
        if data.as_bytes()[*start] == b'M' { builder.move_to(x, y) } else { builder.line_to(x, y) }
    }
    builder.finish()
}

/// The two faces of the font; none if they cannot be read, and then there are no words.
struct Fonts {
    regular: Option<Face<'static>>,
    bold: Option<Face<'static>>,
}

impl Fonts {
    fn open() -> Fonts {
        let face = |bytes| Face::parse(bytes, 0).ok();
        Fonts { regular: face(dejavu::sans::regular()), bold: face(dejavu::sans::bold()) }
    }

    /// The outline of a text at its place.
    fn outline(&self, text: &Text) -> Option<tiny_skia::Path> {
        let face = if text.bold { &self.bold } else { &self.regular }.as_ref()?;
        let scale = text.size_px as f32 / f32::from(face.units_per_em());
        let glyphs: Vec<GlyphId> = text.content.chars().map(|c| face.glyph_index(c).unwrap_or_default()).collect();
        let advance = |glyph: &GlyphId| f32::from(face.glyph_hor_advance(*glyph).unwrap_or(0));
        let width: f32 = glyphs.iter().map(advance).sum();
        let mut pen = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -0.5 * width,
            Anchor::End => -width,
        };
        let mut outline = Outline { builder: PathBuilder::new(), x: 0.0 };
        for glyph in &glyphs {
            outline.x = pen;
            face.outline_glyph(*glyph, &mut outline);
            pen += advance(glyph);
        }
        // Fonts count upwards, pictures downwards.
        let turned = if text.upward { Transform::from_rotate(-90.0) } else { Transform::identity() };
        let place = Transform::from_scale(scale, -scale).post_concat(turned);
        outline.builder.finish()?.transform(place.post_translate(text.x as f32, text.y as f32))
    }
}

/// Glyphs one after the other, in the font's units.
struct Outline {
    builder: PathBuilder,
    /// Where the glyph begins.
    x: f32,
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.builder.move_to(self.x + x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.builder.line_to(self.x + x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.builder.quad_to(self.x + x1, y1, self.x + x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.builder.cubic_to(self.x + x1, y1, self.x + x2, y2, self.x + x, y);
    }

    fn close(&mut self) {
        self.builder.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_lines_leave_ink() {
        let blank = Picture::new(60.0, 40.0, "");
        let ink = |picture: &Picture| {
            let map = Pixmap::decode_png(&picture.png(2.0).expect("a picture")).expect("a PNG");
            assert_eq!((map.width(), map.height()), (120, 80));
            map.pixels().iter().filter(|p| p.red() < 128).count()
        };
        assert_eq!(ink(&blank), 0);
        let (mut words, mut lines) = (blank.clone(), blank.clone());
        words.label(30.0, 20.0, Anchor::Middle, Colour(0), "mV \u{2212}50");
        words.upward_label(10.0, 20.0, "up");
        lines.path("M5 5H50V30h-10v-5L5 5Z", Colour(0), 2.0);
        assert!(ink(&words) > 100, "{}", ink(&words));
        assert!((900..1200).contains(&ink(&lines)), "{}", ink(&lines));
    }

    #[test]
    fn sizes_without_pixels_are_problems() {
        assert!(Picture::new(0.0, 40.0, "").png(1.0).is_err());
        assert!(Picture::new(f64::NAN, 40.0, "").png(1.0).is_err());
    }
}
