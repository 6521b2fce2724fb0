//! The membrane of a NeuroML file, as BMTK reads it: elements with a segmentGroup, units ignored.

use std::fs;
use std::path::Path;

use roxmltree::{Document, Node};
use tianyan_model::{Place, Problem, Problems};

use super::Tree;
use super::membrane::{Membrane, collect};
use crate::mechanisms::Library;

/// Elements that are read; of others BMTK knows nothing.
const ELEMENTS: &[&str] =
    &["channelDensity", "channelDensityNernst", "resistivity", "specificCapacitance", "concentrationModel"];

/// The membrane of a NeuroML file.
pub(super) fn membrane(path: &Path, tree: &Tree, library: &Library) -> Result<Membrane, Problems> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        Problem::new("file-unreadable", format!("cannot read {file}: {error}")).at(Place::file(&file))
    })?;
    let document = Document::parse(&text).map_err(|error| {
        let at = error.pos();
        Problem::new("sonata-neuroml", format!("this is no XML: {error}")).at(Place::file(&file).at(at.row, at.col))
    })?;
    let mut problems = Problems::default();
    let mut membrane = Membrane::bare(tree);
    for node in document.descendants().filter(|node| ELEMENTS.contains(&node.tag_name().name())) {
        let at = document.text_pos_at(node.range().start);
        let element = Element { node, place: Place::file(&file).at(at.row, at.col) };
        problems.take(element.apply(&mut membrane, tree, library));
    }
    problems.or(membrane)
}

struct Element<'a> {
    node: Node<'a, 'a>,
    place: Place,
}

impl Element<'_> {
    fn apply(&self, membrane: &mut Membrane, tree: &Tree, library: &Library) -> Result<(), Problems> {
        let group = self.attribute("segmentGroup")?.to_lowercase();
        let sections = match group.as_str() {
            "all" => (0..tree.sections.len()).collect(),
            "soma" | "somatic" => tree.of_region("soma"),
            "axon" | "axonal" => tree.of_region("axon"),
            "dend" | "basal" => tree.of_region("dend"),
            "apic" | "apical" => tree.of_region("apic"),
            other => {
                return Err(self
                    .problem(format!("segmentGroup `{other}` is not soma, axon, dend, apic or all"))
                    .into());
            }
        };
        let settings = self.settings()?;
        let mechanism = match self.node.tag_name().name() {
            "channelDensity" | "channelDensityNernst" => Some(self.attribute("ionChannel")?),
            "concentrationModel" => Some(self.attribute("id")?),
            _ => None,
        };
        let mut problems = Problems::default();
        for section in sections {
            if let Some(mechanism) = mechanism {
                collect(membrane.insert(section, mechanism, library, &self.place), &mut problems);
            }
            for (name, value) in &settings {
                collect(membrane.set(section, name, *value, library, &self.place), &mut problems);
            }
        }
        problems.or(())
    }

    /// What it assigns, by NEURON's names.
    fn settings(&self) -> Result<Vec<(String, f64)>, Problem> {
        let tag = self.node.tag_name().name();
        Ok(match tag {
            "resistivity" => vec![("Ra".into(), self.number("value")?)],
            "specificCapacitance" => vec![("cm".into(), self.number("value")?)],
            "concentrationModel" => {
                let kind = self.attribute("type")?;
                vec![(format!("gamma_{kind}"), self.number("gamma")?), (format!("decay_{kind}"), self.number("decay")?)]
            }
            "channelDensity" if self.attribute("ionChannel")? == "pas" => {
                vec![("g_pas".into(), self.number("condDensity")?), ("e_pas".into(), self.number("erev")?)]
            }
            _ => {
                let mut settings = vec![(self.attribute("id")?.to_string(), self.number("condDensity")?)];
                let reversal = match self.attribute("ion")? {
                    "na" => Some("ena"),
                    "k" => Some("ek"),
                    _ => None,
                };
                if let Some(name) = reversal.filter(|_| tag == "channelDensity") {
                    settings.push((name.into(), self.number("erev")?));
                }
                settings
            }
        })
    }

    fn attribute(&self, name: &str) -> Result<&str, Problem> {
        let missing = || self.problem(format!("<{}> has no attribute {name}", self.node.tag_name().name()));
        self.node.attribute(name).ok_or_else(missing)
    }

    /// `138.28 ohm_cm`; the unit is not looked at.
    fn number(&self, name: &str) -> Result<f64, Problem> {
        let text = self.attribute(name)?;
        let number = text.split(' ').next().and_then(|word| word.parse().ok()).filter(|x: &f64| x.is_finite());
        number.ok_or_else(|| self.problem(format!("{name} = \"{text}\" begins with no number")))
    }

    fn problem(&self, message: String) -> Problem {
        Problem::new("sonata-neuroml", message).at(self.place.clone())
    }
}
