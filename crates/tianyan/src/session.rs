//! A model that was read and understood, before it is laid out.

use crate::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tianyan_io::config::{Config, SynapseRule, TomlRecipe};
use tianyan_model::{CurrentDerivative, MechanismSource, Place, Problem, Problems, Recipe, RunSettings, SecondOrder};
use tianyan_nmodl::{Diagnostic, Mechanism, Options};

/// What the command line changes in a config.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// Instead of `run.duration_ms`.
    pub duration_ms: Option<f64>,
    /// Instead of `run.dt_ms`.
    pub dt_ms: Option<f64>,
    /// True: as `run.tables = true`.
    pub tables: bool,
    /// Instead of `run.synapses`.
    pub synapses: Option<SynapseRule>,
}

/// A config with everything it names, and its mechanisms, compiled.
pub struct Session {
    pub(crate) config_path: PathBuf,
    pub(crate) config: Config,
    pub(crate) recipe: TomlRecipe,
    pub(crate) mechanisms: Vec<Arc<Mechanism>>,
    /// Warnings of the mechanism compiler.
    pub warnings: Vec<Diagnostic>,
}

impl Session {
    /// Reads a config, applies the overrides, and compiles all its mechanisms.
    pub fn open(path: &Path, overrides: &Overrides) -> Result<Session, Error> {
        let mut config = tianyan_io::config::read_config(path)?;
        config.override_run(overrides.duration_ms, overrides.dt_ms, overrides.tables)?;
        if let Some(synapses) = overrides.synapses {
            config.override_synapses(synapses);
        }
        let recipe = tianyan_io::config::recipe(&config, &shipped)?;
        if recipe.populations().iter().all(|p| p.size == 0) {
            let place = Place::file(path.display().to_string());
            let problem = Problem::new("config-no-cells", "the model has no cells").at(place);
            return Err(Problems::from(problem.help("add a [populations.NAME] with a cell and a size")).into());
        }
        let options = options(recipe.run());
        let (mechanisms, warnings) = compile_all(recipe.mechanisms(), &options)?;
        Ok(Session { config_path: path.to_path_buf(), config, recipe, mechanisms, warnings })
    }

    /// The recipe.
    pub fn recipe(&self) -> &dyn Recipe {
        &self.recipe
    }

    /// The compiled mechanisms, in the recipe's order.
    pub fn mechanisms(&self) -> &[Arc<Mechanism>] {
        &self.mechanisms
    }

    /// Number of cells, sources too.
    pub fn cells(&self) -> usize {
        self.recipe.populations().iter().map(|p| p.size as usize).sum()
    }

    /// Where results go unless the command line says otherwise.
    pub fn output_directory(&self) -> PathBuf {
        self.config.output_directory()
    }
}

/// Origin and text of a shipped mechanism.
fn shipped(name: &str) -> Option<(String, String)> {
    let (file, text) = tianyan_nmodl::shipped::source(name)?;
    Some((format!("shipped:{file}"), text.to_string()))
}

/// The kernels that a run needs.
fn options(run: &RunSettings) -> Options {
    Options {
        analytic_derivative: run.current_derivative == CurrentDerivative::Analytic,
        ion_conductance: run.second_order == SecondOrder::VoltageAndCurrents,
        tables: run.tables,
    }
}

/// Compiles all mechanisms; all diagnostics of all files at once.
fn compile_all(
    sources: &[MechanismSource],
    options: &Options,
) -> Result<(Vec<Arc<Mechanism>>, Vec<Diagnostic>), Error> {
    let (mut mechanisms, mut warnings, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for source in sources {
        match tianyan_nmodl::compile(&source.origin, &source.text, options) {
            Ok((mechanism, more)) => {
                mechanisms.push(Arc::new(mechanism));
                // What our own files have to say concerns us, not the user.
                if !source.origin.starts_with("shipped:") {
                    // Units are a matter of `tianyan mod`: published files are full of doubts that change nothing.
                    warnings.extend(more.into_iter().filter(|warning| warning.code != "nmodl-units"));
                }
            }
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok((mechanisms, warnings)) } else { Err(Error::Mechanisms(errors)) }
}
