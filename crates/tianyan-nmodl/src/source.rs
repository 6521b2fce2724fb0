//! INCLUDE: other files are spliced into the text, between comments that say where each begins and ends, so that
//! messages find their way back to the file and line they are about.

use crate::lex::{TokenKind, lex};

const BEGIN: &str = ":@include ";
const END: &str = ":@end";

/// Files may include files so deep.
const DEEPEST: usize = 10;

/// The text with `\n` at the end of each line, also where old editors wrote `\r`.
pub(crate) fn with_newlines(text: &str) -> std::borrow::Cow<'_, str> {
    match text.contains('\r') {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    }
}

/// Replaces each `INCLUDE "name"` by the text that `read` gives for the name; where it gives none the statement
/// stays, and compiling says so. All lines end with `\n`.
pub fn splice(text: &str, read: &mut dyn FnMut(&str) -> Option<String>) -> String {
    spliced(&with_newlines(text), read, 0)
}

fn spliced(text: &str, read: &mut dyn FnMut(&str) -> Option<String>, depth: usize) -> String {
    if !text.contains("INCLUDE") || depth > DEEPEST {
        return text.to_string();
    }
    let tokens = lex(text);
    let mut result = String::new();
    let mut done = 0;
    for pair in tokens.windows(2) {
        let [keyword, name] = pair else { continue };
        let range = |token: &crate::lex::Token| token.span.start as usize..token.span.end as usize;
        if keyword.kind != TokenKind::Name || &text[range(keyword)] != "INCLUDE" || name.kind != TokenKind::Text {
            continue;
        }
        let file = text[range(name)].trim_matches('"');
        if let Some(inner) = read(file) {
            result += &text[done..range(keyword).start];
            let inner = spliced(&with_newlines(&inner), read, depth + 1);
            result += &format!("\n{BEGIN}{file}\n{inner}\n{END}\n");
            done = range(name).end;
        }
    }
    result + &text[done..]
}

/// What a light look at a text finds, before anything is compiled.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The last word after SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL.
    pub name: Option<String>,
    /// The ions of USEION.
    pub ions: Vec<String>,
    /// True for an ARTIFICIAL_CELL.
    pub artificial: bool,
}

/// The name of a mechanism whose file gives it none: the file's, without folder and ending, as a word of NMODL.
pub(crate) fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Looks for the names that NEURON blocks give; a NEURON block without one leaves the name to the file.
pub fn outline(file: &str, text: &str) -> Outline {
    let text = with_newlines(text);
    let tokens = lex(&text);
    let word = |token: &crate::lex::Token| &text[token.span.start as usize..token.span.end as usize];
    let mut found = Outline::default();
    for pair in tokens.windows(2).filter(|pair| pair.iter().all(|token| token.kind == TokenKind::Name)) {
        let name = word(&pair[1]).to_string();
        match word(&pair[0]) {
            kind @ ("SUFFIX" | "POINT_PROCESS" | "ARTIFICIAL_CELL") => {
                found.name = Some(name);
                found.artificial = kind == "ARTIFICIAL_CELL";
            }
            "USEION" => found.ions.push(name),
            _ => {}
        }
    }
    if found.name.is_none() && tokens.iter().any(|token| token.kind == TokenKind::Name && word(token) == "NEURON") {
        found.name = Some(stem(file));
    }
    found
}

/// The included file that byte `at` of a spliced text stands in (none: the file itself), and its line there,
/// counted from 1.
pub(crate) fn place(text: &str, at: usize) -> (Option<&str>, u32) {
    let mut open: Vec<(Option<&str>, u32)> = vec![(None, 0)];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_end();
        if let Some(file) = trimmed.strip_prefix(BEGIN) {
            open.push((Some(file), 0));
        } else if trimmed == END && open.len() > 1 {
            open.pop();
            // The rest of the line that held INCLUDE follows; the line break before BEGIN was counted already.
            if let Some(last) = open.last_mut() {
                last.1 = last.1.saturating_sub(1);
            }
        } else if let Some(last) = open.last_mut() {
            last.1 += 1;
        }
        start += line.len();
        if at < start {
            break;
        }
    }
    let (file, line) = open.last().copied().unwrap_or((None, 1));
    (file, line.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_again() {
        let text = "one\ntwo INCLUDE \"a.inc\" more\nthree";
        let all = splice(text, &mut |name| (name == "a.inc").then(|| "first\nsecond".to_string()));
        let at = |word: &str| place(&all, all.find(word).unwrap());
        assert_eq!(at("one"), (None, 1));
        assert_eq!(at("two"), (None, 2));
        assert_eq!(at("first"), (Some("a.inc"), 1));
        assert_eq!(at("second"), (Some("a.inc"), 2));
        assert_eq!(at("more"), (None, 2));
        assert_eq!(at("three"), (None, 3));
        assert_eq!(splice(text, &mut |_| None), text);
    }

    #[test]
    fn an_outline_skips_comments() {
        let text = "TITLE SUFFIX no\rCOMMENT\rSUFFIX no\rENDCOMMENT NEURON { : SUFFIX no\r SUFFIX yes\r \
                    USEION na READ ena WRITE ina\rUSEION k READ ek }";
        let (name, ions) = (Some("yes".into()), vec!["na".into(), "k".into()]);
        assert_eq!(outline("a.mod", text), Outline { name, ions, artificial: false });
        assert_eq!(outline("a.mod", "NEURON { POINT_PROCESS Syn }").name.as_deref(), Some("Syn"));
        assert_eq!(outline("in/a-b.mod", "NEURON { RANGE x }").name.as_deref(), Some("a_b"));
        assert_eq!(outline("a.mod", "PARAMETER { x }").name, None);
    }
}
