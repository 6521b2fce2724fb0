//! Spike trains that drive a virtual population.

use std::path::Path;

use tianyan_model::Problems;

use super::nodes::column;
use crate::output::{PartFile, Sorting, text_attribute};

/// Writes spikes (time in ms, node id), sorted by time, of one population.
pub fn write_input_spikes(path: &Path, population: &str, spikes: &[(f64, u64)]) -> Result<(), Problems> {
    let file = PartFile::create(path.to_path_buf())?;
    file.check(fill(&file, population, spikes))?;
    file.finish(true).map(|_| ())
}

fn fill(file: &PartFile, population: &str, spikes: &[(f64, u64)]) -> hdf5::Result<()> {
    let group = file.root().create_group("spikes")?.create_group(population)?;
    group.new_attr::<Sorting>().shape(()).create("sorting")?.write_scalar(&Sorting::ByTime)?;
    let (times, ids): (Vec<f64>, Vec<u64>) = spikes.iter().copied().unzip();
    column(&group, "timestamps", &times)?;
    let timestamps = group.dataset("timestamps")?;
    text_attribute(&timestamps, "units", "ms")?;
    column(&group, "node_ids", &ids)
}
