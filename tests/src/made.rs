//! A network made by arithmetic, of any size: kinds of cells with a soma and a dendrite, and synapses anywhere on them.

use std::sync::Arc;
use tianyan_model::{
    Attachment, Cell, Connections, Couplings, CurrentDerivative, Density, Detector, Gid, KindId, Location,
    MechanismSource, Morphology, Parameter, PointProcess, Population, Probe, Problems, Quantity, Recipe, Report, Rows,
    RunSettings, SELF_EVENTS, SecondOrder, Section, SectionType, Shape, Stimuli, Synapses, Values,
};
use tianyan_nmodl::{Mechanism, Options, shipped};

const MECHANISMS: [&str; 4] = ["hh", "pas", "ExpSyn", "Exp2Syn"];
const EXPSYN: usize = 2;

/// How large, and of what.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Kinds, each with a dendrite of another length.
    pub kinds: u32,
    /// Cells; behind them as many sources of known spikes.
    pub cells: u32,
    /// Compartments of a cell, at least 2.
    pub compartments: u32,
    /// Synapses onto each cell, with a connection each: every other one from a source.
    pub synapses_per_cell: u32,
    /// Whether equal synapses of a compartment become one.
    pub synapses: Synapses,
    /// Whether v is recorded in all compartments, or in the somas alone.
    pub v_everywhere: bool,
}

/// The network. Connection k onto a cell is an ExpSyn or an Exp2Syn with one of two sets of parameters.
#[derive(Debug)]
pub struct Made {
    size: Size,
    populations: Vec<Population>,
    run: RunSettings,
    mechanisms: Vec<MechanismSource>,
    reports: Vec<Report>,
}

impl Made {
    /// The network of that size, for 50 ms.
    pub fn new(size: Size) -> Made {
        let population = |name: &str, first: u32| Population {
            name: name.into(),
            first_gid: Gid(first),
            size: size.cells,
            cell_names: Vec::new(),
        };
        let source = |name: &&str| MechanismSource {
            name: name.to_string(),
            origin: format!("shipped:{name}"),
            text: shipped::source(name).map(|(_, text)| text.to_string()).unwrap_or_default(),
        };
        let report = Report {
            name: "v".into(),
            quantity: Quantity::Voltage,
            variable: "v".into(),
            unit: "mV".into(),
            rows: Rows::every(0.1),
            double: true,
        };
        Made {
            size,
            populations: vec![population("cells", 0), population("sources", size.cells)],
            run: RunSettings {
                duration_ms: 50.0,
                dt_ms: 0.025,
                temperature_celsius: 6.3,
                second_order: SecondOrder::Off,
                current_derivative: CurrentDerivative::Neuron,
                seed: 1,
                self_events: SELF_EVENTS,
                tables: false,
                rate_error: None,
                synapses: size.synapses,
                precision: Default::default(),
            },
            mechanisms: MECHANISMS.iter().map(source).collect(),
            reports: vec![report],
        }
    }

    /// Its mechanisms, compiled.
    pub fn compiled(&self) -> Vec<Arc<Mechanism>> {
        let compile = |source: &MechanismSource| {
            let compiled = tianyan_nmodl::compile(&source.origin, &source.text, &Options::default());
            Arc::new(compiled.unwrap_or_else(|errors| panic!("{}", errors[0])).0)
        };
        self.mechanisms.iter().map(compile).collect()
    }

    /// Cells and sources.
    pub fn gids(&self) -> usize {
        2 * self.size.cells as usize
    }

    fn is_source(&self, gid: Gid) -> bool {
        gid.0 >= self.size.cells
    }

    fn connect(&self, gid: Gid, out: &mut Connections) {
        for k in 0..self.size.synapses_per_cell {
            let mut random = Random(u64::from(gid.0) << 32 | u64::from(k));
            let (section, x) = if k % 5 == 0 { (0, 0.5) } else { (1, random.uniform()) };
            let set = random.below(2) as usize;
            let synapse = PointProcess {
                gid,
                location: Location { section, x },
                mechanism: EXPSYN + random.below(2) as usize,
                parameter_set: out.parameter_sets.len() - 2 + set,
            };
            out.synapse.push(out.synapses.len() as u32);
            out.synapses.push(synapse);
            out.source.push(Gid(random.below(self.size.cells) + if k % 2 == 0 { self.size.cells } else { 0 }));
            out.delay_ms.push(1.0 + 4.0 * random.uniform());
            out.weight.push(2e-3 * random.uniform());
        }
    }
}

impl Recipe for Made {
    fn populations(&self) -> &[Population] {
        &self.populations
    }

    fn run(&self) -> &RunSettings {
        &self.run
    }

    fn mechanisms(&self) -> &[MechanismSource] {
        &self.mechanisms
    }

    fn reports(&self) -> &[Report] {
        &self.reports
    }

    fn kinds(&self) -> usize {
        self.size.kinds as usize + 1
    }

    fn kind_of(&self, gids: &[Gid], kinds: &mut Vec<KindId>) {
        let kind = |gid: &Gid| if self.is_source(*gid) { self.size.kinds } else { gid.0 % self.size.kinds };
        kinds.extend(gids.iter().map(|gid| KindId(kind(gid))));
    }

    fn cell(&self, kind: KindId) -> Result<Cell, Problems> {
        if kind.0 == self.size.kinds {
            return Ok(Cell::default());
        }
        let cylinder = |length_um, diameter_um| Shape::Cylinder { length_um, diameter_um };
        let soma =
            Section { name: "soma".into(), section_type: SectionType::Soma, parent: None, shape: cylinder(20.0, 20.0) };
        let dendrite = Section {
            name: "dend".into(),
            section_type: SectionType::Dendrite,
            parent: Some(Attachment { section: 0, x: 1.0 }),
            shape: cylinder(200.0 + 10.0 * f64::from(kind.0), 2.0),
        };
        let density =
            |mechanism: &str, section, parameters| Density { mechanism: mechanism.into(), section, parameters };
        let rest = Parameter { name: "e".into(), values: Values::Uniform(-65.0) };
        Ok(Cell {
            morphology: Morphology { sections: vec![soma, dendrite] },
            compartments: vec![1, self.size.compartments - 1],
            cm_uf_per_cm2: vec![Values::Uniform(1.0); 2],
            ra_ohm_cm: vec![100.0; 2],
            v_init_mv: vec![-65.0; 2],
            densities: vec![density("hh", 0, Vec::new()), density("pas", 1, vec![rest])],
            ions: Vec::new(),
            detector: Some(Detector { location: Location { section: 0, x: 0.5 }, threshold_mv: 0.0 }),
        })
    }

    fn source_spikes_on(&self, gids: &[Gid], out: &mut Vec<(Gid, Vec<f64>)>) -> Result<(), Problems> {
        for &gid in gids.iter().filter(|gid| self.is_source(**gid)) {
            let first = 20.0 * Random(u64::from(gid.0)).uniform();
            out.push((gid, vec![first, first + 3.0, first + 11.7]));
        }
        Ok(())
    }

    fn connections_on(&self, gids: &[Gid], out: &mut Connections) -> Result<(), Problems> {
        let tau = |name: &str, value| Parameter { name: name.into(), values: Values::Uniform(value) };
        let reversal = |value| vec![tau("e", value)];
        out.parameter_sets.extend([reversal(0.0), reversal(-80.0)]);
        gids.iter().filter(|gid| !self.is_source(**gid)).for_each(|gid| self.connect(*gid, out));
        Ok(())
    }

    fn couplings_on(&self, _: &[Gid], _: &mut Couplings) -> Result<(), Problems> {
        Ok(())
    }

    fn stimuli_on(&self, _: &[Gid], _: &mut Stimuli) -> Result<(), Problems> {
        Ok(())
    }

    fn probes_on(&self, gids: &[Gid], out: &mut Vec<Probe>) -> Result<(), Problems> {
        let dendrite = self.size.compartments - 1;
        for &gid in gids.iter().filter(|gid| !self.is_source(**gid)) {
            let probe = |section, x| Probe {
                report: 0,
                gid,
                location: Location { section, x },
                instance: 0,
                element_id: section as u32,
            };
            out.push(probe(0, 0.5));
            if self.size.v_everywhere {
                out.extend((0..dendrite).map(|i| probe(1, (f64::from(i) + 0.5) / f64::from(dendrite))));
            }
        }
        Ok(())
    }
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.next() % u64::from(end)) as u32
    }
}
