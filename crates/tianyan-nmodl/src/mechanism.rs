//! A compiled mechanism: what the layout and the engine need to know of an NMODL file.

use crate::ir::Kernels;

/// Choices that change the kernels of a mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Options {
    /// Use the exact dI/dv everywhere, instead of NEURON's difference where I is not affine in v.
    pub analytic_derivative: bool,
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
    /// True if users may give it a value: a PARAMETER, or a RANGE variable that the mechanism never writes.
    pub settable: bool,
    /// True for a POINTER: the exchange of peers writes it.
    pub peer: bool,
    /// True for one value shared by all instances (GLOBAL, or a PARAMETER that is not RANGE).
    pub shared: bool,
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
    /// Names of NET_RECEIVE's arguments; empty if there is no NET_RECEIVE.
    pub arguments: Vec<String>,
    /// What it computes.
    pub kernels: Kernels,
}

impl Mechanism {
    /// The index of the field of that name.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// True if it writes a concentration: its kernels then run before those of mechanisms that do not.
    pub fn writes_concentration(&self) -> bool {
        self.ions.iter().any(|ion| ion.writes_inside || ion.writes_outside)
    }
}
