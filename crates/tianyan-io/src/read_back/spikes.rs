//! `/spikes/<population>/{timestamps, node_ids}`, and the first layout, `/spikes/{timestamps, gids}`.

use hdf5::Group;
use tianyan_model::{PopulationSpikes, Problems};

use super::reader::{Reader, inside};
use crate::output::file_name;

/// Names of the column of cells, the newest first.
const CELLS: [&str; 2] = ["node_ids", "gids"];

/// Reads all populations.
pub(super) fn read(file: &Reader) -> Result<Vec<PopulationSpikes>, Problems> {
    let top = file.group("spikes")?;
    if top.link_exists("timestamps") {
        return Ok(vec![population(file, String::new(), &top)?]);
    }
    file.populations("spikes")?.into_iter().map(|(name, group)| population(file, name, &group)).collect()
}

fn population(file: &Reader, population: String, group: &Group) -> Result<PopulationSpikes, Problems> {
    let mut times_ms = times_ms(file, group)?;
    let mut node_ids = file.whole_numbers(&file.dataset(group, &CELLS)?)?;
    let (times, ids) = (times_ms.len(), node_ids.len());
    if times != ids && !file_name(file.path()).ends_with(".part") {
        return Err(file.problem(&group.name(), format!("{times} timestamps, but {ids} node_ids")));
    }
    // A run cut down by a full disk may have written one column further than the other.
    times_ms.truncate(ids);
    node_ids.truncate(times);
    let (times_ms, node_ids) = sorted(times_ms, node_ids);
    Ok(PopulationSpikes { population, times_ms, node_ids })
}

fn times_ms(file: &Reader, group: &Group) -> Result<Vec<f64>, Problems> {
    let dataset = file.dataset(group, &["timestamps"])?;
    let key = inside(group, "timestamps");
    let mut times_ms = file.numbers(&dataset)?;
    match file.text_attribute(&dataset, "units")?.trim() {
        "" | "ms" | "msec" | "millisecond" | "milliseconds" => {}
        "s" | "sec" | "second" | "seconds" => times_ms.iter_mut().for_each(|t| *t *= 1000.0),
        other => return Err(file.problem(&key, format!("times in \"{other}\", not in ms or s"))),
    }
    match times_ms.iter().position(|t| !t.is_finite() || *t < 0.0) {
        Some(i) => {
            Err(file.problem(&key, format!("entry {i} is {}, and a spike has a time of 0 or more", times_ms[i])))
        }
        None => Ok(times_ms),
    }
}

/// By time, then node id.
fn sorted(times_ms: Vec<f64>, node_ids: Vec<u64>) -> (Vec<f64>, Vec<u64>) {
    let mut spikes: Vec<(f64, u64)> = times_ms.into_iter().zip(node_ids).collect();
    let order = |a: &(f64, u64), b: &(f64, u64)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if !spikes.is_sorted_by(|a, b| order(a, b).is_le()) {
        spikes.sort_by(order);
    }
    spikes.into_iter().unzip()
}
