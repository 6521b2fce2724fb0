//! `/report/<population>/{data, mapping}`, and the first layout, `/{data, mapping}`.

use hdf5::types::{FloatSize, TypeDescriptor};
use hdf5::{Dataset, Group};
use tianyan_model::{PopulationReport, Problems};

use super::reader::{Reader, inside};

/// Reads all populations.
pub(super) fn read(file: &Reader) -> Result<Vec<PopulationReport>, Problems> {
    let root = file.root();
    if !root.link_exists("report") && root.link_exists("data") && root.link_exists("mapping") {
        return Ok(vec![population(file, String::new(), root)?]);
    }
    file.populations("report")?.into_iter().map(|(name, group)| population(file, name, &group)).collect()
}

fn population(file: &Reader, population: String, group: &Group) -> Result<PopulationReport, Problems> {
    let data = file.dataset(group, &["data"])?;
    let mapping = file.check(&inside(group, "mapping"), group.group("mapping"))?;
    let (start_ms, stop_ms, interval_ms) = time_axis(file, &mapping)?;
    let [rows, columns] = data.shape()[..] else {
        return Err(file.problem(&data.name(), format!("{} dimensions, not 2", data.ndim())));
    };
    let node_ids = file.whole_numbers(&file.dataset(&mapping, &["node_ids", "gids"])?)?;
    let pointers = file.whole_numbers(&file.dataset(&mapping, &["index_pointers", "index_pointer"])?)?;
    let sections = file.whole_numbers(&file.dataset(&mapping, &["element_ids", "element_id"])?)?;
    let positions = file.numbers(&file.dataset(&mapping, &["element_pos"])?)?;
    let report = PopulationReport {
        population,
        variable: file.text_attribute(&data, "variable")?,
        unit: file.text_attribute(&data, "units")?,
        start_ms,
        stop_ms,
        interval_ms,
        index_pointers: closed(pointers, node_ids.len(), columns),
        node_ids,
        element_ids: sections.into_iter().map(|id| u32::try_from(id).unwrap_or(u32::MAX)).collect(),
        element_pos: positions.into_iter().map(|x| x as f32).collect(),
        rows,
        columns,
        single: is_single(&data),
        values: file.numbers(&data)?,
    };
    check_mapping(file, &report, &mapping).map(|()| report)
}

fn time_axis(file: &Reader, mapping: &Group) -> Result<(f64, f64, f64), Problems> {
    let key = inside(mapping, "time");
    let time = file.numbers(&file.dataset(mapping, &["time"])?)?;
    let [start_ms, stop_ms, interval_ms] = time[..] else {
        return Err(file.problem(&key, format!("{} values, not 3", time.len())));
    };
    if time.iter().any(|t| !t.is_finite()) || interval_ms <= 0.0 {
        return Err(file.problem(&key, format!("start, stop and interval are {start_ms}, {stop_ms}, {interval_ms}")));
    }
    Ok((start_ms, stop_ms, interval_ms))
}

/// Some writers leave out the last pointer, where the columns end.
fn closed(mut pointers: Vec<u64>, cells: usize, columns: usize) -> Vec<u64> {
    if cells > 0 && pointers.len() == cells {
        pointers.push(columns as u64);
    }
    pointers
}

fn is_single(data: &Dataset) -> bool {
    let descriptor = data.dtype().and_then(|t| t.to_descriptor());
    matches!(descriptor, Ok(TypeDescriptor::Float(size)) if !matches!(size, FloatSize::U8))
}

fn check_mapping(file: &Reader, report: &PopulationReport, mapping: &Group) -> Result<(), Problems> {
    let pointers = &report.index_pointers;
    let ordered = pointers.is_sorted() && pointers.last().is_none_or(|&last| last <= report.columns as u64);
    if pointers.len() != report.node_ids.len() + 1 || !ordered {
        let message = format!("does not fit {} cells and {} columns", report.node_ids.len(), report.columns);
        return Err(file.problem(&inside(mapping, "index_pointers"), message));
    }
    if report.element_ids.len() != report.columns || report.element_pos.len() != report.columns {
        let message = format!("element_ids or element_pos do not fit {} columns", report.columns);
        return Err(file.problem(&mapping.name(), message));
    }
    Ok(())
}
