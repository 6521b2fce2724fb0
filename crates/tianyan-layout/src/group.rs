//! The arrays of one group.

use crate::chains::Plan;
use crate::state::{Field, State};
use crate::wiring::Wiring;
use std::borrow::Cow;
use std::sync::Arc;
use tianyan_model::{Gid, KindId, RunSettings};
use tianyan_nmodl::Mechanism;
use tianyan_nmodl::ir::{Binding, Destination, Kernel};

/// The rows of a group's cells, and which nodes they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// How they lie side by side.
    pub plan: Plan,
    /// The cells.
    pub cells: Vec<CellRows>,
    /// Node of each row, cell by cell.
    pub node_of: Vec<u32>,
}

/// The rows of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRows {
    /// The cell.
    pub gid: Gid,
    /// Its kind.
    pub kind: KindId,
    /// Its first row in [`Rows::node_of`].
    pub first_row: u32,
    /// Parent of each row; the root is its own.
    pub parent: Arc<[u32]>,
}

impl Rows {
    /// The node of each row of a cell.
    pub fn nodes(&self, cell: &CellRows) -> &[u32] {
        &self.node_of[cell.first_row as usize..][..cell.parent.len()]
    }

    /// The cell and the row of a node; none for ghosts.
    pub fn row_of(&self, node: usize) -> Option<(Gid, usize)> {
        self.cells.iter().find_map(|cell| {
            let row = self.nodes(cell).iter().position(|other| *other as usize == node)?;
            Some((cell.gid, row))
        })
    }
}

/// Offsets of the fields that have one number a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeFields {
    /// Membrane potential, mV.
    pub voltage: usize,
    /// Right-hand side, mA/cm2; after the solve the change of v, mV.
    pub rhs: usize,
    /// Diagonal, S/cm2.
    pub diagonal: usize,
    /// Area, um2 (100 in end nodes).
    pub area: usize,
    /// Diameter, um.
    pub diameter: usize,
    /// Capacitance divided by the step: what it adds to the diagonal, S/cm2.
    pub capacitance: usize,
    /// What couplings to the parent and the children add to the diagonal, S/cm2.
    pub axial: usize,
    /// Coupling to the parent in this row (negative), S/cm2.
    pub to_parent: usize,
    /// The same conductance in the parent's row (negative), S/cm2.
    pub from_parent: usize,
    /// Total membrane current, nA; only where a probe asks for it.
    pub membrane_current: Option<usize>,
}

/// All instances of one ion in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct IonTable {
    /// `na`, `k`, `ca` ...
    pub name: String,
    /// Charge number.
    pub valence: f64,
    /// Instances.
    pub count: usize,
    /// Instances with padding; the last is nobody's.
    pub padded: usize,
    /// Node of each instance.
    pub node: Vec<i32>,
    /// Offset of the reversal potentials, mV.
    pub reversal: usize,
    /// Offset of the currents, mA/cm2.
    pub current: usize,
    /// Offset of di/dv, S/cm2.
    pub conductance: usize,
    /// Offset of the inside concentrations, millimolar.
    pub inside: usize,
    /// Offset of the outside concentrations, millimolar.
    pub outside: usize,
    /// Instances whose reversal potential is Nernst's at the start.
    pub nernst_at_start: Vec<u32>,
    /// Instances whose concentration is written: Nernst's in every step.
    pub nernst_in_step: Vec<u32>,
    /// Whether some point process adds to its current, or reads it, after others: the sum is kept.
    pub summed: bool,
}

/// All instances of one mechanism in a group.
#[derive(Debug, Clone)]
pub struct MechanismTable {
    /// What it computes.
    pub mechanism: Arc<Mechanism>,
    /// Index into the recipe's mechanisms.
    pub source: usize,
    /// Instances.
    pub count: usize,
    /// Instances with padding.
    pub padded: usize,
    /// Offset of each binding, as kernels want it.
    pub field: Vec<i64>,
    /// Node of each instance, then its instance in each ion, as kernels want it.
    pub index: Vec<i32>,
    /// Stretches of all instances whose nodes and ions lie one behind the other; empty where these are too short to be
    /// worth it.
    pub runs: Vec<Run>,
    /// Offset of each of the mechanism's fields.
    pub offsets: Vec<usize>,
    /// Numbers of each field.
    pub lengths: Vec<usize>,
    /// Cell of each instance; `Gid(u32::MAX)` of ghosts.
    pub owner: Vec<Gid>,
    /// Orders the instances on a cell, however they lie.
    pub rank: Vec<u32>,
    /// Offset of the connections' arguments: one block of arguments a connection.
    pub arguments: usize,
    /// Connections that end here.
    pub connections: usize,
    /// Events that instances send to themselves; none if they never do.
    pub self_events: Option<SelfEvents>,
    /// The connections of each instance, where anybody asks for them.
    pub incoming: Option<Incoming>,
    /// For mechanisms whose states diffuse along the cable.
    pub cable: Option<Cable>,
}

/// Instances that lie one behind the other, with their nodes and ions: instance i of the run has the i-th number behind
/// each offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Offset of each binding.
    pub field: Vec<i64>,
    /// Instances: a multiple of [`crate::ALIGN`].
    pub count: usize,
}

/// Where a group's state keeps the events that instances of a table sent to themselves. Slot `s` of instance `i`
/// lies at `s * padded + i` behind each of the first three offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SelfEvents {
    /// Slots of an instance.
    pub slots: usize,
    /// Offset of the times, ms; infinite where a slot is free.
    pub time: usize,
    /// Offset of the flags.
    pub flag: usize,
    /// Offset of the connections whose arguments NET_RECEIVE sees: 1 + their number at the instance, 0 for none; or
    /// minus (1 + number) of the WATCH that sent the event.
    pub connection: usize,
    /// Offset of the earliest time of each instance, ms.
    pub next: usize,
    /// Offset of 1 + the slot that was filled last, which net_move moves; 0 if it was delivered.
    pub last: usize,
}

/// The connections that end at each instance of a table, in the order of the model's description.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incoming {
    /// The connections of instance `i` are `first[i] .. first[i + 1]`.
    pub first: Vec<u32>,
    /// Offset of the arguments of each.
    pub argument: Vec<u32>,
}

impl Incoming {
    /// Offsets of the arguments of an instance's connections.
    pub fn of(&self, instance: usize) -> &[u32] {
        &self.argument[self.first[instance] as usize..self.first[instance + 1] as usize]
    }
}

/// How the compartments that carry a mechanism hang together, parents before children.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cable {
    /// Instances in that order.
    pub order: Vec<u32>,
    /// For each in that order: place in the order of its parent, or `u32::MAX`.
    pub parent: Vec<u32>,
    /// 2 / (length of the parent (length of the parent + own length)), 1/um2.
    pub to_parent: Vec<f64>,
    /// 2 / (own length (length of the parent + own length)), 1/um2.
    pub from_parent: Vec<f64>,
}

impl MechanismTable {
    /// Node of an instance.
    pub fn node(&self, instance: usize) -> usize {
        self.index[instance] as usize
    }

    /// Offset in the state of a field of an instance.
    pub fn slot(&self, field: usize, instance: usize) -> usize {
        let shared = self.mechanism.fields[field].shared;
        self.offsets[field] + if shared { 0 } else { instance }
    }

    /// A kernel as runs have it: without what is only looked at, since nobody does.
    pub fn in_runs<'k>(&self, kernel: &'k Kernel) -> Cow<'k, Kernel> {
        let shown_only = if self.runs.is_empty() { Vec::new() } else { self.mechanism.shown_only() };
        let is_left_out = |to: &Destination| match to {
            Destination::Set(b) => match self.mechanism.kernels.bindings[*b as usize] {
                Binding::Field(f) => shown_only.get(f) == Some(&true),
                _ => false,
            },
            _ => false,
        };
        if !kernel.stores.iter().any(|(to, _)| is_left_out(to)) {
            return Cow::Borrowed(kernel);
        }
        let mut kernel = kernel.clone();
        kernel.stores.retain(|(to, _)| !is_left_out(to));
        Cow::Owned(kernel)
    }

    /// Numbers of a field that all instances share.
    pub fn shared_length(&self, field: usize) -> usize {
        self.lengths[field]
    }
}

/// Spikes at random into point neurons that get as many of the same kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    /// The neurons: instances of their table.
    pub instances: Vec<u32>,
    /// Their gids.
    pub gids: Vec<u32>,
    /// For each input that a spike adds to: its offset in the state, and what it adds.
    pub adds: Vec<(usize, f64)>,
    /// Rate of the spikes of each neuron.
    pub rate_hz: f64,
    /// The neurons' stream of random numbers.
    pub stream: u32,
    /// The steps in which they come.
    pub steps: std::ops::Range<u64>,
}

/// Where spikes are detected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detectors {
    /// The cells, ascending.
    pub gid: Vec<Gid>,
    /// Node of each.
    pub node: Vec<u32>,
    /// Threshold of each.
    pub threshold_mv: Vec<f64>,
    /// Offset of the flags: 1 while v is above the threshold.
    pub above: usize,
}

/// The tables of a group. Immutable after it was built.
#[derive(Debug, Clone)]
pub struct Layout {
    /// True if some instance reads a peer: such groups advance a step at a time.
    pub coupled: bool,
    /// True if all its cells are point neurons, which move v themselves: there is no voltage equation to solve.
    pub points: bool,
    /// What holds for the whole run.
    pub run: RunSettings,
    /// The rows of its cells.
    pub rows: Arc<Rows>,
    /// Number of nodes, ghosts too; padding instances sit in node number `nodes`.
    pub nodes: usize,
    /// Compartments, without end nodes.
    pub compartments: usize,
    /// Node fields.
    pub node_fields: NodeFields,
    /// Ions.
    pub ions: Vec<IonTable>,
    /// Mechanisms in the order in which they run: writers of concentrations, then the others.
    pub tables: Vec<MechanismTable>,
    /// Connections onto point neurons that only add to their inputs.
    pub wirings: Vec<Wiring>,
    /// Spikes at random into them.
    pub backgrounds: Vec<Background>,
    /// Detectors.
    pub detectors: Detectors,
    /// Slots of the driven values, in the order of the rows of the inputs.
    pub driven: Vec<u32>,
    /// Tables whose `prepare` depends on driven values: it runs in every step.
    pub prepared_in_step: Vec<usize>,
    /// All fields of the state.
    pub fields: Vec<Field>,
}

/// A group: the unit that a backend advances without talking to others.
#[derive(Debug, Clone)]
pub struct Group {
    /// Tables.
    pub layout: Arc<Layout>,
    /// Numbers.
    pub state: State,
}
