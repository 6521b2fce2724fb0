//! What states need of v alone becomes rates: the kernel `rated` looks them up, see [`crate::rates`].

use super::prepare::costs;
use super::rewrite::{ends, trimmed};
use crate::graph::{is_arithmetic, operands};
use crate::ir::{Binding, Destination, Kernel, NodeVariable, Op, Value};
use crate::mechanism::{Field, FieldClass};
use crate::rates::Rates;

/// More are not worth a row.
const MOST: usize = 32;

/// What is known of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depends {
    /// The same for all instances and steps.
    Steady,
    /// On v and what is steady; whether it costs more than a load.
    OnVoltage { costly: bool },
    /// On anything else.
    Otherwise,
}

/// The kernel with its rates looked up, and what computes them; none if no rate is a function of v alone.
pub(super) fn look_up(state: &Kernel, bindings: &[Binding], fields: &[Field]) -> Option<(Kernel, Rates)> {
    if !state.iterations.is_empty() {
        return None;
    }
    let is_voltage =
        |op: &Op| matches!(op, Op::Load(b) if bindings[*b as usize] == Binding::Node(NodeVariable::Voltage));
    let v = state.ops.iter().position(is_voltage)?;
    let depends = depends(state, bindings, fields);
    let rates = frontier(state, &depends);
    if rates.is_empty() || rates.len() > MOST {
        return None;
    }
    let mut kernel = Kernel { stores: Vec::new(), ..state.clone() };
    kernel.ops[v] = Op::Argument(0);
    kernel.stores = (1..).zip(&rates).map(|(k, at)| (Destination::Argument(k), Value(*at as u32))).collect();
    let mut rated = state.clone();
    for (k, at) in (0..).zip(&rates) {
        rated.ops[*at] = Op::Rate(k, Value(v as u32));
    }
    Some((trimmed(&rated), Rates { count: rates.len(), kernel: trimmed(&kernel) }))
}

fn depends(kernel: &Kernel, bindings: &[Binding], fields: &[Field]) -> Vec<Depends> {
    let mut depends: Vec<Depends> = Vec::with_capacity(kernel.ops.len());
    for op in &kernel.ops {
        let is_of_operands =
            is_arithmetic(op) || matches!(op, Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_) | Op::Select(..));
        depends.push(match op {
            Op::Constant(_) | Op::TimeStep => Depends::Steady,
            Op::Load(b) => match bindings[*b as usize] {
                Binding::Node(NodeVariable::Voltage) => Depends::OnVoltage { costly: false },
                Binding::Celsius => Depends::Steady,
                Binding::Field(f) if fields[f].shared && fields[f].class == FieldClass::Parameter => Depends::Steady,
                _ => Depends::Otherwise,
            },
            op if is_of_operands => of_operands(op, &depends),
            _ => Depends::Otherwise,
        });
    }
    depends
}

fn of_operands(op: &Op, before: &[Depends]) -> Depends {
    let read = || operands(op).into_iter().flatten().map(|read| before[read.0 as usize]);
    if read().any(|read| read == Depends::Otherwise) {
        Depends::Otherwise
    } else if read().all(|read| read == Depends::Steady) {
        Depends::Steady
    } else {
        let costly = costs(op) || read().any(|read| read == Depends::OnVoltage { costly: true });
        Depends::OnVoltage { costly }
    }
}

/// The operations that are worth looking up, and that something else reads.
fn frontier(kernel: &Kernel, depends: &[Depends]) -> Vec<usize> {
    let mut wanted = vec![false; kernel.ops.len()];
    ends(kernel).for_each(|value| wanted[value.0 as usize] = true);
    for (op, _) in kernel.ops.iter().zip(depends).filter(|(_, depends)| **depends == Depends::Otherwise) {
        operands(op).iter().flatten().for_each(|read| wanted[read.0 as usize] = true);
    }
    let is_flag = |op: &Op| matches!(op, Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_));
    let is_rate = |at: &usize| wanted[*at] && depends[*at] == Depends::OnVoltage { costly: true };
    (0..kernel.ops.len()).filter(|at| is_rate(at) && !is_flag(&kernel.ops[*at])).collect()
}
