//! The `tianyan` command: a thin shell over the library of the same name.
#![forbid(unsafe_code)]

mod arguments;
mod build;
mod compare;
mod explain;
mod export;
mod info;
mod mechanism;
mod morphology;
mod plot;
mod profile;
mod progress;
mod run;
mod say;
mod spikes;

use arguments::{Arguments, Command};
use clap::Parser;
use say::tell;
use std::process::ExitCode;
use tianyan::Error;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let log = tracing_subscriber::EnvFilter::try_from_env("TIANYAN_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(log).with_writer(std::io::stderr).without_time().init();
    let result = match &arguments.command {
        Command::Run(options) => run::run(options),
        Command::Check { config } => run::check(config),
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

fn fail(error: &Error) -> ExitCode {
    tell!("{error}");
    ExitCode::from(error.exit_code())
}
