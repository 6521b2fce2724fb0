//! Recorded spikes that drive connections again, and synapses that fire at given times.

use std::path::PathBuf;

use tianyan_model::Problems;

use super::warn_unknown;
use crate::config::{Entry, Finder};

/// Module `replay`: spikes of a file go through connections of another file of edges.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    pub spikes: PathBuf,
    pub edges: Vec<PathBuf>,
    pub edge_types: Vec<PathBuf>,
}

impl Replay {
    /// Reads the entry.
    pub fn read(entry: &Entry, finder: &Finder, warnings: &mut Problems) -> Result<Replay, Problems> {
        let mut problems = Problems::default();
        warn_unknown(entry, &["spikes_file", "edges", "source_node_set", "target_node_set"], warnings);
        let spikes = finder.existing(entry, "spikes_file", &mut problems).into_iter().next();
        let edges = entry.object("edges", &mut problems);
        let (files, types) = (
            finder.existing(&edges, "edges_file", &mut problems),
            finder.existing(&edges, "edge_types_file", &mut problems),
        );
        problems.or(())?;
        Ok(Replay { spikes: spikes.unwrap_or_default(), edges: files, edge_types: types })
    }
}

/// Module `syn_activity`: connections between chosen cells fire at given times; the others of simulated cells are
/// silent.
#[derive(Debug, Clone)]
pub(crate) struct Activity {
    /// Ascending.
    pub times_ms: Vec<f64>,
    pub before: Entry,
    pub after: Entry,
}

impl Activity {
    /// Reads the entry.
    pub fn read(entry: &Entry, warnings: &mut Problems) -> Result<Activity, Problems> {
        let mut problems = Problems::default();
        warn_unknown(entry, &["precell_filter", "postcell_filter", "timestamps"], warnings);
        if entry.get("precell_filter").is_none() {
            entry.need_text("precell_filter", &mut problems);
        }
        if entry.get("timestamps").is_none() {
            entry.need_number("timestamps", &mut problems);
        }
        let mut times_ms = entry.numbers("timestamps", &mut problems).unwrap_or_default();
        if let Some(wrong) = times_ms.iter().find(|t| **t < 0.0) {
            problems.push(entry.problem(
                "timestamps",
                "sonata-spike-time",
                format!("{wrong} ms is before the run's start"),
            ));
        }
        times_ms.sort_by(f64::total_cmp);
        let (before, after) =
            (entry.object("precell_filter", &mut problems), entry.object("postcell_filter", &mut problems));
        problems.or(Activity { times_ms, before, after })
    }
}
