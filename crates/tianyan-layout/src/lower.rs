//! One group's cells and instances as arrays.

use crate::cable;
use crate::cells::{Cells, GroupCells};
use crate::group::{Detectors, Layout, NodeFields, Tile};
use crate::instances::ByMechanism;
use crate::ions::{self, Ions};
use crate::state::{Arena, State};
use crate::tables::{self, Shared};
use std::sync::Arc;
use tianyan_model::{Gid, Problems, Recipe, RunSettings, SecondOrder};
use tianyan_nmodl::{FieldClass, Mechanism};

/// What all groups have in common.
pub struct Lowering<'a> {
    /// The model.
    pub recipe: &'a dyn Recipe,
    /// Its mechanisms.
    pub mechanisms: &'a [Arc<Mechanism>],
    /// The cells of the rank.
    pub cells: &'a Cells,
    /// Cells side by side in a tile.
    pub lanes: usize,
    /// Whether membrane currents are recorded.
    pub membrane_current: bool,
}

impl Lowering<'_> {
    /// The arrays of a group; `connections` is their number by mechanism.
    pub fn group(
        &self,
        cells: &GroupCells,
        instances: &ByMechanism,
        connections: &[usize],
        problems: &mut Problems,
    ) -> (Layout, State) {
        let lanes = self.lanes;
        let (tiles, parent, compartments) = self.tiles(cells);
        let nodes = tiles.last().map_or(0, |t| t.first_node + t.rows * lanes);
        let mut arena = Arena::default();
        let node_fields = node_fields(&mut arena, nodes + 1, self.membrane_current);
        let celsius = arena.add("celsius", 1, "degC", FieldClass::Parameter);
        let kinds = &self.cells.kinds;
        let ions = ions::ions(kinds, cells, lanes, nodes, self.mechanisms, instances, &mut arena);
        let mut order: Vec<usize> = (0..self.mechanisms.len()).filter(|&m| !instances[m].is_empty()).collect();
        order.sort_by_key(|&m| !self.mechanisms[m].writes_concentration());
        let recipe = self.recipe;
        let shared = Shared { node_fields: &node_fields, celsius, ions: &ions, recipe, nodes };
        let mut tables: Vec<_> = order
            .iter()
            .map(|&m| tables::table(m, &self.mechanisms[m], &instances[m], connections[m], &shared, &mut arena))
            .collect();
        let mut detectors = self.detectors(cells);
        detectors.above = arena.add("detectors.above", detectors.gid.len(), "", FieldClass::Exact);
        let mut state = State::new(arena.len());
        let values = state.values_mut();
        values[celsius] = self.recipe.run().temperature_celsius;
        self.fill_nodes(cells, &tiles, &node_fields, nodes, values);
        fill_ions(&ions, values);
        for table in &tables {
            tables::fill(table, &instances[table.source], self.recipe, values, problems);
        }
        for table in tables.iter_mut().filter(|table| !table.mechanism.kernels.diffusions.is_empty()) {
            table.cable = Some(cable::cable(kinds, cells, &tiles, lanes, &table.index[..table.count]));
        }
        let coupled = cells.coupled;
        let run = self.recipe.run().clone();
        let Ions { tables: ions, .. } = ions;
        let fields = arena.fields;
        let driven = Vec::new();
        let layout = Layout {
            lanes,
            coupled,
            run,
            tiles,
            parent,
            nodes,
            compartments,
            node_fields,
            ions,
            tables,
            detectors,
            driven,
            fields,
        };
        (layout, state)
    }

    fn tiles(&self, cells: &GroupCells) -> (Vec<Tile>, Vec<u32>, usize) {
        let (mut tiles, mut parent, mut first_node, mut compartments) = (Vec::new(), Vec::new(), 0, 0);
        for tile in &cells.tiles {
            let kind = &self.cells.kinds[tile.kind];
            let rows = kind.shape.rows.len();
            tiles.push(Tile { kind: kind.id, first_node, first_row: parent.len(), rows, cells: tile.gids.clone() });
            parent.extend(kind.shape.rows.iter().map(|r| r.parent));
            first_node += rows * self.lanes;
            compartments += kind.shape.compartments() * tile.gids.len();
        }
        (tiles, parent, compartments)
    }

    fn fill_nodes(&self, cells: &GroupCells, tiles: &[Tile], f: &NodeFields, nodes: usize, values: &mut [f64]) {
        let lanes = self.lanes;
        let per_ms = capacitance_factor(self.recipe.run());
        for (tile, of) in tiles.iter().zip(&cells.tiles) {
            let rows = &self.cells.kinds[of.kind].shape.rows;
            for (r, row) in rows.iter().enumerate() {
                for lane in 0..lanes {
                    let node = tile.first_node + r * lanes + lane;
                    values[f.voltage + node] = row.v_init_mv;
                    values[f.area + node] = row.area_um2;
                    values[f.diameter + node] = row.diameter_um;
                    // Lanes without a cell keep a membrane, so that their rows stay solvable.
                    let cm = if lane < tile.cells.len() { row.cm_uf_per_cm2 } else { 1.0 };
                    values[f.capacitance + node] = per_ms * cm;
                    values[f.to_parent + node] = row.to_parent;
                    values[f.from_parent + node] = row.from_parent;
                    let parent = tile.first_node + row.parent as usize * lanes + lane;
                    values[f.axial + node] -= row.to_parent;
                    values[f.axial + parent] -= row.from_parent;
                }
            }
        }
        values[f.area + nodes] = 100.0;
        values[f.diameter + nodes] = 1.0;
        values[f.voltage + nodes] = -65.0;
    }

    fn detectors(&self, cells: &GroupCells) -> Detectors {
        let mut found: Vec<(Gid, u32, f64)> = Vec::new();
        let lanes = self.lanes;
        let mut first_node = 0;
        for tile in &cells.tiles {
            let kind = &self.cells.kinds[tile.kind];
            if let Some(detector) = kind.cell.detector {
                let row = kind.shape.row_at(detector.location) as usize;
                for (lane, &gid) in tile.gids.iter().enumerate() {
                    found.push((gid, (first_node + row * lanes + lane) as u32, detector.threshold_mv));
                }
            }
            first_node += kind.shape.rows.len() * lanes;
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

fn fill_ions(ions: &Ions, values: &mut [f64]) {
    for (table, [reversal, inside, outside]) in ions.tables.iter().zip(&ions.start) {
        let n = table.padded;
        values[table.reversal..table.reversal + n].copy_from_slice(reversal);
        values[table.inside..table.inside + n].copy_from_slice(inside);
        values[table.outside..table.outside + n].copy_from_slice(outside);
    }
}
