//! Values of the schema that are more than a scalar or a table.

use tianyan_io::config::Named;
use tianyan_io::config::Spot;
use tianyan_io::config::decode::{Decode, Keys, Problems, mismatch};
use tianyan_io::config::document::{Node, Value};
use tianyan_io::{choice, table};
use tianyan_model::Problem;

/// A text or a number, kept as it is written into tables.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
}

impl Cell {
    /// As it stands in a types table.
    pub fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
        }
    }

    /// As it stands in a JSON document.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Cell::Text(text) => text.as_str().into(),
            Cell::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => (*number as i64).into(),
            Cell::Number(number) => (*number).into(),
        }
    }
}

impl Decode for Cell {
    fn expected() -> String {
        "a text or a number".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Text(text) => Some(Cell::Text(text.clone())),
            Value::Integer(number) => Some(Cell::Number(*number as f64)),
            Value::Float(number) => Some(Cell::Number(*number)),
            _ => mismatch::<Self>(node, problems),
        }
    }
}

/// One or several ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranges(pub Vec<[f64; 2]>);

impl Decode for Ranges {
    fn expected() -> String {
        "a range ([low, high]) or a list of these".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Array(items) if items.iter().any(|item| matches!(item.value, Value::Array(_))) => {
                Vec::decode(node, problems).map(Ranges)
            }
            _ => <[f64; 2]>::decode(node, problems).map(|range| Ranges(vec![range])),
        }
    }
}

/// Some nodes of a population.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The population.
    pub population: String,
    /// What the columns of their types say; of each one of these words.
    pub filter: Vec<(String, Vec<String>)>,
    /// Where it is written.
    pub spot: Spot,
}

table! {
    /// Some nodes of a population.
    SelectionEntry, "nodes of a population" {
        /// The population.
        population: String,
        /// Only types whose columns have one of these values.
        r#where: Named<WordsEntry>,
    }
}

/// A word, or several.
#[derive(Debug, Clone, PartialEq)]
pub struct WordsEntry(pub Vec<Cell>);

impl Decode for WordsEntry {
    fn expected() -> String {
        "a text, a number, or a list of these".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Array(_) => Vec::decode(node, problems).map(WordsEntry),
            _ => Cell::decode(node, problems).map(|cell| WordsEntry(vec![cell])),
        }
    }
}

impl Decode for Selection {
    fn expected() -> String {
        "a population, or { population, where }".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let spot = node.spot.clone();
        match &node.value {
            Value::Text(name) => Some(Selection { population: name.clone(), filter: Vec::new(), spot }),
            Value::Table(_) => {
                let entry = SelectionEntry::decode(node, problems)?;
                let words = |words: &WordsEntry| words.0.iter().map(Cell::text).collect();
                let filter = entry.r#where.iter().map(|(column, w)| (column.to_string(), words(w))).collect();
                Some(Selection { population: entry.population, filter, spot })
            }
            _ => mismatch::<Self>(node, problems),
        }
    }
    fn keys(found: &mut Keys) {
        SelectionEntry::keys(found);
    }
}

choice! {
    /// An end of an edge.
    Side {
        /// Where it begins.
        Source = "source",
        /// Where it ends.
        Target = "target",
    }
}

table! {
    /// A number that depends on the types of source and target.
    Lookup, "lookup" {
        /// CSV file: its first column holds values of the source's column, its headers those of the target's.
        matrix: Option<String>,
        /// CSV file with a row for each value of the column `by`.
        table: Option<String>,
        /// Column of the source's type (matrix).
        source: String = "pop_name".into(),
        /// Column of the target's type (matrix).
        target: String = "pop_name".into(),
        /// Column of the types and of the table.
        by: String = "pop_name".into(),
        /// Whose type (table).
        of: Side = Side::Target,
        /// Column with the numbers (table).
        column: Option<String>,
        /// Multiplies every number.
        factor: f64 = 1.0,
    }
}

/// A number, or one looked up by the types of source and target.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// The same for all.
    Constant(f64),
    /// By type.
    Lookup(Box<Lookup>),
}

impl Decode for Number {
    fn expected() -> String {
        "a number, { matrix = \"file.csv\" } or { table = \"file.csv\" }".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        match &node.value {
            Value::Table(_) => Lookup::decode(node, problems).map(|lookup| Number::Lookup(Box::new(lookup))),
            Value::Float(_) | Value::Integer(_) => f64::decode(node, problems).map(Number::Constant),
            _ => mismatch::<Self>(node, problems),
        }
    }
    fn keys(found: &mut Keys) {
        Lookup::keys(found);
    }
}

table! {
    /// A distribution; one of these.
    Distribution, "distribution" {
        /// Lowest and highest value, as likely as any between.
        uniform: Option<[Number; 2]>,
        /// Mean and standard deviation.
        normal: Option<[Number; 2]>,
        /// Median, and standard deviation of the logarithm.
        lognormal: Option<[Number; 2]>,
        /// Evenly spaced from the first value up to, but without, the second.
        even: Option<[f64; 2]>,
        /// One of these, each as likely.
        choice: Vec<f64>,
        /// Lower values become this.
        minimum: f64 = f64::NEG_INFINITY,
        /// Higher values become this.
        maximum: f64 = f64::INFINITY,
    }
}

/// A number, or a distribution of numbers.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// A number, perhaps looked up.
    Number(Number),
    /// Drawn for each.
    Drawn(Box<Distribution>),
}

impl Decode for Quantity {
    fn expected() -> String {
        "a number, a lookup or a distribution (uniform, normal, lognormal, even, choice)".into()
    }
    fn decode(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Value::Table(entries) = &node.value else {
            return match node.value {
                Value::Float(_) | Value::Integer(_) => Number::decode(node, problems).map(Quantity::Number),
                _ => mismatch::<Self>(node, problems),
            };
        };
        if entries.iter().any(|(key, _)| key == "matrix" || key == "table") {
            return Number::decode(node, problems).map(Quantity::Number);
        }
        let drawn = Distribution::decode(node, problems)?;
        let some = [&drawn.uniform, &drawn.normal, &drawn.lognormal].iter().filter(|d| d.is_some()).count();
        if some + usize::from(drawn.even.is_some()) + usize::from(!drawn.choice.is_empty()) != 1 {
            let message = "name one distribution: uniform, normal, lognormal, even or choice";
            problems.push(Problem::new("build-distribution", message).at(node.spot.place()));
            return None;
        }
        if drawn.minimum.is_nan() || drawn.maximum.is_nan() || drawn.minimum > drawn.maximum {
            problems.push(drawn.spot.problem("minimum", "config-value", "the minimum must not be above the maximum"));
            return None;
        }
        Some(Quantity::Drawn(Box::new(drawn)))
    }
    fn keys(found: &mut Keys) {
        Lookup::keys(found);
        Distribution::keys(found);
    }
}
