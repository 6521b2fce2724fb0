//! A run: the loop over epochs and its files.

use crate::checkpoints::{self, CheckpointPlan, Schedule};
use crate::device::{self, Chosen, Device};
use crate::files::{Files, Writers};
use crate::ranks::{agree, check_device};
use crate::{Error, Estimate, GIT, RankEstimate, Session, VERSION, usage};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::{Instant, SystemTime};
use tianyan_comm::{Communicator, Solo, host_name, local_processes};
use tianyan_engine::{Backend, Simulation, Spent, Way, release_memory};
use tianyan_io::output::{
    Output, PopulationSize, RankSummary, RunStatus, RunSummary, file_name, rfc3339, write_run_json,
};
use tianyan_io::parts;
use tianyan_layout::{Network, gids_of, loads, partition};
use tianyan_model::{Epoch, Problems};

/// How a run is carried out; nothing here changes its results.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StartOptions {
    /// Folder of the results, instead of the config's.
    pub output: Option<PathBuf>,
    /// Threads of each rank; if `None` the cores of this machine, shared among its ranks.
    pub threads: Option<usize>,
    /// Replace the files of an earlier run.
    pub overwrite: bool,
    /// Write all reports as 64-bit numbers.
    pub double: bool,
    /// What computes.
    pub device: Device,
    /// Interpret the mechanisms even where they could be compiled.
    pub interpret: bool,
    /// Measure where time goes.
    pub profile: bool,
    /// Go on from the newest checkpoint, if there is one.
    pub resume: bool,
    /// Who writes results, instead of what the config says.
    pub writers: Option<Writers>,
    /// When checkpoints are written without being asked for, instead of what the config says.
    pub checkpoints: CheckpointPlan,
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
    /// Of the ranks that write.
    output: Option<Output>,
    duration_ms: f64,
    dt_ms: f64,
    summary: RunSummary,
    began: Instant,
    /// The step from which this run went on.
    first_step: u64,
    resumed: bool,
    /// The folder of all results, where each rank writes its own.
    parts_of: Option<PathBuf>,
    /// Of this rank.
    place: RankSummary,
    schedule: Schedule,
    model: Vec<(String, String)>,
    /// What is wrong with checkpoints newer than that of [`Run::resumed_ms`].
    pub broken_checkpoints: Problems,
    /// What computes and why, if there was a choice.
    pub device: Option<String>,
}

/// A run whose files are open.
struct Begun {
    simulation: Simulation,
    output: Option<Output>,
    /// If it goes on from a checkpoint: what is wrong with newer ones.
    from: Option<Problems>,
    directory: PathBuf,
    model: Vec<(String, String)>,
}

/// What a rank may ask all ranks for, once an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Requests {
    /// A checkpoint, and the end.
    pub stop: bool,
    /// A checkpoint.
    pub checkpoint: bool,
}

impl Session {
    /// Lays the network out without running it, and says what a run will need.
    pub fn estimate(&self) -> Result<Estimate, Error> {
        let backend = device::cpu(&StartOptions { threads: Some(1), ..StartOptions::default() });
        let rank_of = vec![0; self.cells()];
        Ok(Estimate::new(self.recipe(), &self.network(&backend, &rank_of, 0)?))
    }

    /// What each of several ranks would need.
    pub fn estimate_ranks(&self, whole: &Estimate, ranks: usize) -> Result<RankEstimate, Error> {
        let rank_of = partition(self.recipe(), ranks)?;
        Ok(RankEstimate::new(whole, &loads(self.recipe(), &rank_of, ranks)?))
    }

    /// Lays the network out, initialises it, creates the output files, and writes row 0 of every report.
    pub fn start(&self, options: &StartOptions) -> Result<Run, Error> {
        self.start_on(options, Box::new(Solo))
    }

    /// The same on one of several ranks, each of which simulates some of the cells. All ranks start together.
    pub fn start_on(&self, options: &StartOptions, mut comm: Box<dyn Communicator>) -> Result<Run, Error> {
        let setup = Instant::now();
        let started = rfc3339(SystemTime::now());
        let (rank, ranks) = (comm.rank(), comm.size());
        let threads = options.threads.unwrap_or_else(default_threads);
        use_threads(threads);
        let rank_of = agree(comm.as_mut(), partition(self.recipe(), ranks).map_err(Error::from))?;
        let (chosen, network) = self.choose(options, threads, &rank_of, comm.as_mut())?;
        let Chosen { backend, name, bits, reason, is_news } = chosen;
        tracing::info!(rank, backend = name, reason, "device");
        release_memory();
        let own = (network.cells, network.compartments);
        tracing::info!(rank, cells = own.0, compartments = own.1, seconds = setup.elapsed().as_secs_f64(), "laid out");
        let (cells, compartments) = (comm.sum(own.0), comm.sum(own.1));
        // All ranks have chosen the same.
        if name == "cpu" {
            self.compile_once(comm.as_mut())?;
        }
        let Begun { simulation, output, from, directory, model } =
            self.begin(options, backend, network, &rank_of, comm)?;
        let run = self.recipe().run();
        let mut made = Run {
            first_step: simulation.step(),
            resumed: from.is_some(),
            parts_of: self.writes_parts(options, ranks).then_some(directory),
            place: place(rank, threads, own, setup),
            schedule: Schedule::new(self.checkpoint_plan(options), simulation.time_ms()),
            model,
            broken_checkpoints: from.unwrap_or_default(),
            device: is_news.then(|| format!("{name}: {reason}")),
            simulation,
            output,
            duration_ms: run.duration_ms,
            dt_ms: run.dt_ms,
            summary: RunSummary {
                backend: name.into(),
                backend_reason: reason,
                precision: bits.into(),
                ..self.summary((threads, ranks), cells, compartments, started, setup)
            },
            began: Instant::now(),
        };
        let (host, way) = (&made.place.host, made.simulation.way());
        let seconds = setup.elapsed().as_secs_f64();
        tracing::info!(rank, ranks, threads, host, exchange = ?way, memory_mb = usage::peak_rss_mb(), seconds, "initialised");
        if !made.resumed {
            let rows = made.simulation.first_rows();
            made.write(&rows)?;
        }
        Ok(made)
    }

    /// Initialises the network, goes on from a checkpoint if that is wanted, and opens the files.
    fn begin(
        &self,
        options: &StartOptions,
        backend: Box<dyn Backend>,
        network: Network,
        rank_of: &[u32],
        mut comm: Box<dyn Communicator>,
    ) -> Result<Begun, Error> {
        let (rank, ranks) = (comm.rank(), comm.size());
        let directory = options.output.clone().unwrap_or_else(|| self.output_directory());
        let found = if options.resume { checkpoints::newest(&directory, comm.as_mut())? } else { None };
        let (checkpoint, from) = found.unzip();
        let model = self.fingerprint(options.double);
        let writes_parts = self.writes_parts(options, ranks);
        let files = Files { directory: &directory, options, checkpoint: checkpoint.as_ref() };
        if checkpoint.is_none() {
            let checked = if rank == 0 { self.check_output(&files, writes_parts) } else { Ok(()) };
            agree(comm.as_mut(), checked)?;
        }
        let run = self.recipe().run();
        let mut simulation = Simulation::new(network, run, backend, comm)?;
        check_device(&mut simulation)?;
        if ranks > 1 && !writes_parts {
            simulation.collect_on_root(&self.ranks_of_columns(rank_of, rank)?);
        }
        if let Some(checkpoint) = &checkpoint {
            checkpoints::restore(&mut simulation, checkpoint, &gids_of(rank_of, rank), &model, run.steps())?;
        }
        // Files of an earlier run are touched now that this one can begin.
        let output = match (writes_parts, rank) {
            (true, _) => self.open_part(&files, rank_of, simulation.comm()),
            (false, 0) => self.open_output(&files).map(Some),
            (false, _) => Ok(None),
        };
        let output = agree(simulation.comm(), output)?;
        Ok(Begun { simulation, output, from, directory, model })
    }

    /// Whether each of several ranks writes its own results.
    fn writes_parts(&self, options: &StartOptions, ranks: usize) -> bool {
        options.writers.unwrap_or_else(|| self.source.writers()) == Writers::PerRank && ranks > 1
    }

    pub(crate) fn network(&self, backend: &dyn Backend, rank_of: &[u32], rank: usize) -> Result<Network, Error> {
        Ok(tianyan_layout::build(self.recipe(), &self.mechanisms, rank_of, rank, &backend.target())?)
    }

    /// Mechanisms that are not shipped are compiled by the first rank of each machine; the others find them in its cache.
    fn compile_once(&self, comm: &mut dyn Communicator) -> Result<(), Error> {
        if comm.size() == 1 {
            return Ok(());
        }
        let backend = device::cpu(&StartOptions::default());
        let compiled = match tianyan_comm::local_rank() == 0 {
            true => self.mechanisms.iter().try_for_each(|mechanism| backend.kernels(mechanism).map(|_| ())),
            false => Ok(()),
        };
        agree(comm, compiled.map_err(Error::from))
    }

    /// What the options say, else the config.
    fn checkpoint_plan(&self, options: &StartOptions) -> CheckpointPlan {
        let config = self.source.checkpoint_plan();
        let CheckpointPlan { every_ms, every_minutes } = options.checkpoints;
        CheckpointPlan { every_ms: every_ms.or(config.every_ms), every_minutes: every_minutes.or(config.every_minutes) }
    }

    /// Hash of the config's text.
    pub(crate) fn config_hash(&self) -> String {
        Sha256::digest(self.source.text().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn summary(
        &self,
        (threads, ranks): (usize, usize),
        cells: u64,
        compartments: u64,
        started: String,
        setup: Instant,
    ) -> RunSummary {
        let run = self.recipe().run();
        let size = |p: &tianyan_model::Population| PopulationSize {
            name: p.name.clone(),
            cells: u64::from(p.size),
            cell_names: p.cell_names.clone(),
        };
        RunSummary {
            tianyan_version: VERSION.into(),
            git: GIT.into(),
            config_path: self.config_path.display().to_string(),
            config_hash: self.config_hash(),
            seed: run.seed,
            dt_ms: run.dt_ms,
            duration_ms: run.duration_ms,
            simulated_ms: 0.0,
            status: RunStatus::Interrupted,
            threads,
            ranks,
            backend: String::new(),
            backend_reason: String::new(),
            precision: String::new(),
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
            exchange: String::new(),
            places: Vec::new(),
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
        self.write(&epoch)?;
        Ok(Some(self.progress()))
    }

    fn write(&mut self, epoch: &Epoch) -> Result<(), Error> {
        self.output.as_mut().map_or(Ok(()), |output| output.write(epoch)).map_err(Error::Output)
    }

    /// What any rank asks for, and what is due. All ranks ask together, once an epoch.
    pub fn agreed(&mut self, own: Requests) -> Requests {
        const STOP: u64 = 1;
        const CHECKPOINT: u64 = 2;
        let bit = |is_set: bool, bit: u64| if is_set { bit } else { 0 };
        let bits = bit(own.stop, STOP) | bit(own.checkpoint || self.schedule.is_overdue(), CHECKPOINT);
        let bits = self.simulation.comm().any(bits);
        let is_due = self.schedule.is_due(self.simulation.time_ms());
        Requests { stop: bits & STOP != 0, checkpoint: bits & CHECKPOINT != 0 || is_due }
    }

    /// Writes a checkpoint. All ranks call together.
    pub fn checkpoint(&mut self) -> Result<(), Error> {
        let directory = self.parts_of.as_deref();
        checkpoints::write(&mut self.simulation, self.output.as_mut(), directory, &self.model)?;
        self.schedule.restart(self.simulation.time_ms());
        tracing::info!(time_ms = self.nominal_ms(), "checkpoint");
        Ok(())
    }

    /// What became of all ranks, on rank 0.
    fn places(&mut self) -> Vec<RankSummary> {
        let Spent { computing_s, spikes_s, peers_s, results_s } = self.simulation.spent();
        let peak_rss_mb = usage::peak_rss_mb();
        let own = RankSummary { peak_rss_mb, computing_s, spikes_s, peers_s, results_s, ..self.place.clone() };
        // A record of numbers and a name is always JSON.
        let text = serde_json::to_vec(&own).unwrap_or_default();
        let all = self.simulation.comm().gather_to_root(&text);
        all.iter().filter_map(|text| serde_json::from_slice(text).ok()).collect()
    }

    /// The model time of the checkpoint from which this run went on, ms.
    pub fn resumed_ms(&self) -> Option<f64> {
        self.resumed.then_some(rounded(self.first_step as f64 * self.dt_ms))
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
        rounded(self.simulation.step() as f64 * self.dt_ms)
    }

    /// The loop itself, for checkpoints and for tests.
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// Closes the files. Without all steps done the run counts as interrupted and the files keep `.part` names.
    pub fn finish(mut self) -> Result<RunSummary, Error> {
        let done = self.simulation.is_done();
        self.simulation.check_exchange()?;
        let rest = self.simulation.rest();
        self.write(&rest)?;
        let solve_s = self.began.elapsed().as_secs_f64();
        let steps = self.simulation.step();
        let work = ((steps - self.first_step) * self.summary.compartments) as f64;
        self.summary.status = if done { RunStatus::Done } else { RunStatus::Interrupted };
        self.summary.simulated_ms = self.nominal_ms();
        self.summary.steps = steps;
        self.summary.solve_s = solve_s;
        self.summary.cpu_s = self.simulation.sum(usage::cpu_s());
        self.summary.ns_per_compartment_step = if work > 0.0 { solve_s * 1e9 / work } else { 0.0 };
        self.summary.spikes = self.simulation.all_spikes();
        self.summary.peak_rss_mb = -self.simulation.comm().min(-usage::peak_rss_mb());
        self.summary.exchange = match self.simulation.way() {
            Way::Alone => String::new(),
            Way::ToAll => "to all".into(),
            Way::ToListeners => "to listeners".into(),
        };
        self.summary.places = self.places();
        let Spent { computing_s, spikes_s, peers_s, results_s } = self.simulation.spent();
        tracing::info!(steps, computing_s, spikes_s, peers_s, results_s, "done");
        let closed = self.output.take().map_or(Ok(()), |output| output.close(&self.summary));
        agree(self.simulation.comm(), closed.map_err(Error::Output))?;
        let (rank, ranks) = (self.simulation.comm().rank(), self.simulation.comm().size());
        if let Some(directory) = self.parts_of.take().filter(|_| rank == 0) {
            self.summary.outputs = (0..ranks).map(|rank| file_name(&parts::folder(&directory, rank))).collect();
            write_run_json(&directory, &self.summary).map_err(Error::Output)?;
        }
        Ok(self.summary)
    }
}

fn place(rank: usize, threads: usize, (cells, compartments): (u64, u64), setup: Instant) -> RankSummary {
    RankSummary {
        rank,
        host: host_name(),
        threads,
        cells,
        compartments,
        peak_rss_mb: 0.0,
        layout_s: setup.elapsed().as_secs_f64(),
        computing_s: 0.0,
        spikes_s: 0.0,
        peers_s: 0.0,
        results_s: 0.0,
    }
}

/// Steps times dt without the rounding of the product.
fn rounded(time_ms: f64) -> f64 {
    (time_ms * 1e9).round() / 1e9
}

/// The cores that this process may use, shared among the processes of the run on this machine.
pub(crate) fn default_threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores / local_processes()).max(1)
}

/// `$XDG_CACHE_HOME/tianyan`, else `~/.cache/tianyan`, else a folder for temporary files.
pub(crate) fn cache_folder() -> PathBuf {
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
