//! Warnings that need to know what is read and written.

use std::collections::{BTreeMap, BTreeSet};

use super::Tables;
use crate::ast::{BlockKind, File};
use crate::diagnostic::Report;
use crate::ir::Binding;
use crate::symbols::{Role, Symbols};

/// What the kernels do with the places.
pub(super) struct Traffic<'a> {
    /// Places that some kernel sets, and whether to a time.
    pub(super) written: &'a BTreeMap<u32, bool>,
    /// Places that a kernel other than INITIAL sets.
    pub(super) changing: &'a BTreeSet<u32>,
    /// Places that some kernel reads.
    pub(super) loaded: &'a BTreeSet<u32>,
}

/// Adds them to the report.
pub(super) fn warn(file: &File, symbols: &Symbols, tables: &Tables, traffic: &Traffic, report: &mut Report) {
    let runs = file.blocks.iter().any(|block| block.kind == BlockKind::Breakpoint);
    for (index, symbol) in symbols.list.iter().enumerate() {
        let place = tables.places.iter().position(|place| *place == Binding::Field(index)).map(|place| place as u32);
        let is_written = place.is_some_and(|place| traffic.written.contains_key(&place));
        let is_read = place.is_some_and(|place| traffic.loaded.contains(&place));
        let changes = place.is_some_and(|place| traffic.changing.contains(&place));
        // All elements of an array give the same message, which the report keeps once.
        let name = symbol.name.split('[').next().unwrap_or_default();
        match symbol.role {
            Role::Assigned | Role::FileLocal if is_read && !is_written && !symbol.range => {
                let message = format!("`{name}` is read but never set: it is 0");
                let help = "give it a value in INITIAL, or make it a PARAMETER";
                report.warning("nmodl-unset-assigned", symbol.span, message, help);
            }
            Role::Assigned if symbol.global && is_written => {
                let message = format!("GLOBAL `{name}` is set by the mechanism: each instance has its own");
                report.warning("nmodl-global-assigned", symbol.span, message, "make it RANGE");
            }
            Role::Parameter if is_written && !symbol.range => {
                let message = format!("the mechanism changes `{name}`, a PARAMETER that all instances share in NEURON");
                let help = "each instance has its own here; name it in RANGE, or declare it in ASSIGNED";
                report.warning("nmodl-global-assigned", symbol.span, message, help);
            }
            Role::State if runs && !changes => {
                let message = format!("STATE `{name}` is never solved and never changes after INITIAL");
                report.warning("nmodl-unsolved-state", symbol.span, message, "is a SOLVE missing in BREAKPOINT?");
            }
            _ => {}
        }
    }
}
