//! What can go wrong while time advances.

use std::fmt;
use tianyan_model::Gid;

/// An error of the engine.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum EngineError {
    /// A voltage is NaN, infinite or beyond any membrane's.
    NotFinite { gid: Gid, row: usize, v_mv: f64, time_ms: f64 },
    /// The C compiler refused a mechanism's text, or its result could not be loaded.
    Kernel { mechanism: String, message: String },
    /// A layout that no backend can run: a bug in the layout, not in the input.
    Layout(String),
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
            EngineError::Kernel { mechanism, message } => {
                write!(f, "error[kernel]: mechanism `{mechanism}` could not be compiled for this machine\n  {message}")
            }
            EngineError::Layout(message) => write!(f, "error[layout]: {message}; this is a bug in Tianyan"),
        }
    }
}

impl std::error::Error for EngineError {}
