//! Ranks as threads of one process.

use crate::Communicator;
use std::sync::{Arc, Barrier, Mutex};

/// One of `n` ranks that live in one process. Messages pass through a shared board.
pub struct Threads {
    rank: usize,
    board: Arc<Board>,
}

struct Board {
    /// `cells[to][from]`
    cells: Mutex<Vec<Vec<Vec<u8>>>>,
    barrier: Barrier,
}

impl Threads {
    /// The communicators of `size` ranks, by rank.
    pub fn new(size: usize) -> Vec<Threads> {
        let board =
            Arc::new(Board { cells: Mutex::new(vec![vec![Vec::new(); size]; size]), barrier: Barrier::new(size) });
        (0..size).map(|rank| Threads { rank, board: board.clone() }).collect()
    }

    fn cells(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Vec<u8>>>> {
        self.board.cells.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.cells().len()
    }

    fn start_exchange(&mut self, outgoing: Vec<Vec<u8>>) {
        let mut cells = self.cells();
        for (to, message) in outgoing.into_iter().enumerate() {
            cells[to][self.rank] = message;
        }
    }

    fn finish_exchange(&mut self) -> Vec<Vec<u8>> {
        self.board.barrier.wait();
        let received = self.cells()[self.rank].iter_mut().map(std::mem::take).collect();
        self.board.barrier.wait();
        received
    }

    fn all_gather(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let size = self.size();
        self.start_exchange(vec![bytes.to_vec(); size]);
        self.finish_exchange()
    }

    fn gather_to_root(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut outgoing = vec![Vec::new(); self.size()];
        outgoing[0] = bytes.to_vec();
        self.start_exchange(outgoing);
        let received = self.finish_exchange();
        if self.rank == 0 { received } else { Vec::new() }
    }

    fn min(&mut self, value: f64) -> f64 {
        let all = self.all_gather(&value.to_le_bytes());
        all.iter().map(|b| f64::from_le_bytes(word(b))).fold(f64::INFINITY, f64::min)
    }

    fn sum(&mut self, value: u64) -> u64 {
        let all = self.all_gather(&value.to_le_bytes());
        all.iter().map(|b| u64::from_le_bytes(word(b))).sum()
    }

    fn barrier(&mut self) {
        self.board.barrier.wait();
    }

    fn abort(&self, code: i32) -> ! {
        std::process::exit(code)
    }
}

fn word(bytes: &[u8]) -> [u8; 8] {
    let mut word = [0; 8];
    word.copy_from_slice(bytes);
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_at_their_rank() {
        let handles: Vec<_> = Threads::new(3)
            .into_iter()
            .map(|mut comm| {
                std::thread::spawn(move || {
                    let me = comm.rank() as u8;
                    for round in 0..50u8 {
                        comm.start_exchange((0..3).map(|to| vec![me, to, round]).collect());
                        let got = comm.finish_exchange();
                        assert_eq!(got, (0..3).map(|from| vec![from, me, round]).collect::<Vec<_>>());
                    }
                    assert_eq!(comm.sum(u64::from(me) + 1), 6);
                    assert_eq!(comm.min(f64::from(me)), 0.0);
                    assert_eq!(comm.gather_to_root(&[me]).len(), if me == 0 { 3 } else { 0 });
                })
            })
            .collect();
        for handle in handles {
            handle.join().expect("a rank failed");
        }
    }
}
