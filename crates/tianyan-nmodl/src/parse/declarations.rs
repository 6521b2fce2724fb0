//! NEURON, UNITS, and the blocks that declare names.

use super::{Lost, Parsed, Parser};
use crate::ast::{Declaration, DeclarationKind, File, Name, Neuron, UnitDefinition};
use crate::lex::TokenKind;

impl Parser<'_, '_> {
    /// `KEYWORD { entry entry ... }`
    pub(super) fn entries(&mut self, mut entry: impl FnMut(&mut Self) -> Parsed<()>) {
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

    /// A statement of NEURON.
    pub(super) fn neuron(&mut self, statements: &mut Vec<Neuron>) -> Parsed<()> {
        let word = self.word().unwrap_or_default();
        if self.peek().kind == TokenKind::Verbatim {
            self.advance();
            return Ok(());
        }
        let statement = match word {
            "SUFFIX" => self.after(|parser| Ok(Neuron::Suffix(parser.name("a name")?)))?,
            "POINT_PROCESS" => self.after(|parser| Ok(Neuron::PointProcess(parser.name("a name")?)))?,
            "ARTIFICIAL_CELL" => self.after(|parser| Ok(Neuron::ArtificialCell(parser.name("a name")?)))?,
            "NONSPECIFIC_CURRENT" => self.after(|parser| Ok(Neuron::NonspecificCurrent(parser.names()?)))?,
            "ELECTRODE_CURRENT" => self.after(|parser| Ok(Neuron::ElectrodeCurrent(parser.names()?)))?,
            "RANGE" => self.after(|parser| Ok(Neuron::Range(parser.names()?)))?,
            "GLOBAL" => self.after(|parser| Ok(Neuron::Global(parser.names()?)))?,
            "POINTER" | "BBCOREPOINTER" => self.after(|parser| Ok(Neuron::Pointer(parser.names()?)))?,
            "EXTERNAL" => self.after(|parser| Ok(Neuron::External(parser.names()?)))?,
            "RANDOM" => self.after(|parser| Ok(Neuron::Random(parser.names()?)))?,
            "THREADSAFE" => self.after(|_| Ok(Neuron::ThreadSafe))?,
            "REPRESENTS" => {
                self.skip_line();
                return Ok(());
            }
            "USEION" => self.after(Self::use_ion)?,
            _ => return self.expected("a statement of NEURON such as RANGE"),
        };
        statements.push(statement);
        Ok(())
    }

    /// What follows the keyword that stands here.
    pub(super) fn after<T>(&mut self, rest: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
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
                Some("VALENCE" | "CHARGE") => {
                    self.advance();
                    self.take_symbol("+");
                    valence = Some(self.number()?);
                }
                Some("REPRESENTS") => self.skip_line(),
                _ => return Ok(Neuron::UseIon { ion, reads, writes, valence }),
            }
        }
    }

    /// `(mV) = (millivolt)`, `FARADAY = (faraday) (coulomb)` or `R = 8.314 (joule/degC)`.
    pub(super) fn unit_definition(&mut self, units: &mut Vec<UnitDefinition>) -> Parsed<()> {
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
        if self.is_symbol("->") || self.is_symbol("-") {
            self.advance();
            self.take_symbol(">");
        }
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

    /// PARAMETER, CONSTANT, ASSIGNED or STATE.
    pub(super) fn declarations(&mut self, kind: DeclarationKind, file: &mut File) {
        self.entries(|parser| {
            if parser.word() == Some("PLOT") {
                parser.skip_line();
                return Ok(());
            }
            let declaration = parser.declaration(kind)?;
            file.declarations.push(declaration);
            Ok(())
        });
    }

    fn declaration(&mut self, kind: DeclarationKind) -> Parsed<Declaration> {
        let name = self.name("a name")?;
        let length = self.length()?;
        let mut declaration = Declaration { kind, name, length, value: None, unit: String::new(), bounds: None };
        if self.is_symbol("'") {
            let span = self.peek().span;
            self.unsupported("a derivative as a STATE", span);
            return Err(Lost);
        }
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
