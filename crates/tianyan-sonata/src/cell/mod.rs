//! Biophysical cells: a morphology, what model_processing makes of it, and the membrane that its parameters give it.
//!
//! ```text
//! SWC -> Tree (sections in NEURON's order)  morphology
//!     -> axon replaced by a stub            axon
//!     -> Membrane (parameters by section)   perisomatic, all_active, neuroml
//!     -> Body (a model Cell, and where synapses may lie)
//! ```

mod all_active;
mod axon;
mod fit;
mod membrane;
mod morphology;
mod neuroml;
mod perisomatic;

use std::path::{Path, PathBuf};

use tianyan_model::{Cell, Compartment, Detector, Discretisation, Geometry, Location, Place, Problem, Problems};

use crate::field::Coordinates;
use crate::mechanisms::Library;
use crate::placement::Segments;
pub(crate) use fit::read_object;
use membrane::Membrane;
pub(crate) use morphology::Tree;

/// What tells one kind of biophysical cell from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Build {
    pub morphology: PathBuf,
    pub template: Template,
    /// Parameters, a JSON file.
    pub parameters: Option<PathBuf>,
    /// In the order in which they are applied.
    pub processing: Vec<String>,
    /// For messages.
    pub place: String,
}

/// `model_template`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Template {
    /// `ctdb:Biophys1`: the morphology alone.
    Biophys1,
    /// `nml:<file>`: an axon stub, then the membrane of a NeuroML file.
    NeuroMl(PathBuf),
}

/// What holds for all cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions {
    pub max_compartment_um: f64,
    pub v_init_mv: f64,
    pub spike_threshold_mv: f64,
}

/// A cell of some kind.
#[derive(Debug)]
pub(crate) struct Body {
    pub cell: Cell,
    /// SONATA's section ids (positions in NEURON's list `all`) as indices of the cell's sections.
    pub sections: Vec<usize>,
    /// Where synapses may lie.
    pub segments: Segments,
    /// Where they lie, around the soma.
    pub coordinates: Coordinates,
}

impl Body {
    /// Builds a cell. Warnings are BMTK's silences.
    pub fn new(
        build: &Build,
        conditions: &Conditions,
        library: &Library,
        warnings: &mut Problems,
    ) -> Result<Body, Problems> {
        let place = Place::default().key(build.place.clone());
        let mut tree = Tree::read(&build.morphology)?;
        let mut membrane = Membrane::default();
        if let Template::NeuroMl(path) = &build.template {
            axon::stub_perisomatic(&mut tree, &place)?;
            membrane = neuroml::membrane(path, &tree, library)?;
        }
        for word in &build.processing {
            match word.as_str() {
                "aibs_perisomatic" => {
                    if let Some(path) = &build.parameters {
                        axon::stub_perisomatic(&mut tree, &place)?;
                        membrane = perisomatic::membrane(path, &tree, library)?;
                    }
                }
                "aibs_perisomatic_directed" => {
                    let path = need(build.parameters.as_deref(), word, &place)?;
                    axon::stub_directed(&mut tree, &place, 0.5)?;
                    membrane = perisomatic::membrane(path, &tree, library)?;
                }
                "aibs_allactive" => {
                    let path = need(build.parameters.as_deref(), word, &place)?;
                    axon::stub_all_active(&mut tree, &place)?;
                    membrane = all_active::membrane(path, &tree, library, warnings)?;
                }
                "aibs_allactive_directed" => {
                    let path = need(build.parameters.as_deref(), word, &place)?;
                    axon::stub_directed(&mut tree, &place, 1.0)?;
                    membrane = all_active::membrane(path, &tree, library, warnings)?;
                }
                // Of BMTK's examples, and of SONATA's text: the axon stays as it is.
                "aibs_allactive_fullaxon" | "fullaxon" => {
                    let path = need(build.parameters.as_deref(), word, &place)?;
                    membrane = all_active::membrane(path, &tree, library, warnings)?;
                }
                // With NEURON's defaults this changes nothing but where a field outside can act.
                "extracellular" | "set_extracellular" => {}
                other => return Err(unknown(other, &place).into()),
            }
        }
        Ok(Body::finished(tree, membrane, conditions))
    }

    fn finished(tree: Tree, membrane: Membrane, conditions: &Conditions) -> Body {
        let stub = tree.stub;
        let (morphology, sections) = tree.finished();
        let rule = Discretisation::OddMaxLength { max_um: conditions.max_compartment_um };
        let compartments: Vec<u32> = morphology.sections.iter().map(|s| rule.compartments(s, 0.0, 0.0)).collect();
        let segments = Segments::new(&morphology, &compartments, &sections);
        let coordinates = Coordinates::new(&morphology, &segments.all, &compartments, stub);
        let count = morphology.sections.len();
        let mut cell = Cell {
            morphology,
            compartments,
            v_init_mv: vec![conditions.v_init_mv; count],
            detector: Some(Detector {
                location: Location { section: 0, x: 0.5 },
                threshold_mv: conditions.spike_threshold_mv,
            }),
            ..Cell::default()
        };
        membrane.paint(&mut cell, &sections);
        Body { cell, sections, segments, coordinates }
    }

    /// Diameter of each compartment, in the order of section ids.
    pub fn diameters_um(&self) -> Vec<f64> {
        let compartments = self.compartments(self.segments.all.iter().map(|segment| segment.location));
        compartments.iter().map(|compartment| compartment.diameter_um).collect()
    }

    /// The compartments at some places.
    pub fn compartments(&self, places: impl Iterator<Item = Location>) -> Vec<Compartment> {
        let geometry = Geometry::new(&self.cell.morphology, &self.cell.compartments);
        let of = |place: Location| {
            let section = &geometry.sections[place.section];
            let i = (place.x * section.len() as f64) as usize;
            section[i.min(section.len() - 1)]
        };
        places.map(of).collect()
    }

    /// Names of the density mechanisms, in the order of their first section.
    pub fn densities(&self) -> impl Iterator<Item = &str> {
        self.cell.densities.iter().map(|density| density.mechanism.as_str())
    }
}

fn need<'a>(path: Option<&'a Path>, word: &str, place: &Place) -> Result<&'a Path, Problem> {
    path.ok_or_else(|| {
        let problem = Problem::new("sonata-parameters", format!("{word} needs dynamics_params, and there are none"));
        problem.at(place.clone()).help("name the JSON file of the fit in the column dynamics_params")
    })
}

/// All words that model_processing may hold.
pub(crate) const PROCESSING: &[&str] = &[
    "aibs_perisomatic",
    "aibs_allactive",
    "aibs_perisomatic_directed",
    "aibs_allactive_directed",
    "aibs_allactive_fullaxon",
    "fullaxon",
    "extracellular",
    "set_extracellular",
];

fn unknown(word: &str, place: &Place) -> Problem {
    let problem = Problem::new("sonata-processing", format!("model_processing `{word}` is not built in"));
    let near = tianyan_io::did_you_mean(word, PROCESSING.iter().copied());
    problem.at(place.clone()).help(format!("functions in Python cannot be run: {near}"))
}
