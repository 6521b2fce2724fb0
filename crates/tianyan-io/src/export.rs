//! The export of a network to NEURON: a folder that builds and runs there without Tianyan.
//!
//! ```text
//! network.json   the whole network: kinds of cells, synapses, connections, couplings, stimuli, reports
//! mods/*.mod     the mechanisms, in the order of the recipe; renamed where NEURON has the name built in
//! network.py     compiles the mods, builds the network, runs it, writes result.h5
//! ```
//!
//! The three files are all that is needed: `python network.py` gives spikes and reports at the rows at which
//! Tianyan records them, and `from network import build` gives the cells to whoever wants to go on in NEURON.
//! Unlike everything else here, an export holds the whole network in memory at once.

mod document;
mod mods;
mod names;

use std::fs;
use std::path::{Path, PathBuf};

use tianyan_model::{Place, Problem, Problems, Recipe};
use tianyan_nmodl::MechanismKind;

/// The script that builds and runs the network.
const SCRIPT: &str = include_str!("export/network.py");

/// A mechanism as the export needs it; the list is in the recipe's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportMechanism {
    /// SUFFIX or POINT_PROCESS name.
    pub name: String,
    /// The NMODL text.
    pub text: String,
    /// How it sits on a cell.
    pub kind: MechanismKind,
    /// Its RANDOM streams.
    pub streams: Vec<String>,
    /// Its FUNCTION_TABLEs.
    pub function_tables: Vec<String>,
}

/// Writes the network into `directory`, which is made if need be, and gives the files written. Files of an
/// earlier export are replaced, and its mechanisms removed.
pub fn export_neuron(
    recipe: &dyn Recipe,
    mechanisms: &[ExportMechanism],
    directory: &Path,
) -> Result<Vec<PathBuf>, Problems> {
    let network = document::network(recipe, mechanisms)?;
    let mods = directory.join("mods");
    prepare(&mods)?;
    let mut written = Vec::with_capacity(mechanisms.len() + 2);
    for (index, mechanism) in mechanisms.iter().enumerate() {
        let path = mods.join(mods::file_name(index, &mechanism.name));
        let text = mods::renamed(&mechanism.text, &mechanism.name, &mods::neuron_name(&mechanism.name));
        written.push(write(path, &text)?);
    }
    written.push(write(directory.join("network.json"), &network)?);
    written.push(write(directory.join("network.py"), SCRIPT)?);
    Ok(written)
}

/// Makes an empty folder for the mechanisms.
fn prepare(mods: &Path) -> Result<(), Problems> {
    fs::create_dir_all(mods).map_err(|error| unwritable(mods, &error))?;
    let entries = fs::read_dir(mods).map_err(|error| unwritable(mods, &error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "mod") {
            fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
        }
    }
    Ok(())
}

fn write(path: PathBuf, text: &str) -> Result<PathBuf, Problems> {
    fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
    Ok(path)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problems {
    Problem::new("export-write", format!("cannot write the export: {error}"))
        .at(Place::file(path.display().to_string()))
        .help("choose another folder")
        .into()
}

#[cfg(test)]
mod tests;
