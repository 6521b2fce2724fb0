//! Every instance of every mechanism in a group, in the order in which it is summed.

use crate::cells::{Addresses, Cells, GroupCell, GroupCells};
use crate::chains::NodeRow;
use crate::gather::Synapses;
use crate::shape::RowKind;
use std::collections::HashMap;
use tianyan_model::{Gid, Parameter, PointProcess, Problem, Problems};

/// Owner of ghosts.
pub const NOBODY: Gid = Gid(u32::MAX);

/// Parameters of one instance.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// What the model sets.
    pub parameters: &'a [Parameter],
    /// Which of [`tianyan_model::Values::PerCompartment`] applies.
    pub compartment: usize,
}

/// One instance.
#[derive(Debug, Clone, Copy)]
pub struct Instance<'a> {
    /// Its cell.
    pub gid: Gid,
    /// Its node.
    pub node: u32,
    /// Orders the instances of a mechanism on a cell, however they lie.
    pub rank: u32,
    /// Its parameters.
    pub given: Given<'a>,
}

/// Where a point process ended up: group, mechanism (recipe's index), instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Placed {
    /// Group on this rank.
    pub group: u32,
    /// Index into the recipe's mechanisms.
    pub mechanism: u32,
    /// Instance in the table.
    pub instance: u32,
}

/// Instances by mechanism (recipe's index), of one group.
pub type ByMechanism<'a> = Vec<Vec<Instance<'a>>>;

/// The density instances of a group, in the order of nodes. Ghosts have theirs, as those of the row they copy.
pub fn densities<'a>(
    cells: &'a Cells,
    group: &GroupCells,
    rows: &[NodeRow],
    mechanism_of: &HashMap<&str, usize>,
    problems: &mut Problems,
) -> ByMechanism<'a> {
    let mut all: ByMechanism = vec![Vec::new(); mechanism_of.len()];
    let mut painted: HashMap<usize, Painted> = HashMap::new();
    for (node, at) in rows.iter().enumerate() {
        let GroupCell { kind, gid } = group.cells[at.cell as usize];
        let by_section = painted.entry(kind).or_insert_with(|| by_section(cells, kind, mechanism_of, problems));
        let row = &cells.kinds[kind].shape.rows[at.row as usize];
        let RowKind::Compartment(compartment) = row.kind else { continue };
        let gid = if at.ghost { NOBODY } else { gid };
        for &(mechanism, parameters) in &by_section[row.section as usize] {
            let given = Given { parameters, compartment: compartment as usize };
            all[mechanism].push(Instance { gid, node: node as u32, rank: at.row, given });
        }
    }
    all
}

type Painted<'a> = Vec<Vec<(usize, &'a [Parameter])>>;

fn by_section<'a>(
    cells: &'a Cells,
    kind: usize,
    mechanism_of: &HashMap<&str, usize>,
    problems: &mut Problems,
) -> Painted<'a> {
    let (kind, paint) = (&cells.kinds[kind], &cells.paint);
    let mut sections: Painted = vec![Vec::new(); kind.sections()];
    for density in &kind.painted {
        let name = &paint.names[density.mechanism as usize];
        match mechanism_of.get(name.as_str()) {
            Some(&m) => sections[density.section as usize].push((m, paint.sets[density.set as usize].as_slice())),
            None => problems.push(
                Problem::new("mechanism-missing", format!("no mechanism is called `{name}`"))
                    .help("add its .mod file to [mechanisms] files, or choose one of `tianyan info --mechanisms`"),
            ),
        }
    }
    sections
}

/// Appends the point processes of these numbers to a group's instances, in order, and says where each went.
pub fn place<'a>(
    (processes, sets): (&[PointProcess], &'a [Vec<Parameter>]),
    numbers: &[u32],
    (cells, addresses): (&Cells, &Addresses),
    group: &mut ByMechanism<'a>,
    placed: &mut [Placed],
) {
    for &number in numbers {
        let process = &processes[number as usize];
        let Some(address) = addresses.of(process.gid) else { continue };
        let row = cells.kinds[address.kind as usize].shape.row_at(process.location);
        let list = &mut group[process.mechanism];
        let (mechanism, instance) = (process.mechanism as u32, list.len() as u32);
        let node = addresses.node(address, row);
        placed[number as usize] = Placed { group: address.group, mechanism, instance };
        let given = Given { parameters: &sets[process.parameter_set], compartment: 0 };
        list.push(Instance { gid: process.gid, node, rank: instance, given });
    }
}

/// Appends the event synapses of a group's cells to its instances, by gid, and writes their instances into them.
pub fn place_synapses<'a>(
    synapses: &mut Synapses,
    sets: &'a [Vec<Parameter>],
    cells: &GroupCells,
    addresses: &Addresses,
    group: &mut ByMechanism<'a>,
) {
    let mut gids: Vec<Gid> = cells.cells.iter().map(|cell| cell.gid).collect();
    gids.sort_unstable();
    for gid in gids {
        let Some(address) = addresses.of(gid) else { continue };
        for synapse in synapses.on(gid) {
            let list = &mut group[synapse.mechanism as usize];
            let node = addresses.node(address, synapse.at);
            synapse.at = list.len() as u32;
            let given = Given { parameters: &sets[synapse.set as usize], compartment: 0 };
            list.push(Instance { gid, node, rank: synapse.at, given });
        }
    }
}
