//! Values that cells see of other cells in every step.

use crate::backend::Backend;
use tianyan_layout::{PeerCopy, Slot};

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
}

impl Peers {
    /// From all copies of a rank.
    pub fn new(copies: &[PeerCopy]) -> Peers {
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
        }
    }

    /// Copies what is read to where it is seen.
    pub fn exchange(&mut self, backend: &mut dyn Backend) {
        let Peers { from, to, which, read, written } = self;
        backend.gather(from, read);
        which.iter().zip(&mut *written).for_each(|(&which, value)| *value = read[which as usize]);
        backend.scatter(to, written);
    }
}
