//! One cell: its morphology, cut into compartments and painted with membrane and mechanisms.

use crate::morphology::{Location, Morphology};

/// A number for every compartment of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// The same in all of them.
    Uniform(f64),
    /// One for each compartment, from x = 0 to x = 1.
    PerCompartment(Vec<f64>),
}

impl Values {
    /// The value in compartment `i`.
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Values::Uniform(value) => *value,
            Values::PerCompartment(values) => values[i],
        }
    }
}

/// A mechanism's parameter with the value it is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The NMODL name, without the mechanism's suffix.
    pub name: String,
    /// In the units the mechanism declares.
    pub values: Values,
}

/// A density mechanism inserted in one section.
#[derive(Debug, Clone, PartialEq)]
pub struct Density {
    /// The mechanism's SUFFIX.
    pub mechanism: String,
    /// Index of the section.
    pub section: usize,
    /// RANGE parameters that differ from the mechanism's defaults.
    pub parameters: Vec<Parameter>,
}

/// A reversal potential or concentration set by the user in one section: `ena`, `cai`, `cao` ...
#[derive(Debug, Clone, PartialEq)]
pub struct IonSetting {
    /// NEURON's name of the variable: `e` + ion (mV), ion + `i` or ion + `o` (millimolar).
    pub variable: String,
    /// Index of the section.
    pub section: usize,
    /// mV or millimolar.
    pub value: f64,
}

/// A spike is detected where v crosses a threshold from below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detector {
    /// Where v is watched.
    pub location: Location,
    /// The threshold; v must lie strictly above it.
    pub threshold_mv: f64,
}

/// Everything that is the same in all cells of a kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// The tree of sections; empty for a cell that is only a source of spikes.
    pub morphology: Morphology,
    /// nseg of each section, at least 1.
    pub compartments: Vec<u32>,
    /// Membrane capacitance of each section, uF/cm2.
    pub cm_uf_per_cm2: Vec<Values>,
    /// Axial resistivity of each section.
    pub ra_ohm_cm: Vec<f64>,
    /// Initial voltage of each section.
    pub v_init_mv: Vec<f64>,
    /// Density mechanisms, by section.
    pub densities: Vec<Density>,
    /// Reversal potentials and concentrations that were set.
    pub ions: Vec<IonSetting>,
    /// Where its spikes are detected.
    pub detector: Option<Detector>,
}

impl Cell {
    /// True for a cell without a body that only emits known spikes.
    pub fn is_source(&self) -> bool {
        self.morphology.sections.is_empty()
    }
}
