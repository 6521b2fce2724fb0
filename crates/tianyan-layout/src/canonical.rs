//! The canonical order of a cell's state, which no tile, lane or group can change.

use crate::Slot;
use crate::group::{Layout, MechanismTable};
use crate::instances::NOBODY;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tianyan_model::Gid;
use tianyan_nmodl::FieldClass;

/// For every cell of groups with these layouts the slots of all that changes and that
/// anything depends on, in canonical order: per row v; per ion and row
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

/// For every cell the slots of what stays the same: areas, capacitances, parameters that no stimulus drives. In the order of
/// [`cell_slots`].
pub fn constant_slots(layouts: &[Arc<Layout>]) -> BTreeMap<Gid, Vec<Slot>> {
    let mut cells: BTreeMap<Gid, Vec<Slot>> = BTreeMap::new();
    for (g, layout) in layouts.iter().enumerate() {
        let mut collector = Collector { group: g as u32, cells: &mut cells };
        for cell in &layout.rows.cells {
            for &node in layout.rows.nodes(cell) {
                for field in [layout.node_fields.area, layout.node_fields.capacitance] {
                    collector.add(cell.gid, field + node as usize);
                }
            }
        }
        let mut tables: Vec<&MechanismTable> = layout.tables.iter().collect();
        tables.sort_by_key(|t| t.source);
        for table in tables {
            let is_given = |f: &usize| {
                let field = &table.mechanism.fields[*f];
                field.class == FieldClass::Parameter && !field.name.starts_with('_')
            };
            let fields: Vec<usize> = (0..table.mechanism.fields.len()).filter(is_given).collect();
            for i in in_order(table) {
                let slots = fields.iter().map(|f| table.slot(*f, i));
                let fixed = slots.filter(|slot| !layout.driven.contains(&(*slot as u32)));
                fixed.for_each(|slot| collector.add(table.owner[i], slot));
            }
        }
    }
    cells
}

/// The instances of a table, cell by cell.
fn in_order(table: &MechanismTable) -> Vec<usize> {
    let mut instances: Vec<usize> = (0..table.count).filter(|i| table.owner[*i] != NOBODY).collect();
    instances.sort_by_key(|i| (table.owner[*i], table.rank[*i]));
    instances
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
        for cell in &layout.rows.cells {
            for &node in layout.rows.nodes(cell) {
                self.add(cell.gid, layout.node_fields.voltage + node as usize);
                if let Some(current) = layout.node_fields.membrane_current {
                    self.add(cell.gid, current + node as usize);
                }
            }
        }
    }

    fn ions(&mut self, layout: &Layout) {
        for ion in &layout.ions {
            let instance_at: HashMap<u32, usize> =
                ion.node[..ion.count].iter().enumerate().map(|(i, node)| (*node as u32, i)).collect();
            for cell in &layout.rows.cells {
                for i in layout.rows.nodes(cell).iter().filter_map(|node| instance_at.get(node)) {
                    for field in [ion.reversal, ion.current, ion.inside, ion.outside] {
                        self.add(cell.gid, field + i);
                    }
                }
            }
        }
    }

    fn mechanism(&mut self, table: &MechanismTable) {
        let shown_only = table.mechanism.shown_only();
        for i in in_order(table) {
            let gid = table.owner[i];
            for (f, field) in table.mechanism.fields.iter().enumerate() {
                if field.class != FieldClass::Parameter && !field.shared && !shown_only[f] {
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
