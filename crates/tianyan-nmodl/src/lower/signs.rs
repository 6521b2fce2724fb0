//! Minus signs move outwards, so that what differs by its sign alone is computed once.
//!
//! ```text
//! v - e, e - v      become   d = v - e, -d
//! (-a) * b          becomes  -(a * b)
//! exp(z), exp(-z)   become   e = exp(z), 1 / e
//! ```
//!
//! All but the last give the same bits (zeros may change their sign).

use super::rewrite::rewritten;
use crate::graph::Graph;
use crate::ir::{Function, Kernel, Op, Value};

/// The same kernel with its signs outside.
pub(super) fn outwards(kernel: &Kernel, is_exact: impl Fn(u32) -> bool) -> Kernel {
    rewritten(kernel, is_exact, |graph, _, op| outside(graph, op))
}

fn outside(graph: &mut Graph, op: Op) -> Value {
    let negated = |graph: &Graph, value: Value| match graph.op(value) {
        Op::Negate(inner) => Some(inner),
        _ => None,
    };
    match op {
        Op::Subtract(a, b) => match (graph.find(Op::Subtract(b, a)), negated(graph, b)) {
            (Some(other), _) => graph.negate(other),
            (None, Some(b)) => graph.plus(a, b),
            (None, None) => graph.add(op),
        },
        Op::Add(a, b) => match (negated(graph, a), negated(graph, b)) {
            (_, Some(b)) => graph.minus(a, b),
            (Some(a), None) => outside(graph, Op::Subtract(b, a)),
            (None, None) => graph.add(op),
        },
        Op::Multiply(a, b) | Op::Divide(a, b) => {
            let (inner_a, inner_b) = (negated(graph, a), negated(graph, b));
            let inner = match op {
                Op::Multiply(..) => graph.times(inner_a.unwrap_or(a), inner_b.unwrap_or(b)),
                _ => graph.over(inner_a.unwrap_or(a), inner_b.unwrap_or(b)),
            };
            if inner_a.is_some() == inner_b.is_some() { inner } else { graph.negate(inner) }
        }
        Op::Call(Function::Abs, a) => {
            let inner = negated(graph, a).unwrap_or(a);
            graph.call(Function::Abs, inner)
        }
        Op::Call(Function::Exp, a) => {
            let opposite = negated(graph, a).or_else(|| graph.find(Op::Negate(a)));
            match opposite.and_then(|opposite| graph.find(Op::Call(Function::Exp, opposite))) {
                Some(inverse) => {
                    let one = graph.constant(1.0);
                    graph.over(one, inverse)
                }
                None => graph.add(op),
            }
        }
        _ => graph.add(op),
    }
}
