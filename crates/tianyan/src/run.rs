//! A run: the loop over epochs and its files.

use crate::{Error, Estimate, GIT, Session, VERSION, usage};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::{Instant, SystemTime};
use tianyan_comm::Solo;
use tianyan_engine::{Backend, Compiler, CpuBackend, CpuOptions, KernelCache, Simulation, release_memory};
use tianyan_io::output::{Output, PopulationSize, RunStatus, RunSummary, rfc3339};
use tianyan_layout::{Network, partition};
use tianyan_model::Gid;

/// How a run is carried out; nothing here changes its results.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StartOptions {
    /// Folder of the results, instead of the config's.
    pub output: Option<PathBuf>,
    /// Threads; all cores if `None`.
    pub threads: Option<usize>,
    /// Replace the files of an earlier run.
    pub overwrite: bool,
    /// Write all reports as 64-bit numbers.
    pub double: bool,
    /// Interpret the mechanisms even where they could be compiled.
    pub interpret: bool,
    /// Measure where time goes.
    pub profile: bool,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Model time done, ms.
    pub time_ms: f64,
    /// Model time of the whole run, ms.
    pub duration_ms: f64,
    /// Wall time since the first step, s.
    pub elapsed_s: f64,
    /// Spikes so far.
    pub spikes: u64,
}

/// A run that has begun.
pub struct Run {
    simulation: Simulation,
    output: Output,
    duration_ms: f64,
    dt_ms: f64,
    summary: RunSummary,
    began: Instant,
}

impl Session {
    /// Lays the network out without running it, and says what a run will need.
    pub fn estimate(&self) -> Result<Estimate, Error> {
        let backend = backend(&StartOptions { threads: Some(1), ..StartOptions::default() });
        Ok(Estimate::new(self.recipe(), &self.network(&backend)?))
    }

    /// Lays the network out, initialises it, creates the output files, and writes row 0 of every report.
    pub fn start(&self, options: &StartOptions) -> Result<Run, Error> {
        let setup = Instant::now();
        let started = rfc3339(SystemTime::now());
        let threads = options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let backend = backend(&StartOptions { threads: Some(threads), ..options.clone() });
        use_threads(threads);
        let network = self.network(&backend)?;
        release_memory();
        let (compartments, cells) = (network.compartments, network.cells);
        let directory = options.output.clone().unwrap_or_else(|| self.output_directory());
        let mut output = self.create_output(&directory, options)?;
        self.source.write_placed(&directory).map_err(Error::Output)?;
        let run = self.recipe().run();
        let simulation = Simulation::new(network, run, Box::new(backend), Box::new(Solo::default()))?;
        output.write(&simulation.first_rows()).map_err(Error::Output)?;
        let summary = self.summary(threads, cells, compartments, started, setup);
        Ok(Run { simulation, output, duration_ms: run.duration_ms, dt_ms: run.dt_ms, summary, began: Instant::now() })
    }

    fn network(&self, backend: &CpuBackend) -> Result<Network, Error> {
        let rank_of = partition(&vec![1.0; self.cells()], 1);
        Ok(tianyan_layout::build(self.recipe(), &self.mechanisms, &rank_of, 0, &backend.target())?)
    }

    fn create_output(&self, directory: &std::path::Path, options: &StartOptions) -> Result<Output, Error> {
        let gids: Vec<Gid> = (0..self.cells() as u32).map(Gid).collect();
        let mut probes = Vec::new();
        self.recipe().probes_on(&gids, &mut probes)?;
        let mut trains = Vec::new();
        self.recipe().source_spikes_on(&gids, &mut trains)?;
        let sources = self.recipe().populations().iter();
        let sources = sources.filter(|p| trains.iter().any(|(gid, _)| p.node_id(*gid).is_some()));
        let mut settings = self.source.output_settings(directory)?;
        settings.overwrite |= options.overwrite;
        settings.double |= options.double;
        settings.source_populations = sources.map(|p| p.name.clone()).collect();
        let recipe = self.recipe();
        Ok(Output::create(directory, &settings, recipe.populations(), recipe.reports(), &probes, recipe.run())?)
    }

    fn summary(&self, threads: usize, cells: u64, compartments: u64, started: String, setup: Instant) -> RunSummary {
        let run = self.recipe().run();
        let hash = Sha256::digest(self.source.text().as_bytes());
        let size = |p: &tianyan_model::Population| PopulationSize {
            name: p.name.clone(),
            cells: u64::from(p.size),
            cell_names: p.cell_names.clone(),
        };
        RunSummary {
            tianyan_version: VERSION.into(),
            git: GIT.into(),
            config_path: self.config_path.display().to_string(),
            config_hash: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            seed: run.seed,
            dt_ms: run.dt_ms,
            duration_ms: run.duration_ms,
            simulated_ms: 0.0,
            status: RunStatus::Interrupted,
            threads,
            ranks: 1,
            backend: "cpu".into(),
            populations: self.recipe().populations().iter().map(size).collect(),
            cells,
            compartments,
            steps: 0,
            setup_s: setup.elapsed().as_secs_f64(),
            solve_s: 0.0,
            cpu_s: 0.0,
            ns_per_compartment_step: 0.0,
            spikes: 0,
            peak_rss_mb: 0.0,
            outputs: Vec::new(),
            started,
        }
    }
}

impl Run {
    /// Advances one epoch and writes it; `None` when the run is done.
    pub fn advance(&mut self) -> Result<Option<Progress>, Error> {
        if self.simulation.is_done() {
            return Ok(None);
        }
        let epoch = self.simulation.advance()?;
        self.output.write(&epoch).map_err(Error::Output)?;
        Ok(Some(self.progress()))
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress {
            time_ms: self.nominal_ms(),
            duration_ms: self.duration_ms,
            elapsed_s: self.began.elapsed().as_secs_f64(),
            spikes: self.simulation.spikes(),
        }
    }

    /// Steps times dt: the engine's own time is a sum, with its rounding.
    fn nominal_ms(&self) -> f64 {
        let time_ms = self.simulation.step() as f64 * self.dt_ms;
        (time_ms * 1e9).round() / 1e9
    }

    /// The loop itself, for checkpoints and for tests.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Closes the files. Without all steps done the run counts as interrupted and the files keep `.part` names.
    pub fn finish(mut self) -> Result<RunSummary, Error> {
        let done = self.simulation.is_done();
        self.output.write(&self.simulation.rest()).map_err(Error::Output)?;
        let solve_s = self.began.elapsed().as_secs_f64();
        let steps = self.simulation.step();
        let work = (steps * self.summary.compartments) as f64;
        self.summary.status = if done { RunStatus::Done } else { RunStatus::Interrupted };
        self.summary.simulated_ms = self.nominal_ms();
        self.summary.steps = steps;
        self.summary.solve_s = solve_s;
        self.summary.cpu_s = usage::cpu_s();
        self.summary.ns_per_compartment_step = if work > 0.0 { solve_s * 1e9 / work } else { 0.0 };
        self.summary.spikes = self.simulation.spikes();
        self.summary.peak_rss_mb = usage::peak_rss_mb();
        self.output.close(&self.summary).map_err(Error::Output)?;
        Ok(self.summary)
    }
}

/// The CPU backend with machine code from a compiler of this machine, if there is one.
fn backend(options: &StartOptions) -> CpuBackend {
    let cache = Compiler::find().map(|compiler| KernelCache::new(cache_folder(), compiler));
    let threads = options.threads.unwrap_or(1);
    let StartOptions { interpret, profile, .. } = *options;
    CpuBackend::new(CpuOptions { threads, cache, interpret, profile, ..CpuOptions::default() })
}

/// `$XDG_CACHE_HOME/tianyan`, else `~/.cache/tianyan`, else a folder for temporary files.
fn cache_folder() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    base.unwrap_or_else(std::env::temp_dir).join("tianyan")
}

/// Builds rayon's pool once; the calling thread is one of its threads.
fn use_threads(threads: usize) {
    if threads > 1 {
        // A pool that another run of this process has built already is as good.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build_global();
    }
}
