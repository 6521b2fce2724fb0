//! Into how many compartments a section is cut.
//!
//! Four rules are in use. With L the section's length and int() dropping the fraction:
//!
//! | rule | nseg | used by |
//! |---|---|---|
//! | [`Discretisation::Count`] | given | small models |
//! | [`Discretisation::MaxLength`] | ceil(L / max) | the worm, 2 um |
//! | [`Discretisation::OddMaxLength`] | 1 + 2 int(L / (2 max)) | BMTK, `dL` = 20 um |
//! | [`Discretisation::DLambda`] | 1 + 2 int((L / (d lambda_f) + 0.9) / 2) | NEURON's CellBuilder, d = 0.1 at 100 Hz |

use crate::geometry::Chain;
use crate::morphology::{Point, Section, Shape};
use std::f64::consts::{PI, SQRT_2};

/// More compartments than this NEURON cannot number in one section; rules stop here.
pub const MAX_COMPARTMENTS: u32 = 32_767;

/// A rule for the number of compartments of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Discretisation {
    /// That many in every section (0 counts as 1).
    Count(u32),
    /// The fewest that are no longer than `max_um`.
    MaxLength {
        /// Upper bound of a compartment's length.
        max_um: f64,
    },
    /// An odd number, so that x = 0.5 is a compartment's centre: two for every `2 * max_um`, and one.
    OddMaxLength {
        /// About the length of a compartment; never exceeded by more than sections shorter than `2 * max_um` do.
        max_um: f64,
    },
    /// An odd number whose compartments are at most `fraction` of the length constant at `frequency_hz`.
    DLambda {
        /// The d in d_lambda, usually 0.1.
        fraction: f64,
        /// Usually 100 Hz.
        frequency_hz: f64,
    },
}

impl Discretisation {
    /// The number of compartments of `section`, 1 to [`MAX_COMPARTMENTS`].
    ///
    /// Axial resistivity and membrane capacitance matter to [`Discretisation::DLambda`] alone.
    pub fn compartments(&self, section: &Section, ra_ohm_cm: f64, cm_uf_per_cm2: f64) -> u32 {
        match *self {
            Discretisation::Count(n) => n.max(1),
            Discretisation::MaxLength { max_um } => bounded((section.length_um() / max_um).ceil()),
            Discretisation::OddMaxLength { max_um } => {
                bounded(1.0 + 2.0 * (section.length_um() / (2.0 * max_um)).trunc())
            }
            Discretisation::DLambda { fraction, frequency_hz } => {
                d_lambda_compartments(section, ra_ohm_cm, cm_uf_per_cm2, fraction, frequency_hz)
            }
        }
    }
}

/// NEURON's d_lambda rule: 1 + 2 int((L / (d lambda_f) + 0.9) / 2), with d = `d_lambda`.
pub fn d_lambda_compartments(
    section: &Section,
    ra_ohm_cm: f64,
    cm_uf_per_cm2: f64,
    d_lambda: f64,
    frequency_hz: f64,
) -> u32 {
    let lambda_um = lambda_f(section, ra_ohm_cm, cm_uf_per_cm2, frequency_hz);
    bounded(((section.length_um() / (d_lambda * lambda_um) + 0.9) / 2.0).trunc() * 2.0 + 1.0)
}

/// The length, in um, of one AC length constant of the section at `frequency_hz`: for a cylinder
/// 1e5 sqrt(d / (4 pi f Ra cm)); for points L over the number of length constants, summed over the frusta,
/// each with the mean of its two diameters. 1e10 where there is no capacitance, as in NEURON.
pub fn lambda_f(section: &Section, ra_ohm_cm: f64, cm_uf_per_cm2: f64, frequency_hz: f64) -> f64 {
    if cm_uf_per_cm2 == 0.0 {
        return 1e10;
    }
    let product = 4.0 * PI * frequency_hz * ra_ohm_cm * cm_uf_per_cm2;
    match &section.shape {
        Shape::Cylinder { diameter_um, .. } => 1e5 * (diameter_um / product).sqrt(),
        Shape::Points(points) => lambda_of_points(points, product),
    }
}

fn lambda_of_points(points: &[Point], product: f64) -> f64 {
    let chain = Chain::new(points);
    let frustum = |i: usize| {
        let length = chain.arc_um(i) - chain.arc_um(i - 1);
        // A jump of diameter has no length; 0/0 between two points of no diameter must not spoil the sum.
        if length == 0.0 { 0.0 } else { length / (chain.diameter_um(i - 1) + chain.diameter_um(i)).sqrt() }
    };
    let sum: f64 = (1..chain.len()).map(frustum).sum();
    if sum == 0.0 {
        return 1e5 * (chain.first_diameter_um() / product).sqrt();
    }
    chain.length_um() / (sum * SQRT_2 * 1e-5 * product.sqrt())
}

/// NaN becomes 1.
fn bounded(n: f64) -> u32 {
    // `as` saturates and maps NaN to 0.
    (n as u32).clamp(1, MAX_COMPARTMENTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::morphology::SectionType;

    fn cylinder(length_um: f64, diameter_um: f64) -> Section {
        let shape = Shape::Cylinder { length_um, diameter_um };
        Section { name: "dend[0]".into(), section_type: SectionType::Dendrite, parent: None, shape }
    }

    #[test]
    fn plain_rule_rounds_up() {
        let rule = Discretisation::MaxLength { max_um: 2.0 };
        let n = |length| rule.compartments(&cylinder(length, 1.0), 100.0, 1.0);
        assert_eq!([n(0.0), n(1.9), n(2.0), n(2.1), n(7.9), n(8.1)], [1, 1, 1, 2, 4, 5]);
    }

    #[test]
    fn odd_rule_is_bmtk_s() {
        let rule = Discretisation::OddMaxLength { max_um: 20.0 };
        let n = |length| rule.compartments(&cylinder(length, 1.0), 100.0, 1.0);
        assert_eq!([n(10.0), n(39.9), n(40.0), n(79.9), n(80.0), n(401.0)], [1, 1, 3, 3, 5, 21]);
    }

    #[test]
    fn lambda_of_a_cylinder_equals_that_of_its_points() {
        let point = |x_um: f64| Point { x_um, y_um: 0.0, z_um: 0.0, diameter_um: 2.0 };
        let mut section = cylinder(300.0, 2.0);
        let plain = lambda_f(&section, 150.0, 0.9, 100.0);
        section.shape = Shape::Points(vec![point(0.0), point(100.0), point(300.0)]);
        assert!((lambda_f(&section, 150.0, 0.9, 100.0) / plain - 1.0).abs() < 1e-12);
        // NEURON 9.0.2's own figure.
        assert!((plain - 343.354_846_242_835_2).abs() < 1e-10);
    }

    #[test]
    fn odd_input_never_runs_away() {
        for rule in [
            Discretisation::MaxLength { max_um: 0.0 },
            Discretisation::OddMaxLength { max_um: f64::NAN },
            Discretisation::DLambda { fraction: 0.0, frequency_hz: 100.0 },
        ] {
            let n = rule.compartments(&cylinder(10.0, 0.0), 100.0, 1.0);
            assert!((1..=MAX_COMPARTMENTS).contains(&n));
        }
        assert_eq!(Discretisation::Count(0).compartments(&cylinder(10.0, 1.0), 100.0, 1.0), 1);
    }
}
