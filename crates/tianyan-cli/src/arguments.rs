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

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a model and write spikes, traces and run.json
    Run(RunArguments),
    /// Check a config: everything but the time loop, with an estimate of memory, time and output
    Check {
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
    /// Draw results as SVG: traces of a report, or a raster of spikes.h5
    Plot {
        /// The HDF5 file
        file: PathBuf,
        /// The picture [default: beside the file]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Names or node ids of the cells to draw
        #[arg(long, value_delimiter = ',')]
        cells: Vec<String>,
    },
    /// Show version, processor, compiler and shipped mechanisms
    Info,
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
    /// Threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// Replace the results of an earlier run
    #[arg(long)]
    pub overwrite: bool,
    /// Show only errors
    #[arg(long)]
    pub quiet: bool,
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
