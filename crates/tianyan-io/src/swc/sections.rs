//! A tree of samples to sections, as NEURON's Import3d_SWC_read and Import3d_GUI make them.
//!
//! A section is a run of samples, consecutive in the order of ids, each the only child of the one before and
//! of its type. It begins with a copy of its parent's sample, which has its own second diameter instead of the
//! parent's if it leaves the soma. It hangs on its parent's end, with these exceptions.
//!
//! | where a section grows from | attached at | begins |
//! |---|---|---|
//! | a soma of one sample (drawn as a cylinder as long as wide) | 0.5 | at its own first sample |
//! | the first of several soma samples | 0 | at its own first sample if the soma branches there |
//! | within a run of soma samples | 0.5 | at its own first sample |
//! | the end of a run of soma samples | 1 | at its own first sample if the soma branches there |
//! | the first sample of a neurite that leaves the soma | 0 of that neurite | with a copy of that sample |
//!
//! "At its own first sample" needs at least two of its own; a single one is always joined to a copy of the
//! parent's. The gap between it and the soma has no length or area. Three soma samples of one diameter, two of
//! them leaves to both sides of the root and a diameter apart, are neuromorpho.org's way to write one.
//!
//! Sections without length are taken out and their children handed up.
//!
//! Three things are not NEURON's, because NEURON loses or misplaces membrane there: a neurite of one sample on
//! the first sample of a branching soma is kept; a neurite's first sample is joined to the next line only if
//! that grows on it; and several samples at one place without length are no section (NEURON gives NaN).

mod name;
mod run;

use super::faults::Faults;
use super::tree::Tree;
use run::Runs;
use tianyan_model::{Attachment, Morphology, Point, Problem, Section, SectionType, Shape};

/// A section on its way: parents are indices among drafts.
#[derive(Debug, Clone)]
struct Draft {
    section_type: SectionType,
    parent: Option<(usize, f64)>,
    points: Vec<Point>,
    /// Line of its first sample.
    line: u32,
}

/// Cuts the tree, leaves out what has no length, then names and orders. `None` if the soma has no length.
/// The second value is NEURON's order.
pub(super) fn cut(tree: &Tree, faults: &mut Faults) -> Option<(Morphology, Vec<usize>)> {
    let runs = Runs::new(tree);
    let mut drafts: Vec<Draft> = (0..runs.ranges.len()).map(|i| draft(tree, &runs, i)).collect();
    for line in &runs.mixed_lines {
        let message = "the branch that continues this sample is of another type and joins its section, as in NEURON";
        faults.note(*line, "swc-mixed-types", message);
    }
    if length_um(&drafts[0].points) == 0.0 {
        let problem = Problem::new("swc-soma", "all samples of the soma's first section lie at one place")
            .help("leave one soma sample: it becomes a cylinder as long as it is wide");
        faults.add(drafts[0].line, 1, problem);
        return None;
    }
    for line in remove_empty(&mut drafts) {
        faults.note(line, "swc-no-length", "the section that begins here has no length and was left out");
    }
    Some(name::name_and_order(drafts))
}

fn draft(tree: &Tree, runs: &Runs, index: usize) -> Draft {
    let range = runs.ranges[index].clone();
    let line = tree.samples[range.start].line;
    let section_type = tree.samples[range.start].section_type;
    if index == 0 {
        let points = if runs.is_sphere { sphere(tree) } else { range.map(|i| point(tree, i)).collect() };
        return Draft { section_type, parent: None, points, line };
    }
    let from = tree.parent[range.start];
    let joint = joint(tree, runs, index);
    let mut points = vec![point(tree, from)];
    points.extend(range.map(|i| point(tree, i)));
    let from_soma = runs.section_type(tree, joint.section) == SectionType::Soma;
    if from_soma && section_type != SectionType::Soma {
        points[0].diameter_um = points[1].diameter_um;
    }
    if joint.own_start {
        points.remove(0);
    }
    Draft { section_type, parent: Some((joint.section, joint.x)), points, line }
}

/// How a section is joined to its parent.
struct Joint {
    section: usize,
    x: f64,
    own_start: bool,
}

fn joint(tree: &Tree, runs: &Runs, index: usize) -> Joint {
    let range = &runs.ranges[index];
    let from = tree.parent[range.start];
    let section = runs.section_of[from];
    if runs.at_start[range.start] {
        return Joint { section, x: 0.0, own_start: false };
    }
    if runs.section_type(tree, section) != SectionType::Soma {
        return Joint { section, x: 1.0, own_start: false };
    }
    let neurite = tree.samples[range.start].section_type != SectionType::Soma;
    let (several, branches) = (range.len() > 1, runs.soma_children[from] > 1);
    let last = runs.ranges[section].end - 1;
    let (x, own_start) = if section == 0 && runs.is_sphere && neurite {
        (0.5, several)
    } else if section == 0 && from == 0 {
        // NEURON does not ask here whether there are several, and then drops the section as one of one point.
        (0.0, neurite && branches && several)
    } else if from < last {
        (0.5, neurite && several)
    } else {
        (1.0, neurite && several && branches)
    };
    Joint { section, x, own_start }
}

/// A one-sample soma: a cylinder along x as long as it is wide, with its middle marked.
fn sphere(tree: &Tree) -> Vec<Point> {
    let sample = &tree.samples[0];
    let [x, y, z] = sample.place_um;
    let diameter = 2.0 * sample.radius_um;
    [x - diameter / 2.0, x, x + diameter / 2.0].map(|x| printed(x, y, z, diameter)).into()
}

fn point(tree: &Tree, i: usize) -> Point {
    let sample = &tree.samples[i];
    let [x, y, z] = sample.place_um;
    printed(x, y, z, 2.0 * sample.radius_um)
}

/// NEURON hands points from the reader to the sections as text of eight digits, which moves some by an f32 step.
fn printed(x: f64, y: f64, z: f64, diameter: f64) -> Point {
    Point { x_um: eight(x), y_um: eight(y), z_um: eight(z), diameter_um: eight(diameter) }
}

fn eight(value: f64) -> f64 {
    format!("{value:.7e}").parse().unwrap_or(value)
}

fn length_um(points: &[Point]) -> f64 {
    let shape = Shape::Points(points.to_vec());
    Section { name: String::new(), section_type: SectionType::Soma, parent: None, shape }.length_um()
}

/// Takes sections without length out, last first; their children hang where they hung. Returns their lines.
fn remove_empty(drafts: &mut Vec<Draft>) -> Vec<u32> {
    let mut lines = Vec::new();
    for i in (1..drafts.len()).rev() {
        if length_um(&drafts[i].points) == 0.0 {
            let removed = drafts.remove(i);
            lines.push(removed.line);
            drafts[i..].iter_mut().for_each(|draft| hand_up(draft, i, removed.parent));
        }
    }
    lines.reverse();
    lines
}

fn hand_up(draft: &mut Draft, removed: usize, to: Option<(usize, f64)>) {
    draft.parent = match draft.parent {
        Some((parent, _)) if parent == removed => to,
        Some((parent, x)) if parent > removed => Some((parent - 1, x)),
        other => other,
    };
}

/// The finished section.
fn finished(draft: Draft, name: String, position: &[usize]) -> Section {
    let parent = draft.parent.map(|(parent, x)| Attachment { section: position[parent], x });
    Section { name, section_type: draft.section_type, parent, shape: Shape::Points(draft.points) }
}

#[cfg(test)]
mod tests;
