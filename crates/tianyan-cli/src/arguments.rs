//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Simulate nervous systems: from a config to HDF5.
#[derive(Debug, Parser)]
#[command(name = "tianyan", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   the run failed, or results could not be written
  2   the input is wrong; every problem is listed
  75  stopped before the end, after what was done was saved; running on makes sense";

const SPIKES_HELP: &str = "\
Rates are spikes over cells and time. CV of ISI is the standard deviation of a cell's inter-spike intervals over
their mean (0 regular, 1 Poisson), averaged over cells with at least two intervals. Synchrony is Golomb's chi of
spike counts in bins: 1 if all cells fire together, 1/sqrt(cells) if independently.
The run's length comes from --duration-ms, else from the run.json beside the file, else from the last spike.
Silent cells are known from --nodes or run.json only.";

const COMPARE_HELP: &str = "\
Spikes match if they are of the same cell and within the tolerance, early ones first; shifts are between the k-th
spikes of cells with as many in both. Traces are matched by cell, section and position, at the times that both have.
Exit codes:
  0   equal within the tolerances
  1   different
  2   something cannot be read or compared";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a model and write spikes, traces and run.json
    #[command(args_override_self = true)]
    Run(RunArguments),
    /// Check a config: everything but the time loop, with an estimate of memory, time and output
    Check {
        /// Say also how the model would lie on so many ranks, with the head of a batch script
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        ranks: Option<u32>,
        /// The model's config (TOML)
        config: PathBuf,
    },
    /// Build a network: SONATA files from a description of populations, places and rules
    Build(BuildArguments),
    /// Compile NMODL files, and print a stage of the compiler or what is wrong
    Mod {
        /// Files, folders of .mod files, or names of shipped mechanisms
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The stage to print
        #[arg(long, value_name = "STAGE")]
        print: Option<Stage>,
        /// How to report: for people, or for programs
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: Format,
        /// Warnings that count as errors: a code such as nmodl-unset-assigned, or "units", or "warnings" for all
        #[arg(long, value_name = "WARNING", value_delimiter = ',', value_parser = warning)]
        deny: Vec<String>,
    },
    /// Say what a message's code means, with an example and its cure
    Explain {
        /// The code, as it stands in brackets behind error or warning; without it all codes are listed
        code: Option<String>,
    },
    /// Read an SWC morphology, and say what is in it and what is odd
    Morph {
        /// The SWC file
        file: PathBuf,
    },
    /// Write a network in another simulator's language
    Export {
        /// The model's config (TOML)
        config: PathBuf,
        /// Folder for a Python script, NMODL files and data that rebuild exactly this network in NEURON
        #[arg(long, value_name = "DIR")]
        neuron: PathBuf,
    },
    /// Say what a spikes file holds: rates, silent cells, irregularity, synchrony; draw rasters and rates over time
    #[command(after_help = SPIKES_HELP)]
    Spikes(SpikesArguments),
    /// Compare two outputs, of Tianyan or of other simulators that write SONATA
    #[command(after_help = COMPARE_HELP)]
    Compare(CompareArguments),
    /// Draw results as SVG or PNG: traces of a report, or a raster of spikes.h5
    Plot {
        /// The HDF5 file
        file: PathBuf,
        /// The picture, .svg or .png [default: .svg beside the file]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Names or node ids of the cells to draw
        #[arg(long, value_delimiter = ',')]
        cells: Vec<String>,
    },
    /// Bring the results together that ranks wrote for themselves (--writers per-rank)
    Merge {
        /// The config of the run
        config: PathBuf,
        /// Folder of the results [default: the config's, else out/NAME]
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
        /// Write all reports as 64-bit numbers
        #[arg(long)]
        double: bool,
    },
    /// Write a Slurm batch script that fits a model
    Slurm(SlurmArguments),
    /// Show version, processor, compiler and shipped mechanisms
    Info,
}

/// Who writes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Writers {
    /// Rank 0
    One,
    /// Each rank, in a folder of its own
    PerRank,
}

/// Width of numbers.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Precision {
    /// 32 bits
    F32,
    /// 64 bits
    F64,
}

/// What computes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Backend {
    /// What is predicted to be faster
    Auto,
    /// Threads of the processor
    Cpu,
    /// A GPU of NVIDIA
    Cuda,
}

/// What a batch script is for.
#[derive(Debug, Args)]
pub struct SlurmArguments {
    /// The model's config
    pub config: PathBuf,
    /// Ranks [default: one for half a minute of processor time each]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub ranks: Option<u32>,
    /// Cores of a node
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub cores_per_node: u32,
    /// Time limit [default: three times the estimate]
    #[arg(long, value_name = "HH:MM:SS")]
    pub time: Option<String>,
    /// Partition
    #[arg(long, value_name = "NAME")]
    pub partition: Option<String>,
    /// Account
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// How to run.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The model's config (TOML)
    pub config: PathBuf,
    /// Folder of the results [default: the config's, else out/NAME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Simulate this long instead of the config's duration
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub duration_ms: Option<f64>,
    /// Use this step instead of the config's
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub dt_ms: Option<f64>,
    /// Interpolate where mechanisms say TABLE, as NEURON does by default [default: exact values]
    #[arg(long)]
    pub tables: bool,
    /// Look rates of channels up in tables, off by at most this part of a rate (1e-6: a millionth); outside of -200 to
    /// 200 mV they stay what they are there [default: the config's, else computed]
    #[arg(long, value_name = "PART", value_parser = rate_error)]
    pub rate_error: Option<f64>,
    /// Whether equal linear synapses of a compartment become one [default: the config's, else merged]; results are the
    /// same up to rounding
    #[arg(long, value_name = "HOW")]
    pub synapses: Option<Kept>,
    /// Width of the numbers that density mechanisms compute with, on a GPU [default: the config's, else f64]; voltages,
    /// events and synapses have 64 bits
    #[arg(long, value_name = "WIDTH")]
    pub precision: Option<Precision>,
    /// Threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// What computes: threads of the processor, a GPU of NVIDIA, or what is predicted to be faster; results do not depend
    /// on it
    #[arg(long, value_name = "WHAT", default_value = "auto")]
    pub backend: Backend,
    /// Go on from the newest checkpoint in the folder of the results; begin at 0 if there is none, and do nothing if the
    /// results there are complete
    #[arg(long, conflicts_with = "overwrite")]
    pub resume: bool,
    /// Write a checkpoint after so much model time [default: the config's]; SIGUSR1 asks for one at any time, SIGINT and
    /// SIGTERM for one and the end (exit code 75)
    #[arg(long, value_name = "MS", value_parser = positive)]
    pub checkpoint_every_ms: Option<f64>,
    /// Write a checkpoint after so much wall time [default: the config's]
    #[arg(long, value_name = "MINUTES", value_parser = positive)]
    pub checkpoint_every_minutes: Option<f64>,
    /// Who writes the results of several ranks: rank 0, or each its own for `tianyan merge` [default: the config's, else
    /// one]
    #[arg(long, value_name = "WHO")]
    pub writers: Option<Writers>,
    /// Start MPI even if nothing says that several processes were started (mpiexec and srun are recognised)
    #[arg(long)]
    pub mpi: bool,
    /// Replace the results of an earlier run
    #[arg(long)]
    pub overwrite: bool,
    /// Say where the time went: by phase of the step and by mechanism
    #[arg(long)]
    pub profile: bool,
    /// Write all reports as 64-bit numbers (libsonata reads 32 bits only)
    #[arg(long)]
    pub double: bool,
    /// Show only errors
    #[arg(long)]
    pub quiet: bool,
}

/// What to say of spikes.
#[derive(Debug, Args)]
pub struct SpikesArguments {
    /// The spikes file (SONATA HDF5)
    pub file: PathBuf,
    /// Only this population; may be repeated
    #[arg(long = "population", value_name = "NAME")]
    pub populations: Vec<String>,
    /// How long the run was
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub duration_ms: Option<f64>,
    /// Leave out spikes before this time
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub from_ms: Option<f64>,
    /// Leave out spikes at this time and later
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub to_ms: Option<f64>,
    /// Bins of rates over time and of the synchrony
    #[arg(long, value_name = "MS", default_value = "5", allow_negative_numbers = true)]
    pub bin_ms: f64,
    /// The network's nodes file (SONATA HDF5), which knows silent cells too
    #[arg(long, value_name = "FILE")]
    pub nodes: Option<PathBuf>,
    /// Its table of node types (CSV, apart by spaces)
    #[arg(long, value_name = "FILE")]
    pub node_types: Option<PathBuf>,
    /// Group cells by this column of the nodes file or of the node types
    #[arg(long, value_name = "COLUMN")]
    pub by: Option<String>,
    /// Draw a raster into this file, .svg or .png
    #[arg(long, value_name = "FILE")]
    pub raster: Option<PathBuf>,
    /// Draw rates over time into this file, .svg or .png
    #[arg(long, value_name = "FILE")]
    pub psth: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
}

/// What to compare, and what counts as equal.
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// A folder of results, a spikes file, or a report
    pub a: PathBuf,
    /// Another one
    pub b: PathBuf,
    /// Spikes this close are the same
    #[arg(long, value_name = "MS", default_value = "1e-6")]
    pub tolerance_ms: f64,
    /// Largest difference of traces that counts as none, in the report's unit
    #[arg(long, value_name = "VALUE", default_value = "1e-6")]
    pub trace_tolerance: f64,
    /// Take row k of B's reports as row k + N: BMTK's row k holds the state after step k + 1, so N is 1 there
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub shift_rows: i64,
    /// The step of the runs [default: from run.json]
    #[arg(long, value_name = "MS")]
    pub dt_ms: Option<f64>,
    /// Only this population; may be repeated
    #[arg(long = "population", value_name = "NAME")]
    pub populations: Vec<String>,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
}

/// What becomes of equal synapses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kept {
    /// One instance, where the mechanism allows it and nobody records it
    Merged,
    /// An instance each
    Separate,
}

/// How to build.
#[derive(Debug, Args)]
pub struct BuildArguments {
    /// The description (TOML)
    pub file: PathBuf,
    /// Folder of the network [default: out/NAME]
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Build this part of the network, above 0 and up to 1, instead of the file's scale
    #[arg(long, value_name = "PART", allow_negative_numbers = true)]
    pub scale: Option<f64>,
    /// Folder with morphologies, parameters and mechanisms, instead of the file's
    #[arg(long, value_name = "DIR")]
    pub components: Option<PathBuf>,
    /// Seed of all random numbers, instead of the file's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads [default: all cores]; the files do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Replace the files of an earlier network
    #[arg(long)]
    pub overwrite: bool,
    /// Show only errors
    #[arg(long)]
    pub quiet: bool,
}

/// How to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// An array with an object a file
    Json,
}

/// Stages of the mechanism compiler.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Stage {
    /// The syntax tree
    Ast,
    /// Names with their meaning
    Ir,
    /// The kernels, as straight lines of arithmetic
    Kernels,
    /// The text that a C compiler gets
    C,
}

/// The code of a warning, or `warnings` for all.
fn warning(word: &str) -> Result<String, String> {
    if word == "warnings" {
        return Ok(word.to_string());
    }
    let full = if word.starts_with("nmodl-") { word.to_string() } else { format!("nmodl-{word}") };
    match tianyan::nmodl::explain::find(&full) {
        Some(_) => Ok(full),
        None => Err("no warning has this code; `tianyan explain` lists all".to_string()),
    }
}

fn rate_error(text: &str) -> Result<f64, String> {
    let bound: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    tianyan::model::rate_error_problem(bound).map_or(Ok(bound), |problem| Err(problem.into()))
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "not a number".to_string())?;
    if number > 0.0 && number.is_finite() { Ok(number) } else { Err("it must be above 0".into()) }
}
