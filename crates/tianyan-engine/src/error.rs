//! What can go wrong while time advances.

use crate::deliver::Overflow;
use std::fmt;
use tianyan_layout::Layout;
use tianyan_model::Gid;

/// An error of the engine.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum EngineError {
    /// A voltage is NaN, infinite or beyond any membrane's.
    NotFinite { gid: Gid, row: usize, v_mv: f64, time_ms: f64 },
    /// An instance sent itself more events (net_send) than it has room for.
    SelfEvents { mechanism: String, gid: Gid, slots: usize, time_ms: f64 },
    /// The C compiler refused a mechanism's text, or its result could not be loaded.
    Kernel { mechanism: String, message: String },
    /// A layout that no backend can run: a bug in the layout, not in the input.
    Layout(String),
}

impl EngineError {
    /// The error of an instance without a free slot.
    pub(crate) fn self_events(layout: &Layout, overflow: &Overflow) -> EngineError {
        let table = &layout.tables[overflow.table];
        EngineError::SelfEvents {
            mechanism: table.mechanism.name.clone(),
            gid: table.owner[overflow.instance],
            slots: layout.run.self_events,
            time_ms: overflow.time_ms,
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::NotFinite { gid, row, v_mv, time_ms } => write!(
                f,
                "error[run-not-finite]: v of gid {}, node {row}, became {v_mv} mV by t = {time_ms} ms\n  help: a smaller \
                 dt_ms, or the conductances and reversal potentials of this cell",
                gid.0
            ),
            EngineError::SelfEvents { mechanism, gid, slots, time_ms } => write!(
                f,
                "error[run-self-events]: an instance of `{mechanism}` on gid {} has more than {slots} events of its own \
                 (net_send) on their way at t = {time_ms} ms\n  help: raise self_events in [run]",
                gid.0
            ),
            EngineError::Kernel { mechanism, message } => {
                write!(f, "error[kernel]: mechanism `{mechanism}` could not be compiled for this machine\n  {message}")
            }
            EngineError::Layout(message) => write!(f, "error[layout]: {message}; this is a bug in Tianyan"),
        }
    }
}

impl std::error::Error for EngineError {}
