//! The keys of populations and of what joins them.

use super::decode::{Named, choice, table};
use super::values::{CellsRef, Formula, SpikeTimes};

table! {
    /// A block of cells.
    PopulationEntry, "populations" {
        /// Its cell template; in a table it may hold {column}.
        cell: Option<String>,
        /// Number of cells.
        size: Option<u32>,
        /// CSV file with a row for each cell.
        table: Option<String>,
        /// Headers of the columns name, cell and morphology where they differ.
        columns: Named<String>,
        /// Only rows whose columns have these values.
        filter: Named<String>,
        /// SWC file of a template without one; in a table it may hold {column}.
        morphology: Option<String>,
        /// Source cells: when all of them, or each of them, spike.
        spike_times_ms: Option<SpikeTimes>,
        /// Source cells: CSV file with the columns node_id and time_ms.
        spikes: Option<String>,
    }
}

choice! {
    /// Which sources meet which targets.
    Rule {
        /// Every source with every target, but no cell with itself.
        AllToAll = "all_to_all",
        /// The first source with the first target, and so on.
        OneToOne = "one_to_one",
        /// The listed pairs of positions in source and target.
        Pairs = "pairs",
        /// Each target draws in_degree sources, with replacement; it may draw itself.
        FixedInDegree = "fixed_in_degree",
        /// total times a source and a target are drawn, with replacement; they may be the same cell.
        FixedTotal = "fixed_total",
        /// Every source with every other target, each with that probability.
        Probability = "probability",
    }
}

table! {
    /// Event connections.
    ConnectionEntry, "connections" {
        /// The cells whose spikes are sent.
        source: Option<CellsRef>,
        /// The cells that receive them.
        target: Option<CellsRef>,
        /// Which sources meet which targets.
        rule: Option<Rule>,
        /// For rule = "pairs": positions in source and target.
        pairs: Vec<[u32; 2]>,
        /// For rule = "fixed_in_degree": connections of each target.
        in_degree: Option<u32>,
        /// For rule = "fixed_total": connections in all.
        total: Option<u32>,
        /// For rule = "probability".
        probability: Option<f64>,
        /// CSV file with a row for each connection.
        table: Option<String>,
        /// Headers of the columns source, target, synapse, section, x, weight and delay_ms where they differ.
        columns: Named<String>,
        /// Only rows whose columns have these values.
        filter: Named<String>,
        /// A synapse of the target's template.
        synapse: Option<String>,
        /// Instead of `synapse`: a POINT_PROCESS, one for each connection.
        mechanism: Option<String>,
        /// Its section; the root by default.
        section: Option<String>,
        /// Its relative position.
        x: Option<Formula>,
        /// Its parameters: numbers, or formulas of the table's columns.
        parameters: Named<Formula>,
        /// Weight, in the unit of the mechanism.
        weight: Option<Formula>,
        /// Delay.
        delay_ms: Option<Formula>,
    }
}

table! {
    /// Graded synapses.
    GradedSynapseEntry, "graded_synapses" {
        /// A POINT_PROCESS with a POINTER.
        mechanism: String,
        /// The POINTER through which it reads the source's voltage.
        pointer: String = "vpre".into(),
        /// The cells that are read.
        source: Option<CellsRef>,
        /// Section that is read; the root by default.
        source_section: Option<String>,
        /// Relative position that is read.
        source_x: Option<Formula>,
        /// The cells that carry the synapses.
        target: Option<CellsRef>,
        /// Section of the synapse; the root by default.
        target_section: Option<String>,
        /// Relative position of the synapse.
        target_x: Option<Formula>,
        /// Which sources meet which targets.
        rule: Option<Rule>,
        /// For rule = "pairs": positions in source and target.
        pairs: Vec<[u32; 2]>,
        /// CSV file with a row for each synapse.
        table: Option<String>,
        /// Headers of the columns source, source_section, source_x, target, target_section and target_x where
        /// they differ.
        columns: Named<String>,
        /// Only rows whose columns have these values.
        filter: Named<String>,
        /// Parameters of the mechanism: numbers, or formulas of the table's columns.
        parameters: Named<Formula>,
    }
}

table! {
    /// Gap junctions: two halves, each reading the other side's voltage.
    GapJunctionEntry, "gap_junctions" {
        /// A POINT_PROCESS with a POINTER.
        mechanism: String = "gap_junction".into(),
        /// The POINTER through which a half reads the other side's voltage.
        pointer: String = "vpre".into(),
        /// Cells on one side.
        source: Option<CellsRef>,
        /// Section on that side; the root by default.
        source_section: Option<String>,
        /// Relative position on that side.
        source_x: Option<Formula>,
        /// Cells on the other side.
        target: Option<CellsRef>,
        /// Section on the other side; the root by default.
        target_section: Option<String>,
        /// Relative position on the other side.
        target_x: Option<Formula>,
        /// Which sources meet which targets.
        rule: Option<Rule>,
        /// For rule = "pairs": positions in source and target.
        pairs: Vec<[u32; 2]>,
        /// CSV file with a row for each gap junction.
        table: Option<String>,
        /// Headers of the columns source, source_section, source_x, target, target_section and target_x where
        /// they differ.
        columns: Named<String>,
        /// Only rows whose columns have these values.
        filter: Named<String>,
        /// Conductance, given to the parameter weight of both halves.
        weight_usiemens: Formula,
        /// Further parameters of both halves.
        parameters: Named<Formula>,
    }
}
