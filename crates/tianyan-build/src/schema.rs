//! The keys of a build file. configs/build.toml shows each with its default.

use tianyan_io::config::Named;
use tianyan_io::{choice, table};

use crate::values::{Cell, Number, Quantity, Ranges, Selection};

table! {
    /// A whole build file.
    Document, "build" {
        /// Version of this schema.
        schema_version: u32,
        /// Seed of every random number.
        seed: u64 = 1,
        /// Part of the network to build: counts shrink with it, lateral extents with its root.
        scale: f64 = 1.0,
        /// What simulation_config.json says.
        simulation: Option<Simulation>,
        /// Where morphologies and parameter files are.
        components: Option<Components>,
        /// Populations of nodes.
        populations: Named<PopulationEntry>,
        /// Synaptic models that are written as JSON: the parameters of each.
        synapses: Named<Named<Cell>>,
        /// Point neuron models that are written as JSON: the parameters of each.
        neurons: Named<Named<Cell>>,
        /// Which nodes are connected, and how.
        connections: Vec<ConnectionEntry>,
        /// Spike trains of virtual populations.
        inputs: Vec<InputEntry>,
        /// Named sets of nodes: the values that their columns have.
        node_sets: Named<Named<Cell>>,
        /// What is recorded.
        reports: Named<ReportEntry>,
    }
}

table! {
    /// What holds for the whole simulation.
    Simulation, "simulation" {
        /// Duration.
        duration_ms: f64 = 1000.0,
        /// Step.
        dt_ms: f64 = 0.1,
        /// Longest compartment.
        dl_um: f64 = 20.0,
        /// Voltage at which a spike is detected.
        spike_threshold_mv: f64 = -15.0,
        /// Temperature.
        temperature_celsius: f64 = 34.0,
        /// Initial voltage.
        v_init_mv: f64 = -80.0,
    }
}

table! {
    /// Files that the network needs.
    Components, "components" {
        /// Folder in which morphologies, parameters and mechanisms are found by their names, however deep.
        folder: Option<String>,
        /// Whether its mechanisms (.mod) are copied, where there are biophysical cells.
        mechanisms: bool = true,
    }
}

table! {
    /// A population: a nodes file.
    PopulationEntry, "populations" {
        /// Its types of nodes, in the order of node ids.
        types: Named<TypeEntry>,
    }
}

choice! {
    /// What a node is to a simulator.
    ModelType {
        /// A cell with a morphology.
        Biophysical = "biophysical",
        /// A point neuron.
        PointNeuron = "point_neuron",
        /// A source of known spikes.
        Virtual = "virtual",
    }
}

table! {
    /// Nodes that are alike.
    TypeEntry, "populations.types" {
        /// Number of nodes at full scale.
        count: u32,
        /// Whether the number shrinks with the scale.
        count_scales: bool = true,
        /// What they are.
        model_type: ModelType,
        /// Model template, such as "ctdb:Biophys1.hoc" or "nrn:IntFire1".
        model_template: Option<String>,
        /// How parameters are applied, such as "aibs_perisomatic".
        model_processing: Option<String>,
        /// Parameter file, or a name of [neurons].
        dynamics_params: Option<String>,
        /// Morphology file.
        morphology: Option<String>,
        /// Several cells that share the type, each with its part.
        variants: Vec<VariantEntry>,
        /// Columns of the types table.
        columns: Named<Cell>,
        /// Columns that differ from node to node.
        properties: Named<Quantity>,
        /// Where the nodes lie.
        geometry: Option<GeometryEntry>,
        /// Rotation about the x axis, rad.
        rotation_x_rad: Option<Quantity>,
        /// Rotation about the y axis, rad.
        rotation_y_rad: Option<Quantity>,
        /// Rotation about the z axis, rad.
        rotation_z_rad: Option<Quantity>,
    }
}

table! {
    /// One of several cells of a type.
    VariantEntry, "populations.types.variants" {
        /// Its part of the nodes, relative to those of the others.
        part: f64 = 1.0,
        /// Morphology file.
        morphology: Option<String>,
        /// Parameter file.
        dynamics_params: Option<String>,
        /// Columns of the types table.
        columns: Named<Cell>,
    }
}

choice! {
    /// The shape in which nodes lie.
    Shape {
        /// Upright along y.
        Cylinder = "cylinder",
        /// Along the axes.
        Box = "box",
        /// Around the centre.
        Sphere = "sphere",
        /// Regular, x running fastest, then y, then z.
        Grid = "grid",
        /// Listed in a table.
        Positions = "positions",
    }
}

table! {
    /// Where nodes lie. Uniform in the volume, for all but grids and positions.
    GeometryEntry, "geometry" {
        /// The shape.
        shape: Shape,
        /// Its centre.
        center_um: [f64; 3] = [0.0; 3],
        /// Cylinder, sphere: outer radius.
        radius_um: Option<f64>,
        /// Cylinder, sphere: inner radius.
        inner_radius_um: f64 = 0.0,
        /// Box: extent along x.
        x_um: Option<[f64; 2]>,
        /// Cylinder, box: extent along y, or several layers.
        y_um: Option<Ranges>,
        /// Box: extent along z.
        z_um: Option<[f64; 2]>,
        /// Grid: number of nodes along x, y and z.
        nodes: Option<[u32; 3]>,
        /// Grid: distance between neighbours along x, y and z.
        spacing_um: [f64; 3] = [1.0; 3],
        /// Positions: CSV file with the columns x, y and z.
        table: Option<String>,
        /// Whether lateral extents (x, z) shrink with the root of the scale.
        extent_scales: bool = true,
    }
}

choice! {
    /// Which sources meet which targets.
    Rule {
        /// Every source with every target.
        AllToAll = "all_to_all",
        /// The first source with the first target, and so on.
        OneToOne = "one_to_one",
        /// Each pair for itself, with a probability.
        Pairwise = "pairwise",
        /// A number of sources for each target.
        InDegree = "in_degree",
        /// A number of edges in all, each between any two nodes.
        Total = "total",
    }
}

choice! {
    /// How a probability falls with distance d and length l.
    Profile {
        /// exp(-d^2 / (2 l^2)).
        Gaussian = "gaussian",
        /// exp(-d / l).
        Exponential = "exponential",
        /// 1 - d / l, and 0 beyond l.
        Linear = "linear",
        /// 1, and 0 beyond l.
        Step = "step",
    }
}

choice! {
    /// Which distance counts.
    Metric {
        /// In the plane of x and z.
        Lateral = "lateral",
        /// In space.
        Space = "3d",
    }
}

table! {
    /// How a probability falls with distance.
    FalloffEntry, "connections.falloff" {
        /// The profile.
        profile: Profile,
        /// Its length.
        length_um: Number,
        /// Which distance counts.
        distance: Metric = Metric::Lateral,
        /// No edges beyond this distance.
        maximum_um: f64 = f64::INFINITY,
    }
}

table! {
    /// Like connects to like: a factor that falls linearly with the difference of two angles, with mean 1.
    TuningEntry, "connections.tuning" {
        /// The property of sources and targets that is compared, in degrees.
        property: String,
        /// Probability at the greatest difference, relative to that at none.
        ratio: Number,
        /// Angles that differ by this are the same.
        period_degrees: f64 = 180.0,
    }
}

table! {
    /// Edges from some nodes to some nodes.
    ConnectionEntry, "connections" {
        /// The nodes whose spikes are sent.
        source: Selection,
        /// The nodes that receive them.
        target: Selection,
        /// Which sources meet which targets.
        rule: Rule,
        /// Pairwise: probability of a pair, at distance 0.
        probability: Option<Number>,
        /// Pairwise, in_degree: how the probability falls with distance.
        falloff: Option<FalloffEntry>,
        /// Pairwise: how it depends on two angles.
        tuning: Option<TuningEntry>,
        /// Pairwise: a property of the target that multiplies it.
        target_factor: Option<String>,
        /// In_degree: number of sources of a target.
        degree: Option<Quantity>,
        /// Total: number of edges at full scale.
        total: Option<u64>,
        /// Whether a node may connect to itself.
        autapses: bool = false,
        /// In_degree: whether a source may be drawn more than once for a target.
        multapses: bool = false,
        /// Number of synapses of an edge.
        nsyns: Option<Quantity>,
        /// Weight, in the unit of the synapse.
        weight: Option<Quantity>,
        /// Whether weights grow as fewer sources are left at a smaller scale, so that the expected sum of a target's
        /// weights stays that of the whole network.
        conserve_input: bool = false,
        /// A weight function's name, passed through.
        weight_function: Option<String>,
        /// The weight function's width, passed through.
        weight_sigma: Option<f64>,
        /// Delay, without what distance adds.
        delay_ms: Option<Quantity>,
        /// Speed at which distance adds to the delay.
        velocity_um_per_ms: Option<f64>,
        /// No delay is shorter.
        minimum_delay_ms: f64 = 0.1,
        /// Parts of the target that carry synapses: "somatic", "axonal", "basal", "apical".
        target_sections: Vec<String>,
        /// Path length from the soma at which they lie.
        distance_range_um: Option<[f64; 2]>,
        /// Synapse model, such as "exp2syn".
        model_template: Option<String>,
        /// Its parameter file, or a name of [synapses].
        dynamics_params: Option<String>,
        /// Further columns of the types table.
        columns: Named<Cell>,
    }
}

table! {
    /// Poisson spike trains.
    InputEntry, "inputs" {
        /// The nodes that fire.
        nodes: Selection,
        /// Rate of each.
        rate_hz: Option<Quantity>,
        /// Instead: CSV file with the column time_ms and columns of rates, each holding from its row's time to the next's.
        table: Option<String>,
        /// The column of rates; {column} stands for that of the node's type.
        column: String = "rate_hz".into(),
        /// No spikes before.
        start_ms: f64 = 0.0,
        /// No spikes from then on; the end of the simulation by default.
        end_ms: Option<f64>,
    }
}

table! {
    /// What is recorded.
    ReportEntry, "reports" {
        /// The variable.
        variable: String = "v".into(),
        /// A node set, or a population.
        cells: String,
        /// "soma" or "all".
        sections: String = "soma".into(),
    }
}
