//! Results that each rank wrote for itself, and how they become one.
//!
//! Under `output.writers = "per-rank"` rank r writes `rank-000r/spikes.h5` and its columns of each report, as 64-bit
//! numbers in the units of the engine. [`Parts`] reads them back in blocks, in the columns of the whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File};
use tianyan_model::{Gid, Place, Population, Probe, Problem, Problems, Report, Spike, TraceBlock};

use crate::output::{RUN_JSON, part_path, remove};

/// Rows that are read together.
const BLOCK_ROWS: usize = 256;
/// Spikes that are read together.
const BLOCK_SPIKES: usize = 1 << 18;

/// The folder of a rank's results.
pub fn folder(output: &Path, rank: usize) -> PathBuf {
    output.join(format!("rank-{rank:04}"))
}

/// Whether a folder is called as that of a rank.
pub(crate) fn is_folder(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.strip_prefix("rank-")
        .is_some_and(|number| number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The folders of ranks that are there.
fn folders(output: &Path) -> Vec<PathBuf> {
    (0..).map(|rank| folder(output, rank)).take_while(|folder| folder.is_dir()).collect()
}

/// Removes what ranks of an earlier run wrote.
///
/// # Errors
/// If it is there and stays.
pub(crate) fn remove_all(output: &Path) -> Result<(), Problems> {
    for folder in folders(output) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_ours = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            name == RUN_JSON || name.ends_with(".h5") || name.ends_with(".h5.part")
        };
        entries.filter(is_ours).try_for_each(|path| remove(&path))?;
        // What else lies there is not ours.
        let _ = fs::remove_dir(&folder);
    }
    Ok(())
}

/// The results of all ranks of a run.
#[derive(Debug)]
pub struct Parts {
    folders: Vec<PathBuf>,
    populations: Vec<Population>,
}

/// The columns that one rank has of one population, and where they lie in the whole.
struct Columns {
    data: Dataset,
    path: PathBuf,
    /// Columns of the whole, in the order of this dataset.
    places: Vec<usize>,
}

/// Spikes of one population of one rank, ascending in time.
struct Train {
    times: Dataset,
    node_ids: Dataset,
    path: PathBuf,
    first_gid: u32,
    read: usize,
    /// Read and not yet taken, the next one last.
    waiting: Vec<Spike>,
}

impl Parts {
    /// Finds the results of so many ranks.
    ///
    /// # Errors
    /// If some are missing, or not complete.
    pub fn open(output: &Path, ranks: usize, populations: &[Population]) -> Result<Parts, Problems> {
        let folders: Vec<PathBuf> = (0..ranks).map(|rank| folder(output, rank)).collect();
        let mut problems = Problems::default();
        for folder in &folders {
            let spikes = folder.join("spikes.h5");
            if !spikes.exists() {
                let (why, help) = match part_path(&spikes).exists() {
                    true => (
                        "this rank's results are not complete: the run was stopped",
                        "go on with `tianyan run --resume`",
                    ),
                    false => ("this rank's results are missing", "bring them back, or run it again with --overwrite"),
                };
                problems.push(Problem::new("merge-part", why).at(Place::file(folder.display().to_string())).help(help));
            }
        }
        problems.or(Parts { folders, populations: populations.to_vec() })
    }

    /// Hands all spikes to `take`, in blocks that ascend in time, each with a time that no later block is before, ms.
    ///
    /// # Errors
    /// Those of reading, and of `take`.
    pub fn spikes(&self, mut take: impl FnMut(Vec<Spike>, f64) -> Result<(), Problems>) -> Result<(), Problems> {
        let mut trains = Vec::new();
        for folder in &self.folders {
            let path = folder.join("spikes.h5");
            trains.extend(self.trains(&path).map_err(|error| unreadable(&path, &error))?);
        }
        loop {
            for train in &mut trains {
                train.read_more().map_err(|error| unreadable(&train.path, &error))?;
            }
            // Up to the earliest time after which some train must be read on.
            let horizon = trains.iter().filter_map(Train::horizon_ms).fold(f64::INFINITY, f64::min);
            let mut block: Vec<Spike> = trains.iter_mut().flat_map(|train| train.take_before(horizon)).collect();
            block.sort_by(|a, b| a.time_ms.total_cmp(&b.time_ms).then(a.gid.cmp(&b.gid)));
            take(block, horizon)?;
            if horizon == f64::INFINITY {
                return Ok(());
            }
        }
    }

    fn trains(&self, path: &Path) -> hdf5::Result<Vec<Train>> {
        let file = File::open(path)?;
        let mut trains = Vec::new();
        for population in &self.populations {
            let Ok(group) = file.group(&format!("spikes/{}", population.name)) else { continue };
            trains.push(Train {
                times: group.dataset("timestamps")?,
                node_ids: group.dataset("node_ids")?,
                path: path.to_path_buf(),
                first_gid: population.first_gid.0,
                read: 0,
                waiting: Vec::new(),
            });
        }
        Ok(trains)
    }

    /// Hands the rows of a report to `take`, in blocks; `number` is the report's, `probes` are its columns.
    ///
    /// # Errors
    /// Those of reading, and of `take`.
    pub fn rows(
        &self,
        number: usize,
        report: &Report,
        probes: &[Probe],
        mut take: impl FnMut(TraceBlock) -> Result<(), Problems>,
    ) -> Result<(), Problems> {
        let mut parts = Vec::new();
        for folder in &self.folders {
            let path = folder.join(format!("{}.h5", report.name));
            if path.exists() {
                parts.extend(self.columns(&path, probes).map_err(|error| unreadable(&path, &error))?);
            }
        }
        let found: usize = parts.iter().map(|part| part.places.len()).sum();
        let rows = parts.iter().map(|part| part.data.shape()[0]).min().unwrap_or(0);
        let uneven = parts.iter().find(|part| part.data.shape() != [rows, part.places.len()]);
        if found != probes.len() || uneven.is_some() {
            let message =
                format!("the ranks have {found} columns of report {}, and the model {}", report.name, probes.len());
            let place = uneven.map(|part| Place::file(part.path.display().to_string())).unwrap_or_default();
            let help = "merge with the config that the run had";
            return Err(Problem::new("merge-columns", message).at(place).help(help).into());
        }
        for first in (0..rows).step_by(BLOCK_ROWS) {
            let count = BLOCK_ROWS.min(rows - first);
            let mut values = vec![0.0; count * probes.len()];
            for part in &parts {
                let block = part.data.read_slice_2d::<f64, _>((first..first + count, ..));
                let block = block.map_err(|error| unreadable(&part.path, &error))?;
                for (row, from) in block.outer_iter().enumerate() {
                    from.iter()
                        .zip(&part.places)
                        .for_each(|(value, place)| values[row * probes.len() + place] = *value);
                }
            }
            take(TraceBlock { report: number, first_row: first as u64, columns: probes.len(), values })?;
        }
        Ok(())
    }

    fn columns(&self, path: &Path, probes: &[Probe]) -> hdf5::Result<Vec<Columns>> {
        let mut places: BTreeMap<Gid, Vec<usize>> = BTreeMap::new();
        probes.iter().enumerate().for_each(|(place, probe)| places.entry(probe.gid).or_default().push(place));
        let file = File::open(path)?;
        let mut found = Vec::new();
        for population in &self.populations {
            let Ok(group) = file.group(&format!("report/{}", population.name)) else { continue };
            let node_ids: Vec<u64> = group.dataset("mapping/node_ids")?.read_raw()?;
            let gids = node_ids.iter().map(|id| Gid(population.first_gid.0 + *id as u32));
            let places = gids.flat_map(|gid| places.get(&gid).cloned().unwrap_or_default()).collect();
            found.push(Columns { data: group.dataset("data")?, path: path.to_path_buf(), places });
        }
        Ok(found)
    }
}

impl Train {
    fn read_more(&mut self) -> hdf5::Result<()> {
        let size = self.times.size();
        if !self.waiting.is_empty() || self.read == size {
            return Ok(());
        }
        let block = self.read..(self.read + BLOCK_SPIKES).min(size);
        let times = self.times.read_slice_1d::<f64, _>(block.clone())?;
        let ids = self.node_ids.read_slice_1d::<u64, _>(block.clone())?;
        let spike = |(&time_ms, &id): (&f64, &u64)| Spike { time_ms, gid: Gid(self.first_gid + id as u32) };
        self.waiting = times.iter().zip(ids.iter()).map(spike).rev().collect();
        self.read = block.end;
        Ok(())
    }

    /// The last time that was read, if there is more behind it.
    fn horizon_ms(&self) -> Option<f64> {
        let last = self.waiting.first().map(|spike| spike.time_ms);
        last.filter(|_| self.read < self.times.size())
    }

    fn take_before(&mut self, horizon_ms: f64) -> Vec<Spike> {
        // A block of one time alone is taken whole: the next one may begin with the same.
        let is_stuck = self.waiting.last().is_some_and(|next| next.time_ms >= horizon_ms);
        let keep = match is_stuck && self.horizon_ms() == Some(horizon_ms) {
            true => 0,
            false => self.waiting.partition_point(|spike| spike.time_ms >= horizon_ms),
        };
        let mut taken = self.waiting.split_off(keep);
        taken.reverse();
        taken
    }
}

fn unreadable(path: &Path, error: &hdf5::Error) -> Problem {
    let why = error.to_string();
    Problem::new("merge-part", format!("cannot read this rank's results: {}", why.lines().next().unwrap_or_default()))
        .at(Place::file(path.display().to_string()))
        .help("is the file whole? If not, run the model again")
}
