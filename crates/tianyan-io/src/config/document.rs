//! TOML text as a tree in which every key and value knows where it stands.

use std::ops::Range;
use std::sync::Arc;

use tianyan_model::{Place, Problem, Problems};
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// A text with the name under which messages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// File name as the user gave it.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// The place of the byte at `offset`, with its line.
    pub fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |i| i + 1);
        let line = before.matches('\n').count() as u32 + 1;
        let column = before[start..].chars().count() as u32 + 1;
        let mut place = Place::file(&self.name).at(line, column);
        place.source_line = self.text[start..].lines().next().map(|line| line.replace('\t', " "));
        place
    }
}

/// The way to a value: the keys that lead to it and where it stands in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// The text it stands in.
    pub source: Arc<Source>,
    /// `cells.pyramid.paint[2]`; empty for the whole document.
    pub path: String,
    /// Byte offset of the key, or of the value where there is no key.
    pub offset: usize,
    /// Keys directly inside, with the offsets at which they are written.
    pub keys: Vec<(String, usize)>,
}

impl Spot {
    /// The place for a message.
    pub fn place(&self) -> Place {
        let place = self.source.place(self.offset);
        if self.path.is_empty() { place } else { place.key(&self.path) }
    }

    /// The place of a key inside, or of this table where that key is not written.
    pub fn at(&self, key: &str) -> Place {
        let offset = self.keys.iter().find(|(name, _)| name == key).map_or(self.offset, |(_, offset)| *offset);
        self.source.place(offset).key(join(&self.path, key))
    }

    /// A problem at a key inside.
    pub fn problem(&self, key: &str, code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(code, message).at(self.at(key))
    }
}

/// `path.key`, or `key` alone at the top; keys that are no bare TOML keys are quoted.
pub fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-[]".contains(c));
    let key = if bare { key.to_string() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// A value and the way to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The way to it.
    pub spot: Spot,
    /// The value.
    pub value: Value,
}

/// A TOML value. Dates are kept as text: no key wants one.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Array(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Value {
    /// What it is, for messages.
    pub fn describe(&self) -> String {
        match self {
            Value::Text(text) => format!("the text {text:?}"),
            Value::Integer(number) => format!("the number {number}"),
            Value::Float(number) => format!("the number {number}"),
            Value::Bool(value) => format!("{value}"),
            Value::Array(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }
}

/// Parses TOML; all syntax errors are reported at once.
pub fn parse(name: &str, text: &str) -> Result<Node, Problems> {
    let source = Arc::new(Source { name: name.into(), text: text.into() });
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut problems = Problems(errors.iter().map(|error| syntax(&source, error)).collect());
    let root = Spot { source, path: String::new(), offset: 0, keys: Vec::new() };
    let node = table(document.get_ref(), root, &mut problems);
    problems.or(node)
}

fn syntax(source: &Source, error: &Error) -> Problem {
    let offset = error.span().map_or(0, |span| span.start);
    let message = error.message().lines().collect::<Vec<_>>().join("; ");
    Problem::new("config-syntax", message).at(source.place(offset))
}

fn node(value: &Spanned<DeValue<'_>>, spot: Spot, problems: &mut Problems) -> Node {
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            Err(_) => {
                problems.push(Problem::new("config-number", format!("{number} is too large")).at(spot.place()));
                Value::Integer(0)
            }
        },
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => Value::Array(array(items.iter(), &spot, problems)),
        DeValue::Table(entries) => return table(entries, spot, problems),
    };
    Node { spot, value }
}

fn array<'a, 'i: 'a>(
    items: impl Iterator<Item = &'a Spanned<DeValue<'i>>>,
    spot: &Spot,
    problems: &mut Problems,
) -> Vec<Node> {
    let child = |(i, item): (usize, &Spanned<DeValue<'_>>)| {
        let path = format!("{}[{i}]", spot.path);
        let spot = Spot { source: spot.source.clone(), path, offset: item.span().start, keys: Vec::new() };
        node(item, spot, problems)
    };
    items.enumerate().map(child).collect()
}

fn table(entries: &DeTable<'_>, mut spot: Spot, problems: &mut Problems) -> Node {
    let mut written: Vec<_> = entries.iter().map(|(key, value)| (key.span(), key.get_ref(), value)).collect();
    written.sort_by_key(|(span, ..): &(Range<usize>, _, _)| span.start);
    let child = |(span, key, value): &(Range<usize>, &std::borrow::Cow<'_, str>, &Spanned<DeValue<'_>>)| {
        let path = join(&spot.path, key);
        let spot = Spot { source: spot.source.clone(), path, offset: span.start, keys: Vec::new() };
        (key.to_string(), node(value, spot, problems))
    };
    let children: Vec<(String, Node)> = written.iter().map(child).collect();
    spot.keys = children.iter().map(|(key, node)| (key.clone(), node.spot.offset)).collect();
    Node { spot, value: Value::Table(children) }
}
