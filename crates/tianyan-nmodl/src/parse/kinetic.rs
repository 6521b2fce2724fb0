//! What stands in KINETIC, LINEAR and NONLINEAR: reactions, conservation, compartments, equations.

use super::{Parsed, Parser};
use crate::ast::{Expression, ExpressionKind, Reactant, Reaction, Spread, StatementKind};
use crate::lex::TokenKind;

impl Parser<'_, '_> {
    /// What begins with `~`: a reaction or an equation.
    pub(super) fn tilde(&mut self) -> Parsed<StatementKind> {
        let start = self.at;
        self.advance();
        if self.looks_like_reaction() {
            return self.reaction();
        }
        self.at = start + 1;
        let left = self.expression()?;
        self.expect("=")?;
        Ok(StatementKind::Equation { left, right: self.expression()? })
    }

    /// True if an arrow comes before the next `=` or the end of the line.
    fn looks_like_reaction(&self) -> bool {
        let rest = &self.tokens[self.at..];
        let arrow = |kind: TokenKind| matches!(kind, TokenKind::Symbol("<->" | "->" | "<<"));
        let other = |kind: TokenKind| matches!(kind, TokenKind::Symbol("=" | "{" | "}" | "~") | TokenKind::End);
        rest.iter().map(|token| token.kind).find(|kind| arrow(*kind) || other(*kind)).is_some_and(arrow)
    }

    fn reaction(&mut self) -> Parsed<StatementKind> {
        let left = self.reactants()?;
        if self.take_symbol("<->") {
            let right = self.reactants()?;
            self.expect("(")?;
            let forward = self.expression()?;
            self.expect(",")?;
            let backward = Some(self.expression()?);
            self.expect(")")?;
            return Ok(StatementKind::Reaction(Reaction { left, right, forward, backward, flux: false }));
        }
        let flux = self.take_symbol("<<");
        if !flux {
            self.expect("->")?;
        }
        self.expect("(")?;
        let forward = self.expression()?;
        self.expect(")")?;
        Ok(StatementKind::Reaction(Reaction { left, right: Vec::new(), forward, backward: None, flux }))
    }

    /// `a + 2 b[i]`
    fn reactants(&mut self) -> Parsed<Vec<Reactant>> {
        let mut reactants = Vec::new();
        loop {
            let count = match self.peek().kind {
                TokenKind::Number(_) => self.number()? as u32,
                _ => 1,
            };
            reactants.push(Reactant { count: count.clamp(1, 100), variable: self.variable()? });
            if !self.take_symbol("+") {
                return Ok(reactants);
            }
        }
    }

    /// `CONSERVE a + b = total`
    pub(super) fn conserve(&mut self) -> Parsed<StatementKind> {
        self.advance();
        let terms = self.reactants()?;
        self.expect("=")?;
        Ok(StatementKind::Conserve { terms, total: self.expression()? })
    }

    /// `KEYWORD i, value { states }`; the index is optional.
    pub(super) fn spread(&mut self) -> Parsed<Spread> {
        self.advance();
        let first = self.expression()?;
        let (index, value) = match first {
            Expression { kind: ExpressionKind::Name(text), span, .. } if self.take_symbol(",") => {
                (Some(crate::ast::Name { text, span }), self.expression()?)
            }
            first => (None, first),
        };
        self.expect("{")?;
        let mut states = Vec::new();
        while !self.take_symbol("}") {
            states.push(self.name("a STATE or `}`")?);
        }
        Ok(Spread { index, value, states })
    }
}
