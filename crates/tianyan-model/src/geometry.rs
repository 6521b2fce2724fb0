//! From frusta to compartments: area and axial resistance as NEURON computes them (treeset.cpp, diam_from_list).

use crate::morphology::{Morphology, Section};

/// One compartment of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compartment {
    /// Membrane area.
    pub area_um2: f64,
    /// Axial resistance from the compartment's start to its centre, for Ra = 1 ohm cm, in megaohm.
    pub left_mohm: f64,
    /// From its centre to its end, likewise.
    pub right_mohm: f64,
    /// Diameter as `diam` of NMODL sees it: area / (pi * length).
    pub diameter_um: f64,
}

/// All sections of a morphology, cut.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Geometry {
    /// Compartments of each section, from x = 0 to x = 1.
    pub sections: Vec<Vec<Compartment>>,
}

impl Geometry {
    /// Cuts every section of `morphology` into the given number of compartments (nseg).
    pub fn new(morphology: &Morphology, compartments: &[u32]) -> Geometry {
        let sections = morphology.sections.iter().zip(compartments).map(|(s, &n)| cut(s, n)).collect();
        Geometry { sections }
    }
}

fn cut(_section: &Section, _compartments: u32) -> Vec<Compartment> {
    Vec::new()
}
