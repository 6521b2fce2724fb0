//! Derivatives of values, and the affine form of an equation.

use crate::graph::{Graph, operands};
use crate::ir::{Function, Op, Value};

/// For each operation up to `value`: does it depend on `on`?
pub(crate) fn dependents(graph: &Graph, on: Value) -> Vec<bool> {
    let mut depends = vec![false; graph.ops.len()];
    for at in 0..graph.ops.len() {
        let read = operands(&graph.ops[at]);
        depends[at] = at == on.0 as usize || read.iter().flatten().any(|value| depends[value.0 as usize]);
    }
    depends
}

/// True if `value` depends on `on`.
pub(crate) fn depends(graph: &Graph, value: Value, on: Value) -> bool {
    dependents(graph, on)[value.0 as usize]
}

/// The operations that `value` is made of and that depend on `on`, in order; the rest are constants to it.
fn cone(graph: &Graph, value: Value, on: Value) -> Vec<Value> {
    let depends = dependents(graph, on);
    let mut needed = vec![false; value.0 as usize + 1];
    needed[value.0 as usize] = true;
    for at in (0..needed.len()).rev() {
        if needed[at] {
            operands(&graph.ops[at]).iter().flatten().for_each(|read| needed[read.0 as usize] = true);
        }
    }
    (0..needed.len()).filter(|&at| needed[at] && depends[at]).map(|at| Value(at as u32)).collect()
}

/// d value / d x. At a jump or a kink it is the derivative of the side the value is on.
pub(crate) fn derivative(graph: &mut Graph, value: Value, x: Value) -> Value {
    let zero = graph.constant(0.0);
    let one = graph.constant(1.0);
    let mut found = std::collections::HashMap::from([(x, one)]);
    for at in cone(graph, value, x) {
        if at != x {
            let of = |value: Value| found.get(&value).copied().unwrap_or(zero);
            let derived = rule(graph, at, &of);
            found.insert(at, derived);
        }
    }
    found.get(&value).copied().unwrap_or(zero)
}

/// The derivative of one operation, given those of what it reads.
fn rule(graph: &mut Graph, at: Value, of: &impl Fn(Value) -> Value) -> Value {
    match graph.op(at) {
        Op::Negate(a) => graph.loose_negate(of(a)),
        Op::Add(a, b) => graph.loose_plus(of(a), of(b)),
        Op::Subtract(a, b) => graph.loose_minus(of(a), of(b)),
        Op::Multiply(a, b) => {
            let left = graph.loose_times(of(a), b);
            let right = graph.loose_times(a, of(b));
            graph.loose_plus(left, right)
        }
        Op::Divide(a, b) => {
            let carried = graph.loose_times(at, of(b));
            let top = graph.loose_minus(of(a), carried);
            graph.loose_over(top, b)
        }
        Op::Call(function, a) => {
            if graph.is_zero(of(a)) {
                return of(a);
            }
            let outer = function_rule(graph, function, at, a);
            graph.loose_times(outer, of(a))
        }
        Op::Power(a, b) => power_rule(graph, at, a, b, of),
        Op::Remainder(a, b) => {
            let quotient = graph.over(a, b);
            let whole = truncate(graph, quotient);
            let carried = graph.loose_times(whole, of(b));
            graph.loose_minus(of(a), carried)
        }
        Op::Minimum(a, b) => {
            let condition = graph.compare(crate::ir::Comparison::Less, a, b);
            graph.select(condition, of(a), of(b))
        }
        Op::Maximum(a, b) => {
            let condition = graph.compare(crate::ir::Comparison::Less, b, a);
            graph.select(condition, of(a), of(b))
        }
        Op::Select(c, a, b) => graph.select(c, of(a), of(b)),
        _ => graph.constant(0.0),
    }
}

/// Towards 0.
fn truncate(graph: &mut Graph, a: Value) -> Value {
    let zero = graph.constant(0.0);
    let negative = graph.compare(crate::ir::Comparison::Less, a, zero);
    let up = graph.call(Function::Ceil, a);
    let down = graph.call(Function::Floor, a);
    graph.select(negative, up, down)
}

/// d(a^b) = b a^(b-1) da + a^b log(a) db
fn power_rule(graph: &mut Graph, at: Value, a: Value, b: Value, of: &impl Fn(Value) -> Value) -> Value {
    let mut sum = graph.constant(0.0);
    if !graph.is_zero(of(a)) {
        let one = graph.constant(1.0);
        let less = graph.minus(b, one);
        let lower = graph.power(a, less);
        let slope = graph.times(b, lower);
        sum = graph.loose_times(slope, of(a));
    }
    if !graph.is_zero(of(b)) {
        let log = graph.call(Function::Log, a);
        let slope = graph.times(at, log);
        let part = graph.loose_times(slope, of(b));
        sum = graph.loose_plus(sum, part);
    }
    sum
}

/// f'(a), where `at` is f(a).
fn function_rule(graph: &mut Graph, function: Function, at: Value, a: Value) -> Value {
    let one = graph.constant(1.0);
    let zero = graph.constant(0.0);
    match function {
        Function::Exp => at,
        Function::Log => graph.over(one, a),
        Function::Log10 => {
            let scale = graph.constant(std::f64::consts::LOG10_E);
            graph.over(scale, a)
        }
        Function::Sqrt => {
            let half = graph.constant(0.5);
            graph.over(half, at)
        }
        Function::Abs => {
            let minus = graph.constant(-1.0);
            let negative = graph.compare(crate::ir::Comparison::Less, a, zero);
            graph.select(negative, minus, one)
        }
        Function::Floor | Function::Ceil => zero,
        Function::Sin => graph.call(Function::Cos, a),
        Function::Cos => {
            let sine = graph.call(Function::Sin, a);
            graph.negate(sine)
        }
        Function::Tan => {
            let square = graph.times(at, at);
            graph.plus(one, square)
        }
        Function::Asin | Function::Acos => {
            let square = graph.times(a, a);
            let rest = graph.minus(one, square);
            let root = graph.call(Function::Sqrt, rest);
            let slope = graph.over(one, root);
            if function == Function::Asin { slope } else { graph.negate(slope) }
        }
        Function::Atan => {
            let square = graph.times(a, a);
            let below = graph.plus(one, square);
            graph.over(one, below)
        }
        Function::Sinh => graph.call(Function::Cosh, a),
        Function::Cosh => graph.call(Function::Sinh, a),
        Function::Tanh => {
            let square = graph.times(at, at);
            graph.minus(one, square)
        }
    }
}

/// f = scale (a + b x) / under, where none of the four depends on x. A common factor and divisor are kept
/// apart so that -a/b is the steady state also where `under` is 0 or `scale` infinite.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine {
    /// Value at 0.
    pub(crate) a: Value,
    /// Slope.
    pub(crate) b: Value,
    /// Common factor, if any.
    pub(crate) scale: Option<Value>,
    /// Common divisor, if any.
    pub(crate) under: Option<Value>,
}

/// The affine form of `value` in `x`, if it plainly has one.
pub(crate) fn affine(graph: &mut Graph, value: Value, x: Value) -> Option<Affine> {
    let zero = graph.constant(0.0);
    let one = graph.constant(1.0);
    let plain = |a, b| Affine { a, b, scale: None, under: None };
    let mut found = std::collections::HashMap::from([(x, plain(zero, one))]);
    for at in cone(graph, value, x) {
        if at == x {
            continue;
        }
        let of = |value: Value| found.get(&value).copied();
        let form = affine_rule(graph, graph.op(at), &of)?;
        found.insert(at, form);
    }
    Some(found.get(&value).copied().unwrap_or(plain(value, zero)))
}

/// The form of one operation, given those of what it reads (none: does not depend on x).
fn affine_rule(graph: &mut Graph, op: Op, of: &impl Fn(Value) -> Option<Affine>) -> Option<Affine> {
    match op {
        Op::Negate(a) => {
            let form = of(a)?;
            Some(Affine { a: graph.loose_negate(form.a), b: graph.loose_negate(form.b), ..form })
        }
        Op::Add(a, b) => sum(graph, [a, b], of, Graph::loose_plus),
        Op::Subtract(a, b) => sum(graph, [a, b], of, Graph::loose_minus),
        Op::Multiply(a, b) => {
            let (form, factor) = match (of(a), of(b)) {
                (Some(form), None) => (form, b),
                (None, Some(form)) => (form, a),
                _ => return None,
            };
            let scale = form.scale.map_or(factor, |scale| graph.loose_times(scale, factor));
            Some(Affine { scale: Some(scale), ..form })
        }
        Op::Divide(a, b) => {
            if of(b).is_some() {
                return None;
            }
            let form = of(a)?;
            let under = form.under.map_or(b, |under| graph.loose_times(under, b));
            Some(Affine { under: Some(under), ..form })
        }
        Op::Select(c, a, b) => {
            if of(c).is_some() {
                return None;
            }
            combine(graph, [a, b], of, |graph, a, b| graph.select(c, a, b))
        }
        _ => None,
    }
}

/// A sum or difference. A side that does not depend on x is brought over the other's divisor: in
/// `influx - (x - rest)/tau` the steady state is then `rest + influx tau`, also where tau is 0.
fn sum(
    graph: &mut Graph,
    sides: [Value; 2],
    of: &impl Fn(Value) -> Option<Affine>,
    join: impl Fn(&mut Graph, Value, Value) -> Value,
) -> Option<Affine> {
    let zero = graph.constant(0.0);
    match sides.map(of) {
        [Some(Affine { a, b, scale: None, under: Some(under) }), None] => {
            let side = graph.loose_times(sides[1], under);
            Some(Affine { a: join(graph, a, side), b, scale: None, under: Some(under) })
        }
        [None, Some(Affine { a, b, scale: None, under: Some(under) })] => {
            let side = graph.loose_times(sides[0], under);
            let (a, b) = (join(graph, side, a), join(graph, zero, b));
            Some(Affine { a, b, scale: None, under: Some(under) })
        }
        _ => combine(graph, sides, of, join),
    }
}

/// Joins two sides; common factors and divisors survive only where both have the same.
fn combine(
    graph: &mut Graph,
    sides: [Value; 2],
    of: &impl Fn(Value) -> Option<Affine>,
    join: impl Fn(&mut Graph, Value, Value) -> Value,
) -> Option<Affine> {
    let zero = graph.constant(0.0);
    let form = |side: Value| of(side).unwrap_or(Affine { a: side, b: zero, scale: None, under: None });
    let (left, right) = (form(sides[0]), form(sides[1]));
    let same = left.scale == right.scale && left.under == right.under;
    let (left, right) = if same { (left, right) } else { (spread(graph, left), spread(graph, right)) };
    Some(Affine { a: join(graph, left.a, right.a), b: join(graph, left.b, right.b), ..left })
}

/// Multiplies and divides out.
fn spread(graph: &mut Graph, form: Affine) -> Affine {
    let part = |graph: &mut Graph, value: Value| {
        let value = form.scale.map_or(value, |scale| graph.loose_times(scale, value));
        form.under.map_or(value, |under| graph.loose_over(value, under))
    };
    Affine { a: part(graph, form.a), b: part(graph, form.b), scale: None, under: None }
}
