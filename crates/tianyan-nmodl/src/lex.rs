//! Text to tokens. Comments vanish here; nothing is ever refused: what cannot be read becomes
//! [`TokenKind::Unknown`], and the parser says so where it stands.

use crate::span::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum TokenKind {
    /// A word: keyword or name.
    Name,
    /// A number without sign.
    Number(f64),
    /// Punctuation and operators.
    Symbol(&'static str),
    /// `TITLE` and the rest of its line.
    Title,
    /// `VERBATIM ... ENDVERBATIM`.
    Verbatim,
    /// A quoted string.
    Text,
    /// A character NMODL does not have.
    Unknown,
    /// After the last token.
    End,
}

/// A piece of text with its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Where it stands.
    pub(crate) span: Span,
}

/// Longer symbols first.
const SYMBOLS: [&str; 29] = [
    "<->", "->", "<<", "~+", "~", "@", "<=", ">=", "==", "!=", "&&", "||", "{", "}", "(", ")", "[", "]", "+", "-", "*",
    "/", "^", "=", "<", ">", "!", ",", "'",
];

/// Splits a text into tokens; the last one is [`TokenKind::End`].
pub(crate) fn lex(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = text[at..].chars().next() {
        let (kind, length) = next(&text[at..], character);
        let span = Span { start: at as u32, end: (at + length) as u32 };
        at += length;
        tokens.extend(kind.map(|kind| Token { kind, span }));
    }
    let end = text.len() as u32;
    tokens.push(Token { kind: TokenKind::End, span: Span { start: end, end } });
    tokens
}

/// The token at the start of `rest` (none for space and comments) and its length in bytes.
fn next(rest: &str, character: char) -> (Option<TokenKind>, usize) {
    match character {
        ':' | '?' => (None, line_length(rest)),
        '"' => (Some(TokenKind::Text), text_length(rest)),
        _ if character.is_whitespace() || character.is_control() => (None, character.len_utf8()),
        _ if character.is_ascii_alphabetic() || character == '_' => word(rest),
        _ if character.is_ascii_digit() || (character == '.' && digit_at(rest, 1)) => number(rest),
        _ => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => (Some(TokenKind::Symbol(symbol)), symbol.len()),
            None => (Some(TokenKind::Unknown), character.len_utf8()),
        },
    }
}

fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn text_length(rest: &str) -> usize {
    match rest[1..].find(['"', '\n']) {
        Some(length) if rest.as_bytes()[1 + length] == b'"' => length + 2,
        Some(length) => length + 1,
        None => rest.len(),
    }
}

fn word(rest: &str) -> (Option<TokenKind>, usize) {
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    match &rest[..length] {
        "COMMENT" => (None, through(rest, "ENDCOMMENT")),
        "VERBATIM" => (Some(TokenKind::Verbatim), through(rest, "ENDVERBATIM")),
        "TITLE" => (Some(TokenKind::Title), line_length(rest)),
        _ => (Some(TokenKind::Name), length),
    }
}

/// The length up to and including `end`, or of everything if `end` is missing.
fn through(rest: &str, end: &str) -> usize {
    rest.find(end).map_or(rest.len(), |at| at + end.len())
}

fn digit_at(rest: &str, at: usize) -> bool {
    rest.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

fn number(rest: &str) -> (Option<TokenKind>, usize) {
    let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if rest[length..].starts_with('.') {
        length += 1;
        length += digits(length);
    }
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        if digit_at(rest, length + 1 + sign) {
            length += 1 + sign;
            length += digits(length);
        }
    }
    let value = rest[..length].parse().unwrap_or(f64::NAN);
    (Some(TokenKind::Number(value)), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        lex(text).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn numbers_end_where_they_end() {
        use TokenKind::{End, Name, Number, Symbol};
        assert_eq!(kinds("1.e-3x"), [Number(1e-3), Name, End]);
        assert_eq!(kinds(".5-2"), [Number(0.5), Symbol("-"), Number(2.0), End]);
        assert_eq!(kinds("3e"), [Number(3.0), Name, End]);
    }

    #[test]
    fn comments_vanish() {
        assert_eq!(kinds("COMMENT a ENDCOMMENT : b\n? c\nx"), [TokenKind::Name, TokenKind::End]);
        assert_eq!(kinds("TITLE a b\nx"), [TokenKind::Title, TokenKind::Name, TokenKind::End]);
        assert_eq!(kinds("µ"), [TokenKind::Unknown, TokenKind::End]);
    }
}
