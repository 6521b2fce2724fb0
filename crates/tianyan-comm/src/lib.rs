//! Lets ranks exchange bytes. It knows nothing of cells, spikes or files.
//!
//! [`Solo`] is the communicator of a run on one rank; [`Threads`] joins several ranks inside one process, for
//! tests. The communicator over MPI arrives with its feature.
#![forbid(unsafe_code)]

mod threads;

pub use threads::Threads;

/// What ranks can say to each other. Every call but `rank`, `size` and `abort` is collective: all ranks make
/// the same calls in the same order.
pub trait Communicator {
    /// This rank, counted from 0.
    fn rank(&self) -> usize;
    /// Number of ranks.
    fn size(&self) -> usize;
    /// Hands one message for every rank over (`outgoing[r]` goes to rank r; an empty message is free) and
    /// returns at once.
    fn start_exchange(&mut self, outgoing: Vec<Vec<u8>>);
    /// Waits for the messages of the exchange that was started: element r came from rank r.
    fn finish_exchange(&mut self) -> Vec<Vec<u8>>;
    /// Every rank's bytes, by rank, on every rank.
    fn all_gather(&mut self, bytes: &[u8]) -> Vec<Vec<u8>>;
    /// Every rank's bytes, by rank, on rank 0; empty elsewhere.
    fn gather_to_root(&mut self, bytes: &[u8]) -> Vec<Vec<u8>>;
    /// The least of all ranks' values.
    fn min(&mut self, value: f64) -> f64;
    /// The sum of all ranks' values.
    fn sum(&mut self, value: u64) -> u64;
    /// Returns when every rank has arrived.
    fn barrier(&mut self);
    /// Ends all ranks with this exit code.
    fn abort(&self, code: i32) -> !;
}

/// One rank alone.
#[derive(Debug, Default)]
pub struct Solo {
    pending: Vec<Vec<u8>>,
}

impl Communicator for Solo {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn start_exchange(&mut self, outgoing: Vec<Vec<u8>>) {
        self.pending = outgoing;
    }

    fn finish_exchange(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.pending)
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

    fn barrier(&mut self) {}

    fn abort(&self, code: i32) -> ! {
        std::process::exit(code)
    }
}
