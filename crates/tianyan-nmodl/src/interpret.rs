//! Runs kernels without a compiler: the oracle of the tests, and the fallback where there is no C compiler.
//!
//! The results have the bits of the compiled text: every operation is one double operation or one function
//! of [`crate::math`], in the same order.

use std::ops::Range;

use crate::ir::{Binding, Comparison, Destination, Draw, Function, Iteration, Kernel, Op, Value};
use crate::mechanism::Mechanism;
use crate::rates::{self, Rates};
use crate::{lookup, math, streams};

/// Where a kernel finds its numbers (see [`crate::ir`]).
#[derive(Debug)]
pub struct Call<'a> {
    /// All numbers of the group.
    pub state: &'a mut [f64],
    /// Where each binding of the mechanism begins in `state`.
    pub field: &'a [i64],
    /// Node of each instance, then for each ion the instance of the ion.
    pub index: &'a [i32],
    /// Number of instances, padding included: the stride of `index`.
    pub n: usize,
    /// The mechanism's [`crate::RateTable`]; only the kernel `rated` reads it.
    pub rates: &'a [f64],
    /// Time, ms.
    pub t_ms: f64,
    /// Step, ms.
    pub dt_ms: f64,
}

impl Call<'_> {
    /// Where binding `b` of instance `i` lies in `state`.
    fn place(&self, mechanism: &Mechanism, b: usize, i: usize) -> usize {
        let offset = match mechanism.kernels.bindings[b] {
            Binding::Field(f) if mechanism.fields[f].shared => 0,
            Binding::Field(_) => i,
            Binding::Node(_) => self.index[i] as usize,
            Binding::Ion(k, _) => self.index[(1 + k) * self.n + i] as usize,
            Binding::Celsius => 0,
        };
        self.field[b] as usize + offset
    }
}

/// Runs one of the mechanism's kernels on some instances.
///
/// # Panics
/// If a table is too short for the mechanism.
pub fn run(mechanism: &Mechanism, kernel: &Kernel, call: &mut Call, instances: Range<usize>) {
    let mut values = vec![0.0; kernel.ops.len()];
    for i in instances {
        instance(mechanism, kernel, call, i, &mut [], &mut values);
    }
}

/// Runs a kernel on one instance with arguments; what it writes to them stands there afterwards. `effects` gets
/// three numbers for each of the kernel's effects: 1 or 0 for whether it happens, its time, its flag.
///
/// # Panics
/// If a table is too short for the mechanism.
pub fn event(
    mechanism: &Mechanism,
    kernel: &Kernel,
    call: &mut Call,
    i: usize,
    arguments: &mut [f64],
    effects: &mut [f64],
) {
    let mut values = vec![0.0; kernel.ops.len()];
    instance(mechanism, kernel, call, i, arguments, &mut values);
    let get = |value: Value| values[value.0 as usize];
    for (effect, out) in kernel.effects.iter().zip(effects.chunks_exact_mut(3)) {
        out.copy_from_slice(&[get(effect.when), get(effect.time), get(effect.flag)]);
    }
}

fn instance(
    mechanism: &Mechanism,
    kernel: &Kernel,
    call: &mut Call,
    i: usize,
    arguments: &mut [f64],
    values: &mut [f64],
) {
    let run = Run { mechanism, kernel, call, i, arguments };
    run.operations(values);
    for &(destination, value) in &kernel.stores {
        let number = values[value.0 as usize];
        match destination {
            Destination::Set(b) => call.state[call.place(mechanism, b as usize, i)] = number,
            Destination::Add(b) => call.state[call.place(mechanism, b as usize, i)] += number,
            Destination::Argument(k) => arguments[k as usize] = number,
        }
    }
}

/// One instance of one kernel.
struct Run<'a, 'b> {
    mechanism: &'a Mechanism,
    kernel: &'a Kernel,
    call: &'a Call<'b>,
    i: usize,
    arguments: &'a [f64],
}

impl Run<'_, '_> {
    fn operations(&self, values: &mut [f64]) {
        let mut carried = vec![Vec::new(); self.kernel.iterations.len()];
        self.region(0..self.kernel.ops.len(), &mut 0, &mut carried, values);
    }

    /// Runs operations in order; `next` is the first iteration whose body may lie among them, and moves behind them.
    /// A finished iteration leaves its results where its carried variables were.
    fn region(&self, range: Range<usize>, next: &mut usize, carried: &mut [Vec<f64>], values: &mut [f64]) {
        let mut at = range.start;
        loop {
            match self.kernel.iterations.get(*next) {
                Some(iteration) if iteration.body.0 as usize == at && iteration.body.1 as usize <= range.end => {
                    self.iterate(iteration, next, carried, values);
                    at = iteration.body.1 as usize;
                }
                _ if at < range.end => {
                    values[at] = self.operation(at, values, carried);
                    at += 1;
                }
                _ => return,
            }
        }
    }

    fn iterate(&self, iteration: &Iteration, next: &mut usize, carried: &mut [Vec<f64>], values: &mut [f64]) {
        let read = |list: &[Value], values: &[f64]| -> Vec<f64> { list.iter().map(|v| values[v.0 as usize]).collect() };
        let own = *next;
        carried[own] = read(&iteration.start, values);
        for _ in 0..iteration.limit {
            *next = own + 1;
            self.region(iteration.body.0 as usize..iteration.body.1 as usize, next, carried, values);
            carried[own] = read(&iteration.next, values);
            if values[iteration.again.0 as usize] == 0.0 {
                break;
            }
        }
    }

    fn operation(&self, at: usize, values: &[f64], carried: &[Vec<f64>]) -> f64 {
        match self.kernel.ops[at] {
            Op::Load(b) => self.call.state[self.call.place(self.mechanism, b as usize, self.i)],
            Op::Time => self.call.t_ms,
            Op::TimeStep => self.call.dt_ms,
            Op::Argument(k) => self.arguments[k as usize],
            Op::Carried(iteration, k) | Op::Iterated(iteration, k) => carried[iteration as usize][k as usize],
            Op::Interpolate(b, x) => lookup::interpolate(self.table(b), values[x.0 as usize]),
            Op::Lookup(b, x) => lookup::lookup(self.table(b), values[x.0 as usize]),
            Op::Rate(k, x) => self.rate(k as usize, values[x.0 as usize]),
            op => evaluate(&op, &|value| values[value.0 as usize]).unwrap_or(f64::NAN),
        }
    }

    fn rate(&self, k: usize, v_mv: f64) -> f64 {
        let columns = self.mechanism.rates.as_ref().map_or(0, Rates::columns);
        rates::rate(self.call.rates, columns, k, v_mv)
    }

    fn table(&self, b: u32) -> &[f64] {
        &self.call.state[self.call.field[b as usize] as usize..]
    }
}

/// The result of an operation that only reads other values; none for the rest. Conditions are 1 and 0.
pub(crate) fn evaluate(op: &Op, get: &impl Fn(Value) -> f64) -> Option<f64> {
    let truth = |condition: bool| if condition { 1.0 } else { 0.0 };
    Some(match *op {
        Op::Constant(number) => number,
        Op::Negate(a) => -get(a),
        Op::Add(a, b) => get(a) + get(b),
        Op::Subtract(a, b) => get(a) - get(b),
        Op::Multiply(a, b) => get(a) * get(b),
        Op::Divide(a, b) => get(a) / get(b),
        Op::Call(function, a) => function_value(function, get(a)),
        Op::Power(a, b) => math::pow(get(a), get(b)),
        Op::Remainder(a, b) => math::remainder(get(a), get(b)),
        Op::Minimum(a, b) => math::minimum(get(a), get(b)),
        Op::Maximum(a, b) => math::maximum(get(a), get(b)),
        Op::Compare(comparison, a, b) => truth(compare(comparison, get(a), get(b))),
        Op::And(a, b) => truth(get(a) != 0.0 && get(b) != 0.0),
        Op::Or(a, b) => truth(get(a) != 0.0 || get(b) != 0.0),
        Op::Not(a) => truth(get(a) == 0.0),
        Op::Draw(draw, ids, place) => {
            let (ids, place) = (ids.map(get), get(place));
            match draw {
                Draw::Integer => streams::integer(ids, place),
                Draw::Uniform => streams::uniform(ids, place),
                Draw::Normal => streams::normal(ids, place).0,
                Draw::NormalLength => streams::normal(ids, place).1,
            }
        }
        Op::Select(c, a, b) => {
            if get(c) != 0.0 {
                get(a)
            } else {
                get(b)
            }
        }
        _ => return None,
    })
}

fn compare(comparison: Comparison, a: f64, b: f64) -> bool {
    match comparison {
        Comparison::Less => a < b,
        Comparison::LessEqual => a <= b,
        Comparison::Equal => a == b,
        Comparison::NotEqual => a != b,
    }
}

fn function_value(function: Function, x: f64) -> f64 {
    match function {
        Function::Exp => math::exp(x),
        Function::Log => math::log(x),
        Function::Log10 => math::log10(x),
        Function::Sqrt => x.sqrt(),
        Function::Abs => x.abs(),
        Function::Floor => x.floor(),
        Function::Ceil => x.ceil(),
        Function::Sin => math::sin(x),
        Function::Cos => math::cos(x),
        Function::Tan => math::tan(x),
        Function::Asin => math::asin(x),
        Function::Acos => math::acos(x),
        Function::Atan => math::atan(x),
        Function::Sinh => math::sinh(x),
        Function::Cosh => math::cosh(x),
        Function::Tanh => math::tanh(x),
    }
}
