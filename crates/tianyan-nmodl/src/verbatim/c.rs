//! As much of C as public files need: arithmetic on NMODL's names, `if`, `return`, local numbers.

use std::collections::BTreeSet;

use crate::ast::{Binary, Expression, ExpressionKind, Local, Name, Statement, StatementKind, Unary, Variable};
use crate::builtins;
use crate::diagnostic::Span;

/// What the code may refer to.
pub(super) struct Context<'a> {
    /// The FUNCTION it stands in.
    pub(super) own: Option<&'a str>,
    /// Names of POINTERs, which may be random streams.
    pub(super) pointers: &'a BTreeSet<String>,
}

/// What a piece of C says.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) statements: Vec<Statement>,
    /// POINTERs that are random streams.
    pub(super) streams: BTreeSet<String>,
    /// True if something was left out.
    pub(super) dropped: bool,
}

/// Calls whose value nobody uses and that do not act on the model.
const WITHOUT_EFFECT: [&str; 18] = [
    "printf",
    "fprintf",
    "fflush",
    "fputs",
    "puts",
    "fopen",
    "fclose",
    "sprintf",
    "strcpy",
    "hoc_execerror",
    "hoc_execerr_ext",
    "hoc_warning",
    "assert",
    "exit",
    "abort",
    "nrn_assert",
    "nrnran123_setseq",
    "nrnran123_deletestream",
];

/// Words that begin a declaration of a number.
const NUMBERS: [&str; 6] = ["double", "float", "int", "long", "unsigned", "static"];

const SYMBOLS: [&str; 36] = [
    "<<=", ">>=", "&&", "||", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "++", "--", "->", "::", "{", "}", "(",
    ")", "[", "]", ";", ",", "=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".",
];

/// Code may nest so deep.
const DEEPEST: u32 = 100;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Number(f64),
    Symbol(&'static str),
    Text,
}

/// Reads a piece of C; an error says what cannot be read.
pub(super) fn translate(code: &str, span: Span, context: &Context) -> Result<Found, String> {
    let tokens = tokens(&without_comments(code))?;
    let mut reader = Reader { tokens, at: 0, depth: 0, span, context, found: Found::default() };
    let mut statements = Vec::new();
    while reader.at < reader.tokens.len() {
        reader.statement(&mut statements)?;
    }
    reader.found.statements = statements;
    Ok(reader.found)
}

/// Opening braces less closing ones.
pub(super) fn braces(code: &str) -> i32 {
    let plain = without_comments(code);
    plain.matches('{').count() as i32 - plain.matches('}').count() as i32
}

/// Without comments and preprocessor lines; of `#if ... #else ... #endif` the part that NEURON 9 compiles is kept.
fn without_comments(code: &str) -> String {
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

fn tokens(code: &str) -> Result<Vec<Token>, String> {
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
            let end = rest[1..].find('"').ok_or("a text without end")?;
            end + 2
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

fn number(rest: &str, tokens: &mut Vec<Token>) -> usize {
    let mut length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    if rest[length..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[length + 1..].starts_with(['+', '-']));
        let digits = rest[length + 1 + sign..].bytes().take_while(u8::is_ascii_digit).count();
        length += if digits > 0 { 1 + sign + digits } else { 0 };
    }
    tokens.push(Token::Number(rest[..length].parse().unwrap_or(f64::NAN)));
    length + usize::from(rest[length..].starts_with(['f', 'F', 'L', 'u', 'U']))
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    span: Span,
    context: &'a Context<'a>,
    found: Found,
}

type Read<T> = Result<T, String>;

// Statements.
impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn is(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol)
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Read<()> {
        if self.take(symbol) { Ok(()) } else { Err(format!("`{symbol}` is missing before {}", self.here())) }
    }

    fn here(&self) -> String {
        match self.peek() {
            Some(Token::Word(word)) => format!("`{word}`"),
            Some(Token::Number(number)) => format!("`{number}`"),
            Some(Token::Symbol(symbol)) => format!("`{symbol}`"),
            Some(Token::Text) => "a text".into(),
            None => "its end".into(),
        }
    }

    fn word(&self) -> Option<&str> {
        match self.peek() {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn made(&self, kind: StatementKind) -> Statement {
        Statement { kind, span: self.span }
    }

    fn statement(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".into());
        }
        let result = self.any_statement(out);
        self.depth -= 1;
        result
    }

    fn any_statement(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        if self.take(";") {
            return Ok(());
        }
        if self.take("{") {
            let mut body = Vec::new();
            while !self.take("}") {
                if self.peek().is_none() {
                    return Err("`}` is missing".into());
                }
                self.statement(&mut body)?;
            }
            if !body.is_empty() {
                out.push(self.made(StatementKind::Block(body)));
            }
            return Ok(());
        }
        match self.word() {
            Some("if") => self.condition(out),
            Some("return") => self.give_back(out),
            Some(word) if NUMBERS.contains(&word) => self.declaration(out),
            Some("FILE" | "char" | "struct" | "extern" | "void") => self.skip(),
            Some(word) if WITHOUT_EFFECT.contains(&word) || word.contains("printf") || self.assigns_nothing() => {
                self.skip()
            }
            Some(_) => self.assignment(out),
            None => Err(self.here()),
        }
    }

    /// `file = fopen(...)`
    fn assigns_nothing(&self) -> bool {
        let equals = matches!(self.tokens.get(self.at + 1), Some(Token::Symbol("=")));
        let call = match self.tokens.get(self.at + 2) {
            Some(Token::Word(word)) => WITHOUT_EFFECT.contains(&word.as_str()),
            _ => false,
        };
        equals && call
    }

    /// Leaves a statement out.
    fn skip(&mut self) -> Read<()> {
        self.found.dropped = true;
        while !self.take(";") {
            if self.peek().is_none() || self.is("{") || self.is("}") {
                return Err(self.here());
            }
            self.at += 1;
        }
        Ok(())
    }

    fn condition(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let pointer = self.random_pointer();
        let condition = if pointer { None } else { Some(self.expression()?) };
        self.expect(")")?;
        let (mut then, mut otherwise) = (Vec::new(), Vec::new());
        self.statement(&mut then)?;
        if self.word() == Some("else") {
            self.at += 1;
            self.statement(&mut otherwise)?;
        }
        match condition {
            // A stream is always there.
            None => out.extend(then),
            Some(_) if then.is_empty() && otherwise.is_empty() => {}
            Some(condition) => out.push(self.made(StatementKind::If { arms: vec![(condition, then)], otherwise })),
        }
        Ok(())
    }

    /// `_p_r` alone, which asks whether there is a stream.
    fn random_pointer(&mut self) -> bool {
        let stream = self.word().and_then(|word| word.strip_prefix("_p_")).map(String::from);
        let alone = matches!(self.tokens.get(self.at + 1), Some(Token::Symbol(")")));
        let Some(stream) = stream.filter(|stream| alone && self.context.pointers.contains(stream)) else {
            return false;
        };
        self.found.streams.insert(stream);
        self.at += 1;
        true
    }

    fn give_back(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        if !self.is(";") {
            let value = self.expression()?;
            if let Some(own) = self.context.own {
                let target = self.variable(own);
                out.push(self.made(StatementKind::Assign { target, value }));
            }
        }
        self.expect(";")?;
        out.push(self.made(StatementKind::Return));
        Ok(())
    }

    fn variable(&self, name: &str) -> Variable {
        Variable { name: Name { text: name.into(), span: self.span }, index: None }
    }

    fn declaration(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        while self.word().is_some_and(|word| NUMBERS.contains(&word)) {
            if self.word() == Some("static") {
                return Err("`static` keeps a value between calls".into());
            }
            self.at += 1;
        }
        loop {
            if self.is("*") {
                return self.skip();
            }
            let name = self.name()?;
            out.push(self.made(StatementKind::Local(vec![Local { name: name.clone(), length: None }])));
            if self.take("=") {
                let value = self.expression()?;
                let target = Variable { name, index: None };
                out.push(self.made(StatementKind::Assign { target, value }));
            }
            if !self.take(",") {
                return self.expect(";");
            }
        }
    }

    fn name(&mut self) -> Read<Name> {
        let Some(word) = self.word().map(String::from) else { return Err(self.here()) };
        self.at += 1;
        Ok(Name { text: plain(&word), span: self.span })
    }

    fn assignment(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        if matches!(self.tokens.get(self.at + 1), Some(Token::Symbol("("))) {
            let call = self.expression()?;
            out.push(self.made(StatementKind::Call(call)));
            return self.expect(";");
        }
        let name = self.name()?;
        let index = if self.take("[") {
            let index = self.expression()?;
            self.expect("]")?;
            Some(Box::new(index))
        } else {
            None
        };
        let operator = match self.peek() {
            Some(Token::Symbol(symbol)) => *symbol,
            _ => return Err(self.here()),
        };
        self.at += 1;
        let here = match &index {
            Some(index) => ExpressionKind::Element(name.clone(), index.clone()),
            None => ExpressionKind::Name(name.text.clone()),
        };
        let here = self.node(here, index.as_ref().map_or(1, |index| index.depth + 1));
        let value = match operator {
            "=" => self.expression()?,
            "++" | "--" => {
                let one = self.node(ExpressionKind::Number(1.0, String::new()), 1);
                self.binary(if operator == "++" { Binary::Add } else { Binary::Subtract }, here, one)
            }
            "+=" | "-=" | "*=" | "/=" => {
                let value = self.expression()?;
                let operators =
                    [("+=", Binary::Add), ("-=", Binary::Subtract), ("*=", Binary::Multiply), ("/=", Binary::Divide)];
                let found = operators.iter().find(|(text, _)| *text == operator).map_or(Binary::Add, |(_, o)| *o);
                self.binary(found, here, value)
            }
            other => return Err(format!("`{other}`")),
        };
        let target = Variable { name, index };
        out.push(self.made(StatementKind::Assign { target, value }));
        self.expect(";")
    }
}

/// Binary operators by level, loosest first.
const LEVELS: [&[(&str, Binary)]; 6] = [
    &[("||", Binary::Or)],
    &[("&&", Binary::And)],
    &[("==", Binary::Equal), ("!=", Binary::NotEqual)],
    &[("<", Binary::Less), ("<=", Binary::LessEqual), (">", Binary::Greater), (">=", Binary::GreaterEqual)],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide)],
];

/// NMODL's name of a name in C.
fn plain(word: &str) -> String {
    let stripped = word.strip_prefix("_ion_").or_else(|| word.strip_prefix("_l"));
    stripped.filter(|rest| !rest.is_empty()).unwrap_or(word).to_string()
}

// Expressions.
impl Reader<'_> {
    fn node(&self, kind: ExpressionKind, depth: u32) -> Expression {
        Expression { kind, span: self.span, depth }
    }

    fn binary(&self, operator: Binary, left: Expression, right: Expression) -> Expression {
        let depth = 1 + left.depth.max(right.depth);
        self.node(ExpressionKind::Binary(operator, Box::new(left), Box::new(right)), depth)
    }

    fn expression(&mut self) -> Read<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".into());
        }
        let expression = self.level(0);
        self.depth -= 1;
        expression
    }

    fn level(&mut self, level: usize) -> Read<Expression> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        loop {
            let found = match self.peek() {
                Some(Token::Symbol(symbol)) => operators.iter().find(|(text, _)| text == symbol),
                _ => None,
            };
            let Some((_, operator)) = found else { return Ok(left) };
            self.at += 1;
            let right = self.level(level + 1)?;
            left = self.binary(*operator, left, right);
            if left.depth > DEEPEST {
                return Err("an expression is too long".into());
            }
        }
    }

    fn unary(&mut self) -> Read<Expression> {
        let operator = match () {
            _ if self.take("-") => Unary::Negate,
            _ if self.take("!") => Unary::Not,
            _ if self.take("+") => return self.unary(),
            _ => return self.primary(),
        };
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("it is nested too deep".into());
        }
        let operand = self.unary()?;
        self.depth -= 1;
        let depth = operand.depth + 1;
        Ok(self.node(ExpressionKind::Unary(operator, Box::new(operand)), depth))
    }

    fn primary(&mut self) -> Read<Expression> {
        match self.peek().cloned() {
            Some(Token::Number(number)) => {
                self.at += 1;
                Ok(self.node(ExpressionKind::Number(number, String::new()), 1))
            }
            Some(Token::Symbol("(")) => self.parentheses(),
            Some(Token::Word(word)) => {
                self.at += 1;
                self.after_name(&word)
            }
            _ => Err(self.here()),
        }
    }

    /// `(a + b)` or a conversion.
    fn parentheses(&mut self) -> Read<Expression> {
        self.at += 1;
        let kind = self.word().filter(|word| NUMBERS.contains(word)).map(String::from);
        if let Some(kind) = kind {
            self.at += 1;
            self.expect(")")?;
            let value = self.unary()?;
            if kind == "double" || kind == "float" {
                return Ok(value);
            }
            let depth = value.depth + 1;
            let name = Name { text: "INT".into(), span: self.span };
            return Ok(self.node(ExpressionKind::Call(name, vec![value]), depth));
        }
        let inner = self.expression()?;
        self.expect(")")?;
        Ok(inner)
    }

    fn after_name(&mut self, word: &str) -> Read<Expression> {
        if self.take("[") {
            let index = self.expression()?;
            self.expect("]")?;
            let depth = index.depth + 1;
            let name = Name { text: plain(word), span: self.span };
            return Ok(self.node(ExpressionKind::Element(name, Box::new(index)), depth));
        }
        if self.is("->") || self.is(".") || self.is("::") {
            return Err(format!("`{word}` is no number of NMODL"));
        }
        if !self.take("(") {
            if word.starts_with("_p_") {
                return Err(format!("`{word}` is a pointer"));
            }
            return Ok(self.node(ExpressionKind::Name(plain(word)), 1));
        }
        if let Some(call) = random(word) {
            return self.draw(call);
        }
        self.call(word)
    }

    fn call(&mut self, word: &str) -> Read<Expression> {
        let mut arguments = Vec::new();
        while !self.take(")") {
            match self.word() {
                Some("_threadargscomma_" | "_threadargs_" | "_p") => self.at += 1,
                _ => arguments.push(self.expression()?),
            }
            self.take(",");
            if self.peek().is_none() {
                return Err("`)` is missing".into());
            }
        }
        let known = builtins::arity(word).is_some() || !word.starts_with("hoc_") && !word.starts_with("nrn");
        if !known {
            return Err(format!("`{word}` is a function of hoc"));
        }
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        let name = Name { text: plain(word), span: self.span };
        Ok(self.node(ExpressionKind::Call(name, arguments), depth))
    }

    /// `nrnran123_dblpick((nrnran123_State*)_p_r)`: the first POINTER among what stands in the parentheses.
    fn draw(&mut self, call: &'static str) -> Read<Expression> {
        let mut stream = None;
        let mut open = 1;
        while open > 0 {
            match self.peek().cloned() {
                Some(Token::Symbol("(")) => open += 1,
                Some(Token::Symbol(")")) => open -= 1,
                Some(Token::Word(word)) => {
                    let name = word.strip_prefix("_p_").filter(|name| self.context.pointers.contains(*name));
                    stream = stream.or(name.map(String::from));
                }
                Some(_) => {}
                None => return Err("`)` is missing".into()),
            }
            self.at += 1;
        }
        let stream = stream.ok_or("a random stream that is no POINTER of the file")?;
        self.found.streams.insert(stream.clone());
        Ok(super::stream_call(call, &stream, Vec::new(), self.span))
    }
}

/// The function of a RANDOM stream that does what this function of NEURON does.
fn random(word: &str) -> Option<&'static str> {
    match word {
        "nrnran123_dblpick" | "nrn_random_pick" | "nrnran123_uniform" => Some("random_dpick"),
        "nrnran123_negexp" => Some("random_negexp"),
        "nrnran123_normal" => Some("random_normal"),
        "nrnran123_ipick" => Some("random_ipick"),
        _ => None,
    }
}
