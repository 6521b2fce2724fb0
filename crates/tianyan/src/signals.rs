//! Signals as questions that the loop asks once an epoch: SIGINT and SIGTERM to stop, SIGUSR1 for a checkpoint.

use crate::Requests;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody asked the run to stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    checkpoint: Arc<AtomicBool>,
}

impl Stop {
    /// Listens to SIGINT and SIGTERM, of which a second one ends the program at once, and to SIGUSR1.
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
        if signal_hook::flag::register(signal_hook::consts::SIGUSR1, stop.checkpoint.clone()).is_err() {
            tracing::warn!("SIGUSR1 cannot be handled");
        }
        stop
    }

    /// What was asked for since the last time.
    pub fn requests(&self) -> Requests {
        Requests { stop: self.requested(), checkpoint: self.checkpoint.swap(false, Ordering::Relaxed) }
    }

    /// True once a signal arrived.
    pub fn requested(&self) -> bool {
        self.requested.load(Ordering::Relaxed)
    }
}
