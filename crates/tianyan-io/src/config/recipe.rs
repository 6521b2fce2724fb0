//! What a config means: the recipe.

use std::sync::Arc;

use tianyan_model::random::Philox;
use tianyan_model::{
    Cell, Connections, Couplings, Gid, KindId, MechanismSource, Peer, Place, PointProcess, Population, Probe, Problem,
    Problems, Quantity, Recipe, Report, RunSettings, Stimuli,
};

use super::Config;
use super::connect::Connection;
use super::couple::{self, Coupling};
use super::joins::Sets;
use super::mechanisms::{Library, Mechanisms, Shipped};
use super::nearest::did_you_mean;
use super::populations::Kind;
use super::probes::{self, ProbeSet};
use super::ring::Columns;
use super::schema::ProbeEntry;
use super::select::Directory;
use super::stimuli::{self, Stimulus};
use super::streams::PARAMETER_STREAM;
use super::tables::finite;
use super::template;
use super::world::{World, mentions, world};

/// Points of FUNCTION_TABLEs, by mechanism and function.
type FunctionTables = Vec<((String, String), Vec<(f64, f64)>)>;

/// A network described by a TOML config.
#[derive(Debug)]
pub struct TomlRecipe {
    config: Config,
    world: World,
    run: RunSettings,
    mechanisms: Mechanisms,
    connections: Vec<Connection>,
    couplings: Vec<Coupling>,
    stimuli: Vec<Stimulus>,
    probes: Vec<ProbeSet>,
    reports: Vec<Report>,
    /// Points of FUNCTION_TABLEs, by mechanism and function.
    function_tables: FunctionTables,
}

impl TomlRecipe {
    /// See [`super::recipe`].
    pub(crate) fn new(config: &Config, shipped: Shipped) -> Result<TomlRecipe, Problems> {
        let mut problems = Problems::default();
        let document = &config.document;
        let library = Library::read(document.mechanisms.as_ref(), &config.base_dir, shipped, &mut problems);
        let world = world(config, &mut problems)?;
        let mechanisms = Mechanisms::new(&mentions(config, &world), &library, &mut problems);
        let mut recipe = TomlRecipe {
            run: config.run(),
            config: config.clone(),
            world,
            mechanisms,
            connections: Vec::new(),
            couplings: Vec::new(),
            stimuli: Vec::new(),
            probes: Vec::new(),
            reports: Vec::new(),
            function_tables: function_tables(config, &mut problems),
        };
        recipe.join(&mut problems);
        if problems.0.is_empty() {
            recipe.check(&mut problems);
        }
        problems.or(recipe)
    }

    /// The config it was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    fn join(&mut self, problems: &mut Problems) {
        let config = self.config.clone();
        let document = &config.document;
        let world = &self.world;
        let directory = Directory::new(world.populations());
        for index in 0..document.connections.len() {
            self.connections.extend(problems.take(Connection::new(&config, &directory, &self.mechanisms, index)));
        }
        for entry in &document.graded_synapses {
            self.couplings.extend(problems.take(couple::graded(&config, &directory, &self.mechanisms, entry)));
        }
        for entry in &document.gap_junctions {
            let halves = problems.take(couple::gap_junction(&config, &directory, &self.mechanisms, entry));
            self.couplings.extend(halves.into_iter().flatten());
        }
        for index in 0..document.stimuli.len() {
            let stimulus = Stimulus::new(&config, &directory, world.populations(), index);
            self.stimuli.extend(problems.take(stimulus));
        }
        probes::check_names(&document.probes, problems);
        let mut probes = Vec::new();
        for entry in &document.probes {
            let synapse = |gid: Gid, name: &str| self.synapse_rank(gid, name);
            probes.extend(problems.take(ProbeSet::new(&config, &directory, &self.mechanisms, entry, &synapse)));
        }
        self.probes = probes;
        self.reports = self.probes.iter().map(|set| set.report.clone()).collect();
    }

    /// Mechanism of a named synapse, and its rank among the cell's point processes of that mechanism.
    fn synapse_rank(&self, gid: Gid, name: &str) -> Result<(String, u32), Problems> {
        let synapses = self.world.template(&self.config, gid).map(|template| &template.synapses);
        let found = synapses.and_then(|synapses| Some((synapses, synapses.get(name)?)));
        let Some((synapses, entry)) = found else {
            let names = synapses.into_iter().flat_map(|synapses| synapses.names());
            let message = format!("a cell carries no synapse `{name}`");
            return Err(Problem::new("synapse-unknown", message).help(did_you_mean(name, names)).into());
        };
        let before = synapses.iter().take_while(|(other, _)| *other != name);
        Ok((entry.mechanism.clone(), before.filter(|(_, other)| other.mechanism == entry.mechanism).count() as u32))
    }

    /// Everything that can only be checked with the cells at hand.
    fn check(&self, problems: &mut Problems) {
        if let World::Described(described) = &self.world {
            for kind in 0..described.kinds.len() {
                problems.take(self.cell(KindId(kind as u32)));
            }
        }
        if !problems.0.is_empty() {
            return;
        }
        if let World::Ring(ring) = &self.world {
            problems.0.extend(ring.check(self.run.dt_ms));
        }
        self.check_synapses(problems);
        for connection in &self.connections {
            connection.check(&self.config, &self.world, problems);
        }
        for coupling in &self.couplings {
            coupling.check(&self.config, &self.world, problems);
        }
        self.check_places(problems);
    }

    fn check_synapses(&self, problems: &mut Problems) {
        let World::Described(described) = &self.world else { return };
        for (index, kind) in described.kinds.iter().enumerate() {
            let Kind::Body { template, .. } = kind else { continue };
            let Some(entry) = self.config.document.cells.get(template) else { continue };
            if let Some(artificial) = &entry.artificial {
                let index = self.mechanisms.index(&artificial.mechanism);
                if index.is_some_and(|index| !self.mechanisms.artificial[index]) {
                    let message = format!("`{}` is no ARTIFICIAL_CELL", artificial.mechanism);
                    let problem = artificial.spot.problem("mechanism", "mechanism-kind", message);
                    problems.push(problem.help("a cell with a membrane has sections, paint and synapses instead"));
                }
            }
            let Ok(cell) = described.cell(&self.config, KindId(index as u32)) else { continue };
            for (_, synapse) in entry.synapses.iter() {
                let section = synapse.section.as_deref();
                problems.take(template::location(&cell.morphology, section, synapse.x, &synapse.spot));
                for (_, formula) in synapse.parameters.iter().filter(|(_, f)| !f.expression.variables().is_empty()) {
                    let message = "a formula here may draw numbers, but has no variables";
                    problems.push(Problem::new("config-formula", message).at(formula.spot.place()));
                }
            }
        }
    }

    /// Places of stimuli and probes, on one cell of each kind.
    fn check_places(&self, problems: &mut Problems) {
        for stimulus in &self.stimuli {
            let gids = stimulus.cells.iter().map(|(gid, _)| *gid);
            for gid in self.one_of_each_kind(gids) {
                problems.take(self.stimulus_location(stimulus, gid));
            }
        }
        for (set, entry) in self.probes.iter().zip(&self.config.document.probes) {
            self.check_probe(set, entry, problems);
        }
    }

    fn check_probe(&self, set: &ProbeSet, entry: &ProbeEntry, problems: &mut Problems) {
        let before = problems.0.len();
        let mut places = 0;
        for gid in self.one_of_each_kind(set.gids.iter().copied()) {
            if self.world.is_source(gid) {
                let message = "source cells have no variables to record";
                problems.push(entry.spot.problem("cells", "probe-variable", message));
                continue;
            }
            let Some(cell) = problems.take(self.world.cell_of(&self.config, gid)) else { continue };
            places += problems.take(set.places(entry, &cell, &self.mechanisms)).unwrap_or_default().len();
        }
        if places == 0 && problems.0.len() == before {
            let message = format!("none of these places carries `{}`", entry.variable);
            problems.push(entry.spot.problem("variable", "probe-variable", message));
        }
    }

    fn one_of_each_kind(&self, gids: impl Iterator<Item = Gid>) -> Vec<Gid> {
        let mut seen = std::collections::HashSet::new();
        let most = if matches!(self.world, World::Ring(_)) { 64 } else { usize::MAX };
        gids.filter(|gid| seen.insert(self.world.kind_of(*gid))).take(most).collect()
    }

    fn stimulus_location(&self, stimulus: &Stimulus, gid: Gid) -> Result<tianyan_model::Location, Problems> {
        let entry = &self.config.document.stimuli[stimulus.entry];
        if self.world.is_source(gid) {
            return Err(entry.spot.problem("cells", "config-value", "a source cell takes no stimulus").into());
        }
        let cell = self.world.cell_of(&self.config, gid)?;
        template::location(&cell.morphology, entry.section.as_deref(), entry.x, &entry.spot)
    }

    /// Appends the named synapses of a cell; returns the index of the first.
    fn named_synapses(&self, gid: Gid, sets: &mut Sets, out: &mut Columns) -> Result<u32, Problems> {
        let first = out.synapses.len() as u32;
        let Some(template) = self.world.template(&self.config, gid) else { return Ok(first) };
        if template.synapses.0.is_empty() {
            return Ok(first);
        }
        let cell = self.world.cell_of(&self.config, gid)?;
        let mut random = Philox::new(self.run.seed, PARAMETER_STREAM, u64::from(gid.0));
        for (_, synapse) in template.synapses.iter() {
            let section = synapse.section.as_deref();
            let location = template::location(&cell.morphology, section, synapse.x, &synapse.spot)?;
            let mechanism = self.mechanisms.index(&synapse.mechanism).unwrap_or_default();
            let mut values = Vec::with_capacity(synapse.parameters.0.len());
            for (name, formula) in synapse.parameters.iter() {
                values.push((name.to_string(), finite(formula.expression.draw(&mut random), formula)?));
            }
            let parameter_set = sets.of(values.into_iter());
            out.synapse(PointProcess { gid, location, mechanism, parameter_set });
        }
        Ok(first)
    }
}

/// The points of all FUNCTION_TABLEs.
fn function_tables(config: &Config, problems: &mut Problems) -> FunctionTables {
    let mut tables = Vec::new();
    for entry in config.document.mechanisms.iter().flat_map(|mechanisms| &mechanisms.tables) {
        let (arguments, values) = (&entry.arguments, &entry.values);
        if arguments.len() != values.len() || arguments.is_empty() {
            let message = format!("{} arguments and {} values", arguments.len(), values.len());
            problems.push(entry.spot.problem("values", "config-value", message).help("give one value an argument"));
        }
        if !arguments.is_sorted_by(|a, b| a < b) {
            problems.push(entry.spot.problem("arguments", "config-value", "arguments must ascend"));
        }
        let points = arguments.iter().copied().zip(values.iter().copied()).collect();
        tables.push(((entry.mechanism.clone(), entry.function.clone()), points));
    }
    tables
}

impl Recipe for TomlRecipe {
    fn place_of(&self, mechanism: &str, parameter: Option<&str>) -> Option<Place> {
        self.mechanisms.place(mechanism, parameter).cloned()
    }

    fn populations(&self) -> &[Population] {
        self.world.populations()
    }

    fn run(&self) -> &RunSettings {
        &self.run
    }

    fn mechanisms(&self) -> &[MechanismSource] {
        &self.mechanisms.list
    }

    fn function_table(&self, mechanism: &str, function: &str) -> Option<&[(f64, f64)]> {
        let found = self.function_tables.iter().find(|(key, _)| key.0 == mechanism && key.1 == function);
        found.map(|(_, points)| points.as_slice())
    }

    fn reports(&self) -> &[Report] {
        &self.reports
    }

    fn kinds(&self) -> usize {
        match &self.world {
            World::Described(described) => described.kinds.len(),
            World::Ring(ring) => ring.kinds(),
        }
    }

    fn kind_of(&self, gids: &[Gid], kinds: &mut Vec<KindId>) {
        kinds.extend(gids.iter().map(|gid| self.world.kind_of(*gid)));
    }

    fn cell(&self, kind: KindId) -> Result<Cell, Problems> {
        self.world.cell(&self.config, kind).map(Arc::unwrap_or_clone)
    }

    fn source_spikes_on(&self, gids: &[Gid], out: &mut Vec<(Gid, Vec<f64>)>) -> Result<(), Problems> {
        match &self.world {
            World::Described(described) => {
                out.extend(gids.iter().filter_map(|gid| Some((*gid, described.trains.get(gid)?.clone()))));
            }
            World::Ring(ring) => {
                out.extend(gids.iter().filter(|gid| ring.is_source(**gid)).map(|gid| (*gid, ring.spikes())));
            }
        }
        Ok(())
    }

    fn connections_on(&self, gids: &[Gid], out: &mut Connections) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let (mut sets, mut columns) = Columns::split(out);
        for &gid in gids {
            if let World::Ring(ring) = &self.world {
                let synapse = self.mechanisms.index("ExpSyn").unwrap_or_default();
                ring.connect(gid, synapse, &mut sets, &mut columns);
                continue;
            }
            let named = problems.take(self.named_synapses(gid, &mut sets, &mut columns)).unwrap_or_default();
            for connection in &self.connections {
                let added = connection.on(&self.config, &self.world, gid, named, (&mut sets, &mut columns));
                problems.take(added);
            }
        }
        problems.or(())
    }

    fn couplings_on(&self, gids: &[Gid], out: &mut Couplings) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let Couplings { instances, parameter_sets, peers } = out;
        let mut sets = Sets::new(parameter_sets);
        for &gid in gids {
            for coupling in &self.couplings {
                problems.take(coupling.on(&self.config, &self.world, gid, |here, there, parameters, row| {
                    let parameter_set = sets.of_row(parameters, row);
                    let location = here.1;
                    instances.push(PointProcess { gid, location, mechanism: coupling.mechanism, parameter_set });
                    peers.push(Peer {
                        instance: instances.len() as u32 - 1,
                        pointer: coupling.pointer.clone(),
                        gid: there.0,
                        location: there.1,
                        quantity: Quantity::Voltage,
                    });
                }));
            }
        }
        problems.or(())
    }

    fn stimuli_on(&self, gids: &[Gid], out: &mut Stimuli) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let Stimuli { instances, parameter_sets, driven, random } = out;
        let mut sets = Sets::new(parameter_sets);
        for &gid in gids {
            random.extend(self.stimuli.iter().filter_map(|stimulus| stimulus.random(&self.config, gid)));
            for stimulus in &self.stimuli {
                let more = stimulus.on(gid, instances.len() as u32);
                if more.is_empty() {
                    continue;
                }
                let Some(location) = problems.take(self.stimulus_location(stimulus, gid)) else { continue };
                let entry = &self.config.document.stimuli[stimulus.entry];
                let mechanism = stimuli::mechanism(entry.kind).and_then(|name| self.mechanisms.index(name));
                let mechanism = mechanism.unwrap_or_default();
                let parameter_set = sets.of(stimuli::parameters(entry).into_iter());
                instances.push(PointProcess { gid, location, mechanism, parameter_set });
                driven.extend(more);
            }
        }
        problems.or(())
    }

    fn probes_on(&self, gids: &[Gid], out: &mut Vec<Probe>) -> Result<(), Problems> {
        let mut problems = Problems::default();
        for (report, (set, entry)) in self.probes.iter().zip(&self.config.document.probes).enumerate() {
            for &gid in gids.iter().filter(|gid| set.gids.binary_search(gid).is_ok()) {
                let Some(cell) = problems.take(self.world.cell_of(&self.config, gid)) else { continue };
                let places = problems.take(set.places(entry, &cell, &self.mechanisms)).unwrap_or_default();
                out.extend(places.into_iter().map(|location| {
                    let element_id = location.section as u32;
                    Probe { report, gid, location, instance: set.instance(gid), element_id }
                }));
            }
        }
        problems.or(())
    }
}
