//! The config: a TOML file that describes a whole model, and the recipe made from it.
//!
//! ```text
//! text -> Node (a tree with places) -> Document (the schema's structs) -> TomlRecipe
//!   document                 decode, schema                         recipe
//! ```
//!
//! configs/reference.toml shows every key. All problems of a file are found at once; each says its key, its line
//! and column, and how to mend it.

mod artificial;
mod cells_schema;
mod connect;
mod couple;
pub mod decode;
pub mod document;
mod drawn;
mod expression;
mod joins;
mod mechanisms;
mod microcircuit;
pub mod nearest;
mod network_schema;
mod overrides;
mod populations;
mod probes;
mod recipe;
mod ring;
mod schema;
mod sections;
mod select;
mod stimuli;
mod streams;
pub mod tables;
mod template;
mod values;
mod world;

pub use cells_schema::*;
pub use decode::{At, Named, OneOrMany};
pub use document::{Source, Spot};
pub use expression::Expression;
pub use nearest::{did_you_mean, nearest};
pub use network_schema::*;
pub use recipe::TomlRecipe;
pub use schema::WriterRule;
pub use schema::*;
pub use values::*;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use decode::Decode;
use tianyan_model::{
    CurrentDerivative, Place, Problem, Problems, RunSettings, SecondOrder, Synapses, rate_error_problem,
};

/// The version of the schema that this program reads.
pub const SCHEMA_VERSION: u32 = 1;

/// What was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// All keys.
    pub document: Arc<Document>,
    /// The text, for messages and for run.json.
    pub source: Arc<Source>,
    /// Folder to which the paths in the config are relative.
    pub base_dir: PathBuf,
}

impl Config {
    /// What holds for the whole run.
    pub fn run(&self) -> RunSettings {
        let run = &self.document.run;
        RunSettings {
            duration_ms: run.duration_ms,
            dt_ms: run.dt_ms,
            temperature_celsius: run.temperature_celsius,
            second_order: match run.second_order {
                0 => SecondOrder::Off,
                1 => SecondOrder::Voltage,
                _ => SecondOrder::VoltageAndCurrents,
            },
            current_derivative: match run.current_derivative {
                Derivative::Neuron => CurrentDerivative::Neuron,
                Derivative::Analytic => CurrentDerivative::Analytic,
            },
            seed: run.seed,
            self_events: run.self_events as usize,
            tables: run.tables,
            rate_error: run.rate_error,
            synapses: match run.synapses {
                SynapseRule::Merged => Synapses::Merged,
                SynapseRule::Separate => Synapses::Separate,
            },
            precision: match run.precision {
                schema::Precision::Single => tianyan_model::Precision::Single,
                schema::Precision::Double => tianyan_model::Precision::Double,
            },
        }
    }

    /// The text without what changes no result: comments, checkpoints, output, duration.
    pub fn essence(&self) -> String {
        let Ok(mut table) = self.source.text.parse::<toml::Table>() else { return self.source.text.clone() };
        table.remove("checkpoint");
        table.remove("output");
        if let Some(run) = table.get_mut("run").and_then(toml::Value::as_table_mut) {
            run.remove("duration_ms");
        }
        table.to_string()
    }

    /// Folder for the results, relative to the working directory: `out/<name of the config>` by default.
    pub fn output_directory(&self) -> PathBuf {
        let chosen = self.document.output.as_ref().and_then(|output| output.directory.clone());
        let stem = Path::new(&self.source.name).file_stem().unwrap_or_default();
        chosen.map_or_else(|| Path::new("out").join(stem), PathBuf::from)
    }

    /// Whether spikes are written.
    pub fn writes_spikes(&self) -> bool {
        self.document.output.as_ref().is_none_or(|output| output.spikes)
    }

    /// A path of the config, as it is to be opened.
    pub(crate) fn path(&self, written: &str) -> PathBuf {
        self.base_dir.join(written)
    }
}

/// Reads a config file. Paths in it are relative to its folder.
pub fn read_config(path: &Path) -> Result<Config, Problems> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let message = format!("cannot read the config: {error}");
        Problem::new("config-unreadable", message).at(Place::file(&name))
    })?;
    let base_dir = path.parent().unwrap_or(Path::new(""));
    parse_config(&name, &text, base_dir)
}

/// Reads the text of a config; `file_name` is for messages.
pub fn parse_config(file_name: &str, text: &str, base_dir: &Path) -> Result<Config, Problems> {
    let node = document::parse(file_name, text)?;
    let mut problems = Problems::default();
    let Some(mut document) = Document::decode(&node, &mut problems) else {
        if let Some(run) = run_alone(&node) {
            check_run(&run, &mut problems);
        }
        return Err(problems);
    };
    write_out(&mut document, base_dir, &mut problems);
    artificial::give_bodies(&mut document, &mut problems);
    let source = node.spot.source;
    let config = Config { document: Arc::new(document), source, base_dir: base_dir.to_path_buf() };
    check_version(&config.document, &mut problems);
    check_run(&config.document.run, &mut problems);
    check_checkpoint(&config.document, &mut problems);
    problems.or(config)
}

/// All keys of the schema: (table, key), for documentation and its tests.
pub fn schema_keys() -> Vec<(&'static str, &'static str)> {
    let mut found = decode::Keys::new();
    Document::keys(&mut found);
    found.into_iter().collect()
}

/// What the config means. `shipped` gives origin and text of the mechanisms that come with Tianyan, by name.
pub fn recipe(config: &Config, shipped: &dyn Fn(&str) -> Option<(String, String)>) -> Result<TomlRecipe, Problems> {
    TomlRecipe::new(config, shipped)
}

/// `[run]` of a document with problems elsewhere, so that its own are told too.
fn run_alone(node: &document::Node) -> Option<Run> {
    let document::Value::Table(entries) = &node.value else { return None };
    let (_, run) = entries.iter().find(|(key, _)| key == "run")?;
    Run::decode(run, &mut Problems::default())
}

/// Puts what a generator writes in its place.
fn write_out(document: &mut Document, base_dir: &Path, problems: &mut Problems) {
    let Some(generator) = document.generator.take_if(|generator| microcircuit::is_wanted(generator)) else { return };
    check_generated(document, problems);
    let Some(text) = problems.take(microcircuit::text(&generator, document.run.dt_ms)) else { return };
    let Some(generated) = problems.take(parse_config("generated microcircuit", &text, base_dir)) else { return };
    let Document { cells, populations, connections, stimuli, .. } = &*generated.document;
    (document.cells, document.populations) = (cells.clone(), populations.clone());
    document.connections.clone_from(connections);
    // Random spikes first: their streams do not depend on what else the config has.
    document.stimuli = stimuli.iter().chain(&document.stimuli).cloned().collect();
}

/// A generated network has no cells and connections of its own.
pub(crate) fn check_generated(document: &Document, problems: &mut Problems) {
    let written = [
        ("cells", !document.cells.0.is_empty()),
        ("populations", !document.populations.0.is_empty()),
        ("connections", !document.connections.is_empty()),
        ("graded_synapses", !document.graded_synapses.is_empty()),
        ("gap_junctions", !document.gap_junctions.is_empty()),
    ];
    for (key, _) in written.iter().filter(|(_, written)| *written) {
        let message = format!("a generated network cannot have `{key}`");
        problems.push(document.spot.problem(key, "config-value", message));
    }
}

fn check_checkpoint(document: &Document, problems: &mut Problems) {
    let Some(entry) = &document.checkpoint else { return };
    for (key, value) in [("every_ms", entry.every_ms), ("every_minutes", entry.every_minutes)] {
        if value.is_some_and(|value| !(value > 0.0 && value.is_finite())) {
            problems.push(entry.spot.problem(key, "config-value", format!("{key} must be above 0")));
        }
    }
}

fn check_version(document: &Document, problems: &mut Problems) {
    if document.schema_version != SCHEMA_VERSION {
        let message = format!("schema_version is {}, this program reads {SCHEMA_VERSION}", document.schema_version);
        problems.push(document.spot.problem("schema_version", "config-version", message));
    }
}

fn check_run(run: &Run, problems: &mut Problems) {
    let spot = &run.spot;
    if !(run.dt_ms > 0.0 && run.dt_ms.is_finite()) {
        problems.push(spot.problem("dt_ms", "config-value", "dt_ms must be above 0"));
    } else if !(run.duration_ms >= 0.0 && run.duration_ms.is_finite()) {
        problems.push(spot.problem("duration_ms", "config-value", "duration_ms must be at least 0"));
    } else if !is_multiple(run.duration_ms, run.dt_ms) {
        let message = format!("duration_ms = {} is no multiple of dt_ms = {}", run.duration_ms, run.dt_ms);
        let near = (run.duration_ms / run.dt_ms).round() * run.dt_ms;
        let problem = spot.problem("duration_ms", "config-multiple", message);
        problems.push(problem.help(format!("{} would be one", rounded(near))));
    }
    if !(1..=10_000).contains(&run.self_events) {
        problems.push(spot.problem("self_events", "config-value", "self_events must lie between 1 and 10000"));
    }
    if let Some(problem) = run.rate_error.and_then(rate_error_problem) {
        problems.push(spot.problem("rate_error", "config-value", problem));
    }
    if run.second_order > 2 {
        problems.push(spot.problem("second_order", "config-value", "second_order must be 0, 1 or 2"));
    }
    for (key, value) in [("temperature_celsius", run.temperature_celsius), ("v_init_mv", run.v_init_mv)] {
        if !value.is_finite() {
            problems.push(spot.problem(key, "config-value", format!("{key} must be a finite number")));
        }
    }
}

/// True if `value` is a whole number of `step`s, up to rounding.
pub(crate) fn is_multiple(value: f64, step: f64) -> bool {
    let ratio = value / step;
    (ratio - ratio.round()).abs() <= 1e-6_f64.max(ratio.abs() * 1e-12)
}

/// The number without the last digits, for messages.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.9}").parse().unwrap_or(value)
}
