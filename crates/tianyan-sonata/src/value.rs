//! A value of a node or an edge: a number, a text, or nothing.

use std::fmt;

/// What a column holds in one row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Value {
    /// `NULL`, `NaN`, an empty field, or no such column.
    #[default]
    Missing,
    Number(f64),
    Text(String),
}

/// What pandas, and so BMTK, takes for a missing value.
const NULLS: &[&str] = &[
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "NONE", "n/a", "nan", "null",
];

impl Value {
    /// The value of a field of a CSV.
    pub fn parse(field: &str) -> Value {
        if NULLS.contains(&field) {
            return Value::Missing;
        }
        match field.trim().parse::<f64>() {
            Ok(number) if !number.is_nan() => Value::Number(number),
            _ => Value::Text(field.to_string()),
        }
    }

    /// The text; numbers in their shortest form.
    pub fn text(&self) -> Option<String> {
        match self {
            Value::Missing => None,
            Value::Number(number) => Some(number.to_string()),
            Value::Text(text) => Some(text.clone()),
        }
    }

    /// Whether a value of a config (a node set, a filter) means this one.
    pub fn equals(&self, wanted: &serde_json::Value) -> bool {
        match (self, wanted) {
            (_, serde_json::Value::Array(any)) => any.iter().any(|one| self.equals(one)),
            (Value::Number(number), serde_json::Value::Number(other)) => other.as_f64() == Some(*number),
            (Value::Number(number), serde_json::Value::Bool(flag)) => *number == f64::from(u8::from(*flag)),
            (Value::Text(text), serde_json::Value::String(other)) => text == other,
            (Value::Text(text), serde_json::Value::Bool(flag)) => text == if *flag { "True" } else { "False" },
            _ => false,
        }
    }
}

/// A column of values.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

impl Values {
    /// The value of a row.
    pub fn get(&self, row: usize) -> Value {
        match self {
            Values::Numbers(numbers) => match numbers.get(row) {
                Some(number) if !number.is_nan() => Value::Number(*number),
                _ => Value::Missing,
            },
            Values::Texts(texts) => match texts.get(row) {
                Some(text) if !NULLS.contains(&text.as_str()) => Value::Text(text.clone()),
                _ => Value::Missing,
            },
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().unwrap_or_else(|| "NULL".into()))
    }
}
