//! Peers on other ranks: values that cells of one rank see of cells of another in every step.
//!
//! Nobody sends lists: the reader asks the recipe what its cells see, the other rank asks it what the reader's cells see,
//! and both number the values in the order of that one answer.

use crate::Slot;
use std::collections::{BTreeMap, HashMap};
use tianyan_model::{Couplings, Gid, Peer, Problems, Recipe};

/// What a rank sends and gets in every step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RemotePeers {
    /// For each rank that sees something of this one: what, each value once.
    pub read: Vec<(usize, Vec<Slot>)>,
    /// For each rank of which this one sees something: where each of its values goes.
    pub seen: Vec<(usize, Vec<Vec<Slot>>)>,
}

/// The same value of the same cell.
type Key = (Gid, usize, u64, String);

fn key(peer: &Peer) -> Key {
    (peer.gid, peer.location.section, peer.location.x.to_bits(), format!("{:?}", peer.quantity))
}

/// Numbers values in the order in which they are first asked for.
#[derive(Debug, Default)]
struct Numbers {
    of: HashMap<Key, usize>,
}

impl Numbers {
    /// The number of a value, and whether it is new.
    fn number(&mut self, peer: &Peer) -> (usize, bool) {
        let next = self.of.len();
        let number = *self.of.entry(key(peer)).or_insert(next);
        (number, number == next)
    }
}

/// What other ranks see of the cells of `rank`, by rank: each value once, in the reader's order.
pub fn seen_by_others(recipe: &dyn Recipe, rank_of: &[u32], rank: usize) -> Result<Vec<(usize, Vec<Peer>)>, Problems> {
    let ranks = rank_of.iter().max().map_or(0, |last| *last as usize + 1);
    let mut all = Vec::new();
    for reader in (0..ranks).filter(|reader| *reader != rank) {
        let mut couplings = Couplings::default();
        recipe.couplings_on(&gids_of(rank_of, reader), &mut couplings)?;
        let mut numbers = Numbers::default();
        let ours = couplings.peers.into_iter().filter(|peer| rank_of[peer.gid.0 as usize] as usize == rank);
        let seen: Vec<Peer> = ours.filter(|peer| numbers.number(peer).1).collect();
        if !seen.is_empty() {
            all.push((reader, seen));
        }
    }
    Ok(all)
}

/// The cells of a rank.
pub fn gids_of(rank_of: &[u32], rank: usize) -> Vec<Gid> {
    (0..).zip(rank_of).filter(|(_, of)| **of as usize == rank).map(|(gid, _)| Gid(gid)).collect()
}

/// Collects where the values of other ranks go.
#[derive(Debug, Default)]
pub struct Seen {
    by_rank: BTreeMap<usize, (Numbers, Vec<Vec<Slot>>)>,
}

impl Seen {
    /// A POINTER at `to` sees a value of a cell of another rank.
    pub fn push(&mut self, rank: usize, peer: &Peer, to: Slot) {
        let (numbers, slots) = self.by_rank.entry(rank).or_default();
        let (number, is_new) = numbers.number(peer);
        if is_new {
            slots.push(Vec::new());
        }
        slots[number].push(to);
    }

    /// All of them, by rank.
    pub fn finish(self) -> Vec<(usize, Vec<Vec<Slot>>)> {
        self.by_rank.into_iter().map(|(rank, (_, slots))| (rank, slots)).collect()
    }
}
