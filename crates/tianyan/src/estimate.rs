//! What a run will need, before its first step.

use tianyan_layout::{Layout, Network, Wiring};
use tianyan_model::{Recipe, RunSettings};

/// Processor time of a compartment and step on one core of 2020 or later, ns: hh everywhere costs about 15, a
/// passive dendrite 6.
const NS_PER_COMPARTMENT_STEP: f64 = 15.0;

/// Sizes and costs of a run on this rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Cells, sources too.
    pub cells: u64,
    /// Compartments.
    pub compartments: u64,
    /// Synapses, stimuli and couplings: instances of point processes.
    pub point_processes: u64,
    /// Event connections.
    pub connections: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// Memory of the network, MiB.
    pub memory_mb: f64,
    /// Size of all reports, MiB.
    pub output_mb: f64,
    /// Processor time, s: a rough guess, right within a factor of three.
    pub cpu_s: f64,
}

/// How a model would lie on several ranks.
#[derive(Debug, Clone, PartialEq)]
pub struct RankEstimate {
    /// Number of ranks.
    pub ranks: usize,
    /// Of the mean load of a rank, the least and the largest.
    pub load: (f64, f64),
    /// Ranks without a cell.
    pub idle: usize,
    /// Memory of the fullest rank, MiB, the program itself included.
    pub memory_mb: f64,
    /// Wall time, s, as rough as [`Estimate::cpu_s`].
    pub wall_s: f64,
}

/// Memory of a rank without a model, MiB: the program, its libraries, MPI.
const EMPTY_RANK_MB: f64 = 60.0;

/// Network, initialisation and buffers together, as a multiple of the network.
const MEMORY_FACTOR: f64 = 1.5;

impl RankEstimate {
    /// From the estimate for one rank, and what the cells of each rank cost.
    pub(crate) fn new(whole: &Estimate, loads: &[f64]) -> RankEstimate {
        let mean = loads.iter().sum::<f64>() / loads.len() as f64;
        let (least, largest) = loads.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), load| (a.min(*load), b.max(*load)));
        let of_mean = |load: f64| if mean > 0.0 { load / mean } else { 1.0 };
        let share = of_mean(largest) / loads.len() as f64;
        RankEstimate {
            ranks: loads.len(),
            load: (of_mean(least), of_mean(largest)),
            idle: loads.iter().filter(|load| **load == 0.0).count(),
            memory_mb: EMPTY_RANK_MB + MEMORY_FACTOR * whole.memory_mb * share,
            wall_s: whole.cpu_s * share,
        }
    }
}

impl Estimate {
    /// The estimate for a network that was laid out.
    pub(crate) fn new(recipe: &dyn Recipe, network: &Network) -> Estimate {
        let run = recipe.run();
        let numbers: usize = network.groups.iter().map(|g| g.state.values().len()).sum();
        let tables = || network.groups.iter().flat_map(|g| &g.layout.tables);
        let indices: usize = tables().map(|t| t.index.len() * 4 + t.owner.len() * 4).sum();
        let points = tables().filter(|t| t.mechanism.kind == tianyan_nmodl::MechanismKind::PointProcess);
        let wirings = || network.groups.iter().flat_map(|g| &g.layout.wirings);
        let by_events = network.connectivity.len();
        let connections = (by_events + wirings().map(|wiring| wiring.len()).sum::<usize>()) as u64;
        let on_grid: usize = network.groups.iter().map(|g| on_grid(&g.layout)).sum();
        let bytes = numbers * 8 + indices + by_events * size_of::<tianyan_layout::EventTarget>() + on_grid;
        Estimate {
            cells: network.cells,
            compartments: network.compartments,
            point_processes: points.map(|t| t.count as u64).sum(),
            connections,
            steps: run.steps(),
            memory_mb: bytes as f64 / f64::from(1 << 20),
            output_mb: output_bytes(recipe, network, run) / f64::from(1 << 20),
            cpu_s: network.compartments as f64 * run.steps() as f64 * NS_PER_COMPARTMENT_STEP * 1e-9,
        }
    }
}

/// Bytes of connections onto point neurons, and of the steps in which they arrive.
fn on_grid(layout: &Layout) -> usize {
    let one = |wiring: &Wiring| {
        let steps = (usize::from(wiring.longest_delay_steps()) + 2).next_power_of_two();
        wiring.bytes() + steps * wiring.inputs.len() * layout.tables[wiring.table].padded * size_of::<f64>()
    };
    layout.wirings.iter().map(one).sum()
}

fn output_bytes(recipe: &dyn Recipe, network: &Network, run: &RunSettings) -> f64 {
    let of_report = |sampler: &tianyan_layout::Sampler| {
        let report = &recipe.reports()[sampler.report];
        let rows = report.rows.count(run.duration_ms) as f64;
        rows * sampler.slots.len() as f64 * if report.double { 8.0 } else { 4.0 }
    };
    // An empty sum of f64 is -0.
    network.samplers.iter().map(of_report).fold(0.0, |sum, bytes| sum + bytes)
}
