//! `$VAR` and `${VAR}`: the manifest of a config, and what its variables become.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use serde_json::{Map, Value};
use tianyan_model::{Place, Problem};

/// Variables by name, without the dollar.
pub(super) type Variables = BTreeMap<String, Value>;

/// The variables of a config file: BMTK's own (`configdir`, `workingdir`, `configfname`, `date`, `time`, `datetime`),
/// then those of its `manifest`, which may name each other in any order.
pub(super) fn variables(file: &Path, config: &Map<String, Value>, problems: &mut Vec<Problem>) -> Variables {
    let mut known = built_in(file);
    let Some(manifest) = config.get("manifest") else { return known };
    let place = Place::file(file.display().to_string());
    let Some(manifest) = manifest.as_object() else {
        problems.push(Problem::new("sonata-manifest", "the manifest is no object").at(place.key("manifest")));
        return known;
    };
    let name = |key: &str| key.strip_prefix('$').unwrap_or(key).to_string();
    let mut open: Vec<(String, &Value)> = manifest.iter().map(|(key, value)| (name(key), value)).collect();
    loop {
        let before = open.len();
        open.retain(|(name, value)| {
            let value = replaced(value, &known);
            let still = value.as_str().is_some_and(|text| text.contains('$'));
            if !still {
                known.insert(name.clone(), value);
            }
            still
        });
        if open.is_empty() {
            return known;
        }
        if open.len() == before {
            break;
        }
    }
    for (name, value) in open {
        let message = format!("the manifest's ${name} = {value} names itself, or a variable that does not exist");
        let help = "every variable of a manifest must lead to plain text in the end";
        problems.push(Problem::new("sonata-manifest", message).at(place.clone().key("manifest")).help(help));
    }
    known
}

fn built_in(file: &Path) -> Variables {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    let folder = absolute.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let here = std::env::current_dir().map(|path| path.display().to_string()).unwrap_or_default();
    // `2026-11-24T10:00:00Z`
    let now = tianyan_io::output::rfc3339(SystemTime::now());
    let (date, time) = now.split_once('T').unwrap_or((&now, ""));
    let time = time.trim_end_matches('Z').replace(':', "-");
    let texts = [
        ("configdir", folder),
        ("workingdir", here),
        ("configfname", absolute.display().to_string()),
        ("date", date.to_string()),
        ("datetime", format!("{date}_{time}")),
        ("time", time),
    ];
    texts.into_iter().map(|(name, text)| (name.to_string(), Value::String(text))).collect()
}

/// The value with all variables replaced, in lists and objects too. Unknown variables stay as they are.
pub(super) fn replaced(value: &Value, variables: &Variables) -> Value {
    match value {
        Value::String(text) => replaced_text(text, variables),
        Value::Array(items) => Value::Array(items.iter().map(|item| replaced(item, variables)).collect()),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| {
                let keep = key == "manifest";
                (key.clone(), if keep { value.clone() } else { replaced(value, variables) })
            };
            Value::Object(entries.iter().map(entry).collect())
        }
        other => other.clone(),
    }
}

/// A text that is nothing but a variable becomes its value, of whatever type.
fn replaced_text(text: &str, variables: &Variables) -> Value {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        let (whole, name) = variable(&rest[at..]);
        match variables.get(name) {
            Some(value) if whole == text.len() && !value.is_string() => return value.clone(),
            Some(Value::String(value)) => done.push_str(value),
            Some(value) => done.push_str(&value.to_string()),
            None => done.push_str(&rest[at..at + whole]),
        }
        rest = &rest[at + whole..];
    }
    done.push_str(rest);
    Value::String(done)
}

/// Length and name of the variable at the start of a text that begins with a dollar.
fn variable(text: &str) -> (usize, &str) {
    let word = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    if let Some(inside) = text.strip_prefix("${") {
        let end = word(inside);
        if inside[end..].starts_with('}') && end > 0 {
            return (end + 3, &inside[..end]);
        }
    }
    let end = word(&text[1..]);
    (end + 1, &text[1..1 + end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(config: Value) -> (Variables, Vec<Problem>) {
        let mut problems = Vec::new();
        let found = variables(Path::new("a/config.json"), config.as_object().unwrap(), &mut problems);
        (found, problems)
    }

    #[test]
    fn chains_are_followed_in_any_order() {
        let (known, problems) = of(json!({"manifest": {"$C": "${B}/c", "B": "$A/b", "$A": ".", "$N": 3}}));
        assert!(problems.is_empty());
        assert_eq!(known["C"], "./b/c");
        assert_eq!(
            replaced(&json!(["$C/x_${N}_y", "$N", "$NO/${NO}$"]), &known),
            json!(["./b/c/x_3_y", 3, "$NO/${NO}$"])
        );
    }

    #[test]
    fn circles_and_unknown_names_are_problems() {
        let (_, problems) = of(json!({"manifest": {"$A": "$B", "$B": "$A", "$C": "$NOBODY/x", "$D": "fine"}}));
        assert_eq!(problems.len(), 3);
    }
}
