//! Artificial cells: one instance of an ARTIFICIAL_CELL, to which all connections onto the cell go.

use tianyan_model::Problems;

use super::cells_schema::{CellEntry, SectionEntry, SynapseEntry};
use super::schema::Document;
use super::values::SectionKind;

/// The section and the synapse that an artificial cell has, by name.
pub(crate) const NAME: &str = "cell";

/// Edge of the compartment that carries the instance, um. Nothing flows through it.
const EDGE_UM: f64 = 10.0;

/// Gives each artificial cell a compartment and a synapse, so that all later code knows one sort of cell.
pub(crate) fn give_bodies(document: &mut Document, problems: &mut Problems) {
    for (_, cell) in &mut document.cells.0 {
        if cell.artificial.is_none() {
            continue;
        }
        let others = cell.spot.keys.iter().filter(|(key, _)| key != "artificial");
        for (key, _) in others.cloned().collect::<Vec<_>>() {
            let message = format!("an artificial cell has no `{key}`");
            problems.push(cell.spot.problem(&key, "config-value", message));
        }
        give_body(cell);
    }
}

fn give_body(cell: &mut CellEntry) {
    let Some(artificial) = &cell.artificial else { return };
    let spot = artificial.spot.clone();
    let synapse = SynapseEntry {
        mechanism: artificial.mechanism.clone(),
        section: None,
        x: 0.5,
        parameters: artificial.parameters.clone(),
        spot: spot.clone(),
    };
    cell.synapses.0 = vec![(NAME.into(), synapse)];
    cell.sections = vec![SectionEntry {
        name: NAME.into(),
        r#type: SectionKind::DENDRITE,
        length_um: Some(EDGE_UM),
        diameter_um: Some(EDGE_UM),
        points_um: Vec::new(),
        compartments: None,
        parent: None,
        parent_x: 1.0,
        v_init_mv: None,
        spot,
    }];
}
