//! From a config to HDF5.
//!
//! ```no_run
//! use tianyan::{Overrides, Session, StartOptions};
//!
//! let session = Session::open("models/ring/ring_hh.toml".as_ref(), &Overrides::default())?;
//! let mut run = session.start(&StartOptions::default())?;
//! while let Some(progress) = run.advance()? {
//!     eprintln!("{:.1} of {:.1} ms", progress.time_ms, progress.duration_ms);
//! }
//! println!("{} spikes", run.finish()?.spikes);
//! # Ok::<(), tianyan::Error>(())
//! ```
//!
//! [`Session::open`] reads the config and everything it names; [`Session::start`] lays the network out, opens the
//! output files and stands at t = 0; [`Run::advance`] moves one epoch on and writes it; [`Run::finish`] gives the
//! files their names. No callbacks, no global state; dropping a [`Run`] leaves readable `.part` files.
#![forbid(unsafe_code)]

mod build;
mod checkpoints;
mod compare;
mod device;
mod error;
mod estimate;
mod export;
mod files;
mod inspect;
mod merge;
mod picture;
mod ranks;
mod run;
mod session;
mod signals;
mod source;
mod spikes;
mod usage;

pub use build::build_network;
pub use checkpoints::CheckpointPlan;
pub use compare::{CompareOptions, ComparedSpikes, ComparedTraces, Comparison, Divergence, compare};
pub use device::{Device, gpus};
pub use error::Error;
pub use estimate::{Estimate, RankEstimate};
pub use files::Writers;
pub use inspect::{Environment, MechanismReport, compile_files, environment};
pub use picture::{PictureFormat, plot, save_picture};
pub use ranks::agree;
pub use run::{Progress, Requests, Run, StartOptions};
pub use session::{Overrides, Session};
pub use signals::Stop;
pub use source::Warning;
pub use spikes::{SpikeGroup, SpikeOptions, SpikeReport};
pub use tianyan_analysis as analysis;
pub use tianyan_build::{BuildOptions, Built, BuiltEdges, BuiltNodes};
pub use tianyan_comm as comm;
pub use tianyan_engine::{KernelOrigin, Profile};
pub use tianyan_io as io;
pub use tianyan_io::output::{RankSummary, RunStatus, RunSummary};
pub use tianyan_model as model;
pub use tianyan_nmodl as nmodl;

/// Version of this crate and of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit this was built from; empty if it was not built in a checkout.
pub const GIT: &str = env!("TIANYAN_GIT");
