//! Reports of the membrane: v, ions, currents, variables of channels.

use tianyan_model::{Gid, Problem, Problems, Quantity, Report};

use super::{KEYS, Reader};
use crate::config::Entry;
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

impl Reader<'_> {
    /// Reads a membrane_report, which writes a file for each variable.
    pub(super) fn membrane(&mut self, name: &str, entry: &Entry) -> Result<Vec<MembraneReport>, Problems> {
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
