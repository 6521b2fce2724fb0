//! Bytes to lines: refuses what is no text at all, and knows the faults of encoding.

use tianyan_model::{Place, Problem, Problems};

/// A line that holds more than white space and comment.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Counted from 1.
    pub number: u32,
    /// The whole line, with its comment.
    pub text: String,
    /// True if the file ends here without a line ending.
    pub unfinished: bool,
}

impl Line {
    /// Its words before any `#`, each with its column in characters, counted from 1.
    pub fn words(&self) -> Vec<(u32, &str)> {
        let data = self.text.split('#').next().unwrap_or("");
        let mut words = Vec::new();
        let mut rest = data;
        while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
            let word = &rest[start..];
            let word = &word[..word.find(char::is_whitespace).unwrap_or(word.len())];
            let offset = data.len() - rest.len() + start;
            words.push((data[..offset].chars().count() as u32 + 1, word));
            rest = &rest[start + word.len()..];
        }
        words
    }
}

/// The lines with data.
pub(super) fn lines(file_name: &str, bytes: &[u8]) -> Result<Vec<Line>, Problems> {
    if let Some(problem) = encoding(bytes) {
        return Err(problem.at(Place::file(file_name)).into());
    }
    // Comments in old files are often Latin-1; a broken letter there must not stop us.
    let text = String::from_utf8_lossy(bytes);
    let ending = if text.contains('\n') { '\n' } else { '\r' };
    let finished = text.ends_with(ending);
    let mut lines: Vec<Line> = text
        .split(ending)
        .zip(1..)
        .map(|(line, number)| Line { number, text: line.trim_end_matches('\r').into(), unfinished: false })
        .collect();
    if let Some(last) = lines.last_mut().filter(|_| !finished) {
        last.unfinished = true;
    }
    lines.retain(|line| !line.words().is_empty());
    check(file_name, &lines)?;
    Ok(lines)
}

fn encoding(bytes: &[u8]) -> Option<Problem> {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if utf16 || bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        let what = if utf16 { "UTF-16" } else { "UTF-8" };
        return Some(
            Problem::new("swc-bom", format!("the file begins with a byte order mark ({what})"))
                .help("save it as plain UTF-8 without a byte order mark"),
        );
    }
    let at = bytes.iter().position(|b| *b < 0x20 && !b"\t\n\r\x0b\x0c".contains(b))?;
    Some(
        Problem::new("swc-binary", format!("byte {} (0x{:02x}) belongs to no text", at + 1, bytes[at]))
            .help("an SWC file is plain text; unpack it first if it is compressed"),
    )
}

fn check(file_name: &str, lines: &[Line]) -> Result<(), Problems> {
    let Some(first) = lines.first() else {
        return Err(Problem::new("swc-empty", "the file holds no samples, only blank lines or comments")
            .at(Place::file(file_name))
            .help("each sample is a line `id type x y z radius parent`")
            .into());
    };
    let numeric =
        |line: &Line| line.words().first().is_some_and(|(_, w)| w.starts_with(|c: char| "+-.0123456789".contains(c)));
    if lines.iter().any(numeric) {
        return Ok(());
    }
    let mut place = Place::file(file_name).at(first.number, first.words().first().map_or(1, |w| w.0));
    place.source_line = Some(super::faults::shown(&first.text));
    let problem = Problem::new("swc-not-swc", "no line begins with a number, so this is no SWC file").at(place);
    let help =
        "each sample is a line `id type x y z radius parent`; Neurolucida, XML and Matlab files must be converted";
    Err(problem.help(help).into())
}
