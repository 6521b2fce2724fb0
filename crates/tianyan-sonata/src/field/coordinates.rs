//! Where compartments lie in space, as BMTK's seg_coords have it: the morphology is moved so that the mean of the
//! soma's points lies at the origin, rotated by Rx (Ry Rz), and moved to the node's position.

use tianyan_model::{Morphology, Problem, Shape};

use crate::nodes::NodePopulation;
use crate::placement::Segment;
use crate::value::Value;

pub(crate) type Point3 = [f64; 3];

/// Start, middle and end of each compartment, um, in the order of section ids.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coordinates {
    pub start: Vec<Point3>,
    pub middle: Vec<Point3>,
    pub end: Vec<Point3>,
}

/// Where NEURON's define_shape draws the stub of an axon: start, and end of both sections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stub(pub [Point3; 3]);

impl Stub {
    /// On the soma, whose points are given, at `x`; `siblings` other sections begin there. NEURON turns children that
    /// begin inside a section by a right angle, and fans them out over 0.8 rad.
    pub fn on(soma: &[Point3], x: f64, siblings: usize, length_um: f64) -> Stub {
        let (first, last) = (soma.first().copied().unwrap_or_default(), soma.last().copied().unwrap_or_default());
        let towards = if x < 0.5 { -1.0 } else { 1.0 };
        let mut angle = (towards * (last[1] - first[1])).atan2(towards * (last[0] - first[0]));
        if x > 0.0 && x < 1.0 {
            angle += std::f64::consts::FRAC_PI_2;
        }
        if siblings > 0 {
            angle -= 0.4;
        }
        let start: Point3 = std::array::from_fn(|k| last[k] * x + first[k] * (1.0 - x));
        let along = |s: f64| [start[0] + s * angle.cos(), start[1] + s * angle.sin(), start[2]];
        Stub([start, along(length_um), along(2.0 * length_um)])
    }
}

impl Coordinates {
    /// The compartments of a cell; `stub` says where its last two sections are drawn.
    pub fn new(morphology: &Morphology, segments: &[Segment], compartments: &[u32], stub: Option<Stub>) -> Coordinates {
        let soma = points(morphology, 0);
        let centre: Point3 = std::array::from_fn(|k| soma.iter().map(|p| p[k]).sum::<f64>() / soma.len().max(1) as f64);
        let mut found = Coordinates::default();
        let sections = segments.last().map_or(0, |segment| segment.section_id + 1);
        for segment in segments {
            let section = segment.location.section;
            let half = 0.5 / f64::from(compartments[section]);
            let place = |x: f64| {
                let drawn = stub.filter(|_| segment.section_id + 2 >= sections);
                let at = match drawn {
                    Some(Stub(points)) => {
                        let k = (segment.section_id + 2 - sections) as usize;
                        std::array::from_fn(|i| points[k][i] * (1.0 - x) + points[k + 1][i] * x)
                    }
                    None => morphology.position_um(section, x),
                };
                std::array::from_fn(|k| at[k] - centre[k])
            };
            let x = segment.location.x;
            found.start.push(place(x - half));
            found.middle.push(place(x));
            found.end.push(place(x + half));
        }
        found
    }

    /// The same compartments of a cell that stands somewhere.
    pub fn posed(&self, pose: &Pose) -> Coordinates {
        let all = |points: &[Point3]| points.iter().map(|point| pose.apply(*point)).collect();
        Coordinates { start: all(&self.start), middle: all(&self.middle), end: all(&self.end) }
    }
}

/// The points of a section, um.
pub(crate) fn points(morphology: &Morphology, section: usize) -> Vec<Point3> {
    match &morphology.sections[section].shape {
        Shape::Points(points) => {
            // As f32, like NEURON's.
            let f32 = |x: f64| f64::from(x as f32);
            points.iter().map(|p| [f32(p.x_um), f32(p.y_um), f32(p.z_um)]).collect()
        }
        Shape::Cylinder { .. } => [0.0, 1.0].map(|x| morphology.position_um(section, x)).to_vec(),
    }
}

/// Position and rotation of a node.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pose {
    rotation: [Point3; 3],
    position: Point3,
}

impl Pose {
    /// Reads `x`, `y`, `z` and `rotation_angle_{x,y,z}axis` (rad); what is missing is 0.
    pub fn of(population: &NodePopulation, node_id: u32) -> Result<Pose, Problem> {
        let number = |column: &str| -> Result<f64, Problem> {
            Ok(match population.value(node_id, column)? {
                Value::Number(number) => number,
                _ => 0.0,
            })
        };
        let axis = |k: usize, angle: f64| rotation(k, angle);
        let x = axis(0, number("rotation_angle_xaxis")?);
        let y = axis(1, number("rotation_angle_yaxis")?);
        let z = axis(2, number("rotation_angle_zaxis")?);
        let position = match population.position(node_id)? {
            Some(position) => position,
            None => [number("x")?, number("y")?, number("z")?],
        };
        Ok(Pose { rotation: product(&x, &product(&y, &z)), position })
    }

    fn apply(&self, point: Point3) -> Point3 {
        std::array::from_fn(|i| (0..3).map(|j| self.rotation[i][j] * point[j]).sum::<f64>() + self.position[i])
    }
}

/// Counterclockwise about an axis, by a quaternion as BMTK builds it.
pub(super) fn rotation(axis: usize, angle: f64) -> [Point3; 3] {
    let a = (angle / 2.0).cos();
    let mut q = [0.0; 3];
    q[axis] = -(angle / 2.0).sin();
    let [b, c, d] = q;
    [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)],
        [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)],
        [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - b * b - c * c],
    ]
}

pub(super) fn product(a: &[Point3; 3], b: &[Point3; 3]) -> [Point3; 3] {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_about_z_takes_x_to_y() {
        let turn = rotation(2, std::f64::consts::FRAC_PI_2);
        let pose = Pose { rotation: turn, position: [0.0, 0.0, 5.0] };
        let moved = pose.apply([1.0, 0.0, 0.0]);
        assert!(moved[0].abs() < 1e-15 && (moved[1] - 1.0).abs() < 1e-15 && moved[2] == 5.0);
    }

    #[test]
    fn the_stub_lies_where_neuron_draws_it() {
        // Scnn1a_473845048_m.swc in NEURON 9.0.2.
        let soma = [
            [297.717_193_603_515_6, 379.464_813_232_421_9, 28.56],
            [308.602_813_720_703_1, 379.464_813_232_421_9, 28.56],
        ];
        let Stub([start, middle, end]) = Stub::on(&soma, 0.5, 8, 30.0);
        for (found, wanted) in
            [(start, [303.16, 379.4648]), (middle, [314.8426, 407.0966]), (end, [326.5251, 434.7285])]
        {
            assert!((found[0] - wanted[0]).abs() < 1e-4 && (found[1] - wanted[1]).abs() < 1e-4);
        }
    }
}
