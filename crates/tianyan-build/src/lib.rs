//! From a description of populations, geometry and rules to a SONATA network on disk.
//!
//! ```text
//! text -> Document         what was typed                        read, expand, schema, values
//!      -> Population       types, positions, properties          nodes, place, draw, lookup
//!      -> EdgePopulation   which types obey which rules          connect, falloff, grid, input
//!      -> EdgeBlock        edges, block by block of targets      edges, sample
//!      -> files            HDF5, CSV, JSON                       tianyan_io::network_files
//! ```
//!
//! Every random number is drawn from a stream of its own for each purpose, rule and node ([`tianyan_model::random::
//! Philox`]), and blocks are written in the order of targets: the bytes depend on the file and the seed, never on
//! threads. Edges are in memory only while they are made and written.
#![forbid(unsafe_code)]

mod build;
mod check;
mod components;
mod configs;
mod connect;
mod draw;
mod edges;
mod expand;
mod falloff;
mod grid;
mod input;
mod inputs;
mod lookup;
mod nodes;
mod place;
mod read;
mod sample;
pub mod schema;
mod streams;
pub mod values;

pub use build::{BuildOptions, Built, BuiltEdges, BuiltNodes, Plan};
pub use read::{Description, parse, read, schema_keys};
