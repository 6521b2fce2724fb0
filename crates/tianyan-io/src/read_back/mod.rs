//! Reads spikes and reports: our own files, and those of BMTK, NEST and other SONATA writers, for tests,
//! comparisons and pictures. Everything is read at once.
//!
//! Of spikes both layouts are read, `/spikes/<population>/{timestamps, node_ids}` and the first one,
//! `/spikes/{timestamps, gids}`; of reports `/report/<population>/{data, mapping}` and `/{data, mapping}`. The
//! attribute `sorting` exists as text, number and enum, and is often wrong; it is not asked: spikes are sorted
//! here. What the files claim is checked, so that everything returned has the shapes and ranges that
//! [`PopulationSpikes`] and [`PopulationReport`] promise.

mod nodes;
mod reader;
mod report;
mod spikes;

use std::fs;
use std::path::Path;

use tianyan_model::{Place, Problem, Problems};
pub use tianyan_model::{PopulationReport, PopulationSpikes};

use crate::output::RunSummary;
pub use nodes::{NodeClasses, read_node_classes};
use reader::Reader;

/// What an HDF5 file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Spikes.
    Spikes,
    /// Traces of cells.
    Report,
    /// Something else: a field potential, a network.
    Other,
}

/// Says what a file holds. Fails if it is no HDF5 file.
pub fn contents(path: &Path) -> Result<Contents, Problems> {
    let reader = Reader::open(path)?;
    let has = |name: &str| reader.root().link_exists(name);
    Ok(if has("spikes") {
        Contents::Spikes
    } else if has("report") || (has("data") && has("mapping")) {
        Contents::Report
    } else {
        Contents::Other
    })
}

/// Reads all populations of a spikes file, by name, each sorted by time, then node id. Times in seconds are
/// converted.
pub fn read_spikes(path: &Path) -> Result<Vec<PopulationSpikes>, Problems> {
    spikes::read(&Reader::open(path)?)
}

/// Reads all populations of a report file, by name.
pub fn read_report(path: &Path) -> Result<Vec<PopulationReport>, Problems> {
    report::read(&Reader::open(path)?)
}

/// Reads a `run.json`.
pub fn read_run_json(path: &Path) -> Result<RunSummary, Problems> {
    let place = || Place::file(path.display().to_string());
    let text = fs::read_to_string(path).map_err(|e| Problem::new("file-unreadable", e.to_string()).at(place()))?;
    serde_json::from_str(&text)
        .map_err(|e| Problem::new("run-json", e.to_string()).at(place().at(e.line() as u32, e.column() as u32)).into())
}
