//! What leads to something that is kept.

use std::collections::BTreeSet;

use super::{Draft, Goal};
use crate::graph::operands;
use crate::ir::Op;

/// Which operations lead to a store that matters.
pub(super) fn live(draft: &Draft, loaded: &BTreeSet<u32>) -> Vec<bool> {
    let mut live = vec![false; draft.ops.len()];
    for (goal, value) in &draft.stores {
        live[value.0 as usize] |= matters(*goal, loaded);
    }
    for effect in &draft.effects {
        [effect.when, effect.time, effect.flag].iter().for_each(|value| live[value.0 as usize] = true);
    }
    for at in (0..live.len()).rev() {
        if !live[at] {
            continue;
        }
        operands(&draft.ops[at]).iter().flatten().for_each(|read| live[read.0 as usize] = true);
        if let Op::Iterated(id, _) = draft.ops[at]
            && let Some(Some(iteration)) = draft.loops.get(id as usize)
        {
            let ends = iteration.start.iter().chain(&iteration.next).chain([&iteration.again]);
            ends.for_each(|value| live[value.0 as usize] = true);
        }
    }
    live
}

pub(super) fn matters(goal: Goal, loaded: &BTreeSet<u32>) -> bool {
    match goal {
        Goal::Keep(place) => loaded.contains(&place),
        _ => true,
    }
}
