//! `spikes.h5`: one group a population with `timestamps` (ms) and `node_ids`, sorted by time, then node id.
//!
//! Readers are strict about the order (libsonata refuses a file that says `by_time` and is not), and epochs
//! overlap a little: a detector's spike carries the time of the step's end + 1e-10 ms and so may lie behind
//! an exact time of the next epoch. Spikes that are not older than the epoch's end therefore wait for the next.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hdf5::{Dataset, File, H5Type};
use tianyan_model::{Epoch, Gid, Place, Population, Problem, Problems, Spike};

use super::part_file::{PartFile, append_column, cut, growing_column, text_attribute};

/// Values in a chunk: 32 KiB, so that the file of a quiet population stays small.
const CHUNK: usize = 4096;

/// SONATA's attribute `sorting`. Only one member is ever written, but readers want all three in its type.
#[allow(dead_code)]
#[derive(H5Type, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Sorting {
    #[hdf5(rename = "none")]
    None = 0,
    #[hdf5(rename = "by_id")]
    ById = 1,
    #[hdf5(rename = "by_time")]
    ByTime = 2,
}

/// The spikes of one population that are not on disk yet, and the columns they go to.
#[derive(Debug)]
struct Columns {
    population: Population,
    /// Created at once for populations that are simulated, at the first spike for mere sources.
    datasets: Option<(Dataset, Dataset)>,
    times_ms: Vec<f64>,
    node_ids: Vec<u64>,
}

/// The spikes file.
#[derive(Debug)]
pub(crate) struct SpikeFile {
    file: PartFile,
    /// In gid order.
    populations: Vec<Columns>,
    /// Not older than the last epoch's end.
    waiting: Vec<Spike>,
    /// The last spike handed to a population.
    last: Option<Spike>,
}

impl SpikeFile {
    /// Creates the file (`.part` until it is complete) with a group for every population that is not named in `sources`.
    pub fn create(path: PathBuf, populations: &[Population], sources: &[String]) -> Result<SpikeFile, Problems> {
        let file = PartFile::create(path)?;
        let mut columns = Vec::new();
        for population in populations {
            let simulated = !sources.contains(&population.name);
            let datasets = simulated.then(|| create_group(file.root(), &population.name)).transpose();
            let datasets = file.check(datasets)?;
            columns.push(Columns {
                population: population.clone(),
                datasets,
                times_ms: Vec::new(),
                node_ids: Vec::new(),
            });
        }
        columns.sort_by_key(|c| c.population.first_gid);
        file.flush()?;
        Ok(SpikeFile { file, populations: columns, waiting: Vec::new(), last: None })
    }

    /// Goes on with the file of a run; `counts` says how many spikes of each population stay.
    pub fn resume(
        path: PathBuf,
        populations: &[Population],
        counts: &BTreeMap<String, u64>,
    ) -> Result<SpikeFile, Problems> {
        let file = PartFile::reopen(path)?;
        let mut columns = Vec::new();
        for population in populations {
            let count = counts.get(&population.name);
            let datasets =
                file.reopened(count.map(|count| reopen(file.root(), &population.name, *count)).transpose())?;
            let population = population.clone();
            columns.push(Columns { population, datasets, times_ms: Vec::new(), node_ids: Vec::new() });
        }
        columns.sort_by_key(|c| c.population.first_gid);
        file.flush()?;
        Ok(SpikeFile { file, populations: columns, waiting: Vec::new(), last: None })
    }

    /// Spikes of each population that are in the file.
    pub fn written(&self) -> BTreeMap<String, u64> {
        let count = |columns: &Columns| {
            let (times, _) = columns.datasets.as_ref()?;
            Some((columns.population.name.clone(), times.size() as u64))
        };
        self.populations.iter().filter_map(count).collect()
    }

    /// Takes an epoch's spikes into memory.
    pub fn accept(&mut self, epoch: &Epoch) -> Result<(), Problems> {
        if let Some(spike) = epoch.spikes.iter().find(|s| !s.time_ms.is_finite()) {
            return Err(broken(&self.file, format!("a spike of gid {} has time {}", spike.gid.0, spike.time_ms)));
        }
        self.waiting.extend_from_slice(&epoch.spikes);
        self.waiting.sort_by(order);
        let old = self.waiting.partition_point(|s| s.time_ms < epoch.end_ms);
        self.release(old)
    }

    /// Hands the first `count` waiting spikes to their populations.
    fn release(&mut self, count: usize) -> Result<(), Problems> {
        for spike in self.waiting.drain(..count) {
            if self.last.is_some_and(|last| order(&last, &spike).is_gt()) {
                let message = format!("the spike of gid {} at {} ms came too late", spike.gid.0, spike.time_ms);
                return Err(broken(&self.file, message));
            }
            let Some((columns, node_id)) = find(&mut self.populations, spike.gid) else {
                return Err(broken(&self.file, format!("gid {} belongs to no population", spike.gid.0)));
            };
            columns.times_ms.push(spike.time_ms);
            columns.node_ids.push(u64::from(node_id));
            self.last = Some(spike);
        }
        Ok(())
    }

    /// Brings the file to the disk itself.
    pub fn sync(&self) -> Result<(), Problems> {
        self.file.sync()
    }

    /// Bytes that are only in memory.
    pub fn buffered_bytes(&self) -> usize {
        self.populations.iter().map(|c| 16 * c.times_ms.len()).sum()
    }

    /// Writes what is in memory, except for spikes that still wait for the next epoch.
    pub fn flush(&mut self) -> Result<(), Problems> {
        let root = self.file.root();
        let written = self.populations.iter_mut().try_for_each(|columns| columns.write(root));
        self.file.check(written)?;
        self.file.flush()
    }

    /// Writes everything, also what waited.
    pub fn flush_all(&mut self) -> Result<(), Problems> {
        self.release(self.waiting.len())?;
        self.flush()
    }

    /// Closes the file and returns its name.
    pub fn finish(mut self, complete: bool) -> Result<String, Problems> {
        self.flush_all()?;
        drop(self.populations);
        self.file.finish(complete)
    }
}

impl Columns {
    fn write(&mut self, root: &File) -> hdf5::Result<()> {
        if self.times_ms.is_empty() {
            return Ok(());
        }
        if self.datasets.is_none() {
            self.datasets = Some(create_group(root, &self.population.name)?);
        }
        if let Some((times, ids)) = &self.datasets {
            append_column(times, &mut self.times_ms)?;
            append_column(ids, &mut self.node_ids)?;
        }
        Ok(())
    }
}

fn order(a: &Spike, b: &Spike) -> std::cmp::Ordering {
    a.time_ms.total_cmp(&b.time_ms).then(a.gid.cmp(&b.gid))
}

fn find(populations: &mut [Columns], gid: Gid) -> Option<(&mut Columns, u32)> {
    let after = populations.partition_point(|c| c.population.first_gid <= gid);
    let columns = &mut populations[after.checked_sub(1)?];
    let node_id = columns.population.node_id(gid)?;
    Some((columns, node_id))
}

fn reopen(root: &File, population: &str, count: u64) -> hdf5::Result<(Dataset, Dataset)> {
    let spikes = root.group("spikes")?;
    if count == 0 && !spikes.link_exists(population) {
        return create_group(root, population);
    }
    let group = spikes.group(population)?;
    let datasets = (group.dataset("timestamps")?, group.dataset("node_ids")?);
    cut(&datasets.0, count)?;
    cut(&datasets.1, count)?;
    Ok(datasets)
}

fn create_group(root: &File, population: &str) -> hdf5::Result<(Dataset, Dataset)> {
    let spikes = if root.link_exists("spikes") { root.group("spikes")? } else { root.create_group("spikes")? };
    let group = spikes.create_group(population)?;
    group.new_attr::<Sorting>().shape(()).create("sorting")?.write_scalar(&Sorting::ByTime)?;
    let times = growing_column::<f64>(&group, "timestamps", CHUNK)?;
    text_attribute(&times, "units", "ms")?;
    Ok((times, growing_column::<u64>(&group, "node_ids", CHUNK)?))
}

fn broken(file: &PartFile, message: String) -> Problems {
    Problem::new("output-broken-epoch", message)
        .at(Place::file(file.part().display().to_string()))
        .help("this is an error in Tianyan, not in the model: please report it")
        .into()
}
