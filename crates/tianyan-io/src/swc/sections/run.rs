//! Where sections end: the samples in runs.

use crate::swc::tree::Tree;
use std::ops::Range;
use tianyan_model::SectionType;

/// The tree in runs of consecutive samples, each a section; run 0 holds the root.
#[derive(Debug)]
pub(super) struct Runs {
    /// The samples of each section.
    pub ranges: Vec<Range<usize>>,
    /// The section of each sample.
    pub section_of: Vec<usize>,
    /// How many soma samples grow from each sample.
    pub soma_children: Vec<usize>,
    /// Samples that grow from the 0 end of a neurite which leaves the soma, and so does their section.
    pub at_start: Vec<bool>,
    /// True if the soma's first section is one sample, or three that stand for one.
    pub is_sphere: bool,
    /// Lines of samples whose section goes on with another type.
    pub mixed_lines: Vec<u32>,
}

impl Runs {
    pub fn new(tree: &Tree) -> Runs {
        let n = tree.samples.len();
        let family = Family::new(tree);
        let three = three_for_one(tree, &family);
        let (mut at_start, mut mixed_lines, mut ranges, mut start) = (vec![false; n], Vec::new(), Vec::new(), 0);
        for (i, at_start) in at_start.iter_mut().enumerate().skip(1) {
            *at_start = family.leaves_from_start(tree, tree.parent[i]) && tree.parent[i] + 1 != i;
        }
        for i in 0..n {
            let end = family.end(tree, i, three);
            if end == End::Mixed {
                mixed_lines.push(tree.samples[i].line);
            }
            if end == End::Yes || i + 1 == n {
                ranges.push(start..i + 1);
                start = i + 1;
            }
        }
        let section_of =
            ranges.iter().enumerate().flat_map(|(s, r): (usize, &Range<usize>)| r.clone().map(move |_| s)).collect();
        let is_sphere = three || ranges.first().is_some_and(|r| r.len() == 1);
        Runs { ranges, section_of, soma_children: family.soma_children, at_start, is_sphere, mixed_lines }
    }

    /// The type of a section: that of its first sample.
    pub fn section_type(&self, tree: &Tree, section: usize) -> SectionType {
        tree.samples[self.ranges[section].start].section_type
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Yes,
    No,
    /// It goes on, though with another type.
    Mixed,
}

/// How many children each sample has, and of what sort.
struct Family {
    children: Vec<usize>,
    soma_children: Vec<usize>,
    last_child: Vec<usize>,
}

impl Family {
    fn new(tree: &Tree) -> Family {
        let n = tree.samples.len();
        let mut family = Family { children: vec![0; n], soma_children: vec![0; n], last_child: vec![0; n] };
        for i in 1..n {
            let p = tree.parent[i];
            family.children[p] += 1;
            family.last_child[p] = i;
            family.soma_children[p] += usize::from(is_soma(tree, i));
        }
        family
    }

    /// Does sample `p` begin a neurite at the soma and branch at once, so that its neurite goes on through it
    /// with the next sample, and the other branches hang on its start? NEURON does not ask this of sample 1.
    /// Nor do we where the next sample grows elsewhere: there NEURON would join what does not belong together.
    fn leaves_from_start(&self, tree: &Tree, p: usize) -> bool {
        p > 1
            && !is_soma(tree, p)
            && is_soma(tree, tree.parent[p])
            && self.last_child[p] > p + 1
            && tree.parent[p + 1] == p
    }

    fn end(&self, tree: &Tree, i: usize, three: bool) -> End {
        let next = i + 1;
        if next >= tree.samples.len() {
            return End::Yes;
        }
        let (follows, soma) = (tree.parent[next] == i, is_soma(tree, i) && is_soma(tree, next));
        let same = |a: usize| tree.samples[a].section_type == tree.samples[i].section_type;
        if three && next < 3 || follows && soma && (i == 0 || self.soma_children[i] < 2) {
            return End::No;
        }
        if self.leaves_from_start(tree, i) {
            // Here NEURON looks at the last branch's type only.
            return match (same(self.last_child[i]), same(next)) {
                (false, _) => End::Yes,
                (true, true) => End::No,
                (true, false) => End::Mixed,
            };
        }
        if follows && self.children[i] == 1 && same(next) { End::No } else { End::Yes }
    }
}

fn is_soma(tree: &Tree, i: usize) -> bool {
    tree.samples[i].section_type == SectionType::Soma
}

/// Is the soma written as neuromorpho.org does: the root in the middle and two leaves of its diameter, together
/// a diameter apart (to 1 %)?
fn three_for_one(tree: &Tree, family: &Family) -> bool {
    let soma = (0..tree.samples.len()).filter(|i| is_soma(tree, *i)).count();
    if soma != 3 || !is_soma(tree, 1) || !is_soma(tree, 2) || tree.parent[2] != 0 {
        return false;
    }
    let root = &tree.samples[0];
    let leaves = &tree.samples[1..3];
    let alike = leaves.iter().all(|leaf| leaf.radius_um == root.radius_um);
    let away = |k: usize, i: usize| tree.samples[i].place_um[k] - root.place_um[k];
    let length: f64 = [1, 2].map(|i| (0..3).map(|k| away(k, i).powi(2)).sum::<f64>().sqrt()).iter().sum();
    let childless = family.children[1] == 0 && family.children[2] == 0;
    alike && childless && (length / (2.0 * root.radius_um) - 1.0).abs() < 0.01
}
