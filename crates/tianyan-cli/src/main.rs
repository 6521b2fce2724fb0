//! The `tianyan` command: a thin shell over the library of the same name.
#![forbid(unsafe_code)]

mod arguments;
mod build;
mod compare;
mod drill;
mod explain;
mod export;
mod info;
mod log;
mod mechanism;
mod morphology;
mod plot;
mod profile;
mod progress;
mod run;
mod say;
mod slurm;
mod spikes;

use arguments::{Arguments, Command, RunArguments};
use clap::Parser;
use say::tell;
use std::process::ExitCode;
use tianyan::Error;
use tianyan::comm::{Lost, Watch, World, abort_all};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !matches!(arguments.command, Command::Run(_)) {
        log::start(0);
    }
    let result = match &arguments.command {
        Command::Run(options) => return run_on_ranks(options),
        Command::Check { config, ranks } => run::check(config, ranks.map(|ranks| ranks as usize)),
        Command::Merge { config, output, double } => run::merge(config, output.as_deref(), *double),
        Command::Slurm(options) => slurm::slurm(options),
        Command::Build(options) => build::build(options),
        Command::Mod { files, print, format, deny } => Ok(mechanism::compile(files, *print, *format, deny)),
        Command::Explain { code } => explain::explain(code.as_deref()),
        Command::Morph { file } => morphology::describe(file),
        Command::Export { config, neuron } => export::neuron(config, neuron),
        Command::Spikes(options) => spikes::spikes(options),
        Command::Compare(options) => compare::compare(options),
        Command::Plot { file, output, cells } => plot::plot(file, output.as_deref(), cells),
        Command::Info => info::show(),
    };
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Runs a model on this rank. A rank that just ended would leave the others waiting for ever: after an error that not all
/// ranks have, all are ended.
fn run_on_ranks(options: &RunArguments) -> ExitCode {
    let world = match World::start(options.mpi) {
        Ok(world) => world,
        Err(error) => {
            tell!("{error}");
            return ExitCode::from(2);
        }
    };
    let mut comm = world.communicator();
    log::start(comm.rank());
    let alone = comm.size() == 1;
    if !alone {
        end_all_with_a_panic();
    }
    let _watch = (!alone).then(|| Watch::start(comm.as_mut(), end_all_without));
    match run::run(options, comm) {
        Ok(code) => code,
        Err(error) if alone || matches!(error, Error::Ranks { .. }) => fail(&error),
        Err(error) => {
            tell!("{error}");
            abort_all(error.exit_code().into())
        }
    }
}

/// A rank that is lost ends all, with a message of the rank that noticed.
fn end_all_without(lost: Lost) {
    tell!("{lost}");
    abort_all(1);
}

/// A panic of any thread ends all ranks, with its message.
fn end_all_with_a_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        abort_all(PANICKED);
    }));
}

/// The exit code of a program of Rust that panicked.
const PANICKED: i32 = 101;

fn fail(error: &Error) -> ExitCode {
    let text = error.to_string();
    if !text.is_empty() {
        tell!("{text}");
    }
    ExitCode::from(error.exit_code())
}
