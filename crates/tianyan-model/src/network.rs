//! Populations and what joins them, in columns: connections, couplings, stimuli, probes.
//!
//! Every function of [`crate::Recipe`] that fills one of these appends to buffers the caller reuses. Rows are
//! sorted by target gid; within a gid their order is the order of the model's description, which is also the
//! order in which synapses of one node are summed.

use std::sync::Arc;

use crate::cell::Parameter;
use crate::morphology::Location;
use crate::problem::Problem;

/// Dense identity of a cell in the whole network: population offset + node id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gid(pub u32);

/// Identity of a kind: tree shape plus density mechanisms per node range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindId(pub u32);

/// A named block of cells with consecutive gids; (population, node id) is the public identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    /// As written in the config and in the output files.
    pub name: String,
    /// Gid of node id 0.
    pub first_gid: Gid,
    /// Number of cells.
    pub size: u32,
    /// Names of the cells, by node id, where the model gives them (`AVAL`).
    pub cell_names: Vec<String>,
}

impl Population {
    /// The node id of a gid of this population.
    pub fn node_id(&self, gid: Gid) -> Option<u32> {
        gid.0.checked_sub(self.first_gid.0).filter(|id| *id < self.size)
    }
}

/// One instance of a POINT_PROCESS on a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct PointProcess {
    /// The cell that carries it.
    pub gid: Gid,
    /// Where on the cell.
    pub location: Location,
    /// Index into [`crate::Recipe::mechanisms`].
    pub mechanism: usize,
    /// Index into the `parameter_sets` beside it.
    pub parameter_set: usize,
}

/// Event connections onto cells, and the synapses they arrive at.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// The synapses.
    pub synapses: Vec<PointProcess>,
    /// Parameters shared by many synapses (always [`crate::Values::Uniform`]).
    pub parameter_sets: Vec<Vec<Parameter>>,
    /// Source cell of each connection.
    pub source: Vec<Gid>,
    /// Target of each connection: an index into `synapses`.
    pub synapse: Vec<u32>,
    /// Delay of each connection.
    pub delay_ms: Vec<f64>,
    /// First argument of NET_RECEIVE of each connection (`weight`); further arguments start at 0.
    pub weight: Vec<f64>,
}

/// What is wrong with a delay: it is at least 0 where the source's spikes are `known`, and at least a step between
/// simulated cells. Source and target cannot be told here; the caller adds the place.
pub fn delay_problem(delay_ms: f64, dt_ms: f64, known: bool) -> Option<Problem> {
    if !(delay_ms >= 0.0 && delay_ms.is_finite()) {
        return Some(Problem::new("delay-negative", format!("a delay must be at least 0, not {delay_ms}")));
    }
    if known || delay_ms >= dt_ms * (1.0 - 1e-9) {
        return None;
    }
    let help = match delay_ms > 0.0 {
        true => format!("dt_ms of {delay_ms} or less would do"),
        false => "delays between simulated cells must be at least one step".into(),
    };
    Some(Problem::new("delay-short", format!("the delay {delay_ms} is shorter than dt_ms = {dt_ms}")).help(help))
}

/// The variable a POINTER of a coupling instance reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Index into [`Couplings::instances`].
    pub instance: u32,
    /// Name of the POINTER in the mechanism.
    pub pointer: String,
    /// The cell that is read.
    pub gid: Gid,
    /// Where on it.
    pub location: Location,
    /// What is read there; `Quantity::Voltage` in graded synapses and gap junctions. Of point processes, the
    /// mechanism's first on the cell.
    pub quantity: Quantity,
}

/// Continuous couplings: graded synapses and halves of gap junctions.
#[derive(Debug, Clone, Default)]
pub struct Couplings {
    /// The instances on the reading side.
    pub instances: Vec<PointProcess>,
    /// Parameters shared by many instances.
    pub parameter_sets: Vec<Vec<Parameter>>,
    /// What they read, sorted by instance.
    pub peers: Vec<Peer>,
}

/// How a driven value moves in time. All times in ms, values in the driven parameter's unit.
#[derive(Debug, Clone, PartialEq)]
pub enum Waveform {
    /// `amplitude` in step n iff `start <= t_n + dt/2 < start + duration`, else 0.
    #[allow(missing_docs)]
    Pulse { start_ms: f64, duration_ms: f64, amplitude: f64 },
    /// The sum of several pulses.
    Pulses(Vec<(f64, f64, f64)>),
    /// Sample k holds over [start + k*interval, start + (k+1)*interval); 0 outside.
    #[allow(missing_docs)]
    Step { start_ms: f64, interval_ms: f64, samples: Vec<f64> },
    /// Linear between (time, value) points, taken at t_n + dt/2; held beyond the ends.
    Linear(Vec<(f64, f64)>),
    /// NEURON's Vector.play into an IClamp: sample k from k*interval on, the last one held; 0 unless
    /// `start <= t_n + dt/2 < start + duration`.
    #[allow(missing_docs)]
    Played { samples: Vec<f64>, interval_ms: f64, start_ms: f64, duration_ms: f64 },
    /// `factor` times sample n in step n; many places share the samples.
    #[allow(missing_docs)]
    Shared { samples: Arc<[f64]>, dt_ms: f64, factor: f64 },
}

impl Waveform {
    /// The value that drives the step which starts at `t_ms` with length `dt_ms`.
    pub fn value(&self, t_ms: f64, dt_ms: f64) -> f64 {
        let t = t_ms + 0.5 * dt_ms;
        match self {
            Waveform::Pulse { start_ms, duration_ms, amplitude } => pulse(t, *start_ms, *duration_ms, *amplitude),
            Waveform::Pulses(pulses) => pulses.iter().map(|&(start, duration, a)| pulse(t, start, duration, a)).sum(),
            Waveform::Step { start_ms, interval_ms, samples } => {
                let k = ((t - start_ms) / interval_ms).floor();
                if k < 0.0 { 0.0 } else { samples.get(k as usize).copied().unwrap_or(0.0) }
            }
            Waveform::Linear(points) => linear(points, t),
            Waveform::Shared { samples, dt_ms, factor } => {
                factor * samples.get((t_ms / dt_ms).round() as usize).copied().unwrap_or(0.0)
            }
            Waveform::Played { samples, interval_ms, start_ms, duration_ms } => {
                let k = ((t / interval_ms).floor().max(0.0) as usize).min(samples.len().saturating_sub(1));
                pulse(t, *start_ms, *duration_ms, samples.get(k).copied().unwrap_or(0.0))
            }
        }
    }
}

fn pulse(t: f64, start: f64, duration: f64, amplitude: f64) -> f64 {
    if start <= t && t < start + duration { amplitude } else { 0.0 }
}

fn linear(points: &[(f64, f64)], t: f64) -> f64 {
    let after = points.partition_point(|p| p.0 <= t);
    match (after.checked_sub(1).map(|i| points[i]), points.get(after)) {
        (None, None) => 0.0,
        (None, Some(first)) => first.1,
        (Some(last), None) => last.1,
        (Some((t0, y0)), Some(&(t1, y1))) => y0 + (y1 - y0) * ((t - t0) / (t1 - t0)),
    }
}

/// A parameter of an instance that is written anew in every step.
#[derive(Debug, Clone, PartialEq)]
pub struct Driven {
    /// Index into [`Stimuli::instances`].
    pub instance: u32,
    /// The RANGE parameter it drives: `amp` of `IClamp`, `vc` and `on` of `SEClamp`.
    pub parameter: String,
    /// Its course.
    pub waveform: Waveform,
}

/// Spikes at random into a point neuron, its own: a Poisson process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomSpikes {
    /// The point neuron.
    pub gid: Gid,
    /// Their rate.
    pub rate_hz: f64,
    /// Their weight, the first argument of NET_RECEIVE.
    pub weight: f64,
    /// They come from then on,
    pub start_ms: f64,
    /// for so long.
    pub duration_ms: f64,
    /// Number of the stimulus: each has draws of its own.
    pub stream: u32,
}

/// Stimuli: point processes with driven parameters, and random spikes.
#[derive(Debug, Clone, Default)]
pub struct Stimuli {
    /// The instances.
    pub instances: Vec<PointProcess>,
    /// Parameters shared by instances.
    pub parameter_sets: Vec<Vec<Parameter>>,
    /// What is driven, sorted by instance.
    pub driven: Vec<Driven>,
    /// Spikes at random into point neurons.
    pub random: Vec<RandomSpikes>,
}

/// What a probe or a peer reads at a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Membrane potential, mV.
    Voltage,
    /// Total membrane current without electrodes, nA (NEURON's fast_imem).
    MembraneCurrent,
    /// An ion's variable by NEURON's name: `ina`, `ena`, `cai`.
    Ion(String),
    /// A RANGE variable of a density mechanism.
    #[allow(missing_docs)]
    Density { mechanism: String, variable: String },
    /// A RANGE variable of a point process.
    #[allow(missing_docs)]
    PointProcess { mechanism: String, variable: String },
}

/// One recorded value: a column of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Index into [`crate::Recipe::reports`].
    pub report: usize,
    /// The cell.
    pub gid: Gid,
    /// Where on the cell.
    pub location: Location,
    /// Of the mechanism's point processes on the cell, in the order connections, couplings, stimuli; 0 where the
    /// quantity is none of a point process.
    pub instance: u32,
    /// SONATA's number of the section, for the file's `element_ids`.
    pub element_id: u32,
}

/// The rows of a report. Row r holds the state at `first_ms + r * interval_ms`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rows {
    /// Time of the state in row 0; a whole number of steps.
    pub first_ms: f64,
    /// Interval between rows; a whole number of steps.
    pub interval_ms: f64,
    /// There are no rows after this time; the run may end earlier.
    pub last_ms: f64,
    /// The time that the file gives to row 0.
    pub labelled_ms: f64,
}

impl Rows {
    /// From the state at t = 0 to the end of the run.
    pub fn every(interval_ms: f64) -> Rows {
        Rows { first_ms: 0.0, interval_ms, last_ms: f64::INFINITY, labelled_ms: 0.0 }
    }

    /// BMTK's rows between two times: the first holds the state after the step that begins at `start_ms`, but is
    /// labelled with `start_ms`; the last that of the step that begins before `end_ms`.
    pub fn after_steps(start_ms: f64, end_ms: f64, interval_ms: f64, dt_ms: f64) -> Rows {
        Rows { first_ms: start_ms + dt_ms, interval_ms, last_ms: end_ms, labelled_ms: start_ms }
    }

    /// Number of rows in a run of that length.
    pub fn count(&self, duration_ms: f64) -> u64 {
        let span = self.last_ms.min(duration_ms) - self.first_ms;
        if span < -1e-6 * self.interval_ms { 0 } else { (span / self.interval_ms + 1e-6).floor() as u64 + 1 }
    }
}

/// A file of traces: one quantity at many places.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// File name without `.h5`.
    pub name: String,
    /// What is recorded.
    pub quantity: Quantity,
    /// NEURON's name of the variable (`v`, `ina`, `m_hh`), for the file's `variable` attribute.
    pub variable: String,
    /// Its unit, for the file's `units` attribute.
    pub unit: String,
    /// When it is recorded.
    pub rows: Rows,
    /// True for 64-bit values in the file.
    pub double: bool,
}
