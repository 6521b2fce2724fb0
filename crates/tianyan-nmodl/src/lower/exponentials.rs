//! Fewer exponentials: those of v in one kernel are powers of a few.
//!
//! ```text
//! exp(-(v + 40) / 10), exp(-(v + 65) / 20)   become   e = exp(-0.05 v), e * e * exp(-4), e * exp(-3.25)
//! exp(z), exp(-z)                            become   e = exp(z), 1 / e
//! ```
//!
//! A power of n has n times the rounding error of its base; n is at most [`MOST`].

use std::collections::BTreeMap;

use super::rewrite::rewritten;
use crate::graph::Graph;
use crate::ir::{Binding, Function, Kernel, NodeVariable, Op, Value};
use crate::math;

/// The highest power.
const MOST: f64 = 10.0;
/// Steeper ones could overflow where the text does not, 1/mV.
const STEEPEST: f64 = 0.5;
/// What an exponential, a division, a multiplication cost.
const COST: (f64, f64, f64) = (12.0, 4.0, 1.0);

/// slope * v + shift
#[derive(Debug, Clone, Copy)]
struct Affine {
    slope: f64,
    shift: f64,
}

/// The same kernel with as few exponentials of v as pays.
pub(super) fn share(kernel: &Kernel, bindings: &[Binding], is_exact: impl Fn(u32) -> bool) -> Kernel {
    let of_voltage = exponents(kernel, bindings);
    let bases = bases(of_voltage.values().map(|exponent| exponent.slope).collect());
    let make = |graph: &mut Graph, before: Op, op: Op| {
        let exponent = match before {
            Op::Call(Function::Exp, x) => of_voltage.get(&x),
            _ => None,
        };
        let power = exponent.and_then(|exponent| Some((exponent, power(exponent.slope, &bases)?)));
        let Some((exponent, (base, n))) = power else { return graph.add(op) };
        let voltage = bindings.iter().position(|binding| *binding == Binding::Node(NodeVariable::Voltage));
        let v = graph.add(Op::Load(voltage.unwrap_or_default() as u32));
        let slope = graph.constant(base);
        let x = graph.times(v, slope);
        let mut e = graph.call(Function::Exp, x);
        if n < 0.0 {
            let one = graph.constant(1.0);
            e = graph.over(one, e);
        }
        let n = graph.constant(n.abs());
        let power = graph.power(e, n);
        let factor = graph.constant(math::exp(exponent.shift));
        graph.times(power, factor)
    };
    rewritten(kernel, is_exact, make)
}

/// The exponents of exponentials that are affine in v.
fn exponents(kernel: &Kernel, bindings: &[Binding]) -> BTreeMap<Value, Affine> {
    let mut affine: Vec<Option<Affine>> = Vec::with_capacity(kernel.ops.len());
    for op in &kernel.ops {
        let of = |value: Value| affine[value.0 as usize];
        let found = match *op {
            Op::Constant(shift) => Some(Affine { slope: 0.0, shift }),
            Op::Load(b) if bindings[b as usize] == Binding::Node(NodeVariable::Voltage) => {
                Some(Affine { slope: 1.0, shift: 0.0 })
            }
            Op::Negate(a) => of(a).map(|a| Affine { slope: -a.slope, shift: -a.shift }),
            Op::Add(a, b) => {
                of(a).zip(of(b)).map(|(a, b)| Affine { slope: a.slope + b.slope, shift: a.shift + b.shift })
            }
            Op::Subtract(a, b) => {
                of(a).zip(of(b)).map(|(a, b)| Affine { slope: a.slope - b.slope, shift: a.shift - b.shift })
            }
            Op::Multiply(a, b) => of(a).zip(of(b)).and_then(|(a, b)| match (a.slope == 0.0, b.slope == 0.0) {
                (true, _) => Some(Affine { slope: a.shift * b.slope, shift: a.shift * b.shift }),
                (_, true) => Some(Affine { slope: a.slope * b.shift, shift: a.shift * b.shift }),
                _ => None,
            }),
            _ => None,
        };
        affine.push(found);
    }
    let exponentials = kernel.ops.iter().filter_map(|op| match op {
        Op::Call(Function::Exp, x) => Some((*x, affine[x.0 as usize]?)),
        _ => None,
    });
    let fits = |(_, exponent): &(Value, Affine)| {
        exponent.slope != 0.0 && exponent.slope.abs() <= STEEPEST && math::exp(exponent.shift).is_normal()
    };
    exponentials.filter(fits).collect()
}

/// Slopes of which the given ones are multiples, where that is cheaper.
fn bases(mut slopes: Vec<f64>) -> Vec<f64> {
    let mut bases = Vec::new();
    loop {
        let saved = |base: f64| {
            let powers: Vec<f64> = slopes.iter().filter_map(|slope| multiple(*slope, base)).collect();
            let (exponential, division, multiplication) = COST;
            let multiplications: f64 = powers.iter().map(|n| 1.0 + n.abs().log2().ceil()).sum();
            let divisions = powers.iter().any(|n| *n < 0.0);
            exponential * (powers.len() as f64 - 1.0)
                - multiplication * multiplications
                - if divisions { division } else { 0.0 }
        };
        let best = slopes.iter().copied().max_by(|a, b| saved(*a).total_cmp(&saved(*b)).then(b.total_cmp(a)));
        let Some(base) = best.filter(|base| saved(*base) > 0.0) else { return bases };
        bases.push(base);
        slopes.retain(|slope| multiple(*slope, base).is_none());
    }
}

/// The base and the power that give an exponential of this slope.
fn power(slope: f64, bases: &[f64]) -> Option<(f64, f64)> {
    bases.iter().find_map(|base| Some((*base, multiple(slope, *base)?)))
}

/// n, if the slope is n times the base.
fn multiple(slope: f64, base: f64) -> Option<f64> {
    let n = (slope / base).round();
    let same = (n * base - slope).abs() <= 4.0 * f64::EPSILON * slope.abs();
    (same && n != 0.0 && n.abs() <= MOST).then_some(n)
}
