//! Files: configs and morphologies in, results and exports out.
//!
//! The only crate that opens a user's files, and the sole owner of HDF5. [`config`] turns TOML into a recipe, [`swc`]
//! reads morphologies by NEURON's rules, [`output`] writes what a run leaves in SONATA's layout, [`read_back`] reads
//! it again, [`columns`] reads the HDF5 files of others, and [`export`] writes a network for NEURON. Conversions of units happen here and nowhere else.
#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod columns;
pub mod config;
pub mod export;
pub mod network_files;
pub mod output;
pub mod parts;
pub mod read_back;
pub mod swc;
mod text;

pub use config::{did_you_mean, nearest};
pub use text::read_mechanism;
