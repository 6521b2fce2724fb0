//! Which edges become connections, in BMTK's order: those between simulated cells, file by file; then, input by
//! input, those from virtual populations and replays. The order decides which random numbers place a synapse.

use std::collections::HashMap;

use tianyan_model::Gid;

/// Edges of a population, and where their events come from.
#[derive(Debug)]
pub(crate) struct Link {
    /// Index of the population of edges.
    pub edges: usize,
    pub driver: Driver,
}

/// Whose events drive a link.
#[derive(Debug)]
pub(crate) enum Driver {
    /// Simulated cells.
    Cells,
    /// Virtual nodes with known spikes.
    Virtual,
    /// Recorded spikes of these nodes, onto these targets, both ascending; gids of the players by node id.
    Replay { players: HashMap<u32, Gid>, targets: Vec<Gid> },
}
