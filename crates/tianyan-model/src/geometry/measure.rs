//! Lengths, places and path distances.

use super::Chain;
use crate::morphology::{Location, Morphology, Section, Shape};

impl Section {
    /// Length along the section, um; for points the sum of the distances between them, as NEURON's `L`.
    pub fn length_um(&self) -> f64 {
        match &self.shape {
            Shape::Cylinder { length_um, .. } => *length_um,
            Shape::Points(points) => Chain::new(points).length_um(),
        }
    }
}

impl Morphology {
    /// The place at relative position `x` of a section, um, interpolated along the arc of its points.
    ///
    /// A cylinder has no place of its own: it lies along the x axis, from where it is attached (the root from
    /// the origin).
    pub fn position_um(&self, section: usize, x: f64) -> [f64; 3] {
        // Cylinders hang on each other's ends, so the way up to the first section with points adds up.
        let (mut place, mut x, mut index) = ([0.0; 3], x, section);
        loop {
            match &self.sections[index].shape {
                Shape::Points(points) => {
                    let chain = Chain::new(points);
                    let found = chain.position_um(x * chain.length_um()).unwrap_or_default();
                    return [place[0] + found[0], place[1] + found[1], place[2] + found[2]];
                }
                Shape::Cylinder { length_um, .. } => place[0] += x * length_um,
            }
            match self.sections[index].parent {
                Some(parent) => (index, x) = (parent.section, parent.x),
                None => return place,
            }
        }
    }

    /// Path length between two places, um, as NEURON's `h.distance(from, to)`: from node to node, so a place
    /// inside a section counts as the centre of its compartment, and so does the place where a child is
    /// attached. `compartments` is nseg of each section.
    pub fn path_distance_um(&self, compartments: &[u32], from: Location, to: Location) -> f64 {
        let (from, to) = (self.way_to_root(compartments, from), self.way_to_root(compartments, to));
        let shared = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a.0 == b.0).count();
        let apart = |way: &[(usize, f64)]| way[..way.len() - shared].iter().map(|step| step.1).sum::<f64>();
        let along = match shared.checked_sub(1) {
            Some(_) => (from[from.len() - shared].1 - to[to.len() - shared].1).abs(),
            None => f64::INFINITY,
        };
        apart(&from) + apart(&to) + along
    }

    /// Path length from the 0 end of the root section, um: NEURON's `h.distance(soma(0), to)`.
    pub fn distance_from_root_um(&self, compartments: &[u32], to: Location) -> f64 {
        self.path_distance_um(compartments, Location { section: 0, x: 0.0 }, to)
    }

    /// Path length from the middle of the root section, um: NEURON's `h.distance(soma(0.5), to)`.
    pub fn distance_from_soma_um(&self, compartments: &[u32], to: Location) -> f64 {
        self.path_distance_um(compartments, Location { section: 0, x: 0.5 }, to)
    }

    /// Each section from `location` up to the root, with the length from its 0 end to the node on the way.
    fn way_to_root(&self, compartments: &[u32], location: Location) -> Vec<(usize, f64)> {
        let (mut section, mut x) = (location.section, location.x);
        let mut way = Vec::new();
        loop {
            let n = compartments.get(section).copied().unwrap_or(1).max(1);
            way.push((section, self.sections[section].length_um() * node_x(x, n)));
            match self.sections[section].parent {
                Some(parent) => (section, x) = (parent.section, parent.x),
                None => return way,
            }
        }
    }
}

/// The relative position of the node that stands for `x`.
fn node_x(x: f64, compartments: u32) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let n = f64::from(compartments);
    ((x * n).floor() + 0.5) / n
}
