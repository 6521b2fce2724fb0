//! RANDOM streams: NEURON's nrnran123 (src/gnu/nrnran123.cpp), draw by draw.

use super::Run;
use crate::ast::{Expression, ExpressionKind};
use crate::ir::{Draw, Function, Op, Value};
use crate::symbols::Role;

/// Streams count their draws modulo this, as NEURON does.
const LONGEST_SEQUENCE: f64 = 17_179_869_184.0;

impl<'a> Run<'a, '_, '_> {
    /// A call of a function whose first argument is a stream; none for other functions.
    pub(super) fn random_call(&mut self, name: &str, arguments: &'a [Expression]) -> Option<Value> {
        let stream = match arguments.first().map(|first| &first.kind) {
            Some(ExpressionKind::Name(stream)) if name.starts_with("random_") => stream,
            _ => return None,
        };
        let first = match self.symbols.find(stream).map(|index| self.symbols.list[index].role) {
            Some(Role::Random(first)) => first,
            _ => return None,
        };
        let numbers: Vec<Value> = arguments[1..].iter().map(|argument| self.number(argument)).collect();
        Some(match (name, numbers.as_slice()) {
            ("random_setids", ids) => {
                self.environment.extend((first..first + 3).zip(ids.iter().copied()));
                Value(0)
            }
            ("random_setseq", [place]) => {
                let place = self.truncated(*place);
                let least = self.graph.constant(0.0);
                let place = self.graph.add(Op::Maximum(place, least));
                let longest = self.graph.constant(LONGEST_SEQUENCE);
                let place = self.graph.add(Op::Remainder(place, longest));
                self.environment.insert(first + 3, place);
                Value(0)
            }
            ("random_negexp", scale) => {
                let uniform = self.draw(first, Draw::Uniform);
                let log = self.graph.call(Function::Log, uniform);
                let value = self.graph.negate(log);
                scale.first().map_or(value, |mean| self.graph.times(value, *mean))
            }
            ("random_normal", scale) => {
                let value = self.draw(first, Draw::Normal);
                match scale {
                    [mean, deviation] => {
                        let part = self.graph.times(value, *deviation);
                        self.graph.plus(*mean, part)
                    }
                    _ => value,
                }
            }
            ("random_ipick", _) => self.draw(first, Draw::Integer),
            (_, [low, high]) => {
                let uniform = self.draw(first, Draw::Uniform);
                let width = self.graph.minus(*high, *low);
                let part = self.graph.times(uniform, width);
                self.graph.plus(*low, part)
            }
            _ => self.draw(first, Draw::Uniform),
        })
    }

    /// Draws, and moves the stream on.
    fn draw(&mut self, first: usize, draw: Draw) -> Value {
        let ids = [0, 1, 2].map(|k| self.symbol(first + k));
        let place = self.symbol(first + 3);
        let value = self.graph.add(Op::Draw(draw, ids, place));
        let length = match draw {
            Draw::Normal => self.graph.add(Op::Draw(Draw::NormalLength, ids, place)),
            _ => self.graph.constant(1.0),
        };
        let next = self.graph.plus(place, length);
        self.environment.insert(first + 3, next);
        value
    }
}
