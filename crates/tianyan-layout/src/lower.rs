//! One group's cells and instances as arrays.

use crate::cable;
use crate::cells::{Cells, GroupCells};
use crate::chains::NodeRow;
use crate::group::{Detectors, Layout, NodeFields, Rows};
use crate::instances::{ByMechanism, Instance};
use crate::ions::{self, Ions};
use crate::shape::RowNumbers;
use crate::state::{Arena, State};
use crate::tables::{self, Shared};
use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tianyan_model::{Gid, Problems, Recipe, RunSettings, SecondOrder};
use tianyan_nmodl::ir::{Binding, NodeVariable};
use tianyan_nmodl::{FieldClass, IonUse, Mechanism};

/// What all groups have in common.
pub struct Lowering<'a> {
    /// The model.
    pub recipe: &'a dyn Recipe,
    /// Its mechanisms.
    pub mechanisms: &'a [Arc<Mechanism>],
    /// The cells of the rank.
    pub cells: &'a Cells,
    /// Whether membrane currents are recorded.
    pub membrane_current: bool,
    /// Variables of ions that are recorded, or read by other cells.
    pub ions_read: BTreeSet<String>,
}

impl Lowering<'_> {
    /// The arrays of a group; `connections` is their number by mechanism.
    pub fn group(
        &self,
        cells: &GroupCells,
        rows: (&Arc<Rows>, &[NodeRow]),
        instances: &ByMechanism,
        connections: &[usize],
        problems: &mut Problems,
    ) -> (Layout, State) {
        let (rows, row_of) = rows;
        let nodes = rows.plan.nodes();
        let mut arena = Arena::default();
        let node_fields = node_fields(&mut arena, nodes + 1, self.membrane_current);
        let celsius = arena.add("celsius", 1, "degC", FieldClass::Parameter);
        let kinds = &self.cells.kinds;
        let ions = ions::ions(self.cells, cells, row_of, self.mechanisms, instances, &mut arena);
        let mut order: Vec<usize> = (0..self.mechanisms.len()).filter(|&m| !instances[m].is_empty()).collect();
        order.sort_by_key(|&m| !self.mechanisms[m].writes_concentration());
        let recipe = self.recipe;
        let points = cells.points;
        let shared = Shared { node_fields: &node_fields, celsius, ions: &ions, recipe, nodes, points };
        let mut tables: Vec<_> = order
            .iter()
            .map(|&m| tables::table(m, &self.mechanisms[m], &instances[m], connections[m], &shared, &mut arena))
            .collect();
        let mut detectors = self.detectors(cells, rows);
        detectors.above = arena.add("detectors.above", detectors.gid.len(), "", FieldClass::Exact);
        let mut state = State::new(arena.len());
        let values = state.values_mut();
        values[celsius] = self.recipe.run().temperature_celsius;
        problems.take(self.fill_nodes(cells, rows, row_of, &node_fields, values));
        self.fill_ions(&ions, instances, values);
        for table in &tables {
            tables::fill(table, &instances[table.source], self.recipe, values, problems);
        }
        for table in tables.iter_mut().filter(|table| !table.mechanism.kernels.diffusions.is_empty()) {
            table.cable = Some(cable::cable(kinds, cells, rows, &table.index[..table.count]));
        }
        let compartments = cells.cells.iter().map(|cell| kinds[cell.kind].shape.compartments()).sum();
        let coupled = cells.coupled;
        let run = self.recipe.run().clone();
        let Ions { tables: ions, .. } = ions;
        let fields = arena.fields;
        let driven = Vec::new();
        let layout = Layout {
            coupled,
            points,
            run,
            rows: rows.clone(),
            nodes,
            compartments,
            node_fields,
            ions,
            tables,
            wirings: Vec::new(),
            backgrounds: Vec::new(),
            detectors,
            driven,
            prepared_in_step: Vec::new(),
            fields,
        };
        (layout, state)
    }

    fn fill_nodes(
        &self,
        cells: &GroupCells,
        rows: &Rows,
        row_of: &[NodeRow],
        f: &NodeFields,
        values: &mut [f64],
    ) -> Result<(), Problems> {
        let per_ms = capacitance_factor(self.recipe.run());
        // What nobody reads takes no memory as long as it is not written.
        let diameters = self
            .mechanisms
            .iter()
            .any(|mechanism| mechanism.kernels.bindings.contains(&Binding::Node(NodeVariable::Diameter)));
        let mut numbers: HashMap<usize, Cow<[RowNumbers]>> = HashMap::new();
        for cell in &cells.cells {
            if let Entry::Vacant(entry) = numbers.entry(cell.kind) {
                entry.insert(self.cells.kinds[cell.kind].numbers(self.recipe)?);
            }
        }
        for (node, at) in row_of.iter().enumerate() {
            let row = &numbers[&cells.cells[at.cell as usize].kind][at.row as usize];
            values[f.voltage + node] = row.v_init_mv;
            values[f.area + node] = row.area_um2;
            if diameters {
                values[f.diameter + node] = row.diameter_um;
            }
            // Ghosts keep a membrane, so that their rows stay solvable.
            let is_bare = at.ghost && row.cm_uf_per_cm2 == 0.0;
            values[f.capacitance + node] = per_ms * if is_bare { 1.0 } else { row.cm_uf_per_cm2 };
        }
        for (cell, of) in cells.cells.iter().zip(&rows.cells) {
            let nodes = rows.nodes(of);
            let parents = self.cells.kinds[cell.kind].parent.iter();
            for ((row, &parent), &node) in numbers[&cell.kind].iter().zip(parents).zip(nodes) {
                values[f.to_parent + node as usize] = row.to_parent;
                values[f.from_parent + node as usize] = row.from_parent;
                values[f.axial + node as usize] -= row.to_parent;
                values[f.axial + nodes[parent as usize] as usize] -= row.from_parent;
            }
        }
        let nobody = row_of.len();
        values[f.area + nobody] = 100.0;
        values[f.diameter + nobody] = 1.0;
        values[f.voltage + nobody] = -65.0;
        Ok(())
    }

    /// Concentrations only where some mechanism or somebody else reads them.
    fn fill_ions(&self, ions: &Ions, instances: &ByMechanism, values: &mut [f64]) {
        for (table, [reversal, inside, outside]) in ions.tables.iter().zip(&ions.start) {
            let n = table.padded;
            values[table.reversal..table.reversal + n].copy_from_slice(reversal);
            let uses = |(mechanism, list): (&Arc<Mechanism>, &Vec<Instance>)| {
                let used = |ion: &IonUse| {
                    ion.name == table.name && (ion.reads_concentration || ion.writes_inside || ion.writes_outside)
                };
                !list.is_empty() && mechanism.ions.iter().any(used)
            };
            let read = ["i", "o"].iter().any(|side| self.ions_read.contains(&format!("{}{side}", table.name)));
            if read || self.mechanisms.iter().zip(instances).any(uses) {
                values[table.inside..table.inside + n].copy_from_slice(inside);
                values[table.outside..table.outside + n].copy_from_slice(outside);
            }
        }
    }

    fn detectors(&self, cells: &GroupCells, rows: &Rows) -> Detectors {
        let mut found: Vec<(Gid, u32, f64)> = Vec::new();
        for (cell, of) in cells.cells.iter().zip(&rows.cells) {
            let kind = &self.cells.kinds[cell.kind];
            if let Some(detector) = kind.detector {
                let row = kind.shape.row_at(detector.location) as usize;
                found.push((cell.gid, rows.nodes(of)[row], detector.threshold_mv));
            }
        }
        found.sort_by_key(|d| d.0);
        Detectors {
            gid: found.iter().map(|d| d.0).collect(),
            node: found.iter().map(|d| d.1).collect(),
            threshold_mv: found.iter().map(|d| d.2).collect(),
            above: 0,
        }
    }
}

/// What 1 uF/cm2 adds to the diagonal, S/cm2: 0.001/dt, or 0.001*2/dt for Crank-Nicolson.
fn capacitance_factor(run: &RunSettings) -> f64 {
    match run.second_order {
        SecondOrder::Off => 1e-3 / run.dt_ms,
        _ => 1e-3 * (2.0 / run.dt_ms),
    }
}

fn node_fields(arena: &mut Arena, len: usize, imem: bool) -> NodeFields {
    use FieldClass::{Parameter, Real};
    NodeFields {
        voltage: arena.add("v", len, "mV", Real),
        rhs: arena.add("rhs", len, "mA/cm2", Real),
        diagonal: arena.add("diagonal", len, "S/cm2", Real),
        area: arena.add("area", len, "um2", Parameter),
        diameter: arena.add("diameter", len, "um", Parameter),
        capacitance: arena.add("capacitance", len, "S/cm2", Parameter),
        axial: arena.add("axial", len, "S/cm2", Parameter),
        to_parent: arena.add("to_parent", len, "S/cm2", Parameter),
        from_parent: arena.add("from_parent", len, "S/cm2", Parameter),
        membrane_current: imem.then(|| arena.add("i_membrane", len, "nA", Real)),
    }
}
