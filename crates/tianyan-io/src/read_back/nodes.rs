//! The cells of SONATA's nodes files, and classes of them by a column of the file or of its table of node types.

use std::collections::BTreeMap;
use std::path::Path;

use hdf5::Group;
use tianyan_model::{Place, Problem, Problems};

use super::reader::Reader;

/// What stands where a cell has no value, as in SONATA's tables.
const MISSING: &str = "NULL";

/// The cells of a population and their classes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeClasses {
    /// Its name.
    pub population: String,
    /// Its cells, in the file's order.
    pub node_ids: Vec<u64>,
    /// The class of each cell, as many as cells; empty if no column was asked for. `NULL` where a cell has none.
    pub classes: Vec<String>,
}

/// Reads the cells of a nodes file by population, and the class of each: its value in `column`, which is looked for in
/// the file and then in the table of node types (CSV with single spaces between values, quotes around those that
/// hold spaces).
pub fn read_node_classes(
    nodes: &Path,
    node_types: Option<&Path>,
    column: Option<&str>,
) -> Result<Vec<NodeClasses>, Problems> {
    let file = Reader::open(nodes)?;
    let types = node_types.map(read_table).transpose()?;
    let mut all = Vec::new();
    let mut seen: Vec<String> = types.iter().flat_map(|t| t.header.iter().cloned()).collect();
    let mut found = column.is_none();
    for (population, group) in file.populations("nodes")? {
        let nodes = Nodes::read(&file, &group)?;
        let mut classes = Vec::new();
        if let Some(column) = column {
            let own = nodes.own_column(&file, &group, column, &mut seen)?;
            let of_types = types.as_ref().and_then(|table| table.by_type(column));
            found |= own.iter().any(Option::is_some) || of_types.is_some();
            let class = |(i, own): (usize, Option<String>)| {
                let of_type = || of_types.as_ref()?.get(nodes.type_ids.get(i)?).cloned();
                own.or_else(of_type).unwrap_or_else(|| MISSING.into())
            };
            classes = own.into_iter().enumerate().map(class).collect();
        }
        all.push(NodeClasses { population, node_ids: nodes.node_ids, classes });
    }
    match column {
        Some(column) if !found => Err(no_column(nodes, column, seen)),
        _ => Ok(all),
    }
}

fn no_column(nodes: &Path, column: &str, mut seen: Vec<String>) -> Problems {
    seen.sort();
    seen.dedup();
    let help = match seen.is_empty() {
        true => "there are no columns at all; name the table of node types too".to_string(),
        false => format!("there are {}", seen.join(", ")),
    };
    let message = format!("no column `{column}` in this file or its node types");
    Problem::new("nodes-column", message).at(Place::file(nodes.display().to_string())).help(help).into()
}

/// The columns that place a cell in its group.
struct Nodes {
    node_ids: Vec<u64>,
    /// Empty if the file has none.
    type_ids: Vec<u64>,
    group_ids: Vec<u64>,
    group_indices: Vec<u64>,
}

impl Nodes {
    fn read(file: &Reader, group: &Group) -> Result<Nodes, Problems> {
        let column = |name: &str| match group.link_exists(name) {
            true => file.whole_numbers(&file.dataset(group, &[name])?).map(Some),
            false => Ok(None),
        };
        let (ids, types) = (column("node_id")?, column("node_type_id")?);
        let (groups, indices) = (column("node_group_id")?, column("node_group_index")?);
        let Some(cells) = [&ids, &types, &groups].into_iter().flatten().map(Vec::len).next() else {
            let message = "none of node_id, node_type_id and node_group_id".to_string();
            return Err(file.problem(&group.name(), message));
        };
        for other in [&ids, &types, &groups, &indices].into_iter().flatten().map(Vec::len) {
            if other != cells {
                return Err(file.problem(&group.name(), format!("columns of {cells} and of {other} cells")));
            }
        }
        let count = || (0..cells as u64).collect();
        Ok(Nodes {
            node_ids: ids.unwrap_or_else(count),
            type_ids: types.unwrap_or_default(),
            group_ids: groups.unwrap_or_else(|| vec![0; cells]),
            group_indices: indices.unwrap_or_else(count),
        })
    }

    /// Values of a column that stands in the groups of the file; `None` for cells whose group lacks it. Adds all names
    /// of columns to `seen`.
    fn own_column(
        &self,
        file: &Reader,
        group: &Group,
        column: &str,
        seen: &mut Vec<String>,
    ) -> Result<Vec<Option<String>>, Problems> {
        let mut distinct = self.group_ids.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let mut values: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for id in distinct {
            let Ok(inside) = group.group(&id.to_string()) else { continue };
            seen.extend(inside.member_names().unwrap_or_default().into_iter().filter(|name| !name.starts_with('@')));
            if inside.link_exists(column) {
                values.insert(id, column_of_group(file, &inside, column)?);
            }
        }
        let value = |(id, index): (&u64, &u64)| values.get(id)?.get(*index as usize).cloned();
        Ok(self.group_ids.iter().zip(&self.group_indices).map(value).collect())
    }
}

/// A column of a group; numbers that point into its `@library` are replaced by the words there.
fn column_of_group(file: &Reader, group: &Group, column: &str) -> Result<Vec<String>, Problems> {
    let dataset = file.dataset(group, &[column])?;
    let library = format!("@library/{column}");
    if !group.link_exists("@library") || !group.link_exists(&library) {
        return file.words(&dataset);
    }
    let words = file.words(&file.dataset(group, &[&library])?)?;
    let word = |i: u64| words.get(i as usize).cloned().unwrap_or_else(|| i.to_string());
    Ok(file.whole_numbers(&dataset)?.into_iter().map(word).collect())
}

/// A table of node types.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
    /// Where `node_type_id` stands.
    key: usize,
}

impl Table {
    /// The values of a column by node type; `None` if there is no such column.
    fn by_type(&self, column: &str) -> Option<BTreeMap<u64, String>> {
        let at = self.header.iter().position(|name| name == column)?;
        let entry = |row: &Vec<String>| Some((row[self.key].parse().ok()?, row[at].clone()));
        Some(self.rows.iter().filter_map(entry).collect())
    }
}

fn read_table(path: &Path) -> Result<Table, Problems> {
    let place = || Place::file(path.display().to_string());
    let text = std::fs::read_to_string(path).map_err(|e| Problem::new("file-unreadable", e.to_string()).at(place()))?;
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().map(|(_, line)| words(line)).unwrap_or_default();
    let Some(key) = header.iter().position(|name| name == "node_type_id") else {
        let problem = Problem::new("node-types", "no column `node_type_id` in the first line").at(place());
        return Err(problem.help("values stand apart by single spaces, not commas").into());
    };
    let mut rows = Vec::new();
    for (i, line) in lines {
        let row = words(line);
        if row.len() != header.len() {
            let message = format!("{} values under {} names", row.len(), header.len());
            let problem = Problem::new("node-types", message).at(place().at(i as u32 + 1, 1));
            return Err(problem.help("values with spaces in them stand in quotes, absent ones are NULL").into());
        }
        rows.push(row);
    }
    Ok(Table { header, rows, key })
}

/// Words of a line, apart by spaces or tabs; quotes, single or double, hold words with spaces together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut inside) = (Vec::new(), String::new(), None, false);
    for c in line.trim_start_matches('\u{feff}').chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.push(c),
            None if (c == '"' || c == '\'') && !inside => (quote, inside) = (Some(c), true),
            None if c.is_whitespace() => {
                if inside {
                    words.push(std::mem::take(&mut word));
                }
                inside = false;
            }
            None => {
                word.push(c);
                inside = true;
            }
        }
    }
    if inside {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quotes_hold_words_together() {
        assert_eq!(words("100 e \"L4 Rorb\"  '' NULL "), ["100", "e", "L4 Rorb", "", "NULL"]);
        assert_eq!(words("\u{feff}a\tb's c"), ["a", "b's", "c"]);
        assert!(words("   ").is_empty());
    }
}
