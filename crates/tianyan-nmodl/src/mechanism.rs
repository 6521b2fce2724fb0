//! A compiled mechanism: what the layout and the engine need to know of an NMODL file.

use crate::ir::{Binding, Destination, EffectKind, Kernel, Kernels, Op};
use crate::rates::Rates;

/// Choices that change the kernels of a mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Options {
    /// Use the exact dI/dv everywhere, instead of NEURON's difference where I is not affine in v.
    pub analytic_derivative: bool,
    /// Interpolate where a file asks for it with TABLE, as NEURON does by default; otherwise compute exactly.
    pub tables: bool,
    /// Also sum each ion's di/dv into [`crate::ir::IonVariable::Conductance`] (secondorder = 2 needs it).
    pub ion_conductance: bool,
}

/// How a mechanism sits on a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MechanismKind {
    /// SUFFIX: at most one instance a compartment, currents per area.
    Density,
    /// POINT_PROCESS: any number of instances at a node, currents in nA.
    PointProcess,
    /// ARTIFICIAL_CELL: a cell without a membrane, driven by events alone, or in steps of its own
    /// ([`Mechanism::is_stepped`]).
    ArtificialCell,
}

impl MechanismKind {
    /// The kind as documents write it.
    pub fn word(self) -> &'static str {
        match self {
            MechanismKind::Density => "density",
            MechanismKind::PointProcess => "point_process",
            MechanismKind::ArtificialCell => "artificial_cell",
        }
    }
}

/// What may happen to a field's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldClass {
    /// Set before the run, constant in it.
    Parameter,
    /// Changes in the run; may be narrowed when a run asks for single precision.
    Real,
    /// Changes in the run; never narrowed.
    Exact,
}

/// One number per instance, or one for all instances.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The NMODL name. Compiler-made fields begin with an underscore (`_rhs_share`).
    pub name: String,
    /// The unit as the file writes it, without parentheses; empty if none.
    pub unit: String,
    /// What may happen to it.
    pub class: FieldClass,
    /// The value before INITIAL: a PARAMETER's default, 0 otherwise.
    pub default: f64,
    /// Bounds of a PARAMETER (`<0, 1>`), if written.
    pub bounds: Option<(f64, f64)>,
    /// True if it is RANGE or a STATE: users may record it.
    pub range: bool,
    /// True for a STATE.
    pub state: bool,
    /// True if users may give it a value: a PARAMETER, or a RANGE variable that the mechanism never writes.
    pub settable: bool,
    /// True for a POINTER: the exchange of peers writes it.
    pub peer: bool,
    /// True for one value shared by all instances (GLOBAL, or a PARAMETER that is not RANGE).
    pub shared: bool,
    /// Which identifier of a RANDOM stream it is (1, 2 or 3). Those that a model does not set are made of the
    /// run's seed, the cell and the instance.
    pub stream: Option<u8>,
}

/// The values of a TABLE that are interpolated instead of computed (only under [`Options::tables`]). The shared
/// field holds `low`, `1 / width`, `count` and the `count + 1` values; it is filled by running `kernel` with
/// argument 0 at each point, after parameters are set.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Where the values go: one field for each result of `kernel`.
    pub fields: Vec<usize>,
    /// Number of intervals.
    pub count: u32,
    /// Argument 0 is the point; arguments 1 and 2 are set to the table's ends, the rest to the results.
    pub kernel: Kernel,
}

/// A FUNCTION_TABLE: the model gives its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionTable {
    /// The function's name.
    pub name: String,
    /// The shared field that holds the number of points, the arguments, and the values.
    pub field: usize,
}

/// One WATCH condition. `state` is 0 while it is off, 1 while it waits, 2 while its condition holds; the `watch`
/// kernel sets `fired` to 1 in the step in which the condition becomes true, and NET_RECEIVE gets `flag`, unless
/// another WATCH that runs before sets `fired` to 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Field.
    pub state: usize,
    /// Field.
    pub flag: usize,
    /// Field.
    pub fired: usize,
}

/// USEION.
#[derive(Debug, Clone, PartialEq)]
pub struct IonUse {
    /// `na`, `k`, `ca` or any other name.
    pub name: String,
    /// VALENCE, if written.
    pub valence: Option<f64>,
    /// Reads the reversal potential.
    pub reads_reversal: bool,
    /// Reads the inside or outside concentration.
    pub reads_concentration: bool,
    /// Reads the whole current of the ion.
    pub reads_current: bool,
    /// Adds to the current.
    pub writes_current: bool,
    /// Writes the inside concentration.
    pub writes_inside: bool,
    /// Writes the outside concentration.
    pub writes_outside: bool,
    /// Writes the reversal potential.
    pub writes_reversal: bool,
}

impl Field {
    /// One of the compiler's own: nobody sets or sees it.
    pub(crate) fn own() -> Field {
        Field {
            name: String::new(),
            unit: String::new(),
            class: FieldClass::Real,
            default: 0.0,
            bounds: None,
            range: false,
            state: false,
            settable: false,
            peer: false,
            shared: false,
            stream: None,
        }
    }
}

/// A compiled mechanism.
#[derive(Debug, Clone, PartialEq)]
pub struct Mechanism {
    /// SUFFIX or POINT_PROCESS name.
    pub name: String,
    /// How it sits on a cell.
    pub kind: MechanismKind,
    /// True if its current is an ELECTRODE_CURRENT (depolarises when positive; no part of i_membrane).
    pub electrode: bool,
    /// Its numbers, in a fixed order: parameters, states, assigned, peers, compiler-made.
    pub fields: Vec<Field>,
    /// The ions it uses, in the file's order.
    pub ions: Vec<IonUse>,
    /// Its currents by name, each positive outward unless it is an ELECTRODE_CURRENT.
    pub currents: Vec<String>,
    /// True if di/dv is exact: the currents are affine in v, or the file says CONDUCTANCE.
    pub affine: bool,
    /// Names of NET_RECEIVE's arguments; empty if there is no NET_RECEIVE.
    pub arguments: Vec<String>,
    /// TABLEs in use.
    pub tables: Vec<Table>,
    /// FUNCTION_TABLEs.
    pub function_tables: Vec<FunctionTable>,
    /// WATCH conditions.
    pub watches: Vec<Watch>,
    /// What of its states depends on v alone; none if nothing does.
    pub rates: Option<Rates>,
    /// The field in which a point neuron says when it fired in this step, ms; below 0 if it did not.
    pub spike: Option<usize>,
    /// What it computes.
    pub kernels: Kernels,
}

impl Mechanism {
    /// True if some block sends events to its own instance.
    pub fn sends_to_itself(&self) -> bool {
        self.has_effect(EffectKind::Send)
    }

    /// True if it makes spikes.
    pub fn makes_spikes(&self) -> bool {
        self.spike.is_some() || self.has_effect(EffectKind::Event)
    }

    /// True for a point neuron: an ARTIFICIAL_CELL with BREAKPOINT, which moves its cell's v in every step.
    pub fn is_stepped(&self) -> bool {
        self.kind == MechanismKind::ArtificialCell && !self.kernels.state.is_empty()
    }

    /// True if an event may make it fire: the order of its spikes is that of the events.
    pub fn fires_by_events(&self) -> bool {
        self.has_effect(EffectKind::Event)
    }

    fn has_effect(&self, kind: EffectKind) -> bool {
        let kernels = [&self.kernels.initial, &self.kernels.connect, &self.kernels.receive];
        kernels.iter().any(|kernel| kernel.effects.iter().any(|effect| effect.kind == kind))
    }

    /// The fields of a point neuron to which events from outside only add; none if they do anything else.
    pub fn inputs(&self) -> Option<crate::Inputs> {
        crate::inputs::Inputs::of(self)
    }

    /// True if its instances may lie in runs: at most one a compartment.
    pub fn has_runs(&self) -> bool {
        self.kind == MechanismKind::Density || self.is_stepped()
    }

    /// Whether equal instances in one compartment may become one that receives all their events, with the same results
    /// up to rounding; proved on the kernels.
    ///
    /// # Errors
    /// What stands against it.
    pub fn mergeable(&self) -> Result<(), String> {
        crate::merge::mergeable(self)
    }

    /// The names of its RANDOM streams.
    pub fn streams(&self) -> impl Iterator<Item = &str> {
        let firsts = self.fields.iter().filter(|field| field.stream == Some(1));
        firsts.filter_map(|field| field.name.strip_suffix("_id1"))
    }

    /// The index of the field of that name.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// For each field: is it computed in every step for those who look at it alone? No kernel reads it, and so nothing
    /// else changes if it is left out.
    pub fn shown_only(&self) -> Vec<bool> {
        let mut shown = vec![false; self.fields.len()];
        let mut mark = |b: u32, value: bool| {
            if let Binding::Field(f) = self.kernels.bindings[b as usize] {
                shown[f] = value && self.fields[f].class == FieldClass::Real && !self.fields[f].peer;
            }
        };
        for (destination, _) in self.kernels.current.stores.iter().chain(&self.kernels.state.stores) {
            if let Destination::Set(b) = destination {
                mark(*b, true);
            }
        }
        for (_, kernel) in self.kernels.all() {
            for op in &kernel.ops {
                if let Op::Load(b) | Op::Interpolate(b, _) | Op::Lookup(b, _) = op {
                    mark(*b, false);
                }
            }
        }
        let diffusions = self.kernels.diffusions.iter().flat_map(|d| [d.state, d.volume, d.coefficient]);
        diffusions.chain(self.kernels.shares.iter().map(|share| share.from)).for_each(|b| mark(b, false));
        for watch in &self.watches {
            [watch.state, watch.flag, watch.fired].iter().for_each(|f| shown[*f] = false);
        }
        shown
    }

    /// True if it writes a concentration: its kernels then run before those of mechanisms that do not.
    pub fn writes_concentration(&self) -> bool {
        self.ions.iter().any(|ion| ion.writes_inside || ion.writes_outside)
    }
}
