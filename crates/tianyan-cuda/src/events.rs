//! Events of different instances are received side by side: none may see what another one changes.

use std::collections::BTreeMap;
use tianyan_layout::{Group, MechanismTable};
use tianyan_nmodl::Mechanism;
use tianyan_nmodl::ir::{Binding, Destination, Kernel, Op};

fn of_events(mechanism: &Mechanism) -> [&Kernel; 2] {
    [&mechanism.kernels.receive, &mechanism.kernels.each_connection]
}

fn is_of_node(mechanism: &Mechanism, b: u32) -> bool {
    matches!(mechanism.kernels.bindings[b as usize], Binding::Node(_) | Binding::Ion(..))
}

/// Whether events of an instance change its node or its ions.
pub fn moves_nodes(mechanism: &Mechanism) -> bool {
    of_events(mechanism).iter().flat_map(|kernel| &kernel.stores).any(|(destination, _)| match destination {
        Destination::Set(b) | Destination::Add(b) => is_of_node(mechanism, *b),
        Destination::Argument(_) => false,
    })
}

/// Whether events of an instance read its node or its ions.
fn reads_nodes(mechanism: &Mechanism) -> bool {
    of_events(mechanism).iter().flat_map(|kernel| &kernel.ops).any(|op| match op {
        Op::Load(b) => is_of_node(mechanism, *b),
        _ => false,
    })
}

/// The first mechanism whose events change a node while those of another instance there change or read it: the CPU has
/// them in an order.
pub fn collides(groups: &[Group]) -> Option<String> {
    groups.iter().find_map(|group| {
        let is_near = |table: &&MechanismTable| moves_nodes(&table.mechanism) || reads_nodes(&table.mechanism);
        let near: Vec<&MechanismTable> = group.layout.tables.iter().filter(is_near).collect();
        let mut at: BTreeMap<i32, (usize, Option<&str>)> = BTreeMap::new();
        for table in near {
            let moves = moves_nodes(&table.mechanism).then_some(table.mechanism.name.as_str());
            for node in &table.index[..table.count] {
                let (count, mover) = at.entry(*node).or_default();
                *count += 1;
                *mover = mover.or(moves);
            }
        }
        let collision = at.values().find_map(|(count, mover)| mover.filter(|_| *count > 1))?;
        Some(collision.to_string())
    })
}
