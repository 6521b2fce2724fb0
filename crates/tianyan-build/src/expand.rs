//! `for_each = "table.csv"`: an entry becomes one for each row, {column} standing for the row's field.
//!
//! This happens before the schema is read, so that any key, numbers included, may come from a table: a text that is one
//! {column} alone and reads as a number becomes that number.

use std::path::Path;

use tianyan_io::config::document::{Node, Value};
use tianyan_io::config::tables::Table;
use tianyan_model::{Problem, Problems};

const KEY: &str = "for_each";

/// Expands all entries below this node. Tables are relative to `base`.
pub fn expand(node: &mut Node, base: &Path, problems: &mut Problems) {
    match &mut node.value {
        Value::Table(entries) => {
            let all = std::mem::take(entries).into_iter();
            *entries = all.flat_map(|(key, node)| rows(Some(&key), node, base, problems)).collect();
            node.spot.keys = entries.iter().map(|(key, node)| (key.clone(), node.spot.offset)).collect();
            entries.iter_mut().for_each(|(_, child)| expand(child, base, problems));
        }
        Value::Array(items) => {
            let all = std::mem::take(items).into_iter();
            *items = all.flat_map(|node| rows(None, node, base, problems)).map(|(_, node)| node).collect();
            items.iter_mut().for_each(|child| expand(child, base, problems));
        }
        _ => {}
    }
}

/// The entry, or one for each row of its table.
fn rows(key: Option<&str>, mut node: Node, base: &Path, problems: &mut Problems) -> Vec<(String, Node)> {
    let key = key.unwrap_or_default();
    let Some(table) = take_table(&mut node, base, problems) else { return vec![(key.into(), node)] };
    let entry = |row: usize| {
        let mut copy = node.clone();
        fill(&mut copy, &table, row);
        (table.fill(key, row), copy)
    };
    (0..table.rows.len()).map(entry).collect()
}

/// Removes the key and reads its table.
fn take_table(node: &mut Node, base: &Path, problems: &mut Problems) -> Option<Table> {
    let Value::Table(entries) = &mut node.value else { return None };
    let at = entries.iter().position(|(key, _)| key == KEY)?;
    let (_, written) = entries.remove(at);
    let Value::Text(name) = &written.value else {
        let message = format!("expected a file name, found {}", written.value.describe());
        problems.push(Problem::new("config-type", message).at(written.spot.place()));
        return None;
    };
    problems.take(Table::read(&base.join(name), &node.spot, KEY))
}

fn fill(node: &mut Node, table: &Table, row: usize) {
    match &mut node.value {
        Value::Text(text) if text.contains('{') => {
            let filled = table.fill(text, row);
            let whole = text.starts_with('{') && text.find('}') == Some(text.len() - 1);
            node.value = if whole { typed(filled) } else { Value::Text(filled) };
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, table, row)),
        Value::Table(entries) => entries.iter_mut().for_each(|(_, child)| fill(child, table, row)),
        _ => {}
    }
}

/// A field as a number, if it is one.
fn typed(field: String) -> Value {
    match (field.parse::<i64>(), field.parse::<f64>()) {
        (Ok(number), _) => Value::Integer(number),
        (_, Ok(number)) if number.is_finite() => Value::Float(number),
        _ => Value::Text(field),
    }
}
