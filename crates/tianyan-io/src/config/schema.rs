//! The keys of a config file. configs/reference.toml shows every one of them with its default.

use super::cells_schema::CellEntry;
use super::decode::{Named, OneOrMany, choice, table};
use super::network_schema::{ConnectionEntry, GapJunctionEntry, GradedSynapseEntry, PopulationEntry};
use super::values::CellsRef;

table! {
    /// A whole config file.
    Document, "config" {
        /// Version of this schema: 1.
        schema_version: u32,
        /// What holds for the whole run.
        run: Run,
        /// What is written where.
        output: Option<Output>,
        /// When checkpoints are written.
        checkpoint: Option<CheckpointEntry>,
        /// NMODL files beside the shipped ones.
        mechanisms: Option<MechanismFiles>,
        /// Cell templates.
        cells: Named<CellEntry>,
        /// Populations; gids follow their order.
        populations: Named<PopulationEntry>,
        /// Event connections.
        connections: Vec<ConnectionEntry>,
        /// Graded synapses: they read the other cell's voltage.
        graded_synapses: Vec<GradedSynapseEntry>,
        /// Gap junctions.
        gap_junctions: Vec<GapJunctionEntry>,
        /// Clamps.
        stimuli: Vec<StimulusEntry>,
        /// What is recorded.
        probes: Vec<ProbeEntry>,
        /// A generated network, instead of cells, populations and connections.
        generator: Option<GeneratorEntry>,
    }
}

table! {
    /// What holds for the whole run.
    Run, "run" {
        /// How long to simulate.
        duration_ms: f64,
        /// Step length.
        dt_ms: f64 = 0.025,
        /// Temperature.
        temperature_celsius: f64 = 6.3,
        /// Initial voltage where no paint sets another.
        v_init_mv: f64 = -65.0,
        /// 0, 1 or 2, as in NEURON.
        second_order: u32 = 0,
        /// How conductances are found.
        current_derivative: Derivative = Derivative::Neuron,
        /// Seed of every random stream.
        seed: u64 = 1,
        /// Whether mechanisms interpolate where they say TABLE.
        tables: bool = false,
        /// Rates are looked up, off by at most this part; computed without it.
        rate_error: Option<f64>,
        /// How many events of its own (net_send) an instance may have on their way.
        self_events: u32 = tianyan_model::SELF_EVENTS as u32,
        /// Whether equal synapses of a linear mechanism in one compartment become one.
        synapses: SynapseRule = SynapseRule::Merged,
        /// Width of the numbers that density mechanisms compute with, on a GPU.
        precision: Precision = Precision::Double,
    }
}

choice! {
    /// What becomes of equal synapses in one compartment.
    SynapseRule {
        /// One instance, where the mechanism allows it and nobody records it.
        Merged = "merged",
        /// An instance each.
        Separate = "separate",
    }
}

choice! {
    /// How the conductance di/dv of a current is found.
    Derivative {
        /// NEURON's difference, where the current is not affine in v.
        Neuron = "neuron",
        /// The exact derivative.
        Analytic = "analytic",
    }
}

table! {
    /// What is written where.
    Output, "output" {
        /// Folder, relative to the working directory; by default `out/<name of the config>`.
        directory: Option<String>,
        /// Whether spikes are written.
        spikes: bool = true,
        /// Who writes the results of several ranks.
        writers: WriterRule = WriterRule::One,
    }
}

choice! {
    /// Who writes the results of several ranks.
    WriterRule {
        /// Rank 0.
        One = "one",
        /// Each its own; `tianyan merge` brings them together.
        PerRank = "per-rank",
    }
}

table! {
    /// When checkpoints are written without being asked for.
    CheckpointEntry, "checkpoint" {
        /// After so much model time.
        every_ms: Option<f64>,
        /// After so much wall time.
        every_minutes: Option<f64>,
    }
}

table! {
    /// NMODL files beside the shipped ones.
    MechanismFiles, "mechanisms" {
        /// Files, folders, or folder/*.mod, relative to the config.
        files: Vec<String>,
        /// Values of FUNCTION_TABLEs.
        tables: Vec<FunctionTableEntry>,
    }
}

table! {
    /// The values of a mechanism's FUNCTION_TABLE, linear between points and constant beyond the ends.
    FunctionTableEntry, "mechanisms.tables" {
        /// The mechanism.
        mechanism: String,
        /// The function.
        function: String,
        /// Arguments, ascending.
        arguments: Vec<f64>,
        /// Values at the arguments.
        values: Vec<f64>,
    }
}

choice! {
    /// Kinds of stimuli.
    StimulusKind {
        /// A current into a cell.
        Current = "current_clamp",
        /// A voltage imposed through a resistance.
        Voltage = "voltage_clamp",
        /// Spikes at random into point neurons, each its own.
        Poisson = "poisson",
    }
}

choice! {
    /// What a table means between its samples.
    Interpolation {
        /// A sample holds until the next.
        Step = "step",
        /// A straight line to the next.
        Linear = "linear",
    }
}

table! {
    /// A clamp on each of some cells, or random spikes.
    StimulusEntry, "stimuli" {
        /// What it is.
        kind: StimulusKind,
        /// The cells.
        cells: CellsRef,
        /// Section; the root by default.
        section: Option<String>,
        /// Relative position.
        x: f64 = 0.5,
        /// A single pulse: its start; of random spikes, 0 by default.
        start_ms: Option<f64>,
        /// Its length; of random spikes, for ever by default.
        duration_ms: Option<f64>,
        /// Its height.
        amplitude_nanoamp: Option<f64>,
        /// Several pulses, summed.
        pulses: Vec<PulseEntry>,
        /// CSV file with the current's course.
        table: Option<String>,
        /// What the table means between its samples.
        interpolation: Option<Interpolation>,
        /// Column of the times; then interval_ms is left out.
        time_column: Option<String>,
        /// Interval between the rows of a table without times.
        interval_ms: Option<f64>,
        /// Column of the values, with {name} for the cell's name and {node_id} for its id.
        column: Option<String>,
        /// Factor from the table's unit to nanoamperes.
        scale: f64 = 1.0,
        /// Series resistance of a voltage clamp.
        series_resistance_mohm: Option<f64>,
        /// Levels of a voltage clamp, one after the other.
        levels: Vec<LevelEntry>,
        /// Rate of random spikes.
        rate_hz: Option<f64>,
        /// Their weight, in the unit of the mechanism.
        weight: Option<f64>,
    }
}

table! {
    /// A pulse of current.
    PulseEntry, "stimuli.pulses" {
        /// Start.
        start_ms: f64,
        /// Length.
        duration_ms: f64,
        /// Height.
        amplitude_nanoamp: f64,
    }
}

table! {
    /// A level of a voltage clamp.
    LevelEntry, "stimuli.levels" {
        /// How long.
        duration_ms: f64,
        /// At which voltage.
        v_mv: f64,
    }
}

choice! {
    /// Numbers in a report.
    Precision {
        /// 32 bits.
        Single = "f32",
        /// 64 bits.
        Double = "f64",
    }
}

table! {
    /// A report: one quantity at many places.
    ProbeEntry, "probes" {
        /// File name without .h5.
        report: String,
        /// What is recorded, by NEURON's name: v, i_membrane, ina, cai, m_hh.
        variable: String,
        /// The mechanism to which the variable belongs.
        mechanism: Option<String>,
        /// The named synapse to which the variable belongs.
        synapse: Option<String>,
        /// The cells.
        cells: CellsRef,
        /// "all", or sections by name or type; the root by default.
        sections: Option<OneOrMany<ProbeSection>>,
        /// Relative position, or "all" for the middle of each compartment.
        x: ProbeX = ProbeX::At(0.5),
        /// Interval between rows; dt by default.
        interval_ms: Option<f64>,
        /// Numbers in the file.
        precision: Precision = Precision::Single,
    }
}

pub use super::values::{ProbeSection, ProbeX};

choice! {
    /// Generated networks.
    GeneratorKind {
        /// Rings of branched cells.
        Ring = "ring",
        /// The cortical microcircuit of Potjans and Diesmann (2014).
        Microcircuit = "microcircuit",
    }
}

choice! {
    /// Membrane of the cells of a ring.
    Dendrites {
        /// Passive dendrites, hh at the soma.
        Passive = "pas",
        /// hh everywhere.
        Active = "hh",
        /// pas, ten channels and the calcium pool of the Allen Institute's cells everywhere.
        Rich = "rich",
    }
}

table! {
    /// A generated network.
    GeneratorEntry, "generator" {
        /// Which network.
        kind: GeneratorKind,
        /// Number of rings.
        rings: u32 = 16,
        /// Cells in each ring.
        cells_per_ring: u32 = 16,
        /// Fewest and most branches of a cell.
        branches: [u32; 2] = [8, 40],
        /// Fewest and most compartments of a branch.
        compartments: [u32; 2] = [1, 4],
        /// Connections of weight 0 onto each cell, besides that of its ring.
        fan_in: u32 = 10,
        /// Seed of the shapes and connections.
        seed: u64 = 1,
        /// Membrane of the dendrites.
        dendrites: Dendrites = Dendrites::Passive,
        /// Part of the microcircuit's neurons; all by default.
        scale: Option<f64>,
        /// Part of its connections onto each neuron; as many as of the neurons by default.
        in_degree_scale: Option<f64>,
    }
}
