//! `run.json`: what was run, how far it came and what it cost. Written last: its status tells whether the other
//! files are complete.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tianyan_model::Problems;

use super::part_file::{part_path, rename_synced, write_failed};

/// The name of the file.
pub const RUN_JSON: &str = "run.json";

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// All of the duration was simulated.
    Done,
    /// It was stopped before; the HDF5 files keep their names ending in `.part`.
    Interrupted,
}

/// Name and size of a population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PopulationSize {
    /// As in the config.
    pub name: String,
    /// Number of cells.
    pub cells: u64,
    /// Names of the cells by node id, where the model gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cell_names: Vec<String>,
}

/// One rank of a run: where it was, what it held, and where its time went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankSummary {
    /// Its number.
    pub rank: usize,
    /// The name of its machine.
    pub host: String,
    /// Its threads.
    pub threads: usize,
    /// Its cells.
    pub cells: u64,
    /// Their compartments.
    pub compartments: u64,
    /// Its largest resident memory, MiB.
    pub peak_rss_mb: f64,
    /// Wall time of laying out and initialising its part, s.
    pub layout_s: f64,
    /// Wall time of advancing its cells, s.
    pub computing_s: f64,
    /// Wall time of exchanging spikes, waiting for slower ranks included, s.
    pub spikes_s: f64,
    /// Wall time of exchanging what coupled cells see of each other, s.
    pub peers_s: f64,
    /// Wall time of bringing results to rank 0, s.
    pub results_s: f64,
}

/// The content of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Version of Tianyan.
    pub tianyan_version: String,
    /// Commit it was built from; empty if unknown.
    pub git: String,
    /// The config as the user named it.
    pub config_path: String,
    /// Hash of the config's text.
    pub config_hash: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Step length.
    pub dt_ms: f64,
    /// What was asked for.
    pub duration_ms: f64,
    /// How far the run came.
    pub simulated_ms: f64,
    /// How it ended.
    pub status: RunStatus,
    /// Threads of each rank.
    pub threads: usize,
    /// MPI ranks.
    pub ranks: usize,
    /// `cpu` or `cuda`.
    pub backend: String,
    /// Why.
    pub backend_reason: String,
    /// `f64` or `f32`: the numbers that density mechanisms computed with.
    #[serde(default)]
    pub precision: String,
    /// All populations.
    pub populations: Vec<PopulationSize>,
    /// Cells of all ranks.
    pub cells: u64,
    /// Compartments of all ranks.
    pub compartments: u64,
    /// Steps done.
    pub steps: u64,
    /// Wall time before the first step, s.
    pub setup_s: f64,
    /// Wall time of all steps, s.
    pub solve_s: f64,
    /// Processor time of the whole run, s.
    pub cpu_s: f64,
    /// Wall time of the steps per compartment and step, ns.
    pub ns_per_compartment_step: f64,
    /// Spikes of all ranks.
    pub spikes: u64,
    /// Largest resident memory of a rank, MiB.
    pub peak_rss_mb: f64,
    /// How spikes reached other ranks: `to all` or `to listeners`; empty on one rank.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exchange: String,
    /// All ranks.
    #[serde(default)]
    pub places: Vec<RankSummary>,
    /// Names of the files beside this one; filled in by [`super::Output::close`].
    pub outputs: Vec<String>,
    /// When the run began, RFC 3339 (see [`rfc3339`]).
    pub started: String,
}

/// Writes `run.json` under a temporary name and renames it, so that it is never half there.
///
/// # Errors
/// If it cannot be written.
pub fn write(directory: &Path, summary: &RunSummary) -> Result<(), Problems> {
    let path = directory.join(RUN_JSON);
    let part = part_path(&path);
    let text = serde_json::to_string_pretty(summary).map_err(|error| write_failed(&path, &error))?;
    fs::write(&part, text + "\n").map_err(|error| write_failed(&part, &error))?;
    rename_synced(&part, &path)
}

/// A moment as RFC 3339 in UTC with whole seconds: `2024-02-29T12:00:00Z`. Moments before 1970 give 1970.
pub fn rfc3339(moment: SystemTime) -> String {
    let seconds = moment.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (year, month, day) = civil_date(seconds / 86400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Days since 1970-01-01 to the Gregorian date. Years begin in March, so that the leap day comes last.
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(at(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(at(4_107_542_400), "2100-03-01T00:00:00Z");
    }
}
