//! Values that cells see of other cells in every step.

use crate::backend::Backend;
use crate::wire::{decode_numbers, encode_numbers};
use tianyan_comm::Communicator;
use tianyan_layout::{PeerCopy, RemotePeers, Slot};

/// What cells see of each other in every step.
pub struct Peers {
    /// What is read, each once, group by group.
    from: Vec<Slot>,
    /// Where it goes, group by group.
    to: Vec<Slot>,
    /// Which of `from` each of `to` gets.
    which: Vec<u32>,
    read: Vec<f64>,
    written: Vec<f64>,
    /// What each other rank gets.
    outgoing: Vec<(usize, Vec<Slot>)>,
    /// The ranks of which something is seen.
    incoming: Vec<usize>,
    /// Where their values go, rank after rank: the number of the value among all, and the slot.
    seen: (Vec<u32>, Vec<Slot>),
}

impl Peers {
    /// From all copies of a rank.
    pub fn new(copies: &[PeerCopy], remote: RemotePeers) -> Peers {
        let mut from: Vec<Slot> = copies.iter().map(|copy| copy.from).collect();
        from.sort_unstable();
        from.dedup();
        let mut sorted: Vec<&PeerCopy> = copies.iter().collect();
        sorted.sort_unstable_by_key(|copy| copy.to);
        let which = |copy: &&PeerCopy| from.binary_search(&copy.from).unwrap_or_default() as u32;
        let (read, written) = (vec![0.0; from.len()], vec![0.0; copies.len()]);
        Peers {
            to: sorted.iter().map(|copy| copy.to).collect(),
            which: sorted.iter().map(which).collect(),
            from,
            read,
            written,
            outgoing: remote.read,
            incoming: remote.seen.iter().map(|(rank, _)| *rank).collect(),
            seen: (0..)
                .zip(remote.seen.iter().flat_map(|(_, values)| values))
                .flat_map(|(number, slots)| slots.iter().map(move |slot| (number, *slot)))
                .unzip(),
        }
    }

    /// Copies what is read to where it is seen.
    pub fn exchange(&mut self, backend: &mut dyn Backend, comm: &mut dyn Communicator) {
        let seen = self.of_others(|slots, values| backend.gather(slots, values), comm);
        backend.scatter(&self.seen.1, &seen);
        let Peers { from, to, which, read, written, .. } = self;
        backend.gather(from, read);
        which.iter().zip(&mut *written).for_each(|(&which, value)| *value = read[which as usize]);
        backend.scatter(to, written);
    }

    /// Sends what other ranks see, found by `gather`, and returns what is seen of them, for each slot of `seen_slots`.
    pub fn of_others(&self, gather: impl Fn(&[Slot], &mut [f64]), comm: &mut dyn Communicator) -> Vec<f64> {
        if self.outgoing.is_empty() && self.incoming.is_empty() {
            return Vec::new();
        }
        let message = |slots: &[Slot]| {
            let mut values = vec![0.0; slots.len()];
            gather(slots, &mut values);
            encode_numbers(values.into_iter())
        };
        let outgoing = self.outgoing.iter().map(|(rank, slots)| (*rank, message(slots))).collect();
        let received = comm.exchange(outgoing, &self.incoming);
        let values: Vec<f64> = received.iter().flat_map(|bytes| decode_numbers(bytes)).collect();
        self.seen.0.iter().map(|number| values[*number as usize]).collect()
    }

    /// The slots that see values of other ranks.
    pub fn seen_slots(&self) -> &[Slot] {
        &self.seen.1
    }
}
