//! C to tokens, after the preprocessor.

use std::collections::BTreeMap;

/// A piece of C.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    /// A number, and whether it is written as a whole one.
    Number(f64, bool),
    Symbol(&'static str),
    Text,
    /// Statements of NMODL that stand between two pieces of C.
    Nmodl(usize),
}

/// Longer symbols first.
const SYMBOLS: [&str; 42] = [
    "<<=", ">>=", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "++", "--", "->", "::", "<<", ">>", "{",
    "}", "(", ")", "[", "]", ";", ",", "=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", "&", "|", "^", "~",
];

/// Names of `#define` that stand for a few tokens.
pub(super) type Defines = BTreeMap<String, Vec<Token>>;

/// `#define NAME tokens` of all pieces of a file.
pub(super) fn defines<'a>(codes: impl Iterator<Item = &'a str>) -> Defines {
    let mut found = Defines::new();
    for line in codes.flat_map(str::lines) {
        let Some(rest) = line.trim_start().strip_prefix('#').map(str::trim_start) else { continue };
        let Some(rest) = rest.strip_prefix("define").map(str::trim) else { continue };
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, value) = rest.split_at(length);
        let value = value.split("//").next().unwrap_or_default().split("/*").next().unwrap_or_default();
        if name.is_empty() || value.starts_with('(') || value.trim().is_empty() {
            continue; // a macro with arguments, or a switch
        }
        if let Ok(tokens) = plain_tokens(value) {
            found.insert(name.to_string(), tokens);
        }
    }
    found
}

/// The tokens of a piece, names of `#define` replaced.
pub(super) fn tokens(code: &str, defines: &Defines) -> Result<Vec<Token>, String> {
    let mut tokens = plain_tokens(&without_comments(code))?;
    // Defined names may stand in each other.
    for _ in 0..4 {
        let replaced = |token: &Token| match token {
            Token::Word(word) => defines.get(word).cloned(),
            _ => None,
        };
        tokens = tokens.iter().flat_map(|token| replaced(token).unwrap_or_else(|| vec![token.clone()])).collect();
    }
    Ok(tokens)
}

fn plain_tokens(code: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_string()));
            length
        } else if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            number(rest, &mut tokens)
        } else if first == '"' {
            tokens.push(Token::Text);
            text_length(rest).ok_or("a text without end")?
        } else {
            let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
            let symbol = symbol.ok_or_else(|| format!("`{first}`"))?;
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

/// The length of a text with both quotes.
fn text_length(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            '"' if !escaped => return Some(at + 1),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn number(rest: &str, tokens: &mut Vec<Token>) -> usize {
    let mut length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let mut whole = !rest[..length].contains('.');
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        let digits = rest[length + 1 + sign..].bytes().take_while(u8::is_ascii_digit).count();
        length += if digits > 0 { 1 + sign + digits } else { 0 };
        whole &= digits == 0;
    }
    tokens.push(Token::Number(rest[..length].parse().unwrap_or(f64::NAN), whole));
    length + usize::from(rest[length..].starts_with(['f', 'F', 'L', 'u', 'U']))
}

/// Opening braces less closing ones.
pub(crate) fn braces(code: &str) -> i32 {
    let plain = without_comments(code);
    plain.matches('{').count() as i32 - plain.matches('}').count() as i32
}

/// Without comments and preprocessor lines; of `#if ... #else ... #endif` the part that NEURON 9 compiles is kept.
pub(super) fn without_comments(code: &str) -> String {
    let mut plain = String::new();
    let mut rest = code;
    while let Some(start) = rest.find("/*") {
        plain += &rest[..start];
        rest = rest[start..].find("*/").map_or("", |end| &rest[start + end + 2..]);
    }
    plain += rest;
    let mut kept = String::new();
    let mut open: Vec<bool> = Vec::new();
    for line in plain.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let directive = line.trim_start().strip_prefix('#').map(str::trim_start);
        match directive {
            Some(word) if word.starts_with("if") => open.push(holds(word)),
            Some(word) if word.starts_with("else") => {
                open.iter_mut().next_back().into_iter().for_each(|last| *last = !*last)
            }
            Some(word) if word.starts_with("elif") => {
                open.iter_mut().next_back().into_iter().for_each(|last| *last = false)
            }
            Some(word) if word.starts_with("endif") => drop(open.pop()),
            Some(_) => {}
            None if open.iter().all(|holds| *holds) => {
                kept += line;
                kept.push('\n');
            }
            None => {}
        }
    }
    kept
}

/// Whether NEURON 9, outside of CoreNEURON, takes the first part of a condition.
fn holds(condition: &str) -> bool {
    let core = condition.contains("NRNBBCORE") || condition.contains("CORENEURON");
    let denied = condition.contains('!') || condition.starts_with("ifndef");
    if condition.trim_start_matches("if").trim() == "0" {
        return false;
    }
    match version(condition) {
        Some(holds) => holds,
        None if core => denied,
        None => condition.contains("GTEQ") != condition.starts_with("ifndef"),
    }
}

/// `NRN_VERSION_LT(9, 0, 0)` and its like, for NEURON 9.0.2.
fn version(condition: &str) -> Option<bool> {
    let rest = condition.split("NRN_VERSION_").nth(1)?;
    let (relation, rest) = rest.split_once('(')?;
    let numbers = rest.split(')').next()?.split(',').map(|part| part.trim().parse::<u32>().ok());
    let asked: Vec<u32> = numbers.collect::<Option<_>>()?;
    let ours = [9, 0, 2];
    Some(match relation.trim() {
        "EQ" => ours[..] == asked[..],
        "NE" => ours[..] != asked[..],
        "GT" => ours[..] > asked[..],
        "LT" => ours[..] < asked[..],
        "GTEQ" => ours[..] >= asked[..],
        "LTEQ" => ours[..] <= asked[..],
        _ => return None,
    })
}
