use super::*;
use crate::morphology::{Attachment, Location, Point, SectionType};

fn point(x_um: f64, diameter_um: f64) -> Point {
    Point { x_um, y_um: 0.0, z_um: 0.0, diameter_um }
}

fn section(shape: Shape, parent: Option<Attachment>) -> Section {
    Section { name: "s".into(), section_type: SectionType::Dendrite, parent, shape }
}

fn one(shape: Shape, compartments: u32) -> Vec<Compartment> {
    let morphology = Morphology { sections: vec![section(shape, None)] };
    Geometry::new(&morphology, &[compartments]).sections.remove(0)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-3), "{a} is not {b}");
}

#[test]
fn a_cylinder_and_its_points_agree() {
    for n in [1, 2, 5, 8] {
        let plain = one(Shape::Cylinder { length_um: 32.0, diameter_um: 2.0 }, n);
        let points = one(Shape::Points(vec![point(0.0, 2.0), point(5.0, 2.0), point(32.0, 2.0)]), n);
        assert_eq!(plain.len(), n as usize);
        for (a, b) in plain.iter().zip(&points) {
            close(a.area_um2, b.area_um2);
            close(a.left_mohm, b.left_mohm);
            close(a.right_mohm, b.right_mohm);
            close(a.diameter_um, b.diameter_um);
        }
    }
}

#[test]
fn a_cone_has_the_frustum_s_area_and_resistance() {
    // d from 4 to 2 over 3 um: slant sqrt(9 + 1); resistance of a cone 4 L / (pi d1 d2).
    let cone = one(Shape::Points(vec![point(0.0, 4.0), point(3.0, 2.0)]), 1)[0];
    close(cone.area_um2, PI * 0.5 * 6.0 * 10f64.sqrt());
    close(cone.left_mohm, 0.01 * 4.0 * 1.5 / (PI * 4.0 * 3.0));
    close(cone.right_mohm, 0.01 * 4.0 * 1.5 / (PI * 3.0 * 2.0));
    close(cone.diameter_um, 3.0);
}

#[test]
fn area_and_resistance_do_not_depend_on_the_number_of_compartments() {
    let shape = || Shape::Points(vec![point(0.0, 4.0), point(3.0, 2.0), point(3.0, 1.0), point(11.0, 0.5)]);
    let total = |n| {
        let cut = one(shape(), n);
        let area: f64 = cut.iter().map(|c| c.area_um2).sum();
        (area, cut.iter().map(|c| c.left_mohm + c.right_mohm).sum::<f64>())
    };
    let (area, resistance) = total(1);
    for n in 2..20 {
        close(total(n).0, area);
        close(total(n).1, resistance);
    }
}

#[test]
fn a_jump_of_diameter_adds_a_ring_of_area_only() {
    let jump = one(Shape::Points(vec![point(0.0, 4.0), point(2.0, 4.0), point(2.0, 2.0), point(4.0, 2.0)]), 1)[0];
    close(jump.area_um2, PI * (4.0 * 2.0 + 2.0 * 2.0 + (16.0 - 4.0) / 4.0));
    close(jump.left_mohm, 0.01 * 4.0 * 2.0 / (PI * 16.0));
    close(jump.right_mohm, 0.01 * 4.0 * 2.0 / (PI * 4.0));
}

#[test]
fn degenerate_shapes_stay_finite() {
    for points in [vec![], vec![point(1.0, 1.0)], vec![point(1.0, 1.0), point(1.0, 1.0)]] {
        for c in one(Shape::Points(points), 3) {
            assert!(c.area_um2.is_finite() && c.diameter_um.is_finite());
        }
    }
}

fn tree() -> Morphology {
    let cylinder = |length_um| Shape::Cylinder { length_um, diameter_um: 1.0 };
    let on = |section, x| Some(Attachment { section, x });
    Morphology {
        sections: vec![
            section(Shape::Points(vec![point(10.0, 20.0), point(30.0, 20.0)]), None),
            section(cylinder(100.0), on(0, 1.0)),
            section(cylinder(50.0), on(1, 0.3)),
            section(cylinder(40.0), on(0, 0.0)),
        ],
    }
}

#[test]
fn distances_go_from_node_to_node() {
    let (tree, at) = (tree(), |section, x| Location { section, x });
    close(tree.distance_from_root_um(&[1, 1, 1, 1], at(1, 0.5)), 20.0 + 50.0);
    close(tree.distance_from_soma_um(&[1, 1, 1, 1], at(1, 1.0)), 10.0 + 100.0);
    // The child at x = 0.3 hangs on the centre of its parent's compartment.
    close(tree.distance_from_soma_um(&[1, 1, 1, 1], at(2, 1.0)), 10.0 + 50.0 + 50.0);
    close(tree.distance_from_soma_um(&[1, 5, 1, 1], at(2, 1.0)), 10.0 + 30.0 + 50.0);
    close(tree.path_distance_um(&[1, 5, 1, 1], at(1, 0.9), at(2, 0.0)), 60.0);
    close(tree.path_distance_um(&[3, 1, 1, 1], at(3, 1.0), at(1, 0.0)), 60.0);
}

#[test]
fn places_follow_the_points_and_the_attachments() {
    let tree = tree();
    assert_eq!(tree.position_um(0, 0.25), [15.0, 0.0, 0.0]);
    assert_eq!(tree.position_um(0, 1.0), [30.0, 0.0, 0.0]);
    assert_eq!(tree.position_um(2, 0.5), [30.0 + 30.0 + 25.0, 0.0, 0.0]);
    assert_eq!(tree.position_um(3, 0.0), [10.0, 0.0, 0.0]);
}
