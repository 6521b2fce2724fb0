//! Advances time.
//!
//! [`Simulation`] owns the loop over epochs: it turns spikes into events, asks a [`Backend`] to advance all groups,
//! copies peers between coupled cells, and hands [`tianyan_model::Epoch`]s out. The step itself, in NEURON's
//! order, is [`step`]; [`CpuBackend`] runs it on the threads of this machine with kernels that a C compiler made
//! of the mechanisms' text, or with the interpreter where there is none.
#![deny(unsafe_code)]

pub mod backend;
mod collect;
mod compile;
mod cpu;
mod deliver;
pub mod diffuse;
mod digest;
mod error;
mod events;
mod exchange;
mod grid;
mod kernels;
mod native;
mod peers;
mod poisson;
pub mod profile;
mod rates;
mod ring;
mod simulation;
mod solve;
mod start;
pub mod step;
mod wire;

pub use backend::{Backend, Cause, Event, Fired, GroupInputs, GroupOutputs, Heard, Inputs, Outputs, Phase};
pub use compile::{Compiler, KernelCache};
pub use cpu::{CpuBackend, CpuOptions, LARGEST_VOLTAGE_MV, not_finite};
pub use deliver::{Fault, MOST_AT_ONCE, Overflow};
pub use error::EngineError;
pub use exchange::Way;
pub use kernels::{KernelOrigin, Kernels, Sweep};
pub use native::{check as check_table, instruction_set, release_memory, solve};
pub use poisson::cumulative;
pub use profile::{Part, Profile};
pub use rates::{RateTables, Unfit};
pub use simulation::{MOST_EPOCH_STEPS, Simulation, Spent};
pub use solve::{Arrays, Given};
pub use step::next_ms;
