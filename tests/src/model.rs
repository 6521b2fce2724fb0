//! From the text of a config to a simulation on any backend.

use std::path::Path;
use std::sync::Arc;
use tianyan_comm::Solo;
use tianyan_engine::{Backend, CpuBackend, CpuOptions, Simulation};
use tianyan_io::config::{TomlRecipe, parse_config};
use tianyan_layout::{Network, Target, build};
use tianyan_model::{CurrentDerivative, Epoch, Recipe, SecondOrder, Spike};
use tianyan_nmodl::{Mechanism, Options};

/// Everything a run leaves, in bits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// Spikes as (time's bits, gid).
    pub spikes: Vec<(u64, u32)>,
    /// Of each report all rows, as bits.
    pub traces: Vec<Vec<u64>>,
}

impl Record {
    /// Adds an epoch.
    pub fn push(&mut self, epoch: &Epoch) {
        self.spikes.extend(epoch.spikes.iter().map(|&Spike { time_ms, gid }| (time_ms.to_bits(), gid.0)));
        for block in &epoch.traces {
            if self.traces.len() <= block.report {
                self.traces.resize(block.report + 1, Vec::new());
            }
            self.traces[block.report].extend(block.values.iter().map(|v| v.to_bits()));
        }
    }
}

/// The recipe of a config's text; `base` is the folder of its paths.
pub fn recipe(text: &str, base: &Path) -> TomlRecipe {
    let shipped = |name: &str| tianyan_nmodl::shipped::source(name).map(|(file, text)| (file.into(), text.into()));
    let config = parse_config("model.toml", text, base).unwrap_or_else(|problems| panic!("{problems}"));
    tianyan_io::config::recipe(&config, &shipped).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The network of a recipe, laid out for a backend.
pub fn network(recipe: &dyn Recipe, backend: &dyn Backend) -> Network {
    let cells = recipe.populations().iter().map(|p| p.size as usize).sum();
    network_of(recipe, backend, &vec![0; cells], 0)
}

/// What of it lies on a rank.
pub fn network_of(recipe: &dyn Recipe, backend: &dyn Backend, rank_of: &[u32], rank: usize) -> Network {
    network_for(recipe, &backend.target(), rank_of, rank)
}

/// The same for what a backend asks of the layout.
pub fn network_for(recipe: &dyn Recipe, target: &Target, rank_of: &[u32], rank: usize) -> Network {
    let options = Options {
        analytic_derivative: recipe.run().current_derivative == CurrentDerivative::Analytic,
        ion_conductance: recipe.run().second_order == SecondOrder::VoltageAndCurrents,
        tables: recipe.run().tables,
    };
    let compile = |source: &tianyan_model::MechanismSource| {
        let compiled = tianyan_nmodl::compile(&source.origin, &source.text, &options);
        Arc::new(compiled.unwrap_or_else(|errors| panic!("{}", errors[0])).0)
    };
    let mechanisms: Vec<Arc<Mechanism>> = recipe.mechanisms().iter().map(compile).collect();
    build(recipe, &mechanisms, rank_of, rank, target).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A simulation at t = 0.
pub fn simulation(recipe: &dyn Recipe, backend: Box<dyn Backend>) -> Simulation {
    let network = network(recipe, backend.as_ref());
    Simulation::new(network, recipe.run(), backend, Box::new(Solo)).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs to the end, or for so many epochs; the rows include t = 0 if the simulation stands there.
pub fn run(simulation: &mut Simulation, epochs: usize) -> Record {
    let mut record = Record::default();
    if simulation.step() == 0 {
        record.push(&simulation.first_rows());
    }
    for _ in 0..epochs {
        if simulation.is_done() {
            break;
        }
        record.push(&simulation.advance().unwrap_or_else(|e| panic!("{e}")));
    }
    record
}

/// The CPU backend as a user gets it.
pub fn cpu(threads: usize) -> Box<dyn Backend> {
    Box::new(CpuBackend::new(CpuOptions { threads, ..CpuOptions::default() }))
}
