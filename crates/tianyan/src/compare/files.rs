//! What an output consists of.

use crate::spikes::run_beside;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tianyan_io::read_back::{self, Contents};
use tianyan_model::{Place, Problem, Problems};

/// The files of one output.
pub(super) struct Side {
    /// Spikes.
    pub spikes: Option<PathBuf>,
    /// Reports by name.
    pub reports: BTreeMap<String, PathBuf>,
    /// True if the output is a single file, whose name means nothing.
    pub single: bool,
    /// Its step, if a run.json says so.
    pub step_ms: Option<f64>,
    /// What was left out.
    pub notes: Vec<String>,
}

impl Side {
    /// Looks into a folder, or at a file.
    pub fn open(path: &Path) -> Result<Side, Problems> {
        let single = !path.is_dir();
        let files = if single { vec![path.to_path_buf()] } else { hdf5_files(path)? };
        let inside = if single { path.to_path_buf() } else { path.join("run.json") };
        let step_ms = run_beside(&inside).map(|run| run.dt_ms);
        let mut side = Side { spikes: None, reports: BTreeMap::new(), single, step_ms, notes: Vec::new() };
        for file in files {
            side.add(file)?;
        }
        if side.spikes.is_none() && side.reports.is_empty() {
            let problem = Problem::new("compare-empty", "neither spikes nor reports are here");
            let problem = problem.at(Place::file(path.display().to_string()));
            return Err(problem.help("name a folder of results, or a spikes or report file").into());
        }
        Ok(side)
    }

    fn add(&mut self, file: PathBuf) -> Result<(), Problems> {
        match read_back::contents(&file)? {
            Contents::Spikes if self.spikes.is_none() => self.spikes = Some(file),
            Contents::Spikes => self.notes.push(format!("{}: more spikes, not compared", file.display())),
            Contents::Report => {
                self.reports.insert(report_name(&file), file);
            }
            Contents::Other => {
                self.notes.push(format!("{}: neither spikes nor traces of cells, not compared", file.display()));
            }
        }
        Ok(())
    }
}

/// `out/soma_v.h5` and `out/soma_v.h5.part` -> `soma_v`
fn report_name(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.strip_suffix(".part").unwrap_or(&name);
    name.strip_suffix(".h5").unwrap_or(name).to_string()
}

/// The HDF5 files of a folder, `spikes.h5` first, then by name.
fn hdf5_files(folder: &Path) -> Result<Vec<PathBuf>, Problems> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        Problem::new("file-unreadable", error.to_string()).at(Place::file(folder.display().to_string()))
    })?;
    let is_hdf5 = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.ends_with(".h5") || name.ends_with(".h5.part")
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_hdf5).collect();
    files.sort_by_key(|path| (report_name(path) != "spikes", path.clone()));
    Ok(files)
}
