//! A model that was read and understood, before it is laid out.

use crate::Error;
use crate::source::{Source, Warning};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tianyan_engine::{Backend, CpuBackend, CpuOptions, EngineError};
use tianyan_layout::name_of_row;
use tianyan_model::{
    CurrentDerivative, MechanismSource, Place, Precision, Problem, Problems, Recipe, RunSettings, SecondOrder, Synapses,
};
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
    /// Instead of `run.rate_error`.
    pub rate_error: Option<f64>,
    /// Instead of `run.synapses`.
    pub synapses: Option<Synapses>,
    /// Instead of `run.precision`.
    pub precision: Option<Precision>,
}

/// A config with everything it names, and its mechanisms, compiled.
pub struct Session {
    pub(crate) config_path: PathBuf,
    pub(crate) source: Source,
    pub(crate) mechanisms: Vec<Arc<Mechanism>>,
    /// What was accepted, but may not be meant.
    pub warnings: Vec<Warning>,
}

impl Session {
    /// Reads a config (TOML, or SONATA's JSON), applies the overrides, and compiles all its mechanisms.
    pub fn open(path: &Path, overrides: &Overrides) -> Result<Session, Error> {
        let (source, warnings) = Source::read(path, overrides)?;
        let recipe = source.recipe();
        if recipe.populations().iter().all(|p| p.size == 0) {
            let place = Place::file(path.display().to_string());
            let problem = Problem::new("config-no-cells", "the model has no cells").at(place);
            return Err(Problems::from(problem.help("add a [populations.NAME] with a cell and a size")).into());
        }
        let (mechanisms, diagnostics) = compile_all(recipe.mechanisms(), &options(recipe.run()))?;
        let mut all: Vec<Warning> = warnings.0.into_iter().map(Warning::Input).collect();
        all.extend(diagnostics.into_iter().map(Warning::Mechanism));
        Ok(Session { config_path: path.to_path_buf(), source, mechanisms, warnings: all })
    }

    /// The recipe.
    pub fn recipe(&self) -> &dyn Recipe {
        self.source.recipe()
    }

    /// The compiled mechanisms, in the recipe's order.
    pub fn mechanisms(&self) -> &[Arc<Mechanism>] {
        &self.mechanisms
    }

    /// The error of a run with the section of the cell where it happened, found only now that somebody asks.
    pub fn located(&self, error: Error) -> Error {
        let Error::Run(EngineError::NotFinite { gid, row, section: None, mechanism, v_mv, time_ms }) = error else {
            return error;
        };
        let target = CpuBackend::new(CpuOptions::default()).target();
        // An error of looking would hide the one that is told.
        let section = name_of_row(self.recipe(), &self.mechanisms, (gid, row), &target).ok().flatten();
        Error::Run(EngineError::NotFinite { gid, row, section, mechanism, v_mv, time_ms })
    }

    /// Number of cells, sources too.
    pub fn cells(&self) -> usize {
        self.recipe().populations().iter().map(|p| p.size as usize).sum()
    }

    /// Where results go unless the command line says otherwise.
    pub fn output_directory(&self) -> PathBuf {
        self.source.output_directory()
    }
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
