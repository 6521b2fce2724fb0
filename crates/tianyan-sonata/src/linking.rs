//! Which edges become connections, and what drives them: the config's inputs, in BMTK's order.

use std::collections::HashMap;

use tianyan_model::{Gid, Population, Problem, Problems};

use crate::config::{Entry, Files};
use crate::inputs::{self, Activity, Replay, SpikeInput};
use crate::links::{Driver, Link};
use crate::network::Reader;
use crate::node_sets::NodeSets;
use crate::nodes::NodePopulation;
use crate::trains::{self, Recorded, Trains, Wanted};

impl Reader<'_> {
    /// Links all edges, in BMTK's order.
    pub fn link(&mut self) {
        for edges in 0..self.network.edges.len() {
            let source = &self.network.nodes[self.network.edges[edges].source];
            if source.node_ids().any(|id| !self.network.is_virtual(source, id)) {
                self.network.links.push(Link { edges, driver: Driver::Cells });
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
                (other, "sonata" | "h5" | "csv" | "nwb") => {
                    let message = format!("input {name}: the module {module} reads spikes, not `{other}`");
                    let problem = entry.problem("input_type", "sonata-input", message);
                    self.problems.push(problem.help("did you mean `spikes`?"));
                }
                _ => self.problems.push(inputs::unsupported(name, &module, entry)),
            }
        }
    }

    fn spikes(&mut self, name: &str, module: &str, entry: &Entry, recurrent: usize) {
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
            let wanted = Wanted { population: &nodes.name, named: &input.populations, trial: input.trial.as_deref() };
            let read = trains::read(&input.file, &input.module, wanted);
            let Some(Recorded { mut trains, strangers }) = self.problems.take(read) else { continue };
            self.warnings.0.extend(of_strangers(&strangers, &nodes.name, entry, "input_file"));
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
            self.network.links.extend(linked.into_iter().map(|edges| Link { edges, driver: Driver::Virtual }));
        }
        if !used {
            let message = format!("the input {name} names no virtual node: its spikes drive nothing");
            self.warnings.push(entry.problem("node_set", "sonata-spikes", message));
        }
    }

    /// Adds a hidden population of sources, and gives the gid of its first.
    fn add_players(&mut self, name: &str, size: u32) -> Gid {
        let first = self.network.populations.last().map_or(0, |p| p.first_gid.0 + p.size);
        self.network.populations.push(Population {
            name: name.into(),
            first_gid: Gid(first),
            size,
            cell_names: Vec::new(),
        });
        Gid(first)
    }

    /// As in BMTK, node ids are compared with the gids of the node sets, and a node that two replays have plays the
    /// spikes of the first.
    fn replay(&mut self, name: &str, entry: &Entry) {
        let read = Replay::read(entry, self.finder, self.warnings);
        let Some(replay) = self.problems.take(read) else { return };
        let sets = NodeSets::new(&self.config.node_sets, &self.network.nodes);
        let mut ends = |key: &str| {
            let choices = sets.choices(entry, key, "all", self.warnings)?;
            let populations: Vec<usize> = choices.iter().flat_map(|choice| choice.populations.clone()).collect();
            sets.gids(&choices).map(|gids| (populations, gids)).map_err(Problems::from)
        };
        let (sources, targets) = (ends("source_node_set"), ends("target_node_set"));
        let (Some(sources), Some(targets)) = (self.problems.take(sources), self.problems.take(targets)) else { return };
        for edges in self.edges(&Files { data: replay.edges.clone(), types: replay.edge_types.clone() }) {
            let of = &self.network.edges[edges];
            let (from, to) = (&self.network.nodes[of.source], &self.network.nodes[of.target]);
            if !sources.0.contains(&of.source) || !targets.0.contains(&of.target) {
                continue;
            }
            let chosen = |nodes: &NodePopulation, gids: &[Gid]| -> Vec<u32> {
                nodes.node_ids().filter(|id| gids.binary_search(&Gid(*id)).is_ok()).collect()
            };
            let meant = |nodes: &NodePopulation, gids: &[Gid]| -> Vec<u32> {
                nodes.node_ids().filter(|id| gids.binary_search(&Gid(nodes.first_gid + id)).is_ok()).collect()
            };
            let (before, after) = (chosen(from, &sources.1), chosen(to, &targets.1));
            for (key, same) in [
                ("source_node_set", before == meant(from, &sources.1)),
                ("target_node_set", after == meant(to, &targets.1)),
            ] {
                if !same {
                    let message = "BMTK compares node ids with gids here: other nodes than meant are chosen";
                    let problem = entry.problem(key, "sonata-bmtk-quirk", message);
                    self.warnings.push(problem.help("a node set without conditions, or the first population, is safe"));
                }
            }
            let targets = after.into_iter().map(|id| Gid(to.first_gid + id)).collect();
            let (source, label) = (of.source, format!("{name} {}", of.name));
            let wanted = Wanted { population: &from.name, ..Wanted::default() };
            let read = trains::read(&replay.spikes, trains::module_of(&replay.spikes), wanted);
            let Some(Recorded { mut trains, strangers }) = self.problems.take(read) else { continue };
            self.warnings.0.extend(of_strangers(&strangers, &from.name, entry, "spikes_file"));
            let players = self.replaying(source, &label, &before, &mut trains);
            self.network.links.push(Link { edges, driver: Driver::Replay { players, targets } });
        }
    }

    /// The players of some nodes, by node id.
    fn replaying(&mut self, population: usize, name: &str, nodes: &[u32], trains: &mut Trains) -> HashMap<u32, Gid> {
        let known = |id: &&u32| self.players.contains_key(&(population, **id));
        let new = nodes.len() - nodes.iter().filter(known).count();
        let Gid(mut next) = self.add_players(name, new as u32);
        let mut players = HashMap::new();
        for &id in nodes {
            let player = *self.players.entry((population, id)).or_insert_with(|| {
                self.network.trains.insert(Gid(next), trains.remove(&id).unwrap_or_default());
                next += 1;
                Gid(next - 1)
            });
            players.insert(id, player);
        }
        players
    }

    fn activity(&mut self, name: &str, entry: &Entry) {
        let Some(activity) = self.problems.take(Activity::read(entry, self.warnings)) else { return };
        let known = |column: &str| {
            ["population", "node_id"].contains(&column) || self.network.nodes.iter().any(|nodes| nodes.has(column))
        };
        for filter in [&activity.before, &activity.after] {
            for (column, _) in filter.iter().filter(|(column, _)| !known(column)) {
                let message = format!("no node has a `{column}`: no connection fits the filter");
                self.warnings.push(filter.problem(column, "sonata-node-set-column", message));
            }
        }
        let gid = self.add_players(name, 1);
        self.network.trains.insert(gid, activity.times_ms.clone());
        self.network.activity = Some((activity, gid));
    }
}

fn of_strangers(strangers: &[String], population: &str, entry: &Entry, key: &str) -> Option<Problem> {
    if strangers.is_empty() {
        return None;
    }
    let of = strangers.join(", ");
    let message = format!("spikes of {of} are given to {population}: BMTK does not look for the population's name");
    let problem = entry.problem(key, "sonata-bmtk-quirk", message);
    Some(problem.help("`population` of a spikes input chooses those of an HDF5 file"))
}
