//! `reports`: which variables of which compartments are written, and when.
//!
//! As in BMTK, row k of a report holds the state after step k + 1, although `mapping/time` begins at the report's
//! start; there is no row for t = 0.

use std::path::{Path, PathBuf};

use tianyan_model::{Gid, Problem, Problems, Quantity, Report, Rows};

use crate::config::{Entry, Finder, is_multiple, rounded};
use crate::field::{ElectrodeReport, Electrodes};
use crate::kinds::Kind;
use crate::network::Network;
use crate::node_sets::NodeSets;
use crate::placement::region;

/// Which compartments of a cell are recorded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sections {
    /// soma[0](0.5) alone.
    Soma,
    /// All of these regions (SWC's tags).
    Regions(Vec<u8>),
}

/// A report of the membrane.
#[derive(Debug, Clone)]
pub(crate) struct MembraneReport {
    pub report: Report,
    /// Ascending.
    pub gids: Vec<Gid>,
    pub sections: Sections,
    /// Whether currents, nA, are written by area, mA/cm2.
    pub by_area: bool,
    /// The entry, for messages.
    pub entry: Entry,
}

/// What a run writes beside spikes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports {
    pub membrane: Vec<MembraneReport>,
    pub electrodes: Vec<ElectrodeReport>,
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
                "spikes_report" | "" => {}
                "netcon_report" | "clamp_report" | "SEClamp" | "weight_recorder" => {
                    let message = format!("the report {name} (module {module}) is not written");
                    self.warnings.push(entry.problem("module", "sonata-report", message));
                }
                other => {
                    let known = ["membrane_report", "extracellular", "save_synapses"];
                    let help = tianyan_io::did_you_mean(other, known);
                    let message = format!("the report {name} is not written: there is no module `{other}`");
                    self.warnings.push(entry.problem("module", "sonata-report", message).help(help));
                }
            }
        }
        self.check_files(&reports.membrane, &mut problems);
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

    fn membrane(&mut self, name: &str, entry: &Entry) -> Result<Vec<MembraneReport>, Problems> {
        entry.warn_unknown(KEYS, self.warnings);
        let mut problems = Problems::default();
        let gids = problems.take(self.gids(entry)).unwrap_or_default();
        let sections = problems.take(sections(entry, self.warnings)).unwrap_or(Sections::Soma);
        let rows = problems.take(self.rows(entry));
        let variables = entry.texts("variable_name", &mut problems).unwrap_or_default();
        if variables.is_empty() {
            entry.need_text("variable_name", &mut problems);
        }
        let file = entry.text("file_name", &mut problems).unwrap_or_else(|| name.to_string());
        problems.or(())?;
        if gids.is_empty() {
            let message = format!("the report {name} names no biophysical cell, and is not written");
            self.warnings.push(entry.problem("cells", "sonata-report", message));
            return Ok(Vec::new());
        }
        if variables.len() > 1 {
            let message = format!("the report {name} has {} variables: each gets a file of its own", variables.len());
            let help = "BMTK writes the values of the last one under the name of the first";
            self.warnings.push(entry.problem("variable_name", "sonata-bmtk-quirk", message).help(help));
        }
        let Some(rows) = rows else { return Ok(Vec::new()) };
        let mut problems = Problems::default();
        let mut found = Vec::new();
        for (i, variable) in variables.iter().enumerate() {
            if ["e_extracellular", "vext"].contains(&variable.as_str()) {
                let message = format!("`{variable}` belongs to NEURON's extracellular mechanism, and is not written");
                let help = "the module extracellular gives potentials outside";
                self.warnings.push(entry.problem("variable_name", "sonata-report", message).help(help));
                continue;
            }
            let Some((quantity, unit)) = problems.take(self.quantity(entry, variable)) else { continue };
            let stem = self.stem(&file);
            let name = if i == 0 { stem } else { format!("{stem}_{variable}") };
            let report = Report { name, quantity, variable: variable.clone(), unit, rows, double: false };
            let by_area = variable == "i_membrane";
            let (gids, sections, entry) = (gids.clone(), sections.clone(), entry.clone());
            found.push(MembraneReport { report, gids, sections, by_area, entry });
        }
        problems.or(found)
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

    /// What a variable's name means, and its unit.
    fn quantity(&self, entry: &Entry, variable: &str) -> Result<(Quantity, String), Problem> {
        let ions = || {
            self.network.mechanisms.list.iter().flat_map(|m| tianyan_nmodl::source::outline(&m.origin, &m.text).ions)
        };
        let is_ion = |name: &str| ions().any(|ion| ion == name);
        let ion = |quantity: &str, unit: &str| Some((Quantity::Ion(quantity.into()), unit.to_string()));
        let mut found = match variable {
            "v" => Some((Quantity::Voltage, "mV".to_string())),
            "i_membrane_" => Some((Quantity::MembraneCurrent, "nA".to_string())),
            "i_membrane" => Some((Quantity::MembraneCurrent, "mA/cm2".to_string())),
            _ => None,
        };
        if found.is_none() {
            found = match variable.split_at(1.min(variable.len())) {
                ("e", name) if is_ion(name) => ion(variable, "mV"),
                ("i", name) if is_ion(name) => ion(variable, "mA/cm2"),
                _ => None,
            };
        }
        if found.is_none() {
            let inside = variable.strip_suffix('i').or_else(|| variable.strip_suffix('o'));
            found = inside.filter(|name| is_ion(name)).and_then(|_| ion(variable, "mM"));
        }
        if found.is_none() {
            let of = |name: &str| {
                Some(variable.strip_suffix(name)?.strip_suffix('_')?.to_string()).filter(|v| !v.is_empty())
            };
            let fits = self.network.mechanisms.list.iter().filter_map(|m| Some((m.name.clone(), of(&m.name)?)));
            found = fits
                .min_by_key(|(_, variable)| variable.len())
                .map(|(mechanism, variable)| (Quantity::Density { mechanism, variable }, String::new()));
        }
        found.ok_or_else(|| {
            let message = format!("there is no variable `{variable}`");
            let help =
                "v, i_membrane, i_membrane_, a variable of an ion such as cai or ina, or NAME_MECHANISM such as m_NaTs";
            entry.problem("variable_name", "sonata-variable", message).help(help)
        })
    }

    fn check_files(&self, reports: &[MembraneReport], problems: &mut Problems) {
        for (i, one) in reports.iter().enumerate() {
            if reports[..i].iter().any(|other| other.report.name == one.report.name) {
                let message = format!("two reports write {}.h5", one.report.name);
                problems.push(
                    one.entry.problem("file_name", "sonata-report", message).help("give each a file_name of its own"),
                );
            }
        }
    }
}

/// Regions by BMTK's names in reports, as SWC's tags; some have no compartments.
fn reported_region(name: &str) -> Option<u8> {
    match name {
        "basal dendrite" | "(basal) dendrite" => Some(3),
        "apical dendrite" | "apical denrite" => Some(4),
        "undefined" => Some(0),
        "custom" | "other" => Some(5),
        other => region(other),
    }
}

fn sections(entry: &Entry, warnings: &mut Problems) -> Result<Sections, Problems> {
    let mut problems = Problems::default();
    let single = entry.get("sections").is_none_or(serde_json::Value::is_string);
    let names = entry.texts("sections", &mut problems).unwrap_or_else(|| vec!["all".into()]);
    problems.or(())?;
    let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
    if single && names[0] == "soma" {
        return Ok(Sections::Soma);
    }
    if names.is_empty() || names.iter().any(|name| name == "all") {
        return Ok(Sections::Regions(vec![1, 2, 3, 4]));
    }
    let unknown: Vec<&str> = names.iter().map(String::as_str).filter(|name| reported_region(name).is_none()).collect();
    let regions: Vec<u8> = names.iter().filter_map(|name| reported_region(name)).collect();
    let message = format!("sections {} are not soma, axon, basal, apical or all", unknown.join(", "));
    let problem = entry.problem("sections", "sonata-value", message);
    if regions.is_empty() {
        return Err(problem.into());
    }
    if !unknown.is_empty() {
        warnings.push(problem.help("they are ignored, as in BMTK"));
    }
    Ok(Sections::Regions(regions))
}
