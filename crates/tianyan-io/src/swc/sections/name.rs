//! Names and order: NEURON's list `all`, then parents first.

use super::{Draft, finished};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use tianyan_model::{Morphology, SectionType};

/// The morphology, parents first, and NEURON's order as indices into it.
pub(super) fn name_and_order(drafts: Vec<Draft>) -> (Morphology, Vec<usize>) {
    let names = names(&drafts);
    let all = by_type(&drafts);
    let order = parents_first(&drafts, &all);
    let mut position = vec![0; drafts.len()];
    for (place, draft) in order.iter().enumerate() {
        position[*draft] = place;
    }
    let mut taken: Vec<Option<(Draft, String)>> = drafts.into_iter().zip(names).map(Some).collect();
    let sections =
        order.iter().filter_map(|i| taken[*i].take()).map(|(draft, name)| finished(draft, name, &position)).collect();
    (Morphology { sections }, all.iter().map(|draft| position[*draft]).collect())
}

/// `soma[0]`, `dend[0]`, `dend[1]` ...: each type counts for itself, in the order of the file.
fn names(drafts: &[Draft]) -> Vec<String> {
    let mut counts = [0; 4];
    let mut name = |draft: &Draft| {
        let (kind, word) = match draft.section_type {
            SectionType::Soma => (0, "soma"),
            SectionType::Axon => (1, "axon"),
            SectionType::Apical => (3, "apic"),
            _ => (2, "dend"),
        };
        counts[kind] += 1;
        format!("{word}[{}]", counts[kind] - 1)
    };
    drafts.iter().map(&mut name).collect()
}

/// Drafts in NEURON's order: soma, axon, dend, apic, each in the order of the file.
fn by_type(drafts: &[Draft]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_key(|i| drafts[*i].section_type);
    order
}

/// The earliest in `all` among those whose parent is placed.
fn parents_first(drafts: &[Draft], all: &[usize]) -> Vec<usize> {
    let mut rank = vec![0; drafts.len()];
    for (place, draft) in all.iter().enumerate() {
        rank[*draft] = place;
    }
    let mut children = vec![Vec::new(); drafts.len()];
    let mut ready = BinaryHeap::new();
    for (i, draft) in drafts.iter().enumerate() {
        match draft.parent {
            Some((parent, _)) => children[parent].push(i),
            None => ready.push(Reverse(rank[i])),
        }
    }
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(Reverse(place)) = ready.pop() {
        order.push(all[place]);
        ready.extend(children[all[place]].iter().map(|child| Reverse(rank[*child])));
    }
    order
}
