//! How the compartments that carry a mechanism hang together, for what diffuses along the cable.

use crate::cells::GroupCells;
use crate::group::{Cable, Rows};
use crate::kinds::Kind;
use crate::shape::{Row, RowKind};
use std::collections::HashMap;

/// The cable of the instances that sit in these nodes. A compartment whose parent carries no instance is a root, and
/// zero-area nodes are looked through, as in NEURON (src/nrnoc/ldifus.cpp).
pub fn cable(kinds: &[Kind], group: &GroupCells, rows: &Rows, nodes: &[i32]) -> Cable {
    let instance_at: HashMap<i32, u32> = nodes.iter().zip(0..).map(|(&node, i)| (node, i)).collect();
    let mut builder = Builder { instance_at, place_of: HashMap::new(), cable: Cable::default() };
    for (cell, of) in group.cells.iter().zip(&rows.cells) {
        let nodes = rows.nodes(of);
        for row in 0..nodes.len() {
            builder.place(&kinds[cell.kind], row, &|row| nodes[row] as i32);
        }
    }
    builder.cable
}

struct Builder {
    instance_at: HashMap<i32, u32>,
    place_of: HashMap<i32, u32>,
    cable: Cable,
}

impl Builder {
    /// The place of a row's instance in the cable, behind that of its parent; none if it has no instance.
    fn place(&mut self, kind: &Kind, row: usize, node: &dyn Fn(usize) -> i32) -> Option<u32> {
        let instance = *self.instance_at.get(&node(row))?;
        if let Some(&place) = self.place_of.get(&node(row)) {
            return Some(place);
        }
        let parent = parent(kind, row).and_then(|parent| Some((parent, self.place(kind, parent, node)?)));
        let place = self.cable.order.len() as u32;
        self.place_of.insert(node(row), place);
        self.cable.order.push(instance);
        let own = kind.shape.length_um(row);
        let other = parent.map_or(own, |(parent, _)| kind.shape.length_um(parent));
        self.cable.parent.push(parent.map_or(u32::MAX, |(_, place)| place));
        self.cable.to_parent.push(2.0 / other / (own + other));
        self.cable.from_parent.push(2.0 / own / (own + other));
        Some(place)
    }
}

/// The nearest compartment towards the root. What hangs on the root's end that has no compartment before it belongs to
/// the first compartment of the section there.
fn parent(kind: &Kind, row: usize) -> Option<usize> {
    let rows = &kind.shape.rows;
    let mut at = row;
    loop {
        let parent = rows[at].parent as usize;
        if parent == at {
            break;
        }
        if matches!(rows[parent].kind, RowKind::Compartment(_)) {
            return Some(parent);
        }
        at = parent;
    }
    let section = kind.shape.parent_section(rows[row].section)?;
    let is_first = |row: &Row| row.section == section && row.kind == RowKind::Compartment(0);
    rows.iter().position(is_first)
}
