//! Several density mechanisms in one loop over the compartments that carry them all, for devices whose threads keep
//! what mechanisms share in registers: v, the sums of the voltage equation, and the numbers of ions.

use super::{Emitter, NodeVariable, Op};
use crate::ir::{Binding, Destination, IonVariable};
use crate::mechanism::Mechanism;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Where the numbers of a binding lie: an offset that is the same in every group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The first of an array: of a mechanism's instances, of nodes, or of an ion's instances.
    Array(usize),
    /// One number for all.
    Single(usize),
}

/// A mechanism of a fused loop.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// What it computes.
    pub mechanism: &'a Mechanism,
    /// Which of its kernels: `current`, `state` or `rated`.
    pub kernel: &'static str,
    /// Where each of its bindings lies.
    pub places: &'a [Place],
}

/// The text of a loop over compartments in which these mechanisms' kernels run one after the other.
///
/// ```c
/// void <name>(double *state, const i32 *at, i32 n, double t, double dt, const double *const *rates);
/// ```
///
/// Compartment i of the loop is node `at[0] + i`; then come the first instance of each ion, in the order of their
/// names, and the first instance of each part. `rates` has a table for each part, read by `rated` alone.
///
/// A loop that is the `first` of its compartments' currents begins their sums; those of the ions in `begun`, too.
pub fn fused(name: &str, parts: &[Part], first: bool, begun: &[String]) -> String {
    let ions: BTreeSet<&str> =
        parts.iter().flat_map(|part| part.mechanism.ions.iter().map(|ion| ion.name.as_str())).collect();
    let mut text = format!("KERNEL {name}(FUSED_ARGUMENTS) {{\n  FOREACH(i, n)\n    const i32 node = at[0] + i;\n");
    let mut shared = Shared { first, begun, ..Shared::default() };
    let emitters: Vec<Emitter> = parts.iter().filter_map(|part| emitter(part)).collect();
    for emitter in &emitters {
        shared.add(emitter);
    }
    for (k, ion) in ions.iter().enumerate() {
        let _ = writeln!(text, "    double *ion_{ion} = state + (at[{}] + i);", 1 + k);
    }
    shared.load(&mut text);
    if first {
        shared.add_sums();
        text += "    double rhs = 0.0, diagonal = state[CAPACITANCE_AT + node];\n";
    }
    for (k, mut emitter) in emitters.into_iter().enumerate() {
        let _ = writeln!(text, "    {{ /* {} */\n    double *own = state + (at[{}] + i);", emitter.mechanism.name, 1 + ions.len() + k);
        emitter.fused_body(k);
        text += &emitter.text;
        text += "    }\n";
    }
    shared.store(&mut text);
    text + "  END_FOREACH\n}\n"
}

fn emitter<'a>(part: &Part<'a>) -> Option<Emitter<'a>> {
    let kernel = part.mechanism.kernels.named(part.kernel)?;
    let mut emitter = Emitter::new(part.mechanism, kernel);
    emitter.is_run = true;
    emitter.shown_only = part.mechanism.shown_only();
    emitter.places = Some(part.places);
    emitter.uniform.fill(false);
    Some(emitter)
}

/// What parts have in common: local variables by name, each with the place it is loaded from.
#[derive(Default)]
struct Shared<'a> {
    first: bool,
    begun: &'a [String],
    places: BTreeMap<String, String>,
    loaded: BTreeSet<String>,
    stored: BTreeSet<String>,
}

impl Shared<'_> {
    fn add(&mut self, emitter: &Emitter) {
        let places = emitter.places.unwrap_or_default();
        for b in emitter.touched() {
            let place = match (emitter.mechanism.kernels.bindings[b as usize], places[b as usize]) {
                (Binding::Node(NodeVariable::Voltage), _) => "TREE_VOLTAGE[node]".into(),
                (Binding::Node(NodeVariable::Rhs), _) => "TREE_RHS[node]".into(),
                (Binding::Node(NodeVariable::Diagonal), _) => "TREE_DIAGONAL[node]".into(),
                (Binding::Node(_), Place::Array(at)) => format!("state[{at} + node]"),
                (Binding::Ion(k, _), Place::Array(at)) => format!("ion_{}[{at}]", emitter.mechanism.ions[k].name),
                _ => continue,
            };
            let variable = emitter.element(b);
            let is_stored = |(destination, _): &(Destination, _)| {
                matches!(destination, Destination::Set(to) | Destination::Add(to) if *to == b)
            };
            if emitter.kernel.stores.iter().any(is_stored) {
                self.stored.insert(variable.clone());
            }
            self.loaded.insert(variable.clone());
            self.places.insert(variable, place);
        }
    }

    fn load(&self, text: &mut String) {
        for variable in &self.loaded {
            let is_sum = ["rhs", "diagonal"].contains(&variable.as_str());
            let is_begun = self.begun.iter().any(|ion| *variable == format!("{ion}_current"));
            match () {
                () if self.first && is_sum => {}
                () if is_begun => {
                    let _ = writeln!(text, "    double {variable} = 0.0;");
                }
                () => {
                    let _ = writeln!(text, "    double {variable} = {};", self.places[variable]);
                }
            }
        }
    }

    /// The sums of the voltage equation, whether some part adds to them or not.
    fn add_sums(&mut self) {
        for (variable, place) in [("rhs", "TREE_RHS[node]"), ("diagonal", "TREE_DIAGONAL[node]")] {
            self.places.insert(variable.into(), place.into());
            self.stored.insert(variable.into());
        }
    }

    fn store(&self, text: &mut String) {
        for variable in &self.stored {
            let _ = writeln!(text, "    {} = {variable};", self.places[variable]);
        }
    }
}

impl Emitter<'_> {
    /// A binding's number in a fused loop.
    pub(super) fn fused_element(&self, b: u32, place: Place) -> String {
        match (self.mechanism.kernels.bindings[b as usize], place) {
            (_, Place::Single(at)) => format!("state[{at}]"),
            (Binding::Node(NodeVariable::Voltage), _) => "v".into(),
            (Binding::Node(NodeVariable::Rhs), _) => "rhs".into(),
            (Binding::Node(NodeVariable::Diagonal), _) => "diagonal".into(),
            (Binding::Node(NodeVariable::Area), _) => "area".into(),
            (Binding::Node(NodeVariable::Diameter), _) => "diameter".into(),
            (Binding::Ion(k, variable), _) => {
                let what = match variable {
                    IonVariable::Reversal => "reversal",
                    IonVariable::Current => "current",
                    IonVariable::Conductance => "conductance",
                    IonVariable::Inside => "inside",
                    IonVariable::Outside => "outside",
                };
                format!("{}_{what}", self.mechanism.ions[k].name)
            }
            (Binding::Field(_) | Binding::Celsius, Place::Array(at)) => format!("own[{at}]"),
        }
    }

    /// The kernel's operations and stores.
    fn fused_body(&mut self, part: usize) {
        let tables: BTreeSet<u32> = self
            .kernel
            .ops
            .iter()
            .filter_map(|op| if let Op::Interpolate(b, _) | Op::Lookup(b, _) = op { Some(*b) } else { None })
            .collect();
        for b in tables {
            if let Some(Place::Single(at)) = self.places.map(|places| places[b as usize]) {
                self.line(format_args!("    const double *p{b} = state + {at};"));
            }
        }
        if self.kernel.ops.iter().any(|op| matches!(op, Op::Call(crate::ir::Function::Exp, _))) {
            self.line(format_args!("    EXP_ENDS"));
        }
        if let Some(v) = self.rated() {
            let columns = self.columns();
            self.line(format_args!("    RATES_AT(rates[{part}], {columns}, {v})"));
        }
        self.body();
        self.stores(&[]);
    }
}
