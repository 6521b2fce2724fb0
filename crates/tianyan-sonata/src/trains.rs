//! Known spikes: files of an input of type `spikes`.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use tianyan_io::columns::{self, ColumnGroup};
use tianyan_model::{Place, Problem, Problems};

use crate::table::Table;

/// Times in ms, ascending, by node id.
pub(crate) type Trains = HashMap<u32, Vec<f64>>;

/// Spikes of a file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorded {
    pub trains: Trains,
    /// The populations that they are of, if others than the one asked for are among them.
    pub strangers: Vec<String>,
}

/// What is read of a file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    /// Whose spikes they shall be.
    pub population: &'a str,
    /// `population` of the input: those in the file that count.
    pub named: &'a [String],
    /// One of an NWB file.
    pub trial: Option<&'a str>,
}

/// Reads the spikes for a population. As in BMTK, of several populations in an HDF5 file the first in the alphabet
/// counts, and all of a CSV. Negative times and times that are no numbers are problems.
pub(crate) fn read(path: &Path, module: &str, wanted: Wanted) -> Result<Recorded, Problems> {
    let mut recorded = match module {
        "csv" => from_csv(path, wanted)?,
        "nwb" => Recorded { trains: from_nwb(path, wanted.trial)?, strangers: Vec::new() },
        _ => from_hdf5(path, wanted)?,
    };
    for (node_id, times) in &mut recorded.trains {
        if let Some(wrong) = times.iter().find(|t| !(**t >= 0.0 && t.is_finite())) {
            let message = format!("node {node_id} spikes at {wrong} ms");
            let problem = Problem::new("sonata-spike-time", message).at(Place::file(path.display().to_string()));
            return Err(problem.help("times are ms from the run's start on").into());
        }
        times.sort_by(f64::total_cmp);
    }
    Ok(recorded)
}

/// The module that reads a file, by its ending, as BMTK chooses it for replays.
pub(crate) fn module_of(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase).as_deref() {
        Some("csv") => "csv",
        Some("nwb") => "nwb",
        _ => "h5",
    }
}

fn collect(times: Vec<f64>, ids: Vec<u64>) -> Trains {
    let mut trains = Trains::new();
    for (time, id) in times.into_iter().zip(ids) {
        trains.entry(u32::try_from(id).unwrap_or(u32::MAX)).or_default().push(time);
    }
    trains
}

fn from_hdf5(path: &Path, wanted: Wanted) -> Result<Recorded, Problems> {
    let spikes = columns::open(path)?.group("spikes")?;
    if spikes.has("timestamps") {
        return Ok(Recorded { trains: of_group(&spikes)?, strangers: Vec::new() });
    }
    let mut groups = spikes.groups();
    groups.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut counted = groups.iter().filter(|(name, _)| wanted.named.is_empty() || wanted.named.contains(name));
    match (counted.next(), wanted.named.first()) {
        (Some((name, group)), _) => {
            let strangers = [name.clone()].into_iter().filter(|name| name != wanted.population).collect();
            Ok(Recorded { trains: of_group(group)?, strangers })
        }
        (None, Some(named)) => {
            let message = format!("the file holds no spikes of the population `{named}`");
            let help = tianyan_io::did_you_mean(named, groups.iter().map(|(name, _)| name.as_str()));
            Err(Problem::new("sonata-spikes", message).at(spikes.place("")).help(help).into())
        }
        // A run without a spike leaves such a file.
        (None, None) => Ok(Recorded::default()),
    }
}

fn of_group(group: &ColumnGroup) -> Result<Trains, Problems> {
    let column = group.column("timestamps")?;
    let mut times = column.numbers()?;
    match column.text_attribute("units").as_deref() {
        Some("s" | "sec" | "seconds") => times.iter_mut().for_each(|t| *t *= 1000.0),
        None | Some("" | "ms" | "milliseconds") => {}
        Some(other) => {
            return Err(column.problem(format!("times in \"{other}\", not in ms or s")).into());
        }
    }
    let name = if group.has("node_ids") { "node_ids" } else { "gids" };
    let ids = group.column(name)?.integers()?;
    if ids.len() != times.len() {
        let message = format!("{} timestamps, but {} {name}", times.len(), ids.len());
        return Err(Problem::new("sonata-lengths", message).at(group.place("")).into());
    }
    Ok(collect(times, ids))
}

/// `timestamps population node_ids`, in any order; without a header, in this order.
fn from_csv(path: &Path, wanted: Wanted) -> Result<Recorded, Problems> {
    let mut table = Table::read(path, ' ')?;
    if table.columns.first().is_some_and(|first| first.parse::<f64>().is_ok()) {
        table.rows.insert(0, (1, table.columns.clone()));
        let names: &[&str] = if table.columns.len() == 2 {
            &["timestamps", "node_ids"]
        } else {
            &["timestamps", "population", "node_ids"]
        };
        table.columns = names.iter().map(|name| (*name).to_string()).collect();
    }
    let times = table.numbers("timestamps")?;
    let ids = table.numbers(if table.column("node_ids").is_some() { "node_ids" } else { "gids" })?;
    let column = table.column("population");
    let names = table.rows.iter().filter_map(|(_, row)| row.get(column?).map(String::as_str));
    let populations: BTreeSet<&str> = names.collect();
    let mut trains = Trains::new();
    for (i, (time, id)) in times.into_iter().zip(ids).enumerate() {
        if id < 0.0 || id.fract() != 0.0 {
            let problem = Problem::new("csv-number", format!("node id {id} is no whole number from 0 on"));
            return Err(problem.at(table.place(table.rows[i].0)).into());
        }
        trains.entry(id as u32).or_default().push(time);
    }
    let mut strangers = populations;
    if strangers.iter().all(|name| *name == wanted.population) {
        strangers.clear();
    }
    Ok(Recorded { trains, strangers: strangers.into_iter().map(String::from).collect() })
}

/// BMTK's NWB 1: `/processing/<trial>/spike_train/<node id>/data`.
fn from_nwb(path: &Path, trial: Option<&str>) -> Result<Trains, Problems> {
    let processing = columns::open(path)?.group("processing")?;
    let trials = processing.members();
    let trial = trial.or_else(|| trials.first().map(String::as_str).filter(|_| trials.len() == 1));
    let Some(trial) = trial else {
        let problem = Problem::new("sonata-spikes", format!("the file holds {} trials", trials.len()));
        return Err(problem.at(processing.place("")).help("name one with the key `trial`").into());
    };
    let trains = processing.group(trial)?.group("spike_train")?;
    let mut found = Trains::new();
    for (name, group) in trains.groups() {
        if let Ok(id) = name.parse() {
            found.insert(id, group.column("data")?.numbers()?);
        }
    }
    Ok(found)
}
