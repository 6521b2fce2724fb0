//! Where a model comes from: our TOML, or a SONATA config.

use crate::{CheckpointPlan, Overrides, Writers};
use std::fmt;
use std::path::{Path, PathBuf};
use tianyan_io::config::{TomlRecipe, WriterRule};
use tianyan_io::output::{OutputSettings, SpikeFiles};
use tianyan_model::{Problem, Problems, Recipe};
use tianyan_nmodl::Diagnostic;
use tianyan_sonata::SonataRecipe;

/// A model that was read.
pub(crate) enum Source {
    Toml(Box<TomlRecipe>),
    Sonata(Box<SonataRecipe>),
}

/// Something the user may want to know about input that is nevertheless accepted.
#[derive(Debug, Clone, PartialEq)]
pub enum Warning {
    /// Of the mechanism compiler.
    Mechanism(Diagnostic),
    /// Of the reader of the model.
    Input(Problem),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Mechanism(diagnostic) => diagnostic.fmt(f),
            Warning::Input(problem) => problem.as_warning().fmt(f),
        }
    }
}

impl Source {
    /// Reads a config: JSON is SONATA's, all else is TOML. The second value are warnings.
    pub fn read(path: &Path, overrides: &Overrides) -> Result<(Source, Problems), Problems> {
        if tianyan_sonata::is_config(path) {
            let Overrides { duration_ms, dt_ms, tables, rate_error, synapses, precision } = *overrides;
            let overrides = tianyan_sonata::Overrides { duration_ms, dt_ms, tables, rate_error, synapses, precision };
            let (recipe, warnings) = SonataRecipe::open(path, overrides, &shipped)?;
            return Ok((Source::Sonata(Box::new(recipe)), warnings));
        }
        let mut config = tianyan_io::config::read_config(path)?;
        config.override_run(overrides.duration_ms, overrides.dt_ms, overrides.tables)?;
        if let Some(bound) = overrides.rate_error {
            config.override_rate_error(bound);
        }
        if let Some(synapses) = overrides.synapses {
            config.override_synapses(synapses);
        }
        if let Some(precision) = overrides.precision {
            config.override_precision(precision);
        }
        let recipe = tianyan_io::config::recipe(&config, &shipped)?;
        Ok((Source::Toml(Box::new(recipe)), Problems::default()))
    }

    /// Who writes results of several ranks.
    pub fn writers(&self) -> Writers {
        match self {
            Source::Toml(recipe) => match recipe.config().document.output.as_ref().map(|output| &output.writers) {
                Some(WriterRule::PerRank) => Writers::PerRank,
                _ => Writers::One,
            },
            Source::Sonata(_) => Writers::One,
        }
    }

    /// The config's text without what changes no result.
    pub fn essence(&self) -> String {
        match self {
            Source::Toml(recipe) => recipe.config().essence(),
            Source::Sonata(_) => self.text().to_string(),
        }
    }

    /// When the config wants checkpoints.
    pub fn checkpoint_plan(&self) -> CheckpointPlan {
        match self {
            Source::Toml(recipe) => {
                let entry = recipe.config().document.checkpoint.as_ref();
                CheckpointPlan {
                    every_ms: entry.and_then(|entry| entry.every_ms),
                    every_minutes: entry.and_then(|entry| entry.every_minutes),
                }
            }
            Source::Sonata(_) => CheckpointPlan::default(),
        }
    }

    pub fn recipe(&self) -> &dyn Recipe {
        match self {
            Source::Toml(recipe) => recipe.as_ref(),
            Source::Sonata(recipe) => recipe.as_ref(),
        }
    }

    /// The text of the config, for its hash.
    pub fn text(&self) -> &str {
        match self {
            Source::Toml(recipe) => &recipe.config().source.text,
            Source::Sonata(recipe) => recipe.config_text(),
        }
    }

    /// Folder for the results, unless the command line names another.
    pub fn output_directory(&self) -> PathBuf {
        match self {
            Source::Toml(recipe) => recipe.config().output_directory(),
            Source::Sonata(recipe) => recipe.output_directory(),
        }
    }

    /// Writes what is known before the run: the synapses as they were placed.
    pub fn write_placed(&self, directory: &Path) -> Result<(), Problems> {
        match self {
            Source::Toml(_) => Ok(()),
            Source::Sonata(recipe) => recipe.write_placed(directory),
        }
    }

    /// How results are written.
    pub fn output_settings(&self, directory: &Path) -> Result<OutputSettings, Problems> {
        Ok(match self {
            Source::Toml(_) => OutputSettings::default(),
            Source::Sonata(recipe) => OutputSettings {
                overwrite: recipe.overwrites(),
                spikes: spike_files(recipe),
                fields: recipe.fields(directory)?,
                conversions: recipe.conversions(),
                synapse_sources: recipe.synapse_sources(),
                ..OutputSettings::default()
            },
        })
    }
}

fn spike_files(recipe: &SonataRecipe) -> SpikeFiles {
    let (name, csv, by_id) = recipe.spike_files();
    SpikeFiles {
        name: name.map_or_else(|| SpikeFiles::default().name, String::from),
        csv: csv.map(PathBuf::from),
        by_id,
    }
}

/// Origin and text of a shipped mechanism.
fn shipped(name: &str) -> Option<(String, String)> {
    let (file, text) = tianyan_nmodl::shipped::source(name)?;
    Some((format!("shipped:{file}"), text.to_string()))
}
