//! Several density mechanisms in one loop over the compartments that carry them all, for devices whose threads keep
//! what mechanisms share in registers: v, the sums of the voltage equation, and the numbers of ions.

use super::{Emitter, NodeVariable, Op};
use crate::ir::{Binding, Destination, IonVariable, Kernel};
use crate::mechanism::{FieldClass, Mechanism};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Where the numbers of a binding lie: an offset that is the same in every group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The first of an array: of a mechanism's instances, of nodes, or of an ion's instances.
    Array(usize),
    /// One number for all.
    Single(usize),
    /// A number that never changes, as bits: it stands in the text.
    Constant(u64),
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

/// What a loop begins before its mechanisms run: the first loop of its compartments' currents does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Begin {
    /// Whether the sums of the voltage equation begin here.
    pub sums: bool,
    /// Ions whose currents begin here.
    pub currents: Vec<String>,
    /// Ions whose reversal potentials are Nernst's.
    pub nernst: Vec<Nernst>,
}

/// Nernst's equation of an ion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nernst {
    /// The ion.
    pub ion: String,
    /// Where its arrays of reversal potentials, inside and outside concentrations begin.
    pub places: [usize; 3],
    /// The bits of 1e3 R T / (z F), mV.
    pub factor: u64,
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
/// `CAPACITANCE_AT` is where the capacitances of nodes begin, if the loop begins sums.
/// A `single` loop computes with 32 bits, but in mechanisms with numbers that must not be narrowed.
pub fn fused(name: &str, parts: &[Part], begin: &Begin, single: bool) -> String {
    let ions: BTreeSet<&str> =
        parts.iter().flat_map(|part| part.mechanism.ions.iter().map(|ion| ion.name.as_str())).collect();
    let mut text = format!("KERNEL {name}(FUSED_ARGUMENTS) {{\n  FOREACH(i, n)\n    const i32 node = at[0] + i;\n");
    let mut shared = Shared::new(begin, single);
    let emitters: Vec<Emitter> = parts.iter().enumerate().filter_map(|(k, part)| emitter((k, single), part)).collect();
    for emitter in &emitters {
        shared.add(emitter);
    }
    for (k, ion) in ions.iter().enumerate() {
        let _ = writeln!(text, "    double *ion_{ion} = state + (at[{}] + i);", 1 + k);
    }
    shared.begin();
    shared.load(&mut text);
    // All is on its way before the first mechanism computes.
    for (k, emitter) in emitters.iter().enumerate() {
        let _ = writeln!(text, "    double *own{k} = state + (at[{}] + i);", 1 + ions.len() + k);
        for (b, at) in emitter.own_loads() {
            let _ = writeln!(text, "    const {} own{k}_{b} = own{k}[{at}];", emitter.real());
        }
    }
    for (k, mut emitter) in emitters.into_iter().enumerate() {
        let _ = writeln!(text, "    {{ /* {} */", emitter.mechanism.name);
        emitter.fused_body(k);
        text += &emitter.text;
        text += "    }\n";
    }
    shared.store(&mut text);
    text + "  END_FOREACH\n}\n"
}

fn emitter<'a>((number, single): (usize, bool), part: &Part<'a>) -> Option<Emitter<'a>> {
    let kernel = part.mechanism.kernels.named(part.kernel)?;
    let mut emitter = Emitter::new(part.mechanism, kernel);
    emitter.is_run = true;
    emitter.shown_only = part.mechanism.shown_only();
    (emitter.places, emitter.part) = (Some(part.places), number);
    emitter.single = single && !needs_64(part.mechanism, kernel);
    emitter.uniform.fill(false);
    Some(emitter)
}

/// Whether a kernel has numbers that must not be narrowed: random streams, and fields that say so.
fn needs_64(mechanism: &Mechanism, kernel: &Kernel) -> bool {
    let is_exact = |b: u32| match mechanism.kernels.bindings[b as usize] {
        Binding::Field(f) => mechanism.fields[f].class == FieldClass::Exact,
        _ => false,
    };
    let reads = kernel.ops.iter().any(|op| match op {
        Op::Load(b) => is_exact(*b),
        Op::Draw(..) => true,
        _ => false,
    });
    let writes = |(destination, _): &(Destination, _)| match destination {
        Destination::Set(b) | Destination::Add(b) => is_exact(*b),
        Destination::Argument(_) => false,
    };
    reads || kernel.stores.iter().any(writes)
}

/// What parts have in common: local variables by name, each with the place it is loaded from.
struct Shared<'a> {
    begin: &'a Begin,
    single: bool,
    places: BTreeMap<String, String>,
    /// What each begins with, where that is not what lies at its place.
    begun: BTreeMap<String, String>,
    loaded: BTreeSet<String>,
    stored: BTreeSet<String>,
}

impl Shared<'_> {
    fn new(begin: &Begin, single: bool) -> Shared<'_> {
        let (places, begun, loaded, stored) = Default::default();
        Shared { begin, single, places, begun, loaded, stored }
    }

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
            let is_stored = |(destination, _): &(Destination, _)| matches!(destination, Destination::Set(to) | Destination::Add(to) if *to == b);
            if emitter.kernel.stores.iter().any(is_stored) {
                self.stored.insert(variable.clone());
            }
            self.loaded.insert(variable.clone());
            self.places.insert(variable, place);
        }
    }

    /// Enters what begins here, and is stored whether some part changes it or not.
    fn begin(&mut self) {
        let mut begin = |name: String, place: String, value: String| {
            self.places.insert(name.clone(), place);
            self.begun.insert(name.clone(), value);
            self.loaded.insert(name.clone());
            self.stored.insert(name);
        };
        if self.begin.sums {
            begin("rhs".into(), "TREE_RHS[node]".into(), "0.0".into());
            begin("diagonal".into(), "TREE_DIAGONAL[node]".into(), "state[CAPACITANCE_AT + node]".into());
        }
        for Nernst { ion, places: [reversal, inside, outside], factor } in &self.begin.nernst {
            let factor = f64::from_bits(*factor);
            let value = format!("nernst_potential({factor:?}, ion_{ion}[{inside}], ion_{ion}[{outside}])");
            begin(format!("{ion}_reversal"), format!("ion_{ion}[{reversal}]"), value);
        }
        for ion in &self.begin.currents {
            let name = format!("{ion}_current");
            if self.loaded.contains(&name) {
                self.begun.insert(name, "0.0".into());
            }
        }
    }

    fn load(&self, text: &mut String) {
        for variable in &self.loaded {
            let value = self.begun.get(variable).unwrap_or(&self.places[variable]);
            let real = if self.single { "float" } else { "double" };
            let _ = writeln!(text, "    {real} {variable} = {value};");
        }
    }

    fn store(&self, text: &mut String) {
        for variable in &self.stored {
            let _ = writeln!(text, "    {} = {variable};", self.places[variable]);
        }
    }
}

impl Emitter<'_> {
    /// The fields of the instance that are loaded, and where they lie.
    fn own_loads(&self) -> BTreeSet<(u32, usize)> {
        let places = self.places.unwrap_or_default();
        let own = |op: &Op| match *op {
            Op::Load(b) => match (self.mechanism.kernels.bindings[b as usize], places[b as usize]) {
                (Binding::Field(_) | Binding::Celsius, Place::Array(at)) => Some((b, at)),
                _ => None,
            },
            _ => None,
        };
        self.kernel.ops.iter().filter_map(own).collect()
    }

    /// A binding's number in a fused loop as it was when the loop began.
    pub(super) fn fused_load(&self, b: u32, place: Place) -> String {
        match (self.mechanism.kernels.bindings[b as usize], place) {
            (Binding::Field(_) | Binding::Celsius, Place::Array(_)) => format!("own{}_{b}", self.part),
            _ => self.fused_element(b, place),
        }
    }

    /// A binding's number in a fused loop.
    pub(super) fn fused_element(&self, b: u32, place: Place) -> String {
        match (self.mechanism.kernels.bindings[b as usize], place) {
            (_, Place::Constant(bits)) => self.number(f64::from_bits(bits)),
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
            (Binding::Field(_) | Binding::Celsius, Place::Array(at)) => format!("own{}[{at}]", self.part),
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
