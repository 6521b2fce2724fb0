//! As much of C as public files need: arithmetic on NMODL's names, `if`, `switch`, loops, `return`, local numbers and
//! arrays, functions of numbers. What it means is said in NMODL's own statements.
//!
//! | file | what it reads |
//! |---|---|
//! | `tokens` | comments, the preprocessor, tokens |
//! | `statements` | declarations, assignments, `return` |
//! | `control` | `if`, loops, `switch` |
//! | `expressions` | expressions, draws from random streams |
//! | `pointers` | what is left out |
//!
//! Pointers are taken for what they are in a model without hoc: those to random streams exist, all others are null, so
//! that what happens only behind `if (vector) {...}` does not happen.

mod control;
mod expressions;
mod pointers;
mod statements;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{
    Argument, Block, BlockKind, Expression, ExpressionKind, Name, Statement, StatementKind, Variable, Verbatim,
};
use crate::span::Span;
use tokens::{Defines, Token};

pub(super) use tokens::braces;

/// What the code of a file may refer to.
pub(super) struct Context {
    /// Names of POINTERs, which may be random streams.
    pub(super) pointers: BTreeSet<String>,
    /// Names of `#define`.
    defines: Defines,
}

impl Context {
    /// The context of a file with these POINTERs and pieces of C.
    pub(super) fn new<'a>(pointers: BTreeSet<String>, codes: impl Iterator<Item = &'a str>) -> Context {
        Context { pointers, defines: tokens::defines(codes) }
    }
}

/// What a piece of C says.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) statements: Vec<Statement>,
    /// POINTERs that are random streams.
    pub(super) streams: BTreeSet<String>,
    /// Those that numbers are drawn from here.
    pub(super) drawn: BTreeSet<String>,
    /// True if something was left out.
    pub(super) dropped: bool,
}

/// Words that begin a declaration of a number.
const NUMBERS: [&str; 16] = [
    "double", "float", "int", "long", "short", "unsigned", "signed", "size_t", "uint32_t", "int32_t", "uint64_t",
    "bool", "const", "static", "inline", "auto",
];

/// Those among them whose values have a fraction, or that say nothing of it.
const FRACTIONS: [&str; 6] = ["double", "float", "const", "static", "inline", "auto"];

/// Code may nest so deep.
const DEEPEST: u32 = 100;

type Read<T> = Result<T, String>;

/// Local names of C whose type matters.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// Those that hold whole numbers.
    wholes: BTreeSet<String>,
    /// Those of pointers.
    nulls: BTreeSet<String>,
}

impl Default for Names {
    fn default() -> Names {
        Names { wholes: BTreeSet::new(), nulls: BTreeSet::from(["NULL", "nullptr"].map(String::from)) }
    }
}

/// Where a piece of C stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The piece, with both keywords.
    pub(super) span: Span,
    /// The FUNCTION it stands in.
    pub(super) own: Option<&'a str>,
    /// What hoc's Random draws there.
    pub(super) drawn: &'static str,
}

/// C, or NMODL between two pieces of C that belong together: `VERBATIM if (x) { ENDVERBATIM y = 1 VERBATIM } ENDVERBATIM`.
#[derive(Debug, Clone)]
pub(super) enum Part {
    C(Verbatim),
    Nmodl(Vec<Statement>),
}

/// Reads C that stands in a block, whose earlier pieces have declared `names`; an error says what cannot be read.
pub(super) fn translate(parts: Vec<Part>, place: Place, context: &Context, names: &mut Names) -> Read<Found> {
    let mut all = Vec::new();
    let mut between = Vec::new();
    for part in parts {
        match part {
            Part::C(code) => all.extend(tokens::tokens(&code.text, &context.defines)?),
            Part::Nmodl(statements) => {
                all.push(Token::Nmodl(between.len()));
                between.push(statements);
            }
        }
    }
    let mut reader = Reader::new(all, place, context);
    reader.between = between;
    reader.names = names.clone();
    let mut statements = Vec::new();
    while reader.at < reader.tokens.len() {
        reader.statement(&mut statements)?;
    }
    reader.found.statements = statements;
    *names = reader.names;
    Ok(reader.found)
}

/// Names of a function's arguments, and whether they hold whole numbers.
type Arguments = Vec<(String, bool)>;

/// A function that is written in C outside of all blocks.
pub(super) struct CFunction {
    arguments: Arguments,
    body: Vec<Token>,
    span: Span,
}

impl CFunction {
    /// The words in it, as NMODL has them.
    pub(super) fn words(&self) -> Vec<String> {
        let word = |token: &Token| if let Token::Word(word) = token { Some(plain(word)) } else { None };
        self.body.iter().filter_map(word).collect()
    }

    /// The piece of C it stands in.
    pub(super) fn span(&self) -> Span {
        self.span
    }
}

/// The functions of numbers among pieces of C, by name.
pub(super) fn functions<'a>(
    codes: impl Iterator<Item = (&'a str, Span)>,
    context: &Context,
) -> BTreeMap<String, CFunction> {
    let mut found = BTreeMap::new();
    for (code, span) in codes {
        let Ok(tokens) = tokens::tokens(code, &context.defines) else { continue };
        let mut depth = 0;
        for at in 0..tokens.len() {
            match &tokens[at] {
                Token::Symbol("{") => depth += 1,
                Token::Symbol("}") => depth -= 1,
                Token::Word(name) if depth == 0 => {
                    if let Some((arguments, body)) = definition(&tokens, at) {
                        found.insert(name.clone(), CFunction { arguments, body: body.to_vec(), span });
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// Arguments and body of the function whose name stands at `at`, if its type and arguments are
/// numbers.
fn definition(tokens: &[Token], at: usize) -> Option<(Arguments, &[Token])> {
    let is_type =
        |token: &Token| matches!(token, Token::Word(word) if NUMBERS.contains(&word.as_str()) || word == "void");
    if at == 0 || !is_type(&tokens[at - 1]) || tokens.get(at + 1) != Some(&Token::Symbol("(")) {
        return None;
    }
    let close = at + 2 + tokens[at + 2..].iter().position(|token| *token == Token::Symbol(")"))?;
    if tokens.get(close + 1) != Some(&Token::Symbol("{")) {
        return None;
    }
    let mut arguments = Vec::new();
    for part in tokens[at + 2..close].split(|token| *token == Token::Symbol(",")) {
        match part {
            [] => {}
            [Token::Word(word)] if word == "void" || word.starts_with('_') => {}
            [types @ .., Token::Word(name)] if !types.is_empty() && types.iter().all(is_type) => {
                let whole = |token: &Token| matches!(token, Token::Word(word) if !FRACTIONS.contains(&word.as_str()));
                arguments.push((name.clone(), types.iter().any(whole)));
            }
            _ => return None,
        }
    }
    let mut open = 0;
    let length = tokens[close + 1..].iter().position(|token| {
        open += i32::from(*token == Token::Symbol("{")) - i32::from(*token == Token::Symbol("}"));
        open == 0
    })?;
    Some((arguments, &tokens[close + 2..close + 1 + length]))
}

/// A function of C as a FUNCTION.
pub(super) fn function(name: &str, c: &CFunction, context: &Context) -> Read<(Block, Found)> {
    let place = Place { span: c.span, own: Some(name), drawn: "random_dpick" };
    let mut reader = Reader::new(c.body.clone(), place, context);
    reader.names.wholes.extend(c.arguments.iter().filter(|(_, whole)| *whole).map(|(name, _)| name.clone()));
    let mut body = Vec::new();
    while reader.at < reader.tokens.len() {
        reader.statement(&mut body)?;
    }
    let named = |text: &str| Name { text: text.to_string(), span: c.span };
    let argument = |(name, _): &(String, bool)| Argument { name: named(name), unit: String::new() };
    let block = Block {
        kind: BlockKind::Function,
        name: named(name),
        arguments: c.arguments.iter().map(argument).collect(),
        unit: String::new(),
        solve_for: Vec::new(),
        body,
    };
    Ok((block, reader.found))
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    span: Span,
    place: Place<'a>,
    context: &'a Context,
    found: Found,
    /// NMODL between pieces of C.
    between: Vec<Vec<Statement>>,
    names: Names,
    /// What an expression does before its value is used: `a ? b : c`, `(a = b) < c`.
    before: Vec<Statement>,
    /// Names made for that.
    made: u32,
}

impl<'a> Reader<'a> {
    fn new(tokens: Vec<Token>, place: Place<'a>, context: &'a Context) -> Reader<'a> {
        Reader {
            tokens,
            at: 0,
            depth: 0,
            span: place.span,
            place,
            context,
            found: Found::default(),
            between: Vec::new(),
            names: Names::default(),
            before: Vec::new(),
            made: 0,
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, symbol: &str) -> bool {
        self.is_at(self.at, symbol)
    }

    fn is_at(&self, at: usize, symbol: &str) -> bool {
        matches!(self.tokens.get(at), Some(Token::Symbol(found)) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Read<()> {
        if self.take(symbol) { Ok(()) } else { Err(format!("`{symbol}` is missing before {}", self.here())) }
    }

    fn here(&self) -> String {
        match self.peek() {
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Number(number, _)) => format!("`{number}`"),
            Some(Token::Symbol(symbol)) => format!("`{symbol}`"),
            Some(Token::Text) => "a text".into(),
            Some(Token::Nmodl(_)) => "NMODL".into(),
            None => "its end".into(),
        }
    }

    fn word(&self) -> Option<&str> {
        self.word_at(self.at)
    }

    fn word_at(&self, at: usize) -> Option<&str> {
        match self.tokens.get(at) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// One level deeper, if that is not too deep.
    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".into());
        }
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn made(&self, kind: StatementKind) -> Statement {
        Statement { kind, span: self.span }
    }

    fn named(&self, text: &str) -> Name {
        Name { text: text.to_string(), span: self.span }
    }

    fn set(&self, name: &str, value: Expression) -> Statement {
        let target = Variable { name: self.named(name), index: None };
        self.made(StatementKind::Assign { target, value })
    }

    fn node(&self, kind: ExpressionKind, depth: u32) -> Expression {
        Expression { kind, span: self.span, depth }
    }

    fn number(&self, number: f64) -> Expression {
        self.node(ExpressionKind::Number(number, String::new()), 1)
    }
}

/// NMODL's name of a name in C.
fn plain(word: &str) -> String {
    let stripped = word.strip_prefix("_ion_").or_else(|| word.strip_prefix("_l"));
    stripped.filter(|rest| !rest.is_empty()).unwrap_or(word).to_string()
}
