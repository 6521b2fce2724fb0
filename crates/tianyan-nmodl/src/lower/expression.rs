//! Expressions and calls, run symbolically.

use super::{Run, Scope};
use crate::ast::{Binary, Block, BlockKind, Expression, ExpressionKind, Unary};
use crate::ir::{Comparison, Function, Op, Value};
use crate::symbols::block_index;

/// A number, or a condition (which NMODL takes for 1 or 0 where a number is wanted).
#[derive(Debug, Clone, Copy)]
pub(super) enum Term {
    Number(Value),
    Condition(Value),
}

impl<'a> Run<'a, '_, '_> {
    /// An expression as a number.
    pub(super) fn number(&mut self, expression: &'a Expression) -> Value {
        match self.expression(expression) {
            Term::Number(value) => value,
            Term::Condition(condition) => {
                let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
                self.graph.select(condition, one, zero)
            }
        }
    }

    /// An expression as a condition.
    pub(super) fn truth(&mut self, expression: &'a Expression) -> Value {
        match self.expression(expression) {
            Term::Condition(condition) => condition,
            Term::Number(value) => {
                let zero = self.graph.constant(0.0);
                self.graph.compare(Comparison::NotEqual, value, zero)
            }
        }
    }

    /// An expression.
    pub(super) fn expression(&mut self, expression: &'a Expression) -> Term {
        let term = if self.enter() { self.term(expression) } else { Term::Number(Value(0)) };
        self.depth -= 1;
        term
    }

    fn term(&mut self, expression: &'a Expression) -> Term {
        match &expression.kind {
            ExpressionKind::Number(value, _) => Term::Number(self.graph.constant(*value)),
            ExpressionKind::Name(name) => Term::Number(self.read(name)),
            ExpressionKind::Unary(Unary::Negate, operand) => {
                let operand = self.number(operand);
                Term::Number(self.graph.negate(operand))
            }
            ExpressionKind::Unary(Unary::Not, operand) => {
                let operand = self.truth(operand);
                Term::Condition(self.graph.add(Op::Not(operand)))
            }
            ExpressionKind::Binary(operator, left, right) => self.binary(*operator, left, right),
            ExpressionKind::Call(name, arguments) => Term::Number(self.call(&name.text, arguments)),
        }
    }

    fn read(&mut self, name: &str) -> Value {
        if let Some(local) = self.scopes.iter().rev().find_map(|scope| scope.get(name)) {
            return *local;
        }
        self.symbols.find(name).map_or(Value(0), |index| self.symbol(index))
    }

    fn binary(&mut self, operator: Binary, left: &'a Expression, right: &'a Expression) -> Term {
        if matches!(operator, Binary::And | Binary::Or) {
            let (left, right) = (self.truth(left), self.truth(right));
            let op = if operator == Binary::And { Op::And(left, right) } else { Op::Or(left, right) };
            return Term::Condition(self.graph.add(op));
        }
        let (a, b) = (self.number(left), self.number(right));
        let graph = &mut self.graph;
        match operator {
            Binary::Less => Term::Condition(graph.compare(Comparison::Less, a, b)),
            Binary::LessEqual => Term::Condition(graph.compare(Comparison::LessEqual, a, b)),
            Binary::Greater => Term::Condition(graph.compare(Comparison::Less, b, a)),
            Binary::GreaterEqual => Term::Condition(graph.compare(Comparison::LessEqual, b, a)),
            Binary::Equal => Term::Condition(graph.compare(Comparison::Equal, a, b)),
            Binary::NotEqual => Term::Condition(graph.compare(Comparison::NotEqual, a, b)),
            Binary::Add => Term::Number(graph.plus(a, b)),
            Binary::Subtract => Term::Number(graph.minus(a, b)),
            Binary::Multiply => Term::Number(graph.times(a, b)),
            Binary::Divide => Term::Number(graph.over(a, b)),
            Binary::Power | Binary::And | Binary::Or => Term::Number(graph.power(a, b)),
        }
    }

    /// True if the file has a FUNCTION or PROCEDURE of that name.
    pub(super) fn has_block(&self, name: &str) -> bool {
        block_index(self.file, &[BlockKind::Function, BlockKind::Procedure], name).is_some()
    }

    fn call(&mut self, name: &str, arguments: &'a [Expression]) -> Value {
        let block = block_index(self.file, &[BlockKind::Function, BlockKind::Procedure], name);
        let values: Vec<Value> = arguments.iter().map(|argument| self.number(argument)).collect();
        match block {
            Some(index) => self.inline(&self.file.blocks[index], &values),
            None if name == "state_discontinuity" => {
                if let Some(ExpressionKind::Name(target)) = arguments.first().map(|first| &first.kind) {
                    self.assign(target, values[1]);
                }
                values[1]
            }
            None => self.builtin(name, &values),
        }
    }

    /// Runs a procedure or function here. The result is the last value of the function's own name.
    pub(super) fn inline(&mut self, block: &'a Block, values: &[Value]) -> Value {
        let names = block.arguments.iter().map(|argument| argument.name.text.clone());
        let mut scope: Scope = names.zip(values.iter().copied()).collect();
        if block.kind == BlockKind::Function {
            scope.insert(block.name.text.clone(), Value(0));
        }
        let callers = std::mem::replace(&mut self.scopes, vec![scope]);
        self.block(&block.body);
        let own = std::mem::replace(&mut self.scopes, callers);
        own.first().and_then(|scope| scope.get(&block.name.text)).copied().unwrap_or(Value(0))
    }

    fn builtin(&mut self, name: &str, values: &[Value]) -> Value {
        let function = match name {
            "exp" => Function::Exp,
            "log" => Function::Log,
            "log10" => Function::Log10,
            "sqrt" => Function::Sqrt,
            "fabs" | "abs" => Function::Abs,
            "floor" => Function::Floor,
            "ceil" => Function::Ceil,
            "sin" => Function::Sin,
            "cos" => Function::Cos,
            "tan" => Function::Tan,
            "asin" => Function::Asin,
            "acos" => Function::Acos,
            "atan" => Function::Atan,
            "sinh" => Function::Sinh,
            "cosh" => Function::Cosh,
            "tanh" => Function::Tanh,
            _ => return self.other_builtin(name, values),
        };
        self.graph.call(function, values[0])
    }

    fn other_builtin(&mut self, name: &str, values: &[Value]) -> Value {
        match name {
            "pow" => self.graph.power(values[0], values[1]),
            "fmod" => self.graph.add(Op::Remainder(values[0], values[1])),
            "fmin" => self.graph.add(Op::Minimum(values[0], values[1])),
            "fmax" => self.graph.add(Op::Maximum(values[0], values[1])),
            "at_time" => self.at_time(values[0]),
            _ => Value(0),
        }
    }

    /// 1 in the step that first sees time `te` (NEURON's `at_time` at a fixed step).
    fn at_time(&mut self, te: Value) -> Value {
        let slack = self.graph.constant(1e-11);
        let te = self.graph.minus(te, slack);
        let (t, dt) = (self.graph.add(Op::Time), self.graph.add(Op::TimeStep));
        let before = self.graph.minus(t, dt);
        let reached = self.graph.compare(Comparison::LessEqual, te, t);
        let fresh = self.graph.compare(Comparison::Less, before, te);
        let both = self.graph.add(Op::And(reached, fresh));
        let (one, zero) = (self.graph.constant(1.0), self.graph.constant(0.0));
        self.graph.select(both, one, zero)
    }
}
