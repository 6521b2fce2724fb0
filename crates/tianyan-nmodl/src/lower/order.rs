//! Live operations in their final order: the bodies of loops together, inner ones inside of outer ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{Draft, Goal, live::live};
use crate::graph::{operands, rename};
use crate::ir::{Destination, Effect, Iteration, Kernel, Op, Value};

/// The kernel of a draft; `numbers` gives each place its binding.
pub(super) fn kernel(draft: &Draft, numbers: &BTreeMap<u32, u32>) -> Kernel {
    let all: BTreeSet<u32> =
        draft.stores.iter().filter_map(|(goal, _)| if let Goal::Keep(p) = goal { Some(*p) } else { None }).collect();
    let nest = Nest::new(draft, live(draft, &all));
    let mut order = Order {
        draft,
        nest: &nest,
        numbers,
        new: vec![Value(0); draft.ops.len()],
        ids: BTreeMap::new(),
        kernel: Kernel::default(),
    };
    order.region(None, draft.ops.len());
    order.stores();
    order.effects();
    order.kernel
}

/// Which loop each operation stands in.
struct Nest {
    live: Vec<bool>,
    /// The innermost loop whose carried variables an operation depends on.
    owner: Vec<Option<u32>>,
    /// The loop around each loop.
    parent: Vec<Option<u32>>,
    /// Loops that are read, by their ends.
    ending: BTreeMap<usize, Vec<u32>>,
}

impl Nest {
    fn new(draft: &Draft, live: Vec<bool>) -> Nest {
        let (owner, parent) = Nest::owners(draft);
        let mut read = BTreeSet::new();
        for (op, _) in draft.ops.iter().zip(&live).filter(|(_, live)| **live) {
            if let Op::Iterated(id, _) = op {
                read.insert(*id);
            }
        }
        let mut ending: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for id in read {
            if let Some(Some(iteration)) = draft.loops.get(id as usize) {
                ending.entry(iteration.end).or_default().push(id);
            }
        }
        Nest { live, owner, parent, ending }
    }

    /// Loops are numbered as they begin, inner ones after outer ones: of two loops that an operation depends on, the
    /// one with the higher number is inside.
    fn owners(draft: &Draft) -> (Vec<Option<u32>>, Vec<Option<u32>>) {
        let mut owner: Vec<Option<u32>> = vec![None; draft.ops.len()];
        let mut parent: Vec<Option<u32>> = vec![None; draft.loops.len()];
        for at in 0..owner.len() {
            let mut around = BTreeSet::new();
            match draft.ops[at] {
                Op::Carried(id, _) => drop(around.insert(id)),
                Op::Iterated(id, _) => {
                    let starts = draft.loops.get(id as usize).and_then(Option::as_ref).map(|l| l.start.as_slice());
                    around.extend(starts.unwrap_or_default().iter().filter_map(|start| owner[start.0 as usize]));
                    let outer = around.iter().copied().filter(|other| *other < id).max();
                    parent[id as usize] = parent[id as usize].max(outer);
                    around = parent[id as usize].into_iter().collect();
                }
                op => around.extend(operands(&op).iter().flatten().filter_map(|read| owner[read.0 as usize])),
            }
            let inside = around.iter().copied().zip(around.iter().copied().skip(1));
            inside.for_each(|(outer, inner)| parent[inner as usize] = parent[inner as usize].max(Some(outer)));
            owner[at] = around.last().copied();
        }
        (owner, parent)
    }
}

struct Order<'a> {
    draft: &'a Draft,
    nest: &'a Nest,
    numbers: &'a BTreeMap<u32, u32>,
    new: Vec<Value>,
    /// The iteration of each loop.
    ids: BTreeMap<u32, u32>,
    kernel: Kernel,
}

impl Order<'_> {
    /// What belongs to a loop, or to none, among the first operations of the draft.
    fn region(&mut self, owner: Option<u32>, end: usize) {
        for at in 0..=end {
            for id in self.nest.ending.get(&at).into_iter().flatten() {
                if self.nest.parent[*id as usize] == owner && Some(*id) != owner {
                    self.iteration(*id);
                }
            }
            if at < end && self.nest.live[at] && self.nest.owner[at] == owner {
                self.put(at);
            }
        }
    }

    fn iteration(&mut self, id: u32) {
        let Some(Some(iteration)) = self.draft.loops.get(id as usize) else { return };
        let number = self.kernel.iterations.len();
        let first = self.kernel.ops.len() as u32;
        let (start, limit) = (self.renamed(&iteration.start), iteration.limit);
        let placeholder = Iteration { start, body: (first, first), next: Vec::new(), again: Value(0), limit };
        self.kernel.iterations.push(placeholder);
        self.ids.insert(id, number as u32);
        self.region(Some(id), iteration.end);
        let last = self.kernel.ops.len() as u32;
        let (next, again) = (self.renamed(&iteration.next), self.new[iteration.again.0 as usize]);
        let made = &mut self.kernel.iterations[number];
        (made.body, made.next, made.again) = ((first, last), next, again);
    }

    fn renamed(&self, values: &[Value]) -> Vec<Value> {
        values.iter().map(|value| self.new[value.0 as usize]).collect()
    }

    fn put(&mut self, at: usize) {
        let op = match self.draft.ops[at] {
            Op::Load(place) => Op::Load(self.numbers[&place]),
            Op::Carried(id, k) => Op::Carried(self.ids[&id], k),
            Op::Iterated(id, k) => Op::Iterated(self.ids[&id], k),
            Op::Interpolate(place, x) => Op::Interpolate(self.numbers[&place], self.new[x.0 as usize]),
            Op::Lookup(place, x) => Op::Lookup(self.numbers[&place], self.new[x.0 as usize]),
            op => rename(&op, |value| self.new[value.0 as usize]),
        };
        self.new[at] = Value(self.kernel.ops.len() as u32);
        self.kernel.ops.push(op);
    }

    fn stores(&mut self) {
        for (goal, value) in &self.draft.stores {
            let destination = match goal {
                Goal::Set(place) | Goal::Keep(place) => Destination::Set(self.numbers[place]),
                Goal::Add(place) => Destination::Add(self.numbers[place]),
                Goal::Argument(k) => Destination::Argument(*k),
            };
            self.kernel.stores.push((destination, self.new[value.0 as usize]));
        }
    }

    fn effects(&mut self) {
        let new = |value: Value| self.new[value.0 as usize];
        let effects = self.draft.effects.iter();
        let renamed = effects.map(|effect| Effect {
            when: new(effect.when),
            time: new(effect.time),
            flag: new(effect.flag),
            ..*effect
        });
        self.kernel.effects = renamed.collect();
    }
}
