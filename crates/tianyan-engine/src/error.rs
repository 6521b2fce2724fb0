//! What can go wrong while time advances.

use crate::deliver::{Fault, Overflow};
use std::fmt;
use tianyan_layout::Layout;
use tianyan_model::Gid;

/// An error of the engine.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum EngineError {
    /// A voltage is NaN, infinite or beyond any membrane's. `section` is for the caller to fill in; `mechanism` is the first
    /// one there with a number that is not finite.
    NotFinite { gid: Gid, row: usize, section: Option<String>, mechanism: Option<String>, v_mv: f64, time_ms: f64 },
    /// An instance's own events (net_send) cannot go on.
    SelfEvents { mechanism: String, gid: Gid, slots: usize, fault: Fault, time_ms: f64 },
    /// Spikes that one rank sent did not reach another.
    LostSpikes { sent: u64, received: u64 },
    /// The C compiler refused a mechanism's text, or its result could not be loaded.
    Kernel { mechanism: String, message: String },
    /// A device refused something, or cannot do what the model asks for.
    Device { what: String, help: String },
    /// A layout that no backend can run: a bug in the layout, not in the input.
    Layout(String),
}

impl EngineError {
    /// The error of an instance whose own events cannot go on.
    pub fn self_events(layout: &Layout, overflow: &Overflow) -> EngineError {
        let table = &layout.tables[overflow.table];
        EngineError::SelfEvents {
            mechanism: table.mechanism.name.clone(),
            gid: table.owner[overflow.instance],
            slots: layout.run.self_events,
            fault: overflow.fault,
            time_ms: overflow.time_ms,
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::NotFinite { gid, row, section, mechanism, v_mv, time_ms } => {
                let place = section.clone().unwrap_or_else(|| format!("node {row}"));
                let mechanism =
                    mechanism.iter().map(|name| format!("; `{name}` there has numbers that are not finite"));
                write!(
                    f,
                    "error[run-not-finite]: v of gid {}, {place}, became {v_mv} mV by t = {time_ms} ms{}\n  help: a smaller \
                     dt_ms, or the conductances and reversal potentials of this cell",
                    gid.0,
                    mechanism.collect::<String>()
                )
            }
            EngineError::SelfEvents { mechanism, gid, slots, fault, time_ms } => {
                let (what, help) = match fault {
                    Fault::Slots => {
                        (format!("has more than {slots} events of its own on their way"), "raise self_events in [run]")
                    }
                    Fault::Past => (
                        "sends itself an event into the past".into(),
                        "net_send wants a delay >= 0, net_move a time >= t",
                    ),
                    Fault::Endless => {
                        ("sends itself events without end and without delay".into(), "net_send wants a delay > 0 there")
                    }
                };
                write!(
                    f,
                    "error[run-self-events]: an instance of `{mechanism}` on gid {} {what} (net_send) at t = {time_ms} ms\n  \
                     help: {help}",
                    gid.0
                )
            }
            EngineError::Kernel { mechanism, message } => {
                write!(f, "error[kernel]: mechanism `{mechanism}` could not be compiled for this machine\n  {message}")
            }
            EngineError::LostSpikes { sent, received } => write!(
                f,
                "error[run-lost-spikes]: {sent} spikes were sent between ranks, but {received} arrived; the results are \
                 wrong\n  help: this is a bug in Tianyan, or in the MPI of this machine"
            ),
            EngineError::Device { what, help } => write!(f, "error[device]: {what}\n  help: {help}"),
            EngineError::Layout(message) => write!(f, "error[layout]: {message}; this is a bug in Tianyan"),
        }
    }
}

impl std::error::Error for EngineError {}
