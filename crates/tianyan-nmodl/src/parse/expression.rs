//! Expressions, by precedence: `||`, `&&`, comparisons, `+ -`, `* /`, unary minus and `!`, `^` (to the right).

use super::{DEEPEST, Lost, Parsed, Parser};
use crate::ast::{Binary, Expression, ExpressionKind, Name, Unary};
use crate::lex::TokenKind;
use crate::span::Span;

/// Binary operators by level, loosest first.
const LEVELS: [&[(&str, Binary)]; 5] = [
    &[("||", Binary::Or)],
    &[("&&", Binary::And)],
    &[
        ("<", Binary::Less),
        ("<=", Binary::LessEqual),
        (">", Binary::Greater),
        (">=", Binary::GreaterEqual),
        ("==", Binary::Equal),
        ("!=", Binary::NotEqual),
    ],
    &[("+", Binary::Add), ("-", Binary::Subtract)],
    &[("*", Binary::Multiply), ("/", Binary::Divide)],
];

impl Parser<'_, '_> {
    /// An expression.
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.too_deep();
        }
        let expression = self.level(0);
        self.depth -= 1;
        expression
    }

    fn too_deep(&mut self) -> Parsed<Expression> {
        let span = self.peek().span;
        self.report.error("nmodl-too-large", span, "this expression is nested too deep");
        self.at = self.tokens.len() - 1;
        Err(Lost)
    }

    fn level(&mut self, level: usize) -> Parsed<Expression> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            self.advance();
            let right = self.level(level + 1)?;
            left = self.binary(operator, left, right)?;
        }
        Ok(left)
    }

    fn operator(&self, operators: &[(&str, Binary)]) -> Option<Binary> {
        let TokenKind::Symbol(symbol) = self.peek().kind else { return None };
        operators.iter().find(|(text, _)| *text == symbol).map(|(_, operator)| *operator)
    }

    fn binary(&mut self, operator: Binary, left: Expression, right: Expression) -> Parsed<Expression> {
        let span = left.span.to(right.span);
        let depth = 1 + left.depth.max(right.depth);
        self.node(ExpressionKind::Binary(operator, Box::new(left), Box::new(right)), span, depth)
    }

    fn node(&mut self, kind: ExpressionKind, span: Span, depth: u32) -> Parsed<Expression> {
        if depth > DEEPEST {
            return self.too_deep();
        }
        Ok(Expression { kind, span, depth })
    }

    fn unary(&mut self) -> Parsed<Expression> {
        let operator = match self.peek().kind {
            TokenKind::Symbol("-") => Unary::Negate,
            TokenKind::Symbol("!") => Unary::Not,
            TokenKind::Symbol("+") => {
                self.advance();
                return self.nested(Self::unary);
            }
            _ => return self.power(),
        };
        let start = self.advance().span;
        let operand = self.nested(Self::unary)?;
        let (span, depth) = (start.to(operand.span), operand.depth + 1);
        self.node(ExpressionKind::Unary(operator, Box::new(operand)), span, depth)
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<Expression>) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.too_deep();
        }
        let expression = inner(self);
        self.depth -= 1;
        expression
    }

    fn power(&mut self) -> Parsed<Expression> {
        let base = self.primary()?;
        if !self.take_symbol("^") {
            return Ok(base);
        }
        let exponent = self.nested(Self::unary)?;
        self.binary(Binary::Power, base, exponent)
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let token = self.peek();
        match token.kind {
            TokenKind::Number(value) => {
                self.advance();
                let unit = self.unit()?.unwrap_or_default();
                self.node(ExpressionKind::Number(value, unit), token.span, 1)
            }
            TokenKind::Symbol("(") => {
                self.advance();
                let mut inner = self.expression()?;
                inner.span = token.span.to(self.expect(")")?);
                Ok(inner)
            }
            TokenKind::Text => {
                self.advance();
                let text = self.text_of(token.span).trim_matches('"').to_string();
                self.node(ExpressionKind::Text(text), token.span, 1)
            }
            TokenKind::Name => self.name_or_call(),
            _ => self.expected("an expression"),
        }
    }

    fn name_or_call(&mut self) -> Parsed<Expression> {
        let name = self.name("a name")?;
        let span = name.span;
        if let Some(value) = self.defined.get(name.text.as_str()) {
            return self.node(ExpressionKind::Number(*value, String::new()), span, 1);
        }
        if self.take_symbol("[") {
            let index = self.expression()?;
            let (end, depth) = (self.expect("]")?, index.depth + 1);
            return self.node(ExpressionKind::Element(name, Box::new(index)), span.to(end), depth);
        }
        if self.is_symbol("'") {
            let end = self.advance().span;
            return self.node(ExpressionKind::Prime(name), span.to(end), 1);
        }
        if !self.take_symbol("(") {
            return self.node(ExpressionKind::Name(name.text), span, 1);
        }
        self.call(name)
    }

    fn call(&mut self, name: Name) -> Parsed<Expression> {
        let mut arguments = Vec::new();
        let mut end = self.peek().span;
        if !self.take_symbol(")") {
            loop {
                arguments.push(self.expression()?);
                end = self.peek().span;
                if self.take_symbol(")") {
                    break;
                }
                self.expect(",")?;
            }
        }
        let depth = 1 + arguments.iter().map(|argument| argument.depth).max().unwrap_or(0);
        let span = name.span.to(end);
        self.node(ExpressionKind::Call(name, arguments), span, depth)
    }
}
