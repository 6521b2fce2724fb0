//! What a run writes: `spikes.h5`, a file for each report, `run.json`, in the layout that SONATA's readers take.
//!
//! ```text
//! spikes.h5     /spikes/<population>/{timestamps (ms), node_ids}      sorted by time, then node id
//! <report>.h5   /report/<population>/data [row, element]
//!               /report/<population>/mapping/{node_ids, index_pointers, element_ids, element_pos, time}
//!               and, of synapses, mapping/{src_ids, trg_ids}
//! run.json      what was run, how it ended, what it cost
//! ```
//!
//! Files are called `NAME.h5.part` while the run goes on. [`Output::close`] gives them their names when the run
//! is done; of a run that was interrupted they keep the ending, and stay readable up to the last flush.
//! Rows are kept in memory and written together, at most once in [`OutputSettings::flush_every`] or whenever
//! [`OutputSettings::buffer_bytes`] have gathered, so that short epochs cost nothing.

mod directory;
mod field;
mod part_file;
mod report;
mod run_json;
mod spike_copies;
mod spikes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use tianyan_model::{Epoch, Place, Population, Probe, Problem, Problems, Report, RunSettings, TraceBlock};

use crate::{checkpoint, parts};
pub(crate) use directory::remove;
pub use directory::{already_complete, check, check_folder, has_results, is_complete};
pub use field::Field;
use field::FieldFile;
pub use part_file::file_name;
pub(crate) use part_file::{
    PartFile, append_column, growing_column, not_writable, part_path, rename_synced, text_attribute, write_failed,
};
use report::ReportFile;
pub use run_json::{PopulationSize, RUN_JSON, RankSummary, RunStatus, RunSummary, rfc3339, write as write_run_json};
pub use spike_copies::SpikeFiles;
pub(crate) use spikes::Sorting;
use spikes::SpikeFile;

/// How results are written.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSettings {
    /// Replace the files of an earlier run in the same directory.
    pub overwrite: bool,
    /// Wall time between two flushes.
    pub flush_every: Duration,
    /// Flush earlier if this much has gathered.
    pub buffer_bytes: usize,
    /// Populations that only emit known spikes. They get a group in `spikes.h5` when they spike, the others
    /// always, so that a reader can tell silent cells from unknown ones.
    pub source_populations: Vec<String>,
    /// Names and forms of the spikes.
    pub spikes: SpikeFiles,
    /// Report values as 64-bit numbers, whatever the reports say; libsonata reads 32 bits only.
    pub double: bool,
    /// Reports that are written as potentials at electrodes.
    pub fields: Vec<Field>,
    /// Reports in other units than those they are recorded in.
    pub conversions: Vec<Conversion>,
    /// What drives the columns of reports of synapses.
    pub synapse_sources: Vec<SynapseSources>,
    /// What ranks wrote in folders of their own stays, and checkpoints.
    pub keeps_parts: bool,
    /// These are the results of one rank of several, which may have nothing of a report.
    pub is_part: bool,
}

/// Changes the unit of a report: each column has its factor.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct Conversion {
    /// Index of the report.
    pub report: usize,
    pub factors: Vec<f64>,
}

/// Labels the columns of a report of synapses with what drives them: `mapping/src_ids`, beside `mapping/trg_ids`, the
/// cells they sit on. Both are gids, as BMTK writes them.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct SynapseSources {
    /// Index of the report.
    pub report: usize,
    /// One a column; -1 where no simulated cell drives it.
    pub gids: Vec<i64>,
}

impl Default for OutputSettings {
    fn default() -> OutputSettings {
        OutputSettings {
            overwrite: false,
            flush_every: Duration::from_secs(1),
            buffer_bytes: 16 << 20,
            source_populations: Vec::new(),
            spikes: SpikeFiles::default(),
            double: false,
            fields: Vec::new(),
            conversions: Vec::new(),
            synapse_sources: Vec::new(),
            keeps_parts: false,
            is_part: false,
        }
    }
}

/// What of the results is in the files, so that a run can go on from there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Written {
    /// Spikes of each population that has a group.
    pub spikes: BTreeMap<String, u64>,
    /// Rows of each report.
    pub rows: Vec<RowsWritten>,
}

/// Rows of a report in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct RowsWritten {
    /// Index of the first among all rows of the report.
    pub first_row: u64,
    pub rows: u64,
}

/// The open files of a run.
///
/// Dropping it without [`Output::close`] writes what is still in memory, if that is possible, and leaves the
/// files under their `.part` names.
#[derive(Debug)]
pub struct Output {
    directory: PathBuf,
    settings: OutputSettings,
    /// `None` after closing.
    files: Option<Files>,
    flushed_at: Instant,
    /// Model time of the last epoch taken and of the last one that is safe on disk.
    taken_ms: f64,
    flushed_ms: f64,
    failed: bool,
}

#[derive(Debug)]
struct Files {
    spikes: SpikeFile,
    reports: Vec<Sink>,
}

/// Where a report goes.
#[derive(Debug)]
enum Sink {
    Report(Box<ReportFile>),
    Field(Box<FieldFile>),
    /// This rank has nothing of it.
    Nothing,
}

impl Sink {
    fn accept(&mut self, block: &TraceBlock) -> Result<(), Problems> {
        match self {
            Sink::Report(file) => file.accept(block),
            Sink::Field(file) => file.accept(block),
            Sink::Nothing => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), Problems> {
        match self {
            Sink::Report(file) => file.flush(),
            Sink::Field(file) => file.flush(),
            Sink::Nothing => Ok(()),
        }
    }

    fn sync(&self) -> Result<(), Problems> {
        match self {
            Sink::Report(file) => file.sync(),
            Sink::Field(file) => file.sync(),
            Sink::Nothing => Ok(()),
        }
    }

    fn buffered_bytes(&self) -> usize {
        match self {
            Sink::Report(file) => file.buffered_bytes(),
            Sink::Field(file) => file.buffered_bytes(),
            Sink::Nothing => 0,
        }
    }

    fn written(&self) -> RowsWritten {
        match self {
            Sink::Report(file) => file.written(),
            Sink::Field(file) => file.written(),
            Sink::Nothing => RowsWritten { first_row: 0, rows: 0 },
        }
    }

    fn finish(self, complete: bool) -> Result<Option<String>, Problems> {
        match self {
            Sink::Report(file) => file.finish(complete).map(Some),
            Sink::Field(file) => file.finish(complete).map(Some),
            Sink::Nothing => Ok(None),
        }
    }
}

/// Where each report goes, by number: to a file that `field` or `report` opens, or nowhere.
fn sinks(
    settings: &OutputSettings,
    reports: &[Report],
    probes: &[Probe],
    field: impl Fn(usize, &Report, &[Probe], &Field) -> Result<FieldFile, Problems>,
    report: impl Fn(usize, &Report, &[Probe]) -> Result<ReportFile, Problems>,
) -> Result<Vec<Sink>, Problems> {
    let one = |(i, wanted): (usize, &Report)| {
        let probes = directory::probes_of(probes, i);
        if probes.is_empty() && settings.is_part {
            return Ok(Sink::Nothing);
        }
        if let Some(electrodes) = settings.fields.iter().find(|field| field.report == i) {
            return Ok(Sink::Field(Box::new(field(i, wanted, probes, electrodes)?)));
        }
        let mut file = report(i, wanted, probes)?;
        let conversion = settings.conversions.iter().find(|conversion| conversion.report == i);
        file.factors = conversion.map(|conversion| conversion.factors.clone());
        Ok(Sink::Report(Box::new(file)))
    };
    reports.iter().enumerate().map(one).collect()
}

impl Output {
    /// Prepares the directory and creates all files.
    ///
    /// `populations` in gid order; `probes` sorted by (report, gid) and within a gid in the order of the columns.
    /// Fails if the directory holds something and `overwrite` is off, if it is not writable, if a report's name
    /// cannot be a file's, if it has no probes, or if its interval is not a whole number of steps.
    pub fn create(
        directory: &Path,
        settings: &OutputSettings,
        populations: &[Population],
        reports: &[Report],
        probes: &[Probe],
        run: &RunSettings,
    ) -> Result<Output, Problems> {
        directory::check(populations, reports, probes, run, settings.is_part)?;
        Output::clear(directory, settings, reports)?;
        let spikes =
            SpikeFile::create(directory.join(&settings.spikes.name), populations, &settings.source_populations)?;
        let field =
            |_, report: &Report, probes: &[Probe], field: &Field| FieldFile::create(directory, report, probes, field);
        let report = |i, report: &Report, probes: &[Probe]| {
            let rows = report.rows.count(run.duration_ms) as usize;
            let report = &Report { double: report.double || settings.double, ..report.clone() };
            let mut file = ReportFile::create(directory, report, probes, populations, rows, settings.buffer_bytes)?;
            if let Some(sources) = settings.synapse_sources.iter().find(|sources| sources.report == i) {
                file.label_sources(&sources.gids, probes)?;
            }
            Ok(file)
        };
        let files = Files { spikes, reports: sinks(settings, reports, probes, field, report)? };
        Ok(Output::new(directory, settings, files, 0.0))
    }

    /// Creates the folder, or removes the results of an earlier run from it if that is wanted; [`Output::create`] does it
    /// too.
    pub fn clear(directory: &Path, settings: &OutputSettings, reports: &[Report]) -> Result<(), Problems> {
        directory::prepare(directory, settings, reports)?;
        if settings.keeps_parts {
            return Ok(());
        }
        parts::remove_all(directory)?;
        checkpoint::remove_all(directory)
    }

    /// Goes on with the files of a run whose checkpoint at `time_ms` says what of them counts; what was written after it
    /// is cut off. The rest is as for [`Output::create`].
    pub fn resume(
        directory: &Path,
        settings: &OutputSettings,
        populations: &[Population],
        reports: &[Report],
        probes: &[Probe],
        written: &Written,
        time_ms: f64,
    ) -> Result<Output, Problems> {
        if written.rows.len() != reports.len() {
            let message = format!("the checkpoint has {} reports, and the model {}", written.rows.len(), reports.len());
            return Err(Problem::new("checkpoint-other-model", message).into());
        }
        directory::unfinish(directory, settings.is_part)?;
        let spikes = SpikeFile::resume(directory.join(&settings.spikes.name), populations, &written.spikes)?;
        let field = |i: usize, report: &Report, probes: &[Probe], field: &Field| {
            FieldFile::resume(directory, report, probes, field, written.rows[i].rows)
        };
        let report = |i: usize, report: &Report, probes: &[Probe]| {
            ReportFile::resume(directory, report, probes, populations, written.rows[i])
        };
        let files = Files { spikes, reports: sinks(settings, reports, probes, field, report)? };
        Ok(Output::new(directory, settings, files, time_ms))
    }

    fn new(directory: &Path, settings: &OutputSettings, files: Files, time_ms: f64) -> Output {
        Output {
            directory: directory.to_path_buf(),
            settings: settings.clone(),
            files: Some(files),
            flushed_at: Instant::now(),
            taken_ms: time_ms,
            flushed_ms: time_ms,
            failed: false,
        }
    }

    /// The folder of the results.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Brings everything to the disk and says what is there.
    pub fn written(&mut self) -> Result<Written, Problems> {
        self.flush()?;
        self.guarded(|files| files.sync())?;
        let files = self.files.as_ref();
        let rows = files.map(|files| files.reports.iter().map(Sink::written).collect()).unwrap_or_default();
        Ok(Written { spikes: files.map(|files| files.spikes.written()).unwrap_or_default(), rows })
    }

    /// Takes one epoch and writes it now or soon. After an error nothing more can be written.
    pub fn write(&mut self, epoch: &Epoch) -> Result<(), Problems> {
        self.guarded(|files| files.accept(epoch))?;
        self.taken_ms = epoch.end_ms;
        let buffered = self.files.as_ref().map_or(0, Files::buffered_bytes);
        if self.flushed_at.elapsed() >= self.settings.flush_every || buffered >= self.settings.buffer_bytes {
            self.flush()?;
        }
        Ok(())
    }

    /// Brings everything to the disk now, except spikes at or after the last epoch's end: the next epoch may
    /// still have earlier ones.
    pub fn flush(&mut self) -> Result<(), Problems> {
        self.guarded(Files::flush)?;
        self.flushed_ms = self.taken_ms;
        self.flushed_at = Instant::now();
        Ok(())
    }

    /// Writes the rest, closes all files and writes `run.json`; `summary.outputs` is replaced by the names of the
    /// files. Files get their final names if the run is done. Fails if anything before has failed.
    pub fn close(mut self, summary: &RunSummary) -> Result<(), Problems> {
        self.guarded(Files::flush)?;
        let Some(files) = self.files.take() else { return Ok(()) };
        let complete = summary.status == RunStatus::Done;
        let mut outputs = Vec::new();
        for report in files.reports {
            outputs.extend(report.finish(complete)?);
        }
        outputs.insert(0, files.spikes.finish(complete)?);
        if complete {
            outputs.extend(self.settings.spikes.finish(&self.directory)?);
        }
        run_json::write(&self.directory, &RunSummary { outputs, ..summary.clone() })
    }

    /// Runs a step of the work; once one has failed, HDF5's buffers are in an unknown state and all others fail.
    fn guarded(&mut self, work: impl FnOnce(&mut Files) -> Result<(), Problems>) -> Result<(), Problems> {
        if self.failed {
            return Err(self.incomplete().into());
        }
        let result = self.files.as_mut().map_or(Ok(()), work);
        self.failed = result.is_err();
        result
    }

    fn incomplete(&self) -> Problem {
        let message = format!("the results are incomplete: writing failed after {} ms", self.flushed_ms);
        Problem::new("output-incomplete", message)
            .at(Place::file(self.directory.display().to_string()))
            .help("what was flushed before is in the .part files")
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(files) = self.files.as_mut().filter(|_| !self.failed) {
            // Nobody is left to tell, and whoever drops without closing already has an error to report.
            let _ = files.flush().and_then(|()| files.spikes.flush_all());
        }
    }
}

impl Files {
    fn accept(&mut self, epoch: &Epoch) -> Result<(), Problems> {
        self.spikes.accept(epoch)?;
        for block in &epoch.traces {
            let Some(report) = self.reports.get_mut(block.report) else {
                let message = format!("rows of report {}, but there are only {}", block.report, self.reports.len());
                return Err(Problem::new("output-broken-epoch", message).into());
            };
            report.accept(block)?;
        }
        Ok(())
    }

    fn buffered_bytes(&self) -> usize {
        self.spikes.buffered_bytes() + self.reports.iter().map(Sink::buffered_bytes).sum::<usize>()
    }

    fn sync(&mut self) -> Result<(), Problems> {
        self.spikes.sync()?;
        self.reports.iter().try_for_each(Sink::sync)
    }

    fn flush(&mut self) -> Result<(), Problems> {
        self.spikes.flush()?;
        self.reports.iter_mut().try_for_each(Sink::flush)
    }
}

#[cfg(test)]
mod tests;
