//! What is recorded: from `[[probes]]` to reports and places.

use tianyan_model::{Cell, Gid, Location, Morphology, Problem, Problems, Quantity, Report, Rows};

use super::Config;
use super::mechanisms::Mechanisms;
use super::nearest::did_you_mean;
use super::schema::{Precision, ProbeEntry};
use super::select::Directory;
use super::template::{location, region};
use super::values::{ProbeSection, ProbeX};

/// Finds the mechanism of a named synapse of a cell, and which of its instances the synapse is.
type RankOf<'a> = &'a dyn Fn(Gid, &str) -> Result<(String, u32), Problems>;

/// A report and its cells.
#[derive(Debug)]
pub(crate) struct ProbeSet {
    pub report: Report,
    /// Ascending.
    pub gids: Vec<Gid>,
    /// Of a point process: which instance on each of the cells, else empty.
    pub instances: Vec<u32>,
}

impl ProbeSet {
    /// Reads an entry.
    pub fn new(
        config: &Config,
        directory: &Directory,
        mechanisms: &Mechanisms,
        entry: &ProbeEntry,
        synapse_index: RankOf,
    ) -> Result<ProbeSet, Problems> {
        let mut problems = Problems::default();
        let mut gids = problems.take(directory.select(&entry.cells)).unwrap_or_default();
        gids.sort_unstable();
        gids.dedup();
        let dt_ms = config.document.run.dt_ms;
        let interval_ms = entry.interval_ms.unwrap_or(dt_ms);
        problems.0.extend(interval_problem(entry, interval_ms, dt_ms));
        let name = &entry.report;
        if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
            problems.push(entry.spot.problem(
                "report",
                "config-value",
                "the name of a report is a file name without .h5",
            ));
        }
        let found = match &entry.synapse {
            Some(synapse) => problems.take(synapse_quantity(entry, synapse, &gids, synapse_index)),
            None => problems.take(quantity(entry, mechanisms)).map(|quantity| (quantity, Vec::new())),
        };
        let Some((quantity, instances)) = found.filter(|_| problems.0.is_empty()) else { return Err(problems) };
        let report = Report {
            name: name.clone(),
            variable: variable(&quantity, entry),
            unit: unit(&quantity).into(),
            quantity,
            rows: Rows::every(interval_ms),
            double: entry.precision == Precision::Double,
        };
        Ok(ProbeSet { report, gids, instances })
    }

    /// Which of the point processes of a cell is recorded; 0 where none is.
    pub fn instance(&self, gid: Gid) -> u32 {
        self.gids.binary_search(&gid).ok().and_then(|at| self.instances.get(at).copied()).unwrap_or_default()
    }

    /// The places on a cell, in the order of the report's columns. Sections named by region that do not carry the
    /// recorded quantity are passed over.
    pub fn places(&self, entry: &ProbeEntry, cell: &Cell, mechanisms: &Mechanisms) -> Result<Vec<Location>, Problems> {
        let carried = |section: usize| carries(&self.report.quantity, cell, section, mechanisms);
        let sections = entry.sections.as_ref().map_or(&[][..], |sections| &sections.0);
        let mut found = if sections.is_empty() && carried(0) { along(0, entry.x, cell) } else { Vec::new() };
        let mut problems = Problems::default();
        for section in sections {
            match section {
                ProbeSection::Place(place) => {
                    let at = problems.take(location(&cell.morphology, Some(&place.section), place.x, &place.spot));
                    if at.is_some_and(|at| !carried(at.section)) {
                        let message = format!("section `{}` does not carry `{}`", place.section, entry.variable);
                        problems.push(place.spot.problem("section", "probe-variable", message));
                    }
                    found.extend(at);
                }
                ProbeSection::Named(name) => match region(&cell.morphology, name) {
                    Some(sections) => {
                        let sections = sections.into_iter().filter(|section| carried(*section));
                        found.extend(sections.flat_map(|section| along(section, entry.x, cell)));
                    }
                    None => problems.push(unknown_section(entry, &cell.morphology, name)),
                },
            }
        }
        if matches!(entry.x, ProbeX::At(x) if !(0.0..=1.0).contains(&x)) {
            problems.push(entry.spot.problem("x", "config-value", "x must lie between 0 and 1"));
        }
        problems.or(found)
    }
}

fn carries(quantity: &Quantity, cell: &Cell, section: usize, mechanisms: &Mechanisms) -> bool {
    let mut here = cell.densities.iter().filter(|density| density.section == section);
    match quantity {
        Quantity::Density { mechanism, .. } => here.any(|density| density.mechanism == *mechanism),
        Quantity::Ion(variable) => {
            let painted = here.any(|density| {
                let ions = mechanisms.index(&density.mechanism).and_then(|index| mechanisms.ions.get(index));
                ions.is_some_and(|ions| ions.iter().any(|ion| is_of_ion(variable, ion)))
            });
            // Where point processes sit is known to the layout alone, which says so if the ion is not here.
            let points = mechanisms.ions.get(mechanisms.densities..).unwrap_or_default();
            painted || points.iter().flatten().any(|ion| is_of_ion(variable, ion))
        }
        _ => true,
    }
}

fn is_of_ion(variable: &str, ion: &str) -> bool {
    let ends = |start: &str| variable.strip_prefix(start) == Some(ion);
    ends("e") || ends("i") || variable.strip_suffix(['i', 'o']) == Some(ion)
}

/// One place on a section, or the middle of each compartment.
fn along(section: usize, x: ProbeX, cell: &Cell) -> Vec<Location> {
    match x {
        ProbeX::At(x) => vec![Location { section, x }],
        ProbeX::All => {
            let count = cell.compartments.get(section).copied().unwrap_or(1);
            let middle = |i: u32| (f64::from(i) + 0.5) / f64::from(count);
            (0..count).map(|i| Location { section, x: middle(i) }).collect()
        }
    }
}

fn unknown_section(entry: &ProbeEntry, morphology: &Morphology, name: &str) -> Problem {
    let known = morphology.sections.iter().map(|section| section.name.as_str()).chain(["all"]);
    let problem = entry.spot.problem("sections", "cell-section", format!("there is no section `{name}` on this cell"));
    problem.help(did_you_mean(name, known))
}

fn interval_problem(entry: &ProbeEntry, interval_ms: f64, dt_ms: f64) -> Option<Problem> {
    let good = interval_ms >= dt_ms * 0.999_999 && interval_ms.is_finite() && super::is_multiple(interval_ms, dt_ms);
    let near = (interval_ms / dt_ms).round().max(1.0) * dt_ms;
    let message = format!("interval_ms = {interval_ms} is no multiple of dt_ms = {dt_ms}");
    let problem = entry.spot.problem("interval_ms", "config-multiple", message);
    (!good).then(|| problem.help(format!("{} would be one", super::rounded(near))))
}

/// The density mechanism that a probe means, where it names none: `hh` in `m_hh`.
fn quantity(entry: &ProbeEntry, mechanisms: &Mechanisms) -> Result<Quantity, Problems> {
    let variable = entry.variable.as_str();
    if let Some(mechanism) = &entry.mechanism {
        let Some(index) = mechanisms.index(mechanism) else {
            let known = mechanisms.list.iter().map(|source| source.name.as_str());
            let message = format!("no cell carries the mechanism `{mechanism}`");
            let problem = entry.spot.problem("mechanism", "mechanism-unknown", message);
            return Err(problem.help(did_you_mean(mechanism, known)).into());
        };
        let (mechanism, variable) = (mechanism.clone(), variable.to_string());
        return Ok(match index < mechanisms.densities {
            true => Quantity::Density { mechanism, variable },
            false => Quantity::PointProcess { mechanism, variable },
        });
    }
    if variable == "v" {
        return Ok(Quantity::Voltage);
    }
    if variable == "i_membrane" {
        return Ok(Quantity::MembraneCurrent);
    }
    for source in &mechanisms.list[..mechanisms.densities] {
        if let Some(short) = variable.strip_suffix(&format!("_{}", source.name)) {
            return Ok(Quantity::Density { mechanism: source.name.clone(), variable: short.into() });
        }
    }
    if mechanisms.ions.iter().flatten().any(|ion| is_of_ion(variable, ion)) {
        return Ok(Quantity::Ion(variable.into()));
    }
    Err(unknown_variable(entry, mechanisms).into())
}

fn unknown_variable(entry: &ProbeEntry, mechanisms: &Mechanisms) -> Problem {
    let message = format!("there is no variable `{}`", entry.variable);
    let ions = mechanisms.ions.iter().flatten();
    let mut known: Vec<String> =
        ions.flat_map(|ion| [format!("i{ion}"), format!("e{ion}"), format!("{ion}i")]).collect();
    known.extend(["v".into(), "i_membrane".into()]);
    let help = did_you_mean(&entry.variable, known.iter().map(String::as_str));
    let help = format!("{help} Variables of mechanisms are written m_hh, or m with mechanism = \"hh\"");
    entry.spot.problem("variable", "probe-variable", message).help(help)
}

/// The quantity of a named synapse, and which instance it is on each cell.
fn synapse_quantity(
    entry: &ProbeEntry,
    synapse: &str,
    gids: &[Gid],
    rank_of: RankOf,
) -> Result<(Quantity, Vec<u32>), Problems> {
    let (mut mechanism, mut instances) = (String::new(), Vec::new());
    for &gid in gids {
        let (this, instance) = rank_of(gid, synapse).map_err(|mut problems| {
            problems.0.iter_mut().for_each(|problem| problem.place = entry.spot.at("synapse"));
            problems
        })?;
        if !mechanism.is_empty() && mechanism != this {
            let message =
                format!("synapse `{synapse}` is of {mechanism} on some of these cells and of {this} on others");
            let problem = entry.spot.problem("synapse", "probe-variable", message);
            return Err(problem.help("give each kind of cell a report of its own").into());
        }
        mechanism = this;
        instances.push(instance);
    }
    Ok((Quantity::PointProcess { mechanism, variable: entry.variable.clone() }, instances))
}

/// NEURON's name of what is recorded.
fn variable(quantity: &Quantity, entry: &ProbeEntry) -> String {
    match quantity {
        Quantity::Density { mechanism, variable } => format!("{variable}_{mechanism}"),
        _ => entry.variable.clone(),
    }
}

/// The unit, as far as it is known without the mechanism.
fn unit(quantity: &Quantity) -> &'static str {
    match quantity {
        Quantity::Voltage => "mV",
        Quantity::MembraneCurrent => "nA",
        Quantity::Ion(variable) if variable.starts_with('e') => "mV",
        Quantity::Ion(variable) if variable.ends_with(['i', 'o']) && !variable.starts_with('i') => "mM",
        Quantity::Ion(_) => "mA/cm2",
        _ => "",
    }
}

/// Two reports of one name.
pub(crate) fn check_names(entries: &[ProbeEntry], problems: &mut Problems) {
    for (i, entry) in entries.iter().enumerate() {
        if entries[..i].iter().any(|other| other.report == entry.report) {
            let message = format!("there are two reports `{}`", entry.report);
            problems.push(entry.spot.problem("report", "probe-twice", message));
        }
    }
}
