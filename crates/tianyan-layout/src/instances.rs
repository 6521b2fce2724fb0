//! Every instance of every mechanism in a group, in the order in which it is summed.

use crate::cells::{Cells, GroupCells, Kind};
use crate::shape::RowKind;
use std::collections::HashMap;
use tianyan_model::{Gid, Parameter, PointProcess, Problem, Problems};

/// Where a cell lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Group on this rank.
    pub group: u32,
    /// Index into [`Cells::kinds`].
    pub kind: u32,
    /// Node of row 0 of its tile's lane 0.
    pub first_node: u32,
    /// Its lane.
    pub lane: u32,
}

/// Finds the nodes of cells.
pub struct Addresses {
    /// By gid.
    pub of: HashMap<Gid, Address>,
    lanes: u32,
}

impl Addresses {
    /// Numbers the nodes of all groups.
    pub fn new(cells: &Cells, lanes: usize) -> Addresses {
        let mut of = HashMap::new();
        for (g, group) in cells.groups.iter().enumerate() {
            let mut first_node = 0;
            for tile in &group.tiles {
                for (lane, gid) in tile.gids.iter().enumerate() {
                    let address = Address { group: g as u32, kind: tile.kind as u32, first_node, lane: lane as u32 };
                    of.insert(*gid, address);
                }
                first_node += (cells.kinds[tile.kind].shape.rows.len() * lanes) as u32;
            }
        }
        Addresses { of, lanes: lanes as u32 }
    }

    /// The node of a row of a cell.
    pub fn node(&self, address: Address, row: u32) -> u32 {
        address.first_node + row * self.lanes + address.lane
    }
}

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

/// The density instances of a group: by tile, row, lane.
pub fn densities<'a>(
    kinds: &'a [Kind],
    group: &GroupCells,
    lanes: usize,
    mechanism_of: &HashMap<&str, usize>,
    problems: &mut Problems,
) -> ByMechanism<'a> {
    let mut all: ByMechanism = vec![Vec::new(); mechanism_of.len()];
    let mut first_node = 0;
    for tile in &group.tiles {
        let kind = &kinds[tile.kind];
        let by_section = by_section(kind, mechanism_of, problems);
        for (row, entry) in kind.shape.rows.iter().enumerate() {
            let RowKind::Compartment(compartment) = entry.kind else { continue };
            for &(mechanism, parameters) in &by_section[entry.section as usize] {
                for (lane, &gid) in tile.gids.iter().enumerate() {
                    let node = (first_node + row * lanes + lane) as u32;
                    let given = Given { parameters, compartment: compartment as usize };
                    all[mechanism].push(Instance { gid, node, given });
                }
            }
        }
        first_node += kind.shape.rows.len() * lanes;
    }
    all
}

type Painted<'a> = Vec<Vec<(usize, &'a [Parameter])>>;

fn by_section<'a>(kind: &'a Kind, mechanism_of: &HashMap<&str, usize>, problems: &mut Problems) -> Painted<'a> {
    let mut sections: Painted = vec![Vec::new(); kind.cell.morphology.sections.len()];
    for density in &kind.cell.densities {
        match mechanism_of.get(density.mechanism.as_str()) {
            Some(&m) => sections[density.section].push((m, density.parameters.as_slice())),
            None => problems.push(
                Problem::new("mechanism-missing", format!("no mechanism is called `{}`", density.mechanism))
                    .help("add its .mod file to [mechanisms] files, or choose one of `tianyan info --mechanisms`"),
            ),
        }
    }
    sections
}

/// Appends point processes to the groups' instances, in order, and says where each went.
pub fn place<'a>(
    processes: &[PointProcess],
    sets: &'a [Vec<Parameter>],
    cells: &Cells,
    addresses: &Addresses,
    groups: &mut [ByMechanism<'a>],
) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(processes.len());
    for process in processes {
        let address = addresses.of[&process.gid];
        let row = cells.kinds[address.kind as usize].shape.row_at(process.location);
        let node = addresses.node(address, row);
        let list = &mut groups[address.group as usize][process.mechanism];
        placed.push(Placed { group: address.group, mechanism: process.mechanism as u32, instance: list.len() as u32 });
        let given = Given { parameters: &sets[process.parameter_set], compartment: 0 };
        list.push(Instance { gid: process.gid, node, given });
    }
    placed
}
