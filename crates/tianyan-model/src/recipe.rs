//! The question-and-answer form of a network.

use crate::cell::Cell;
use crate::network::{Connections, Couplings, Gid, KindId, Population, Probe, Report, Stimuli};
use crate::problem::{Place, Problems};

/// An NMODL text and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MechanismSource {
    /// SUFFIX or POINT_PROCESS name by which cells refer to it.
    pub name: String,
    /// File name for messages; `shipped:hh` for the ones that come with Tianyan.
    pub origin: String,
    /// The NMODL text.
    pub text: String,
}

/// How the conductance di/dv of a current is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CurrentDerivative {
    /// NEURON's difference (I(v + 0.001) - I(v)) / 0.001 unless I is affine in v.
    #[default]
    Neuron,
    /// The exact derivative everywhere.
    Analytic,
}

/// NEURON's `secondorder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecondOrder {
    /// Backward Euler.
    #[default]
    Off,
    /// Crank-Nicolson voltage.
    Voltage,
    /// Crank-Nicolson voltage, and ion currents corrected to the half step.
    VoltageAndCurrents,
}

/// What becomes of equal event synapses in one compartment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synapses {
    /// Those whose mechanism is linear become one instance: the sums are the same up to rounding.
    #[default]
    Merged,
    /// Each is an instance of its own.
    Separate,
}

/// Width of the numbers that mechanisms compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 64 bits.
    #[default]
    Double,
    /// 32 bits, on devices that have them: currents and states of density mechanisms. Voltages, the voltage equation,
    /// events, synapses and point neurons keep 64.
    Single,
}

/// What holds for the whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// How long to simulate.
    pub duration_ms: f64,
    /// Step length.
    pub dt_ms: f64,
    /// Temperature (`celsius` of NMODL).
    pub temperature_celsius: f64,
    /// Order of the voltage equation.
    pub second_order: SecondOrder,
    /// How conductances are found.
    pub current_derivative: CurrentDerivative,
    /// Seed of every random stream.
    pub seed: u64,
    /// How many events an instance may have sent to itself that are still on their way (net_send).
    pub self_events: usize,
    /// Interpolate in the TABLEs of mechanisms, as NEURON does by default, instead of computing exactly.
    pub tables: bool,
    /// Whether equal event synapses in one compartment become one instance.
    pub synapses: Synapses,
    /// Width of mechanisms' numbers.
    pub precision: Precision,
    /// Look up what gates need of v alone in tables that are off by at most this part of the value; compute it without.
    pub rate_error: Option<f64>,
}

/// What is wrong with a bound of [`RunSettings::rate_error`].
pub fn rate_error_problem(bound: f64) -> Option<&'static str> {
    (!(1e-10..=1e-2).contains(&bound)).then_some("a rate error must lie between 1e-10 and 0.01")
}

/// NEURON sets no bound to the events on their way to an instance; this many are enough for most.
pub const SELF_EVENTS: usize = 16;

impl RunSettings {
    /// Number of steps: duration/dt, rounded to the nearest.
    pub fn steps(&self) -> u64 {
        (self.duration_ms / self.dt_ms).round() as u64
    }
}

/// A network, asked in batches of gids (sorted ascending). Nothing global is ever built.
///
/// Implemented by TOML models, SONATA networks and test rings.
pub trait Recipe: Send + Sync {
    /// All populations, in gid order without gaps.
    fn populations(&self) -> &[Population];
    /// What holds for the whole run.
    fn run(&self) -> &RunSettings;
    /// Every mechanism any cell, synapse or stimulus uses, in the fixed order in which currents are summed.
    fn mechanisms(&self) -> &[MechanismSource];
    /// Where the model first names a mechanism, or a parameter of it, for messages.
    fn place_of(&self, mechanism: &str, parameter: Option<&str>) -> Option<Place> {
        let _ = (mechanism, parameter);
        None
    }
    /// The points (argument, value) of a mechanism's FUNCTION_TABLE, arguments ascending; none if not given.
    fn function_table(&self, mechanism: &str, function: &str) -> Option<&[(f64, f64)]> {
        let _ = (mechanism, function);
        None
    }
    /// All reports.
    fn reports(&self) -> &[Report];
    /// Number of kinds.
    fn kinds(&self) -> usize;
    /// The kind of each of these cells, appended to `kinds`.
    fn kind_of(&self, gids: &[Gid], kinds: &mut Vec<KindId>);
    /// What all cells of a kind share.
    fn cell(&self, kind: KindId) -> Result<Cell, Problems>;
    /// Known spike times (ms, ascending) of each source cell among `gids`, appended as (gid, times).
    fn source_spikes_on(&self, gids: &[Gid], out: &mut Vec<(Gid, Vec<f64>)>) -> Result<(), Problems>;
    /// Event connections whose target lies in `gids`.
    fn connections_on(&self, gids: &[Gid], out: &mut Connections) -> Result<(), Problems>;
    /// Graded synapses and gap-junction halves that sit on `gids`.
    fn couplings_on(&self, gids: &[Gid], out: &mut Couplings) -> Result<(), Problems>;
    /// Stimuli on `gids`.
    fn stimuli_on(&self, gids: &[Gid], out: &mut Stimuli) -> Result<(), Problems>;
    /// Probes on `gids`, sorted by (report, gid) and within a gid in the order of the report's columns.
    fn probes_on(&self, gids: &[Gid], out: &mut Vec<Probe>) -> Result<(), Problems>;
}
