//! From edges to connections and synapses.

use std::collections::HashMap;
use std::sync::Arc;

use tianyan_model::{Connections, Gid, Location, Place, PointProcess, Problem, Problems, delay_problem};

use crate::cell::Body;
use crate::edges::{EdgePopulation, Slab};
use crate::gaps::{Half, Where};
use crate::inputs::Activity;
use crate::kinds::{ARTIFICIAL, Kind};
use crate::links::{Driver, Link};
use crate::mersenne::MersenneTwister;
use crate::network::Network;
use crate::placement::{Aim, Candidates, Segments};
use crate::plan::{Number, Placing, Plan, PlanKey, Weight};

/// A few wrong edges tell the story; there may be millions.
const MOST_PROBLEMS: usize = 20;

/// Synapses of one edge; more are a mistake.
const MOST_SYNAPSES: f64 = 1e6;

/// Where a connection came from, for saved synapses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Origin {
    /// Index of the population of edges.
    pub edges: u32,
    pub edge_type: u64,
    pub source: u32,
    /// SONATA's section id; `u32::MAX` on artificial cells.
    pub section_id: u32,
    pub x: f64,
}

/// Makes the connections onto some cells, appending them in the order of gids.
pub(crate) struct Connector<'a> {
    pub network: &'a Network,
    pub dt_ms: f64,
    pub out: &'a mut Connections,
    /// Filled if somebody wants to know where the halves of gap junctions sit.
    pub sites: Option<&'a mut HashMap<Half, Location>>,
    /// Filled if somebody wants to know.
    pub origins: Option<&'a mut Vec<Origin>>,
    pub problems: Problems,
    /// By population of edges: the parameter set of each plan that was met.
    sets: Vec<HashMap<PlanKey, usize>>,
    /// By where the aim and the segments lie in memory.
    candidates: HashMap<(*const Aim, *const Segments), Arc<Candidates>>,
}

/// The state of one target cell.
struct Target<'a> {
    gid: Gid,
    population: usize,
    node_id: u32,
    kind: &'a Kind,
    /// The instance of an artificial cell.
    instance: u32,
    random: Option<MersenneTwister>,
}

/// An edge that is being connected.
struct Edge<'a> {
    link: &'a Link,
    slab: &'a Slab,
    at: usize,
    plan: &'a Plan,
    key: &'a PlanKey,
}

impl<'a> Connector<'a> {
    /// A connector into `out`.
    pub fn new(network: &'a Network, dt_ms: f64, out: &'a mut Connections) -> Connector<'a> {
        Connector {
            network,
            dt_ms,
            out,
            sites: None,
            origins: None,
            problems: Problems::default(),
            sets: vec![HashMap::new(); network.edges.len()],
            candidates: HashMap::new(),
        }
    }

    /// Connects the cells `gids`, ascending.
    pub fn connect(&mut self, gids: &[Gid]) {
        // One population of targets at a time: its slabs hold the edges of all its cells.
        let mut rest = gids;
        while let Some(first) = rest.first() {
            let Some((population, _)) = self.network.node(*first) else {
                rest = &rest[1..];
                continue;
            };
            let nodes = &self.network.nodes[population];
            let end = rest.partition_point(|gid| gid.0 < nodes.first_gid + nodes.size);
            self.population(population, &rest[..end]);
            rest = &rest[end..];
        }
    }

    fn population(&mut self, population: usize, gids: &[Gid]) {
        let network = self.network;
        let first_gid = network.nodes[population].first_gid;
        let links: Vec<&Link> =
            network.links.iter().filter(|link| network.edges[link.edges].target == population).collect();
        let mut edges: Vec<Vec<Vec<usize>>> = Vec::with_capacity(links.len());
        for link in &links {
            edges.push(gids.iter().map(|gid| network.edges[link.edges].edges_of(gid.0 - first_gid)).collect());
        }
        self.with_slabs(&links, &edges, &mut Vec::new(), gids, population);
    }

    /// Opens the slab of one link after the other, then goes through the cells.
    fn with_slabs(
        &mut self,
        links: &[&Link],
        edges: &[Vec<Vec<usize>>],
        slabs: &mut Vec<&Slab>,
        gids: &[Gid],
        population: usize,
    ) {
        let Some(link) = links.get(slabs.len()) else {
            for (i, gid) in gids.iter().enumerate() {
                self.cell(links, edges, slabs, i, *gid, population);
            }
            return;
        };
        let all = edges[slabs.len()].iter().flatten();
        let (low, high) = all.fold((usize::MAX, 0), |(low, high), edge| (low.min(*edge), high.max(edge + 1)));
        let rows = if low > high { 0..0 } else { low..high };
        let network = self.network;
        let read = network.edges[link.edges].with_slab(rows, |slab| {
            let mut deeper: Vec<&Slab> = slabs.clone();
            deeper.push(slab);
            self.with_slabs(links, edges, &mut deeper, gids, population);
        });
        if let Err(problem) = read {
            self.tell(problem);
        }
    }

    fn cell(
        &mut self,
        links: &[&Link],
        edges: &[Vec<Vec<usize>>],
        slabs: &[&Slab],
        i: usize,
        gid: Gid,
        population: usize,
    ) {
        let network = self.network;
        let node_id = gid.0 - network.nodes[population].first_gid;
        let mut target = Target { gid, population, node_id, kind: network.kind(gid), instance: 0, random: None };
        if let Kind::Artificial { mechanism, parameters } = target.kind {
            let mechanism = network.mechanisms.index(mechanism).unwrap_or_default();
            let parameter_set = self.out.parameter_sets.len();
            self.out.parameter_sets.push(parameters.clone());
            target.instance = self.synapse(PointProcess { gid, location: ARTIFICIAL, mechanism, parameter_set });
        }
        if matches!(target.kind, Kind::Source) {
            return;
        }
        for ((link, edges), slab) in links.iter().zip(edges).zip(slabs) {
            let population = &network.edges[link.edges];
            let mut key = PlanKey { group: u16::MAX, type_row: u32::MAX, texts: Vec::new() };
            for edge in &edges[i] {
                let at = slab.position(*edge);
                if (slab.group[at], slab.type_row[at]) != (key.group, key.type_row) || population.has_texts(key.group) {
                    key = PlanKey::of(population, slab, at);
                }
                if let Some(number) =
                    network.gaps.of_edge(link.edges, *edge).filter(|_| matches!(link.driver, Driver::Cells))
                {
                    self.half((number, false), &mut target);
                } else if let Some(plan) = network.plans[link.edges].get(&key).filter(|plan| !plan.is_gap(slab, at)) {
                    let connected = self.edge(&Edge { link, slab, at, plan, key: &key }, &mut target);
                    if let Err(problem) = connected {
                        self.tell(problem);
                    }
                }
            }
            if matches!(link.driver, Driver::Cells) {
                for number in network.gaps.of_source(link.edges, gid) {
                    self.half((*number, true), &mut target);
                }
            }
        }
    }

    /// Finds the place of one end of a gap junction; a random one costs a draw even if nobody asks.
    fn half(&mut self, half: Half, target: &mut Target) {
        let Some(body) = target.kind.body() else { return };
        let section = match &self.network.gaps.list[half.0].place {
            Where::Section(id) => body.sections.get(*id).copied(),
            Where::Random(aim) => {
                let candidates = body.segments.candidates(aim);
                let random = target.random.get_or_insert_with(|| MersenneTwister::new(target.gid.0));
                (!candidates.is_empty()).then(|| body.segments.all[candidates.draw(random)].location.section)
            }
        };
        if let (Some(section), Some(sites)) = (section, &mut self.sites) {
            sites.insert(half, Location { section, x: 0.5 });
        }
    }

    fn edge(&mut self, edge: &Edge, target: &mut Target) -> Result<(), Problem> {
        let network = self.network;
        let population = &network.edges[edge.link.edges];
        let source_node = edge.slab.source[edge.at];
        let nodes = &network.nodes[population.source];
        let is_virtual = matches!(network.kind(Gid(nodes.first_gid + source_node)), Kind::Source);
        let mut source = Gid(nodes.first_gid + source_node);
        match &edge.link.driver {
            Driver::Cells if is_virtual => return Ok(()),
            Driver::Virtual if !is_virtual => return Ok(()),
            Driver::Replay { players, targets } => {
                let Some(player) = players.get(&source_node).filter(|_| targets.binary_search(&target.gid).is_ok())
                else {
                    return Ok(());
                };
                source = *player;
            }
            _ => {}
        }
        let simulated = matches!(edge.link.driver, Driver::Cells);
        let delay_ms = self.delay(edge, population, source_node, target, simulated)?;
        let mut weight = self.weight(edge, population, source_node, target)?;
        if let Some((activity, player)) = network.activity.as_ref().filter(|_| simulated) {
            if self.matches(activity, population.source, source_node, target)? {
                source = *player;
            } else {
                weight = 0.0;
            }
        }
        let origin = Origin {
            edges: edge.link.edges as u32,
            edge_type: population.types.ids.get(edge.key.type_row as usize).copied().unwrap_or_default(),
            source: source_node,
            section_id: u32::MAX,
            x: 0.0,
        };
        match target.kind {
            Kind::Body(body) => self.onto_body(edge, target, body, (source, weight, delay_ms), origin),
            _ => {
                if let (Some(count), true) = (edge.plan.count, !self.has_place(edge, population)) {
                    let sign = edge.plan.sign.ok_or_else(|| {
                        let problem = Problem::new(
                            "sonata-edge",
                            "edges onto point neurons with nsyns need `sign` in their dynamics_params",
                        );
                        problem.at(edge.plan.place.clone())
                    })?;
                    weight *= sign * count.of(edge.slab, edge.at).trunc();
                }
                self.connection(source, target.instance, weight, delay_ms, origin);
                Ok(())
            }
        }
    }

    /// Whether the files place the synapses of this edge's group.
    fn has_place(&self, edge: &Edge, population: &EdgePopulation) -> bool {
        population.has(edge.key.group, "sec_id") || population.has(edge.key.group, "afferent_section_id")
    }

    fn onto_body(
        &mut self,
        edge: &Edge,
        target: &mut Target,
        body: &Body,
        (source, weight, delay_ms): (Gid, f64, f64),
        origin: Origin,
    ) -> Result<(), Problem> {
        match &edge.plan.placing {
            Placing::Given { section_id, x: position } => {
                let (id, x) = (section_id.of(edge.slab, edge.at), position.of(edge.slab, edge.at));
                let section = (id >= 0.0 && id.fract() == 0.0).then(|| body.sections.get(id as usize)).flatten();
                let Some(&section) = section.filter(|_| (0.0..=1.0).contains(&x)) else {
                    let message = format!(
                        "a synapse at section {id}, position {x}; the cell has the sections 0 to {}, positions run from 0 to 1",
                        body.sections.len().saturating_sub(1)
                    );
                    let wrong = if section.is_none() { section_id } else { position };
                    let place = self.onto(edge, target, *wrong);
                    return Err(Problem::new("sonata-section", message).at(place));
                };
                let place = (Location { section, x }, self.parameter_set(edge));
                let origin = Origin { section_id: id as u32, x, ..origin };
                self.one(edge, target, place, (source, weight, delay_ms), origin);
                Ok(())
            }
            Placing::Random { aim } => {
                let count = edge.plan.count.map_or(1.0, |count| count.of(edge.slab, edge.at));
                if !(count >= 0.0 && count.fract() == 0.0 && count <= MOST_SYNAPSES) {
                    let message = format!("nsyns = {count} is no whole number from 0 to {MOST_SYNAPSES}");
                    let source = edge.plan.count.unwrap_or(Number::Shared(count));
                    let place = self.onto(edge, target, source);
                    return Err(Problem::new("sonata-edge", message).at(place));
                }
                // Without a candidate BMTK leaves the synapses out, and draws nothing; the planner has warned.
                let candidates = self.candidates(aim, &body.segments);
                if candidates.is_empty() {
                    return Ok(());
                }
                self.many(edge, target, body, &candidates, count as usize, (source, weight, delay_ms), origin);
                Ok(())
            }
            Placing::Unknown => Ok(()),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn many(
        &mut self,
        edge: &Edge,
        target: &mut Target,
        body: &Body,
        candidates: &Candidates,
        count: usize,
        event: (Gid, f64, f64),
        origin: Origin,
    ) {
        let gid = target.gid;
        let parameter_set = self.parameter_set(edge);
        let mut random = target.random.take().unwrap_or_else(|| MersenneTwister::new(gid.0));
        for _ in 0..count {
            let segment = &body.segments.all[candidates.draw(&mut random)];
            let origin = Origin { section_id: segment.section_id, x: segment.location.x, ..origin };
            self.one(edge, target, (segment.location, parameter_set), event, origin);
        }
        target.random = Some(random);
    }

    fn one(
        &mut self,
        edge: &Edge,
        target: &Target,
        (location, parameter_set): (Location, usize),
        (source, weight, delay_ms): (Gid, f64, f64),
        origin: Origin,
    ) {
        let process = PointProcess { gid: target.gid, location, mechanism: edge.plan.mechanism, parameter_set };
        let synapse = self.synapse(process);
        self.connection(source, synapse, weight, delay_ms, origin);
    }

    /// The parameters of a plan's synapses, as an index into those of the connections.
    fn parameter_set(&mut self, edge: &Edge) -> usize {
        let sets = &mut self.sets[edge.link.edges];
        if let Some(set) = sets.get(edge.key) {
            return *set;
        }
        let set = self.out.parameter_sets.len();
        self.out.parameter_sets.push(edge.plan.parameters.clone());
        sets.insert(edge.key.clone(), set);
        set
    }

    /// The candidates of an aim on a body, without waiting for other threads.
    fn candidates(&mut self, aim: &Aim, segments: &Segments) -> Arc<Candidates> {
        let key = (std::ptr::from_ref(aim), std::ptr::from_ref(segments));
        self.candidates.entry(key).or_insert_with(|| segments.candidates(aim)).clone()
    }

    fn synapse(&mut self, process: PointProcess) -> u32 {
        self.out.synapses.push(process);
        self.out.synapses.len() as u32 - 1
    }

    fn connection(&mut self, source: Gid, synapse: u32, weight: f64, delay_ms: f64, origin: Origin) {
        self.out.source.push(source);
        self.out.synapse.push(synapse);
        self.out.weight.push(weight);
        self.out.delay_ms.push(delay_ms);
        if let Some(origins) = &mut self.origins {
            origins.push(origin);
        }
    }

    fn delay(
        &self,
        edge: &Edge,
        population: &EdgePopulation,
        source: u32,
        target: &Target,
        simulated: bool,
    ) -> Result<f64, Problem> {
        let delay_ms = edge.plan.delay_ms.of(edge.slab, edge.at);
        if let Some(mut problem) = delay_problem(delay_ms, self.dt_ms, !simulated) {
            let name = &self.network.nodes[population.source].name;
            problem.message.push_str(&format!(" (from node {source} of {name})"));
            return Err(problem.at(self.onto(edge, target, edge.plan.delay_ms)));
        }
        Ok(delay_ms)
    }

    fn weight(&self, edge: &Edge, population: &EdgePopulation, source: u32, target: &Target) -> Result<f64, Problem> {
        let nodes = &self.network.nodes;
        let (sources, targets) = (&nodes[population.source], &nodes[target.population]);
        let tuning = edge.plan.tuning(edge.slab, edge.at, (sources, source), (targets, target.node_id))?;
        let weight = edge.plan.syn_weight.of(edge.slab, edge.at);
        if (weight * tuning).is_finite() {
            return Ok(weight * tuning);
        }
        let (number, name) = match edge.plan.weight {
            Weight::Gaussian { sigma } if weight.is_finite() => (sigma, "weight_sigma"),
            _ => (edge.plan.syn_weight, "syn_weight"),
        };
        let value = number.of(edge.slab, edge.at);
        let message = format!("{name} = {value} gives the edge from node {source} no weight");
        Err(Problem::new("sonata-edge", message).at(self.onto(edge, target, number)))
    }

    fn matches(&self, activity: &Activity, population: usize, source: u32, target: &Target) -> Result<bool, Problem> {
        let nodes = &self.network.nodes;
        Ok(fits(&activity.before, &nodes[population], source)?
            && fits(&activity.after, &nodes[target.population], target.node_id)?)
    }

    /// Where an edge has a number: in the file of edges, or in the CSV.
    fn onto(&self, edge: &Edge, target: &Target, number: Number) -> Place {
        let name = &self.network.nodes[target.population].name;
        let edges = &self.network.edges[edge.link.edges];
        let mut place = match number {
            Number::Column(column) => edges.place(&edges.columns(edge.key.group)[column]),
            Number::Shared(_) => edge.plan.place.clone(),
        };
        place.key = Some(format!("{}, onto node {} of {name}", place.key.unwrap_or_default(), target.node_id));
        place
    }

    /// One problem of a sort for each population of edges: millions may have the same.
    fn tell(&mut self, problem: Problem) {
        let same = |other: &Problem| {
            other.code == problem.code
                && other.place.file == problem.place.file
                && other.place.line == problem.place.line
        };
        if self.problems.0.len() < MOST_PROBLEMS && !self.problems.0.iter().any(same) {
            self.problems.push(problem);
        }
    }
}

/// Whether a node has all the values of a filter.
fn fits(filter: &crate::config::Entry, nodes: &crate::nodes::NodePopulation, node_id: u32) -> Result<bool, Problem> {
    for (column, wanted) in filter.iter() {
        let holds = match column {
            "population" => crate::value::Value::Text(nodes.name.clone()).equals(wanted),
            "node_id" => crate::value::Value::Number(f64::from(node_id)).equals(wanted),
            _ => nodes.value(node_id, column)?.equals(wanted),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}
