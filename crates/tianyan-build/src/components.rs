//! Morphologies, parameters and mechanisms: found by name, and copied beside the network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tianyan_io::config::Named;
use tianyan_io::config::nearest::did_you_mean;
use tianyan_io::network_files::{copy_file, create_folder, write_json};
use tianyan_model::{Place, Problem, Problems};

use crate::schema::{Document, ModelType};
use crate::values::Cell;

/// Folders of a network's components, below `components`.
pub const MORPHOLOGIES: &str = "morphologies";
/// Parameters of biophysical cells.
pub const BIOPHYSICAL: &str = "biophysical_neuron_models";
/// Parameters of point neurons.
pub const POINT: &str = "point_neuron_models";
/// Parameters of synapses.
pub const SYNAPTIC: &str = "synaptic_models";
/// Mechanisms: .mod files, in a folder of their own as BMTK has it.
pub const MECHANISMS: &str = "mechanisms/modfiles";

/// The file of parameters that goes by this name: `x` and `x.json` are `x.json`.
pub fn parameter_file(name: &str) -> String {
    if name.ends_with(".json") { name.into() } else { format!("{name}.json") }
}

/// Everything a document needs, and where it is to go.
#[derive(Debug, Default)]
pub struct Components {
    /// Target below `components`, and the file.
    copies: BTreeMap<PathBuf, PathBuf>,
    /// Target below `components`, and the document.
    written: BTreeMap<PathBuf, Value>,
}

/// Finds all components below `folder`; every one that is missing is a problem.
pub fn find(document: &Document, folder: Option<&Path>) -> Result<Components, Problems> {
    let mut found = Components::default();
    found.inline(&document.synapses, SYNAPTIC);
    found.inline(&document.neurons, POINT);
    let mut problems = Problems::default();
    let files = folder.map_or(Ok(BTreeMap::new()), files_below);
    let files = problems.take(files).unwrap_or_default();
    for (target, name, place) in needed(document) {
        let target = Path::new(target).join(&name);
        if found.written.contains_key(&target) || found.copies.contains_key(&target) {
            continue;
        }
        match files.get(&name) {
            Some(path) => drop(found.copies.insert(target, path.clone())),
            None => problems.push(missing(&name, place, folder, &files)),
        }
    }
    let biophysical = types(document).any(|(_, t)| t.model_type == ModelType::Biophysical);
    if biophysical && document.components.as_ref().is_none_or(|components| components.mechanisms) {
        let mods = files.iter().filter(|(name, _)| name.ends_with(".mod"));
        found.copies.extend(mods.map(|(name, path)| (Path::new(MECHANISMS).join(name), path.clone())));
    }
    problems.or(found)
}

impl Components {
    fn inline(&mut self, models: &Named<Named<Cell>>, folder: &str) {
        for (name, parameters) in models.iter() {
            let document: Map<String, Value> = parameters.iter().map(|(k, v)| (k.to_string(), v.json())).collect();
            self.written.insert(Path::new(folder).join(parameter_file(name)), Value::Object(document));
        }
    }

    /// Copies and writes all files below `folder`.
    pub fn write(&self, folder: &Path) -> Result<(), Problems> {
        for sub in [MORPHOLOGIES, BIOPHYSICAL, POINT, SYNAPTIC, MECHANISMS] {
            create_folder(&folder.join(sub))?;
        }
        for (target, source) in &self.copies {
            copy_file(source, &folder.join(target))?;
        }
        self.written.iter().try_for_each(|(target, document)| write_json(&folder.join(target), document))
    }
}

fn types(document: &Document) -> impl Iterator<Item = (&str, &crate::schema::TypeEntry)> {
    document.populations.iter().flat_map(|(_, population)| population.types.iter())
}

/// Folder, file name, and the key that names it.
fn needed(document: &Document) -> Vec<(&'static str, String, Place)> {
    let mut all = Vec::new();
    for (_, entry) in types(document) {
        let parameters = if entry.model_type == ModelType::Biophysical { BIOPHYSICAL } else { POINT };
        let own = [(&entry.morphology, &entry.dynamics_params, &entry.spot)];
        let variants = entry.variants.iter().map(|v| (&v.morphology, &v.dynamics_params, &v.spot));
        for (morphology, dynamics, spot) in own.into_iter().chain(variants) {
            let swc = |name: &String| if name.ends_with(".swc") { name.clone() } else { format!("{name}.swc") };
            all.extend(morphology.iter().map(|name| (MORPHOLOGIES, swc(name), spot.at("morphology"))));
            all.extend(dynamics.iter().map(|name| (parameters, parameter_file(name), spot.at("dynamics_params"))));
        }
    }
    for entry in &document.connections {
        let name = entry.dynamics_params.iter();
        all.extend(name.map(|name| (SYNAPTIC, parameter_file(name), entry.spot.at("dynamics_params"))));
    }
    all
}

/// All files below a folder by name; of several of one name the first in the order of paths.
fn files_below(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Problems> {
    let unreadable = |path: &Path, error: std::io::Error| {
        let message = format!("cannot read this folder: {error}");
        Problem::new("file-unreadable", message).at(Place::file(path.display().to_string()))
    };
    let (mut found, mut folders) = (BTreeMap::new(), BTreeSet::from([folder.to_path_buf()]));
    while let Some(next) = folders.pop_first() {
        let entries = std::fs::read_dir(&next).map_err(|error| unreadable(&next, error))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.insert(path);
            } else {
                found.entry(name).or_insert(path);
            }
        }
    }
    Ok(found)
}

fn missing(name: &str, place: Place, folder: Option<&Path>, files: &BTreeMap<String, PathBuf>) -> Problem {
    let problem = |message: String| Problem::new("build-component", message).at(place);
    let Some(folder) = folder else {
        let problem = problem(format!("{name} is needed, but there is no folder of components"));
        return problem.help("name one under [components] (folder = \"...\") or with --components");
    };
    let same_end = |file: &&String| Path::new(file).extension() == Path::new(name).extension();
    let help = did_you_mean(name, files.keys().filter(same_end).map(String::as_str));
    problem(format!("{name} is nowhere below {}", folder.display())).help(help)
}
