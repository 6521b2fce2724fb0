//! Values of the schema that are more than a scalar or a table.

use tianyan_model::{Problem, Problems, SectionType};

use super::decode::{Decode, Keys, mismatch, table};
use super::document::{Node, Spot, Value};
use super::expression::Expression;

/// A number, or a formula in quotes.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    /// The formula.
    pub expression: Expression,
    /// Where it is written.
    pub spot: Spot,
}

impl Decode for Formula {
    fn expected() -> String {
        "a number or a formula in quotes".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let expression = match &node.value {
            Value::Float(number) => Expression::constant(*number),
            Value::Integer(number) => Expression::constant(*number as f64),
            Value::Text(text) => match Expression::parse(text) {
                Ok(expression) => expression,
                Err(message) => {
                    problems.push(Problem::new("config-formula", message).at(node.spot.place()));
                    return None;
                }
            },
            _ => return mismatch::<Self>(node, problems),
        };
        Some(Formula { expression, spot: node.spot.clone() })
    }
}

/// One or several names: of sections, types of sections, or cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Names {
    /// The names.
    pub names: Vec<String>,
    /// Where they are written, if they are.
    pub spot: Option<Spot>,
}

impl Names {
    /// The single name `all`.
    pub fn all() -> Names {
        Names { names: vec!["all".into()], spot: None }
    }
}

impl Decode for Names {
    fn expected() -> String {
        "a name or a list of names".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let names = match &node.value {
            Value::Text(text) => vec![text.clone()],
            Value::Array(_) => Vec::decode(node, problems)?,
            _ => return mismatch::<Self>(node, problems),
        };
        Some(Names { names, spot: Some(node.spot.clone()) })
    }
}

/// What part of a neuron a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SectionKind(pub SectionType);

impl SectionKind {
    /// A dendrite.
    pub const DENDRITE: SectionKind = SectionKind(SectionType::Dendrite);
}

/// Names of the types of sections.
pub const SECTION_TYPES: [(&str, SectionType); 4] = [
    ("soma", SectionType::Soma),
    ("axon", SectionType::Axon),
    ("dend", SectionType::Dendrite),
    ("apic", SectionType::Apical),
];

impl Decode for SectionKind {
    fn expected() -> String {
        "\"soma\", \"axon\", \"dend\", \"apic\" or an SWC tag of at least 5".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let found = match &node.value {
            Value::Text(text) => SECTION_TYPES.iter().find(|(name, _)| name == text).map(|(_, kind)| *kind),
            Value::Integer(tag @ 5..=65_535) => Some(SectionType::Custom(*tag as u16)),
            _ => None,
        };
        found.map(SectionKind).or_else(|| mismatch::<Self>(node, problems))
    }
}

/// Which cells: names, or node ids of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct CellsRef {
    /// Each adds its cells.
    pub parts: Vec<CellsPart>,
    /// Where they are written.
    pub spot: Spot,
}

/// A part of a [`CellsRef`].
#[derive(Debug, Clone, PartialEq)]
pub enum CellsPart {
    /// `all`, a population, `population[3]`, `population[0..4]`, `population[AVAL]`, or the name of a cell.
    Text(String),
    /// Some cells of a population.
    Selected(Box<CellsOf>),
}

table! {
    /// Some cells of a population.
    CellsOf, "cells of a population" {
        /// The population.
        population: String,
        /// Node ids in it.
        node_ids: Vec<u32>,
        /// Names of cells in it.
        names: Vec<String>,
    }
}

impl Decode for CellsRef {
    fn expected() -> String {
        "cells: \"all\", a population, \"population[3]\", a cell's name, or a list of these".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let part = |node: &Node, problems: &mut Problems| match &node.value {
            Value::Text(text) => Some(CellsPart::Text(text.clone())),
            Value::Table(_) => CellsOf::decode(node, problems).map(|part| CellsPart::Selected(Box::new(part))),
            _ => mismatch::<CellsRef>(node, problems).map(|_| CellsPart::Text(String::new())),
        };
        let parts = match &node.value {
            Value::Array(items) => {
                let parts: Vec<_> = items.iter().map(|item| part(item, problems)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>()?
            }
            _ => vec![part(node, problems)?],
        };
        Some(CellsRef { parts, spot: node.spot.clone() })
    }
    fn keys(found: &mut Keys) {
        CellsOf::keys(found);
    }
}

/// Spike times of source cells.
#[derive(Debug, Clone, PartialEq)]
pub enum SpikeTimes {
    /// The same for all cells.
    Shared(Vec<f64>),
    /// A list for each cell.
    PerCell(Vec<Vec<f64>>),
}

impl Decode for SpikeTimes {
    fn expected() -> String {
        "a list of times, or a list of such lists, one a cell".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Array(items) if items.iter().any(|item| matches!(item.value, Value::Array(_))) => {
                Vec::decode(node, problems).map(SpikeTimes::PerCell)
            }
            Value::Array(_) => Vec::decode(node, problems).map(SpikeTimes::Shared),
            _ => mismatch::<Self>(node, problems),
        }
    }
}

/// A section that is probed: by name, or with a position of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeSection {
    /// `all`, a type of sections, or a section; at the probe's `x`.
    Named(String),
    /// A place.
    Place(Box<ProbePlace>),
}

table! {
    /// A place on a cell.
    ProbePlace, "probes.sections" {
        /// The section.
        section: String,
        /// Relative position.
        x: f64 = 0.5,
    }
}

impl Decode for ProbeSection {
    fn expected() -> String {
        "the name of a section or a place ({ section, x })".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(ProbeSection::Named(text.clone())),
            Value::Table(_) => ProbePlace::decode(node, problems).map(|place| ProbeSection::Place(Box::new(place))),
            _ => mismatch::<Self>(node, problems),
        }
    }
    fn keys(found: &mut Keys) {
        ProbePlace::keys(found);
    }
}

/// Where on a section a probe reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ProbeX {
    /// At one relative position.
    At(f64),
    /// In the middle of each compartment.
    All,
}

impl Decode for ProbeX {
    fn expected() -> String {
        "a number or \"all\"".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(text) if text == "all" => Some(ProbeX::All),
            Value::Float(_) | Value::Integer(_) => f64::decode(node, problems).map(ProbeX::At),
            _ => mismatch::<Self>(node, problems),
        }
    }
}
