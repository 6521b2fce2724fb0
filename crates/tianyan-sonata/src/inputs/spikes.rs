//! Inputs of known spikes.

use std::path::PathBuf;

use tianyan_model::Problems;

use super::warn_unknown;
use crate::config::{Entry, Finder};

/// A file of spikes for the virtual nodes of some populations.
#[derive(Debug, Clone)]
pub(crate) struct SpikeInput {
    pub file: PathBuf,
    /// `sonata`, `h5`, `csv` or `nwb`.
    pub module: String,
    pub trial: Option<String>,
    /// Populations of the file that count; all if there are none.
    pub populations: Vec<String>,
}

impl SpikeInput {
    /// Reads the entry.
    pub fn read(entry: &Entry, module: &str, finder: &Finder, warnings: &mut Problems) -> Result<SpikeInput, Problems> {
        let mut problems = Problems::default();
        warn_unknown(entry, &["input_file", "trial", "population", "populations"], warnings);
        let file = finder.existing(entry, "input_file", &mut problems).into_iter().next();
        let trial = entry.text("trial", &mut problems);
        let key = if entry.get("population").is_some() { "population" } else { "populations" };
        let populations = entry.texts(key, &mut problems).unwrap_or_default();
        problems.or(())?;
        Ok(SpikeInput { file: file.unwrap_or_default(), module: module.into(), trial, populations })
    }
}
