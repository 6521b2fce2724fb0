//! Tokens to [`ast::File`](crate::ast::File): recursive descent by hand. It reports what it does not understand,
//! skips to where it can go on, and always returns a file.

mod blocks;
mod declarations;
mod expression;
mod kinetic;
mod statements;

use std::collections::HashMap;

use crate::ast::{DeclarationKind, File, Local, Name, Verbatim};
use crate::diagnostic::Report;
use crate::lex::{Token, TokenKind, lex};
use crate::span::Span;

/// Expressions and blocks may nest so deep; more is an error, so that no later pass runs out of stack.
pub(crate) const DEEPEST: u32 = 200;

/// The longest array.
const LONGEST: f64 = 30_000.0;

/// Words of NMODL that this compiler refuses: NEURON 9 has dropped them, or uses them for nothing.
const UNSUPPORTED: [&str; 6] = ["DISCRETE", "LAG", "MATCH", "PARTIAL", "RESET", "EQUATION"];

/// Reads a file.
pub(crate) fn parse<'a>(text: &'a str, report: &mut Report<'a>) -> File {
    let mut parser = Parser { text, tokens: lex(text), at: 0, depth: 0, defined: HashMap::new(), report };
    parser.file()
}

/// What cannot be understood here; already reported. The caller skips to safety.
struct Lost;

type Parsed<T> = Result<T, Lost>;

struct Parser<'a, 'b> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    /// Numbers of DEFINE.
    defined: HashMap<&'a str, f64>,
    report: &'b mut Report<'a>,
}

// Tokens.
impl<'a> Parser<'a, '_> {
    fn peek(&self) -> Token {
        self.tokens[self.at]
    }

    fn kind_after(&self) -> TokenKind {
        self.tokens[(self.at + 1).min(self.tokens.len() - 1)].kind
    }

    fn advance(&mut self) -> Token {
        let token = self.peek();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn text_of(&self, span: Span) -> &'a str {
        &self.text[span.start as usize..span.end as usize]
    }

    fn word(&self) -> Option<&'a str> {
        let token = self.peek();
        (token.kind == TokenKind::Name).then(|| self.text_of(token.span))
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek().kind, TokenKind::Symbol(found) if found == symbol)
    }

    fn is_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Parsed<Span> {
        if self.is_symbol(symbol) { Ok(self.advance().span) } else { self.expected(&format!("`{symbol}`")) }
    }

    fn expected<T>(&mut self, what: &str) -> Parsed<T> {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the end of the file".to_string(),
            _ => format!("`{}`", self.text_of(token.span).lines().next().unwrap_or_default()),
        };
        if let Some(word) = self.word().filter(|word| UNSUPPORTED.contains(word)) {
            self.unsupported(word, token.span);
        } else {
            self.report.error("nmodl-syntax", token.span, format!("expected {what}, found {found}"));
        }
        Err(Lost)
    }

    fn unsupported(&mut self, construct: &str, span: Span) {
        self.report.error("nmodl-unsupported", span, format!("{construct} is not supported"));
    }

    fn name(&mut self, what: &str) -> Parsed<Name> {
        match self.word() {
            Some(text) => Ok(Name { text: text.to_string(), span: self.advance().span }),
            None => self.expected(what),
        }
    }

    /// One or more names with commas between.
    fn names(&mut self) -> Parsed<Vec<Name>> {
        let mut names = vec![self.name("a name")?];
        while self.take_symbol(",") {
            names.push(self.name("a name")?);
        }
        Ok(names)
    }

    /// A number that may have a sign.
    fn number(&mut self) -> Parsed<f64> {
        let negative = self.take_symbol("-");
        let value = match self.peek().kind {
            TokenKind::Number(value) => value,
            _ => match self.word().and_then(|word| self.defined.get(word)) {
                Some(value) => *value,
                None => return self.expected("a number"),
            },
        };
        self.advance();
        Ok(if negative { -value } else { value })
    }

    /// `[n]` after the name of an array.
    fn length(&mut self) -> Parsed<Option<u32>> {
        if !self.take_symbol("[") {
            return Ok(None);
        }
        let span = self.peek().span;
        let number = self.number()?;
        self.expect("]")?;
        if !(1.0..=LONGEST).contains(&number) || number.fract() != 0.0 {
            let message = format!("an array has between 1 and {LONGEST} elements, not {number}");
            self.report.error("nmodl-array", span, message);
            return Err(Lost);
        }
        Ok(Some(number as u32))
    }

    /// Names of LOCAL, after the keyword.
    fn locals(&mut self) -> Parsed<Vec<Local>> {
        let mut locals = Vec::new();
        loop {
            let name = self.name("a name")?;
            locals.push(Local { name, length: self.length()? });
            if !self.take_symbol(",") {
                return Ok(locals);
            }
        }
    }

    /// The text between parentheses, if one opens here.
    fn unit(&mut self) -> Parsed<Option<String>> {
        if !self.is_symbol("(") {
            return Ok(None);
        }
        let open = self.advance().span;
        while !self.is_symbol(")") {
            if self.is_end() || self.is_symbol("{") || self.is_symbol("}") {
                return self.expected("`)` after a unit");
            }
            self.advance();
        }
        let close = self.advance().span;
        Ok(Some(self.text[open.end as usize..close.start as usize].trim().to_string()))
    }

    fn verbatim(&mut self) -> Verbatim {
        let span = self.advance().span;
        let code = self.text_of(span).trim_start_matches("VERBATIM");
        let text = code.strip_suffix("ENDVERBATIM").unwrap_or(code).to_string();
        Verbatim { text, span }
    }

    /// Skips a block from before its `{` to after its `}`.
    fn skip_block(&mut self) {
        while !self.is_symbol("{") && !self.is_end() {
            self.advance();
        }
        self.advance();
        self.leave_block();
    }

    /// Skips to the `}` that closes the present block, and over it.
    fn leave_block(&mut self) {
        let mut depth = 1;
        while depth > 0 && !self.is_end() {
            match self.advance().kind {
                TokenKind::Symbol("{") => depth += 1,
                TokenKind::Symbol("}") => depth -= 1,
                _ => {}
            }
        }
    }

    /// True if the token here stands on a later line than the one before it.
    fn at_new_line(&self) -> bool {
        let before = if self.at > 0 { self.tokens[self.at - 1].span.end } else { 0 };
        self.text_of(Span { start: before, end: self.peek().span.start }).contains(['\n', '\r'])
    }

    fn skip_line(&mut self) {
        self.advance();
        while !self.is_end() && !self.at_new_line() && !self.is_symbol("}") {
            self.advance();
        }
    }
}

// The file.
impl<'a> Parser<'a, '_> {
    fn file(&mut self) -> File {
        let mut file = File { units_off: self.take_units_switches(), ..File::default() };
        while !self.is_end() {
            let token = self.peek();
            match token.kind {
                TokenKind::Title => {
                    self.advance();
                    file.title = Some(self.text_of(token.span)["TITLE".len()..].trim().to_string());
                }
                TokenKind::Verbatim => file.verbatim.push(self.verbatim()),
                _ => self.item(&mut file),
            }
        }
        file
    }

    /// Removes UNITSON and UNITSOFF from the tokens; the stretches in which units are off.
    fn take_units_switches(&mut self) -> Vec<Span> {
        let mut off: Option<u32> = None;
        let mut stretches = Vec::new();
        let text = self.text;
        self.tokens.retain(|token| {
            let word = &text[token.span.start as usize..token.span.end as usize];
            match (token.kind, word) {
                (TokenKind::Name, "UNITSOFF") => off = off.or(Some(token.span.start)),
                (TokenKind::Name, "UNITSON") => {
                    stretches.extend(off.take().map(|start| Span { start, end: token.span.end }));
                }
                _ => return true,
            }
            false
        });
        stretches.extend(off.map(|start| Span { start, end: text.len() as u32 }));
        stretches
    }

    fn item(&mut self, file: &mut File) {
        let span = self.peek().span;
        let Some(word) = self.word() else {
            let _ = self.expected::<()>("a block such as NEURON or BREAKPOINT");
            return self.skip_line();
        };
        match word {
            "NEURON" => self.entries(|parser| parser.neuron(&mut file.neuron)),
            "UNITS" => self.entries(|parser| parser.unit_definition(&mut file.units)),
            "PARAMETER" => self.declarations(DeclarationKind::Parameter, file),
            "CONSTANT" => self.declarations(DeclarationKind::Constant, file),
            "ASSIGNED" => self.declarations(DeclarationKind::Assigned, file),
            "STATE" => self.declarations(DeclarationKind::State, file),
            "INDEPENDENT" => self.skip_block(),
            "PLOT" | "SENS" | "SWEEP" => self.skip_line(),
            "DEFINE" => drop(self.define()),
            "INCLUDE" => self.include(),
            "LOCAL" => {
                self.advance();
                if let Ok(locals) = self.locals() {
                    file.locals.extend(locals);
                }
            }
            "INITIAL" | "BREAKPOINT" | "DERIVATIVE" | "KINETIC" | "LINEAR" | "NONLINEAR" | "PROCEDURE" | "FUNCTION"
            | "FUNCTION_TABLE" | "NET_RECEIVE" | "CONSTRUCTOR" | "DESTRUCTOR" | "BEFORE" | "AFTER" => {
                file.blocks.extend(self.block(word));
            }
            _ if UNSUPPORTED.contains(&word) => {
                self.unsupported(word, span);
                self.skip_block();
            }
            _ => {
                let _ = self.expected::<()>("a block such as NEURON or BREAKPOINT");
                self.advance();
                if matches!(self.kind_after(), TokenKind::Symbol("{")) || self.is_symbol("{") {
                    self.skip_block();
                } else if !self.at_new_line() {
                    self.skip_line();
                }
            }
        }
    }

    /// `DEFINE NAME integer`
    fn define(&mut self) -> Parsed<()> {
        self.advance();
        let span = self.peek().span;
        self.name("a name")?;
        let value = self.number()?;
        self.defined.insert(self.text_of(span), value);
        Ok(())
    }

    /// An INCLUDE that is still there when the text is parsed: nobody spliced the file in.
    fn include(&mut self) {
        self.advance();
        let span = self.peek().span;
        let file = self.text_of(span).trim_matches('"').to_string();
        self.advance();
        let help = "put the file beside this one";
        self.report.error_help("nmodl-file", span, format!("the file `{file}` of INCLUDE was not found"), help);
    }
}
