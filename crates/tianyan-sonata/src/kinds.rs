//! Kinds of cells: what each node is, by its model_type and model_template.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;
use tianyan_model::{
    Cell, Location, Morphology, Parameter, Place, Problem, Problems, Section, SectionType, Shape, Values,
};

use crate::cell::{Body, Build, Conditions, Template};
use crate::config::{Entry, Finder};
use crate::mechanisms::Library;
use crate::nodes::NodePopulation;
use crate::value::Value;

/// What a node is, before anything is built.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Model {
    /// `virtual`: known spikes.
    Source,
    /// `point_neuron`, `point_process`: an artificial cell and its parameter file.
    Artificial { mechanism: String, parameters: Option<PathBuf>, place: String },
    /// `biophysical`.
    Biophysical(Build),
}

/// A kind, built.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Source,
    Artificial { mechanism: String, parameters: Vec<Parameter> },
    Body(Arc<Body>),
}

/// Where an artificial cell carries its instance.
pub(crate) const ARTIFICIAL: Location = Location { section: 0, x: 0.5 };

/// Edge of the compartment that carries an artificial cell, um. Nothing flows through it.
const EDGE_UM: f64 = 10.0;

impl Kind {
    /// The cell as the engine sees it.
    pub fn cell(&self, v_init_mv: f64) -> Cell {
        match self {
            Kind::Source => Cell::default(),
            Kind::Body(body) => body.cell.clone(),
            Kind::Artificial { .. } => {
                let shape = Shape::Cylinder { length_um: EDGE_UM, diameter_um: EDGE_UM };
                let section = Section { name: "cell".into(), section_type: SectionType::Dendrite, parent: None, shape };
                Cell {
                    morphology: Morphology { sections: vec![section] },
                    compartments: vec![1],
                    cm_uf_per_cm2: vec![Values::Uniform(1.0)],
                    ra_ohm_cm: vec![100.0],
                    v_init_mv: vec![v_init_mv],
                    ..Cell::default()
                }
            }
        }
    }

    /// The body, of biophysical cells.
    pub fn body(&self) -> Option<&Arc<Body>> {
        match self {
            Kind::Body(body) => Some(body),
            _ => None,
        }
    }
}

/// Folders of the config's components.
pub(crate) struct Components<'a> {
    pub entry: &'a Entry,
    pub finder: &'a Finder,
}

impl Components<'_> {
    /// The folders that a component names.
    pub fn folders(&self, key: &str, problems: &mut Problems) -> Vec<PathBuf> {
        let written = self.entry.texts(key, problems).unwrap_or_default();
        written.iter().map(|path| self.finder.path(path)).collect()
    }

    /// A file in a component's folder; with the ending if only that exists.
    pub fn file(&self, key: &str, name: &str, ending: &str, place: &Place) -> Result<PathBuf, Problem> {
        let folders = self.folders(key, &mut Problems::default());
        let named = |path: PathBuf| {
            let longer = PathBuf::from(format!("{}{ending}", path.display()));
            if !path.is_file() && longer.is_file() { longer } else { path }
        };
        let paths: Vec<PathBuf> = folders.iter().map(|folder| named(folder.join(name))).collect();
        if let Some(path) = paths.iter().find(|path| path.is_file()) {
            return Ok(path.clone());
        }
        if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
            let problem = self.entry.problem(key, "file-missing", format!("there is no folder {}", missing.display()));
            return Err(problem.help("paths are relative to the folder of the config"));
        }
        let problem = match paths.first() {
            Some(path) => Problem::new("file-missing", format!("there is no file {}", path.display()))
                .help(format!("it is looked for in components.{key}")),
            None => {
                let message = format!("`{name}` is wanted, but the config has no components.{key}");
                Problem::new("sonata-component", message).help("add the folder to `components`")
            }
        };
        Err(problem.at(place.clone()))
    }
}

/// The model of every node, as a number, and the distinct models.
pub(crate) struct Models {
    /// By population, then node id.
    pub of: Vec<Vec<u32>>,
    pub list: Vec<Model>,
}

/// Columns that tell kinds apart.
const COLUMNS: [&str; 5] = ["model_type", "model_template", "morphology", "dynamics_params", "model_processing"];

impl Models {
    /// Looks at every node; a type is looked at once unless nodes have values of their own.
    pub fn new(nodes: &[NodePopulation], components: &Components, problems: &mut Problems) -> Models {
        let mut models = Models { of: Vec::new(), list: vec![Model::Source] };
        let mut index: HashMap<Model, u32> = HashMap::from([(Model::Source, 0)]);
        for population in nodes {
            let own = COLUMNS.iter().any(|column| population.has_own(column));
            let mut by_type: HashMap<u32, u32> = HashMap::new();
            let mut of = vec![0; population.size as usize];
            for node_id in population.node_ids() {
                let type_row = population.row(node_id).map_or(0, |row| population.type_row[row]);
                let known = by_type.get(&type_row).copied().filter(|_| !own);
                let number = known.unwrap_or_else(|| {
                    let model = model(population, node_id, components).unwrap_or_else(|more| {
                        more.0.into_iter().for_each(|problem| add_once(problems, problem));
                        Model::Source
                    });
                    let next = models.list.len() as u32;
                    let number = *index.entry(model.clone()).or_insert(next);
                    if number == next {
                        models.list.push(model);
                    }
                    number
                });
                by_type.insert(type_row, number);
                of[node_id as usize] = number;
            }
            models.of.push(of);
        }
        models
    }

    /// Builds all models, in parallel; all that is wrong with them is told.
    pub fn build(
        &self,
        conditions: &Conditions,
        library: &Library,
        warnings: &mut Problems,
    ) -> Result<Vec<Kind>, Problems> {
        let one = |model: &Model| {
            let mut own = Problems::default();
            let kind = kind(model, conditions, library, &mut own);
            (kind, own)
        };
        let built: Vec<_> = self.list.par_iter().map(one).collect();
        let mut problems = Problems::default();
        let mut kinds = Vec::with_capacity(built.len());
        for (kind, own) in built {
            own.0.into_iter().for_each(|warning| add_once(warnings, warning));
            kinds.push(problems.take(kind).unwrap_or(Kind::Source));
        }
        problems.or(kinds)
    }
}

/// Adds a problem unless it is there.
pub(crate) fn add_once(problems: &mut Problems, problem: Problem) {
    if !problems.0.contains(&problem) {
        problems.push(problem);
    }
}

fn model(population: &NodePopulation, node_id: u32, components: &Components) -> Result<Model, Problems> {
    let text = |column: &str| population.value(node_id, column).map(|value| value.text());
    let place = population.place(node_id);
    let problem = |code: &'static str, message: String| Problem::new(code, message).at(place.clone());
    let Some(model_type) = text("model_type")? else {
        let problem = problem("sonata-model-type", "the node has no model_type".into());
        return Err(problem.help("it is biophysical, point_neuron, point_process or virtual").into());
    };
    let template = text("model_template")?;
    match model_type.as_str() {
        "virtual" => Ok(Model::Source),
        "point_neuron" | "point_process" => {
            let Some(mechanism) = template.as_deref().and_then(|template| template.strip_prefix("nrn:")) else {
                let message = format!("a {model_type} of model_template {}", template.unwrap_or_else(|| "NULL".into()));
                let help = "nrn:IntFire1 and other ARTIFICIAL_CELLs of NMODL (nrn:NAME) can be run; templates of NEST (nest:...) and functions in Python cannot";
                return Err(problem("sonata-template", message).help(help).into());
            };
            let parameters = match text("dynamics_params")? {
                Some(name) => Some(components.file("point_neuron_models_dir", &name, ".json", &place)?),
                None => None,
            };
            Ok(Model::Artificial { mechanism: mechanism.into(), parameters, place: place.to_string() })
        }
        "biophysical" => biophysical(population, node_id, template, components).map(Model::Biophysical),
        "single_compartment" | "point_soma" => {
            let problem = problem(
                "sonata-model-type",
                format!("model_type {model_type} is not supported; BMTK does not run it either"),
            );
            Err(problem.help("use biophysical with a morphology of one sample").into())
        }
        other => {
            let known = ["virtual", "point_neuron", "point_process", "biophysical"];
            let help = tianyan_io::did_you_mean(other, known);
            Err(problem("sonata-model-type", format!("model_type `{other}` is not known")).help(help).into())
        }
    }
}

fn biophysical(
    population: &NodePopulation,
    node_id: u32,
    template: Option<String>,
    components: &Components,
) -> Result<Build, Problems> {
    let text = |column: &str| population.value(node_id, column).map(|value| value.text());
    let place = population.place(node_id);
    let written = template.clone().unwrap_or_else(|| "NULL".into());
    let template = match written.split_once(':') {
        Some(("ctdb", "Biophys1" | "Biophys1.hoc")) => Template::Biophys1,
        Some(("nml", file)) => {
            Template::NeuroMl(components.file("biophysical_neuron_models_dir", file, ".nml", &place)?)
        }
        _ => return Err(template_problem(&written, population, node_id).into()),
    };
    let Some(morphology) = text("morphology")? else {
        let problem = Problem::new("sonata-morphology", "a biophysical node without a morphology").at(place);
        return Err(problem.help("name an SWC file of components.morphologies_dir in the column morphology").into());
    };
    let parameters = match text("dynamics_params")? {
        Some(name) => Some(components.file("biophysical_neuron_models_dir", &name, ".json", &place)?),
        None => None,
    };
    let processing = text("model_processing")?.unwrap_or_default();
    let words = processing.split(',').map(|word| word.trim().to_string()).filter(|word| !word.is_empty());
    Ok(Build {
        morphology: components.file("morphologies_dir", &morphology, ".swc", &place)?,
        template,
        parameters,
        processing: words.collect(),
        place: format!("{}", population.place(node_id)),
    })
}

fn template_problem(written: &str, population: &NodePopulation, node_id: u32) -> Problem {
    let type_row = population.row(node_id).map_or(0, |row| population.type_row[row] as usize);
    let id = population.types.ids.get(type_row).copied().unwrap_or_default();
    let (message, help) = if written.starts_with("hoc:") {
        (
            format!("node type {id}: the template `{written}` is written in hoc, which cannot be run here"),
            "describe the cell by its SWC morphology and a fit: ctdb:Biophys1 with model_processing aibs_perisomatic or aibs_allactive and a JSON of parameters, or nml: with a NeuroML file".to_string(),
        )
    } else {
        let near = tianyan_io::did_you_mean(written, ["ctdb:Biophys1", "ctdb:Biophys1.hoc", "nml:FILE"]);
        (
            format!("node type {id}: the model_template `{written}` is not built in"),
            format!("functions in Python cannot be run; ctdb:Biophys1, ctdb:Biophys1.hoc and nml:FILE can: {near}"),
        )
    };
    Problem::new("sonata-template", message).at(population.place(node_id)).help(help)
}

fn kind(model: &Model, conditions: &Conditions, library: &Library, warnings: &mut Problems) -> Result<Kind, Problems> {
    match model {
        Model::Source => Ok(Kind::Source),
        Model::Biophysical(build) => {
            Body::new(build, conditions, library, warnings).map(|body| Kind::Body(Arc::new(body)))
        }
        Model::Artificial { mechanism, parameters, .. } => {
            let mut problems = Problems::default();
            let parameters = match parameters {
                Some(path) => artificial_parameters(mechanism, &crate::cell::read_object(path)?, &mut problems),
                None => Vec::new(),
            };
            problems.or(Kind::Artificial { mechanism: mechanism.clone(), parameters })
        }
    }
}

/// IntFire1 has its times in seconds, as BMTK reads them; other artificial cells take all numbers as they are.
fn artificial_parameters(mechanism: &str, entry: &Entry, problems: &mut Problems) -> Vec<Parameter> {
    let of = |name: &str, value: f64| Parameter { name: name.into(), values: Values::Uniform(value) };
    if mechanism == "IntFire1" {
        let mut seconds = |key: &str| entry.need_number(key, problems).map(|value| of(key, value * 1000.0));
        return [seconds("tau"), seconds("refrac")].into_iter().flatten().collect();
    }
    let number = |(name, value): (&str, &serde_json::Value)| Some(of(name, value.as_f64()?));
    entry.iter().filter_map(number).collect()
}

/// A number of a node that must be there.
pub(crate) fn node_number(population: &NodePopulation, node_id: u32, column: &str) -> Result<f64, Problem> {
    match population.value(node_id, column)? {
        Value::Number(number) => Ok(number),
        other => {
            let message = format!("node {node_id} of {} has {column} = {other}, not a number", population.name);
            Err(Problem::new("sonata-value", message).at(population.place(node_id)))
        }
    }
}
