//! Pictures as SVG text.

use std::fmt::Write;

use crate::plot::{Anchor, Colour, Picture, Pixels, Shape, Text};
use crate::png;

impl Picture {
    /// The picture as an SVG document.
    pub fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" \
             font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
        );
        for shape in &self.shapes {
            text.push_str(&element(shape));
            text.push('\n');
        }
        text.push_str("</svg>\n");
        text
    }
}

fn hex(colour: Colour) -> String {
    format!("#{:06x}", colour.0)
}

fn element(shape: &Shape) -> String {
    match shape {
        Shape::Line { data, stroke, width } => {
            let stroke = hex(*stroke);
            format!(
                "<path d=\"{data}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" stroke-linejoin=\"round\"/>"
            )
        }
        Shape::Area { data, fill } => {
            format!("<path d=\"{data}\" fill=\"{}\" fill-opacity=\"{}\"/>", hex(*fill), png::AREA_OPACITY)
        }
        Shape::Text(text) => words(text),
        Shape::Image { place: [x, y, width, height], pixels } => format!(
            "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             preserveAspectRatio=\"none\" href=\"{}\"/>",
            data_address(pixels)
        ),
    }
}

fn words(text: &Text) -> String {
    let anchor = match text.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let place = match text.upward {
        true => format!("transform=\"translate({:.1} {:.1}) rotate(-90)\"", text.x, text.y),
        false => format!("x=\"{:.1}\" y=\"{:.1}\"", text.x, text.y),
    };
    let size = if text.size_px == 12.0 { String::new() } else { format!(" font-size=\"{}\"", text.size_px) };
    let weight = if text.bold { " font-weight=\"bold\"" } else { "" };
    let (fill, content) = (hex(text.fill), escape(&text.content));
    format!("<text {place} text-anchor=\"{anchor}\"{size}{weight} fill=\"{fill}\">{content}</text>")
}

fn escape(text: &str) -> String {
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    printable.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Pixels as a PNG inside an address.
fn data_address(pixels: &Pixels) -> String {
    let bytes = png::encode(pixels).unwrap_or_default();
    let mut address = String::from("data:image/png;base64,");
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let digit = (word >> (18 - 6 * i) & 63) as u8;
            let _ = address.write_char(if i <= three.len() { base64_digit(digit) } else { '=' });
        }
    }
    address
}

fn base64_digit(digit: u8) -> char {
    match digit {
        0..26 => (b'A' + digit) as char,
        26..52 => (b'a' + digit - 26) as char,
        52..62 => (b'0' + digit - 52) as char,
        62 => '+',
        _ => '/',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_break_out() {
        let mut picture = Picture::new(100.0, 50.0, "a < b & \"c\"\n");
        picture.upward_label(1.0, 2.0, "</svg>");
        let svg = picture.svg();
        assert!(svg.contains("a &lt; b &amp; &quot;c&quot; <") && svg.contains("&lt;/svg&gt;"), "{svg}");
        assert_eq!(svg.matches("</svg>").count(), 1);
    }

    #[test]
    fn images_are_png_in_base64() {
        let address = data_address(&Pixels { columns: 1, rows: 1, rgba: vec![255, 0, 0, 255] });
        assert!(address.starts_with("data:image/png;base64,iVBORw0KGgo"), "{address}");
        assert_eq!((address.len() - 22) % 4, 0);
    }
}
