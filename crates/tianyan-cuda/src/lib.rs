//! The CUDA backend: a block of threads takes a group through a whole epoch in one launch.
//!
//! Groups come from the layout as many as blocks fit on the device ([`target`]). [`arena`] gives each field one place in the
//! states of all groups; [`program`] turns a step into stages; [`source`] writes the text of the kernels
//! around the files of `cuda/`, with the mechanisms' kernels that the CPU runs too. [`loaded`] brings states to the device,
//! and the tables that `hot` and `upload` make; `epoch` is what happens between two exchanges of spikes, `backend` what the
//! engine sees. [`device`] is the driver and the compiler. The bits are those of the CPU: no contraction, our own elementary functions,
//! one order of sums for each node, and no float atomics but in sums that are exact.
#![deny(unsafe_code)]

pub mod arena;
mod backend;
pub mod device;
mod epoch;
mod events;
mod hot;
pub mod loaded;
pub mod program;
pub mod source;
pub mod tables;
mod upload;

pub use backend::{CudaBackend, CudaOptions, target};
pub use device::{compiler, describe, devices, has_driver, usable};
