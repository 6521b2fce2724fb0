//! What a field outside does to a cell: the current that would have the same effect.
//!
//! With e the potential outside a compartment, axial currents are driven by v + e. Beside the usual term a compartment
//! receives the sum over its neighbours of g (e_neighbour - e). That is NEURON's `extracellular` with its defaults,
//! where e_extracellular is the potential outside. Ends without membrane take whatever potential makes no current.

use tianyan_model::{Cell, Geometry};

use crate::placement::Segment;

/// nA into each compartment, for these potentials (mV) outside of each; both in the order of section ids.
pub(crate) fn activating_nanoamp(cell: &Cell, segments: &[Segment], outside_mv: &[f64]) -> Vec<f64> {
    let joints = Joints::new(cell);
    let node = |segment: &Segment| {
        let section = segment.location.section;
        joints.first[section] + (segment.location.x * f64::from(cell.compartments[section])) as usize
    };
    let mut potential = vec![0.0; joints.nodes];
    let mut known = vec![false; joints.nodes];
    for (segment, outside) in segments.iter().zip(outside_mv) {
        potential[node(segment)] = *outside;
        known[node(segment)] = true;
    }
    let (mut sum, mut weight) = (vec![0.0; joints.nodes], vec![0.0; joints.nodes]);
    for &(a, b, usiemens) in &joints.axial {
        for (end, other) in [(a, b), (b, a)] {
            sum[end] += usiemens * potential[other];
            weight[end] += usiemens;
        }
    }
    for end in (0..joints.nodes).filter(|end| !known[*end] && weight[*end] > 0.0) {
        potential[end] = sum[end] / weight[end];
    }
    let mut current = vec![0.0; joints.nodes];
    for &(a, b, usiemens) in &joints.axial {
        current[a] += usiemens * (potential[b] - potential[a]);
        current[b] += usiemens * (potential[a] - potential[b]);
    }
    segments.iter().map(|segment| current[node(segment)]).collect()
}

/// Compartments, the ends where sections are attached, and the conductances between them.
struct Joints {
    /// First node of each section.
    first: Vec<usize>,
    nodes: usize,
    /// (node, node, uS)
    axial: Vec<(usize, usize, f64)>,
}

impl Joints {
    fn new(cell: &Cell) -> Joints {
        let geometry = Geometry::new(&cell.morphology, &cell.compartments);
        let sections = &cell.morphology.sections;
        let mut joints = Joints { first: Vec::new(), nodes: 0, axial: Vec::new() };
        let attached = |section: usize, x: f64| {
            sections.iter().any(|s| s.parent.is_some_and(|p| p.section == section && p.x == x))
        };
        let mut end = vec![None; sections.len()];
        let start = attached(0, 0.0).then(|| joints.node());
        let mut origin: Vec<Option<usize>> = Vec::new();
        for (index, section) in sections.iter().enumerate() {
            let from = match section.parent {
                None => start,
                Some(p) if p.x >= 1.0 => end[p.section],
                Some(p) if p.x <= 0.0 => origin[p.section],
                Some(p) => Some(joints.first[p.section] + (p.x * f64::from(cell.compartments[p.section])) as usize),
            };
            origin.push(from);
            joints.first.push(joints.nodes);
            let mut before = from;
            let mut behind_mohm = 0.0;
            for compartment in &geometry.sections[index] {
                let node = joints.node();
                if let Some(before) = before {
                    let mohm = cell.ra_ohm_cm[index] * (behind_mohm + compartment.left_mohm);
                    joints.axial.push((before, node, 1.0 / mohm));
                }
                before = Some(node);
                behind_mohm = compartment.right_mohm;
            }
            if attached(index, 1.0)
                && let Some(before) = before
            {
                let node = joints.node();
                joints.axial.push((before, node, 1.0 / (cell.ra_ohm_cm[index] * behind_mohm)));
                end[index] = Some(node);
            }
        }
        joints
    }

    fn node(&mut self) -> usize {
        self.nodes += 1;
        self.nodes - 1
    }
}
