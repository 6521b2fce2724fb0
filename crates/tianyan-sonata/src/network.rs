//! A network, read and checked: nodes, kinds, edges and how they are linked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tianyan_model::{Gid, Place, Population, Problem, Problems};

use crate::cell::Conditions;
use crate::config::{Files, Finder, SimulationConfig};
use crate::edges::EdgePopulation;
use crate::gaps::{Gap, Gaps, Where};
use crate::inputs::Activity;
use crate::kinds::{Components, Kind, Models, add_once};
use crate::links::{Driver, Link};
use crate::mechanisms::{Library, Mechanisms, Shipped};
use crate::nodes::NodePopulation;
use crate::placement::Aim;
use crate::plan::{Placing, Plan, PlanKey, Planner};
use crate::table::Types;

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
    for missing in folders.iter().filter(|folder| !folder.is_dir()) {
        let message = format!("there is no folder {}", missing.display());
        warnings.push(config.components.problem("mechanisms_dir", "file-missing", message));
    }
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
        players: HashMap::new(),
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

    /// Whether a node has no body.
    pub fn is_virtual(&self, population: &NodePopulation, node_id: u32) -> bool {
        matches!(self.kind(Gid(population.first_gid + node_id)), Kind::Source)
    }
}

/// A network while it is read.
pub(crate) struct Reader<'a> {
    pub config: &'a SimulationConfig,
    pub finder: &'a Finder,
    pub warnings: &'a mut Problems,
    pub problems: Problems,
    /// Who plays the spikes of a node in replays, by population and node id.
    pub players: HashMap<(usize, u32), Gid>,
    pub network: Network,
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
    pub fn edges(&mut self, files: &Files) -> Vec<usize> {
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
                for (key, kinds) in self.problems.take(used.map_err(Problems::from)).unwrap_or_default() {
                    match planner.plan(edges, &key, !kinds.is_empty(), &mut self.network.mechanisms) {
                        Ok(plan) => {
                            let bodies = kinds.iter().filter_map(|kind| self.network.kinds[*kind as usize].body());
                            if bodies.into_iter().any(|body| plan.finds_no_place(body)) {
                                add_once(self.warnings, plan.no_place());
                            }
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
        const NAMED: usize = 4;
        if !names.is_empty() {
            let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
            let named = names[..names.len().min(NAMED)].join(", ");
            let message = format!("there are no .mod files for {named}{more}: those that come with Tianyan are used");
            let place = self.config.components.place("mechanisms_dir");
            self.warnings.push(Problem::new("sonata-mechanisms", message).at(place));
        }
    }

    /// Finds all gap junctions.
    fn gaps(&mut self) -> Result<(), Problems> {
        for index in 0..self.network.edges.len() {
            let plans = &self.network.plans[index];
            let linked =
                self.network.links.iter().any(|link| link.edges == index && matches!(link.driver, Driver::Cells));
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
        let target_of = edges.targets(rows.clone())?;
        let first = |population: usize| self.network.nodes[population].first_gid;
        let (sources, targets) = (&self.network.nodes[edges.source], &self.network.nodes[edges.target]);
        let mut problems = Problems::default();
        let found = edges.with_slab(rows, |slab| {
            let mut found = Vec::new();
            for (edge, target) in target_of.iter().enumerate() {
                let at = slab.position(edge);
                let plan = self.network.plans[index].get(&PlanKey::of(edges, slab, at));
                let Some(plan) = plan.filter(|plan| plan.is_gap(slab, at)) else { continue };
                if plan.count.is_some_and(|count| count.of(slab, at) < 1.0) {
                    // BMTK makes none, and draws nothing.
                    continue;
                }
                let place = match &plan.placing {
                    Placing::Given { section_id, .. } => Where::Section(section_id.of(slab, at) as usize),
                    Placing::Random { aim } => Where::Random(aim.clone()),
                    Placing::Unknown => Where::Random(Aim { regions: Vec::new(), range_um: [0.0, 0.0] }),
                };
                let ends = ((sources, slab.source[at]), (targets, *target));
                let tuning = problems.take(plan.tuning(slab, at, ends.0, ends.1).map_err(Problems::from));
                let conductance = plan.syn_weight.of(slab, at) * tuning.unwrap_or(f64::NAN);
                if !(conductance >= 0.0 && conductance.is_finite()) && tuning.is_some() {
                    let message = format!("a gap junction of {conductance} uS");
                    add_once(&mut problems, Problem::new("sonata-gap", message).at(plan.place.clone()));
                }
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

    /// The types and groups that occur among the edges of a population, and the kinds of the biophysical cells that
    /// they end on.
    fn used(&self, index: usize) -> Result<BTreeMap<PlanKey, BTreeSet<u32>>, Problem> {
        const BLOCK: usize = 1 << 18;
        let edges = &self.network.edges[index];
        let target = &self.network.nodes[edges.target];
        let mut used: BTreeMap<PlanKey, BTreeSet<u32>> = BTreeMap::new();
        for start in (0..edges.len()).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(edges.len());
            let targets = edges.targets(rows.clone())?;
            edges.with_slab(rows.clone(), |slab| {
                let mut last: Option<(u16, u32, u32)> = None;
                for (edge, node_id) in rows.clone().zip(targets) {
                    let at = slab.position(edge);
                    let kind = self.network.kind_number(Gid(target.first_gid + node_id));
                    let now = (slab.group[at], slab.type_row[at], kind);
                    if last != Some(now) || edges.has_texts(slab.group[at]) {
                        let kinds = used.entry(PlanKey::of(edges, slab, at)).or_default();
                        kinds.extend(self.network.kinds[kind as usize].body().map(|_| kind));
                        last = Some(now);
                    }
                }
            })?;
        }
        Ok(used)
    }
}
