//! Reports of point processes: of the synapses of a cell, and of clamps.

use std::collections::{BTreeSet, HashMap};

use tianyan_model::{Connections, Gid, Location, Problems, Quantity, Report};

use super::{KEYS, Reader};
use crate::cell::Body;
use crate::config::Entry;
use crate::connect::Connector;
use crate::inputs::Clamp;
use crate::kinds::Kind;

/// A report of point processes of one mechanism.
#[derive(Debug, Clone)]
pub(crate) struct ProcessReport {
    pub report: Report,
    /// Ascending by gid.
    pub columns: Vec<Column>,
    /// The entry, for messages.
    pub entry: Entry,
}

/// A point process that is recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Column {
    pub gid: Gid,
    pub location: Location,
    /// Of the mechanism's on the cell.
    pub instance: u32,
    /// SONATA's section id.
    pub section_id: u32,
    /// What drives a synapse: the gid of a simulated cell, else -1. None for clamps.
    pub source: Option<i64>,
}

impl Reader<'_> {
    /// Reads a netcon_report, which writes a file for each variable and mechanism.
    pub(super) fn netcons(&mut self, name: &str, entry: &Entry) -> Result<Vec<ProcessReport>, Problems> {
        entry.warn_unknown(&[KEYS, &["syn_type"]].concat(), self.warnings);
        let mut problems = Problems::default();
        let gids = problems.take(self.gids(entry)).unwrap_or_default();
        let rows = problems.take(self.rows(entry));
        let variables = entry.texts("variable_name", &mut problems).unwrap_or_default();
        if variables.is_empty() {
            entry.need_text("variable_name", &mut problems);
        }
        let file = entry.text("file_name", &mut problems).unwrap_or_else(|| name.to_string());
        // An explicit null asks for all synapses, as in BMTK.
        let wanted = match entry.get("syn_type") {
            Some(serde_json::Value::Null) => String::new(),
            Some(_) => entry.text("syn_type", &mut problems).unwrap_or_default(),
            None => "Exp2Syn".to_string(),
        };
        problems.or(())?;
        let Some(rows) = rows else { return Ok(Vec::new()) };
        let synapses = self.synapses(&gids, &wanted);
        if synapses.is_empty() {
            let message = format!("the report {name} finds no synapse of type {wanted}, and is not written");
            let help = format!("there are {}", self.types().into_iter().collect::<Vec<_>>().join(", "));
            self.warnings.push(entry.problem("syn_type", "sonata-report", message).help(help));
            return Ok(Vec::new());
        }
        if variables.len() * synapses.len() > 1 {
            let message = format!("the report {name} writes a file for each variable and type of synapse");
            self.warnings.push(entry.problem("syn_type", "sonata-bmtk-quirk", message));
        }
        let mut found = Vec::new();
        for (mechanism, columns) in synapses {
            for variable in &variables {
                let mut stem = self.stem(&file);
                if !found.is_empty() {
                    stem = format!("{stem}_{mechanism}_{variable}");
                }
                let quantity = Quantity::PointProcess { mechanism: mechanism.clone(), variable: variable.clone() };
                let (variable, unit) = (variable.clone(), String::new());
                let report = Report { name: stem, quantity, variable, unit, rows, double: false };
                found.push(ProcessReport { report, columns: columns.clone(), entry: entry.clone() });
            }
        }
        Ok(found)
    }

    /// The names of all mechanisms of synapses.
    fn types(&self) -> BTreeSet<String> {
        let list = &self.network.mechanisms.list;
        let plans = self.network.plans.iter().flat_map(|plans| plans.values());
        plans.filter_map(|plan| Some(list.get(plan.mechanism)?.name.clone())).collect()
    }

    /// The synapses onto some cells, by mechanism, of those mechanisms whose name begins with `wanted`.
    fn synapses(&self, gids: &[Gid], wanted: &str) -> Vec<(String, Vec<Column>)> {
        let mut connections = Connections::default();
        // What is wrong is told when the network is laid out.
        Connector::new(self.network, self.dt_ms, &mut connections).connect(gids);
        let mut counts: HashMap<(Gid, usize), u32> = HashMap::new();
        let mut instance_of = |process: &tianyan_model::PointProcess| {
            let count = counts.entry((process.gid, process.mechanism)).or_default();
            *count += 1;
            *count - 1
        };
        let instances: Vec<u32> = connections.synapses.iter().map(&mut instance_of).collect();
        let mut found: Vec<(String, Vec<Column>)> = Vec::new();
        for (&source, &synapse) in connections.source.iter().zip(&connections.synapse) {
            let process = &connections.synapses[synapse as usize];
            let name = &self.network.mechanisms.list[process.mechanism].name;
            let Some(body) = self.network.kind(process.gid).body().filter(|_| name.starts_with(wanted)) else {
                continue;
            };
            let is_cell = !matches!(self.network.kind(source), Kind::Source);
            let column = Column {
                source: Some(if is_cell { i64::from(source.0) } else { -1 }),
                instance: instances[synapse as usize],
                ..column(body, process.gid, process.location)
            };
            match found.iter_mut().find(|(other, _)| other == name) {
                Some((_, columns)) => columns.push(column),
                None => found.push((name.clone(), vec![column])),
            }
        }
        found
    }

    /// Reads a clamp_report.
    pub(super) fn clamps(&mut self, name: &str, entry: &Entry) -> Result<Option<ProcessReport>, Problems> {
        entry.warn_unknown(&[KEYS, &["clamps"]].concat(), self.warnings);
        let mut problems = Problems::default();
        let rows = problems.take(self.rows(entry));
        let which = entry.need_text("variable_name", &mut problems);
        let file = entry.text("file_name", &mut problems).unwrap_or_else(|| name.to_string());
        let is_wanted: fn(&Clamp) -> bool = match which.as_deref() {
            Some("se") => |clamp| clamp.mechanism == "SEClamp",
            Some("ic") => |clamp| clamp.mechanism == "IClamp" && !clamp.is_played(),
            Some("f_ic") => |clamp| clamp.mechanism == "IClamp" && clamp.is_played(),
            Some(other) => {
                let message = format!("variable_name of a clamp_report is se, ic or f_ic, not {other}");
                let help =
                    "se are voltage clamps, ic current clamps with a fixed amplitude, f_ic those that play a file";
                problems.push(entry.problem("variable_name", "sonata-value", message).help(help));
                |_| false
            }
            None => |_| false,
        };
        problems.or(())?;
        let Some(rows) = rows else { return Ok(None) };
        let (mut columns, mut mechanism) = (Vec::new(), "");
        let mut counts: HashMap<(Gid, &str), u32> = HashMap::new();
        for (clamp, place) in self.clamps {
            for &gid in &clamp.gids {
                let count = counts.entry((gid, clamp.mechanism)).or_default();
                let instance = std::mem::replace(count, *count + 1);
                let Some(body) = self.network.kind(gid).body().filter(|_| is_wanted(clamp)) else { continue };
                let location = clamp.site.on(body, gid, place)?;
                columns.push(Column { instance, ..column(body, gid, location) });
                mechanism = clamp.mechanism;
            }
        }
        if columns.is_empty() {
            let message = format!("the report {name} finds no such clamp, and is not written");
            self.warnings.push(entry.problem("variable_name", "sonata-report", message));
            return Ok(None);
        }
        columns.sort_by_key(|column: &Column| column.gid);
        let quantity = Quantity::PointProcess { mechanism: mechanism.into(), variable: "i".into() };
        let (variable, unit) = ("i".into(), "nA".into());
        let report = Report { name: self.stem(&file), quantity, variable, unit, rows, double: false };
        Ok(Some(ProcessReport { report, columns, entry: entry.clone() }))
    }
}

/// The first point process at a place, labelled with the middle of its compartment, as NEURON does.
fn column(body: &Body, gid: Gid, location: Location) -> Column {
    let count = f64::from(body.cell.compartments[location.section]);
    let x = ((location.x * count).floor().min(count - 1.0) + 0.5) / count;
    let section_id = body.sections.iter().position(|section| *section == location.section).unwrap_or_default() as u32;
    Column { gid, location: Location { x, ..location }, instance: 0, section_id, source: None }
}
