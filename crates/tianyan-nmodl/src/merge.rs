//! Whether equal instances of a point process in one compartment may become one that receives all their events.
//!
//! They may if everything that events move is linear: the states advance by a linear map without a constant term, the
//! current is such a map of the states, and an event only adds multiples of its weight. The sum of the states of
//! several instances is then the state of one. Factors may be anything that is the same in all of them: parameters,
//! time, temperature, and also v and concentrations, since they sit in the same place.
//!
//! The proof is made on the kernels, whatever the file is called: each operation has a [`Degree`] in what events move,
//! found from those of its operands, and each field that of what is stored into it.

use crate::graph::operands;
use crate::ir::{Binding, Destination, EffectKind, IonVariable, Kernel, NodeVariable, Op, Value};
use crate::mechanism::{Mechanism, MechanismKind};

/// How a value depends on what events move. `Zero` is below all, `Mixed` above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Degree {
    /// 0.
    Zero,
    /// The same in all instances.
    Free,
    /// A sum of multiples, by free factors, of what events move.
    Linear,
    /// Anything else.
    Mixed,
}

use Degree::{Free, Linear, Mixed, Zero};

impl Degree {
    fn join(self, other: Degree) -> Degree {
        match (self, other) {
            (a, b) if a == b => a,
            (Zero, a) | (a, Zero) => a,
            _ => Mixed,
        }
    }

    fn times(self, other: Degree) -> Degree {
        match (self, other) {
            (Mixed, _) | (_, Mixed) | (Linear, Linear) => Mixed,
            (Zero, _) | (_, Zero) => Zero,
            (Free, a) | (a, Free) => a,
        }
    }

    fn over(self, divisor: Degree) -> Degree {
        if divisor.is_free() { self } else { Mixed }
    }

    /// True if it is the same in all instances.
    fn is_free(self) -> bool {
        matches!(self, Zero | Free)
    }
}

/// What NET_RECEIVE makes of a state and the weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// 0.
    Nothing,
    /// The same for all events and instances.
    Factor,
    /// A multiple of the weight.
    Weight,
    /// A field as it was, plus perhaps a multiple of the weight.
    State(usize),
    /// Anything else.
    Other,
}

impl Part {
    fn is_factor(self) -> bool {
        matches!(self, Part::Nothing | Part::Factor)
    }

    fn join(self, other: Part) -> Part {
        match (self, other) {
            (a, b) if a == b => a,
            (Part::Nothing, a @ (Part::Factor | Part::Weight)) => a,
            (a @ (Part::Factor | Part::Weight), Part::Nothing) => a,
            _ => Part::Other,
        }
    }

    fn plus(self, other: Part) -> Part {
        match (self, other) {
            (state @ Part::State(_), Part::Nothing | Part::Weight) => state,
            (Part::Nothing | Part::Weight, state @ Part::State(_)) => state,
            (Part::State(_), _) | (_, Part::State(_)) => Part::Other,
            (a, b) => a.join(b),
        }
    }

    fn minus(self, other: Part) -> Part {
        if matches!(other, Part::State(_)) { Part::Other } else { self.plus(other) }
    }

    fn times(self, other: Part) -> Part {
        match (self, other) {
            (Part::Nothing, Part::Nothing | Part::Factor | Part::Weight) => Part::Nothing,
            (Part::Factor | Part::Weight, Part::Nothing) => Part::Nothing,
            (Part::Factor, a @ (Part::Factor | Part::Weight)) => a,
            (Part::Weight, Part::Factor) => Part::Weight,
            _ => Part::Other,
        }
    }

    fn over(self, divisor: Part) -> Part {
        match (self, divisor) {
            (Part::Nothing | Part::Factor | Part::Weight, Part::Factor) => self,
            _ => Part::Other,
        }
    }
}

/// See [`Mechanism::mergeable`].
pub(crate) fn mergeable(mechanism: &Mechanism) -> Result<(), String> {
    plain(mechanism)?;
    let proof = Proof::new(mechanism);
    for (name, kernel) in mechanism.kernels.all().into_iter().filter(|(name, _)| *name != "receive") {
        proof.check(name == "initial", kernel)?;
    }
    proof.check_shares()?;
    proof.check_receive()
}

/// What rules merging out whatever is calculated.
fn plain(mechanism: &Mechanism) -> Result<(), String> {
    let kernels = &mechanism.kernels;
    let effects = || kernels.all().into_iter().flat_map(|(_, kernel)| &kernel.effects);
    let bound = |f: usize| kernels.bindings.contains(&Binding::Field(f));
    let pointer = mechanism.fields.iter().enumerate().find(|(f, field)| field.peer && bound(*f));
    let writes = |ion: &crate::mechanism::IonUse| ion.writes_inside || ion.writes_outside || ion.writes_reversal;
    let later = kernels.receive.ops.iter().find_map(|op| match op {
        Op::Argument(k) if *k > 0 => Some(mechanism.arguments.get(*k as usize).map_or("flag", String::as_str)),
        _ => None,
    });
    let obstacle = match () {
        _ if mechanism.kind != MechanismKind::PointProcess => "it is no point process of a membrane".into(),
        _ if kernels.receive.is_empty() => "no event changes it".into(),
        _ if effects().any(|effect| effect.kind == EffectKind::EachConnection) => "it has FOR_NETCONS".into(),
        _ if effects().next().is_some() => "it sends events".into(),
        _ if !mechanism.watches.is_empty() => "it has WATCH".into(),
        _ if mechanism.streams().next().is_some() => "it draws random numbers".into(),
        _ if pointer.is_some() => format!("it reads POINTER `{}`", pointer.map_or("", |(_, field)| &field.name)),
        _ if mechanism.ions.iter().any(writes) => "it writes a concentration or reversal potential".into(),
        _ if !kernels.diffusions.is_empty() => "it diffuses".into(),
        _ if !kernels.connect.is_empty() => "NET_RECEIVE has an INITIAL".into(),
        _ if later.is_some() => format!("NET_RECEIVE reads `{}`", later.unwrap_or_default()),
        _ => return Ok(()),
    };
    Err(obstacle)
}

/// The degrees of all fields.
struct Proof<'a> {
    mechanism: &'a Mechanism,
    degrees: Vec<Degree>,
    /// Fields that events move by assumption: STATEs, and what NET_RECEIVE writes.
    moved: Vec<bool>,
    /// Fields that are the same in all instances by assumption: what a model sets.
    given: Vec<bool>,
}

impl<'a> Proof<'a> {
    /// The least degrees that agree with all stores, other than those into fields about which something is assumed.
    fn new(mechanism: &'a Mechanism) -> Proof<'a> {
        let fields = &mechanism.fields;
        let received: Vec<usize> = targets(mechanism, &mechanism.kernels.receive).map(|(field, _)| field).collect();
        let given: Vec<bool> = fields.iter().map(|f| !f.state && (f.settable || f.default != 0.0)).collect();
        let moved: Vec<bool> =
            fields.iter().enumerate().map(|(f, field)| !given[f] && (field.state || received.contains(&f))).collect();
        let start = |f: usize| if moved[f] { Linear } else { Free };
        let assumed = |f: usize| moved[f] || given[f];
        let degrees = (0..fields.len()).map(|f| if assumed(f) { start(f) } else { Zero }).collect();
        let mut proof = Proof { mechanism, degrees, moved, given };
        while proof.raise() {}
        proof
    }

    /// One round; true if a degree rose.
    fn raise(&mut self) -> bool {
        let mut rose = false;
        for (_, kernel) in self.mechanism.kernels.all().into_iter().filter(|(name, _)| *name != "receive") {
            let degrees = self.values(kernel);
            for (field, value) in targets(self.mechanism, kernel) {
                let joined = self.degrees[field].join(degrees[value.0 as usize]);
                if !self.moved[field] && !self.given[field] && joined != self.degrees[field] {
                    self.degrees[field] = joined;
                    rose = true;
                }
            }
        }
        rose
    }

    fn loaded(&self, binding: u32) -> Degree {
        match self.mechanism.kernels.bindings[binding as usize] {
            Binding::Field(f) => self.degrees[f],
            // What others add to while a step is made is not the same in all.
            Binding::Node(NodeVariable::Rhs | NodeVariable::Diagonal)
            | Binding::Ion(_, IonVariable::Current | IonVariable::Conductance) => Mixed,
            Binding::Node(_) | Binding::Ion(..) | Binding::Celsius => Free,
        }
    }

    /// The degree of each operation of a kernel.
    fn values(&self, kernel: &Kernel) -> Vec<Degree> {
        let mut degrees: Vec<Degree> = Vec::with_capacity(kernel.ops.len());
        for op in &kernel.ops {
            let of = |value: Value| degrees[value.0 as usize];
            let degree = match *op {
                Op::Constant(number) => {
                    if number == 0.0 {
                        Zero
                    } else {
                        Free
                    }
                }
                Op::Load(binding) => self.loaded(binding),
                Op::Negate(a) => of(a),
                Op::Add(a, b) | Op::Subtract(a, b) => of(a).join(of(b)),
                Op::Multiply(a, b) => of(a).times(of(b)),
                Op::Divide(a, b) => of(a).over(of(b)),
                Op::Select(condition, a, b) if of(condition).is_free() => of(a).join(of(b)),
                Op::Iterated(id, _) => {
                    let iteration = &kernel.iterations[id as usize];
                    let ends = iteration.start.iter().chain(&iteration.next).chain([&iteration.again]);
                    if ends.copied().all(|end| of(end).is_free()) { Free } else { Mixed }
                }
                Op::Argument(_) | Op::Draw(..) => Mixed,
                _ if operands(op).into_iter().flatten().all(|read| of(read).is_free()) => Free,
                _ => Mixed,
            };
            degrees.push(degree);
        }
        degrees
    }

    /// Whether a kernel keeps what is assumed of fields.
    fn check(&self, initial: bool, kernel: &Kernel) -> Result<(), String> {
        let degrees = self.values(kernel);
        for (field, value) in targets(self.mechanism, kernel) {
            let degree = degrees[value.0 as usize];
            let name = &self.mechanism.fields[field].name;
            if self.moved[field] && !matches!(degree, Zero | Linear) {
                return Err(match initial {
                    true => format!("`{name}` does not begin at 0"),
                    false => format!("`{name}` is not linear in the states"),
                });
            }
            if self.given[field] && !degree.is_free() {
                return Err(format!("`{name}` changes with the states"));
            }
        }
        Ok(())
    }

    /// Whether what it adds to its node and ions is linear.
    fn check_shares(&self) -> Result<(), String> {
        for share in &self.mechanism.kernels.shares {
            match self.loaded(share.from) {
                Zero | Linear => {}
                Free => return Err("a current flows without events".into()),
                Mixed => return Err("its current is not linear in the states".into()),
            }
        }
        Ok(())
    }

    /// Whether NET_RECEIVE only adds multiples of the weight.
    fn check_receive(&self) -> Result<(), String> {
        let kernel = &self.mechanism.kernels.receive;
        if kernel.stores.iter().any(|(to, _)| matches!(to, Destination::Argument(_))) {
            return Err("NET_RECEIVE changes its arguments".into());
        }
        let fields = targets(self.mechanism, kernel);
        if fields.clone().count() < kernel.stores.len() {
            return Err("NET_RECEIVE sets v".into());
        }
        let parts = self.parts(kernel);
        for (field, value) in fields {
            if !self.moved[field] || parts[value.0 as usize] != Part::State(field) {
                let name = &self.mechanism.fields[field].name;
                return Err(format!("NET_RECEIVE does not just add a multiple of the weight to `{name}`"));
            }
        }
        Ok(())
    }

    fn parts(&self, kernel: &Kernel) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::with_capacity(kernel.ops.len());
        for op in &kernel.ops {
            let of = |value: Value| parts[value.0 as usize];
            let part = match *op {
                Op::Constant(number) => {
                    if number == 0.0 {
                        Part::Nothing
                    } else {
                        Part::Factor
                    }
                }
                Op::Load(binding) => self.loaded_part(binding),
                Op::Argument(0) => Part::Weight,
                Op::Negate(a) => Part::Nothing.minus(of(a)),
                Op::Add(a, b) => of(a).plus(of(b)),
                Op::Subtract(a, b) => of(a).minus(of(b)),
                Op::Multiply(a, b) => of(a).times(of(b)),
                Op::Divide(a, b) => of(a).over(of(b)),
                Op::Select(condition, a, b) if of(condition).is_factor() => of(a).join(of(b)),
                Op::Argument(_) | Op::Draw(..) | Op::Carried(..) | Op::Iterated(..) => Part::Other,
                _ if operands(op).into_iter().flatten().all(|read| of(read).is_factor()) => Part::Factor,
                _ => Part::Other,
            };
            parts.push(part);
        }
        parts
    }

    fn loaded_part(&self, binding: u32) -> Part {
        match (self.mechanism.kernels.bindings[binding as usize], self.loaded(binding)) {
            (Binding::Field(f), Linear) if self.moved[f] => Part::State(f),
            (_, Zero) => Part::Nothing,
            (_, Free) => Part::Factor,
            _ => Part::Other,
        }
    }
}

/// The fields that a kernel stores into.
fn targets<'a>(mechanism: &'a Mechanism, kernel: &'a Kernel) -> impl Iterator<Item = (usize, Value)> + Clone + 'a {
    kernel.stores.iter().filter_map(|(to, value)| match to {
        Destination::Set(b) | Destination::Add(b) => match mechanism.kernels.bindings[*b as usize] {
            Binding::Field(field) => Some((field, *value)),
            _ => None,
        },
        Destination::Argument(_) => None,
    })
}
