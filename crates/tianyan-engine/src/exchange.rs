//! Spikes between ranks, once an epoch: to all ranks where nearly all listen, else only to those that do.

use crate::backend::Fired;
use crate::wire::{decode_gids, decode_spikes, encode_gids, encode_spikes};
use std::collections::HashMap;
use tianyan_comm::Communicator;
use tianyan_model::Gid;

/// How spikes reach other ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// There are no others.
    Alone,
    /// All spikes to all ranks.
    ToAll,
    /// Each spike to the ranks on which somebody hears it.
    ToListeners,
}

/// More listeners than this part of all that could be, and everybody gets everything.
const DENSE: f64 = 0.5;

/// Who hears whom, seen from one rank.
#[derive(Debug)]
pub struct SpikeExchange {
    /// How.
    pub way: Way,
    /// The ranks that hear each cell of this rank.
    listeners: HashMap<Gid, Vec<usize>>,
    /// Ranks that hear any cell of this one.
    to: Vec<usize>,
    /// Ranks of which any cell is heard here.
    from: Vec<usize>,
    /// Spikes sent to other ranks, one for each rank.
    pub sent: u64,
    /// Spikes that came from other ranks.
    pub received: u64,
}

impl SpikeExchange {
    /// From the cells of other ranks that are heard here, by rank. `ordered` if the order of all spikes of the run
    /// matters: then every rank must see them all.
    pub fn new(heard: &[(usize, Vec<Gid>)], ordered: bool, comm: &mut dyn Communicator) -> SpikeExchange {
        let (rank, size) = (comm.rank(), comm.size());
        let others: Vec<usize> = (0..size).filter(|other| *other != rank).collect();
        let from: Vec<usize> = heard.iter().map(|(rank, _)| *rank).collect();
        let list = |rank: &usize| heard.iter().find(|(from, _)| from == rank).map_or(&[][..], |(_, gids)| gids);
        let wishes = others.iter().map(|other| (*other, encode_gids(list(other)))).collect();
        let mut listeners: HashMap<Gid, Vec<usize>> = HashMap::new();
        let mut to = Vec::new();
        for (listener, gids) in others.iter().zip(comm.exchange(wishes, &others)) {
            decode_gids(&gids).for_each(|gid| listeners.entry(gid).or_default().push(*listener));
            to.extend((!gids.is_empty()).then_some(*listener));
        }
        let pairs = comm.sum(listeners.values().map(|ranks| ranks.len() as u64).sum());
        let most = comm.sum((listeners.len() * others.len()) as u64);
        let way = match size {
            1 => Way::Alone,
            _ if ordered || pairs as f64 > DENSE * most as f64 => Way::ToAll,
            _ => Way::ToListeners,
        };
        SpikeExchange { way, listeners, to, from, sent: 0, received: 0 }
    }

    /// This rank's spikes and those that others sent, in any order; the epoch's steps start at `times_ms`.
    pub fn exchange(&mut self, own: &[Fired], times_ms: &[f64], comm: &mut dyn Communicator) -> Vec<Fired> {
        let messages = match self.way {
            Way::Alone => Vec::new(),
            Way::ToAll => {
                self.sent += (own.len() * (comm.size() - 1)) as u64;
                let mut all = comm.all_gather(&encode_spikes(own.iter(), times_ms));
                all.swap_remove(comm.rank());
                all
            }
            Way::ToListeners => {
                let outgoing =
                    self.to.clone().into_iter().map(|rank| (rank, self.message(rank, own, times_ms))).collect();
                comm.exchange(outgoing, &self.from)
            }
        };
        let mut fired = own.to_vec();
        for message in messages {
            let received = decode_spikes(&message, times_ms);
            self.received += received.len() as u64;
            fired.extend(received);
        }
        fired
    }

    fn message(&mut self, rank: usize, own: &[Fired], times_ms: &[f64]) -> Vec<u8> {
        let is_heard = |fired: &&Fired| self.listeners.get(&fired.spike.gid).is_some_and(|ranks| ranks.contains(&rank));
        let heard = own.iter().filter(is_heard);
        self.sent += heard.clone().count() as u64;
        encode_spikes(heard, times_ms)
    }

    /// Spikes sent and received on all ranks together, if they are not the same.
    pub fn lost(&self, comm: &mut dyn Communicator) -> Option<(u64, u64)> {
        let (sent, received) = (comm.sum(self.sent), comm.sum(self.received));
        (sent != received).then_some((sent, received))
    }
}
