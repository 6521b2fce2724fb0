//! An object of a JSON file, read key by key.

use std::sync::Arc;

use serde_json::{Map, Value};
use tianyan_io::{did_you_mean, nearest};
use tianyan_model::{Place, Problem, Problems};

/// An object that knows where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    file: Arc<str>,
    /// `inputs.lgn`; empty for the whole file.
    key: String,
    values: Map<String, Value>,
}

impl Entry {
    /// An object of a file.
    pub fn new(file: impl Into<Arc<str>>, key: impl Into<String>, values: Map<String, Value>) -> Entry {
        Entry { file: file.into(), key: key.into(), values }
    }

    /// Where a key of it stands.
    pub fn place(&self, key: &str) -> Place {
        let dot = if self.key.is_empty() || key.is_empty() { "" } else { "." };
        Place::file(&*self.file).key(format!("{}{dot}{key}", self.key))
    }

    /// A problem with one of its keys.
    pub fn problem(&self, key: &str, code: &'static str, message: impl Into<String>) -> Problem {
        Problem::new(code, message).at(self.place(key))
    }

    /// A value; none if it is absent or null.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// All keys and values, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// An object in it; an empty one if it is absent.
    pub fn object(&self, key: &str, problems: &mut Problems) -> Entry {
        let path = self.place(key).key.unwrap_or_default();
        let values = match self.get(key) {
            Some(Value::Object(values)) => values.clone(),
            Some(other) => {
                problems.push(self.wrong(key, "an object", other));
                Map::new()
            }
            None => Map::new(),
        };
        Entry { file: self.file.clone(), key: path, values }
    }

    /// The objects of an object (`inputs`, `reports`), in the order of the file.
    pub fn objects(&self, problems: &mut Problems) -> Vec<(String, Entry)> {
        let names: Vec<String> = self.values.keys().cloned().collect();
        names.into_iter().map(|name| (name.clone(), self.object(&name, problems))).collect()
    }

    /// The objects of a list.
    pub fn list(&self, key: &str, problems: &mut Problems) -> Vec<Entry> {
        let items = match self.get(key) {
            Some(Value::Array(items)) => items.as_slice(),
            Some(other) => {
                problems.push(self.wrong(key, "a list", other));
                &[]
            }
            None => &[],
        };
        let mut found = Vec::new();
        for (i, item) in items.iter().enumerate() {
            let path = format!("{}[{i}]", self.place(key).key.unwrap_or_default());
            match item {
                Value::Object(values) => {
                    found.push(Entry { file: self.file.clone(), key: path, values: values.clone() })
                }
                other => problems.push(self.wrong(&format!("{key}[{i}]"), "an object", other)),
            }
        }
        found
    }

    /// A finite number. Text that is one is taken too.
    pub fn number(&self, key: &str, problems: &mut Problems) -> Option<f64> {
        let value = self.get(key)?;
        let found = as_number(value);
        if found.is_none() {
            problems.push(self.wrong(key, "a number", value));
        }
        found
    }

    /// A number that must be there.
    pub fn need_number(&self, key: &str, problems: &mut Problems) -> Option<f64> {
        self.need(key, problems)?;
        self.number(key, problems)
    }

    /// One number or a list of them.
    pub fn numbers(&self, key: &str, problems: &mut Problems) -> Option<Vec<f64>> {
        let value = self.get(key)?;
        let found = match value {
            Value::Array(items) => items.iter().map(as_number).collect(),
            single => as_number(single).map(|x| vec![x]),
        };
        if found.is_none() {
            problems.push(self.wrong(key, "a number or a list of numbers", value));
        }
        found
    }

    /// A text.
    pub fn text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        let value = self.get(key)?;
        if let Value::String(text) = value {
            return Some(text.clone());
        }
        problems.push(self.wrong(key, "a text", value));
        None
    }

    /// A text that must be there.
    pub fn need_text(&self, key: &str, problems: &mut Problems) -> Option<String> {
        self.need(key, problems)?;
        self.text(key, problems)
    }

    /// One text or a list of them.
    pub fn texts(&self, key: &str, problems: &mut Problems) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let text = |value: &Value| value.as_str().map(String::from);
        let found = match value {
            Value::Array(items) => items.iter().map(text).collect(),
            single => text(single).map(|one| vec![one]),
        };
        if found.is_none() {
            problems.push(self.wrong(key, "a text or a list of texts", value));
        }
        found
    }

    /// True or false; 0 and 1 are taken too.
    pub fn flag(&self, key: &str, problems: &mut Problems) -> Option<bool> {
        let value = self.get(key)?;
        let found = value.as_bool().or_else(|| Some(value.as_i64()? != 0));
        if found.is_none() {
            problems.push(self.wrong(key, "true or false", value));
        }
        found
    }

    /// Whether it is not switched off by `"enabled": false`.
    pub fn is_enabled(&self, problems: &mut Problems) -> bool {
        self.flag("enabled", problems).unwrap_or(true)
    }

    /// Warns of keys that nobody reads.
    pub fn warn_unknown(&self, known: &[&str], warnings: &mut Problems) {
        for key in self.values.keys().filter(|key| !known.contains(&key.as_str()) && !key.starts_with('_')) {
            let message = format!("`{key}` is not known here, and ignored");
            warnings.push(self.problem(key, "sonata-unknown-key", message).help(did_you_mean(key, known.to_vec())));
        }
    }

    fn need(&self, key: &str, problems: &mut Problems) -> Option<()> {
        if self.get(key).is_none() {
            let what = if self.key.is_empty() { "the file".to_string() } else { format!("`{}`", self.key) };
            let mut problem = self.problem(key, "sonata-missing-key", format!("{what} needs `{key}`"));
            let keys: Vec<&str> = self.values.keys().map(String::as_str).collect();
            if let Some(near) = nearest(key, &keys).filter(|near| *near != key) {
                problem = problem.help(format!("is `{near}` meant for it?"));
            }
            problems.push(problem);
            return None;
        }
        Some(())
    }

    /// A problem with the type of a value.
    pub fn wrong(&self, key: &str, wanted: &str, found: &Value) -> Problem {
        let mut text = found.to_string();
        if text.chars().count() > 60 {
            text = text.chars().take(57).collect::<String>() + "...";
        }
        self.problem(key, "sonata-value", format!("`{key}` must be {wanted}, not {text}"))
    }
}

/// A finite number, or a text that is one (fit files have them).
pub(crate) fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|x: &f64| x.is_finite())
}
