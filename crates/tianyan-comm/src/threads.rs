//! Ranks as threads of one process.

use crate::Communicator;
use std::collections::VecDeque;
use std::sync::{Arc, Barrier, Condvar, Mutex, PoisonError};

/// One of `n` ranks that live in one process. Messages wait in boxes, one for each pair of ranks.
pub struct Threads {
    rank: usize,
    board: Arc<Board>,
}

struct Board {
    /// `mail[to][from]`
    mail: Vec<Vec<MailBox>>,
    barrier: Barrier,
}

/// Messages from one rank to another, in order.
#[derive(Default)]
struct MailBox {
    messages: Mutex<VecDeque<Vec<u8>>>,
    arrived: Condvar,
}

impl MailBox {
    fn send(&self, message: Vec<u8>) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
        self.arrived.notify_one();
    }

    fn receive(&self) -> Vec<u8> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match messages.pop_front() {
                Some(message) => return message,
                None => messages = self.arrived.wait(messages).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Threads {
    /// The communicators of `size` ranks, by rank.
    pub fn new(size: usize) -> Vec<Threads> {
        let boxes = || (0..size).map(|_| MailBox::default()).collect();
        let board = Arc::new(Board { mail: (0..size).map(|_| boxes()).collect(), barrier: Barrier::new(size) });
        (0..size).map(|rank| Threads { rank, board: board.clone() }).collect()
    }
}

impl Communicator for Threads {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.board.mail.len()
    }

    fn exchange(&mut self, outgoing: Vec<(usize, Vec<u8>)>, from: &[usize]) -> Vec<Vec<u8>> {
        for (to, message) in outgoing {
            self.board.mail[to][self.rank].send(message);
        }
        from.iter().map(|from| self.board.mail[self.rank][*from].receive()).collect()
    }

    fn all_gather(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let everybody: Vec<usize> = (0..self.size()).collect();
        self.exchange(everybody.iter().map(|to| (*to, bytes.to_vec())).collect(), &everybody)
    }

    fn gather_to_root(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let from: Vec<usize> = if self.rank == 0 { (0..self.size()).collect() } else { Vec::new() };
        self.exchange(vec![(0, bytes.to_vec())], &from)
    }

    fn min(&mut self, value: f64) -> f64 {
        let all = self.all_gather(&value.to_le_bytes());
        all.iter().map(|b| f64::from_le_bytes(word(b))).fold(f64::INFINITY, f64::min)
    }

    fn sum(&mut self, value: u64) -> u64 {
        let all = self.all_gather(&value.to_le_bytes());
        all.iter().map(|b| u64::from_le_bytes(word(b))).sum()
    }

    fn any(&mut self, bits: u64) -> u64 {
        let all = self.all_gather(&bits.to_le_bytes());
        all.iter().map(|b| u64::from_le_bytes(word(b))).fold(0, |any, bits| any | bits)
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
                        let outgoing = (0..3).map(|to| (usize::from(to), vec![me, to, round])).collect();
                        let got = comm.exchange(outgoing, &[0, 1, 2]);
                        assert_eq!(got, (0..3).map(|from| vec![from, me, round]).collect::<Vec<_>>());
                    }
                    // Round the ring: nobody else takes part.
                    let next = (usize::from(me) + 1) % 3;
                    let before = (usize::from(me) + 2) % 3;
                    assert_eq!(comm.exchange(vec![(next, vec![me])], &[before]), [vec![before as u8]]);
                    assert_eq!(comm.sum(u64::from(me) + 1), 6);
                    assert_eq!(comm.any(1 << me), 7);
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
