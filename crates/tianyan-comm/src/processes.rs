//! Ranks as processes that MPI joins.

use crate::{Communicator, abort_all};
use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::request::multiple_scope;
use mpi::topology::SimpleCommunicator;
use mpi::traits::Communicator as _;
use mpi::traits::{CommunicatorCollectives, Destination, MatchedReceiveVec, Source};

/// The processes of MPI's world.
pub struct Mpi {
    world: SimpleCommunicator,
    rank: usize,
    size: usize,
}

/// MPI counts in 31 bits: longer messages go in pieces of so many bytes.
const PIECE: usize = 1 << 30;

impl Mpi {
    /// From MPI's world; MPI must stay started as long as this lives.
    pub fn new(world: SimpleCommunicator) -> Mpi {
        let (rank, size) = (world.rank() as usize, world.size() as usize);
        Mpi { world, rank, size }
    }

    fn lengths(&self, bytes: &[u8]) -> Vec<u64> {
        let mut lengths = vec![0_u64; self.size];
        self.world.all_gather_into(&[bytes.len() as u64][..], &mut lengths[..]);
        lengths
    }

    fn receive(&self, from: usize) -> Vec<u8> {
        let process = self.world.process_at_rank(from as i32);
        let mut message: Vec<u8> = Vec::new();
        loop {
            let (mut piece, _) = process.matched_probe().matched_receive_vec::<u8>();
            let is_last = piece.pop() == Some(LAST);
            message.append(&mut piece);
            if is_last {
                return message;
            }
        }
    }
}

/// The last byte of a piece: whether more follow.
const LAST: u8 = 1;
const MORE: u8 = 0;

fn pieces(message: Vec<u8>) -> Vec<Vec<u8>> {
    if message.len() < PIECE {
        return vec![[message, vec![LAST]].concat()];
    }
    let count = message.len().div_ceil(PIECE);
    let flag = |k: usize| if k + 1 == count { LAST } else { MORE };
    message.chunks(PIECE).enumerate().map(|(k, piece)| [piece, &[flag(k)]].concat()).collect()
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn exchange(&mut self, outgoing: Vec<(usize, Vec<u8>)>, from: &[usize]) -> Vec<Vec<u8>> {
        let outgoing: Vec<(usize, Vec<Vec<u8>>)> = outgoing.into_iter().map(|(to, m)| (to, pieces(m))).collect();
        let count = outgoing.iter().map(|(_, pieces)| pieces.len()).sum();
        multiple_scope(count, |scope, sent| {
            for (to, pieces) in &outgoing {
                let process = self.world.process_at_rank(*to as i32);
                for piece in pieces {
                    sent.add(process.immediate_send(scope, &piece[..]));
                }
            }
            let received = from.iter().map(|from| self.receive(*from)).collect();
            sent.wait_all(&mut Vec::new());
            received
        })
    }

    fn all_gather(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let lengths = self.lengths(bytes);
        let starts: Vec<u64> =
            lengths.iter().scan(0, |end, length| Some(std::mem::replace(end, *end + length))).collect();
        let whole: u64 = lengths.iter().sum();
        // Open MPI takes no empty buffer.
        if whole == 0 {
            return vec![Vec::new(); self.size];
        }
        if whole >= PIECE as u64 {
            let others: Vec<usize> = (0..self.size).collect();
            let outgoing = others.iter().map(|to| (*to, bytes.to_vec())).collect();
            return self.exchange(outgoing, &others);
        }
        let mut all = vec![0_u8; whole as usize];
        let as_count = |list: &[u64]| list.iter().map(|n| *n as i32).collect::<Vec<i32>>();
        let mut parts = PartitionMut::new(&mut all[..], as_count(&lengths), as_count(&starts));
        self.world.all_gather_varcount_into(bytes, &mut parts);
        let part = |(start, length): (&u64, &u64)| all[*start as usize..][..*length as usize].to_vec();
        starts.iter().zip(&lengths).map(part).collect()
    }

    fn gather_to_root(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let everybody: Vec<usize> = if self.rank == 0 { (0..self.size).collect() } else { Vec::new() };
        self.exchange(vec![(0, bytes.to_vec())], &everybody)
    }

    fn min(&mut self, value: f64) -> f64 {
        let mut least = value;
        self.world.all_reduce_into(&value, &mut least, SystemOperation::min());
        least
    }

    fn sum(&mut self, value: u64) -> u64 {
        let mut sum = value;
        self.world.all_reduce_into(&value, &mut sum, SystemOperation::sum());
        sum
    }

    fn any(&mut self, bits: u64) -> u64 {
        let mut any = bits;
        self.world.all_reduce_into(&bits, &mut any, SystemOperation::bitwise_or());
        any
    }

    fn barrier(&mut self) {
        self.world.barrier();
    }

    fn abort(&self, code: i32) -> ! {
        abort_all(code)
    }
}
