//! `*_node_types.csv` and `*_edge_types.csv`.

use std::collections::BTreeMap;
use std::path::Path;

use tianyan_model::Problems;

use super::write_text;

/// The least number of a row, by custom.
pub const FIRST_TYPE_ID: u64 = 100;

/// A types table: a row an id, with the columns that all its nodes or edges share.
#[derive(Debug, Clone, PartialEq)]
pub struct TypesTable {
    id_column: String,
    /// In the order of first use.
    columns: Vec<String>,
    rows: Vec<BTreeMap<String, String>>,
    first_id: u64,
}

impl TypesTable {
    /// An empty table; `id_column` is `node_type_id` or `edge_type_id`, ids count from `first_id`.
    pub fn new(id_column: &str, first_id: u64) -> TypesTable {
        TypesTable { id_column: id_column.into(), columns: Vec::new(), rows: Vec::new(), first_id }
    }

    /// The id of a row with these values: that of an equal row, or of a new one.
    pub fn id(&mut self, values: &[(String, String)]) -> u64 {
        for (column, _) in values {
            if !self.columns.contains(column) {
                self.columns.push(column.clone());
            }
        }
        let row: BTreeMap<String, String> = values.iter().cloned().collect();
        let known = self.rows.iter().position(|other| *other == row);
        let index = known.unwrap_or_else(|| {
            self.rows.push(row);
            self.rows.len() - 1
        });
        self.first_id + index as u64
    }

    /// The id after the last.
    pub fn end(&self) -> u64 {
        self.first_id + self.rows.len() as u64
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the table.
    pub fn write(&self, path: &Path) -> Result<(), Problems> {
        let mut text = [std::slice::from_ref(&self.id_column), &self.columns[..]].concat().join(" ") + "\n";
        for (i, row) in self.rows.iter().enumerate() {
            let id = (self.first_id + i as u64).to_string();
            let cells = self.columns.iter().map(|column| row.get(column).map_or("NULL".into(), |cell| quoted(cell)));
            text += &(std::iter::once(id).chain(cells).collect::<Vec<String>>().join(" ") + "\n");
        }
        write_text(path, &text)
    }
}

/// In quotes where a reader would see more than one word, or none.
fn quoted(cell: &str) -> String {
    let plain = !cell.is_empty() && !cell.contains([' ', '"', '\'', ',', '\t', '\n', '#']);
    if plain { cell.into() } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
}
