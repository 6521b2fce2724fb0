//! A network, read and checked: nodes, kinds, edges and how they are linked.

use std::collections::{BTreeMap, HashMap};

use tianyan_model::{Gid, Place, Population, Problem, Problems};

use crate::cell::Conditions;
use crate::config::{Files, Finder, SimulationConfig};
use crate::edges::EdgePopulation;
use crate::gaps::{Gap, Gaps, Where};
use crate::inputs::{Activity, Replay, SpikeInput};
use crate::kinds::{Components, Kind, Models, add_once};
use crate::links::{From, Link};
use crate::mechanisms::{Library, Mechanisms, Shipped};
use crate::node_sets::NodeSets;
use crate::nodes::NodePopulation;
use crate::placement::Aim;
use crate::plan::{Placing, Plan, PlanKey, Planner};
use crate::table::Types;
use crate::trains::{self, Trains};

/// Everything that connections are made of.
#[derive(Debug)]
pub(crate) struct Network {
    /// Nodes by population; then players of replays and the like, which are no nodes of the files.
    pub populations: Vec<Population>,
    pub nodes: Vec<NodePopulation>,
    /// By gid of the nodes.
    kind_of: Vec<u32>,
    pub kinds: Vec<Kind>,
    pub edges: Vec<EdgePopulation>,
    pub links: Vec<Link>,
    /// By population of edges.
    pub plans: Vec<HashMap<PlanKey, Plan>>,
    pub mechanisms: Mechanisms,
    /// Known spikes by gid.
    pub trains: HashMap<Gid, Vec<f64>>,
    pub gaps: Gaps,
    /// Synapses that fire by themselves, and the gid of who fires them.
    pub activity: Option<(Activity, Gid)>,
}

/// Reads and checks everything that `config` names.
pub(crate) fn read(config: &SimulationConfig, shipped: Shipped, warnings: &mut Problems) -> Result<Network, Problems> {
    let mut problems = Problems::default();
    let finder = Finder::new(&config.file);
    let components = Components { entry: &config.components, finder: &finder };
    let folders = components.folders("mechanisms_dir", &mut problems);
    let library = Library::read(folders, shipped, warnings);
    let mut nodes = Vec::new();
    let mut next_gid = 0;
    for files in &config.nodes {
        nodes.extend(NodePopulation::read(files, &mut next_gid, &mut problems));
    }
    check_names(&nodes, &mut problems);
    problems.or(())?;
    let mut problems = Problems::default();
    let models = Models::new(&nodes, &components, &mut problems);
    let conditions = Conditions {
        max_compartment_um: config.run.max_compartment_um,
        v_init_mv: config.run.v_init_mv,
        spike_threshold_mv: config.run.spike_threshold_mv,
    };
    let kinds = problems.take(models.build(&conditions, &library, warnings)).unwrap_or_default();
    problems.or(())?;
    let mut reader = Reader {
        config,
        finder: &finder,
        warnings,
        problems: Problems::default(),
        network: Network {
            populations: nodes.iter().map(population).collect(),
            kind_of: models.of.concat(),
            nodes,
            kinds,
            edges: Vec::new(),
            links: Vec::new(),
            plans: Vec::new(),
            mechanisms: Mechanisms::default(),
            trains: HashMap::new(),
            gaps: Gaps::default(),
            activity: None,
        },
    };
    reader.densities(&models, &library);
    for files in &config.edges {
        reader.edges(files);
    }
    reader.problems = reader.problems.or(()).err().map_or_else(|| Ok(Problems::default()), Err)?;
    reader.link();
    reader.plans(&Planner { components: &components, library: &library });
    reader.problems = reader.problems.or(()).err().map_or_else(|| Ok(Problems::default()), Err)?;
    reader.gaps()?;
    reader.tell_shipped();
    reader.problems.or(reader.network)
}

fn population(nodes: &NodePopulation) -> Population {
    Population { name: nodes.name.clone(), first_gid: Gid(nodes.first_gid), size: nodes.size, cell_names: Vec::new() }
}

fn check_names(nodes: &[NodePopulation], problems: &mut Problems) {
    for (i, population) in nodes.iter().enumerate() {
        if nodes[..i].iter().any(|other| other.name == population.name) {
            let message = format!("two files hold a population `{}`", population.name);
            problems.push(Problem::new("sonata-population", message).at(population.place_in_file("")));
        }
    }
}

impl Network {
    /// The kind of a gid; players of spikes are sources.
    pub fn kind(&self, gid: Gid) -> &Kind {
        &self.kinds[self.kind_number(gid) as usize]
    }

    /// Its number; 0 is that of sources.
    pub fn kind_number(&self, gid: Gid) -> u32 {
        self.kind_of.get(gid.0 as usize).copied().unwrap_or(0)
    }

    /// The population (of the files) and the node id of a gid.
    pub fn node(&self, gid: Gid) -> Option<(usize, u32)> {
        let index = self.nodes.partition_point(|population| population.first_gid <= gid.0).checked_sub(1)?;
        // Empty populations begin where the next one does.
        let index = (0..=index).rev().find(|i| gid.0 - self.nodes[*i].first_gid < self.nodes[*i].size)?;
        Some((index, gid.0 - self.nodes[index].first_gid))
    }

    fn is_virtual(&self, population: &NodePopulation, node_id: u32) -> bool {
        matches!(self.kind(Gid(population.first_gid + node_id)), Kind::Source)
    }
}

struct Reader<'a> {
    config: &'a SimulationConfig,
    finder: &'a Finder,
    warnings: &'a mut Problems,
    problems: Problems,
    network: Network,
}

/// Which sources and targets the edges of a plan have.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    bodies: bool,
}

impl Reader<'_> {
    /// Density mechanisms first, in the order of the kinds; then artificial cells.
    fn densities(&mut self, models: &Models, library: &Library) {
        for (model, kind) in models.list.iter().zip(&self.network.kinds) {
            let place = match model {
                crate::kinds::Model::Biophysical(build) => {
                    let file = build.parameters.as_ref().map(|path| path.display().to_string());
                    Place { file, key: Some(build.place.clone()), ..Place::default() }
                }
                crate::kinds::Model::Artificial { place, .. } => Place::default().key(place.clone()),
                crate::kinds::Model::Source => continue,
            };
            match kind {
                Kind::Body(body) => {
                    for density in &body.cell.densities {
                        let parameters = density.parameters.iter();
                        parameters.for_each(|p| self.network.mechanisms.note(&density.mechanism, &p.name, &place));
                    }
                    let names: Vec<&str> = body.densities().collect();
                    for name in names {
                        self.network.mechanisms.add(name, &place, library, &mut self.problems);
                    }
                }
                Kind::Artificial { mechanism, parameters } => {
                    parameters.iter().for_each(|p| self.network.mechanisms.note(mechanism, &p.name, &place));
                    self.network.mechanisms.add(mechanism, &place, library, &mut self.problems);
                }
                Kind::Source => {}
            }
        }
        for (module, name) in [("IClamp", "IClamp"), ("xstim", "IClamp"), ("SEClamp", "SEClamp")] {
            if self.config.inputs.iter().any(|(_, entry)| entry.get("module").is_some_and(|other| other == module)) {
                self.network.mechanisms.add(name, &Place::default(), library, &mut self.problems);
            }
        }
    }

    /// Reads the populations of edges of some files; gives the indices of the new ones.
    fn edges(&mut self, files: &Files) -> Vec<usize> {
        let Some(types) = self.problems.take(Types::read(&files.types, "edge_type_id")) else { return Vec::new() };
        let mut found = Vec::new();
        for path in &files.data {
            let root = tianyan_io::columns::open(path).and_then(|root| root.group("edges"));
            let Some(root) = self.problems.take(root.map_err(Problems::from)) else { continue };
            let groups = root.groups();
            if groups.is_empty() {
                let problem = Problem::new("sonata-population", "the file holds no population of edges");
                self.problems.push(problem.at(root.place("")).help("populations are groups in /edges"));
            }
            for (name, group) in groups {
                let edges = EdgePopulation::new(name, group, types.clone(), &self.network.nodes);
                if let Some(edges) = self.problems.take(edges) {
                    found.push(self.network.edges.len());
                    self.network.edges.push(edges);
                }
            }
        }
        found
    }

    fn link(&mut self) {
        for edges in 0..self.network.edges.len() {
            let source = &self.network.nodes[self.network.edges[edges].source];
            if source.node_ids().any(|id| !self.network.is_virtual(source, id)) {
                self.network.links.push(Link { edges, from: From::Cells });
            }
            let target = &self.network.nodes[self.network.edges[edges].target];
            if target.node_ids().all(|id| self.network.is_virtual(target, id)) && target.size > 0 {
                let message = format!(
                    "the edges {} end in {}, whose nodes are all virtual",
                    self.network.edges[edges].name, target.name
                );
                let problem = Problem::new("sonata-virtual-target", message)
                    .at(self.network.edges[edges].place("target_node_id"));
                self.problems.push(problem.help("virtual nodes have no synapses"));
            }
        }
        let recurrent = self.network.edges.len();
        for (name, entry) in &self.config.inputs {
            if !entry.is_enabled(&mut self.problems) {
                continue;
            }
            let module = entry.need_text("module", &mut self.problems).unwrap_or_default();
            let kind = entry.need_text("input_type", &mut self.problems).unwrap_or_default();
            match (kind.as_str(), module.as_str()) {
                ("spikes", "sonata" | "h5" | "csv" | "nwb") => self.spikes(name, &module, entry, recurrent),
                (_, "replay") => self.replay(name, entry),
                ("syn_activity", _) | (_, "syn_activity") => self.activity(name, entry),
                (_, "IClamp" | "SEClamp" | "xstim") | ("", _) | (_, "") => {}
                _ => self.problems.push(crate::inputs::unsupported(name, &module, entry)),
            }
        }
    }

    fn spikes(&mut self, name: &str, module: &str, entry: &crate::config::Entry, recurrent: usize) {
        let read = SpikeInput::read(entry, module, self.finder, self.warnings);
        let Some(input) = self.problems.take(read) else { return };
        let sets = NodeSets::new(&self.config.node_sets, &self.network.nodes);
        let choices = sets.choices(entry, "node_set", "all", self.warnings);
        let Some(choices) = self.problems.take(choices) else { return };
        if entry.get("node_set").is_none() {
            self.problems.push(entry.problem(
                "node_set",
                "sonata-missing-key",
                format!("the input {name} needs a node_set"),
            ));
            return;
        }
        // As in BMTK the populations of the set count, whatever else it says.
        let mut populations: Vec<usize> = choices.into_iter().flat_map(|choice| choice.populations).collect();
        populations.sort_unstable();
        populations.dedup();
        let mut used = false;
        for population in populations {
            let nodes = &self.network.nodes[population];
            let virtual_ids: Vec<u32> = nodes.node_ids().filter(|id| self.network.is_virtual(nodes, *id)).collect();
            let linked: Vec<usize> = (0..recurrent).filter(|e| self.network.edges[*e].source == population).collect();
            if virtual_ids.is_empty() {
                continue;
            }
            used = true;
            let read = trains::read(&input.file, &input.module, &nodes.name, input.trial.as_deref());
            let Some(mut trains) = self.problems.take(read) else { continue };
            let first = nodes.first_gid;
            let unknown = trains.keys().filter(|id| nodes.row(**id).is_none()).count();
            if unknown > 0 {
                let message = format!(
                    "{unknown} nodes of the file are not in the population {}; their spikes are ignored",
                    nodes.name
                );
                self.warnings.push(entry.problem("input_file", "sonata-spikes", message));
            }
            if virtual_ids.iter().any(|id| self.network.trains.contains_key(&Gid(first + id))) {
                let message = format!(
                    "the nodes of {} have spikes of an earlier input: their edges are made once more, with the spikes of the first, as BMTK does",
                    nodes.name
                );
                self.warnings.push(entry.problem("node_set", "sonata-bmtk-quirk", message));
            }
            for id in virtual_ids {
                let times = trains.remove(&id).unwrap_or_default();
                self.network.trains.entry(Gid(first + id)).or_insert(times);
            }
            self.network.links.extend(linked.into_iter().map(|edges| Link { edges, from: From::Virtual }));
        }
        if !used {
            let message = format!("the input {name} names no virtual node: its spikes drive nothing");
            self.warnings.push(entry.problem("node_set", "sonata-spikes", message));
        }
    }

    /// Adds a hidden population of sources, and gives the gid of its first.
    fn players(&mut self, name: &str, size: u32) -> Gid {
        let first = self.network.populations.last().map_or(0, |p| p.first_gid.0 + p.size);
        self.network.populations.push(Population {
            name: name.into(),
            first_gid: Gid(first),
            size,
            cell_names: Vec::new(),
        });
        Gid(first)
    }

    fn replay(&mut self, name: &str, entry: &crate::config::Entry) {
        let read = Replay::read(entry, self.finder, self.warnings);
        let Some(replay) = self.problems.take(read) else { return };
        let sets = NodeSets::new(&self.config.node_sets, &self.network.nodes);
        let mut gids = |key: &str| {
            let choices = sets.choices(entry, key, "all", self.warnings)?;
            sets.gids(&choices).map_err(Problems::from)
        };
        let (sources, targets) = (gids("source_node_set"), gids("target_node_set"));
        let (Some(sources), Some(targets)) = (self.problems.take(sources), self.problems.take(targets)) else { return };
        for edges in self.edges(&Files { data: replay.edges.clone(), types: replay.edge_types.clone() }) {
            let nodes = &self.network.nodes[self.network.edges[edges].source];
            let first = nodes.first_gid;
            let chosen: Vec<u32> =
                nodes.node_ids().filter(|id| sources.binary_search(&Gid(first + id)).is_ok()).collect();
            let read = trains::read(&replay.spikes, "sonata", &nodes.name.clone(), None);
            let Some(mut trains): Option<Trains> = self.problems.take(read) else { continue };
            let first = self.players(&format!("{name} {}", self.network.edges[edges].name), chosen.len() as u32);
            let mut players = HashMap::new();
            for (k, id) in chosen.into_iter().enumerate() {
                let gid = Gid(first.0 + k as u32);
                players.insert(id, gid);
                self.network.trains.insert(gid, trains.remove(&id).unwrap_or_default());
            }
            self.network.links.push(Link { edges, from: From::Replay { players, targets: targets.clone() } });
        }
    }

    fn activity(&mut self, name: &str, entry: &crate::config::Entry) {
        let Some(activity) = self.problems.take(Activity::read(entry, self.warnings)) else { return };
        let gid = self.players(name, 1);
        self.network.trains.insert(gid, activity.times_ms.clone());
        self.network.activity = Some((activity, gid));
    }

    /// Makes the plans of all edges that are linked.
    fn plans(&mut self, planner: &Planner) {
        let mut linked: Vec<usize> = self.network.links.iter().map(|link| link.edges).collect();
        linked.sort_unstable();
        linked.dedup();
        for index in 0..self.network.edges.len() {
            let mut plans = HashMap::new();
            if linked.contains(&index) {
                let used = self.used(index);
                let edges = &self.network.edges[index];
                for (key, ends) in self.problems.take(used.map_err(Problems::from)).unwrap_or_default() {
                    match planner.plan(edges, &key, ends.bodies, &mut self.network.mechanisms) {
                        Ok(plan) => {
                            plans.insert(key, plan);
                        }
                        Err(more) => more.0.into_iter().for_each(|problem| add_once(&mut self.problems, problem)),
                    }
                }
            }
            self.network.plans.push(plans);
        }
    }

    /// Says which mechanisms are not from the network's own files, but ours.
    fn tell_shipped(&mut self) {
        // NEURON has these built in, and nobody brings files for them.
        const BUILT_IN: &[&str] =
            &["pas", "hh", "ExpSyn", "Exp2Syn", "IClamp", "SEClamp", "IntFire1", "IntFire2", "IntFire4"];
        let list = self.network.mechanisms.list.iter();
        let ours = list.filter(|m| m.origin.starts_with("shipped:") && !BUILT_IN.contains(&m.name.as_str()));
        let names: Vec<&str> = ours.map(|mechanism| mechanism.name.as_str()).collect();
        if !names.is_empty() {
            let message =
                format!("there are no .mod files for {}: those that come with Tianyan are used", names.join(", "));
            let place = self.config.components.place("mechanisms_dir");
            self.warnings.push(Problem::new("sonata-mechanisms", message).at(place));
        }
    }

    /// Finds all gap junctions.
    fn gaps(&mut self) -> Result<(), Problems> {
        for index in 0..self.network.edges.len() {
            let plans = &self.network.plans[index];
            let linked = self.network.links.iter().any(|link| link.edges == index && matches!(link.from, From::Cells));
            if !linked || plans.values().all(|plan| plan.gap.is_none()) {
                continue;
            }
            let found = self.gaps_of(index)?;
            found.into_iter().for_each(|(edge, gap)| self.network.gaps.add(index, edge, gap));
        }
        if !self.network.gaps.list.is_empty() {
            let sites = Gaps::find_sites(&self.network, self.config.run.dt_ms)?;
            self.network.gaps.settle(sites)?;
        }
        Ok(())
    }

    fn gaps_of(&self, index: usize) -> Result<Vec<(usize, Gap)>, Problems> {
        let edges = &self.network.edges[index];
        let rows = 0..edges.len();
        let targets = edges.targets(rows.clone())?;
        let first = |population: usize| self.network.nodes[population].first_gid;
        let mut problems = Problems::default();
        let found = edges.with_slab(rows, |slab| {
            let mut found = Vec::new();
            for (edge, target) in targets.iter().enumerate() {
                let at = slab.position(edge);
                let plan = self.network.plans[index].get(&PlanKey::of(edges, slab, at));
                let Some(plan) = plan.filter(|plan| plan.gap.is_some_and(|gap| gap.of(slab, at) != 0.0)) else {
                    continue;
                };
                let place = match &plan.placing {
                    Placing::Given { section_id, .. } => Where::Section(section_id.of(slab, at) as usize),
                    Placing::Random { aim } => Where::Random(aim.clone()),
                    Placing::Unknown => Where::Random(Aim { regions: Vec::new(), range_um: [0.0, 0.0] }),
                };
                let conductance = plan.syn_weight.of(slab, at);
                let (source, target) = (Gid(first(edges.source) + slab.source[at]), Gid(first(edges.target) + target));
                if source == target || edges.source != edges.target {
                    let message = format!("a gap junction between gids {} and {}", source.0, target.0);
                    let problem = Problem::new("sonata-gap", message).at(plan.place.clone());
                    add_once(&mut problems, problem.help("it joins two cells of one population"));
                }
                found.push((edge, Gap { source, target, conductance, place }));
            }
            found
        })?;
        problems.or(found)
    }

    /// The types and groups that occur among the edges of a population.
    fn used(&self, index: usize) -> Result<BTreeMap<PlanKey, Ends>, Problem> {
        const BLOCK: usize = 1 << 18;
        let edges = &self.network.edges[index];
        let target = &self.network.nodes[edges.target];
        let mut used: BTreeMap<PlanKey, Ends> = BTreeMap::new();
        for start in (0..edges.len()).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(edges.len());
            let targets = edges.targets(rows.clone())?;
            edges.with_slab(rows.clone(), |slab| {
                let mut last: Option<(u16, u32, bool)> = None;
                for (edge, node_id) in rows.clone().zip(targets) {
                    let at = slab.position(edge);
                    let body = matches!(self.network.kind(Gid(target.first_gid + node_id)), Kind::Body(_));
                    let now = (slab.group[at], slab.type_row[at], body);
                    if last != Some(now) || edges.has_texts(slab.group[at]) {
                        used.entry(PlanKey::of(edges, slab, at)).or_default().bodies |= body;
                        last = Some(now);
                    }
                }
            })?;
        }
        Ok(used)
    }
}
