//! `tianyan morph`.

use crate::say::say;
use std::path::Path;
use std::process::ExitCode;
use tianyan::{Error, io, model};

/// Says what is in an SWC file.
pub fn describe(file: &Path) -> Result<ExitCode, Error> {
    let swc = io::swc::read_swc(file)?;
    let sections = &swc.morphology.sections;
    let one_each = vec![1; sections.len()];
    let geometry = model::Geometry::new(&swc.morphology, &one_each);
    say!("{}: {} sections", file.display(), sections.len());
    say!("{:<10} {:>8} {:>14} {:>14}", "type", "sections", "length (um)", "area (um2)");
    let mut types: Vec<model::SectionType> = sections.iter().map(|s| s.section_type).collect();
    types.sort();
    types.dedup();
    for section_type in types {
        let of_type = || (0..sections.len()).filter(|&i| sections[i].section_type == section_type);
        let length: f64 = of_type().map(|i| sections[i].length_um()).sum();
        let area: f64 = of_type().map(|i| geometry.sections[i].iter().map(|c| c.area_um2).sum::<f64>()).sum();
        say!("{:<10} {:>8} {length:>14.2} {area:>14.2}", name(section_type), of_type().count());
    }
    let d_lambda = |section| {
        let rule = model::Discretisation::DLambda { fraction: 0.1, frequency_hz: 100.0 };
        rule.compartments(section, 100.0, 1.0)
    };
    let compartments: u32 = sections.iter().map(d_lambda).sum();
    say!("compartments by d_lambda 0.1 (Ra 100 ohm cm, cm 1 uF/cm2): {compartments}");
    if swc.notes.is_empty() {
        say!("nothing odd");
    }
    swc.notes.iter().for_each(|note| say!("note: {note}"));
    Ok(ExitCode::SUCCESS)
}

fn name(section_type: model::SectionType) -> String {
    match section_type {
        model::SectionType::Soma => "soma".into(),
        model::SectionType::Axon => "axon".into(),
        model::SectionType::Dendrite => "dendrite".into(),
        model::SectionType::Apical => "apical".into(),
        model::SectionType::Custom(tag) => format!("type {tag}"),
    }
}
