//! `tianyan run` and `tianyan check`.

use crate::arguments::{Kept, RunArguments};
use crate::progress::Display;
use crate::say::{say, tell};
use std::path::Path;
use std::process::ExitCode;
use tianyan::{Error, Overrides, RunStatus, RunSummary, Session, StartOptions, Stop, model};

/// The exit code of a run that was stopped and whose results so far are safe.
const STOPPED: u8 = 75;

/// Runs a model.
pub fn run(arguments: &RunArguments) -> Result<ExitCode, Error> {
    let overrides = Overrides {
        duration_ms: arguments.duration_ms,
        dt_ms: arguments.dt_ms,
        tables: arguments.tables,
        rate_error: arguments.rate_error,
        synapses: arguments.synapses.map(|kept| match kept {
            Kept::Merged => model::Synapses::Merged,
            Kept::Separate => model::Synapses::Separate,
        }),
    };
    let session = Session::open(&arguments.config, &overrides)?;
    if !arguments.quiet {
        session.warnings.iter().for_each(|warning| tell!("{warning}\n"));
    }
    let stop = Stop::on_signals();
    let mut run = session.start(&StartOptions {
        output: arguments.output.clone(),
        threads: arguments.threads.map(usize::from),
        overwrite: arguments.overwrite,
        double: arguments.double,
        interpret: false,
        profile: arguments.profile,
    })?;
    if !arguments.quiet {
        run.simulation().unfit().iter().for_each(|unfit| tell!("{unfit}\n"));
    }
    let mut display = Display::new(arguments.quiet, run.progress().duration_ms);
    while !stop.requested() {
        match run.advance()? {
            Some(progress) => display.show(&progress),
            None => break,
        }
    }
    display.end();
    let profile = run.simulation().profile();
    let summary = run.finish()?;
    if !arguments.quiet {
        say!("{}", describe(&summary, &arguments.output.clone().unwrap_or(session.output_directory())));
    }
    if let Some(profile) = profile {
        say!("{}", crate::profile::text(&profile, &summary));
    }
    Ok(if summary.status == RunStatus::Done { ExitCode::SUCCESS } else { ExitCode::from(STOPPED) })
}

fn describe(summary: &RunSummary, directory: &Path) -> String {
    let how = match summary.status {
        RunStatus::Done => "done",
        RunStatus::Interrupted => "stopped",
    };
    format!(
        "{how}: {} ms of {} cells ({} compartments) in {:.2} s, after {:.2} s of set-up; {:.1} ns per compartment and \
         step, {:.0} MB\n{} spikes; results in {}: {}",
        summary.simulated_ms,
        summary.cells,
        summary.compartments,
        summary.solve_s,
        summary.setup_s,
        summary.ns_per_compartment_step,
        summary.peak_rss_mb,
        summary.spikes,
        directory.display(),
        listing(directory),
    )
}

fn listing(directory: &Path) -> String {
    let names = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.join(", ")
}

/// Checks a config.
pub fn check(config: &Path) -> Result<ExitCode, Error> {
    let session = Session::open(config, &Overrides::default())?;
    session.warnings.iter().for_each(|warning| tell!("{warning}\n"));
    let estimate = session.estimate()?;
    say!("{}: no errors", config.display());
    say!("cells             {}", estimate.cells);
    say!("compartments      {}", estimate.compartments);
    say!("point processes   {}", estimate.point_processes);
    say!("event connections {}", estimate.connections);
    say!("steps             {}", estimate.steps);
    say!("memory            {:.1} MB", estimate.memory_mb);
    say!("output            {:.1} MB", estimate.output_mb);
    say!("processor time    about {:.1} s on one core", estimate.cpu_s);
    Ok(ExitCode::SUCCESS)
}
