//! Numbers and pictures of a spikes file, by population and by class of cells.

mod groups;
mod pictures;
mod text;

use crate::Error;
use groups::Source;
use std::path::{Path, PathBuf};
use tianyan_analysis::{SpikeStatistics, Window, statistics};
use tianyan_io::output::{RUN_JSON, RunSummary};
use tianyan_io::read_back;
use tianyan_model::{Place, PopulationSpikes, Problem, Problems};

/// Bins that fit in memory and patience.
const MOST_BINS: f64 = 1e7;

/// What to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeOptions {
    /// Populations by name; all if empty.
    pub populations: Vec<String>,
    /// How long the run was; `None` asks the run.json beside the file, then the last spike.
    pub duration_ms: Option<f64>,
    /// Spikes before are left out.
    pub from_ms: Option<f64>,
    /// Spikes at this time and later are left out.
    pub to_ms: Option<f64>,
    /// Bins of rates over time and of the synchrony.
    pub bin_ms: f64,
    /// A SONATA nodes file, which knows the cells, silent ones too.
    pub nodes: Option<PathBuf>,
    /// Its table of node types.
    pub node_types: Option<PathBuf>,
    /// A column of either: cells are grouped by its values.
    pub by: Option<String>,
}

impl Default for SpikeOptions {
    fn default() -> SpikeOptions {
        SpikeOptions {
            populations: Vec::new(),
            duration_ms: None,
            from_ms: None,
            to_ms: None,
            bin_ms: 5.0,
            nodes: None,
            node_types: None,
            by: None,
        }
    }
}

/// Cells that belong together: a population, or a class of one.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeGroup {
    /// The population; empty if the file names none.
    pub population: String,
    /// The value of the column that cells are grouped by.
    pub class: Option<String>,
    /// Node ids, sorted.
    pub cells: Vec<u64>,
    /// Names of the cells, as many, where the run gives them; else empty.
    pub cell_names: Vec<String>,
    /// False if only cells with spikes are known.
    pub cells_known: bool,
    /// Its numbers.
    pub statistics: SpikeStatistics,
}

impl SpikeGroup {
    /// `v1`, or `v1: Pvalb`.
    pub fn name(&self) -> String {
        match &self.class {
            Some(class) => format!("{}: {class}", named(&self.population)),
            None => named(&self.population).to_string(),
        }
    }
}

/// A population's name, or that it has none.
pub(crate) fn named(population: &str) -> &str {
    if population.is_empty() { "(unnamed)" } else { population }
}

/// A spikes file, looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct SpikeReport {
    /// The file as it was named.
    pub file: PathBuf,
    /// Which times count.
    pub window: Window,
    /// Where the end of the window comes from.
    pub end_from: &'static str,
    /// Bins of rates over time and of the synchrony.
    pub bin_ms: f64,
    /// By population, then class.
    pub groups: Vec<SpikeGroup>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    spikes: Vec<PopulationSpikes>,
}

impl SpikeReport {
    /// Reads a spikes file and everything the options name.
    pub fn open(file: &Path, options: &SpikeOptions) -> Result<SpikeReport, Error> {
        let spikes = chosen(file, read_back::read_spikes(file)?, &options.populations)?;
        let run = run_beside(file);
        let (window, end_from) = window(file, &spikes, run.as_ref(), options)?;
        check_bin(file, &window, options.bin_ms)?;
        let mut notes = Vec::new();
        let source = Source::open(options, run.as_ref())?;
        let mut groups = Vec::new();
        for of in &spikes {
            for (class, cells) in source.groups(of, spikes.len(), &mut notes) {
                let statistics = statistics(of, &cells.ids, &window, options.bin_ms);
                groups.push(SpikeGroup {
                    population: of.population.clone(),
                    class,
                    cells: cells.ids,
                    cell_names: cells.names,
                    cells_known: cells.known,
                    statistics,
                });
            }
        }
        source.check_used(&spikes)?;
        let outside = spikes.iter().flat_map(|of| &of.times_ms).filter(|t| !window.contains(**t)).count();
        if outside > 0 {
            notes.push(format!("{outside} spikes lie outside these times and are left out"));
        }
        let bin_ms = options.bin_ms;
        Ok(SpikeReport { file: file.to_path_buf(), window, end_from, bin_ms, groups, notes, spikes })
    }
}

/// The run.json beside a file, if there is one.
pub(crate) fn run_beside(file: &Path) -> Option<RunSummary> {
    read_back::read_run_json(&file.parent().unwrap_or(Path::new("")).join(RUN_JSON)).ok()
}

fn problem(file: &Path, code: &'static str, message: String, help: &str) -> Problems {
    Problem::new(code, message).at(Place::file(file.display().to_string())).help(help).into()
}

/// The populations with these names; all if there are no names.
pub(crate) fn chosen(
    file: &Path,
    spikes: Vec<PopulationSpikes>,
    names: &[String],
) -> Result<Vec<PopulationSpikes>, Problems> {
    let there: Vec<&str> = spikes.iter().map(|of| named(&of.population)).collect();
    let absent: Vec<&str> = names.iter().map(String::as_str).filter(|name| !there.contains(name)).collect();
    if !absent.is_empty() {
        let message = format!("no population {} in this file", absent.join(", "));
        return Err(problem(file, "spikes-population", message, &format!("there are {}", there.join(", "))));
    }
    let wanted = |of: &PopulationSpikes| names.is_empty() || names.iter().any(|n| n == named(&of.population));
    Ok(spikes.into_iter().filter(wanted).collect())
}

/// The times that count, and where their end comes from.
fn window(
    file: &Path,
    spikes: &[PopulationSpikes],
    run: Option<&RunSummary>,
    options: &SpikeOptions,
) -> Result<(Window, &'static str), Problems> {
    let last = spikes.iter().filter_map(|of| of.times_ms.last().copied()).max_by(f64::total_cmp);
    let duration = options.duration_ms.map(|d| (d, "--duration-ms"));
    let duration = duration.or(run.map(|run| (run.simulated_ms, RUN_JSON)));
    let duration = duration.or(last.filter(|t| *t > 0.0).map(|t| (t, "the last spike")));
    let end = options.to_ms.map(|t| (t, "--to-ms")).or(duration);
    let Some((to_ms, end_from)) = end else {
        let message = "no spikes, and no run.json beside this file that says how long the run was".to_string();
        return Err(problem(file, "spikes-duration", message, "say it with --duration-ms"));
    };
    let from_ms = options.from_ms.unwrap_or(0.0);
    if !from_ms.is_finite() || !to_ms.is_finite() || to_ms <= from_ms {
        let message = format!("nothing lies between {from_ms} and {to_ms} ms");
        return Err(problem(file, "spikes-window", message, "--from-ms must be less than --to-ms and the run's end"));
    }
    let closed = duration.is_none_or(|(end_ms, _)| to_ms >= end_ms);
    Ok((Window { from_ms, to_ms, closed }, end_from))
}

fn check_bin(file: &Path, window: &Window, bin_ms: f64) -> Result<(), Problems> {
    let bins = window.duration_ms() / bin_ms;
    if bin_ms > 0.0 && bins <= MOST_BINS {
        return Ok(());
    }
    let message = format!("no bins of {bin_ms} ms in {} ms", window.duration_ms());
    Err(problem(file, "spikes-bin", message, "--bin-ms must be more than 0 and not tiny"))
}

#[cfg(test)]
mod tests;
