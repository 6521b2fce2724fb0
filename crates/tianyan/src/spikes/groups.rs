//! Which cells there are: from a nodes file, from run.json, or, if need be, those with spikes.

use super::{SpikeOptions, named};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tianyan_io::output::{PopulationSize, RunSummary};
use tianyan_io::read_back::{NodeClasses, read_node_classes};
use tianyan_model::{Place, PopulationSpikes, Problem, Problems};

/// Cells of a population that run.json is believed about.
const MOST_CELLS: u64 = 100_000_000;
/// Classes that a table can show.
const MOST_CLASSES: usize = 200;

/// What is known of the cells.
pub(super) struct Source {
    nodes: Vec<NodeClasses>,
    nodes_file: Option<PathBuf>,
    sizes: Vec<PopulationSize>,
}

/// Cells of a group.
pub(super) struct Cells {
    /// Node ids, sorted.
    pub ids: Vec<u64>,
    /// As many names, or none.
    pub names: Vec<String>,
    /// False if only cells with spikes are known.
    pub known: bool,
}

impl Source {
    /// Reads what the options name.
    pub fn open(options: &SpikeOptions, run: Option<&RunSummary>) -> Result<Source, Problems> {
        let mut nodes = Vec::new();
        if let Some(file) = &options.nodes {
            nodes = read_node_classes(file, options.node_types.as_deref(), options.by.as_deref())?;
            check_classes(file, &nodes, options.by.as_deref().unwrap_or_default())?;
        } else if options.by.is_some() || options.node_types.is_some() {
            let problem = Problem::new("nodes-missing", "cells cannot be grouped without a nodes file");
            return Err(problem.help("name it with --nodes").into());
        }
        let sizes = run.map(|run| run.populations.clone()).unwrap_or_default();
        Ok(Source { nodes, nodes_file: options.nodes.clone(), sizes })
    }

    /// The nodes of a population; of the only one if the spikes file names none.
    fn nodes_of(&self, population: &str) -> Option<&NodeClasses> {
        let only = self.nodes.first().filter(|_| population.is_empty() && self.nodes.len() == 1);
        self.nodes.iter().find(|n| n.population == population).or(only)
    }

    /// The groups of a population, one of `populations`, by class.
    pub fn groups(
        &self,
        spikes: &PopulationSpikes,
        populations: usize,
        notes: &mut Vec<String>,
    ) -> Vec<(Option<String>, Cells)> {
        let name = named(&spikes.population);
        if let Some(nodes) = self.nodes_of(&spikes.population) {
            let known = nodes.node_ids.iter().copied().collect::<std::collections::BTreeSet<u64>>();
            let strangers = spikes.node_ids.iter().filter(|id| !known.contains(id)).count();
            if strangers > 0 {
                notes.push(format!("{strangers} spikes of {name} are of cells that the nodes file lacks; left out"));
            }
            return by_class(nodes);
        }
        if self.nodes_file.is_some() && populations > 1 {
            notes.push(format!("population {name} is not in the nodes file"));
        }
        vec![(None, self.cells_of(spikes, notes))]
    }

    /// The cells of a population without a nodes file.
    fn cells_of(&self, spikes: &PopulationSpikes, notes: &mut Vec<String>) -> Cells {
        let mut ids = spikes.node_ids.clone();
        ids.sort_unstable();
        ids.dedup();
        let name = named(&spikes.population);
        let size = self.sizes.iter().find(|p| p.name == spikes.population && p.cells <= MOST_CELLS);
        let Some(size) = size else {
            notes.push(format!("rates of {name} are of cells with spikes only; --nodes tells the silent ones"));
            return Cells { ids, names: Vec::new(), known: false };
        };
        let strangers = ids.partition_point(|id| *id < size.cells);
        let mut all: Vec<u64> = (0..size.cells).collect();
        all.extend(&ids[strangers..]);
        let names = if size.cell_names.len() == all.len() { size.cell_names.clone() } else { Vec::new() };
        Cells { ids: all, names, known: true }
    }

    /// A nodes file that knows none of the populations was meant for another file.
    pub fn check_used(&self, spikes: &[PopulationSpikes]) -> Result<(), Problems> {
        let Some(file) = &self.nodes_file else { return Ok(()) };
        if spikes.is_empty() || spikes.iter().any(|of| self.nodes_of(&of.population).is_some()) {
            return Ok(());
        }
        let list = |names: Vec<&str>| names.join(", ");
        let spiking = list(spikes.iter().map(|of| named(&of.population)).collect());
        let here = list(self.nodes.iter().map(|n| n.population.as_str()).collect());
        let problem = Problem::new("nodes-population", format!("no population {spiking} in this nodes file"));
        Err(problem.at(Place::file(file.display().to_string())).help(format!("there are {here}")).into())
    }
}

fn check_classes(file: &std::path::Path, nodes: &[NodeClasses], column: &str) -> Result<(), Problems> {
    for of in nodes {
        let mut classes: Vec<&String> = of.classes.iter().collect();
        classes.sort();
        classes.dedup();
        if classes.len() > MOST_CLASSES {
            let message = format!("column `{column}` has {} values in {}", classes.len(), named(&of.population));
            let problem = Problem::new("nodes-classes", message).at(Place::file(file.display().to_string()));
            return Err(problem.help("group by a column that sorts cells into kinds").into());
        }
    }
    Ok(())
}

fn by_class(nodes: &NodeClasses) -> Vec<(Option<String>, Cells)> {
    let mut classes: BTreeMap<Option<String>, Vec<u64>> = BTreeMap::new();
    for (i, id) in nodes.node_ids.iter().enumerate() {
        classes.entry(nodes.classes.get(i).cloned()).or_default().push(*id);
    }
    let sorted = |mut ids: Vec<u64>| {
        ids.sort_unstable();
        ids.dedup();
        Cells { ids, names: Vec::new(), known: true }
    };
    let mut groups: Vec<(Option<String>, Cells)> =
        classes.into_iter().map(|(class, ids)| (class, sorted(ids))).collect();
    // Classes that are numbers stand in the order of numbers.
    let number = |class: &Option<String>| class.as_ref().and_then(|c| c.parse::<f64>().ok()).unwrap_or(f64::INFINITY);
    groups.sort_by(|l, r| number(&l.0).total_cmp(&number(&r.0)));
    groups
}
