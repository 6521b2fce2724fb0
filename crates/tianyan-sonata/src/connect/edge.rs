//! One edge onto one cell.

use std::sync::Arc;

use tianyan_model::{Gid, Location, Place, PointProcess, Problem, delay_problem};

use super::{Connector, Event, Origin, Target};
use crate::cell::Body;
use crate::config::Entry;
use crate::edges::{EdgePopulation, Slab};
use crate::inputs::Activity;
use crate::kinds::Kind;
use crate::links::{Driver, Link};
use crate::mersenne::MersenneTwister;
use crate::nodes::NodePopulation;
use crate::placement::{Aim, Candidates, Segments};
use crate::plan::{Number, Placing, Plan, PlanKey, Weight};
use crate::value::Value;

/// Synapses of one edge; more are a mistake.
const MOST_SYNAPSES: f64 = 1e6;

/// An edge that is being connected.
pub(super) struct Edge<'a> {
    pub link: &'a Link,
    pub slab: &'a Slab,
    /// Its position in the slab.
    pub at: usize,
    pub plan: &'a Plan,
    pub key: &'a PlanKey,
}

impl Connector<'_> {
    /// Connects the source of an edge to its target, unless the link's driver is another.
    pub(super) fn edge(&mut self, edge: &Edge, target: &mut Target) -> Result<(), Problem> {
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
        let mut event = Event { source, weight, delay_ms, origin };
        match target.kind {
            Kind::Body(body) => self.onto_body(edge, target, body, event),
            _ => {
                if let (Some(count), true) = (edge.plan.count, !self.has_place(edge, population)) {
                    let sign = edge.plan.sign.ok_or_else(|| {
                        let problem = Problem::new(
                            "sonata-edge",
                            "edges onto point neurons with nsyns need `sign` in their dynamics_params",
                        );
                        problem.at(edge.plan.place.clone())
                    })?;
                    event.weight *= sign * count.of(edge.slab, edge.at).trunc();
                }
                self.connection(target.instance, event);
                Ok(())
            }
        }
    }

    /// Whether the files place the synapses of this edge's group.
    fn has_place(&self, edge: &Edge, population: &EdgePopulation) -> bool {
        population.has(edge.key.group, "sec_id") || population.has(edge.key.group, "afferent_section_id")
    }

    fn onto_body(&mut self, edge: &Edge, target: &mut Target, body: &Body, event: Event) -> Result<(), Problem> {
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
                let parameter_set = self.parameter_set(edge);
                let origin = Origin { section_id: id as u32, x, ..event.origin };
                self.one(edge, target, (Location { section, x }, parameter_set), Event { origin, ..event });
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
                self.many(edge, target, body, (&candidates, count as usize), event);
                Ok(())
            }
            Placing::Unknown => Ok(()),
        }
    }

    /// So many synapses, each at one of the candidates and each with the whole weight.
    fn many(
        &mut self,
        edge: &Edge,
        target: &mut Target,
        body: &Body,
        (candidates, count): (&Candidates, usize),
        event: Event,
    ) {
        let gid = target.gid;
        let parameter_set = self.parameter_set(edge);
        let mut random = target.random.take().unwrap_or_else(|| MersenneTwister::new(gid.0));
        for _ in 0..count {
            let segment = &body.segments.all[candidates.draw(&mut random)];
            let origin = Origin { section_id: segment.section_id, x: segment.location.x, ..event.origin };
            self.one(edge, target, (segment.location, parameter_set), Event { origin, ..event });
        }
        target.random = Some(random);
    }

    fn one(&mut self, edge: &Edge, target: &Target, (location, parameter_set): (Location, usize), event: Event) {
        let process = PointProcess { gid: target.gid, location, mechanism: edge.plan.mechanism, parameter_set };
        let synapse = self.synapse(process);
        self.connection(synapse, event);
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
    pub(super) fn candidates(&mut self, aim: &Aim, segments: &Segments) -> Arc<Candidates> {
        let key = (std::ptr::from_ref(aim), std::ptr::from_ref(segments));
        self.candidates.entry(key).or_insert_with(|| segments.candidates(aim)).clone()
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
}

/// Whether a node has all the values of a filter.
fn fits(filter: &Entry, nodes: &NodePopulation, node_id: u32) -> Result<bool, Problem> {
    for (column, wanted) in filter.iter() {
        let holds = match column {
            "population" => Value::Text(nodes.name.clone()).equals(wanted),
            "node_id" => Value::Number(f64::from(node_id)).equals(wanted),
            _ => nodes.value(node_id, column)?.equals(wanted),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}
