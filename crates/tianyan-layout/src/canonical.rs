//! The canonical order of a cell's state, which no tile, lane or group can change.

use crate::Slot;
use crate::group::{Layout, MechanismTable};
use std::collections::BTreeMap;
use std::sync::Arc;
use tianyan_model::Gid;
use tianyan_nmodl::FieldClass;

/// For every cell of groups with these layouts the slots of all that changes, in canonical order: per row v; per ion and row
/// its numbers; per mechanism (in the recipe's order), instance and field, then the arguments of its connections and
/// the events it sent to itself; the detector's flag.
pub fn cell_slots(layouts: &[Arc<Layout>]) -> BTreeMap<Gid, Vec<Slot>> {
    let mut cells: BTreeMap<Gid, Vec<Slot>> = BTreeMap::new();
    for (g, layout) in layouts.iter().enumerate() {
        let mut collector = Collector { group: g as u32, cells: &mut cells };
        collector.nodes(layout);
        collector.ions(layout);
        let mut tables: Vec<&MechanismTable> = layout.tables.iter().collect();
        tables.sort_by_key(|t| t.source);
        tables.iter().for_each(|t| collector.mechanism(t));
        let detectors = &layout.detectors;
        for (i, &gid) in detectors.gid.iter().enumerate() {
            collector.add(gid, detectors.above + i);
        }
    }
    cells
}

struct Collector<'a> {
    group: u32,
    cells: &'a mut BTreeMap<Gid, Vec<Slot>>,
}

impl Collector<'_> {
    fn add(&mut self, gid: Gid, offset: usize) {
        self.cells.entry(gid).or_default().push(Slot { group: self.group, offset: offset as u32 });
    }

    fn nodes(&mut self, layout: &Layout) {
        for tile in &layout.tiles {
            for (lane, &gid) in tile.cells.iter().enumerate() {
                for row in 0..tile.rows {
                    let node = tile.first_node + row * layout.lanes + lane;
                    self.add(gid, layout.node_fields.voltage + node);
                    if let Some(current) = layout.node_fields.membrane_current {
                        self.add(gid, current + node);
                    }
                }
            }
        }
    }

    fn ions(&mut self, layout: &Layout) {
        let owner = owners(layout);
        for ion in &layout.ions {
            for i in 0..ion.count {
                let gid = owner[ion.node[i] as usize];
                for field in [ion.reversal, ion.current, ion.inside, ion.outside] {
                    self.add(gid, field + i);
                }
            }
        }
    }

    fn mechanism(&mut self, table: &MechanismTable) {
        for (i, &gid) in table.owner.iter().enumerate() {
            for (f, field) in table.mechanism.fields.iter().enumerate() {
                if field.class != FieldClass::Parameter && !field.shared {
                    self.add(gid, table.slot(f, i));
                }
            }
            let arguments = table.incoming.iter().flat_map(|incoming| incoming.of(i));
            for &argument in arguments {
                (0..table.mechanism.arguments.len()).for_each(|k| self.add(gid, argument as usize + k));
            }
            if let Some(events) = &table.self_events {
                [events.next, events.last].iter().for_each(|field| self.add(gid, field + i));
                for slot in 0..events.slots {
                    let fields = [events.time, events.flag, events.connection];
                    fields.iter().for_each(|field| self.add(gid, field + slot * table.padded + i));
                }
            }
        }
    }
}

fn owners(layout: &Layout) -> Vec<Gid> {
    let mut owner = vec![Gid(u32::MAX); layout.nodes + 1];
    for tile in &layout.tiles {
        for (lane, &gid) in tile.cells.iter().enumerate() {
            (0..tile.rows).for_each(|row| owner[tile.first_node + row * layout.lanes + lane] = gid);
        }
    }
    owner
}
