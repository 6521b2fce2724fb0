//! Kernels made anew, with cheaper operations: the results are those of NMODL's text up to rounding.
//!
//! Where a bit decides (FLOOR, a comparison for equality, a number of draws, a time that is kept), operations stay as
//! they stand, and so do kernels with loops.

use super::{divide, exponentials, signs};
use crate::graph::{Graph, operands, rename};
use crate::ir::{Binding, Comparison, Destination, Function, Kernel, Op, Value};

/// The same kernel, cheaper. `is_exact` tells of the bindings of times and counters, `is_parameter` of those that stay
/// the same for the whole run.
pub(super) fn cheaper(
    kernel: Kernel,
    bindings: &[Binding],
    is_parameter: impl Fn(u32) -> bool,
    is_exact: impl Fn(u32) -> bool,
) -> Kernel {
    if !kernel.iterations.is_empty() {
        return kernel;
    }
    let kernel = divide::by_numbers(&kernel, &is_exact);
    let kernel = exponentials::share(&kernel, bindings, &is_exact);
    let kernel = signs::outwards(&kernel, &is_exact);
    let kernel = divide::by_inverse_less_one(&kernel, &is_exact);
    let kernel = divide::by_steady(&kernel, &is_parameter, &is_exact);
    trimmed(&divide::by_inverses(&kernel, &is_exact))
}

/// The kernel with each operation made anew, from what it was and from what it is with its operands renamed; where a
/// bit decides it stays.
pub(super) fn rewritten(
    kernel: &Kernel,
    is_exact: impl Fn(u32) -> bool,
    make: impl Fn(&mut Graph, Op, Op) -> Value,
) -> Kernel {
    let delicate = delicate(kernel, is_exact);
    let mut graph = Graph::default();
    let mut new: Vec<Value> = Vec::with_capacity(kernel.ops.len());
    for (before, delicate) in kernel.ops.iter().zip(delicate) {
        let op = rename(before, |value| new[value.0 as usize]);
        new.push(if delicate { graph.add(op) } else { make(&mut graph, *before, op) });
    }
    renamed(kernel, graph.ops, &new)
}

fn renamed(kernel: &Kernel, ops: Vec<Op>, new: &[Value]) -> Kernel {
    let mut kernel = Kernel { ops, ..kernel.clone() };
    kernel.stores.iter_mut().for_each(|(_, value)| *value = new[value.0 as usize]);
    for effect in &mut kernel.effects {
        for value in [&mut effect.when, &mut effect.time, &mut effect.flag] {
            *value = new[value.0 as usize];
        }
    }
    kernel
}

/// Without operations that lead to nothing.
pub(super) fn trimmed(kernel: &Kernel) -> Kernel {
    let mut live = vec![false; kernel.ops.len()];
    ends(kernel).for_each(|value| live[value.0 as usize] = true);
    for at in (0..live.len()).rev() {
        if live[at] {
            operands(&kernel.ops[at]).iter().flatten().for_each(|read| live[read.0 as usize] = true);
        }
    }
    let (mut ops, mut new) = (Vec::new(), Vec::with_capacity(live.len()));
    for (op, live) in kernel.ops.iter().zip(live) {
        new.push(Value(ops.len() as u32));
        if live {
            ops.push(rename(op, |value| new[value.0 as usize]));
        }
    }
    renamed(kernel, ops, &new)
}

/// What a kernel is made for.
pub(super) fn ends(kernel: &Kernel) -> impl Iterator<Item = Value> {
    let effects = kernel.effects.iter().flat_map(|effect| [effect.when, effect.time, effect.flag]);
    kernel.stores.iter().map(|(_, value)| *value).chain(effects)
}

/// Whether a bit of an operation's result may decide something.
fn delicate(kernel: &Kernel, is_exact: impl Fn(u32) -> bool) -> Vec<bool> {
    let mut delicate = vec![false; kernel.ops.len()];
    for (destination, value) in &kernel.stores {
        delicate[value.0 as usize] |= match destination {
            Destination::Set(b) | Destination::Add(b) => is_exact(*b),
            Destination::Argument(_) => true,
        };
    }
    for effect in &kernel.effects {
        [effect.when, effect.time, effect.flag].iter().for_each(|value| delicate[value.0 as usize] = true);
    }
    for at in (0..delicate.len()).rev() {
        let decides = matches!(
            kernel.ops[at],
            Op::Call(Function::Floor | Function::Ceil, _)
                | Op::Remainder(..)
                | Op::Draw(..)
                | Op::Compare(Comparison::Equal | Comparison::NotEqual, ..)
        );
        if delicate[at] || decides {
            operands(&kernel.ops[at]).iter().flatten().for_each(|read| delicate[read.0 as usize] = true);
        }
    }
    delicate
}
