//! How the compartments that carry a mechanism hang together, for what diffuses along the cable.

use crate::cells::{GroupCells, Kind};
use crate::group::{Cable, Tile};
use crate::shape::{CellShape, RowKind};
use std::collections::HashMap;
use tianyan_model::Cell;

/// The cable of the instances that sit in these nodes. A compartment whose parent carries no instance is a root, and
/// zero-area nodes are looked through, as in NEURON (src/nrnoc/ldifus.cpp).
pub fn cable(kinds: &[Kind], group: &GroupCells, tiles: &[Tile], lanes: usize, nodes: &[i32]) -> Cable {
    let instance_at: HashMap<i32, u32> = nodes.iter().zip(0..).map(|(&node, i)| (node, i)).collect();
    let mut cable = Cable::default();
    let mut place_of: HashMap<i32, u32> = HashMap::new();
    for (tile, of) in tiles.iter().zip(&group.tiles) {
        let kind = &kinds[of.kind];
        for row in 0..kind.shape.rows.len() {
            for lane in 0..of.gids.len() {
                let node = |row: usize| (tile.first_node + row * lanes + lane) as i32;
                let Some(&instance) = instance_at.get(&node(row)) else { continue };
                let parent = parent(&kind.shape, row).and_then(|parent| Some((parent, *place_of.get(&node(parent))?)));
                place_of.insert(node(row), cable.order.len() as u32);
                cable.order.push(instance);
                let own = length_um(&kind.cell, &kind.shape, row);
                let other = parent.map_or(own, |(parent, _)| length_um(&kind.cell, &kind.shape, parent));
                cable.parent.push(parent.map_or(u32::MAX, |(_, place)| place));
                cable.to_parent.push(2.0 / other / (own + other));
                cable.from_parent.push(2.0 / own / (own + other));
            }
        }
    }
    cable
}

/// The nearest compartment towards the root.
fn parent(shape: &CellShape, row: usize) -> Option<usize> {
    let mut at = row;
    loop {
        let parent = shape.rows[at].parent as usize;
        if parent == at {
            return None;
        }
        if matches!(shape.rows[parent].kind, RowKind::Compartment(_)) {
            return Some(parent);
        }
        at = parent;
    }
}

fn length_um(cell: &Cell, shape: &CellShape, row: usize) -> f64 {
    let section = shape.rows[row].section as usize;
    cell.morphology.sections[section].length_um() / f64::from(cell.compartments[section])
}
