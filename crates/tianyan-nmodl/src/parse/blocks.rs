//! Blocks that compute, and their statements.

use super::{DEEPEST, Lost, Parsed, Parser};
use crate::ast::{Argument, Block, BlockKind, ExpressionKind, Name, Statement, StatementKind};
use crate::diagnostic::Span;
use crate::lex::TokenKind;

impl Parser<'_, '_> {
    /// A block whose keyword stands here; none if its head makes no sense.
    pub(super) fn block(&mut self, keyword: &str) -> Option<Block> {
        let head = self.head(keyword);
        if head.is_err() || !self.is_symbol("{") {
            if head.is_ok() {
                let _ = self.expected::<()>("`{`");
            }
            self.skip_block();
            return None;
        }
        let mut block = head.ok()?;
        block.body = self.body().unwrap_or_default();
        Some(block)
    }

    fn head(&mut self, keyword: &str) -> Parsed<Block> {
        let span = self.advance().span;
        let kind = match keyword {
            "INITIAL" => BlockKind::Initial,
            "BREAKPOINT" => BlockKind::Breakpoint,
            "DERIVATIVE" => BlockKind::Derivative,
            "PROCEDURE" => BlockKind::Procedure,
            "FUNCTION" => BlockKind::Function,
            _ => BlockKind::NetReceive,
        };
        let named = matches!(kind, BlockKind::Derivative | BlockKind::Procedure | BlockKind::Function);
        let name = if named { self.name("a name")? } else { Name { text: keyword.to_string(), span } };
        let takes = matches!(kind, BlockKind::Procedure | BlockKind::Function | BlockKind::NetReceive);
        let arguments = if takes && self.is_symbol("(") { self.arguments()? } else { Vec::new() };
        let unit = self.unit()?.unwrap_or_default();
        Ok(Block { kind, name, arguments, unit, body: Vec::new() })
    }

    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        while !self.take_symbol(")") {
            let name = self.name("an argument or `)`")?;
            let unit = self.unit()?.unwrap_or_default();
            arguments.push(Argument { name, unit });
            if !self.is_symbol(")") {
                self.expect(",")?;
            }
        }
        Ok(arguments)
    }

    /// `{ statement ... }`. A statement that makes no sense is reported and skipped to the next line.
    fn body(&mut self) -> Parsed<Vec<Statement>> {
        self.expect("{")?;
        self.depth += 1;
        if self.depth > DEEPEST {
            let span = self.peek().span;
            self.report.error("nmodl-too-large", span, "blocks nest too deep");
            self.at = self.tokens.len() - 1;
            return Err(Lost);
        }
        let mut statements = Vec::new();
        while !self.is_symbol("}") {
            if self.is_end() {
                return self.expected("`}`");
            }
            let start = self.at;
            match self.statement() {
                Ok(statement) => statements.push(statement),
                Err(Lost) => self.next_line(start),
            }
        }
        self.advance();
        self.depth -= 1;
        Ok(statements)
    }

    /// Skips to the first token of a later line, or to the end of the block.
    fn next_line(&mut self, start: usize) {
        if self.at == start {
            if self.is_symbol("{") {
                return self.skip_block();
            }
            self.advance();
        }
        while !self.is_end() && !self.is_symbol("}") {
            let gap = Span { start: self.tokens[self.at - 1].span.end, end: self.peek().span.start };
            if self.text_of(gap).contains('\n') {
                return;
            }
            if self.is_symbol("{") {
                return self.skip_block();
            }
            self.advance();
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        let start = self.peek().span;
        let kind = match self.word() {
            Some("LOCAL") => self.after(|parser| Ok(StatementKind::Local(parser.names()?)))?,
            Some("if" | "IF") => self.condition()?,
            Some("SOLVE") => self.solve()?,
            Some("TABLE") => self.table()?,
            Some("CONDUCTANCE") => self.conductance()?,
            Some(word @ ("WATCH" | "INITIAL" | "FROM" | "WHILE" | "while")) => {
                self.unsupported(if word == "INITIAL" { "INITIAL inside a block" } else { word }, start);
                return Err(Lost);
            }
            Some(_) => self.assignment()?,
            None if self.peek().kind == TokenKind::Verbatim => {
                self.unsupported("VERBATIM", start);
                self.advance();
                return Err(Lost);
            }
            None => return self.expected("a statement"),
        };
        let end = self.tokens[self.at - 1].span;
        Ok(Statement { kind, span: start.to(end) })
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
        let target = self.name("a name")?;
        if self.is_symbol("[") {
            let span = self.peek().span;
            self.unsupported("an array", span);
            return Err(Lost);
        }
        let differential = self.take_symbol("'");
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

    fn solve(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let block = self.name("the name of a block")?;
        let span = self.peek().span;
        if self.word() == Some("STEADYSTATE") {
            self.unsupported("STEADYSTATE", span);
            return Err(Lost);
        }
        let method = if self.take_word("METHOD") { Some(self.name("a method")?) } else { None };
        if self.word() == Some("IFERROR") {
            self.advance();
            self.skip_block();
        }
        Ok(StatementKind::Solve { block, method })
    }

    /// `TABLE a, b DEPEND c FROM x TO y WITH n`
    fn table(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let names = match self.word() {
            Some("DEPEND" | "FROM") | None => Vec::new(),
            Some(_) => self.names()?,
        };
        if self.take_word("DEPEND") {
            self.names()?;
        }
        for word in ["FROM", "TO", "WITH"] {
            if !self.take_word(word) {
                return self.expected(word);
            }
            self.expression()?;
        }
        Ok(StatementKind::Table(names))
    }

    fn conductance(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let name = self.name("a conductance")?;
        let ion = if self.take_word("USEION") { Some(self.name("an ion")?) } else { None };
        Ok(StatementKind::Conductance { name, ion })
    }
}
