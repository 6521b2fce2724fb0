//! What must hold before the first file is created: sensible reports, and a directory that is ours to fill.

use std::fs;
use std::path::{Path, PathBuf};

use tianyan_model::{Place, Population, Probe, Problem, Problems, Report, RunSettings};

use super::OutputSettings;
use super::part_file::{check_unused, not_writable, part_path};
use super::run_json::{RUN_JSON, RunStatus, RunSummary};

/// The probes of a report.
pub(crate) fn probes_of(probes: &[Probe], report: usize) -> &[Probe] {
    let start = probes.partition_point(|p| p.report < report);
    let end = probes.partition_point(|p| p.report <= report);
    &probes[start..end]
}

/// Finds everything that is wrong with the reports and with names that cannot stand in a file; of the part of a rank no
/// report need have probes.
pub fn check(
    populations: &[Population],
    reports: &[Report],
    probes: &[Probe],
    run: &RunSettings,
    is_part: bool,
) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for population in populations.iter().filter(|p| p.name.is_empty() || p.name.contains(['/', '\0'])) {
        let message = format!("\"{}\" cannot be the name of a group in an HDF5 file", population.name);
        problems.push(Problem::new("population-name", message).help("leave out slashes"));
    }
    for (i, report) in reports.iter().enumerate() {
        let place = Place::default().key(format!("report {}", report.name));
        let empty = if is_part { None } else { check_probes(report, i, probes) };
        let found = [check_name(report, &reports[..i]), check_interval(report, run), empty];
        found.into_iter().flatten().for_each(|problem| problems.push(problem.at(place.clone())));
    }
    problems.or(())
}

/// Most bytes of a report's name: file systems take 255, with its endings.
const LONGEST_NAME: usize = 200;

fn check_name(report: &Report, before: &[Report]) -> Option<Problem> {
    let name = report.name.as_str();
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) || name.contains(char::is_control) {
        let problem = Problem::new("report-name", format!("{name:?} cannot be the name of a file"));
        return Some(problem.help("use letters, digits, - and _"));
    }
    if name.len() > LONGEST_NAME {
        let problem = Problem::new("report-name", format!("a name of {} bytes is too long for a file", name.len()));
        return Some(problem.help(format!("use at most {LONGEST_NAME}")));
    }
    if name == "spikes" {
        let problem = Problem::new("report-name", "spikes.h5 is the name of the spikes file");
        return Some(problem.help("give the report another name"));
    }
    let twice = before.iter().any(|other| other.name == name);
    let problem = || Problem::new("report-name", format!("two reports are called {name}"));
    twice.then(|| problem().help("give each report its own name: it becomes the name of a file"))
}

fn check_interval(report: &Report, run: &RunSettings) -> Option<Problem> {
    let steps = report.rows.interval_ms / run.dt_ms;
    let whole = steps.round().max(1.0);
    let fits = steps.is_finite() && steps > 0.0 && (steps - whole).abs() <= 1e-6 * whole;
    if fits {
        return None;
    }
    let (interval, dt) = (report.rows.interval_ms, run.dt_ms);
    let message = format!("the interval of {interval} ms is not a whole number of steps of {dt} ms");
    let nearest = if whole.is_finite() { whole } else { 1.0 } * dt;
    let help = format!("the nearest interval that fits is {} ms", (nearest * 1e9).round() / 1e9);
    Some(Problem::new("report-interval", message).help(help))
}

fn check_probes(report: &Report, index: usize, probes: &[Probe]) -> Option<Problem> {
    let empty = probes_of(probes, index).is_empty();
    let problem = || Problem::new("report-empty", format!("the report {} records nothing", report.name));
    empty.then(|| problem().help("check which cells and sections it names"))
}

/// Creates the directory, or empties it of the files of an earlier run if it may overwrite them. Files that no run of
/// ours wrote stay.
pub(crate) fn prepare(directory: &Path, settings: &OutputSettings, reports: &[Report]) -> Result<(), Problems> {
    check_folder(directory, settings.overwrite)?;
    remove_old(directory, settings, reports)
}

/// Creates the folder; fails if it cannot be written, if another run writes there, or if it holds something that must not be
/// replaced.
pub fn check_folder(directory: &Path, overwrite: bool) -> Result<(), Problems> {
    fs::create_dir_all(directory).map_err(|error| not_writable(directory, &error))?;
    let mut entries = fs::read_dir(directory).map_err(|error| not_writable(directory, &error))?;
    if entries.next().is_none() {
        return Ok(());
    }
    let parts = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    for part in parts.filter(|path| path.extension().is_some_and(|ending| ending == "part")) {
        check_unused(&part)?;
    }
    if !overwrite {
        let problem = Problem::new("output-exists", "the output directory exists and is not empty");
        let place = Place::file(directory.display().to_string());
        return Err(problem.at(place).help("use --overwrite to replace the results, or name another directory").into());
    }
    Ok(())
}

/// Whether the folder has results of a run that was completed.
pub fn is_complete(directory: &Path) -> bool {
    run_of(directory).is_some_and(|run| run.status == RunStatus::Done)
}

fn run_of(directory: &Path) -> Option<RunSummary> {
    serde_json::from_str(&fs::read_to_string(directory.join(RUN_JSON)).ok()?).ok()
}

/// Whether the folder, or that of a rank in it, has a result file under its final name.
pub fn has_results(directory: &Path) -> bool {
    let names = |folder: &Path| {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let is_result = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "h5");
    let folders = names(directory).into_iter().filter(|path| path.is_dir() && crate::parts::is_folder(path));
    let inside: Vec<PathBuf> = folders.flat_map(|folder| names(&folder)).collect();
    names(directory).iter().chain(&inside).any(is_result)
}

/// A run that goes on is not complete, whatever was said before.
pub(crate) fn unfinish(directory: &Path, is_part: bool) -> Result<(), Problems> {
    // Of a rank's folder the folder of the whole decides.
    if !is_part && is_complete(directory) {
        return Err(already_complete(directory));
    }
    remove(&directory.join(RUN_JSON))
}

/// The problem of a run that cannot go on, since it has ended.
pub fn already_complete(directory: &Path) -> Problems {
    let problem = Problem::new("resume-complete", "this run is complete: there is nothing to go on with");
    let help = "use --overwrite without --resume to run it again";
    problem.at(Place::file(directory.display().to_string())).help(help).into()
}

/// `run.json` goes first: from then on nothing in the directory claims to be complete.
fn remove_old(directory: &Path, settings: &OutputSettings, reports: &[Report]) -> Result<(), Problems> {
    let old = run_of(directory);
    let mut names = vec![RUN_JSON.to_string(), settings.spikes.name.clone()];
    names.extend(reports.iter().map(|report| format!("{}.h5", report.name)));
    names.extend(old.map_or(Vec::new(), |run| run.outputs).into_iter().filter(|name| is_ours(name)));
    for path in names.iter().map(|name| directory.join(name)) {
        remove(&path)?;
        remove(&part_path(&path))?;
    }
    Ok(())
}

/// A `run.json` from elsewhere must not make us delete anything but results beside it.
fn is_ours(name: &str) -> bool {
    (name.ends_with(".h5") || name.ends_with(".h5.part")) && !name.contains(['/', '\\'])
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), Problems> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(not_writable(path, &error).into()),
        _ => Ok(()),
    }
}
