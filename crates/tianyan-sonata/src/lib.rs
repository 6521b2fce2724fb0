//! Networks in SONATA's files, understood as BMTK's BioNet understands them.
//!
//! ```text
//! config.json -> SimulationConfig   what was typed, variables replaced      config
//!   nodes     -> NodePopulation     columns and types                       nodes, table
//!             -> Kind               morphology, axon stub, membrane         kinds, cell
//!   edges     -> EdgePopulation     columns, index by target                edges
//!             -> Plan               what edges of a type have in common     plan, synapse
//!   inputs    -> Link, Clamp        who drives whom, in BMTK's order        network, linking, inputs
//!   reports   -> MembraneReport     what is recorded                        reports
//!             -> SonataRecipe       all of it, asked by gid                 recipe, connect, placement
//! ```
//!
//! Everything is checked before the run; what BMTK passes over in silence is a warning, with its place. BMTK's habits
//! that change results are kept, and named where they are applied.
#![forbid(unsafe_code)]

mod cell;
mod config;
mod connect;
mod edges;
mod field;
mod gaps;
mod inputs;
mod kinds;
mod linking;
mod links;
mod mechanisms;
mod mersenne;
mod network;
mod node_sets;
mod nodes;
mod placement;
mod plan;
mod recipe;
mod reports;
mod synapse;
mod table;
mod trains;
mod value;

pub use config::{SimulationConfig, is_config, read_config};
pub use recipe::{Overrides, SonataRecipe};
