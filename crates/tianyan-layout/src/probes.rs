//! From what the model calls a place and a quantity to a slot of the state.

use crate::Slot;
use crate::cells::{Addresses, Cells};
use crate::group::{Layout, MechanismTable};
use std::collections::HashMap;
use tianyan_model::{Gid, Location, Place, Probe, Problem, Problems, Quantity, Recipe, Report, Rows};

/// The slots of one report on this rank.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampler {
    /// Index into the recipe's reports.
    pub report: usize,
    /// Steps done when row 0 is taken.
    pub first_step: u64,
    /// Steps between rows.
    pub interval_steps: u64,
    /// No row is taken after that many steps.
    pub last_step: u64,
    /// Slots, one a column.
    pub slots: Vec<Slot>,
}

impl Sampler {
    fn new(report: usize, rows: &Rows, dt_ms: f64) -> Sampler {
        // `as` saturates: a report without an end has none here either.
        let steps = |t_ms: f64| (t_ms / dt_ms).round() as u64;
        Sampler {
            report,
            first_step: steps(rows.first_ms),
            interval_steps: steps(rows.interval_ms).max(1),
            last_step: (rows.last_ms / dt_ms + 1e-6).floor() as u64,
            slots: Vec::new(),
        }
    }

    /// Whether a row is taken once `step` steps are done.
    pub fn is_due(&self, step: u64) -> bool {
        step >= self.first_step
            && step <= self.last_step
            && (step - self.first_step).is_multiple_of(self.interval_steps)
    }

    /// Number of rows taken once `step` steps are done.
    pub fn rows_until(&self, step: u64) -> u64 {
        let step = step.min(self.last_step);
        if step < self.first_step { 0 } else { (step - self.first_step) / self.interval_steps + 1 }
    }
}

/// Finds slots of quantities.
pub struct Finder<'a> {
    recipe: &'a dyn Recipe,
    cells: &'a Cells,
    addresses: &'a Addresses,
    layouts: &'a [Layout],
    by_node: HashMap<(u32, usize), HashMap<i32, u32>>,
    by_owner: HashMap<(u32, usize), HashMap<Gid, Vec<u32>>>,
}

impl<'a> Finder<'a> {
    /// A finder over finished layouts.
    pub fn new(
        recipe: &'a dyn Recipe,
        cells: &'a Cells,
        addresses: &'a Addresses,
        layouts: &'a [Layout],
    ) -> Finder<'a> {
        Finder { recipe, cells, addresses, layouts, by_node: HashMap::new(), by_owner: HashMap::new() }
    }

    /// The slot of a quantity at a place of a cell of this rank; `instance` as in [`Probe::instance`].
    pub fn slot(&mut self, gid: Gid, location: Location, quantity: &Quantity, instance: u32) -> Result<Slot, Problems> {
        let Some(address) = self.addresses.of(gid) else {
            return Err(missing(gid, "the cell has no body: nothing can be recorded in a source".into()).into());
        };
        let row = self.cells.kinds[address.kind as usize].shape.row_at(location);
        let node = self.addresses.node(address, row) as usize;
        let layout = &self.layouts[address.group as usize];
        let offset = match quantity {
            Quantity::Voltage => Some(layout.node_fields.voltage + node),
            Quantity::MembraneCurrent => layout.node_fields.membrane_current.map(|field| field + node),
            Quantity::Ion(variable) => ion(layout, node, variable),
            Quantity::Density { mechanism, variable } => self.density(address.group, layout, node, mechanism, variable),
            Quantity::PointProcess { mechanism, variable } => {
                self.point_process(address.group, layout, (gid, instance), mechanism, variable)
            }
        };
        let Some(offset) = offset else {
            let cell = self.recipe.cell(self.cells.kinds[address.kind as usize].id)?;
            let section = &cell.morphology.sections[location.section].name;
            let what = format!("{} does not exist at {section}({})", describe(quantity, instance), location.x);
            return Err(missing(gid, what).help(present(layout, node)).into());
        };
        Ok(Slot { group: address.group, offset: offset as u32 })
    }

    fn density(&mut self, group: u32, layout: &Layout, node: usize, mechanism: &str, variable: &str) -> Option<usize> {
        let (t, table) = find(layout, mechanism)?;
        let field = recordable(table, variable)?;
        let by_node = self.by_node.entry((group, t)).or_insert_with(|| {
            table.index[..table.count].iter().enumerate().map(|(i, &node)| (node, i as u32)).collect()
        });
        by_node.get(&(node as i32)).map(|&i| table.slot(field, i as usize))
    }

    fn point_process(
        &mut self,
        group: u32,
        layout: &Layout,
        (gid, instance): (Gid, u32),
        mechanism: &str,
        variable: &str,
    ) -> Option<usize> {
        let (t, table) = find(layout, mechanism)?;
        let field = recordable(table, variable)?;
        let by_owner = self.by_owner.entry((group, t)).or_insert_with(|| {
            let mut map: HashMap<Gid, Vec<u32>> = HashMap::new();
            table.owner.iter().enumerate().for_each(|(i, owner)| map.entry(*owner).or_default().push(i as u32));
            map
        });
        by_owner.get(&gid)?.get(instance as usize).map(|&i| table.slot(field, i as usize))
    }
}

fn find<'a>(layout: &'a Layout, mechanism: &str) -> Option<(usize, &'a MechanismTable)> {
    layout.tables.iter().enumerate().find(|(_, t)| t.mechanism.name == mechanism)
}

fn recordable(table: &MechanismTable, variable: &str) -> Option<usize> {
    table.mechanism.field(variable).filter(|&f| !table.mechanism.fields[f].name.starts_with('_'))
}

fn ion(layout: &Layout, node: usize, variable: &str) -> Option<usize> {
    let find = |ion: &&crate::IonTable| {
        let name = ion.name.as_str();
        variable.strip_prefix(['e', 'i']) == Some(name) || variable.strip_suffix(['i', 'o']) == Some(name)
    };
    let ion = layout.ions.iter().find(find)?;
    let instance = ion.node[..ion.count].binary_search(&(node as i32)).ok()?;
    let field = match variable {
        v if v.strip_prefix('e') == Some(&ion.name) => ion.reversal,
        v if v.strip_prefix('i') == Some(&ion.name) => ion.current,
        v if v.ends_with('i') => ion.inside,
        _ => ion.outside,
    };
    Some(field + instance)
}

fn describe(quantity: &Quantity, instance: u32) -> String {
    match quantity {
        Quantity::Voltage => "v".into(),
        Quantity::MembraneCurrent => "i_membrane".into(),
        Quantity::Ion(variable) => format!("`{variable}`"),
        Quantity::Density { mechanism, variable } => format!("`{variable}` of mechanism `{mechanism}`"),
        Quantity::PointProcess { mechanism, variable } => {
            format!("`{variable}` of instance {instance} of `{mechanism}`")
        }
    }
}

fn present(layout: &Layout, node: usize) -> String {
    let here = |t: &&MechanismTable| t.index[..t.count].contains(&(node as i32));
    let names: Vec<String> = layout
        .tables
        .iter()
        .filter(here)
        .map(|t| {
            let fields = t.mechanism.fields.iter().filter(|f| f.range && !f.name.starts_with('_'));
            format!("{} ({})", t.mechanism.name, fields.map(|f| f.name.as_str()).collect::<Vec<_>>().join(", "))
        })
        .collect();
    format!("there are v, i_membrane and the variables of {}", names.join("; "))
}

fn missing(gid: Gid, message: String) -> Problem {
    Problem::new("probe-unknown", message).at(Place::default().key(format!("gid {}", gid.0)))
}

/// A wrong probe of a whole population is told so often, not once a cell.
const MOST_PROBLEMS: usize = 20;

/// The samplers of all reports.
pub fn samplers(
    probes: &[Probe],
    reports: &[Report],
    dt_ms: f64,
    finder: &mut Finder,
    problems: &mut Problems,
) -> Vec<Sampler> {
    let mut samplers: Vec<Sampler> =
        reports.iter().enumerate().map(|(index, report)| Sampler::new(index, &report.rows, dt_ms)).collect();
    for probe in probes {
        match finder.slot(probe.gid, probe.location, &reports[probe.report].quantity, probe.instance) {
            Ok(slot) => samplers[probe.report].slots.push(slot),
            Err(more) => {
                let name = &reports[probe.report].name;
                let told = more.0.into_iter().take(MOST_PROBLEMS.saturating_sub(problems.0.len()));
                problems.0.extend(told.map(|problem| {
                    let key = format!("report {name}, gid {}", probe.gid.0);
                    problem.at(Place::default().key(key))
                }));
            }
        }
    }
    samplers
}
