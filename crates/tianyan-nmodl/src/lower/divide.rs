//! Fewer divisions: a processor divides ten times slower than it multiplies, and channels are full of divisions.
//!
//! ```text
//! x / 10        becomes  x * 0.1
//! -1 / (1 / x)  becomes  -x
//! a / d, b / d  become   r = 1 / d, a * r, b * r
//! x / tau       becomes  x * (1 / tau), where tau stays the same for the whole run: the inverse is computed once
//! a / (1/e - 1) becomes  -(a / (e - 1)) * e
//! ```

use std::collections::BTreeMap;

use super::rewrite::rewritten;
use crate::graph::{Graph, is_arithmetic, operands};
use crate::ir::{Kernel, Op, Value};

/// Without divisions by numbers, and by numbers that were divided by something.
pub(super) fn by_numbers(kernel: &Kernel, is_exact: impl Fn(u32) -> bool) -> Kernel {
    rewritten(kernel, is_exact, |graph, _, op| without_quotient(graph, op))
}

/// Without divisions by what stays the same for the whole run; `is_parameter` tells of bindings.
pub(super) fn by_steady(kernel: &Kernel, is_parameter: impl Fn(u32) -> bool, is_exact: impl Fn(u32) -> bool) -> Kernel {
    let mut steady: Vec<bool> = Vec::with_capacity(kernel.ops.len());
    for op in &kernel.ops {
        steady.push(match op {
            Op::Constant(_) | Op::TimeStep => true,
            Op::Load(b) => is_parameter(*b),
            op if is_arithmetic(op) => operands(op).into_iter().flatten().all(|read| steady[read.0 as usize]),
            _ => false,
        });
    }
    let multiplied = |graph: &mut Graph, before: Op, op: Op| match (before, op) {
        (Op::Divide(moving, divisor), Op::Divide(a, b)) if steady[divisor.0 as usize] && !steady[moving.0 as usize] => {
            let one = graph.constant(1.0);
            let inverse = graph.over(one, b);
            graph.times(a, inverse)
        }
        _ => graph.add(op),
    };
    rewritten(kernel, is_exact, multiplied)
}

/// Without divisions by an inverse less one.
pub(super) fn by_inverse_less_one(kernel: &Kernel, is_exact: impl Fn(u32) -> bool) -> Kernel {
    rewritten(kernel, is_exact, |graph, _, op| without_inverse_less_one(graph, op))
}

fn without_inverse_less_one(graph: &mut Graph, op: Op) -> Value {
    let Op::Divide(a, b) = op else { return graph.add(op) };
    let inverse_of = |graph: &Graph, value: Value| match graph.op(value) {
        Op::Divide(one, e) if graph.known(one) == Some(1.0) => Some(e),
        _ => None,
    };
    let (e, is_less) = match graph.op(b) {
        Op::Subtract(p, q) if graph.known(q) == Some(1.0) => (inverse_of(graph, p), true),
        Op::Subtract(p, q) if graph.known(p) == Some(1.0) => (inverse_of(graph, q), false),
        _ => (None, false),
    };
    let Some(e) = e else { return graph.add(op) };
    let one = graph.constant(1.0);
    let less = graph.minus(e, one);
    let quotient = graph.over(a, less);
    let value = graph.times(quotient, e);
    if is_less { graph.negate(value) } else { value }
}

/// With one division for all by the same divisor.
pub(super) fn by_inverses(kernel: &Kernel, is_exact: impl Fn(u32) -> bool) -> Kernel {
    let mut uses: BTreeMap<Value, usize> = BTreeMap::new();
    for op in &kernel.ops {
        if let Op::Divide(_, b) = op {
            *uses.entry(*b).or_default() += 1;
        }
    }
    let by_inverse = |graph: &mut Graph, before: Op, op: Op| match (before, op) {
        (Op::Divide(_, divisor), Op::Divide(a, b)) if uses.get(&divisor).is_some_and(|uses| *uses > 1) => {
            let one = graph.constant(1.0);
            let inverse = graph.over(one, b);
            graph.times(a, inverse)
        }
        _ => graph.add(op),
    };
    rewritten(kernel, is_exact, by_inverse)
}

/// An operation, without the division where the divisor is a number, or a number divided by something.
fn without_quotient(graph: &mut Graph, op: Op) -> Value {
    let Op::Divide(a, b) = op else { return graph.add(op) };
    if let Some(inverse) = graph.known(b).map(|divisor| 1.0 / divisor).filter(|inverse| inverse.is_normal()) {
        let inverse = graph.constant(inverse);
        return graph.times(a, inverse);
    }
    let quotient = match graph.op(b) {
        Op::Divide(p, q) => graph.known(p).filter(|p| (1.0 / p).is_normal()).map(|p| (p, q)),
        _ => None,
    };
    match (quotient, graph.known(a)) {
        (Some((p, q)), Some(a)) if a / p == -1.0 => graph.negate(q),
        (Some((p, q)), Some(a)) => {
            let factor = graph.constant(a / p);
            graph.times(factor, q)
        }
        (Some((p, q)), None) => {
            let product = graph.times(a, q);
            let inverse = graph.constant(1.0 / p);
            graph.times(product, inverse)
        }
        (None, _) => graph.add(op),
    }
}
