//! Rings of branched cells: a network that any simulator can build from a seed, made for measuring speed.
//!
//! Each cell is a soma and a random binary tree of dendrites, with hh at the soma, everywhere, or a dozen mechanisms.
//! Cell k of a ring excites cell k+1 through an ExpSyn on its soma; further connections of weight 0 make traffic. One
//! spike at 1 ms into the first cell of each ring sets it off. Every cell is found from its gid alone, with the draws
//! of Python's `random`.

use tianyan_model::random::PythonRandom;
use tianyan_model::{
    Attachment, Cell, Connections, Density, Detector, Gid, IonSetting, Location, Morphology, Parameter, PointProcess,
    Population, Problem, Problems, Section, SectionType, Shape, Values,
};

use super::joins::Sets;
use super::mechanisms::Mention;
use super::schema::{Dendrites, GeneratorEntry};

const SOMA_UM: f64 = 12.6157;
const RA_OHM_CM: f64 = 100.0;
const CM_UF_PER_CM2: f64 = 1.0;
const HH: [(&str, f64); 4] = [("gnabar", 0.12), ("gkbar", 0.036), ("gl", 0.0003), ("el", -54.3)];
const PAS: [(&str, f64); 2] = [("g", 0.001), ("e", -65.0)];
const REVERSALS: [(&str, f64); 2] = [("ena", 50.0), ("ek", -77.0)];
/// S/cm2 at the soma and in dendrites.
const RICH: [(&str, f64, f64); 10] = [
    ("NaTs", 0.5, 0.02),
    ("Nap", 1e-3, 1e-4),
    ("Kv3_1", 0.3, 0.01),
    ("K_T", 0.01, 0.002),
    ("K_P", 0.02, 0.002),
    ("Im", 1e-3, 1e-4),
    ("Ih", 2e-4, 6e-4),
    ("Ca_HVA", 3e-4, 5e-5),
    ("Ca_LVA", 3e-3, 2e-4),
    ("SK", 0.01, 1e-3),
];
const RICH_PAS: [(&str, f64); 2] = [("g", 5e-5), ("e", -80.0)];
const RICH_POOL: [(&str, f64); 2] = [("gamma", 5e-3), ("decay", 200.0)];
const RICH_REVERSALS: [(&str, f64); 2] = [("ena", 53.0), ("ek", -107.0)];
const SYNAPSE: [(&str, f64); 2] = [("tau", 2.0), ("e", 0.0)];
const WEIGHT_USIEMENS: f64 = 0.04;
const DELAY_MS: f64 = 5.0;
const THRESHOLD_MV: f64 = 10.0;
const KICK_MS: f64 = 1.0;
const KICK_DELAY_MS: f64 = 1.0;
const SOMA: Location = Location { section: 0, x: 0.5 };

/// A network of rings.
#[derive(Debug)]
pub(crate) struct Ring {
    entry: GeneratorEntry,
    populations: Vec<Population>,
    v_init_mv: f64,
}

/// A branch of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    /// The branch it springs from; none at the soma.
    pub parent: Option<usize>,
    pub length_um: f64,
    pub diameter_um: f64,
}

impl Ring {
    /// Checks the entry and names the populations: `cells`, then one source a ring in `kick`.
    pub fn new(entry: &GeneratorEntry, v_init_mv: f64) -> Result<Ring, Problems> {
        let mut problems = Problems::default();
        let mut check = |key: &str, good: bool, message: &str| {
            if !good {
                problems.push(entry.spot.problem(key, "config-value", message));
            }
        };
        for key in ["scale", "in_degree_scale"] {
            let written = entry.spot.keys.iter().any(|(known, _)| known == key);
            check(key, !written, &format!("`{key}` belongs to kind = \"microcircuit\""));
        }
        let cells = u64::from(entry.rings) * u64::from(entry.cells_per_ring);
        check("rings", cells + u64::from(entry.rings) <= u64::from(u32::MAX), "there are too many cells");
        check("seed", entry.seed < 1 << 40, "the seed of a ring must be below 2^40");
        check("cells_per_ring", entry.cells_per_ring >= 1, "a ring needs at least one cell");
        for (key, [least, most]) in [("branches", entry.branches), ("compartments", entry.compartments)] {
            check(key, 1 <= least && least <= most && most < 1 << 24, "expected [fewest, most], at least 1");
        }
        let population = |name: &str, first: u64, size: u64| Population {
            name: name.into(),
            first_gid: Gid(first as u32),
            size: size as u32,
            cell_names: Vec::new(),
        };
        let populations = vec![population("cells", 0, cells), population("kick", cells, u64::from(entry.rings))];
        problems.or(Ring { entry: entry.clone(), populations, v_init_mv })
    }

    /// The mechanisms of the network.
    pub fn mentions(&self) -> Vec<Mention> {
        let place = self.entry.spot.at("dendrites");
        let mention =
            |name: &str, density| Mention { name: name.into(), density, place: place.clone(), parameters: Vec::new() };
        let densities: Vec<&str> = match self.entry.dendrites {
            Dendrites::Passive => vec!["hh", "pas"],
            Dendrites::Active => vec!["hh"],
            Dendrites::Rich => ["pas"].into_iter().chain(RICH.map(|channel| channel.0)).chain(["CaDynamics"]).collect(),
        };
        densities.into_iter().map(|name| mention(name, true)).chain([mention("ExpSyn", false)]).collect()
    }

    pub fn populations(&self) -> &[Population] {
        &self.populations
    }

    fn cells(&self) -> u32 {
        self.populations[0].size
    }

    /// True for the sources that kick the rings.
    pub fn is_source(&self, gid: Gid) -> bool {
        gid.0 >= self.cells()
    }

    /// When a source spikes.
    pub fn spikes(&self) -> Vec<f64> {
        vec![KICK_MS]
    }

    /// Every cell is a kind of its own; the last kind is that of the sources.
    pub fn kinds(&self) -> usize {
        self.cells() as usize + 1
    }

    /// The branches of a cell and the number of compartments of each.
    pub fn branches(&self, gid: u32) -> (Vec<Branch>, u32) {
        let mut random = PythonRandom::new(self.entry.seed * 1_000_003 + u64::from(gid));
        let [fewest, most] = self.entry.branches;
        let count = (random.between(fewest, most) | 1) as usize + 1;
        let (mut parents, mut leaves) = (vec![None, None], vec![0, 1]);
        while parents.len() < count {
            let leaf = leaves.remove(random.below(leaves.len() as u32) as usize);
            leaves.extend([parents.len(), parents.len() + 1]);
            parents.extend([Some(leaf); 2]);
        }
        let lengths: Vec<f64> = parents.iter().map(|_| random.uniform(50.0, 150.0)).collect();
        let diameters: Vec<f64> = parents.iter().map(|_| random.uniform(0.5, 2.0)).collect();
        let measured = parents.into_iter().zip(lengths).zip(diameters);
        let branch = |((parent, length_um), diameter_um)| Branch { parent, length_um, diameter_um };
        let [fewest, most] = self.entry.compartments;
        (measured.map(branch).collect(), random.between(fewest, most))
    }

    /// Source, weight and delay of each connection of a cell; the first is that of its ring.
    pub fn inputs(&self, gid: u32) -> Vec<(Gid, f64, f64)> {
        let in_ring = self.entry.cells_per_ring;
        let (ring, k) = (gid / in_ring, gid % in_ring);
        let seed = self.entry.seed * 7919 + 31 * u64::from(gid) + 5;
        let mut random = PythonRandom::new(seed);
        let previous = ring * in_ring + (k + in_ring - 1) % in_ring;
        let mut inputs = vec![(Gid(previous), WEIGHT_USIEMENS, DELAY_MS)];
        for _ in 0..self.entry.fan_in {
            let source = Gid(random.below(self.cells()));
            inputs.push((source, 0.0, random.uniform(DELAY_MS, 2.0 * DELAY_MS)));
        }
        inputs
    }

    /// The cell of a kind.
    pub fn cell(&self, kind: u32) -> Cell {
        if kind >= self.cells() {
            return Cell::default();
        }
        let (branches, compartments) = self.branches(kind);
        let count = branches.len() + 1;
        let mut cell = Cell {
            morphology: morphology(&branches),
            compartments: std::iter::once(1).chain(branches.iter().map(|_| compartments)).collect(),
            cm_uf_per_cm2: vec![Values::Uniform(CM_UF_PER_CM2); count],
            ra_ohm_cm: vec![RA_OHM_CM; count],
            v_init_mv: vec![self.v_init_mv; count],
            detector: Some(Detector { location: SOMA, threshold_mv: THRESHOLD_MV }),
            ..Cell::default()
        };
        for section in 0..count {
            self.paint(&mut cell, section);
        }
        cell
    }

    /// Gives a section its membrane; section 0 is the soma.
    fn paint(&self, cell: &mut Cell, section: usize) {
        let ion = |(variable, value): (&str, f64)| IonSetting { variable: variable.into(), section, value };
        match self.entry.dendrites {
            Dendrites::Rich => {
                cell.densities.push(density("pas", section, &RICH_PAS));
                let channel = |(name, soma, dendrite): (&str, f64, f64)| {
                    density(name, section, &[("gbar", if section == 0 { soma } else { dendrite })])
                };
                cell.densities.extend(RICH.map(channel));
                cell.densities.push(density("CaDynamics", section, &RICH_POOL));
                cell.ions.extend(RICH_REVERSALS.map(ion));
            }
            Dendrites::Passive if section > 0 => cell.densities.push(density("pas", section, &PAS)),
            Dendrites::Passive | Dendrites::Active => {
                cell.densities.push(density("hh", section, &HH));
                cell.ions.extend(REVERSALS.map(ion));
            }
        }
    }

    /// Appends the synapse and the connections of a cell.
    pub fn connect(&self, gid: Gid, mechanism: usize, sets: &mut Sets, out: &mut Columns) {
        if self.is_source(gid) {
            return;
        }
        let parameter_set = sets.of(SYNAPSE.iter().map(|(name, value)| (name.to_string(), *value)));
        let synapse = out.synapse(PointProcess { gid, location: SOMA, mechanism, parameter_set });
        for (source, weight, delay_ms) in self.inputs(gid.0) {
            out.connection(source, synapse, weight, delay_ms);
        }
        if gid.0.is_multiple_of(self.entry.cells_per_ring) {
            let kick = Gid(self.cells() + gid.0 / self.entry.cells_per_ring);
            out.connection(kick, synapse, WEIGHT_USIEMENS, KICK_DELAY_MS);
        }
    }

    /// Problems of the run that only this network has.
    pub fn check(&self, dt_ms: f64) -> Option<Problem> {
        let message = format!("the delays of the rings ({DELAY_MS} ms) are shorter than dt_ms = {dt_ms}");
        (dt_ms > DELAY_MS).then(|| self.entry.spot.problem("kind", "delay-short", message))
    }
}

/// The columns of [`Connections`] beside its parameter sets.
pub(crate) struct Columns<'a> {
    pub synapses: &'a mut Vec<PointProcess>,
    pub source: &'a mut Vec<Gid>,
    pub synapse: &'a mut Vec<u32>,
    pub delay_ms: &'a mut Vec<f64>,
    pub weight: &'a mut Vec<f64>,
}

impl<'a> Columns<'a> {
    /// Splits a buffer into its parameter sets and the other columns.
    pub fn split(out: &'a mut Connections) -> (Sets<'a>, Columns<'a>) {
        let Connections { synapses, parameter_sets, source, synapse, delay_ms, weight } = out;
        (Sets::new(parameter_sets), Columns { synapses, source, synapse, delay_ms, weight })
    }

    /// Adds a synapse.
    pub fn synapse(&mut self, synapse: PointProcess) -> u32 {
        self.synapses.push(synapse);
        self.synapses.len() as u32 - 1
    }

    /// Adds a connection.
    pub fn connection(&mut self, source: Gid, synapse: u32, weight: f64, delay_ms: f64) {
        self.source.push(source);
        self.synapse.push(synapse);
        self.weight.push(weight);
        self.delay_ms.push(delay_ms);
    }
}

fn morphology(branches: &[Branch]) -> Morphology {
    let soma = Section {
        name: "soma".into(),
        section_type: SectionType::Soma,
        parent: None,
        shape: Shape::Cylinder { length_um: SOMA_UM, diameter_um: SOMA_UM },
    };
    let section = |(i, branch): (usize, &Branch)| Section {
        name: format!("dend[{i}]"),
        section_type: SectionType::Dendrite,
        parent: Some(Attachment { section: branch.parent.map_or(0, |parent| parent + 1), x: 1.0 }),
        shape: Shape::Cylinder { length_um: branch.length_um, diameter_um: branch.diameter_um },
    };
    let dendrites = branches.iter().enumerate().map(section);
    Morphology { sections: std::iter::once(soma).chain(dendrites).collect() }
}

fn density(mechanism: &str, section: usize, parameters: &[(&str, f64)]) -> Density {
    let parameter = |(name, value): &(&str, f64)| Parameter { name: name.to_string(), values: Values::Uniform(*value) };
    Density { mechanism: mechanism.into(), section, parameters: parameters.iter().map(parameter).collect() }
}
