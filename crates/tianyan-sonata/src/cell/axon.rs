//! The reconstructed axon is replaced by a stub of two sections, 30 um each, at the end of NEURON's list `all`.
//!
//! | model_processing | diameters | hangs on |
//! |---|---|---|
//! | aibs_perisomatic, and NeuroML | 1 um | soma(0.5) |
//! | aibs_allactive | of the first and of the last axon section, at their middles | soma(1) |
//! | aibs_perisomatic_directed | 1 um | soma(0.5), along the axon |
//! | aibs_allactive_directed | as aibs_allactive | soma(1), along the axon |
//!
//! The direction is the first principal axis of the soma's middle point and the points of the last axon section,
//! towards that section's end. It is seen by electrodes alone.

use tianyan_model::{Attachment, Geometry, Morphology, Place, Point, Problem, Section, SectionType, Shape};

use super::Tree;
use crate::field::Stub;

const LENGTH_UM: f64 = 30.0;

/// The stub of perisomatic cells.
pub(super) fn stub_perisomatic(tree: &mut Tree, place: &Place) -> Result<(), Problem> {
    let shape = Shape::Cylinder { length_um: LENGTH_UM, diameter_um: 1.0 };
    replace(tree, place, 0.5, [shape.clone(), shape])
}

/// The stub of all-active cells.
pub(super) fn stub_all_active(tree: &mut Tree, place: &Place) -> Result<(), Problem> {
    // NEURON draws the stub with pt3d points, whose diameters are f32.
    let rounded = |diameter_um: f64| f64::from(diameter_um as f32);
    let shape = |diameter_um| Shape::Cylinder { length_um: LENGTH_UM, diameter_um: rounded(diameter_um) };
    let [first, last] = diameters(tree, place)?;
    replace(tree, place, 1.0, [shape(first), shape(last)])
}

/// A stub along the axon, at soma(`x`); as wide as the axon if it is at the soma's end.
pub(super) fn stub_directed(tree: &mut Tree, place: &Place, x: f64) -> Result<(), Problem> {
    let [first, last] = if x == 1.0 { diameters(tree, place)? } else { [1.0, 1.0] };
    let (start, along) = direction(tree, place)?;
    let piece = |from: f64, to: f64, diameter_um: f64| {
        let at = |s: f64| Point {
            x_um: start[0] + along[0] * s,
            y_um: start[1] + along[1] * s,
            z_um: start[2] + along[2] * s,
            diameter_um,
        };
        Shape::Points(vec![at(from), at(to)])
    };
    replace(tree, place, x, [piece(0.0, LENGTH_UM, first), piece(LENGTH_UM, 2.0 * LENGTH_UM, last)])
}

fn replace(tree: &mut Tree, place: &Place, x: f64, shapes: [Shape; 2]) -> Result<(), Problem> {
    let is_axon = |section: &Section| section.section_type == SectionType::Axon;
    let loose = |section: &&Section| section.parent.is_some_and(|p| is_axon(&tree.sections[p.section]));
    if let Some(child) = tree.sections.iter().filter(|section| !is_axon(section)).find(loose) {
        let message = format!("{} grows on the axon, which is to be replaced by a stub", child.name);
        let problem = Problem::new("sonata-axon", message).at(place.clone());
        return Err(problem.help("NEURON would leave it without a soma; change its parent in the SWC file"));
    }
    let mut kept = vec![usize::MAX; tree.sections.len()];
    let mut count = 0;
    for (i, section) in tree.sections.iter().enumerate().filter(|(_, section)| !is_axon(section)) {
        debug_assert!(section.parent.is_none_or(|p| p.section != i));
        kept[i] = count;
        count += 1;
    }
    tree.sections.retain(|section| !is_axon(section));
    for parent in tree.sections.iter_mut().filter_map(|section| section.parent.as_mut()) {
        parent.section = kept[parent.section];
    }
    let drawn = shapes.iter().any(|shape| matches!(shape, Shape::Cylinder { .. }));
    let siblings = tree.sections.iter().filter(|section| section.parent == Some(Attachment { section: 0, x })).count();
    tree.stub = drawn.then(|| Stub::on(&points(&tree.sections[0]), x, siblings, LENGTH_UM));
    let on = [Attachment { section: 0, x }, Attachment { section: count, x: 1.0 }];
    for (i, (shape, parent)) in shapes.into_iter().zip(on).enumerate() {
        let (name, section_type) = (format!("axon[{i}]"), SectionType::Axon);
        tree.sections.push(Section { name, section_type, parent: Some(parent), shape });
    }
    Ok(())
}

fn axons(tree: &Tree, place: &Place) -> Result<Vec<usize>, Problem> {
    let found = tree.of_region("axon");
    if found.is_empty() {
        let problem = Problem::new("sonata-axon", "the morphology has no axon whose place the stub could take");
        return Err(problem.at(place.clone()).help("use aibs_perisomatic, or a morphology with an axon"));
    }
    Ok(found)
}

/// Diameters in the middle of the first and of the last axon section, with one compartment each.
fn diameters(tree: &Tree, place: &Place) -> Result<[f64; 2], Problem> {
    let found = axons(tree, place)?;
    let of = |index: usize| {
        let section = Section { parent: None, ..tree.sections[index].clone() };
        Geometry::new(&Morphology { sections: vec![section] }, &[1]).sections[0][0].diameter_um
    };
    Ok([of(found[0]), of(found[found.len() - 1])])
}

/// End of the soma, and the unit vector in which the axon leaves it.
fn direction(tree: &Tree, place: &Place) -> Result<([f64; 3], [f64; 3]), Problem> {
    let soma = points(&tree.sections[0]);
    let axon = points(&tree.sections[axons(tree, place)?.pop().unwrap_or(0)]);
    let (Some(&end), Some(&middle), Some(&tip)) = (soma.last(), soma.get(soma.len() / 2), axon.last()) else {
        return Err(Problem::new("sonata-axon", "soma or axon have no points").at(place.clone()));
    };
    let cloud: Vec<[f64; 3]> = std::iter::once(middle).chain(axon).collect();
    let mut along = principal_axis(&cloud);
    let towards: f64 = (0..3).map(|k| along[k] * (tip[k] - middle[k])).sum();
    if towards < 0.0 {
        along = along.map(|x| -x);
    }
    Ok((end, along))
}

/// The points of a section; a cylinder, as NEURON draws a soma of one sample, lies along x around its middle.
fn points(section: &Section) -> Vec<[f64; 3]> {
    match &section.shape {
        Shape::Points(points) => points.iter().map(|p| [p.x_um, p.y_um, p.z_um]).collect(),
        Shape::Cylinder { length_um, .. } => [-0.5, 0.0, 0.5].map(|s| [s * length_um, 0.0, 0.0]).to_vec(),
    }
}

/// The eigenvector of the largest eigenvalue of the covariance, by power iteration from three starts.
fn principal_axis(cloud: &[[f64; 3]]) -> [f64; 3] {
    let n = cloud.len() as f64;
    let mean: [f64; 3] = std::array::from_fn(|k| cloud.iter().map(|p| p[k]).sum::<f64>() / n);
    let covariance: [[f64; 3]; 3] = std::array::from_fn(|i| {
        std::array::from_fn(|j| cloud.iter().map(|p| (p[i] - mean[i]) * (p[j] - mean[j])).sum())
    });
    let times = |v: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| (0..3).map(|j| covariance[i][j] * v[j]).sum()) };
    let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let climb = |k: usize| {
        let mut v: [f64; 3] = std::array::from_fn(|i| if i == k { 1.0 } else { 0.1 });
        for _ in 0..1000 {
            let w = times(v);
            let size = length(w);
            if size == 0.0 {
                break;
            }
            v = w.map(|x| x / size);
        }
        (length(times(v)), v)
    };
    let best = (0..3).map(climb).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or([1.0, 0.0, 0.0], |(_, v)| v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principal_axis_of_a_line() {
        let cloud: Vec<[f64; 3]> = (0..9).map(|i| [f64::from(i), 2.0 * f64::from(i), 5.0]).collect();
        let axis = principal_axis(&cloud);
        let slope = axis[1] / axis[0];
        assert!((slope - 2.0).abs() < 1e-12 && axis[2].abs() < 1e-12);
    }
}
