//! What stays the same for the whole run is computed once: `exp(-dt / tau)`, a factor of temperature, a power of
//! parameters.
//!
//! Numbers that depend on parameters, temperature and the step alone, and that cost more than a load, become fields of the
//! compiler's own. The kernel `prepare` computes them, with the very operations of the text.

use std::collections::BTreeMap;

use super::rewrite::{ends, trimmed};
use crate::graph::{Graph, is_arithmetic, operands, rename};
use crate::ir::{Binding, Destination, Function, Kernel, Op, Value};
use crate::mechanism::{Field, FieldClass};

/// Takes such numbers out of the kernels; appends their fields and bindings. The kernel that computes them comes back.
pub(super) fn prepare<'k>(
    kernels: impl Iterator<Item = &'k mut Kernel>,
    bindings: &mut Vec<Binding>,
    fields: &mut Vec<Field>,
) -> Kernel {
    let mut prepared = Prepared { graph: Graph::default(), binding_of: BTreeMap::new(), stores: Vec::new() };
    for kernel in kernels.filter(|kernel| kernel.iterations.is_empty()) {
        prepared.take_from(kernel, bindings, fields);
        *kernel = trimmed(kernel);
    }
    trimmed(&Kernel { ops: prepared.graph.ops, stores: prepared.stores, ..Kernel::default() })
}

struct Prepared {
    graph: Graph,
    binding_of: BTreeMap<Value, u32>,
    stores: Vec<(Destination, Value)>,
}

/// What is known of an operation that stays the same.
#[derive(Debug, Clone, Copy)]
struct Steady {
    /// Whether it is worth keeping.
    is_costly: bool,
    /// Whether all instances share it.
    is_shared: bool,
    /// Itself in `prepare`.
    copy: Value,
}

impl Prepared {
    fn take_from(&mut self, kernel: &mut Kernel, bindings: &mut Vec<Binding>, fields: &mut Vec<Field>) {
        let mut steady: Vec<Option<Steady>> = Vec::with_capacity(kernel.ops.len());
        for op in &kernel.ops {
            let found = self.steady(op, &steady, bindings, fields);
            steady.push(found);
        }
        let mut wanted = vec![false; kernel.ops.len()];
        ends(kernel).for_each(|value| wanted[value.0 as usize] = true);
        for (op, _) in kernel.ops.iter().zip(&steady).filter(|(_, steady)| steady.is_none()) {
            operands(op).iter().flatten().for_each(|read| wanted[read.0 as usize] = true);
        }
        for at in 0..kernel.ops.len() {
            let Some(Steady { is_costly: true, is_shared, copy }) = steady[at].filter(|_| wanted[at]) else { continue };
            let binding = *self.binding_of.entry(copy).or_insert_with(|| {
                let field = Field {
                    name: format!("_prepared{}", self.stores.len()),
                    class: FieldClass::Parameter,
                    shared: is_shared,
                    ..Field::own()
                };
                fields.push(field);
                bindings.push(Binding::Field(fields.len() - 1));
                self.stores.push((Destination::Set(bindings.len() as u32 - 1), copy));
                bindings.len() as u32 - 1
            });
            kernel.ops[at] = Op::Load(binding);
        }
    }

    fn steady(&mut self, op: &Op, before: &[Option<Steady>], bindings: &[Binding], fields: &[Field]) -> Option<Steady> {
        let (mut is_costly, mut is_shared) = (costs(op), true);
        match op {
            Op::Constant(_) | Op::TimeStep => {}
            Op::Load(b) => match bindings[*b as usize] {
                Binding::Celsius => {}
                Binding::Field(f) if fields[f].class == FieldClass::Parameter && fields[f].stream.is_none() => {
                    is_shared = fields[f].shared;
                }
                _ => return None,
            },
            op if is_arithmetic(op) => {
                for read in operands(op).into_iter().flatten() {
                    let read = before[read.0 as usize]?;
                    is_costly |= read.is_costly;
                    is_shared &= read.is_shared;
                }
            }
            _ => return None,
        }
        let copied = |value: Value| before[value.0 as usize].map_or(Value(0), |steady| steady.copy);
        let copy = self.graph.add(rename(op, copied));
        Some(Steady { is_costly, is_shared, copy })
    }
}

/// Whether an operation costs more than a load.
pub(super) fn costs(op: &Op) -> bool {
    match op {
        Op::Divide(..) | Op::Power(..) | Op::Remainder(..) => true,
        Op::Call(function, _) => !matches!(function, Function::Abs | Function::Floor | Function::Ceil),
        _ => false,
    }
}
