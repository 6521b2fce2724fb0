//! What all edges of one type (and group) have in common: how their synapses are made, placed and weighted.

use std::path::PathBuf;

use serde_json::Value as Json;
use tianyan_model::{Parameter, Place, Problem, Problems, Values};

use crate::cell::{Body, read_object};
use crate::config::Entry;
use crate::edges::{EdgePopulation, Slab};
use crate::kinds::{Components, node_number};
use crate::mechanisms::{Library, Mechanisms};
use crate::nodes::NodePopulation;
use crate::placement::{Aim, region};
use crate::synapse::Synapse;
use crate::value::Value;

/// A number that all edges share, or that each has in a column of its group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Shared(f64),
    Column(usize),
}

impl Number {
    /// The number of the edge at a position of the slab; NaN if it is missing there.
    pub fn of(self, slab: &Slab, at: usize) -> f64 {
        match self {
            Number::Shared(number) => number,
            Number::Column(column) => slab.number(at, column),
        }
    }
}

/// `weight_function`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Weight {
    /// syn_weight as it is.
    Plain,
    /// Falls with the difference of the tuning angles of source and target, in degrees.
    Gaussian { sigma: Number },
}

/// Where synapses on a biophysical cell lie.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Placing {
    /// One synapse, where the file says.
    Given { section_id: Number, x: Number },
    /// `nsyns` synapses, each at random and each with the whole weight.
    Random { aim: Aim },
    /// The files say neither.
    Unknown,
}

/// How the edges of a type and group become connections.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    pub syn_weight: Number,
    pub weight: Weight,
    pub delay_ms: Number,
    /// Number of synapses; none where the files have no such column.
    pub count: Option<Number>,
    pub placing: Placing,
    /// Index of the mechanism, of synapses on biophysical cells.
    pub mechanism: usize,
    pub parameters: Vec<Parameter>,
    /// Whether its edges are gap junctions.
    pub gap: Option<Number>,
    /// Of dynamics_params: +1 or -1, for artificial cells.
    pub sign: Option<f64>,
    /// For messages.
    pub place: Place,
}

impl Plan {
    /// What the weight is multiplied with for the tuning angles of source and target; NaN if that cannot be.
    pub fn tuning(
        &self,
        slab: &Slab,
        at: usize,
        (sources, source): (&NodePopulation, u32),
        (targets, target): (&NodePopulation, u32),
    ) -> Result<f64, Problem> {
        let Weight::Gaussian { sigma } = self.weight else { return Ok(1.0) };
        let from = node_number(sources, source, "tuning_angle")?;
        let to = node_number(targets, target, "tuning_angle")?;
        let apart = (((180.0 - ((to - from).abs() % 360.0)).abs() - 90.0).abs() - 90.0).abs();
        match sigma.of(slab, at) {
            0.0 => Ok(f64::NAN),
            sigma => Ok((-(apart / sigma).powi(2)).exp()),
        }
    }

    /// Whether an edge is a gap junction.
    pub fn is_gap(&self, slab: &Slab, at: usize) -> bool {
        self.gap.is_some_and(|gap| gap.of(slab, at) != 0.0)
    }

    /// Whether its random synapses find no place on a cell.
    pub fn finds_no_place(&self, body: &Body) -> bool {
        matches!(&self.placing, Placing::Random { aim } if body.segments.candidates(aim).is_empty())
    }

    /// The warning of that.
    pub fn no_place(&self) -> Problem {
        let aim = match &self.placing {
            Placing::Random { aim } => aim.to_string(),
            _ => String::new(),
        };
        let message = format!("some cells have no compartment in {aim}: these synapses are left out, as BMTK does");
        Problem::new("sonata-placing", message).at(self.place.clone()).help("see target_sections and distance_range")
    }
}

/// Which edges a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PlanKey {
    pub group: u16,
    pub type_row: u32,
    /// Texts that edges of this group have of their own, by column.
    pub texts: Vec<(String, String)>,
}

impl PlanKey {
    /// The key of the edge at a position.
    pub fn of(edges: &EdgePopulation, slab: &Slab, at: usize) -> PlanKey {
        let group = slab.group[at];
        let columns = edges.columns(group).iter().enumerate().filter(|(column, _)| slab.is_text(at, *column));
        let text = |(column, name): (usize, &String)| Some((name.clone(), slab.value(at, column).text()?));
        PlanKey { group, type_row: slab.type_row[at], texts: columns.filter_map(text).collect() }
    }
}

/// What plans are made with.
pub(crate) struct Planner<'a> {
    pub components: &'a Components<'a>,
    pub library: &'a Library<'a>,
}

/// The edges of a plan, while it is made.
struct Edges<'a> {
    edges: &'a EdgePopulation,
    key: &'a PlanKey,
    place: Place,
}

impl Planner<'_> {
    /// The plan of a type and group; `bodies` says whether some of the targets are biophysical cells.
    pub fn plan(
        &self,
        edges: &EdgePopulation,
        key: &PlanKey,
        bodies: bool,
        mechanisms: &mut Mechanisms,
    ) -> Result<Plan, Problems> {
        let row = key.type_row as usize;
        let type_id = edges.types.ids.get(row).copied().unwrap_or_default();
        let place = edges.types.place(row).key(format!("edge type {type_id} of {}", edges.name));
        let of = Edges { edges, key, place };
        let mut problems = Problems::default();
        let syn_weight = of.number("syn_weight", &mut problems);
        let weight = of.weight(&mut problems);
        let gap = of.gap(&mut problems);
        // Junctions have no delay, and BMTK asks for none.
        let only_gaps = matches!(gap, Some(Number::Shared(_)));
        let delay_ms = if only_gaps { None } else { of.number("delay", &mut problems) };
        let count = if of.has("nsyns") { of.number("nsyns", &mut problems) } else { None };
        let dynamics = problems.take(self.dynamics(&of).map_err(Problems::from));
        let unread = dynamics.is_none();
        let dynamics = dynamics.flatten();
        let sign = dynamics.as_ref().and_then(|entry| entry.number("sign", &mut problems));
        let mut plan = Plan {
            syn_weight: syn_weight.unwrap_or(Number::Shared(0.0)),
            weight: weight.unwrap_or(Weight::Plain),
            delay_ms: delay_ms.unwrap_or(Number::Shared(0.0)),
            count,
            placing: Placing::Unknown,
            mechanism: usize::MAX,
            parameters: Vec::new(),
            gap,
            sign,
            place: of.place.clone(),
        };
        if bodies {
            plan.placing = of.placing(&mut problems);
            if gap.is_some() {
                mechanisms.add(crate::gaps::MECHANISM, &of.place, self.library, &mut problems);
            }
            if only_gaps || unread {
                // No synapse, or none that can be known.
            } else if let Some(synapse) = problems.take(self.synapse(&of, dynamics.as_ref())) {
                plan.mechanism = self.add(&synapse, &of, mechanisms, &mut problems).unwrap_or(usize::MAX);
                let parameter = |(name, value)| Parameter { name, values: Values::Uniform(value) };
                plan.parameters = synapse.parameters.into_iter().map(parameter).collect();
            }
        }
        problems.or(plan)
    }

    /// Contents of dynamics_params.
    fn dynamics(&self, of: &Edges) -> Result<Option<Entry>, Problem> {
        let Some(name) = of.text("dynamics_params") else { return Ok(None) };
        let path: PathBuf = self.components.file("synaptic_models_dir", &name, ".json", &of.place)?;
        read_object(&path).map(Some)
    }

    fn synapse(&self, of: &Edges, dynamics: Option<&Entry>) -> Result<Synapse, Problems> {
        let Some(template) = of.text("model_template") else {
            let problem = of.problem("sonata-synapse", "edges onto biophysical cells need a model_template".into());
            return Err(problem.help("exp2syn, expsyn, stp2syn, ... name the synapse").into());
        };
        let empty = Entry::new("", "dynamics_params", serde_json::Map::new());
        if dynamics.is_none() && Synapse::templates().any(|name| name == template) {
            let problem =
                of.problem("sonata-synapse", format!("`{template}` needs dynamics_params, and there are none"));
            return Err(problem.help("name a JSON file of components.synaptic_models_dir").into());
        }
        Synapse::new(&template, dynamics.unwrap_or(&empty))
    }

    fn add(
        &self,
        synapse: &Synapse,
        of: &Edges,
        mechanisms: &mut Mechanisms,
        problems: &mut Problems,
    ) -> Option<usize> {
        if self.library.find(&synapse.mechanism).is_none() {
            let near = tianyan_io::did_you_mean(&synapse.mechanism, Synapse::templates());
            let mut problem = self.library.missing(&synapse.mechanism, of.place.clone());
            let help = problem.help.take().unwrap_or_default();
            problem.message =
                format!("the synapse `{}` is not built in, and no POINT_PROCESS has that name", synapse.mechanism);
            problems.push(problem.help(format!("functions in Python cannot be run. {help}. Built in: {near}")));
            return None;
        }
        synapse.parameters.iter().for_each(|(name, _)| mechanisms.note(&synapse.mechanism, name, &of.place));
        mechanisms.add(&synapse.mechanism, &of.place, self.library, problems)
    }
}

impl Edges<'_> {
    fn has(&self, column: &str) -> bool {
        self.edges.has(self.key.group, column)
    }

    /// The value of a column: the edges' own text, else the type's.
    fn value(&self, column: &str) -> Value {
        let own = self.key.texts.iter().find(|(name, _)| name == column);
        own.map_or_else(
            || self.edges.types.value(self.key.type_row as usize, column),
            |(_, text)| Value::Text(text.clone()),
        )
    }

    fn text(&self, column: &str) -> Option<String> {
        self.value(column).text()
    }

    /// A column of the CSV that may have been meant for one that is not there.
    fn misspelt(&self, column: &str) -> String {
        let columns: Vec<&str> = self.edges.types.columns.iter().map(String::as_str).collect();
        let near = tianyan_io::nearest(column, &columns).filter(|near| *near != column);
        near.map_or_else(String::new, |near| format!("; is the column `{near}` meant for it?"))
    }

    /// A number that must be there.
    fn number(&self, column: &str, problems: &mut Problems) -> Option<Number> {
        let own_text = self.key.texts.iter().any(|(name, _)| name == column);
        if let Some(own) = self.edges.column_of(self.key.group, column).filter(|_| !own_text) {
            return Some(Number::Column(own));
        }
        match self.value(column) {
            Value::Number(number) => Some(Number::Shared(number)),
            // Other rows of the column hold text.
            Value::Text(text) if text.trim().parse::<f64>().is_ok() => text.trim().parse().ok().map(Number::Shared),
            other => {
                let message = format!("`{column}` is {other}, and must be a number");
                let help = format!(
                    "give it in the CSV of edge types, or as a column {column} of the edges{}",
                    self.misspelt(column)
                );
                problems.push(self.problem("sonata-edge", message).help(help));
                None
            }
        }
    }

    fn gap(&self, problems: &mut Problems) -> Option<Number> {
        if self.edges.column_of(self.key.group, "is_gap_junction").is_some() {
            return self.number("is_gap_junction", problems);
        }
        match self.value("is_gap_junction") {
            Value::Number(number) if number != 0.0 => Some(Number::Shared(1.0)),
            Value::Text(text) if text.trim() == "1" => Some(Number::Shared(1.0)),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(Number::Shared(1.0)),
            _ => None,
        }
    }

    fn weight(&self, problems: &mut Problems) -> Option<Weight> {
        let Some(name) = self.text("weight_function") else { return Some(Weight::Plain) };
        match name.as_str() {
            "wmax" | "set_syn_weight" | "default_weight_fnc" | "default" => Some(Weight::Plain),
            "gaussianLL" => self.number("weight_sigma", problems).map(|sigma| Weight::Gaussian { sigma }),
            other => {
                let known = ["wmax", "set_syn_weight", "default_weight_fnc", "gaussianLL"];
                let near = tianyan_io::did_you_mean(other, known);
                let problem =
                    self.problem("sonata-weight-function", format!("weight_function `{other}` is not built in"));
                let help = format!(
                    "functions in Python cannot be run: write its weights into a column syn_weight of the edges, and leave the weight_function out; {near}"
                );
                problems.push(problem.help(help));
                None
            }
        }
    }

    fn placing(&self, problems: &mut Problems) -> Placing {
        for (id, x) in [("sec_id", "sec_x"), ("afferent_section_id", "afferent_section_pos")] {
            if self.has(id) {
                let x = if self.has(x) {
                    x
                } else if self.has("sec_x") {
                    "sec_x"
                } else {
                    "afferent_section_pos"
                };
                let (id, x) = (self.number(id, problems), self.number(x, problems));
                return match (id, x) {
                    (Some(section_id), Some(x)) => Placing::Given { section_id, x },
                    _ => Placing::Unknown,
                };
            }
        }
        if !self.has("nsyns") {
            let problem = self.problem(
                "sonata-placing",
                "the edges say neither where their synapses lie nor how many they are".into(),
            );
            problems.push(problem.help(
                "give afferent_section_id and afferent_section_pos, or nsyns with target_sections and distance_range",
            ));
            return Placing::Unknown;
        }
        let (regions, range) = (self.regions(problems), self.range(problems));
        match (regions, range) {
            (Some(regions), Some(range_um)) => Placing::Random { aim: Aim { regions, range_um } },
            _ => Placing::Unknown,
        }
    }

    /// `['basal', 'apical']`, as Python or JSON write it, or one name.
    fn regions(&self, problems: &mut Problems) -> Option<Vec<u8>> {
        let Some(text) = self.text("target_sections") else {
            problems.push(
                self.problem("sonata-placing", "synapses placed at random need target_sections".into())
                    .help(format!("such as \"['basal', 'apical']\"{}", self.misspelt("target_sections"))),
            );
            return None;
        };
        let words = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']).split(',');
        let names: Vec<&str> =
            words.map(|word| word.trim().trim_matches(['\'', '"'])).filter(|w| !w.is_empty()).collect();
        let found: Option<Vec<u8>> = names.iter().map(|name| region(name)).collect();
        if found.is_none() || names.is_empty() {
            let message = format!("target_sections {text} names other regions than somatic, basal, apical and axonal");
            problems.push(self.problem("sonata-placing", message));
            return None;
        }
        found
    }

    /// `[30.0, 150.0]`, or the upper end alone.
    fn range(&self, problems: &mut Problems) -> Option<[f64; 2]> {
        let found = match self.value("distance_range") {
            Value::Number(to) => Some([0.0, to]),
            Value::Text(text) => match serde_json::from_str::<Json>(&text) {
                Ok(Json::Array(ends)) if ends.len() >= 2 => ends[0].as_f64().zip(ends[1].as_f64()).map(|(a, b)| [a, b]),
                Ok(Json::Number(to)) => to.as_f64().map(|to| [0.0, to]),
                _ => None,
            },
            Value::Missing => None,
        };
        if found.is_none() {
            let message = format!("distance_range {} is no range of distances in um", self.value("distance_range"));
            let help = format!("such as \"[30.0, 150.0]\", or 1e20{}", self.misspelt("distance_range"));
            problems.push(self.problem("sonata-placing", message).help(help));
        }
        found
    }

    fn problem(&self, code: &'static str, message: String) -> Problem {
        Problem::new(code, message).at(self.place.clone())
    }
}
