//! Statements.

use super::{DEEPEST, Lost, Parsed, Parser};
use crate::ast::{ExpressionKind, Statement, StatementKind, Table, Variable};
use crate::lex::TokenKind;

impl Parser<'_, '_> {
    /// A statement; none for one that does nothing here, such as MUTEXLOCK.
    pub(super) fn statement(&mut self) -> Parsed<Option<Statement>> {
        let start = self.peek().span;
        let kind = match self.word() {
            Some("LOCAL") => self.after(|parser| Ok(StatementKind::Local(parser.locals()?)))?,
            Some("if" | "IF") => self.condition()?,
            Some("while" | "WHILE") => self.repetition()?,
            Some("FROM") => self.counted_loop()?,
            Some("SOLVE") => self.solve()?,
            Some("TABLE") => self.table()?,
            Some("CONDUCTANCE") => self.conductance()?,
            Some("CONSERVE") => self.conserve()?,
            Some("COMPARTMENT") => StatementKind::Compartment(self.spread()?),
            Some("LONGITUDINAL_DIFFUSION") => StatementKind::Diffusion(self.spread()?),
            Some("WATCH") => self.watch()?,
            Some("FOR_NETCONS") => self.for_netcons()?,
            Some("INITIAL") => self.after(|parser| Ok(StatementKind::Initial(parser.body()?)))?,
            Some("MUTEXLOCK" | "MUTEXUNLOCK" | "NRNMUTEXLOCK" | "NRNMUTEXUNLOCK") => {
                self.advance();
                return Ok(None);
            }
            Some("PROTECT") => self.after(Self::assignment)?,
            Some(_) => self.assignment()?,
            None if self.at_verbatim() => StatementKind::Verbatim(self.verbatim()),
            None if self.is_symbol("~") || self.is_symbol("~+") => self.tilde()?,
            None if self.is_symbol("{") => StatementKind::Block(self.body()?),
            None => return self.expected("a statement"),
        };
        let end = self.tokens[self.at - 1].span;
        Ok(Some(Statement { kind, span: start.to(end) }))
    }

    /// A name, perhaps with an index.
    pub(super) fn variable(&mut self) -> Parsed<Variable> {
        let name = self.name("a name")?;
        let index = if self.take_symbol("[") {
            let index = self.expression()?;
            self.expect("]")?;
            Some(Box::new(index))
        } else {
            None
        };
        Ok(Variable { name, index })
    }

    fn assignment(&mut self) -> Parsed<StatementKind> {
        if self.kind_after() == TokenKind::Symbol("(") {
            let call = self.expression()?;
            if !matches!(call.kind, ExpressionKind::Call(..)) {
                self.report.error("nmodl-syntax", call.span, "this expression has no effect");
                return Err(Lost);
            }
            return Ok(StatementKind::Call(call));
        }
        let mut target = self.variable()?;
        let differential = self.take_symbol("'");
        if differential && self.is_symbol("'") {
            let span = self.peek().span;
            self.unsupported("a second derivative", span);
            return Err(Lost);
        }
        if differential && self.is_symbol("[") {
            // nocmodl also takes x'[i]
            self.advance();
            target.index = Some(Box::new(self.expression()?));
            self.expect("]")?;
        }
        self.expect("=")?;
        let value = self.expression()?;
        Ok(match differential {
            true => StatementKind::Differential { target, value },
            false => StatementKind::Assign { target, value },
        })
    }

    fn condition(&mut self) -> Parsed<StatementKind> {
        let mut arms = Vec::new();
        loop {
            self.advance();
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            arms.push((condition, self.body()?));
            if arms.len() > DEEPEST as usize {
                let span = self.peek().span;
                self.report.error("nmodl-too-large", span, "too many `else if`");
                return Err(Lost);
            }
            if !(self.take_word("else") || self.take_word("ELSE")) {
                return Ok(StatementKind::If { arms, otherwise: Vec::new() });
            }
            if !matches!(self.word(), Some("if" | "IF")) {
                return Ok(StatementKind::If { arms, otherwise: self.body()? });
            }
        }
    }

    /// `while (condition) { body }`
    fn repetition(&mut self) -> Parsed<StatementKind> {
        self.advance();
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        Ok(StatementKind::While { condition, body: self.body()? })
    }

    /// `FROM i = a TO b BY c { body }`
    fn counted_loop(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let variable = self.name("a name")?;
        self.expect("=")?;
        let from = self.expression()?;
        if !self.take_word("TO") {
            return self.expected("TO");
        }
        let to = self.expression()?;
        let by = if self.take_word("BY") { Some(self.expression()?) } else { None };
        Ok(StatementKind::From { variable, from, to, by, body: self.body()? })
    }

    fn solve(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let block = self.name("the name of a block")?;
        let steady = self.take_word("STEADYSTATE");
        let method = if steady || self.take_word("METHOD") { Some(self.name("a method")?) } else { None };
        if self.word() == Some("IFERROR") {
            self.advance();
            self.skip_block();
        }
        Ok(StatementKind::Solve { block, method, steady })
    }

    /// `TABLE a, b DEPEND c FROM x TO y WITH n`
    fn table(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let names = match self.word() {
            Some("DEPEND" | "FROM") | None => Vec::new(),
            Some(_) => self.names()?,
        };
        let depends = if self.take_word("DEPEND") { self.names()? } else { Vec::new() };
        let low = self.table_bound("FROM")?;
        let high = self.table_bound("TO")?;
        if !self.take_word("WITH") {
            return self.expected("WITH");
        }
        let span = self.peek().span;
        let count = self.number()?;
        if !(1.0..=1e6).contains(&count) {
            self.report.error("nmodl-table", span, "a TABLE has between 1 and 1000000 intervals");
            return Err(Lost);
        }
        Ok(StatementKind::Table(Table { names, depends, low, high, count: count as u32 }))
    }

    fn table_bound(&mut self, word: &str) -> Parsed<crate::ast::Expression> {
        if self.take_word(word) { self.expression() } else { self.expected(word) }
    }

    fn conductance(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let name = self.name("a conductance")?;
        let ion = if self.take_word("USEION") { Some(self.name("an ion")?) } else { None };
        Ok(StatementKind::Conductance { name, ion })
    }

    /// `WATCH (a > b) 2, (c < d) 3`
    fn watch(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let mut conditions = Vec::new();
        loop {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            conditions.push((condition, self.expression()?));
            if !self.take_symbol(",") {
                return Ok(StatementKind::Watch(conditions));
            }
        }
    }

    fn for_netcons(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let arguments = self.arguments()?.into_iter().map(|argument| argument.name).collect();
        Ok(StatementKind::ForNetcons { arguments, body: self.body()? })
    }
}
