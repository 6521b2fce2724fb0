//! Lets ranks exchange bytes. It knows nothing of cells, spikes or files.
//!
//! [`Solo`] is the communicator of a run on one rank; [`Threads`] joins several ranks inside one process, for tests;
//! `Mpi` (feature `mpi`) joins the processes that mpiexec or srun started. [`World`] finds out which of them a process
//! is to use, and refuses launchers that would start N independent copies.
#![forbid(unsafe_code)]

mod launch;
#[cfg(feature = "mpi")]
mod processes;
mod threads;
mod watch;
mod world;

pub use launch::{Launch, LaunchError, Launcher, local_processes, local_rank};
#[cfg(feature = "mpi")]
pub use processes::Mpi;
pub use threads::Threads;
pub use watch::{Lost, SILENCE, Watch, host_name};
pub use world::{World, abort_all, mpi_library};

/// What ranks can say to each other. Every call but `rank`, `size`, `exchange` and `abort` is collective: all ranks make
/// the same calls in the same order.
pub trait Communicator {
    /// This rank, counted from 0.
    fn rank(&self) -> usize;
    /// Number of ranks.
    fn size(&self) -> usize;
    /// Sends a message to each of these ranks, at most one a rank, and returns one from each of `from`, in that order.
    /// Ranks that neither send nor expect anything need not call; a message without a call that expects it is an error.
    fn exchange(&mut self, outgoing: Vec<(usize, Vec<u8>)>, from: &[usize]) -> Vec<Vec<u8>>;
    /// Every rank's bytes, by rank, on every rank.
    fn all_gather(&mut self, bytes: &[u8]) -> Vec<Vec<u8>>;
    /// Every rank's bytes, by rank, on rank 0; empty elsewhere.
    fn gather_to_root(&mut self, bytes: &[u8]) -> Vec<Vec<u8>>;
    /// The least of all ranks' values.
    fn min(&mut self, value: f64) -> f64;
    /// The sum of all ranks' values.
    fn sum(&mut self, value: u64) -> u64;
    /// The bits that are set on any rank.
    fn any(&mut self, bits: u64) -> u64;
    /// Returns when every rank has arrived.
    fn barrier(&mut self);
    /// Ends all ranks with this exit code.
    fn abort(&self, code: i32) -> !;
}

/// One rank alone.
#[derive(Debug, Default)]
pub struct Solo;

impl Communicator for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn exchange(&mut self, outgoing: Vec<(usize, Vec<u8>)>, from: &[usize]) -> Vec<Vec<u8>> {
        debug_assert_eq!(outgoing.len(), from.len());
        outgoing.into_iter().map(|(_, message)| message).collect()
    }

    fn all_gather(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        vec![bytes.to_vec()]
    }

    fn gather_to_root(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        vec![bytes.to_vec()]
    }

    fn min(&mut self, value: f64) -> f64 {
        value
    }

    fn sum(&mut self, value: u64) -> u64 {
        value
    }

    fn any(&mut self, bits: u64) -> u64 {
        bits
    }

    fn barrier(&mut self) {}

    fn abort(&self, code: i32) -> ! {
        std::process::exit(code)
    }
}
