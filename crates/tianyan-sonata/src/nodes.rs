//! Populations of nodes: `/nodes/<population>` and its types.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use tianyan_io::columns::{self, ColumnGroup};
use tianyan_model::{Place, Problem, Problems};

use crate::config::Files;
use crate::table::Types;
use crate::value::{Value, Values};

/// A population.
#[derive(Debug)]
pub(crate) struct NodePopulation {
    pub name: String,
    /// One more than its largest node id.
    pub size: u32,
    /// Gid of node id 0.
    pub first_gid: u32,
    pub types: Types,
    group: ColumnGroup,
    /// By node id: the row in the file; `u32::MAX` where there is none.
    row_of: Vec<u32>,
    /// By row: the row of its type, its group and the row there.
    pub type_row: Vec<u32>,
    group_of: Vec<u16>,
    group_row: Vec<u32>,
    groups: Vec<NodeGroup>,
}

/// `/nodes/<population>/<number>`.
#[derive(Debug)]
struct NodeGroup {
    group: ColumnGroup,
    /// Columns are read when they are first asked for.
    columns: HashMap<String, OnceLock<Result<Values, Problem>>>,
}

impl NodePopulation {
    /// Reads the populations of some files; the types are common to them. Gids begin at `first_gid`.
    pub fn read(files: &Files, first_gid: &mut u32, problems: &mut Problems) -> Vec<NodePopulation> {
        let Some(types) = problems.take(Types::read(&files.types, "node_type_id")) else { return Vec::new() };
        let mut found = Vec::new();
        for path in &files.data {
            let nodes = columns::open(path).and_then(|root| root.group("nodes"));
            let Some(nodes) = problems.take(nodes.map_err(Problems::from)) else { continue };
            let populations = nodes.groups();
            if populations.is_empty() {
                let problem = Problem::new("sonata-population", "the file holds no population of nodes");
                problems.push(problem.at(nodes.place("")).help("populations are groups in /nodes"));
            }
            for (name, group) in populations {
                let population = problems.take(NodePopulation::new(name, group, types.clone(), *first_gid));
                if let Some(population) = population {
                    *first_gid = first_gid.saturating_add(population.size);
                    found.push(population);
                }
            }
        }
        found
    }

    fn new(name: String, group: ColumnGroup, types: Types, first_gid: u32) -> Result<NodePopulation, Problems> {
        let mut problems = Problems::default();
        let type_ids = group.column("node_type_id")?.integers()?;
        let rows = type_ids.len();
        let integers = |name: &str, problems: &mut Problems| -> Option<Vec<u64>> {
            let values =
                problems.take(group.column(name).and_then(|column| column.integers()).map_err(Problems::from))?;
            if values.len() != rows {
                let message = format!("{name} has {} rows, but node_type_id has {rows}", values.len());
                problems.push(
                    Problem::new("sonata-lengths", message)
                        .at(group.place(name))
                        .help("all columns of a population are equally long"),
                );
                return None;
            }
            Some(values)
        };
        let ids = match group.has("node_id") {
            true => integers("node_id", &mut problems).unwrap_or_default(),
            false => (0..rows as u64).collect(),
        };
        let groups = NodeGroup::all(&group);
        let group_of =
            if group.has("node_group_id") { integers("node_group_id", &mut problems) } else { Some(vec![0; rows]) };
        let group_row = match group.has("node_group_index") {
            true => integers("node_group_index", &mut problems),
            false => Some((0..rows as u64).collect()),
        };
        let size: u64 = ids.iter().max().map_or(0, |id| id.saturating_add(1));
        // A table by node id is kept: ids far apart would make it large.
        if size > 64 * rows as u64 + 1_000_000 || size.saturating_add(u64::from(first_gid)) > u64::from(u32::MAX) {
            let message = format!("node id {} in a population of {rows} nodes", size - 1);
            let problem = Problem::new("sonata-node-id", message).at(group.place("node_id"));
            return Err(problem.help("number the nodes 0, 1, 2 ...").into());
        }
        let mut row_of = vec![u32::MAX; size as usize];
        for (row, &id) in ids.iter().enumerate() {
            let other = std::mem::replace(&mut row_of[id as usize], row as u32);
            if other != u32::MAX && problems.0.len() < 20 {
                let message = format!("node id {id} is given in rows {other} and {row}");
                problems.push(
                    Problem::new("sonata-node-twice", message)
                        .at(group.place("node_id"))
                        .help("give every node an id of its own"),
                );
            }
        }
        let mut type_row = Vec::with_capacity(rows);
        let mut unknown: BTreeMap<u64, usize> = BTreeMap::new();
        for id in &type_ids {
            type_row.push(types.row(*id).unwrap_or(0) as u32);
            if types.row(*id).is_none() {
                *unknown.entry(*id).or_default() += 1;
            }
        }
        for (id, count) in unknown {
            let message = format!("{count} nodes are of type {id}, which has no row in {}", types.files.join(", "));
            problems.push(
                Problem::new("sonata-type-missing", message)
                    .at(group.place("node_type_id"))
                    .help("add a row with that node_type_id to the CSV"),
            );
        }
        problems.or(())?;
        let mut population = NodePopulation {
            name,
            size: size as u32,
            first_gid,
            types,
            row_of,
            type_row,
            group_of: Vec::new(),
            group_row: group_row.unwrap_or_default().iter().map(|row| *row as u32).collect(),
            groups,
            group,
        };
        population.number_groups(&group_of.unwrap_or_default())?;
        Ok(population)
    }

    /// Group ids of the file to positions in `groups`, and a check of their rows.
    fn number_groups(&mut self, ids: &[u64]) -> Result<(), Problems> {
        let named: Vec<(u64, usize)> = self.groups.iter().map(|group| (group.id(), group.rows())).collect();
        for (row, id) in ids.iter().enumerate() {
            let found = named.iter().position(|(other, _)| other == id);
            let group_row = self.group_row[row] as usize;
            let message = match found {
                None if named.is_empty() => None,
                None => Some(format!("row {row} is in group {id}, which the population does not have")),
                Some(i) if named[i].1 != usize::MAX && group_row >= named[i].1 => {
                    Some(format!("row {row} names row {group_row} of group {id}, which has {} rows", named[i].1))
                }
                Some(_) => None,
            };
            if let Some(message) = message {
                return Err(Problem::new("sonata-group", message).at(self.group.place("node_group_id")).into());
            }
            self.group_of.push(found.unwrap_or(usize::from(u16::MAX)) as u16);
        }
        Ok(())
    }

    /// The row of a node in the file.
    pub fn row(&self, node_id: u32) -> Option<usize> {
        self.row_of.get(node_id as usize).filter(|row| **row != u32::MAX).map(|row| *row as usize)
    }

    /// All node ids, ascending.
    pub fn node_ids(&self) -> impl Iterator<Item = u32> {
        (0..self.size).filter(|id| self.row_of[*id as usize] != u32::MAX)
    }

    /// Whether nodes have such a value at all.
    pub fn has(&self, column: &str) -> bool {
        self.types.has(column) || self.groups.iter().any(|group| group.columns.contains_key(column))
    }

    /// Whether a node's group or the types have a column.
    pub fn has_for(&self, node_id: u32, column: &str) -> bool {
        let group = self.row(node_id).and_then(|row| self.groups.get(usize::from(self.group_of[row])));
        self.types.has(column) || group.is_some_and(|group| group.columns.contains_key(column))
    }

    /// Whether some group gives the value node by node.
    pub fn has_own(&self, column: &str) -> bool {
        self.groups.iter().any(|group| group.columns.contains_key(column))
    }

    /// The value of a node: the file's own, else that of its type.
    pub fn value(&self, node_id: u32, column: &str) -> Result<Value, Problem> {
        let Some(row) = self.row(node_id) else { return Ok(Value::Missing) };
        let own = self.groups.get(usize::from(self.group_of[row]));
        let own = own.and_then(|group| group.values(column)).transpose()?;
        match own {
            Some(values) => Ok(values.get(self.group_row[row] as usize)),
            None => Ok(self.types.value(self.type_row[row] as usize, column)),
        }
    }

    /// The columns `positions` or `position`, three numbers a node; none if there is none.
    pub fn position(&self, node_id: u32) -> Result<Option<[f64; 3]>, Problem> {
        let Some(row) = self.row(node_id) else { return Ok(None) };
        let Some(group) = self.groups.get(usize::from(self.group_of[row])) else { return Ok(None) };
        let Some(name) = ["positions", "position"].into_iter().find(|name| group.columns.contains_key(*name)) else {
            return Ok(None);
        };
        let Some(Values::Numbers(numbers)) = group.values(name).transpose()? else { return Ok(None) };
        let at = 3 * self.group_row[row] as usize;
        Ok(numbers.get(at..at + 3).and_then(|three| three.try_into().ok()))
    }

    /// Where a node's type stands.
    pub fn place(&self, node_id: u32) -> Place {
        let type_row = self.row(node_id).map(|row| self.type_row[row] as usize);
        let place = type_row.map(|row| self.types.place(row)).unwrap_or_default();
        place.key(format!("population {}, node {node_id}", self.name))
    }

    /// Where the population stands in its file.
    pub fn place_in_file(&self, member: &str) -> Place {
        self.group.place(member)
    }
}

impl NodeGroup {
    fn all(population: &ColumnGroup) -> Vec<NodeGroup> {
        let numbered = |name: &String| name.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty();
        let groups = population.groups().into_iter().filter(|(name, _)| numbered(name));
        groups.map(|(_, group)| NodeGroup::new(group)).collect()
    }

    fn new(group: ColumnGroup) -> NodeGroup {
        let names = group.members().into_iter().filter(|name| !group.has_group(name));
        let columns = names.map(|name| (name, OnceLock::new())).collect();
        NodeGroup { group, columns }
    }

    fn id(&self) -> u64 {
        let place = self.group.place("").key.unwrap_or_default();
        place.rsplit('/').next().and_then(|name| name.parse().ok()).unwrap_or(0)
    }

    /// Rows of its columns; no bound if it has none.
    fn rows(&self) -> usize {
        let lengths = self.columns.keys().filter_map(|name| self.group.column(name).ok()).map(|column| column.len());
        lengths.min().unwrap_or(usize::MAX)
    }

    fn values(&self, column: &str) -> Option<Result<&Values, Problem>> {
        let slot = self.columns.get(column)?;
        let read = || {
            let found = self.group.column(column)?;
            if found.is_text() { found.texts().map(Values::Texts) } else { found.numbers().map(Values::Numbers) }
        };
        Some(slot.get_or_init(read).as_ref().map_err(Clone::clone))
    }
}
