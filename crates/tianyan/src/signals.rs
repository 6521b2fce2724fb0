//! SIGINT and SIGTERM as a question that the loop asks once an epoch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody asked the run to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
}

impl Stop {
    /// Listens to SIGINT and SIGTERM. A second signal ends the program at once.
    pub fn on_signals() -> Stop {
        let stop = Stop::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            let flag = stop.requested.clone();
            // Registration only fails for signals that cannot be caught.
            let second = signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, flag.clone());
            let first = signal_hook::flag::register(signal, flag);
            if second.is_err() || first.is_err() {
                tracing::warn!("signal {signal} cannot be handled: it will end the run at once");
            }
        }
        stop
    }

    /// True once a signal arrived.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }
}
