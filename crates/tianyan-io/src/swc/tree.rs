//! Samples to a tree in NEURON's order, or what keeps them from being one.

use super::faults::Faults;
use super::parse::{Parsed, Sample};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use tianyan_model::{Problem, SectionType};

/// Samples in the order of their ids, each after its parent. Sample 0 is the root and of the soma; soma
/// samples hang on soma samples only.
#[derive(Debug)]
pub(super) struct Tree {
    pub samples: Vec<Sample>,
    /// Index of each one's parent; that of the root is meaningless and 0.
    pub parent: Vec<usize>,
}

/// Samples and where each id stands.
struct Index<'a> {
    samples: &'a [Sample],
    by_id: HashMap<i64, usize>,
}

impl Index<'_> {
    fn parent(&self, i: usize) -> Option<usize> {
        self.by_id.get(&self.samples[i].parent?).copied()
    }
}

/// Checks and orders; `None` if anything is wrong.
pub(super) fn build(parsed: Parsed, faults: &mut Faults) -> Option<Tree> {
    let index = Index { by_id: unique_ids(&parsed.samples, faults), samples: &parsed.samples };
    parents(&index, &parsed, faults);
    roots(&index, faults);
    cycles(&index, faults);
    types(&index, &parsed, faults);
    if !faults.is_clean() {
        return None;
    }
    scale(&parsed.samples, faults);
    faults.is_clean().then(|| order(&index, faults))
}

fn unique_ids(samples: &[Sample], faults: &mut Faults) -> HashMap<i64, usize> {
    let mut by_id = HashMap::new();
    for (i, sample) in samples.iter().enumerate() {
        let first = *by_id.entry(sample.id).or_insert(i);
        if first != i {
            let message = format!("id {} was already given in line {}", sample.id, samples[first].line);
            let problem = Problem::new("swc-duplicate-id", message).help("give every sample an id of its own");
            faults.add(sample.line, 1, problem);
        }
    }
    by_id
}

fn parents(index: &Index, parsed: &Parsed, faults: &mut Faults) {
    for sample in index.samples {
        let Some(parent) = sample.parent else { continue };
        if parent == sample.id {
            let problem = Problem::new("swc-self-parent", format!("sample {parent} is its own parent"))
                .help("name the sample it grows from, or -1 if it is the root");
            faults.add(sample.line, sample.parent_column, problem);
        } else if !index.by_id.contains_key(&parent) && !parsed.broken_ids.contains(&parent) && !parsed.unknown_ids {
            let message = format!("parent {parent} of sample {} is not in the file", sample.id);
            let problem =
                Problem::new("swc-missing-parent", message).help("add that sample, or name one that is there");
            faults.add(sample.line, sample.parent_column, problem);
        }
    }
}

fn roots(index: &Index, faults: &mut Faults) {
    let mut roots = index.samples.iter().filter(|s| s.parent.is_none());
    let Some(first) = roots.next() else { return };
    for second in roots {
        let message =
            format!("sample {} is a second root; the first is sample {} in line {}", second.id, first.id, first.line);
        let problem = Problem::new("swc-second-root", message)
            .help("a file holds one cell, one tree: name the parent it grows from, or split the file");
        faults.add(second.line, second.parent_column, problem);
    }
}

/// Follows parents from every sample once; a way that meets itself is a cycle. Self-parents were reported.
fn cycles(index: &Index, faults: &mut Faults) {
    let n = index.samples.len();
    let mut walk_of = vec![usize::MAX; n];
    for start in 0..n {
        let mut at = Some(start);
        while let Some(i) = at.filter(|i| walk_of[*i] == usize::MAX) {
            walk_of[i] = start;
            at = index.parent(i);
        }
        match at {
            Some(i) if walk_of[i] == start && index.parent(i) != Some(i) => cycle(index, i, faults),
            _ => {}
        }
    }
}

fn cycle(index: &Index, member: usize, faults: &mut Faults) {
    let mut ring = vec![member];
    while let Some(next) = ring.last().and_then(|i| index.parent(*i)).filter(|next| *next != member) {
        ring.push(next);
    }
    let first = ring.iter().copied().min().unwrap_or(member);
    let mut ids: Vec<String> = ring.iter().map(|i| index.samples[*i].id.to_string()).collect();
    let count = ids.len();
    if count > 8 {
        ids.truncate(7);
        ids.push("...".into());
    }
    let message = format!("{count} samples are each other's ancestors: {}", ids.join(" <- "));
    let problem = Problem::new("swc-cycle", message).help("one of these parents is wrong: a tree has no loops");
    faults.add(index.samples[first].line, index.samples[first].parent_column, problem);
}

/// The rules of the soma.
fn types(index: &Index, parsed: &Parsed, faults: &mut Faults) {
    let is_soma = |s: &Sample| s.section_type == SectionType::Soma;
    let broken = parsed.unknown_ids || !parsed.broken_ids.is_empty();
    // A line that was not understood may have been the soma.
    if !index.samples.iter().any(is_soma) && !broken {
        faults.add_to_file(
            Problem::new("swc-type", "the cell has no soma sample")
                .help("rule: the root sample (parent -1) is of type 1, the soma"),
        );
        return;
    }
    if let Some(root) = index.samples.iter().find(|s| s.parent.is_none()).filter(|s| !is_soma(s)) {
        let problem = Problem::new("swc-type", format!("the root, sample {}, is not of the soma", root.id))
            .help("rule: the root sample (parent -1) is of type 1, the soma");
        faults.add(root.line, root.type_column, problem);
    }
    for (i, sample) in index.samples.iter().enumerate() {
        match index.parent(i).map(|p| &index.samples[p]) {
            Some(parent) if is_soma(sample) && !is_soma(parent) => {
                let message = format!("soma sample {} grows on sample {}, which is not soma", sample.id, parent.id);
                let problem = Problem::new("swc-type", message)
                    .help("rule: the soma is one piece that holds the root; give the sample its neurite's type");
                faults.add(sample.line, sample.type_column, problem);
            }
            _ => {}
        }
    }
}

/// Cells outside these bounds are taken for cells in other units.
const LARGEST_UM: f64 = 20_000.0;
const SMALLEST_UM: f64 = 1.0;

fn scale(samples: &[Sample], faults: &mut Faults) {
    let side = |k: usize| {
        let low = samples.iter().map(|s| s.place_um[k] - s.radius_um).fold(f64::INFINITY, f64::min);
        samples.iter().map(|s| s.place_um[k] + s.radius_um).fold(f64::NEG_INFINITY, f64::max) - low
    };
    let extent = side(0).max(side(1)).max(side(2));
    let (message, help) = if extent > LARGEST_UM {
        ("more than 20 mm", "positions and radii are in um: divide them by 1000 if they are in nm")
    } else if extent < SMALLEST_UM {
        ("less than 1 um", "positions and radii are in um: multiply them by 1000 if they are in mm")
    } else {
        return;
    };
    faults.add_to_file(
        Problem::new("swc-scale", format!("the cell measures {extent:.4} um, {message}: other units?")).help(help),
    );
}

/// Smallest id first among those whose parent is placed: plain order of ids in nearly every file.
fn order(index: &Index, faults: &mut Faults) -> Tree {
    let n = index.samples.len();
    let mut children = vec![Vec::new(); n];
    let mut ready = BinaryHeap::new();
    for i in 0..n {
        match index.parent(i) {
            Some(p) => children[p].push(i),
            None => ready.push(Reverse((index.samples[i].id, i))),
        }
    }
    let (mut order, mut position) = (Vec::with_capacity(n), vec![0; n]);
    while let Some(Reverse((_, i))) = ready.pop() {
        position[i] = order.len();
        order.push(i);
        ready.extend(children[i].iter().map(|c| Reverse((index.samples[*c].id, *c))));
    }
    if let Some(pair) = order.windows(2).find(|w| index.samples[w[0]].id > index.samples[w[1]].id) {
        let sample = &index.samples[pair[1]];
        let message = format!("sample {} has a smaller id than its ancestors; it was moved behind them", sample.id);
        faults.note(sample.line, "swc-order", message);
    }
    let parent = order.iter().map(|i| index.parent(*i).map_or(0, |p| position[p])).collect();
    Tree { samples: order.iter().map(|i| index.samples[*i].clone()).collect(), parent }
}
