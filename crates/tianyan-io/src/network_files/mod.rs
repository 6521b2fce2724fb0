//! SONATA networks as files: what `tianyan build` writes and BMTK, libsonata and h5py read.
//!
//! ```text
//! <population>_nodes.h5      /nodes/<population>/{node_id, node_type_id, node_group_id, node_group_index, 0/<column>}
//! <source>_<target>_edges.h5 /edges/<source>_to_<target>/{source_node_id, target_node_id, edge_type_id, ...}
//!                            sorted by target, with the indices that BMTK and libsonata look for
//! *_types.csv                one space between the columns, NULL where nothing is known
//! <input>_spikes.h5          /spikes/<population>/{timestamps (ms), node_ids}, by time
//! *.json                     circuit, simulation, node sets
//! ```
//!
//! One group (`0`) a population and no compression: libsonata reads nothing else. The same values give the same bytes.

mod edges;
mod index;
mod nodes;
mod placed;
mod read;
mod spikes;
mod types;

pub use edges::{EdgeBlock, EdgeColumns, EdgesFile};
pub use nodes::write_nodes;
pub use placed::{PlacedBlock, write_placed};
pub use read::{read_edges, read_nodes};
pub use spikes::write_input_spikes;
pub use types::{FIRST_TYPE_ID, TypesTable};

use crate::output::{not_writable, write_failed};
use std::path::Path;
use tianyan_model::Problems;

/// Writes a JSON document, keys in their order, two spaces a level.
pub fn write_json(path: &Path, document: &serde_json::Value) -> Result<(), Problems> {
    let text = serde_json::to_string_pretty(document).map_err(|error| write_failed(path, &error))?;
    write_text(path, &(text + "\n"))
}

/// Writes a text file.
pub fn write_text(path: &Path, text: &str) -> Result<(), Problems> {
    std::fs::write(path, text).map_err(|error| not_writable(path, &error).into())
}

/// Creates a folder and those above it.
pub fn create_folder(path: &Path) -> Result<(), Problems> {
    std::fs::create_dir_all(path).map_err(|error| not_writable(path, &error).into())
}

/// Copies a file byte by byte.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), Problems> {
    let bytes = std::fs::read(from).map_err(|error| crate::network_files::unreadable(from, &error))?;
    std::fs::write(to, bytes).map_err(|error| not_writable(to, &error).into())
}

pub(crate) fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> tianyan_model::Problem {
    tianyan_model::Problem::new("file-unreadable", format!("cannot read this file: {error}"))
        .at(tianyan_model::Place::file(path.display().to_string()))
}
