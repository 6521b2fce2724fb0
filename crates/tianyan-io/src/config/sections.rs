//! The morphology of a template that lists its sections in the config.

use tianyan_model::{Attachment, Morphology, Point, Problems, Section, Shape};

use super::cells_schema::SectionEntry;
use super::nearest::did_you_mean;

/// The morphology that a template's `sections` describe.
pub(crate) fn inline_morphology(sections: &[SectionEntry]) -> Result<Morphology, Problems> {
    let mut morphology = Morphology::default();
    let mut problems = Problems::default();
    for (i, entry) in sections.iter().enumerate() {
        let known: Vec<&str> = sections[..i].iter().map(|section| section.name.as_str()).collect();
        let parent = parent(entry, &known, &mut problems);
        if known.contains(&entry.name.as_str()) {
            let message = format!("there are two sections `{}`", entry.name);
            problems.push(entry.spot.problem("name", "cell-section", message));
        }
        let shape = shape(entry, &mut problems).unwrap_or(Shape::Cylinder { length_um: 1.0, diameter_um: 1.0 });
        let section_type = entry.r#type.0;
        morphology.sections.push(Section { name: entry.name.clone(), section_type, parent, shape });
    }
    problems.or(morphology)
}

fn parent(entry: &SectionEntry, known: &[&str], problems: &mut Problems) -> Option<Attachment> {
    if !(0.0..=1.0).contains(&entry.parent_x) {
        problems.push(entry.spot.problem("parent_x", "config-value", "parent_x must lie between 0 and 1"));
    }
    let Some(name) = &entry.parent else {
        if !known.is_empty() {
            let message = format!("section `{}` has no parent; only the first section has none", entry.name);
            problems.push(entry.spot.problem("parent", "cell-section", message));
        }
        return None;
    };
    let Some(section) = known.iter().position(|known| known == name) else {
        let message = format!("no section `{name}` stands before `{}`", entry.name);
        let problem = entry.spot.problem("parent", "cell-section", message);
        problems.push(problem.help(did_you_mean(name, known.iter().copied())));
        return None;
    };
    Some(Attachment { section, x: entry.parent_x })
}

fn shape(entry: &SectionEntry, problems: &mut Problems) -> Option<Shape> {
    let wrong = |key: &str, message: &str| Some(entry.spot.problem(key, "cell-section", message));
    let problem = match (entry.length_um, entry.diameter_um, entry.points_um.as_slice()) {
        (Some(length_um), Some(diameter_um), []) => {
            if length_um > 0.0 && length_um.is_finite() && diameter_um > 0.0 && diameter_um.is_finite() {
                return Some(Shape::Cylinder { length_um, diameter_um });
            }
            let key = if length_um > 0.0 && length_um.is_finite() { "diameter_um" } else { "length_um" };
            wrong(key, "length_um and diameter_um must be above 0")
        }
        (None, None, [_, _, ..]) => {
            let point = |p: &[f64; 4]| Point { x_um: p[0], y_um: p[1], z_um: p[2], diameter_um: p[3] };
            if entry.points_um.iter().all(|p| p.iter().all(|c| c.is_finite()) && p[3] > 0.0) {
                return Some(Shape::Points(entry.points_um.iter().map(point).collect()));
            }
            wrong("points_um", "points must be finite, with diameters above 0")
        }
        (None, None, [_]) => wrong("points_um", "a section needs at least two points"),
        _ => wrong("length_um", "a section needs either length_um and diameter_um, or points_um"),
    };
    problem.into_iter().for_each(|problem| problems.push(problem));
    None
}
