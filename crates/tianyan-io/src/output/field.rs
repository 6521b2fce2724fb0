//! A file of potentials at electrodes: `/ecp/data` as [row, channel] in mV, BMTK's layout.
//!
//! Rows of membrane currents come in, one number a compartment; what is written are their sums, weighted by each
//! electrode's distance. Compartments are summed in the order of columns, so that no layout changes a bit; cell by cell
//! where the share of each cell is written.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::Dataset;
use ndarray::ArrayView2;
use tianyan_model::{Probe, Problems, Report, Rows, TraceBlock};

use super::RowsWritten;
use super::part_file::{PartFile, cut, not_writable, text_attribute};

/// Turns the columns of a report into potentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Index of the report; it records the membrane current (nA) of each compartment.
    pub report: usize,
    /// Number of electrodes.
    pub channels: usize,
    /// mV at an electrode for 1 nA out of a compartment: `channels` numbers for each column of the report.
    pub transfer_mv_per_nanoamp: Vec<f64>,
    /// Folder for a file `<gid>.h5` with the share of each cell.
    pub contributions: Option<PathBuf>,
}

/// Values in a chunk.
const CHUNK_VALUES: usize = 8192;
/// Rows that are summed together.
const ROWS_AT_ONCE: usize = 8;

/// The open file.
#[derive(Debug)]
pub(crate) struct FieldFile {
    all: Sums,
    time: Dataset,
    cells: Vec<Sums>,
    field: Field,
    when: Rows,
    columns: usize,
    rows: u64,
}

/// Sums over some columns, and where they go.
#[derive(Debug)]
struct Sums {
    file: PartFile,
    data: Dataset,
    columns: std::ops::Range<usize>,
    buffer: Vec<f64>,
}

impl FieldFile {
    /// Creates `<name>.h5.part`, and one file a cell if they are wanted.
    pub fn create(directory: &Path, report: &Report, probes: &[Probe], field: &Field) -> Result<FieldFile, Problems> {
        let path = directory.join(format!("{}.h5", report.name));
        let all = Sums::create(path, 0..probes.len(), field.channels)?;
        let time = all.file.check(all.describe(field.channels))?;
        let mut cells = Vec::new();
        if let Some(folder) = &field.contributions {
            fs::create_dir_all(folder).map_err(|error| not_writable(folder, &error))?;
            for (gid, columns) in cells_of(probes) {
                cells.push(Sums::create(folder.join(format!("{gid}.h5")), columns, field.channels)?);
            }
        }
        let (field, when, columns) = (field.clone(), report.rows, probes.len());
        Ok(FieldFile { all, time, cells, field, when, columns, rows: 0 })
    }

    /// Goes on with the files of a run, of which `rows` rows stay.
    pub fn resume(
        directory: &Path,
        report: &Report,
        probes: &[Probe],
        field: &Field,
        rows: u64,
    ) -> Result<FieldFile, Problems> {
        let path = directory.join(format!("{}.h5", report.name));
        let all = Sums::resume(path, 0..probes.len(), rows)?;
        let time = all.file.reopened(all.file.root().group("ecp").and_then(|group| group.dataset("time")))?;
        let mut cells = Vec::new();
        for (folder, (gid, columns)) in
            field.contributions.iter().flat_map(|f| cells_of(probes).into_iter().map(move |c| (f, c)))
        {
            cells.push(Sums::resume(folder.join(format!("{gid}.h5")), columns, rows)?);
        }
        let (field, when, columns) = (field.clone(), report.rows, probes.len());
        Ok(FieldFile { all, time, cells, field, when, columns, rows })
    }

    /// The rows that are in the file.
    pub fn written(&self) -> RowsWritten {
        RowsWritten { first_row: 0, rows: self.rows }
    }

    /// Takes rows into memory.
    pub fn accept(&mut self, block: &TraceBlock) -> Result<(), Problems> {
        let columns = self.columns.max(1);
        if self.cells.is_empty() {
            self.all.take(&block.values, columns, &self.field);
        } else {
            self.take_cells(&block.values);
        }
        self.rows += (block.values.len() / columns) as u64;
        Ok(())
    }

    /// The share of each cell, and their sum.
    fn take_cells(&mut self, rows: &[f64]) {
        let mut sums = vec![0.0; rows.len() / self.columns.max(1) * self.field.channels];
        for cell in &mut self.cells {
            let before = cell.buffer.len();
            cell.take(rows, self.columns, &self.field);
            sums.iter_mut().zip(&cell.buffer[before..]).for_each(|(sum, own)| *sum += own);
        }
        self.all.buffer.extend(sums);
    }

    /// Brings the files to the disk themselves.
    pub fn sync(&self) -> Result<(), Problems> {
        std::iter::once(&self.all).chain(&self.cells).try_for_each(|sums| sums.file.sync())
    }

    /// Bytes that are only in memory.
    pub fn buffered_bytes(&self) -> usize {
        8 * std::iter::once(&self.all).chain(&self.cells).map(|sums| sums.buffer.len()).sum::<usize>()
    }

    /// Writes what is in memory.
    pub fn flush(&mut self) -> Result<(), Problems> {
        for sums in std::iter::once(&mut self.all).chain(&mut self.cells) {
            sums.flush(self.field.channels)?;
        }
        let Rows { labelled_ms, interval_ms, .. } = self.when;
        let time = [labelled_ms, labelled_ms + self.rows as f64 * interval_ms, interval_ms];
        self.all.file.check(self.time.write_raw(&time))?;
        self.all.file.flush()
    }

    /// Closes the files and returns the name of the first.
    pub fn finish(mut self, complete: bool) -> Result<String, Problems> {
        self.flush()?;
        drop(self.time);
        for sums in self.cells {
            sums.close(complete)?;
        }
        self.all.close(complete)
    }
}

impl Sums {
    fn create(path: PathBuf, columns: std::ops::Range<usize>, channels: usize) -> Result<Sums, Problems> {
        let file = PartFile::create(path)?;
        let chunk = ((CHUNK_VALUES / channels.max(1)).max(1), channels.max(1));
        let create = || {
            let group = file.root().create_group("ecp")?;
            group.new_dataset::<f64>().chunk(chunk).shape((0.., channels)).create("data")
        };
        let data = file.check(create())?;
        Ok(Sums { file, data, columns, buffer: Vec::new() })
    }

    fn resume(path: PathBuf, columns: std::ops::Range<usize>, rows: u64) -> Result<Sums, Problems> {
        let file = PartFile::reopen(path)?;
        let open = || {
            let data = file.root().group("ecp")?.dataset("data")?;
            cut(&data, rows).map(|()| data)
        };
        let data = file.reopened(open())?;
        Ok(Sums { file, data, columns, buffer: Vec::new() })
    }

    /// Units, channels and the time axis.
    fn describe(&self, channels: usize) -> hdf5::Result<Dataset> {
        text_attribute(&self.data, "units", "mV")?;
        let group = self.file.root().group("ecp")?;
        let ids: Vec<u64> = (0..channels as u64).collect();
        group.new_dataset_builder().with_data(&ids).create("channel_id")?;
        let time = group.new_dataset::<f64>().shape(3).create("time")?;
        text_attribute(&time, "units", "ms")?;
        Ok(time)
    }

    /// Adds the sums of some rows, `width` currents each. The weights of a column serve [`ROWS_AT_ONCE`] rows while
    /// they are in the cache.
    fn take(&mut self, rows: &[f64], width: usize, field: &Field) {
        let channels = field.channels.max(1);
        for rows in rows.chunks(ROWS_AT_ONCE * width) {
            let start = self.buffer.len();
            self.buffer.resize(start + rows.len() / width * channels, 0.0);
            for column in self.columns.clone() {
                let weights = &field.transfer_mv_per_nanoamp[column * channels..][..channels];
                let sums = self.buffer[start..].chunks_exact_mut(channels);
                for (sums, row) in sums.zip(rows.chunks_exact(width)) {
                    let current = row[column];
                    sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * current);
                }
            }
        }
    }

    fn flush(&mut self, channels: usize) -> Result<(), Problems> {
        let rows = self.buffer.len() / channels.max(1);
        if rows > 0 {
            let written = self.write(rows, channels);
            self.file.check(written)?;
            self.buffer.clear();
        }
        self.file.flush()
    }

    fn write(&self, rows: usize, channels: usize) -> hdf5::Result<()> {
        let start = self.data.shape()[0];
        let view = ArrayView2::from_shape((rows, channels), &self.buffer);
        let view = view.map_err(|error| hdf5::Error::from(error.to_string()))?;
        self.data.resize((start + rows, channels))?;
        self.data.write_slice(view, (start..start + rows, 0..channels))
    }

    fn close(self, complete: bool) -> Result<String, Problems> {
        drop(self.data);
        self.file.finish(complete)
    }
}

/// The columns of each cell.
fn cells_of(probes: &[Probe]) -> Vec<(u32, std::ops::Range<usize>)> {
    let mut found: Vec<(u32, std::ops::Range<usize>)> = Vec::new();
    for (column, probe) in probes.iter().enumerate() {
        match found.last_mut() {
            Some((gid, columns)) if *gid == probe.gid.0 => columns.end = column + 1,
            _ => found.push((probe.gid.0, column..column + 1)),
        }
    }
    found
}
