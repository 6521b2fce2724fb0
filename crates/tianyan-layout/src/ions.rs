//! Which ions live where, and what their reversal potentials follow (NEURON's rules; numerics.md of the design).

use crate::cells::{Cells, GroupCells};
use crate::chains::NodeRow;
use crate::group::IonTable;
use crate::instances::ByMechanism;
use crate::shape::RowKind;
use crate::state::{ALIGN, Arena};
use std::collections::BTreeMap;
use std::sync::Arc;
use tianyan_nmodl::{FieldClass, Mechanism};

const READ: u8 = 1;
const WRITTEN: u8 = 2;
const PRESENT: u8 = 4;
/// Some mechanism sets the reversal potential itself: Nernst's equation is not asked.
const OWN_REVERSAL: u8 = 8;

/// NEURON's defaults of an ion: inside, outside (millimolar), reversal potential (mV), charge.
fn defaults(name: &str) -> (f64, f64, f64, f64) {
    match name {
        "na" => (10.0, 140.0, 50.0, 1.0),
        "k" => (54.4, 2.5, -77.0, 1.0),
        "ca" => (5e-5, 2.0, 132.457_934_163_700_9, 2.0),
        _ => (1.0, 1.0, 0.0, 1.0),
    }
}

/// The ions of a group, and for each the instance in each node (-1 where it is absent).
pub struct Ions {
    /// The tables.
    pub tables: Vec<IonTable>,
    /// Starting values of each table: reversal, inside, outside, by instance.
    pub start: Vec<[Vec<f64>; 3]>,
    /// `at[ion][node]`
    pub at: Vec<Vec<i32>>,
}

impl Ions {
    /// The table of the ion of that name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|t| t.name == name)
    }
}

/// Collects the ions that the instances of a group use.
pub fn ions(
    cells: &Cells,
    group: &GroupCells,
    rows: &[NodeRow],
    mechanisms: &[Arc<Mechanism>],
    instances: &ByMechanism,
    arena: &mut Arena,
) -> Ions {
    let nodes = rows.len();
    let mut flags: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let mut valence: BTreeMap<&str, f64> = BTreeMap::new();
    for (mechanism, list) in mechanisms.iter().zip(instances) {
        for ion in &mechanism.ions {
            if list.is_empty() {
                continue;
            }
            let mark = PRESENT
                | if ion.reads_concentration { READ } else { 0 }
                | if ion.writes_inside || ion.writes_outside { WRITTEN } else { 0 }
                | if ion.writes_reversal { OWN_REVERSAL } else { 0 };
            let of_ion = flags.entry(&ion.name).or_insert_with(|| vec![0; nodes]);
            list.iter().for_each(|instance| of_ion[instance.node as usize] |= mark);
            if let Some(charge) = ion.valence {
                valence.insert(&ion.name, charge);
            }
        }
    }
    let mut ions = Ions { tables: Vec::new(), start: Vec::new(), at: Vec::new() };
    for (name, flags) in flags {
        let charge = valence.get(name).copied().unwrap_or(defaults(name).3);
        let table = table(name, charge, &flags, nodes, arena);
        ions.start.push(start(name, cells, group, rows, &table, &flags));
        let mut at = vec![-1; nodes];
        table.node[..table.count].iter().enumerate().for_each(|(i, &node)| at[node as usize] = i as i32);
        ions.at.push(at);
        ions.tables.push(table);
    }
    ions
}

fn table(name: &str, valence: f64, flags: &[u8], nodes: usize, arena: &mut Arena) -> IonTable {
    let mut node: Vec<i32> = (0..nodes as i32).filter(|&n| flags[n as usize] != 0).collect();
    let count = node.len();
    let padded = (count + 1).next_multiple_of(ALIGN);
    let with = |bit: u8| {
        let chosen =
            node.iter().enumerate().filter(|&(_, &n)| flags[n as usize] & (WRITTEN | READ | OWN_REVERSAL) == bit);
        chosen.map(|(i, _)| i as u32).collect::<Vec<u32>>()
    };
    let mut nernst_in_step = with(WRITTEN);
    nernst_in_step.extend(with(WRITTEN | READ));
    nernst_in_step.sort_unstable();
    let nernst_at_start = with(READ);
    node.resize(padded, nodes as i32);
    let mut add = |what: &str, unit: &str| arena.add(format!("ion {name}.{what}"), padded, unit, FieldClass::Real);
    IonTable {
        name: name.into(),
        valence,
        count,
        padded,
        node,
        reversal: add("reversal", "mV"),
        current: add("current", "mA/cm2"),
        conductance: add("conductance", "S/cm2"),
        inside: add("inside", "mM"),
        outside: add("outside", "mM"),
        nernst_at_start,
        nernst_in_step,
        summed: false,
    }
}

/// Reversal potentials and concentrations before INITIAL: what the model sets, else NEURON's defaults;
/// concentrations that a mechanism writes always start from the defaults, as in NEURON.
fn start(
    name: &str,
    cells: &Cells,
    group: &GroupCells,
    rows: &[NodeRow],
    table: &IonTable,
    flags: &[u8],
) -> [Vec<f64>; 3] {
    let (inside, outside, reversal, _) = defaults(name);
    let mut values = [vec![reversal; table.padded], vec![inside; table.padded], vec![outside; table.padded]];
    let variables = [format!("e{name}"), format!("{name}i"), format!("{name}o")];
    let of_name = |name: &String| variables.iter().position(|variable| variable == name);
    let which_of: Vec<Option<usize>> = cells.paint.names.iter().map(of_name).collect();
    let mut at: Vec<i32> = vec![-1; flags.len()];
    table.node[..table.count].iter().enumerate().for_each(|(i, &node)| at[node as usize] = i as i32);
    for (node, at_row) in rows.iter().enumerate().filter(|(node, _)| at[*node] >= 0) {
        let kind = &cells.kinds[group.cells[at_row.cell as usize].kind];
        let row = &kind.shape.rows[at_row.row as usize];
        let here = kind.ions.iter().filter(|setting| setting.section == row.section);
        for setting in here.filter(|_| matches!(row.kind, RowKind::Compartment(_))) {
            let Some(which) = which_of[setting.variable as usize] else { continue };
            let written = flags[node] & WRITTEN != 0 && which > 0;
            if !written {
                values[which][at[node] as usize] = setting.value;
            }
        }
    }
    values
}
