//! `reports`: which variables of which compartments are written, and when.
//!
//! As in BMTK, row k of a report holds the state after step k + 1, although `mapping/time` begins at the report's
//! start; there is no row for t = 0.

mod membrane;
mod processes;

use std::path::{Path, PathBuf};

use tianyan_model::{Gid, Place, Problems, Rows};

use crate::config::{Entry, Finder, is_multiple, rounded};
use crate::field::{ElectrodeReport, Electrodes};
use crate::inputs::Clamp;
use crate::kinds::Kind;
use crate::network::Network;
use crate::node_sets::NodeSets;
pub(crate) use membrane::{MembraneReport, Sections};
pub(crate) use processes::ProcessReport;

/// What a run writes beside spikes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports {
    pub membrane: Vec<MembraneReport>,
    pub electrodes: Vec<ElectrodeReport>,
    pub processes: Vec<ProcessReport>,
    /// Folders for placed synapses.
    pub saved_synapses: Vec<Folder>,
}

/// A folder to write into.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Folder {
    /// Relative to the folder of the results.
    InOutput(PathBuf),
    Elsewhere(PathBuf),
}

impl Folder {
    /// Where it is, with results in `directory`.
    pub fn path(&self, directory: &Path) -> PathBuf {
        match self {
            Folder::InOutput(inside) => directory.join(inside),
            Folder::Elsewhere(path) => path.clone(),
        }
    }
}

const KEYS: &[&str] = &[
    "module",
    "cells",
    "variable_name",
    "sections",
    "file_name",
    "dt",
    "start_time",
    "end_time",
    "enabled",
    "buffer",
    "tmp_dir",
    "type",
    "unit",
    "gids",
    "compartments",
];

/// What reads the reports of a config.
pub(crate) struct Reader<'a> {
    pub network: &'a Network,
    /// Clamps, with their entries.
    pub clamps: &'a [(Clamp, Place)],
    pub sets: NodeSets<'a>,
    pub dt_ms: f64,
    pub stop_ms: f64,
    pub output: &'a Path,
    pub finder: &'a Finder,
    pub warnings: &'a mut Problems,
}

impl Reader<'_> {
    /// Reads all reports.
    pub fn read(&mut self, entries: &[(String, Entry)]) -> Result<Reports, Problems> {
        let mut problems = Problems::default();
        let mut reports = Reports::default();
        for (name, entry) in entries {
            if !entry.is_enabled(&mut problems) {
                continue;
            }
            let module = entry.need_text("module", &mut problems).unwrap_or_default();
            match module.as_str() {
                "membrane_report" | "multimeter" | "multimeter_report" => {
                    let found = problems.take(self.membrane(name, entry)).unwrap_or_default();
                    reports.membrane.extend(found);
                }
                "save_synapses" | "SaveSynapses" => {
                    entry.warn_unknown(&["module", "network_dir", "single_file", "enabled"], self.warnings);
                    let folder = entry.need_text("network_dir", &mut problems);
                    reports.saved_synapses.extend(folder.map(|written| self.inside(&self.finder.path(&written))));
                }
                "extracellular" => reports.electrodes.extend(problems.take(self.electrodes(name, entry)).flatten()),
                "netcon_report" => {
                    reports.processes.extend(problems.take(self.netcons(name, entry)).unwrap_or_default());
                }
                "clamp_report" => reports.processes.extend(problems.take(self.clamps(name, entry)).flatten()),
                "spikes_report" | "" => {}
                "SEClamp" | "weight_recorder" => {
                    let message = format!("the report {name} (module {module}) is not written");
                    self.warnings.push(entry.problem("module", "sonata-report", message));
                }
                other => {
                    let known = ["membrane_report", "extracellular", "save_synapses", "netcon_report", "clamp_report"];
                    let help = tianyan_io::did_you_mean(other, known);
                    let message = format!("the report {name} is not written: there is no module `{other}`");
                    self.warnings.push(entry.problem("module", "sonata-report", message).help(help));
                }
            }
        }
        check_files(&reports, &mut problems);
        problems.or(reports)
    }

    fn electrodes(&mut self, name: &str, entry: &Entry) -> Result<Option<ElectrodeReport>, Problems> {
        let electrodes = Electrodes::read(entry, self.finder, self.warnings)?;
        let mut problems = Problems::default();
        let gids = problems.take(self.gids(entry)).unwrap_or_default();
        let file = entry.text("file_name", &mut problems).unwrap_or_else(|| name.to_string());
        let contributions = entry.text("contributions_dir", &mut problems).map(PathBuf::from);
        problems.or(())?;
        if gids.is_empty() {
            let message = format!("the report {name} names no biophysical cell, and is not written");
            self.warnings.push(entry.problem("cells", "sonata-report", message));
            return Ok(None);
        }
        Ok(Some(ElectrodeReport { file: self.stem(&file), electrodes, gids, contributions, report: 0 }))
    }

    /// What lies in the output directory goes where results go.
    fn inside(&self, path: &Path) -> Folder {
        match path.strip_prefix(self.output) {
            Ok(inside) => Folder::InOutput(inside.to_path_buf()),
            Err(_) => Folder::Elsewhere(path.to_path_buf()),
        }
    }

    /// The file's name within the output directory, without its ending.
    fn stem(&self, file: &str) -> String {
        let directory = self.output.display().to_string();
        let inside = file.strip_prefix(&directory).map_or(file, |rest| rest.trim_start_matches('/'));
        inside.strip_suffix(".h5").unwrap_or(inside).to_string()
    }

    /// The biophysical cells of `cells`.
    fn gids(&mut self, entry: &Entry) -> Result<Vec<Gid>, Problems> {
        let key = if entry.get("cells").is_none() && entry.get("gids").is_some() { "gids" } else { "cells" };
        let choices = self.sets.choices(entry, key, "biophysical", self.warnings)?;
        let mut gids = self.sets.gids(&choices)?;
        gids.retain(|gid| matches!(self.network.kind(*gid), Kind::Body(_)));
        Ok(gids)
    }

    fn rows(&self, entry: &Entry) -> Result<Rows, Problems> {
        let mut problems = Problems::default();
        let interval = entry.number("dt", &mut problems).unwrap_or(self.dt_ms);
        let start = entry.number("start_time", &mut problems).unwrap_or(0.0);
        let end = entry.number("end_time", &mut problems).unwrap_or(self.stop_ms);
        if !(interval >= self.dt_ms * (1.0 - 1e-9) && is_multiple(interval, self.dt_ms)) {
            let near = ((interval / self.dt_ms).round().max(1.0)) * self.dt_ms;
            let message = format!("dt = {interval} ms of a report is no multiple of the run's dt = {} ms", self.dt_ms);
            problems
                .push(entry.problem("dt", "sonata-multiple", message).help(format!("{} would be one", rounded(near))));
        } else {
            for (key, value) in [("start_time", start), ("end_time", end)] {
                if !(value >= 0.0 && is_multiple(value, interval)) && value != self.stop_ms {
                    let message = format!("{key} = {value} ms is no multiple of the report's dt = {interval} ms");
                    problems.push(entry.problem(key, "sonata-multiple", message));
                }
            }
        }
        if start >= end || start >= self.stop_ms {
            let message = format!("the report would begin at {start} ms and end at {} ms", end.min(self.stop_ms));
            problems.push(entry.problem("start_time", "sonata-value", message));
        }
        if end > self.stop_ms * (1.0 + 1e-12) {
            let message = format!("end_time = {end} ms lies behind the run's end at {} ms", self.stop_ms);
            problems.push(entry.problem("end_time", "sonata-value", message));
        }
        problems.or(Rows::after_steps(start, end, interval, self.dt_ms))
    }
}

fn check_files(reports: &Reports, problems: &mut Problems) {
    let membrane = reports.membrane.iter().map(|one| (&one.report.name, &one.entry));
    let all: Vec<_> = membrane.chain(reports.processes.iter().map(|one| (&one.report.name, &one.entry))).collect();
    for (i, (name, entry)) in all.iter().enumerate() {
        if all[..i].iter().any(|(other, _)| other == name) {
            let message = format!("two reports write {name}.h5");
            let problem = entry.problem("file_name", "sonata-report", message);
            problems.push(problem.help("give each a file_name of its own"));
        }
    }
}
