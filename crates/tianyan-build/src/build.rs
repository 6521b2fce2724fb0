//! The straight path, from a build file to a folder.

use std::fs;
use std::path::{Path, PathBuf};

use tianyan_io::network_files::{create_folder, write_input_spikes, write_json, write_nodes};
use tianyan_model::{Place, Problem, Problems};

use crate::components::{self, Components};
use crate::configs;
use crate::connect::{EdgePopulation, connect};
use crate::edges::write_edges;
use crate::inputs::{Trains, trains};
use crate::lookup::Lookups;
use crate::nodes::{Common, Population, populate};
use crate::read::Description;

/// How to build, beside what the file says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildOptions {
    /// Instead of the file's scale.
    pub scale: Option<f64>,
    /// Instead of the file's seed.
    pub seed: Option<u64>,
    /// Instead of the file's folder of components.
    pub components: Option<PathBuf>,
}

/// What was built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// Populations of nodes.
    pub nodes: Vec<BuiltNodes>,
    /// Populations of edges.
    pub edges: Vec<BuiltEdges>,
    /// Input spikes.
    pub spikes: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// A population of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltNodes {
    /// Its name.
    pub name: String,
    /// Number of nodes.
    pub nodes: u64,
    /// Number of rows of its types table.
    pub types: u64,
}

/// The edges between two populations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltEdges {
    /// `source_to_target`.
    pub name: String,
    /// Number of edges.
    pub edges: u64,
    /// Number of synapses.
    pub synapses: u64,
}

/// A network, checked and ready to be written: all but its edges is in memory.
#[derive(Debug)]
pub struct Plan<'a> {
    description: &'a Description,
    seed: u64,
    components: Components,
    populations: Vec<Population>,
    edges: Vec<EdgePopulation>,
    /// Population and spikes.
    inputs: Vec<(usize, Trains)>,
}

impl<'a> Plan<'a> {
    /// Finds out what a description means; all its problems at once. Nothing is written.
    pub fn new(description: &'a Description, options: &BuildOptions) -> Result<Plan<'a>, Problems> {
        let document = &description.document;
        let (seed, scale) = (options.seed.unwrap_or(document.seed), options.scale.unwrap_or(document.scale));
        let common = Common { seed, scale, base: &description.base };
        let mut lookups = Lookups::new(&description.base);
        let mut problems = Problems::default();
        if !(scale > 0.0 && scale <= 1.0) {
            return Err(Problem::new("build-scale", "the scale must lie above 0 and not above 1").into());
        }
        let folder = document.components.as_ref().and_then(|entry| entry.folder.as_ref());
        let folder = options.components.clone().or(folder.map(|folder| description.base.join(folder)));
        let components = problems.take(components::find(document, folder.as_deref()));
        let mut populations: Vec<Population> = Vec::new();
        for (name, entry) in document.populations.iter() {
            let population = populate(name, entry, populations.last(), common, &mut lookups);
            populations.extend(problems.take(population));
        }
        let whole = populations.len() == document.populations.0.len();
        let (mut edges, mut inputs) = (Vec::new(), Vec::new());
        if whole {
            let connected = connect(&document.connections, &populations, seed, scale, &mut lookups);
            edges = problems.take(connected).unwrap_or_default();
            let end_ms = configs::duration_ms(document);
            for (number, entry) in document.inputs.iter().enumerate() {
                let number = number as u32;
                let drawn = trains(entry, number, &populations, end_ms, seed, &mut lookups, &description.base);
                inputs.extend(problems.take(drawn));
            }
        }
        match components {
            Some(components) => problems.or(Plan { description, seed, components, populations, edges, inputs }),
            None => Err(problems),
        }
    }

    /// Writes the network. The circuit's file comes last: a folder that has one is complete.
    pub fn write(mut self, folder: &Path, overwrite: bool) -> Result<Built, Problems> {
        prepare(folder, overwrite)?;
        let mut built = Built::default();
        self.components.write(&folder.join("components"))?;
        for population in &self.populations {
            let path = |what: &str| folder.join("network").join(format!("{}_{what}", population.name));
            write_nodes(&path("nodes.h5"), &population.name, &population.type_ids, &population.columns())?;
            population.table.write(&path("node_types.csv"))?;
            let (nodes, types) = (population.len() as u64, population.table.len() as u64);
            built.nodes.push(BuiltNodes { name: population.name.clone(), nodes, types });
        }
        let spikes = self.write_inputs(folder, &mut built)?;
        for edges in &self.edges {
            let (source, target) = self.ends(edges);
            let path = |what: &str| folder.join("network").join(format!("{source}_{target}_{what}"));
            edges.table.write(&path("edge_types.csv"))?;
            let count = write_edges(&path("edges.h5"), edges, &self.populations, self.seed)?;
            let name = format!("{source}_to_{target}");
            built.edges.push(BuiltEdges { name, edges: count.edges, synapses: count.synapses });
        }
        let ends: Vec<configs::Ends> = self.edges.iter().map(|edges| self.ends(edges)).collect();
        let document = &self.description.document;
        write_json(&folder.join("node_sets.json"), &configs::node_sets(document, &self.populations))?;
        write_json(&folder.join(SIMULATION), &configs::simulation(document, &spikes))?;
        write_json(&folder.join(CIRCUIT), &configs::circuit(&self.populations, &ends))?;
        built.bytes = ["network", "inputs", "components"].iter().map(|sub| bytes_below(&folder.join(sub))).sum();
        Ok(built)
    }

    /// Writes a spikes file for each population with inputs, several inputs merged; gives their names.
    fn write_inputs(&mut self, folder: &Path, built: &mut Built) -> Result<Vec<String>, Problems> {
        let mut names = Vec::new();
        for (index, population) in self.populations.iter().enumerate() {
            let mut of = self.inputs.iter_mut().filter(|(i, _)| *i == index).peekable();
            if of.peek().is_none() {
                continue;
            }
            let mut spikes: Trains = of.flat_map(|(_, trains)| std::mem::take(trains)).collect();
            spikes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let path = folder.join("inputs").join(format!("{}_spikes.h5", population.name));
            write_input_spikes(&path, &population.name, &spikes)?;
            built.spikes += spikes.len() as u64;
            names.push(population.name.clone());
        }
        Ok(names)
    }

    fn ends(&self, edges: &EdgePopulation) -> configs::Ends {
        (self.populations[edges.source].name.clone(), self.populations[edges.target].name.clone())
    }
}

const CIRCUIT: &str = "circuit_config.json";
const SIMULATION: &str = "simulation_config.json";

/// Creates the folders. Files of an earlier network are replaced if that is allowed, its circuit first of all.
fn prepare(folder: &Path, overwrite: bool) -> Result<(), Problems> {
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !overwrite {
        let problem = Problem::new("output-exists", "the output folder exists and is not empty");
        let place = Place::file(folder.display().to_string());
        return Err(problem.at(place).help("use --overwrite to replace the network, or name another folder").into());
    }
    for name in [CIRCUIT, SIMULATION, "node_sets.json"] {
        remove(fs::remove_file(folder.join(name)), folder)?;
    }
    create_folder(&folder.join("network"))?;
    create_folder(&folder.join("inputs"))
}

fn remove(result: std::io::Result<()>, folder: &Path) -> Result<(), Problems> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let message = format!("cannot replace the network: {error}");
            Err(Problem::new("output-not-writable", message).at(Place::file(folder.display().to_string())).into())
        }
        _ => Ok(()),
    }
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { bytes_below(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) }
            },
        )
        .sum()
}
