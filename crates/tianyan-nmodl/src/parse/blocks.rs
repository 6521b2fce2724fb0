//! The heads of blocks that compute, and their bodies.

use super::{DEEPEST, Lost, Parsed, Parser};
use crate::ast::{Argument, Block, BlockKind, Moment, Name, Statement};
use crate::lex::TokenKind;

impl Parser<'_, '_> {
    /// A block whose keyword stands here; none if its head makes no sense.
    pub(super) fn block(&mut self, keyword: &str) -> Option<Block> {
        let head = self.head(keyword);
        if let Ok(block) = &head
            && block.kind == BlockKind::FunctionTable
        {
            return head.ok();
        }
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
            "KINETIC" => BlockKind::Kinetic,
            "LINEAR" => BlockKind::Linear,
            "NONLINEAR" => BlockKind::Nonlinear,
            "PROCEDURE" => BlockKind::Procedure,
            "FUNCTION" => BlockKind::Function,
            "FUNCTION_TABLE" => BlockKind::FunctionTable,
            "CONSTRUCTOR" => BlockKind::Constructor,
            "DESTRUCTOR" => BlockKind::Destructor,
            "BEFORE" => BlockKind::Before(self.moment()?),
            "AFTER" => BlockKind::After(self.moment()?),
            _ => BlockKind::NetReceive,
        };
        use BlockKind::{Derivative, Function, FunctionTable, Kinetic, Linear, NetReceive, Nonlinear, Procedure};
        let callable = matches!(kind, Procedure | Function | FunctionTable);
        let named = callable || matches!(kind, Derivative | Kinetic | Linear | Nonlinear);
        let name = if named { self.name("a name")? } else { Name { text: keyword.to_string(), span } };
        let solve_for = if self.take_word("SOLVEFOR") { self.names()? } else { Vec::new() };
        let takes = callable || kind == NetReceive;
        let arguments = if takes && self.is_symbol("(") { self.arguments()? } else { Vec::new() };
        let unit = self.unit()?.unwrap_or_default();
        Ok(Block { kind, name, arguments, unit, solve_for, body: Vec::new() })
    }

    fn moment(&mut self) -> Parsed<Moment> {
        let moment = match self.word() {
            Some("INITIAL") => Moment::Initial,
            Some("BREAKPOINT") => Moment::Breakpoint,
            Some("SOLVE") => Moment::Solve,
            Some("STEP") => Moment::Step,
            _ => return self.expected("INITIAL, BREAKPOINT, SOLVE or STEP"),
        };
        self.advance();
        Ok(moment)
    }

    /// `(a (unit), b)`
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Argument>> {
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
    pub(super) fn body(&mut self) -> Parsed<Vec<Statement>> {
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
                Ok(statement) => statements.extend(statement),
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
            if self.at_new_line() {
                return;
            }
            if self.is_symbol("{") {
                return self.skip_block();
            }
            self.advance();
        }
    }

    /// True if C code stands here.
    pub(super) fn at_verbatim(&self) -> bool {
        self.peek().kind == TokenKind::Verbatim
    }
}
