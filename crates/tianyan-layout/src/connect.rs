//! From spikes to events: who hears whom.

use crate::group::{Incoming, Layout, MechanismTable};
use crate::instances::Placed;
use std::collections::HashMap;
use tianyan_model::{Connections, Gid};
use tianyan_nmodl::ir::Destination;

/// One connection, seen from its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventTarget {
    /// Group of the target.
    pub group: u32,
    /// Table in the group.
    pub table: u32,
    /// Instance in the table.
    pub instance: u32,
    /// Offset in the group's state of the connection's arguments.
    pub argument: u32,
    /// Rank of the connection in the model's description, which orders simultaneous events.
    pub connection: u32,
    /// Delay, ms.
    pub delay_ms: f64,
}

/// The connections that end on this rank, by source.
#[derive(Debug, Clone, Default)]
pub struct Connectivity {
    range: HashMap<Gid, (u32, u32)>,
    targets: Vec<EventTarget>,
}

impl Connectivity {
    /// The connections of a source, in the order of the model's description.
    pub fn targets(&self, source: Gid) -> &[EventTarget] {
        self.range.get(&source).map_or(&[], |&(from, to)| &self.targets[from as usize..to as usize])
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// The longest delay, ms; 0 if there is no connection.
    pub fn longest_delay_ms(&self) -> f64 {
        self.targets.iter().map(|t| t.delay_ms).fold(0.0, f64::max)
    }
}

/// How many connections end in each mechanism of each group: `[group][mechanism]`.
pub fn count(connections: &Connections, placed: &[Placed], groups: usize, mechanisms: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; mechanisms]; groups];
    for &synapse in &connections.synapse {
        let at = placed[synapse as usize];
        counts[at.group as usize][at.mechanism as usize] += 1;
    }
    counts
}

/// The connections of each instance, for each table of a group that asks for them.
pub type IncomingOfGroup = Vec<Option<Incoming>>;

/// Sorts the connections by source and writes their weights into the groups' states.
pub fn connect(
    connections: &Connections,
    placed: &[Placed],
    layouts: &[Layout],
    states: &mut [&mut [f64]],
) -> (Connectivity, Vec<IncomingOfGroup>) {
    let table_of: Vec<HashMap<usize, usize>> =
        layouts.iter().map(|l| l.tables.iter().enumerate().map(|(t, table)| (table.source, t)).collect()).collect();
    let mut next: Vec<Vec<usize>> = layouts.iter().map(|l| vec![0; l.tables.len()]).collect();
    let mut arriving: Vec<Vec<Vec<(u32, u32)>>> = layouts.iter().map(|l| vec![Vec::new(); l.tables.len()]).collect();
    let mut rows: Vec<(Gid, EventTarget)> = Vec::with_capacity(connections.source.len());
    for (k, &synapse) in connections.synapse.iter().enumerate() {
        let at = placed[synapse as usize];
        let group = at.group as usize;
        let t = table_of[group][&(at.mechanism as usize)];
        let table = &layouts[group].tables[t];
        let width = table.mechanism.arguments.len();
        let argument = table.arguments + next[group][t] * width;
        next[group][t] += 1;
        if width > 0 {
            states[group][argument] = connections.weight[k];
        }
        if asks_for_connections(table) {
            arriving[group][t].push((at.instance, argument as u32));
        }
        let target = EventTarget {
            group: at.group,
            table: t as u32,
            instance: at.instance,
            argument: argument as u32,
            connection: k as u32,
            delay_ms: connections.delay_ms[k],
        };
        rows.push((connections.source[k], target));
    }
    rows.sort_by_key(|(source, target)| (*source, target.connection));
    let mut range: HashMap<Gid, (u32, u32)> = HashMap::new();
    for (i, (source, _)) in rows.iter().enumerate() {
        range.entry(*source).or_insert((i as u32, i as u32)).1 = i as u32 + 1;
    }
    let incoming = layouts.iter().zip(arriving).map(|(layout, of)| {
        let tables = layout.tables.iter().zip(of);
        tables.map(|(table, pairs)| asks_for_connections(table).then(|| by_instance(table.count, pairs))).collect()
    });
    let incoming = incoming.collect();
    (Connectivity { range, targets: rows.into_iter().map(|(_, target)| target).collect() }, incoming)
}

/// True if NET_RECEIVE changes arguments, initialises them, walks them, or sends them on to the instance itself.
fn asks_for_connections(table: &MechanismTable) -> bool {
    let kernels = &table.mechanism.kernels;
    let argument = |(to, _): &(Destination, _)| matches!(to, Destination::Argument(_));
    table.self_events.is_some()
        || !kernels.connect.is_empty()
        || !kernels.each_connection.is_empty()
        || kernels.receive.stores.iter().any(argument)
}

fn by_instance(count: usize, mut pairs: Vec<(u32, u32)>) -> Incoming {
    pairs.sort_by_key(|(instance, _)| *instance);
    let first = (0..=count as u32).map(|i| pairs.partition_point(|(instance, _)| *instance < i) as u32).collect();
    Incoming { first, argument: pairs.into_iter().map(|(_, argument)| argument).collect() }
}
