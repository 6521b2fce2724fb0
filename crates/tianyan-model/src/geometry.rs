//! From frusta to compartments: area, axial resistance and diameter as NEURON computes them
//! (treeset.cpp, nrn_area_ri and diam_from_list).
//!
//! A section of length L with nseg compartments is cut at equal arc lengths L/nseg. Over each half of a
//! compartment three integrals run along the chain of pt3d frusta, with d(s) linear between points:
//!
//! | what | integral | unit |
//! |---|---|---|
//! | area | pi/2 * sum (d1 + d2) * sqrt(ds^2 + ((d2 - d1)/2)^2) | um2 |
//! | axial resistance | 4/pi * 0.01 * Ra * sum ds / (d1 * d2) | megaohm, Ra in ohm cm |
//! | diameter | mean of d(s) over the compartment | um |
//!
//! Coordinates and diameters are first rounded to f32, because NEURON stores pt3d so; arc lengths are f64.
//! Points at equal arc length make a jump of diameter: its ring counts as area, not as resistance.

mod chain;
mod measure;

use crate::morphology::{Morphology, Section, Shape};
pub(crate) use chain::Chain;
use std::f64::consts::PI;

/// One compartment of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compartment {
    /// Membrane area.
    pub area_um2: f64,
    /// Axial resistance from the compartment's start to its centre, for Ra = 1 ohm cm, in megaohm.
    pub left_mohm: f64,
    /// From its centre to its end, likewise. Between two neighbouring centres lie the right half of the one
    /// and the left half of the next.
    pub right_mohm: f64,
    /// Diameter as `diam` of NMODL sees it: the mean along the compartment. (It is not area / (pi * length):
    /// slopes and jumps of diameter add to the area alone.)
    pub diameter_um: f64,
}

/// All sections of a morphology, cut.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Geometry {
    /// Compartments of each section, from x = 0 to x = 1.
    pub sections: Vec<Vec<Compartment>>,
}

impl Geometry {
    /// Cuts every section of `morphology` into the given number of compartments (nseg; 0 counts as 1).
    pub fn new(morphology: &Morphology, compartments: &[u32]) -> Geometry {
        let sections = morphology.sections.iter().zip(compartments).map(|(s, &n)| cut(s, n)).collect();
        Geometry { sections }
    }
}

fn cut(section: &Section, compartments: u32) -> Vec<Compartment> {
    let n = compartments.max(1);
    match &section.shape {
        Shape::Cylinder { length_um, diameter_um } => {
            vec![cylinder(length_um / f64::from(n), *diameter_um); n as usize]
        }
        Shape::Points(points) => {
            let chain = Chain::new(points);
            if chain.len() < 2 { vec![cylinder(0.0, chain.first_diameter_um()); n as usize] } else { frusta(&chain, n) }
        }
    }
}

/// A right circular cylinder of length `dx`, both in um.
fn cylinder(dx: f64, diameter_um: f64) -> Compartment {
    let half_mohm = 1e-2 * (dx / 2.0) / (PI * diameter_um * diameter_um / 4.0);
    Compartment { area_um2: PI * diameter_um * dx, left_mohm: half_mohm, right_mohm: half_mohm, diameter_um }
}

fn frusta(chain: &Chain, n: u32) -> Vec<Compartment> {
    let length = chain.length_um() / f64::from(n);
    let mut walk = Walk::new(chain);
    (0..n)
        .map(|i| {
            let start = f64::from(i) * length;
            let centre = start + length / 2.0;
            let (left, right) = (walk.until(centre), walk.until(centre + length / 2.0));
            compartment(left, right, length)
        })
        .collect()
}

fn compartment(left: Sums, right: Sums, length_um: f64) -> Compartment {
    let diameter_um = if length_um > 0.0 { (left.diameter + right.diameter) * 0.5 / length_um } else { right.last_um };
    Compartment {
        area_um2: (left.area + right.area) * 0.5 * PI,
        left_mohm: left.resistance / PI * (4.0 * 0.01),
        right_mohm: right.resistance / PI * (4.0 * 0.01),
        diameter_um,
    }
}

/// The three sums over one half of a compartment, without their constant factors.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    area: f64,
    resistance: f64,
    diameter: f64,
    last_um: f64,
}

/// NEURON's floor for a piece's length and for d1*d2/ds, which keeps jumps and points of no diameter finite.
const TINY: f64 = 1e-15;

impl Sums {
    /// Adds the frustum of length `ds` between diameters `d1` and `d2`, all in um.
    fn add(&mut self, ds: f64, d1: f64, d2: f64) {
        self.diameter += (d2 + d1) * ds;
        let ds = ds.max(TINY);
        let conductance = d2 * d1 / ds;
        self.resistance += 1.0 / if conductance == 0.0 { TINY } else { conductance };
        let slope = 0.5 * (d2 - d1);
        self.area += (d2 + d1) * (ds * ds + slope * slope).sqrt();
        self.last_um = d2;
    }
}

/// Walks along a chain once, from its start to its end, and stops wherever it is told.
struct Walk<'a> {
    chain: &'a Chain,
    /// The frustum it is in: between points `frustum` and `frustum + 1`.
    frustum: usize,
    arc_um: f64,
    diameter_um: f64,
}

impl<'a> Walk<'a> {
    fn new(chain: &'a Chain) -> Walk<'a> {
        Walk { chain, frustum: 0, arc_um: 0.0, diameter_um: chain.first_diameter_um() }
    }

    /// Goes on to arc length `end_um` and sums what lies between. Points that lie exactly there are passed.
    fn until(&mut self, end_um: f64) -> Sums {
        let mut sums = Sums::default();
        while self.frustum + 2 < self.chain.len() && self.chain.arc_um(self.frustum + 1) <= end_um {
            self.frustum += 1;
            self.step(&mut sums, self.chain.arc_um(self.frustum), self.chain.diameter_um(self.frustum));
        }
        let diameter = self.chain.diameter_in_frustum(self.frustum, end_um);
        self.step(&mut sums, end_um, diameter);
        sums
    }

    fn step(&mut self, sums: &mut Sums, arc_um: f64, diameter_um: f64) {
        sums.add(arc_um - self.arc_um, self.diameter_um, diameter_um);
        (self.arc_um, self.diameter_um) = (arc_um, diameter_um);
    }
}

#[cfg(test)]
mod tests;
