//! Node sets: named choices of nodes.

use serde_json::Value as Json;
use tianyan_model::{Gid, Problem, Problems};

use crate::config::Entry;
use crate::nodes::NodePopulation;

/// The choice of a set: populations, and what must hold for a node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// Indices of populations.
    pub populations: Vec<usize>,
    conditions: Vec<(String, Json)>,
}

/// All named sets of a network.
#[derive(Debug)]
pub(crate) struct NodeSets<'a> {
    named: &'a Entry,
    populations: &'a [NodePopulation],
}

/// Sets that name sets that name sets ... deeper than this go round in circles.
const DEEPEST: usize = 8;

impl NodeSets<'_> {
    /// The sets of a config; every population is one too, and `all`.
    pub fn new<'a>(named: &'a Entry, populations: &'a [NodePopulation]) -> NodeSets<'a> {
        NodeSets { named, populations }
    }

    /// The choices that `key` of an input or a report names: a set, a dict, or a list of node ids (of any
    /// population, as in BMTK). `default` is meant where it names none.
    pub fn choices(
        &self,
        entry: &Entry,
        key: &str,
        default: &str,
        warnings: &mut Problems,
    ) -> Result<Vec<Choice>, Problems> {
        let fallback = Json::String(default.into());
        let wanted = entry.get(key).unwrap_or(&fallback);
        let mut problems = Problems::default();
        let found = self.of(wanted, entry, key, 0, &mut problems, warnings);
        problems.or(found)
    }

    fn of(
        &self,
        wanted: &Json,
        entry: &Entry,
        key: &str,
        depth: usize,
        problems: &mut Problems,
        warnings: &mut Problems,
    ) -> Vec<Choice> {
        let all: Vec<usize> = (0..self.populations.len()).collect();
        match wanted {
            _ if depth > DEEPEST => {
                problems.push(entry.problem(key, "sonata-node-set", "node sets name each other in a circle"));
                Vec::new()
            }
            Json::String(name) => self.by_name(name, entry, key, depth, problems, warnings),
            Json::Object(conditions) => {
                let conditions: Vec<(String, Json)> = conditions.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                self.by_conditions(conditions, entry, key, problems, warnings).into_iter().collect()
            }
            // SONATA's compound sets; BMTK would look for nodes of these names.
            Json::Array(names) if !names.is_empty() && names.iter().all(Json::is_string) => {
                names.iter().flat_map(|name| self.of(name, entry, key, depth + 1, problems, warnings)).collect()
            }
            Json::Array(ids) if ids.is_empty() => {
                let problem = entry.problem(key, "sonata-bmtk-quirk", "an empty list means all nodes, as in BMTK");
                warnings.push(problem.help("`\"enabled\": false` switches an input or a report off"));
                vec![Choice { populations: all, conditions: Vec::new() }]
            }
            Json::Array(ids) if ids.iter().all(Json::is_u64) => {
                self.warn_of_ids(wanted, &all, entry, key, warnings);
                vec![Choice { populations: all, conditions: vec![("node_id".into(), wanted.clone())] }]
            }
            other => {
                problems.push(entry.wrong(key, "a node set, an object of conditions or a list of node ids", other));
                Vec::new()
            }
        }
    }

    fn by_name(
        &self,
        name: &str,
        entry: &Entry,
        key: &str,
        depth: usize,
        problems: &mut Problems,
        warnings: &mut Problems,
    ) -> Vec<Choice> {
        if let Some(wanted) = self.named.get(name) {
            return self.of(wanted, self.named, name, depth + 1, problems, warnings);
        }
        if name == "all" {
            return vec![Choice { populations: (0..self.populations.len()).collect(), conditions: Vec::new() }];
        }
        if let Some(index) = self.populations.iter().position(|population| population.name == name) {
            return vec![Choice { populations: vec![index], conditions: Vec::new() }];
        }
        if name == "biophysical" {
            // What reports record where nothing is said; BMTK would want a set of that name.
            let conditions = vec![("model_type".into(), Json::String(name.into()))];
            return vec![Choice { populations: (0..self.populations.len()).collect(), conditions }];
        }
        let names = self.named.iter().map(|(name, _)| name).chain(self.populations.iter().map(|p| p.name.as_str()));
        let help = tianyan_io::did_you_mean(name, names.chain(["all"]));
        problems.push(entry.problem(key, "sonata-node-set", format!("there is no node set `{name}`")).help(help));
        Vec::new()
    }

    fn by_conditions(
        &self,
        mut conditions: Vec<(String, Json)>,
        entry: &Entry,
        key: &str,
        problems: &mut Problems,
        warnings: &mut Problems,
    ) -> Option<Choice> {
        let mut populations: Vec<usize> = (0..self.populations.len()).collect();
        if let Some(at) = conditions.iter().position(|(key, _)| key == "population" || key == "populations") {
            let (_, wanted) = conditions.remove(at);
            populations.clear();
            for name in listed(&wanted) {
                let found = name.as_str().and_then(|name| self.populations.iter().position(|p| p.name == name));
                match found {
                    Some(index) => populations.push(index),
                    None => {
                        let known = self.populations.iter().map(|p| p.name.as_str());
                        let help = tianyan_io::did_you_mean(name.as_str().unwrap_or_default(), known);
                        let message = format!("there is no population {name}");
                        problems.push(entry.problem(key, "sonata-population", message).help(help));
                    }
                }
            }
        }
        for (column, wanted) in &conditions {
            if column == "node_id" || column == "node_ids" {
                self.warn_of_ids(wanted, &populations, entry, key, warnings);
            }
            let known = column == "node_id"
                || column == "node_ids"
                || populations.iter().any(|p| self.populations[*p].has(column));
            if !known {
                let message = format!("no node has a `{column}`: the condition is ignored, as BMTK does");
                warnings.push(entry.problem(key, "sonata-node-set-column", message));
            }
        }
        Some(Choice { populations, conditions })
    }

    /// Warns of listed nodes that are nowhere.
    fn warn_of_ids(&self, ids: &Json, populations: &[usize], entry: &Entry, key: &str, warnings: &mut Problems) {
        let known = |id: u32| populations.iter().any(|population| self.populations[*population].row(id).is_some());
        let unknown = |id: &&Json| !id.as_u64().and_then(|id| u32::try_from(id).ok()).is_some_and(known);
        let missing: Vec<String> = listed(ids).into_iter().filter(unknown).map(Json::to_string).collect();
        if !missing.is_empty() {
            let message = format!("there are no nodes {}", missing[..missing.len().min(10)].join(", "));
            warnings.push(entry.problem(key, "sonata-node-set", message));
        }
    }

    /// The nodes of some choices as gids, ascending, each once.
    pub fn gids(&self, choices: &[Choice]) -> Result<Vec<Gid>, Problem> {
        let mut found = Vec::new();
        for choice in choices {
            for &index in &choice.populations {
                let population = &self.populations[index];
                for node_id in choice.candidates(population) {
                    if choice.holds(population, node_id)? {
                        found.push(Gid(population.first_gid + node_id));
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

impl Choice {
    /// All nodes, or those that are listed.
    fn candidates(&self, population: &NodePopulation) -> Vec<u32> {
        let named = self.conditions.iter().find(|(key, _)| key == "node_id" || key == "node_ids");
        let Some((_, ids)) = named else { return population.node_ids().collect() };
        let ids = listed(ids).into_iter().filter_map(|id| u32::try_from(id.as_u64()?).ok());
        ids.filter(|id| population.row(*id).is_some()).collect()
    }

    /// Whether a node fulfils all conditions. A column that neither the node's group nor the types have is no
    /// condition there, as in BMTK.
    pub fn holds(&self, population: &NodePopulation, node_id: u32) -> Result<bool, Problem> {
        for (column, wanted) in &self.conditions {
            let listed = column == "node_id" || column == "node_ids";
            if !listed && population.has_for(node_id, column) && !population.value(node_id, column)?.equals(wanted) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// One value, or those of a list.
fn listed(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(values) => values.iter().collect(),
        single => vec![single],
    }
}
