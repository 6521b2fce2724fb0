//! From edges to connections and synapses.

mod edge;

use std::collections::HashMap;
use std::sync::Arc;

use edge::Edge;
use tianyan_model::{Connections, Gid, Location, PointProcess, Problem, Problems};

use crate::edges::Slab;
use crate::gaps::{Half, Where};
use crate::kinds::{ARTIFICIAL, Kind};
use crate::links::{Driver, Link};
use crate::mersenne::MersenneTwister;
use crate::network::Network;
use crate::placement::{Aim, Candidates, Segments};
use crate::plan::PlanKey;

/// A few wrong edges tell the story; there may be millions.
const MOST_PROBLEMS: usize = 20;

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

/// What an edge brings to a synapse.
#[derive(Debug, Clone, Copy)]
struct Event {
    source: Gid,
    weight: f64,
    delay_ms: f64,
    origin: Origin,
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
                let candidates = self.candidates(aim, &body.segments);
                let random = target.random.get_or_insert_with(|| MersenneTwister::new(target.gid.0));
                (!candidates.is_empty()).then(|| body.segments.all[candidates.draw(random)].location.section)
            }
        };
        if let (Some(section), Some(sites)) = (section, &mut self.sites) {
            sites.insert(half, Location { section, x: 0.5 });
        }
    }

    fn synapse(&mut self, process: PointProcess) -> u32 {
        self.out.synapses.push(process);
        self.out.synapses.len() as u32 - 1
    }

    fn connection(&mut self, synapse: u32, event: Event) {
        self.out.source.push(event.source);
        self.out.synapse.push(synapse);
        self.out.weight.push(event.weight);
        self.out.delay_ms.push(event.delay_ms);
        if let Some(origins) = &mut self.origins {
            origins.push(event.origin);
        }
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
