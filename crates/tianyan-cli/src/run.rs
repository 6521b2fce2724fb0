//! `tianyan run` and `tianyan check`.

use crate::arguments::{Backend, Kept, Precision, RunArguments, Writers};
use crate::drill::Drill;
use crate::progress::Display;
use crate::say::{say, tell};
use crate::slurm;
use std::path::Path;
use std::process::ExitCode;
use tianyan::comm::Communicator;
use tianyan::{
    CheckpointPlan, Device, Error, Overrides, RankSummary, Requests, Run, RunStatus, RunSummary, Session, StartOptions,
    Stop, model,
};

/// The exit code of a run that was stopped and whose results so far are safe.
const STOPPED: u8 = 75;

/// Runs a model, on one of several ranks if there are more. Rank 0 speaks.
pub fn run(arguments: &RunArguments, mut comm: Box<dyn Communicator>) -> Result<ExitCode, Error> {
    let quiet = arguments.quiet || comm.rank() > 0;
    let drill = Drill::asked(comm.rank(), comm.size());
    let overrides = Overrides {
        duration_ms: arguments.duration_ms,
        dt_ms: arguments.dt_ms,
        tables: arguments.tables,
        rate_error: arguments.rate_error,
        synapses: arguments.synapses.map(|kept| match kept {
            Kept::Merged => model::Synapses::Merged,
            Kept::Separate => model::Synapses::Separate,
        }),
        precision: arguments.precision.map(|precision| match precision {
            Precision::F32 => model::Precision::Single,
            Precision::F64 => model::Precision::Double,
        }),
    };
    let session = tianyan::agree(comm.as_mut(), Session::open(&arguments.config, &overrides))?;
    if !quiet {
        session.warnings.iter().for_each(|warning| tell!("{warning}\n"));
    }
    let stop = Stop::on_signals();
    let directory = arguments.output.clone().unwrap_or_else(|| session.output_directory());
    if arguments.resume && tianyan::agree(comm.as_mut(), Ok(tianyan::io::output::is_complete(&directory)))? {
        if !quiet {
            say!("this run is complete: its results are in {}", directory.display());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let options = StartOptions {
        output: arguments.output.clone(),
        threads: arguments.threads.map(usize::from),
        overwrite: arguments.overwrite,
        double: arguments.double,
        device: match arguments.backend {
            Backend::Auto => Device::Auto,
            Backend::Cpu => Device::Cpu,
            Backend::Cuda => Device::Cuda,
        },
        interpret: false,
        profile: arguments.profile,
        resume: arguments.resume,
        writers: arguments.writers.map(|writers| match writers {
            Writers::One => tianyan::Writers::One,
            Writers::PerRank => tianyan::Writers::PerRank,
        }),
        checkpoints: CheckpointPlan {
            every_ms: arguments.checkpoint_every_ms,
            every_minutes: arguments.checkpoint_every_minutes,
        },
    };
    let mut run = session.start_on(&options, comm)?;
    if !quiet {
        say_where_it_begins(&run, arguments.resume);
        run.simulation().unfit().iter().for_each(|unfit| tell!("{unfit}\n"));
    }
    let mut display = Display::new(quiet, run.progress().duration_ms);
    loop {
        let Requests { stop, checkpoint } = run.agreed(stop.requests());
        if (stop || checkpoint) && !run.simulation().is_done() {
            run.checkpoint()?;
        }
        if stop {
            break;
        }
        if let Some(drill) = &drill {
            drill.play(run.progress().time_ms);
        }
        match run.advance().map_err(|error| session.located(error))? {
            Some(progress) => display.show(&progress),
            None => break,
        }
    }
    display.end();
    let profile = run.simulation().profile().filter(|_| !quiet);
    let summary = run.finish()?;
    if !quiet {
        if summary.ranks > 1 {
            say!("{}", of_ranks(&summary));
        }
        say!("{}", describe(&summary, &arguments.output.clone().unwrap_or(session.output_directory())));
    }
    if let Some(profile) = profile {
        say!("{}", crate::profile::text(&profile, &summary));
    }
    Ok(if summary.status == RunStatus::Done { ExitCode::SUCCESS } else { ExitCode::from(STOPPED) })
}

fn say_where_it_begins(run: &Run, wants_to_resume: bool) {
    run.device.iter().for_each(|device| tell!("on {device}"));
    run.broken_checkpoints.0.iter().for_each(|problem| tell!("{}\n", problem.as_warning()));
    match run.resumed_ms() {
        Some(time_ms) => tell!("going on from the checkpoint at {time_ms} ms"),
        None if wants_to_resume => tell!("no checkpoint: beginning at 0 ms"),
        None => {}
    }
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

/// A line on the balance of the ranks.
fn of_ranks(summary: &RunSummary) -> String {
    let range = |of: &dyn Fn(&RankSummary) -> f64| {
        let all = || summary.places.iter().map(of);
        (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max))
    };
    let (fewest, most) = range(&|place| place.compartments as f64);
    let (least_mb, most_mb) = range(&|place| place.peak_rss_mb);
    let (_, layout_s) = range(&|place| place.layout_s);
    let (shortest, longest) = range(&|place| place.computing_s);
    let (_, exchange_s) = range(&|place| place.spikes_s + place.peers_s + place.results_s);
    format!(
        "{} ranks, spikes {}: {fewest} to {most} compartments, {least_mb:.0} to {most_mb:.0} MB; {layout_s:.2} s of laying \
         out, {shortest:.2} to {longest:.2} s of computing, up to {exchange_s:.2} s of exchange and waiting",
        summary.ranks, summary.exchange
    )
}

fn listing(directory: &Path) -> String {
    let names = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names.join(", ")
}

/// Merges the results of ranks.
pub fn merge(config: &Path, output: Option<&Path>, double: bool) -> Result<ExitCode, Error> {
    let session = Session::open(config, &Overrides::default())?;
    let directory = output.map_or_else(|| session.output_directory(), Path::to_path_buf);
    let is_whole = tianyan::io::output::is_complete(&directory) && !tianyan::io::parts::folder(&directory, 0).is_dir();
    if is_whole {
        say!("one rank wrote all results in {}: there is nothing to merge", directory.display());
        return Ok(ExitCode::SUCCESS);
    }
    let summary = session.merge(Some(directory.clone()), double)?;
    say!("the results of {} ranks are in {}: {}", summary.ranks, directory.display(), listing(&directory));
    Ok(ExitCode::SUCCESS)
}

/// Checks a config.
pub fn check(config: &Path, ranks: Option<usize>) -> Result<ExitCode, Error> {
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
    if let Some(device) = session.device() {
        say!("backend           {device}");
    }
    if let Some(ranks) = ranks {
        let of_ranks = session.estimate_ranks(&estimate, ranks)?;
        let (least, largest) = of_ranks.load;
        say!("ranks             {ranks}, loads from {least:.2} to {largest:.2} of the mean");
        say!("memory of a rank  up to {:.0} MB", of_ranks.memory_mb);
        say!("wall time         about {:.1} s", of_ranks.wall_s);
        if of_ranks.idle > 0 {
            say!("                  {} ranks have no cells: fewer would do", of_ranks.idle);
        }
        say!("{}", slurm::head(&of_ranks));
    }
    Ok(ExitCode::SUCCESS)
}
