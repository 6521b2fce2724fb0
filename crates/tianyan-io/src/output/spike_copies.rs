//! What is made of the spikes file when a run is done: a CSV, or another order.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use hdf5::File as HdfFile;
use tianyan_model::{PopulationSpikes, Problems};

use super::part_file::{not_writable, write_failed};
use super::spikes::Sorting;
use crate::read_back::read_spikes;

/// How spikes are written beside, or instead of, `spikes.h5` sorted by time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpikeFiles {
    /// Name of the file in the output directory.
    pub name: String,
    /// A CSV of the same spikes: `timestamps population node_ids`, times in ms.
    pub csv: Option<PathBuf>,
    /// Sort by node id, then time.
    pub by_id: bool,
}

impl Default for SpikeFiles {
    fn default() -> SpikeFiles {
        SpikeFiles { name: "spikes.h5".into(), csv: None, by_id: false }
    }
}

impl SpikeFiles {
    /// Does what is wanted with the finished file in `directory`; gives the names of the files it made.
    pub(crate) fn finish(&self, directory: &Path) -> Result<Vec<String>, Problems> {
        if self.csv.is_none() && !self.by_id {
            return Ok(Vec::new());
        }
        let path = directory.join(&self.name);
        let mut all = read_spikes(&path)?;
        if self.by_id {
            all.iter_mut().for_each(sort_by_id);
            rewrite(&path, &all).map_err(|error| Problems::from(write_failed(&path, &error)))?;
        }
        let Some(csv) = &self.csv else { return Ok(Vec::new()) };
        let target = directory.join(csv);
        write_csv(&target, &all, self.by_id).map_err(|error| Problems::from(not_writable(&target, &error)))?;
        Ok(vec![csv.display().to_string()])
    }
}

fn sort_by_id(spikes: &mut PopulationSpikes) {
    let mut rows: Vec<(u64, f64)> = spikes.node_ids.iter().copied().zip(spikes.times_ms.iter().copied()).collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    (spikes.node_ids, spikes.times_ms) = rows.into_iter().unzip();
}

fn rewrite(path: &Path, all: &[PopulationSpikes]) -> hdf5::Result<()> {
    let file = HdfFile::append(path)?;
    for spikes in all {
        let group = file.group("spikes")?.group(&spikes.population)?;
        group.dataset("timestamps")?.write_raw(&spikes.times_ms)?;
        group.dataset("node_ids")?.write_raw(&spikes.node_ids)?;
        group.attr("sorting")?.write_scalar(&Sorting::ById)?;
    }
    file.flush()
}

/// All populations together, by time or by node id.
fn write_csv(path: &Path, all: &[PopulationSpikes], by_id: bool) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut rows: Vec<(f64, &str, u64)> = Vec::new();
    for spikes in all {
        let name = spikes.population.as_str();
        rows.extend(spikes.times_ms.iter().zip(&spikes.node_ids).map(|(time, id)| (*time, name, *id)));
    }
    if !by_id {
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
    }
    let mut out = BufWriter::new(File::create(path)?);
    writeln!(out, "timestamps population node_ids")?;
    for (time, population, id) in rows {
        writeln!(out, "{time} {population} {id}")?;
    }
    out.flush()
}
