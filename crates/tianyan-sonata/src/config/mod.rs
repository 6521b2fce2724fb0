//! The config: one JSON file, or a parent with `network` and `simulation`, with its variables replaced.
//!
//! BMTK resolves relative paths in the working directory, and its examples are run from their own folder. Here they
//! are looked for in the folder of the config first, then in the working directory.

mod entry;
mod finder;
mod manifest;
mod parts;

use std::path::{Path, PathBuf};

pub(crate) use entry::{Entry, as_number};
pub(crate) use finder::Finder;
use parts::{merged, object};
use serde_json::Map;
use tianyan_model::{Problem, Problems};

/// What was typed, with defaults where BMTK has them.
#[derive(Debug, Clone)]
pub struct SimulationConfig {
    /// The file, as it was named.
    pub(crate) file: PathBuf,
    /// All text that was read, for run.json's hash.
    pub(crate) text: String,
    pub(crate) run: Run,
    pub(crate) output: OutputEntry,
    pub(crate) components: Entry,
    /// Pairs of data files and type files.
    pub(crate) nodes: Vec<Files>,
    pub(crate) edges: Vec<Files>,
    pub(crate) node_sets: Entry,
    pub(crate) inputs: Vec<(String, Entry)>,
    pub(crate) reports: Vec<(String, Entry)>,
}

/// `run` and `conditions`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub stop_ms: f64,
    pub dt_ms: f64,
    pub max_compartment_um: f64,
    pub spike_threshold_mv: f64,
    pub celsius: f64,
    pub v_init_mv: f64,
}

/// `output`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct OutputEntry {
    pub directory: PathBuf,
    pub spikes_file: Option<String>,
    pub spikes_csv: Option<String>,
    pub sort_by_id: bool,
    pub overwrite: bool,
}

/// Files that belong together.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub data: Vec<PathBuf>,
    pub types: Vec<PathBuf>,
}

/// Reads a config and all configs it names. The second value are warnings.
pub fn read_config(path: &Path) -> Result<(SimulationConfig, Problems), Problems> {
    let mut problems = Problems::default();
    let mut text = String::new();
    let Some(merged) = merged(path, &mut text, 0, &mut problems) else { return Err(problems) };
    let whole = Entry::new(path.display().to_string(), "", merged);
    let mut warnings = Problems::default();
    let config = understood(path, text, whole, &mut problems, &mut warnings);
    problems.or(())?;
    config.map(|config| (config, warnings)).ok_or_else(Problems::default)
}

/// Whether a JSON file looks like a config of SONATA: by its name alone.
pub fn is_config(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Simulators whose configs BioNet shares its form with.
const OTHER_SIMULATORS: &[&str] = &["nest", "dipde", "lgnmodel", "filternet", "pointnet", "popnet"];

/// Shorter compartments are a mistake, um.
const SHORTEST_UM: f64 = 0.01;

/// Steps of a run; more are a mistake.
const MOST_STEPS: f64 = 1e9;

const TOP: &[&str] = &[
    "manifest",
    "network",
    "simulation",
    "run",
    "conditions",
    "output",
    "components",
    "networks",
    "node_sets",
    "node_sets_file",
    "inputs",
    "reports",
    "target_simulator",
    "version",
    "metadata",
    "config_path",
    "config_dir",
    "gid_mapping_file",
];
const RUN: &[&str] = &[
    "tstop",
    "dt",
    "tstart",
    "dL",
    "spike_threshold",
    "nsteps_block",
    "overwrite_output_dir",
    "duration",
    "random_seed",
    "use_old_import3d",
    "backward_compatible",
];
const OUTPUT: &[&str] = &[
    "output_dir",
    "log_file",
    "spikes_file",
    "spikes_file_csv",
    "spikes_file_nwb",
    "spikes_sort_order",
    "overwrite_output_dir",
    "compression",
    "log_level",
    "log_format",
    "log_to_console",
    "quiet_simulator",
    "cache_to_disk",
    "quiet_simulator",
];

fn understood(
    path: &Path,
    text: String,
    whole: Entry,
    problems: &mut Problems,
    warnings: &mut Problems,
) -> Option<SimulationConfig> {
    if let Some(problem) = other_kind(&whole, warnings) {
        problems.push(problem);
        return None;
    }
    whole.warn_unknown(TOP, warnings);
    let finder = Finder::new(path);
    let run = run(&whole, problems, warnings);
    let networks = whole.object("networks", problems);
    networks.warn_unknown(&["nodes", "edges", "gap_juncs"], warnings);
    let pair = |entry: &Entry, data: &str, types: &str, problems: &mut Problems| Files {
        data: finder.existing(entry, data, problems),
        types: finder.existing(entry, types, problems),
    };
    let mut nodes = Vec::new();
    for entry in networks.list("nodes", problems) {
        entry.warn_unknown(&["nodes_file", "node_types_file", "populations"], warnings);
        nodes.push(pair(&entry, "nodes_file", "node_types_file", problems));
    }
    if nodes.is_empty() && problems.0.is_empty() {
        let problem = whole.problem("networks.nodes", "sonata-missing-key", "the config names no files of nodes");
        problems.push(problem.help("a network has `networks.nodes` with nodes_file and node_types_file"));
    }
    let mut edges: Vec<Files> = Vec::new();
    for entry in networks.list("edges", problems) {
        entry.warn_unknown(&["edges_file", "edge_types_file", "enabled", "populations"], warnings);
        if entry.is_enabled(problems) {
            let files = pair(&entry, "edges_file", "edge_types_file", problems);
            if let Some(twice) = files.data.iter().find(|path| edges.iter().any(|other| other.data.contains(path))) {
                let message = format!("{} is named twice: its synapses are made twice", twice.display());
                warnings.push(entry.problem("edges_file", "sonata-twice", message));
            }
            edges.push(files);
        }
    }
    Some(SimulationConfig {
        file: path.to_path_buf(),
        text,
        run: run?,
        output: output(&whole, &finder, problems, warnings),
        components: whole.object("components", problems),
        nodes,
        edges,
        node_sets: node_sets(&whole, &finder, problems)?,
        inputs: whole.object("inputs", problems).objects(problems),
        reports: whole.object("reports", problems).objects(problems),
    })
}

/// A config that is none of a whole BioNet network.
fn other_kind(whole: &Entry, warnings: &mut Problems) -> Option<Problem> {
    let simulator = whole.text("target_simulator", &mut Problems::default()).unwrap_or_default();
    let has = |key: &str| whole.get(key).is_some();
    if OTHER_SIMULATORS.contains(&simulator.to_lowercase().as_str()) {
        let message = format!("the config is meant for {simulator}, not for NEURON");
        let problem = whole.problem("target_simulator", "sonata-simulator", message);
        let problem =
            problem.help("networks of BMTK's BioNet can be run: biophysical cells, and NEURON's artificial ones");
        if !has("conditions") {
            return Some(problem);
        }
        warnings.push(problem);
    }
    if has("networks") && !has("run") && !has("conditions") {
        let message = "this is the circuit part of a config: it says nothing of a run";
        let help = "run the config that names this file under `network`";
        return Some(whole.problem("run", "sonata-missing-key", message).help(help));
    }
    if has("run") && !has("networks") && !has("network") {
        let message = "this is the simulation part of a config: it names no network";
        let help =
            "run the config that names this file under `simulation`, or give it `network`, the file with `networks`";
        return Some(whole.problem("network", "sonata-missing-key", message).help(help));
    }
    None
}

fn run(whole: &Entry, problems: &mut Problems, warnings: &mut Problems) -> Option<Run> {
    let entry = whole.object("run", problems);
    entry.warn_unknown(RUN, warnings);
    let conditions = whole.object("conditions", problems);
    conditions.warn_unknown(&["celsius", "v_init"], warnings);
    let stop_ms = entry.need_number("tstop", problems);
    let dt_ms = entry.number("dt", problems).unwrap_or(0.1);
    let start_ms = entry.number("tstart", problems).unwrap_or(0.0);
    if start_ms != 0.0 {
        problems.push(entry.problem("tstart", "sonata-value", format!("tstart = {start_ms} ms: runs begin at 0")));
    }
    let max_compartment_um = entry.number("dL", problems).unwrap_or(20.0);
    for (key, value) in [("dt", dt_ms), ("dL", max_compartment_um)] {
        if value <= 0.0 {
            problems.push(entry.problem(key, "sonata-value", format!("{key} = {value} must be above 0")));
        }
    }
    if max_compartment_um > 0.0 && max_compartment_um < SHORTEST_UM {
        let message = format!("dL = {max_compartment_um} um makes compartments shorter than {SHORTEST_UM} um");
        problems
            .push(entry.problem("dL", "sonata-value", message).help("dL is the largest length of a compartment, um"));
    }
    if let Some(stop) = stop_ms.filter(|stop| *stop < 0.0) {
        problems.push(entry.problem("tstop", "sonata-value", format!("tstop = {stop} must not be negative")));
    } else if let Some(stop) = stop_ms.filter(|stop| dt_ms > 0.0 && !is_multiple(*stop, dt_ms)) {
        let near = (stop / dt_ms).round() * dt_ms;
        let problem =
            entry.problem("tstop", "sonata-multiple", format!("tstop = {stop} ms is no multiple of dt = {dt_ms} ms"));
        problems.push(problem.help(format!("{} would be one", rounded(near))));
    }
    if let Some(stop) = stop_ms.filter(|stop| dt_ms > 0.0 && stop / dt_ms > MOST_STEPS) {
        let message = format!("tstop = {stop} ms takes more than {MOST_STEPS} steps of dt = {dt_ms} ms");
        problems.push(entry.problem("tstop", "sonata-value", message));
    }
    let celsius = conditions.need_number("celsius", problems);
    let v_init_mv = conditions.need_number("v_init", problems);
    let spike_threshold_mv = entry.number("spike_threshold", problems).unwrap_or(-15.0);
    Some(Run {
        stop_ms: stop_ms?,
        dt_ms,
        max_compartment_um,
        spike_threshold_mv,
        celsius: celsius?,
        v_init_mv: v_init_mv?,
    })
}

/// True if `value` is a whole number of `step`s, up to rounding.
pub(crate) fn is_multiple(value: f64, step: f64) -> bool {
    let ratio = value / step;
    (ratio - ratio.round()).abs() <= 1e-6_f64.max(ratio.abs() * 1e-12)
}

/// The number without its last digits, for messages.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.9}").parse().unwrap_or(value)
}

fn output(whole: &Entry, finder: &Finder, problems: &mut Problems, warnings: &mut Problems) -> OutputEntry {
    let entry = whole.object("output", problems);
    entry.warn_unknown(OUTPUT, warnings);
    let written = entry.text("output_dir", problems).unwrap_or_else(|| "output".into());
    let directory = finder.beside(&written);
    // Names may repeat the directory, as BMTK allows.
    let name = |key: &str, problems: &mut Problems| {
        let name = entry.text(key, problems)?;
        let short = name.strip_prefix(&written).map(|rest| rest.trim_start_matches('/').to_string());
        Some(short.filter(|short| !short.is_empty()).unwrap_or(name))
    };
    if entry.get("spikes_file_nwb").is_some() {
        let message = "spikes are not written as NWB; spikes.h5 and CSV are";
        warnings.push(entry.problem("spikes_file_nwb", "sonata-not-done", message));
    }
    let order = entry.text("spikes_sort_order", problems).unwrap_or_default();
    if !["", "none", "unsorted", "time", "by_time", "id", "by_id"].contains(&order.as_str()) {
        let message = format!("spikes_sort_order is none, time or id, not {order}");
        problems.push(entry.problem("spikes_sort_order", "sonata-value", message));
    }
    let run = whole.object("run", &mut Problems::default());
    let overwrite = [&entry, &run].into_iter().any(|of| of.flag("overwrite_output_dir", problems) == Some(true));
    OutputEntry {
        spikes_file: name("spikes_file", problems),
        spikes_csv: name("spikes_file_csv", problems),
        sort_by_id: order.ends_with("id"),
        overwrite,
        directory,
    }
}

fn node_sets(whole: &Entry, finder: &Finder, problems: &mut Problems) -> Option<Entry> {
    if whole.get("node_sets").is_some() {
        return Some(whole.object("node_sets", problems));
    }
    if whole.get("node_sets_file").is_none() {
        return Some(Entry::new("", "node_sets", Map::new()));
    }
    let path = finder.existing(whole, "node_sets_file", problems).into_iter().next()?;
    let values = object(&path, &mut String::new(), problems)?;
    Some(Entry::new(path.display().to_string(), "", values))
}
