//! What events do to a point neuron: whether they only add to fields, whatever stands there and whenever they come.
//!
//! If so, all events of a step may be summed beforehand, and of a connection nothing but a number has to be kept: what
//! its weight adds, and to which field. The proof is made on NET_RECEIVE's kernel: each operation depends on the weight
//! alone, or is one field as it was plus something that does.

use crate::ir::{Binding, Comparison, Destination, Kernel, Op, Value};
use crate::mechanism::Mechanism;

/// The fields to which events add, see [`Mechanism::inputs`].
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// Indices into [`Mechanism::fields`].
    pub fields: Vec<usize>,
    kernel: Kernel,
    /// What each of `fields` becomes.
    values: Vec<Value>,
    /// What weights of 1 and -1 add, where others add as many times that.
    signs: Option<[Vec<f64>; 2]>,
}

/// How a value depends on what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Not at all: on the weight alone.
    Given,
    /// A field as it was, plus something given.
    Sum(u32),
    /// Anything else.
    Other,
}

impl Inputs {
    pub(crate) fn of(mechanism: &Mechanism) -> Option<Inputs> {
        let kernel = &mechanism.kernels.receive;
        let plain = kernel.effects.is_empty() && kernel.iterations.is_empty() && mechanism.kernels.connect.is_empty();
        if !(mechanism.is_stepped() && plain && mechanism.arguments.len() == 1 && !kernel.stores.is_empty()) {
            return None;
        }
        let parts = parts(kernel);
        let (mut fields, mut values) = (Vec::new(), Vec::new());
        for &(to, value) in &kernel.stores {
            let Destination::Set(b) = to else { return None };
            let Binding::Field(field) = mechanism.kernels.bindings[b as usize] else { return None };
            if parts[value.0 as usize] != Part::Sum(b) {
                return None;
            }
            fields.push(field);
            values.push(value);
        }
        let mut inputs = Inputs { fields, kernel: kernel.clone(), values, signs: None };
        if scales(kernel) {
            let whole = |weight: f64| inputs.evaluate(weight, &mut Vec::new()).collect::<Vec<_>>();
            let signs = [whole(1.0), whole(-1.0)];
            // Other factors would round.
            inputs.signs = Some(signs).filter(|signs| signs.iter().flatten().all(|added| added.abs() <= 1.0));
        }
        Some(inputs)
    }

    /// What an event of that weight adds to each of the fields; `numbers` is room to calculate in.
    pub fn added<'a>(&'a self, weight: f64, numbers: &'a mut Vec<f64>) -> impl Iterator<Item = f64> + 'a {
        if let Some(signs) = &self.signs {
            numbers.clear();
            numbers.extend(signs[usize::from(weight < 0.0)].iter().map(|one| one * weight.abs()));
        } else {
            let added: Vec<f64> = self.evaluate(weight, numbers).collect();
            *numbers = added;
        }
        numbers.iter().copied()
    }

    fn evaluate<'a>(&'a self, weight: f64, numbers: &'a mut Vec<f64>) -> impl Iterator<Item = f64> + 'a {
        numbers.clear();
        for op in &self.kernel.ops {
            let of = |value: Value| numbers[value.0 as usize];
            let truth = |condition: bool| f64::from(u8::from(condition));
            numbers.push(match *op {
                Op::Constant(number) => number,
                Op::Argument(0) => weight,
                Op::Negate(a) => -of(a),
                Op::Add(a, b) => of(a) + of(b),
                Op::Subtract(a, b) => of(a) - of(b),
                Op::Multiply(a, b) => of(a) * of(b),
                Op::Divide(a, b) => of(a) / of(b),
                Op::Minimum(a, b) => of(a).min(of(b)),
                Op::Maximum(a, b) => of(a).max(of(b)),
                Op::Compare(Comparison::Less, a, b) => truth(of(a) < of(b)),
                Op::Compare(Comparison::LessEqual, a, b) => truth(of(a) <= of(b)),
                Op::Compare(Comparison::Equal, a, b) => truth(of(a) == of(b)),
                Op::Compare(Comparison::NotEqual, a, b) => truth(of(a) != of(b)),
                Op::And(a, b) => of(a) * of(b),
                Op::Or(a, b) => of(a).max(of(b)),
                Op::Not(a) => 1.0 - of(a),
                Op::Select(condition, a, b) => of(if of(condition) != 0.0 { a } else { b }),
                // The fields themselves, and the flag of an event from outside.
                _ => 0.0,
            });
        }
        self.values.iter().map(|value| numbers[value.0 as usize])
    }
}

/// True if a weight that is so many times larger, of the same sign, adds so many times more.
fn scales(kernel: &Kernel) -> bool {
    let is_zero = |value: Value| kernel.ops[value.0 as usize] == Op::Constant(0.0);
    kernel.ops.iter().all(|op| match *op {
        Op::Constant(number) => number == 0.0,
        Op::Compare(_, a, b) => is_zero(a) || is_zero(b),
        Op::Argument(0)
        | Op::Load(_)
        | Op::Negate(_)
        | Op::Add(..)
        | Op::Subtract(..)
        | Op::Select(..)
        | Op::And(..)
        | Op::Or(..)
        | Op::Not(_) => true,
        _ => false,
    })
}

fn parts(kernel: &Kernel) -> Vec<Part> {
    use Part::{Given, Other, Sum};
    let mut parts: Vec<Part> = Vec::with_capacity(kernel.ops.len());
    for op in &kernel.ops {
        let of = |value: Value| parts[value.0 as usize];
        let given = |values: &[Value]| if values.iter().all(|value| of(*value) == Given) { Given } else { Other };
        let part = match *op {
            Op::Constant(_) | Op::Argument(0 | 1) => Given,
            Op::Load(b) => Sum(b),
            Op::Add(a, b) => match (of(a), of(b)) {
                (Given, part) | (part, Given) => part,
                _ => Other,
            },
            Op::Subtract(a, b) if of(b) == Given => of(a),
            Op::Select(condition, a, b) if of(condition) == Given && of(a) == of(b) => of(a),
            Op::Negate(a) | Op::Not(a) => given(&[a]),
            Op::Subtract(a, b)
            | Op::Multiply(a, b)
            | Op::Divide(a, b)
            | Op::Minimum(a, b)
            | Op::Maximum(a, b)
            | Op::Compare(_, a, b)
            | Op::And(a, b)
            | Op::Or(a, b) => given(&[a, b]),
            _ => Other,
        };
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use crate::{Options, compile};

    fn inputs(receive: &str) -> Option<super::Inputs> {
        let text = format!(
            "NEURON {{ ARTIFICIAL_CELL x RANGE p }} PARAMETER {{ p = 2 }} ASSIGNED {{ v a b }} \
             BREAKPOINT {{ v = v + a - b + p a = 0 b = 0 }} NET_RECEIVE(w) {{ {receive} }}"
        );
        compile("x.mod", &text, &Options::default()).unwrap().0.inputs()
    }

    #[test]
    fn what_only_adds_is_found() {
        let two = inputs("if (w >= 0) { a = a + 3*w } else { b = b - w }").unwrap();
        let mut numbers = Vec::new();
        assert_eq!(two.added(2.0, &mut numbers).collect::<Vec<_>>(), [6.0, 0.0]);
        assert_eq!(two.added(-2.0, &mut numbers).collect::<Vec<_>>(), [0.0, 2.0]);
        assert_eq!(two.signs, None);
        let plain = inputs("if (w >= 0) { a = a + w } else { b = b - w }").unwrap();
        assert!(plain.signs.is_some());
        assert_eq!(plain.added(0.1, &mut numbers).collect::<Vec<_>>(), [0.1, 0.0]);
        assert_eq!(plain.added(-0.1, &mut numbers).collect::<Vec<_>>(), [0.0, 0.1]);
    }

    #[test]
    fn what_does_more_is_left_to_events() {
        for receive in
            ["a = w", "a = a*w", "a = a + b", "a = a + p*w", "v = v + w", "if (a > 1) { a = a + w }", "a = a + t"]
        {
            assert!(inputs(receive).is_none(), "{receive}");
        }
    }
}
