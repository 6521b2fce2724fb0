//! From spikes to events: who hears whom.

use crate::cells::Addresses;
use crate::gather::Synapse;
use crate::group::{Incoming, Layout, MechanismTable};
use crate::state::State;
use tianyan_model::Gid;
use tianyan_nmodl::ir::Destination;

/// One connection, seen from its source: 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventTarget {
    /// Delay, ms.
    pub delay_ms: f64,
    /// Instance in the table.
    pub instance: u32,
    /// Offset in the group's state of the connection's arguments.
    pub argument: u32,
    /// Group of the target.
    pub group: u32,
    /// Table in the group.
    pub table: u16,
}

/// The connections that end on this rank, by source.
#[derive(Debug, Clone, Default)]
pub struct Connectivity {
    /// The targets of gid `g` are `first[g] .. first[g + 1]`.
    first: Vec<u32>,
    targets: Vec<EventTarget>,
}

impl Connectivity {
    /// The connections of a source, in the order of the model's description: of simultaneous events of a source the
    /// earlier one acts first.
    pub fn targets(&self, source: Gid) -> &[EventTarget] {
        match self.first.get(source.0 as usize..source.0 as usize + 2) {
            Some(&[from, to]) => &self.targets[from as usize..to as usize],
            _ => &[],
        }
    }

    /// Every source with its targets.
    pub fn all(&self) -> impl Iterator<Item = (Gid, &[EventTarget])> {
        (0..self.first.len().saturating_sub(1) as u32).map(|gid| (Gid(gid), self.targets(Gid(gid))))
    }

    /// Number of connections.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

/// Connections in the order of the model's description. They are sorted where they lie: nothing of their size is ever
/// copied.
#[derive(Debug, Default)]
pub struct Columns {
    /// Gid of each source.
    pub source: Vec<u32>,
    /// First argument of NET_RECEIVE.
    pub weight: Vec<f64>,
    /// The other end.
    pub targets: Vec<EventTarget>,
}

impl Columns {
    /// Source and delay of each connection.
    pub fn delays(&self) -> impl Iterator<Item = (Gid, f64)> {
        self.source.iter().zip(&self.targets).map(|(source, target)| (Gid(*source), target.delay_ms))
    }

    /// The longest delay, ms; 0 if there is no connection.
    pub fn longest_delay_ms(&self) -> f64 {
        self.targets.iter().map(|t| t.delay_ms).fold(0.0, f64::max)
    }

    /// How many connections end in each mechanism of each group: `[group][mechanism]`.
    pub fn count(&self, synapses: &[Synapse], at: &Addresses, groups: usize, mechanisms: usize) -> Vec<Vec<usize>> {
        let mut counts = vec![vec![0; mechanisms]; groups];
        for target in &self.targets {
            let synapse = &synapses[target.instance as usize];
            if let Some(address) = at.of(synapse.gid) {
                counts[address.group as usize][synapse.mechanism as usize] += 1;
            }
        }
        counts
    }
}

/// The connections of each instance, for each table of a group that asks for them.
pub type IncomingOfGroup = Vec<Option<Incoming>>;

/// Gives the connections their places in the groups' states, writes their weights there, and sorts them by source.
pub fn connect(
    columns: Columns,
    synapses: &[Synapse],
    at: &Addresses,
    layouts: &[Layout],
    states: &mut [State],
) -> (Connectivity, Vec<IncomingOfGroup>) {
    let Columns { source, weight, mut targets } = columns;
    let mechanisms = synapses.iter().map(|synapse| synapse.mechanism as usize + 1).max().unwrap_or(0);
    let table_of: Vec<Vec<u16>> = layouts.iter().map(|layout| tables_of(layout, mechanisms)).collect();
    let mut next: Vec<Vec<usize>> = layouts.iter().map(|l| l.tables.iter().map(|t| t.arguments).collect()).collect();
    let mut arriving: Vec<Vec<Vec<(u32, u32)>>> = layouts.iter().map(|l| vec![Vec::new(); l.tables.len()]).collect();
    for (target, weight) in targets.iter_mut().zip(weight) {
        let synapse = &synapses[target.instance as usize];
        let Some(address) = at.of(synapse.gid) else { continue };
        let group = address.group as usize;
        target.group = address.group;
        target.table = table_of[group][synapse.mechanism as usize];
        target.instance = synapse.at;
        let table = &layouts[group].tables[target.table as usize];
        let width = table.mechanism.arguments.len();
        let argument = next[group][target.table as usize];
        next[group][target.table as usize] += width;
        target.argument = argument as u32;
        if width > 0 {
            states[group].values_mut()[argument] = weight;
        }
        if asks_for_connections(table) {
            arriving[group][target.table as usize].push((target.instance, target.argument));
        }
    }
    let first = sort_by_source(source, &mut targets);
    targets.shrink_to_fit();
    let incoming = layouts.iter().zip(arriving).map(|(layout, of)| {
        let tables = layout.tables.iter().zip(of);
        tables.map(|(table, pairs)| asks_for_connections(table).then(|| by_instance(table.count, pairs))).collect()
    });
    (Connectivity { first, targets }, incoming.collect())
}

/// The table of each mechanism of the recipe.
fn tables_of(layout: &Layout, mechanisms: usize) -> Vec<u16> {
    let mut tables = vec![0; mechanisms];
    for (t, table) in layout.tables.iter().enumerate().filter(|(_, table)| table.source < mechanisms) {
        tables[table.source] = t as u16;
    }
    tables
}

/// Sorts by source, keeping the order within a source; returns where each source begins, and the end. A counting sort
/// that follows the cycles of its permutation, so that it needs no second array of targets.
fn sort_by_source(mut source: Vec<u32>, targets: &mut [EventTarget]) -> Vec<u32> {
    let sources = source.iter().max().map_or(0, |last| *last as usize + 1);
    let mut first = vec![0; sources + 1];
    source.iter().for_each(|&source| first[source as usize + 1] += 1);
    (0..sources).for_each(|s| first[s + 1] += first[s]);
    let mut next = first.clone();
    for place in &mut source {
        let next = &mut next[*place as usize];
        *place = *next;
        *next += 1;
    }
    let mut place = source;
    for i in 0..place.len() {
        while place[i] as usize != i {
            let to = place[i] as usize;
            targets.swap(i, to);
            place.swap(i, to);
        }
    }
    first
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

/// A counting sort by instance.
fn by_instance(count: usize, pairs: Vec<(u32, u32)>) -> Incoming {
    let mut first = vec![0; count + 1];
    pairs.iter().for_each(|(instance, _)| first[*instance as usize + 1] += 1);
    (0..count).for_each(|i| first[i + 1] += first[i]);
    let mut next = first.clone();
    let mut argument = vec![0; pairs.len()];
    for (instance, offset) in pairs {
        let next = &mut next[instance as usize];
        argument[*next as usize] = offset;
        *next += 1;
    }
    Incoming { first, argument }
}

#[cfg(test)]
mod tests {
    use super::{EventTarget, sort_by_source};

    #[test]
    fn sorting_keeps_the_order_within_a_source() {
        let source: Vec<u32> = (0..1000u32).map(|k| k.wrapping_mul(2_654_435_761) >> 27).collect();
        let target = |k: u32| EventTarget { delay_ms: 0.0, instance: k, argument: 0, group: 0, table: 0 };
        let mut targets: Vec<EventTarget> = (0..1000).map(target).collect();
        let first = sort_by_source(source.clone(), &mut targets);
        let mut want: Vec<u32> = (0..1000).collect();
        want.sort_by_key(|&k| (source[k as usize], k));
        assert_eq!(targets.iter().map(|target| target.instance).collect::<Vec<_>>(), want);
        assert_eq!(first.last(), Some(&1000));
        assert_eq!(size_of::<EventTarget>(), 24);
    }
}
