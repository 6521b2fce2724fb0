//! The operations of one kernel while it is made: equal ones are one, constants are folded where that gives
//! the very bits the operation would give.

use std::collections::HashMap;

use crate::interpret::evaluate;
use crate::ir::{Comparison, Function, Op, Value};

/// More operations than this in one kernel is an error (procedures calling each other twice, again and again).
const MOST: usize = 100_000;

/// What is the same for equal operations.
type Key = (u8, u64, u32, u32);

/// Operations in the order they were made; each reads only earlier ones.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// The operations.
    pub(crate) ops: Vec<Op>,
    seen: HashMap<Key, Value>,
    /// Set when there were too many.
    pub(crate) full: bool,
}

impl Graph {
    /// The value of an operation, made or found.
    pub(crate) fn add(&mut self, op: Op) -> Value {
        let op = self.simplify(op).unwrap_or_else(|value| self.ops[value.0 as usize]);
        let key = key(&op);
        if let Some(value) = self.seen.get(&key) {
            return *value;
        }
        if self.ops.len() >= MOST {
            self.full = true;
            return Value(0);
        }
        let value = Value(self.ops.len() as u32);
        self.ops.push(op);
        self.seen.insert(key, value);
        value
    }

    /// The value of an operation, if it was made before.
    pub(crate) fn find(&self, op: Op) -> Option<Value> {
        self.seen.get(&key(&op)).copied()
    }

    pub(crate) fn constant(&mut self, value: f64) -> Value {
        self.add(Op::Constant(value))
    }

    pub(crate) fn op(&self, value: Value) -> Op {
        self.ops[value.0 as usize]
    }

    /// The number, if it is known.
    pub(crate) fn known(&self, value: Value) -> Option<f64> {
        match self.op(value) {
            Op::Constant(number) => Some(number),
            _ => None,
        }
    }

    /// Whether a condition holds, if that is known.
    pub(crate) fn decided(&self, condition: Value) -> Option<bool> {
        match self.op(condition) {
            Op::Compare(_, a, b) => {
                let (a, b) = (self.known(a)?, self.known(b)?);
                let result = evaluate(&rename_known(&self.op(condition)), &|v| if v.0 == 0 { a } else { b })?;
                Some(result != 0.0)
            }
            Op::Not(a) => self.decided(a).map(|holds| !holds),
            Op::And(a, b) => match (self.decided(a), self.decided(b)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Op::Or(a, b) => match (self.decided(a), self.decided(b)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    fn is(&self, value: Value, number: f64) -> bool {
        self.known(value).is_some_and(|known| known.to_bits() == number.to_bits())
    }

    /// Either an operation that gives the same bits, or a value that has them already.
    fn simplify(&self, op: Op) -> Result<Op, Value> {
        match op {
            Op::Subtract(a, b) if self.is(b, 0.0) => return Err(a),
            Op::Multiply(a, b) | Op::Divide(a, b) if self.is(b, 1.0) => return Err(a),
            Op::Multiply(a, b) if self.is(a, 1.0) => return Err(b),
            Op::Negate(a) => {
                if let Op::Negate(inner) = self.op(a) {
                    return Err(inner);
                }
            }
            Op::Not(a) => {
                if let Op::Not(inner) = self.op(a) {
                    return Err(inner);
                }
            }
            Op::Select(_, a, b) if a == b => return Err(a),
            _ => {}
        }
        Ok(self.fold(op).unwrap_or(op))
    }

    fn fold(&self, op: Op) -> Option<Op> {
        let mut all_known = true;
        let operands = operands(&op);
        let numbers = operands.map(|operand| operand.map(|value| self.known(value)));
        for number in numbers.iter().flatten() {
            all_known &= number.is_some();
        }
        let is_number =
            !matches!(op, Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_) | Op::Select(..) | Op::Draw(..));
        if operands[0].is_none() || !all_known || !is_number {
            return None;
        }
        let number = |value: Value| self.known(value).unwrap_or(f64::NAN);
        let folded = evaluate(&op, &number)?;
        folded.is_finite().then_some(Op::Constant(folded))
    }
}

// Shorthands that give the same bits as the operation.
impl Graph {
    pub(crate) fn negate(&mut self, a: Value) -> Value {
        self.add(Op::Negate(a))
    }

    pub(crate) fn plus(&mut self, a: Value, b: Value) -> Value {
        self.add(Op::Add(a, b))
    }

    pub(crate) fn minus(&mut self, a: Value, b: Value) -> Value {
        self.add(Op::Subtract(a, b))
    }

    pub(crate) fn times(&mut self, a: Value, b: Value) -> Value {
        self.add(Op::Multiply(a, b))
    }

    pub(crate) fn over(&mut self, a: Value, b: Value) -> Value {
        self.add(Op::Divide(a, b))
    }

    pub(crate) fn call(&mut self, function: Function, a: Value) -> Value {
        self.add(Op::Call(function, a))
    }

    pub(crate) fn compare(&mut self, comparison: Comparison, a: Value, b: Value) -> Value {
        self.add(Op::Compare(comparison, a, b))
    }

    pub(crate) fn select(&mut self, condition: Value, a: Value, b: Value) -> Value {
        self.add(Op::Select(condition, a, b))
    }

    /// a^b, by multiplications where b is a small whole number.
    pub(crate) fn power(&mut self, a: Value, b: Value) -> Value {
        match self.known(b) {
            Some(n) if n.fract() == 0.0 && n.abs() <= 16.0 => self.whole_power(a, n as i32),
            _ => self.add(Op::Power(a, b)),
        }
    }

    fn whole_power(&mut self, a: Value, n: i32) -> Value {
        if n < 0 {
            let one = self.constant(1.0);
            let power = self.whole_power(a, -n);
            return self.over(one, power);
        }
        match n {
            0 => self.constant(1.0),
            1 => a,
            _ => {
                let half = self.whole_power(a, n / 2);
                let square = self.times(half, half);
                if n % 2 == 0 { square } else { self.times(square, a) }
            }
        }
    }
}

// For formulas of the compiler's own making (derivatives, SOLVE), where 0 * x is 0 whatever x may be.
impl Graph {
    pub(crate) fn is_zero(&self, a: Value) -> bool {
        self.known(a) == Some(0.0)
    }

    pub(crate) fn loose_negate(&mut self, a: Value) -> Value {
        if self.is_zero(a) { a } else { self.negate(a) }
    }

    pub(crate) fn loose_plus(&mut self, a: Value, b: Value) -> Value {
        match (self.is_zero(a), self.is_zero(b), self.op(b)) {
            (true, ..) => b,
            (_, true, _) => a,
            (_, _, Op::Negate(b)) => self.minus(a, b),
            _ => self.plus(a, b),
        }
    }

    pub(crate) fn loose_minus(&mut self, a: Value, b: Value) -> Value {
        match (self.is_zero(a), self.is_zero(b)) {
            (true, _) => self.loose_negate(b),
            (_, true) => a,
            _ => self.minus(a, b),
        }
    }

    pub(crate) fn loose_times(&mut self, a: Value, b: Value) -> Value {
        if self.is_zero(a) {
            return a;
        }
        if self.is_zero(b) {
            return b;
        }
        match (self.known(a), self.known(b)) {
            (Some(-1.0), _) => self.negate(b),
            (_, Some(-1.0)) => self.negate(a),
            _ => self.times(a, b),
        }
    }

    pub(crate) fn loose_over(&mut self, a: Value, b: Value) -> Value {
        match self.known(b) {
            _ if self.is_zero(a) => a,
            Some(-1.0) => self.negate(a),
            _ => self.over(a, b),
        }
    }
}

/// A comparison of values 0 and 1.
fn rename_known(op: &Op) -> Op {
    let mut next = 0;
    rename(op, |_| {
        next += 1;
        Value(next - 1)
    })
}

/// Whether an operation is a function of its operands alone, with a number as its result.
pub(crate) fn is_arithmetic(op: &Op) -> bool {
    matches!(
        op,
        Op::Negate(_)
            | Op::Add(..)
            | Op::Subtract(..)
            | Op::Multiply(..)
            | Op::Divide(..)
            | Op::Call(..)
            | Op::Power(..)
            | Op::Remainder(..)
            | Op::Minimum(..)
            | Op::Maximum(..)
    )
}

/// The values an operation reads (those of an iteration aside).
pub(crate) fn operands(op: &Op) -> [Option<Value>; 4] {
    match *op {
        Op::Negate(a) | Op::Call(_, a) | Op::Not(a) | Op::Interpolate(_, a) | Op::Lookup(_, a) | Op::Rate(_, a) => {
            [Some(a), None, None, None]
        }
        Op::Add(a, b)
        | Op::Subtract(a, b)
        | Op::Multiply(a, b)
        | Op::Divide(a, b)
        | Op::Power(a, b)
        | Op::Remainder(a, b)
        | Op::Minimum(a, b)
        | Op::Maximum(a, b)
        | Op::Compare(_, a, b)
        | Op::And(a, b)
        | Op::Or(a, b) => [Some(a), Some(b), None, None],
        Op::Select(c, a, b) => [Some(c), Some(a), Some(b), None],
        Op::Draw(_, [a, b, c], d) => [Some(a), Some(b), Some(c), Some(d)],
        Op::Constant(_)
        | Op::Load(_)
        | Op::Time
        | Op::TimeStep
        | Op::Argument(_)
        | Op::Carried(..)
        | Op::Iterated(..) => [None; 4],
    }
}

/// The same operation on other values.
pub(crate) fn rename(op: &Op, mut new: impl FnMut(Value) -> Value) -> Op {
    match *op {
        Op::Negate(a) => Op::Negate(new(a)),
        Op::Call(function, a) => Op::Call(function, new(a)),
        Op::Not(a) => Op::Not(new(a)),
        Op::Interpolate(table, a) => Op::Interpolate(table, new(a)),
        Op::Lookup(table, a) => Op::Lookup(table, new(a)),
        Op::Rate(rate, a) => Op::Rate(rate, new(a)),
        Op::Add(a, b) => Op::Add(new(a), new(b)),
        Op::Subtract(a, b) => Op::Subtract(new(a), new(b)),
        Op::Multiply(a, b) => Op::Multiply(new(a), new(b)),
        Op::Divide(a, b) => Op::Divide(new(a), new(b)),
        Op::Power(a, b) => Op::Power(new(a), new(b)),
        Op::Remainder(a, b) => Op::Remainder(new(a), new(b)),
        Op::Minimum(a, b) => Op::Minimum(new(a), new(b)),
        Op::Maximum(a, b) => Op::Maximum(new(a), new(b)),
        Op::Compare(comparison, a, b) => Op::Compare(comparison, new(a), new(b)),
        Op::And(a, b) => Op::And(new(a), new(b)),
        Op::Or(a, b) => Op::Or(new(a), new(b)),
        Op::Select(c, a, b) => Op::Select(new(c), new(a), new(b)),
        Op::Draw(draw, ids, place) => Op::Draw(draw, ids.map(&mut new), new(place)),
        other => other,
    }
}

fn key(op: &Op) -> Key {
    let [a, b, c, d] = operands(op).map(|operand| operand.map_or(u32::MAX, |value| value.0));
    let (tag, extra) = match *op {
        Op::Constant(number) => (0, number.to_bits()),
        Op::Load(binding) => (1, u64::from(binding)),
        Op::Time => (2, 0),
        Op::TimeStep => (3, 0),
        Op::Argument(k) => (4, u64::from(k)),
        Op::Negate(_) => (5, 0),
        Op::Add(..) => (6, 0),
        Op::Subtract(..) => (7, 0),
        Op::Multiply(..) => (8, 0),
        Op::Divide(..) => (9, 0),
        Op::Call(function, _) => (10, function as u64),
        Op::Power(..) => (11, 0),
        Op::Remainder(..) => (12, 0),
        Op::Minimum(..) => (13, 0),
        Op::Maximum(..) => (14, 0),
        Op::Compare(comparison, ..) => (15, comparison as u64),
        Op::And(..) => (16, 0),
        Op::Or(..) => (17, 0),
        Op::Not(_) => (18, 0),
        Op::Select(..) => (19, u64::from(c)),
        Op::Carried(iteration, k) => (20, u64::from(iteration) << 32 | u64::from(k)),
        Op::Iterated(iteration, k) => (21, u64::from(iteration) << 32 | u64::from(k)),
        Op::Draw(draw, ..) => (22 + draw as u8, u64::from(c) << 32 | u64::from(d)),
        Op::Interpolate(table, _) => (26, u64::from(table)),
        Op::Lookup(table, _) => (27, u64::from(table)),
        Op::Rate(rate, _) => (28, u64::from(rate)),
    };
    (tag, extra, a, b)
}
