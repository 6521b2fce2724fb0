//! A number that tells two networks apart: what stays the same in every cell, and who hears whom after what delay. It does
//! not depend on ranks, groups or lanes: the numbers of cells and connections are added.

use crate::backend::Backend;
use std::sync::Arc;
use tianyan_layout::{Connectivity, Layout, constant_slots};

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
#[derive(Debug, Clone, Copy)]
struct Hash(u64);

impl Hash {
    fn new() -> Hash {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn add(self, word: u64) -> Hash {
        word.to_le_bytes()
            .iter()
            .fold(self, |Hash(hash), byte| Hash((hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }
}

/// The number of this rank's part; those of all ranks are added, without regard to overflow.
pub fn digest(layouts: &[Arc<Layout>], connectivity: &Connectivity, backend: &dyn Backend) -> u64 {
    let mut sum = 0_u64;
    for (gid, slots) in constant_slots(layouts) {
        let mut values = vec![0.0; slots.len()];
        backend.gather(&slots, &mut values);
        let hash = values.iter().fold(Hash::new().add(u64::from(gid.0)), |hash, value| hash.add(value.to_bits()));
        sum = sum.wrapping_add(hash.0);
    }
    for (source, targets) in connectivity.all() {
        for target in targets {
            let owner =
                layouts[target.group as usize].tables[usize::from(target.table)].owner[target.instance as usize];
            let words = [u64::from(source.0), u64::from(owner.0), target.delay_ms.to_bits()];
            sum = sum.wrapping_add(words.iter().fold(Hash::new(), |hash, word| hash.add(*word)).0);
        }
    }
    sum
}
