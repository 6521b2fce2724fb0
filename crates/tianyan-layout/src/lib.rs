//! Lowers a recipe to arrays: discretises cells, places mechanisms, orders nodes, indexes events and probes.
//!
//! [`build`] asks the recipe for the cells of one rank and returns a [`Network`]: [`Group`]s that a backend
//! loads, and the tables that the engine needs between epochs. A group is an immutable [`Layout`] beside the
//! [`State`] it indexes; after `build` nothing allocates and nothing moves.
//!
//! Unbranched runs of rows of a group's cells lie side by side in tiles of [`Target::lanes`] ([`Plan`]). All instance
//! tables hold the numbers of nodes that follow from it; [`Rows`] has them by cell.
#![forbid(unsafe_code)]

mod background;
mod cable;
mod canonical;
mod cells;
mod chains;
mod check;
mod connect;
mod gather;
mod group;
mod instances;
mod ions;
mod kinds;
mod lower;
mod network;
mod partition;
mod probes;
mod remote;
mod shape;
mod state;
mod tables;
mod wiring;

pub use canonical::{cell_slots, constant_slots};
pub use chains::{Chains, Member, NodeRow, Plan, Tile, plan};
pub use connect::{Connectivity, EventTarget};
pub use group::{
    Background, Cable, CellRows, Detectors, Group, Incoming, IonTable, Layout, MechanismTable, NodeFields, Rows, Run,
    SelfEvents,
};
pub use network::{Network, PeerCopy, build, name_of_row};
pub use partition::{loads, partition};
pub use probes::Sampler;
pub use remote::{RemotePeers, gids_of};
pub use shape::{CellShape, Row, RowKind, RowNumbers};
pub use state::{ALIGN, Arena, Field, State};
pub use wiring::{Weights, Wiring};

/// What a backend asks of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Chains of rows that lie side by side.
    pub lanes: usize,
    /// So many cells of a kind stay together in a group.
    pub alike: usize,
    /// A group of uncoupled cells should not be larger than this, so that it stays in the cache.
    pub group_bytes: usize,
    /// A coupled component is cut into this many groups.
    pub threads: usize,
    /// Threads that lay the network out and initialise it.
    pub workers: usize,
    /// Uncoupled cells are cut into this many groups of one size, or a multiple, as long as there are enough; 0: into as
    /// many as it takes.
    pub groups: usize,
}

/// A number in the state of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Index of the group on this rank.
    pub group: u32,
    /// Index into its state.
    pub offset: u32,
}
