//! Expressions and calls, run symbolically.

use super::{DERIVATIVES, Run, variable::Scope};
use crate::ast::{Binary, Block, BlockKind, Expression, ExpressionKind, Unary};
use crate::check::CALLABLE;
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
            ExpressionKind::Element(name, index) => Term::Number(self.read_element(&name.text, index)),
            ExpressionKind::Prime(name) => {
                let index = self.symbols.find(&name.text);
                Term::Number(index.map_or(Value(0), |index| self.symbol(DERIVATIVES + index)))
            }
            ExpressionKind::Text(_) => Term::Number(Value(0)),
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

    fn call(&mut self, name: &str, arguments: &'a [Expression]) -> Value {
        let Some(index) = block_index(self.file, &CALLABLE, name) else {
            return self.builtin_call(name, arguments);
        };
        let values: Vec<Value> = arguments.iter().map(|argument| self.number(argument)).collect();
        let block = &self.file.blocks[index];
        match block.kind {
            BlockKind::FunctionTable => self.function_table(block, &values),
            BlockKind::Derivative => {
                self.call_derivative(block);
                Value(0)
            }
            _ => match self.tabulated(index, &values) {
                Some(value) => value,
                None => self.inline(block, &values),
            },
        }
    }

    /// Runs a procedure or function here. The result is the last value of the function's own name.
    pub(super) fn inline(&mut self, block: &'a Block, values: &[Value]) -> Value {
        let names = block.arguments.iter().map(|argument| argument.name.text.clone());
        let mut scope = Scope::with(names.zip(values.iter().copied()));
        if block.kind == BlockKind::Function {
            scope.values.insert(block.name.text.clone(), Value(0));
        }
        let callers = std::mem::replace(&mut self.scopes, vec![scope]);
        self.calls += 1;
        self.block(&block.body);
        self.calls -= 1;
        let own = std::mem::replace(&mut self.scopes, callers);
        own.first().and_then(|scope| scope.values.get(&block.name.text)).copied().unwrap_or(Value(0))
    }

    fn builtin_call(&mut self, name: &str, arguments: &'a [Expression]) -> Value {
        match name {
            "printf" | "prterr" | "nrn_random_play" => return Value(0),
            "nrn_pointing" => return self.graph.constant(1.0),
            "state_discontinuity" => return self.discontinuity(arguments),
            "net_send" | "net_event" | "net_move" => return self.event_call(name, arguments),
            _ => {}
        }
        if let Some(value) = self.random_call(name, arguments) {
            return value;
        }
        let values: Vec<Value> = arguments.iter().map(|argument| self.number(argument)).collect();
        self.builtin(name, &values)
    }

    fn discontinuity(&mut self, arguments: &'a [Expression]) -> Value {
        let value = self.number(&arguments[1]);
        if !self.discontinuous {
            return value;
        }
        match &arguments[0].kind {
            ExpressionKind::Name(target) => self.assign(target, value),
            ExpressionKind::Element(name, _) => match self.constant_element(&arguments[0]) {
                Some(at) => drop(self.environment.insert(at, value)),
                None => {
                    let message = format!("which element of `{}` is meant must be known", name.text);
                    self.report.error("nmodl-array", name.span, message);
                }
            },
            _ => {}
        }
        value
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
            "INT" => self.truncated(values[0]),
            "atan2" => self.angle(values[0], values[1]),
            "at_time" => self.at_time(values[0]),
            "nrn_ghk" => self.goldman(values),
            "max" => self.graph.add(Op::Maximum(values[0], values[1])),
            "min" => self.graph.add(Op::Minimum(values[0], values[1])),
            "exprelr" => self.exprelr(values[0]),
            "set_seed" | "setseed" => {
                let message =
                    format!("`{name}` does nothing: the run's seed and the identifiers of streams choose numbers");
                self.report.warning("nmodl-random", self.place, message, "set `seed` under [run]");
                Value(0)
            }
            _ => {
                self.report.error("nmodl-unsupported", self.place, format!("`{name}` is not supported here"));
                Value(0)
            }
        }
    }

    /// x / (exp(x) - 1), 1 at 0 (Arbor's function).
    fn exprelr(&mut self, x: Value) -> Value {
        let graph = &mut self.graph;
        let (zero, one) = (graph.constant(0.0), graph.constant(1.0));
        let grown = graph.call(Function::Exp, x);
        let below = graph.minus(grown, one);
        let far = graph.over(x, below);
        let flat = graph.compare(Comparison::Equal, below, zero);
        graph.select(flat, one, far)
    }

    /// Towards 0.
    pub(super) fn truncated(&mut self, a: Value) -> Value {
        let graph = &mut self.graph;
        let zero = graph.constant(0.0);
        let negative = graph.compare(Comparison::Less, a, zero);
        let (up, down) = (graph.call(Function::Ceil, a), graph.call(Function::Floor, a));
        graph.select(negative, up, down)
    }

    /// atan2(y, x)
    fn angle(&mut self, y: Value, x: Value) -> Value {
        let graph = &mut self.graph;
        let (zero, pi, half) =
            (graph.constant(0.0), graph.constant(std::f64::consts::PI), graph.constant(std::f64::consts::FRAC_PI_2));
        let ratio = graph.over(y, x);
        let plain = graph.call(Function::Atan, ratio);
        let (more, less) = (graph.plus(plain, pi), graph.minus(plain, pi));
        let below = graph.compare(Comparison::Less, y, zero);
        let left = graph.select(below, less, more);
        let is_left = graph.compare(Comparison::Less, x, zero);
        let beside = graph.select(is_left, left, plain);
        let minus_half = graph.negate(half);
        let upright = graph.select(below, minus_half, half);
        let flat = graph.compare(Comparison::Equal, y, zero);
        let upright = graph.select(flat, zero, upright);
        let on_axis = graph.compare(Comparison::Equal, x, zero);
        graph.select(on_axis, upright, beside)
    }

    /// NEURON's nrn_ghk(v, ci, co, z): with u = z F v / (R T), z F (ci f(-u) - co f(u)) in C/cm3, where f(u) is
    /// u / (exp(u) - 1), and 1 - u/2 near 0 (src/nrnoc/eion.cpp).
    fn goldman(&mut self, values: &[Value]) -> Value {
        let [v, inside, outside, z] = [values[0], values[1], values[2], values[3]];
        let celsius = self.read("celsius");
        let graph = &mut self.graph;
        let (zero_celsius, gas) = (graph.constant(273.15), graph.constant(8.314_462_618_153_24));
        let (faraday, thousandth) = (graph.constant(96_485.332_123_31), graph.constant(1e-3));
        let kelvin = graph.plus(celsius, zero_celsius);
        let thermal = graph.times(gas, kelvin);
        let volts = graph.times(thousandth, v);
        let per_volt = graph.over(faraday, thermal);
        let u = graph.times(z, volts);
        let u = graph.times(u, per_volt);
        let minus_u = graph.negate(u);
        let (out, into) = (self.goldman_factor(minus_u), self.goldman_factor(u));
        let graph = &mut self.graph;
        let (eci, eco) = (graph.times(inside, out), graph.times(outside, into));
        let difference = graph.minus(eci, eco);
        let charge = graph.times(thousandth, z);
        let charge = graph.times(charge, faraday);
        graph.times(charge, difference)
    }

    fn goldman_factor(&mut self, u: Value) -> Value {
        let graph = &mut self.graph;
        let (one, two, small) = (graph.constant(1.0), graph.constant(2.0), graph.constant(1e-4));
        let half = graph.over(u, two);
        let near = graph.minus(one, half);
        let grown = graph.call(Function::Exp, u);
        let below = graph.minus(grown, one);
        let far = graph.over(u, below);
        let size = graph.call(Function::Abs, u);
        let tiny = graph.compare(Comparison::Less, size, small);
        graph.select(tiny, near, far)
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
