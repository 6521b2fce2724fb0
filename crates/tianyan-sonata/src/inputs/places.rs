//! Where on a cell a clamp sits.

use tianyan_model::{Gid, Location, Place, Problem, Problems};

use crate::cell::Body;
use crate::config::Entry;
use crate::mersenne::MersenneTwister;
use crate::placement::{Aim, region};

/// `section_name`, `section_index`, `section_dist`: `soma`, 0, 0.5 unless said otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Site {
    /// A section by NEURON's name, and where on it.
    Section { name: String, x: f64 },
    /// Anywhere in a range of path distances. BMTK rolls the dice anew in every run; here the gid seeds them.
    Anywhere { aim: Aim },
}

/// Keys that say where.
pub(crate) const KEYS: &[&str] = &["section_name", "section_index", "section_dist"];

impl Site {
    /// Reads it.
    pub fn read(entry: &Entry, problems: &mut Problems) -> Site {
        let names = entry.texts("section_name", problems).unwrap_or_else(|| vec!["soma".into()]);
        if let Some(serde_json::Value::Array(_)) = entry.get("section_index") {
            let regions: Vec<u8> = names.iter().filter_map(|name| region(name)).collect();
            let range = entry.numbers("section_index", problems).unwrap_or_default();
            if regions.len() != names.len() || range.len() != 2 {
                let message = "section_index is a range of two distances only with regions in section_name";
                problems.push(entry.problem("section_index", "sonata-value", message));
                return Site::Section { name: "soma[0]".into(), x: 0.5 };
            }
            return Site::Anywhere { aim: Aim { regions, range_um: [range[0], range[1]] } };
        }
        let index = entry.number("section_index", problems).unwrap_or(0.0);
        let x = entry.number("section_dist", problems).unwrap_or(0.5);
        if !(0.0..=1.0).contains(&x) {
            problems.push(entry.problem(
                "section_dist",
                "sonata-value",
                format!("section_dist = {x} lies outside 0 to 1"),
            ));
        }
        Site::Section { name: format!("{}[{}]", names.first().map_or("soma", String::as_str), index as i64), x }
    }

    /// Where it is on a cell.
    pub fn on(&self, body: &Body, gid: Gid, place: &Place) -> Result<Location, Problem> {
        match self {
            Site::Section { name, x } => match body.cell.morphology.find(name) {
                Some(section) => Ok(Location { section, x: *x }),
                None => {
                    let message = format!("the cell of gid {} has no section {name}", gid.0);
                    let names = body.cell.morphology.sections.iter().map(|section| section.name.as_str());
                    let mut regions: Vec<String> = Vec::new();
                    for region in names.filter_map(|name| name.split('[').next()) {
                        match regions.last_mut() {
                            Some(last) if last.starts_with(region) => {}
                            _ => regions.push(region.into()),
                        }
                    }
                    let help = format!("section_name is one of {}; section_index counts from 0", regions.join(", "));
                    Err(Problem::new("sonata-section", message).at(place.clone()).help(help))
                }
            },
            Site::Anywhere { aim } => {
                let candidates = body.segments.candidates(aim);
                if candidates.is_empty() {
                    let message = format!("the cell of gid {} has no compartment in this range", gid.0);
                    return Err(Problem::new("sonata-section", message).at(place.clone()));
                }
                let drawn = candidates.draw(&mut MersenneTwister::new(gid.0));
                Ok(body.segments.all[drawn].location)
            }
        }
    }
}
