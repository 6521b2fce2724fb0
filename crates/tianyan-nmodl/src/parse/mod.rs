//! Tokens to [`ast::File`]: recursive descent by hand. It reports what it does not understand, skips to where
//! it can go on, and always returns a file.

mod blocks;
mod expression;

use crate::ast::{Declaration, DeclarationKind, File, Name, Neuron, UnitDefinition};
use crate::diagnostic::{Report, Span};
use crate::lex::{Token, TokenKind, lex};

/// Expressions and blocks may nest so deep; more is an error, so that no later pass runs out of stack.
pub(crate) const DEEPEST: u32 = 200;

/// Blocks and statements of NMODL that this compiler does not know yet.
const UNSUPPORTED: [&str; 35] = [
    "AFTER",
    "ARTIFICIAL_CELL",
    "ASSERT",
    "BBCOREPOINTER",
    "BEFORE",
    "CHARGE",
    "COMPARTMENT",
    "CONSTRUCTOR",
    "DEFINE",
    "DESTRUCTOR",
    "DISCRETE",
    "EXTERNAL",
    "FORALL",
    "FOR_NETCONS",
    "FROM",
    "FUNCTION_TABLE",
    "INCLUDE",
    "KINETIC",
    "LAG",
    "LINEAR",
    "LONGITUDINAL_DIFFUSION",
    "MATCH",
    "MUTEXLOCK",
    "MUTEXUNLOCK",
    "NONLINEAR",
    "NRNMUTEXLOCK",
    "PARTIAL",
    "PROTECT",
    "RANDOM",
    "REPRESENTS",
    "RESET",
    "SENS",
    "STEP",
    "WATCH",
    "WHILE",
];

/// Reads a file.
pub(crate) fn parse<'a>(text: &'a str, report: &mut Report<'a>) -> File {
    let mut parser = Parser { text, tokens: lex(text), at: 0, depth: 0, report };
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
        self.report.error("nmodl-unsupported", span, format!("{construct} is not supported yet"));
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
        match self.peek().kind {
            TokenKind::Number(value) => {
                self.advance();
                Ok(if negative { -value } else { value })
            }
            _ => self.expected("a number"),
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

    /// Skips a block from before its `{` to after its `}`.
    fn skip_block(&mut self) {
        while !self.is_symbol("{") && !self.is_end() {
            self.advance();
        }
        let mut depth = 0;
        while !self.is_end() {
            match self.advance().kind {
                TokenKind::Symbol("{") => depth += 1,
                TokenKind::Symbol("}") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
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
}

// Declarations.
impl<'a> Parser<'a, '_> {
    fn file(&mut self) -> File {
        let mut file = File::default();
        while !self.is_end() {
            let token = self.peek();
            match token.kind {
                TokenKind::Title => {
                    self.advance();
                    file.title = Some(self.text_of(token.span)["TITLE".len()..].trim().to_string());
                }
                TokenKind::Verbatim => {
                    self.advance();
                    self.unsupported("VERBATIM", token.span);
                }
                _ => self.item(&mut file),
            }
        }
        file
    }

    fn item(&mut self, file: &mut File) {
        let span = self.peek().span;
        let Some(word) = self.word() else {
            let _ = self.expected::<()>("a block such as NEURON or BREAKPOINT");
            self.advance();
            return;
        };
        match word {
            "NEURON" => self.entries(|parser| parser.neuron(&mut file.neuron)),
            "UNITS" => self.entries(|parser| parser.unit_definition(&mut file.units)),
            "PARAMETER" => self.declarations(DeclarationKind::Parameter, file),
            "CONSTANT" => self.declarations(DeclarationKind::Constant, file),
            "ASSIGNED" => self.declarations(DeclarationKind::Assigned, file),
            "STATE" => self.declarations(DeclarationKind::State, file),
            "INDEPENDENT" => self.skip_block(),
            "LOCAL" => {
                self.advance();
                if let Ok(names) = self.names() {
                    file.locals.extend(names);
                }
            }
            "INITIAL" | "BREAKPOINT" | "DERIVATIVE" | "PROCEDURE" | "FUNCTION" | "NET_RECEIVE" => {
                file.blocks.extend(self.block(word));
            }
            _ if UNSUPPORTED.contains(&word) => self.unsupported_item(word, span),
            _ => {
                let _ = self.expected::<()>("a block such as NEURON or BREAKPOINT");
                self.advance();
                if matches!(self.kind_after(), TokenKind::Symbol("{")) || self.is_symbol("{") {
                    self.skip_block();
                }
            }
        }
    }

    fn unsupported_item(&mut self, word: &str, span: Span) {
        self.unsupported(word, span);
        self.advance();
        match word {
            "INCLUDE" => drop(self.advance()),
            "DEFINE" => drop((self.advance(), self.advance())),
            "FUNCTION_TABLE" => while !matches!(self.advance().kind, TokenKind::Symbol(")") | TokenKind::End) {},
            _ => self.skip_block(),
        }
    }

    /// `KEYWORD { entry entry ... }`
    fn entries(&mut self, mut entry: impl FnMut(&mut Self) -> Parsed<()>) {
        self.advance();
        if self.expect("{").is_err() {
            return;
        }
        while !self.take_symbol("}") {
            if self.is_end() {
                let _ = self.expected::<()>("`}`");
                return;
            }
            if entry(self).is_err() {
                return self.leave_block();
            }
        }
    }

    fn neuron(&mut self, statements: &mut Vec<Neuron>) -> Parsed<()> {
        let span = self.peek().span;
        let word = self.word().unwrap_or_default();
        let statement = match word {
            "SUFFIX" => self.after(|parser| Ok(Neuron::Suffix(parser.name("a name")?)))?,
            "POINT_PROCESS" => self.after(|parser| Ok(Neuron::PointProcess(parser.name("a name")?)))?,
            "NONSPECIFIC_CURRENT" => self.after(|parser| Ok(Neuron::NonspecificCurrent(parser.names()?)))?,
            "ELECTRODE_CURRENT" => self.after(|parser| Ok(Neuron::ElectrodeCurrent(parser.names()?)))?,
            "RANGE" => self.after(|parser| Ok(Neuron::Range(parser.names()?)))?,
            "GLOBAL" => self.after(|parser| Ok(Neuron::Global(parser.names()?)))?,
            "POINTER" => self.after(|parser| Ok(Neuron::Pointer(parser.names()?)))?,
            "THREADSAFE" => self.after(|_| Ok(Neuron::ThreadSafe))?,
            "USEION" => self.after(Self::use_ion)?,
            _ if UNSUPPORTED.contains(&word) => {
                self.unsupported(word, span);
                return Err(Lost);
            }
            _ => return self.expected("a statement of NEURON such as RANGE"),
        };
        statements.push(statement);
        Ok(())
    }

    fn after<T>(&mut self, rest: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.advance();
        rest(self)
    }

    fn use_ion(&mut self) -> Parsed<Neuron> {
        let ion = self.name("the name of an ion")?;
        let (mut reads, mut writes, mut valence) = (Vec::new(), Vec::new(), None);
        loop {
            match self.word() {
                Some("READ") => reads.extend(self.after(Self::names)?),
                Some("WRITE") => writes.extend(self.after(Self::names)?),
                Some("VALENCE") => {
                    self.advance();
                    valence = Some(self.number()?);
                }
                _ => return Ok(Neuron::UseIon { ion, reads, writes, valence }),
            }
        }
    }

    fn unit_definition(&mut self, units: &mut Vec<UnitDefinition>) -> Parsed<()> {
        let span = self.peek().span;
        let (name, factor) = match self.unit()? {
            Some(text) => (Name { text, span }, false),
            None => (self.name("a unit in parentheses, or the name of a factor")?, true),
        };
        self.expect("=")?;
        let number = if matches!(self.peek().kind, TokenKind::Number(_)) || self.is_symbol("-") {
            Some(self.number()?)
        } else {
            None
        };
        let Some(from) = self.unit()?.or_else(|| number.map(|_| String::new())) else {
            return self.expected("a unit in parentheses");
        };
        let to = if factor { self.factor_unit()? } else { None };
        units.push(UnitDefinition { name, factor, number, from, to });
        Ok(())
    }

    /// The second unit of `FARADAY = (faraday) (coulomb)`; the next entry `(mV) = ...` is not one.
    fn factor_unit(&mut self) -> Parsed<Option<String>> {
        let start = self.at;
        let unit = self.unit()?;
        if unit.is_some() && self.is_symbol("=") {
            self.at = start;
            return Ok(None);
        }
        Ok(unit)
    }

    fn declarations(&mut self, kind: DeclarationKind, file: &mut File) {
        self.entries(|parser| {
            let declaration = parser.declaration(kind)?;
            file.declarations.push(declaration);
            Ok(())
        });
    }

    fn declaration(&mut self, kind: DeclarationKind) -> Parsed<Declaration> {
        let name = self.name("a name")?;
        if self.is_symbol("[") {
            let span = self.peek().span;
            self.unsupported("an array", span);
            return Err(Lost);
        }
        let mut declaration = Declaration { kind, name, value: None, unit: String::new(), bounds: None };
        if self.take_symbol("=") || self.take_word("START") {
            declaration.value = Some(self.number()?);
        }
        if self.take_word("FROM") {
            declaration.bounds = Some((self.number()?, self.after_word("TO")?));
        }
        if self.take_word("START") {
            declaration.value = Some(self.number()?);
        }
        declaration.unit = self.unit()?.unwrap_or_default();
        if self.take_symbol("<") {
            let low = self.number()?;
            if self.take_symbol(",") {
                declaration.bounds = Some((low, self.number()?));
            }
            self.expect(">")?;
        }
        Ok(declaration)
    }

    fn after_word(&mut self, word: &str) -> Parsed<f64> {
        if self.take_word(word) { self.number() } else { self.expected(word) }
    }
}
