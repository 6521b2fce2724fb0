//! One report file: `/report/<population>/data` as [row, element], with the mapping that says which column is
//! which compartment.
//!
//! Row k is the state at t = k * interval; row 0 is the initial state ([`Rows`] can say otherwise). `mapping/time` = start, stop, interval is
//! half open, as libsonata reads it: stop = (last row + 1) * interval, and there is no row at stop.

use std::ops::Range;
use std::path::Path;

use hdf5::{Dataset, Group};
use ndarray::ArrayView2;
use tianyan_model::{Place, Population, Probe, Problem, Problems, Report, Rows, TraceBlock};

use super::RowsWritten;
use super::part_file::{PartFile, cut, text_attribute};

/// Values in a chunk, 256 KiB of f32.
const CHUNK_VALUES: usize = 65536;
/// Most rows in a chunk: a square chunk serves readers of one trace as well as readers of one moment.
const CHUNK_ROWS: usize = 256;

/// What one population gave to a report.
#[derive(Debug)]
struct Part {
    /// Its columns of the report.
    columns: Range<usize>,
    data: Dataset,
    mapping: Group,
    time: Dataset,
    /// Rows that are not on disk yet, row-major.
    buffer: Vec<f64>,
}

/// One report's file.
#[derive(Debug)]
pub(crate) struct ReportFile {
    file: PartFile,
    /// When its rows are, and how they are labelled.
    when: Rows,
    columns: usize,
    /// In gid order.
    parts: Vec<Part>,
    /// Index of the first row of the file; more than 0 if the run was continued.
    first_row: u64,
    /// Rows taken so far.
    rows: u64,
    /// What each column is multiplied with.
    pub factors: Option<Vec<f64>>,
}

impl ReportFile {
    /// Creates `<name>.h5.part` for the report whose probes are given, sorted by gid. `rows` is the number of
    /// rows expected and `buffer_bytes` the size at which buffers are written; both only shape the chunks.
    pub fn create(
        directory: &Path,
        report: &Report,
        probes: &[Probe],
        populations: &[Population],
        rows: usize,
        buffer_bytes: usize,
    ) -> Result<ReportFile, Problems> {
        let file = PartFile::create(directory.join(format!("{}.h5", report.name)))?;
        let chunk_rows = (buffer_bytes / (8 * probes.len().max(1))).min(rows).clamp(1, CHUNK_ROWS);
        let mut parts = Vec::new();
        for (population, columns) in columns_of_populations(populations, probes) {
            let part = create_part(&file, report, population, probes, columns, chunk_rows);
            parts.push(file.check(part)?);
        }
        let columns = probes.len();
        let mut created = ReportFile { file, when: report.rows, columns, parts, first_row: 0, rows: 0, factors: None };
        created.flush()?;
        Ok(created)
    }

    /// Goes on with the file of a run, of which `written` rows stay.
    pub fn resume(
        directory: &Path,
        report: &Report,
        probes: &[Probe],
        populations: &[Population],
        written: RowsWritten,
    ) -> Result<ReportFile, Problems> {
        let file = PartFile::reopen(directory.join(format!("{}.h5", report.name)))?;
        let mut parts = Vec::new();
        for (population, columns) in columns_of_populations(populations, probes) {
            let part = reopen_part(&file, population, columns, written.rows);
            parts.push(file.reopened(part)?);
        }
        let RowsWritten { first_row, rows } = written;
        let columns = probes.len();
        let mut opened = ReportFile { file, when: report.rows, columns, parts, first_row, rows, factors: None };
        opened.flush()?;
        Ok(opened)
    }

    /// The rows that are in the file.
    pub fn written(&self) -> RowsWritten {
        RowsWritten { first_row: self.first_row, rows: self.rows }
    }

    /// Writes what drives the synapses that are the columns, and what they sit on.
    pub fn label_sources(&mut self, source_gids: &[i64], probes: &[Probe]) -> Result<(), Problems> {
        let labelled = self.parts.iter().try_for_each(|part| {
            let targets: Vec<i64> = probes[part.columns.clone()].iter().map(|probe| i64::from(probe.gid.0)).collect();
            let sources = &source_gids[part.columns.clone()];
            part.mapping.new_dataset_builder().with_data(sources).create("src_ids")?;
            part.mapping.new_dataset_builder().with_data(&targets).create("trg_ids").map(|_| ())
        });
        self.file.check(labelled)
    }

    /// Takes rows into memory.
    pub fn accept(&mut self, block: &TraceBlock) -> Result<(), Problems> {
        if self.rows == 0 {
            self.first_row = block.first_row;
        }
        self.check_block(block)?;
        for row in block.values.chunks_exact(self.columns) {
            for part in &mut self.parts {
                let values = row[part.columns.clone()].iter();
                match &self.factors {
                    None => part.buffer.extend(values),
                    Some(factors) => part.buffer.extend(values.zip(&factors[part.columns.clone()]).map(|(v, f)| v * f)),
                }
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn check_block(&self, block: &TraceBlock) -> Result<(), Problems> {
        let expected = self.first_row + self.rows;
        let message = if block.columns != self.columns || !block.values.len().is_multiple_of(self.columns) {
            let (values, columns) = (block.values.len(), self.columns);
            format!("{values} values in {} columns do not fit {columns} probes", block.columns)
        } else if block.first_row != expected {
            format!("row {} came where row {expected} was due", block.first_row)
        } else {
            return Ok(());
        };
        let problem = Problem::new("output-broken-epoch", message);
        let place = Place::file(self.file.part().display().to_string());
        Err(problem.at(place).help("this is an error in Tianyan, not in the model: please report it").into())
    }

    /// Brings the file to the disk itself.
    pub fn sync(&self) -> Result<(), Problems> {
        self.file.sync()
    }

    /// Bytes that are only in memory.
    pub fn buffered_bytes(&self) -> usize {
        self.parts.iter().map(|part| 8 * part.buffer.len()).sum()
    }

    /// Writes what is in memory. The time axis follows only once the rows are safe, so that a file cut short by
    /// a full disk never claims rows that it does not hold.
    pub fn flush(&mut self) -> Result<(), Problems> {
        let written = self.parts.iter_mut().try_for_each(Part::append);
        self.file.check(written)?;
        self.file.flush()?;
        let Rows { labelled_ms, interval_ms, .. } = self.when;
        let start_ms = labelled_ms + self.first_row as f64 * interval_ms;
        let stop_ms = labelled_ms + (self.first_row + self.rows) as f64 * interval_ms;
        let time = [start_ms, stop_ms, interval_ms];
        self.file.check(self.parts.iter().try_for_each(|part| part.time.write_raw(&time)))?;
        self.file.flush()
    }

    /// Closes the file and returns its name.
    pub fn finish(mut self, complete: bool) -> Result<String, Problems> {
        self.flush()?;
        drop(self.parts);
        self.file.finish(complete)
    }
}

impl Part {
    fn append(&mut self) -> hdf5::Result<()> {
        let columns = self.columns.len();
        let (start, rows) = (self.data.shape()[0], self.buffer.len() / columns);
        if rows > 0 {
            let view = ArrayView2::from_shape((rows, columns), &self.buffer);
            let view = view.map_err(|error| hdf5::Error::from(error.to_string()))?;
            self.data.resize((start + rows, columns))?;
            self.data.write_slice(view, (start..start + rows, 0..columns))?;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// The columns of each population that has any; contiguous, because probes are sorted by gid.
fn columns_of_populations<'a>(populations: &'a [Population], probes: &[Probe]) -> Vec<(&'a Population, Range<usize>)> {
    let ranges = populations.iter().map(|population| {
        let first = population.first_gid.0;
        let start = probes.partition_point(|p| p.gid.0 < first);
        let end = probes.partition_point(|p| u64::from(p.gid.0) < u64::from(first) + u64::from(population.size));
        (population, start..end)
    });
    ranges.filter(|(_, columns)| !columns.is_empty()).collect()
}

fn create_part(
    file: &PartFile,
    report: &Report,
    population: &Population,
    probes: &[Probe],
    columns: Range<usize>,
    chunk_rows: usize,
) -> hdf5::Result<Part> {
    let root = file.root();
    let reports = if root.link_exists("report") { root.group("report")? } else { root.create_group("report")? };
    let group = reports.create_group(&population.name)?;
    let data = create_data(&group, report, columns.len(), chunk_rows)?;
    let mapping = group.create_group("mapping")?;
    write_mapping(&mapping, population, &probes[columns.clone()])?;
    let time = mapping.new_dataset::<f64>().shape(3).create("time")?;
    text_attribute(&time, "units", "ms")?;
    Ok(Part { columns, data, mapping, time, buffer: Vec::new() })
}

fn reopen_part(file: &PartFile, population: &Population, columns: Range<usize>, rows: u64) -> hdf5::Result<Part> {
    let group = file.root().group("report")?.group(&population.name)?;
    let (data, mapping) = (group.dataset("data")?, group.group("mapping")?);
    if data.shape().get(1) != Some(&columns.len()) {
        return Err(format!("it has other columns than the report has now, {}", columns.len()).into());
    }
    cut(&data, rows)?;
    let time = mapping.dataset("time")?;
    Ok(Part { columns, data, mapping, time, buffer: Vec::new() })
}

/// HDF5 narrows the f64 values to the dataset's f32 on the way, rounding to nearest.
fn create_data(group: &Group, report: &Report, columns: usize, chunk_rows: usize) -> hdf5::Result<Dataset> {
    let chunk = (chunk_rows, columns.min(CHUNK_VALUES / chunk_rows));
    let shape = (0.., columns);
    let data = if report.double {
        group.new_dataset::<f64>().chunk(chunk).shape(shape).create("data")?
    } else {
        group.new_dataset::<f32>().chunk(chunk).shape(shape).create("data")?
    };
    text_attribute(&data, "units", &report.unit)?;
    text_attribute(&data, "variable", &report.variable)?;
    Ok(data)
}

/// libsonata wants `index_pointers` of length N + 1, BMTK the same under its old name `index_pointer`.
fn write_mapping(mapping: &Group, population: &Population, probes: &[Probe]) -> hdf5::Result<()> {
    let (mut node_ids, mut pointers) = (Vec::new(), Vec::new());
    for (column, probe) in probes.iter().enumerate() {
        let node_id = u64::from(probe.gid.0 - population.first_gid.0);
        if node_ids.last() != Some(&node_id) {
            node_ids.push(node_id);
            pointers.push(column as u64);
        }
    }
    pointers.push(probes.len() as u64);
    let sections: Vec<u32> = probes.iter().map(|p| p.element_id).collect();
    let positions: Vec<f32> = probes.iter().map(|p| p.location.x as f32).collect();
    let nodes = mapping.new_dataset_builder().with_data(&node_ids).create("node_ids")?;
    nodes.new_attr::<u8>().shape(()).create("sorted")?.write_scalar(&1)?;
    mapping.new_dataset_builder().with_data(&pointers).create("index_pointers")?;
    mapping.link_hard("index_pointers", "index_pointer")?;
    mapping.new_dataset_builder().with_data(&sections).create("element_ids")?;
    mapping.new_dataset_builder().with_data(&positions).create("element_pos")?;
    Ok(())
}
