//! The records that cross the engine's border.

use crate::network::Gid;

/// A spike: its exact time and its cell. Ordered by time, then gid.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Spike {
    /// Threshold detectors report step time + 1e-10 ms, as NEURON does; artificial cells their exact time.
    pub time_ms: f64,
    /// The cell.
    pub gid: Gid,
}

/// Consecutive rows of one report.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TraceBlock {
    /// Index into the recipe's reports.
    pub report: usize,
    /// Index of the first row in the whole report.
    pub first_row: u64,
    /// Columns, one a probe, in the order of the probes.
    pub columns: usize,
    /// Row-major values, rows * columns.
    pub values: Vec<f64>,
}

/// All that happened between two exchanges.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Epoch {
    /// Model time at its end.
    pub end_ms: f64,
    /// Spikes detected, sorted by time, then gid.
    pub spikes: Vec<Spike>,
    /// One block per report that got rows.
    pub traces: Vec<TraceBlock>,
}

/// Everything that changes in one cell, in canonical order: per node v, then per mechanism, instance, field.
#[derive(Debug, Clone, PartialEq)]
pub struct CellState {
    /// The cell.
    pub gid: Gid,
    /// Values in canonical order.
    pub values: Vec<f64>,
}

/// The state of the network at an epoch's border, independent of ranks, threads, lanes and backend.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// Steps done.
    pub step: u64,
    /// Every cell, sorted by gid.
    pub cells: Vec<CellState>,
    /// All spikes younger than the longest delay: due events are re-expanded from them.
    pub spikes: Vec<Spike>,
    /// Spikes up to then were handed out, ms; infinite at the end of a run.
    pub handed_out_ms: f64,
}
