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

/// A piece of C may have so many tokens.
const MOST_TOKENS: usize = 100_000;

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
        if tokens.len() > MOST_TOKENS {
            return Err("it is too long, or its #defines grow without end".into());
        }
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
            number(rest, &mut tokens)?
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

fn number(rest: &str, tokens: &mut Vec<Token>) -> Result<usize, String> {
    let mut length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let mut whole = !rest[..length].contains('.');
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        let digits = rest[length + 1 + sign..].bytes().take_while(u8::is_ascii_digit).count();
        length += if digits > 0 { 1 + sign + digits } else { 0 };
        whole &= digits == 0;
    }
    let value = rest[..length].parse().map_err(|_| format!("`{}` is no number", &rest[..length]))?;
    tokens.push(Token::Number(value, whole));
    Ok(length + usize::from(rest[length..].starts_with(['f', 'F', 'L', 'u', 'U'])))
}

/// Opening braces less closing ones.
pub(crate) fn braces(code: &str) -> i32 {
    let plain = without_comments(code);
    let count = |brace: &'static str| match plain_tokens(&plain) {
        Ok(tokens) => tokens.iter().filter(|token| **token == Token::Symbol(brace)).count() as i32,
        Err(_) => plain.matches(brace).count() as i32,
    };
    count("{") - count("}")
}

/// The code with a space for each comment; texts are kept.
fn blank_comments(code: &str) -> String {
    let mut plain = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        plain += &rest[..at];
        rest = &rest[at..];
        let length = match () {
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with('"') => text_length(rest).unwrap_or(1),
            _ if rest.starts_with("'") => rest[1..].find('\'').filter(|end| *end <= 2).map_or(1, |end| end + 2),
            _ => 1,
        };
        let is_comment = rest.starts_with("/*") || rest.starts_with("//");
        plain += if is_comment { " " } else { &rest[..length] };
        rest = &rest[length..];
    }
    plain + rest
}

/// One `#if` that is open.
struct Branch {
    /// Whether the present part is compiled.
    active: bool,
    /// Whether one of its parts was.
    taken: bool,
}

/// Without comments and preprocessor lines; of `#if ... #else ... #endif` the part that NEURON 9 compiles is kept.
pub(super) fn without_comments(code: &str) -> String {
    let mut kept = String::new();
    let mut open: Vec<Branch> = Vec::new();
    for line in blank_comments(code).lines() {
        let Some(word) = line.trim_start().strip_prefix('#').map(str::trim_start) else {
            if open.iter().all(|branch| branch.active) {
                kept += line;
                kept.push('\n');
            }
            continue;
        };
        if word.starts_with("if") {
            open.push(Branch { active: holds(word), taken: holds(word) });
        } else if word.starts_with("endif") {
            open.pop();
        } else if let Some(branch) = open.last_mut().filter(|_| word.starts_with("el")) {
            branch.active = !branch.taken && (word.starts_with("else") || holds(&word[2..]));
            branch.taken |= branch.active;
        }
    }
    kept
}

/// Whether NEURON 9, outside of CoreNEURON, takes the first part of a condition.
fn holds(condition: &str) -> bool {
    let core = condition.contains("NRNBBCORE") || condition.contains("CORENEURON");
    let denied = condition.contains('!') || condition.starts_with("ifndef");
    if let Ok(number) = condition.trim_start_matches("if").trim().parse::<i64>() {
        return number != 0;
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
