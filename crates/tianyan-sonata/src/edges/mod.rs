//! Populations of edges: `/edges/<population>`, read by ranges of targets.

mod index;
mod slab;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use tianyan_io::columns::{Column, ColumnGroup};
use tianyan_model::{Place, Problem, Problems};

use crate::nodes::NodePopulation;
use crate::table::Types;
use index::TargetIndex;
use slab::EdgeGroup;
pub(crate) use slab::Slab;

/// A population.
#[derive(Debug)]
pub(crate) struct EdgePopulation {
    pub name: String,
    /// Indices of the populations of nodes.
    pub source: usize,
    pub target: usize,
    pub types: Types,
    group: ColumnGroup,
    columns: Columns,
    /// Number of edges.
    rows: usize,
    index: TargetIndex,
    groups: Vec<EdgeGroup>,
    /// All edges at once, where targets lie scattered over the file.
    whole: OnceLock<Result<Slab, Problem>>,
    scattered: bool,
}

/// The columns that every population has. They stay open: HDF5 keeps their last chunks.
#[derive(Debug)]
struct Columns {
    source: Column,
    target: Column,
    edge_type: Column,
    group_id: Option<Column>,
    group_index: Option<Column>,
}

impl Columns {
    fn new(group: &ColumnGroup) -> Result<Columns, Problem> {
        let optional = |name: &str| group.has(name).then(|| group.column(name)).transpose();
        Ok(Columns {
            source: group.column("source_node_id")?,
            target: group.column("target_node_id")?,
            edge_type: group.column("edge_type_id")?,
            group_id: optional("edge_group_id")?,
            group_index: optional("edge_group_index")?,
        })
    }

    /// Number of edges, if all have as many rows.
    fn rows(&self, group: &ColumnGroup) -> Result<usize, Problems> {
        let mut problems = Problems::default();
        let rows = self.source.len();
        let must = [("target_node_id", Some(&self.target)), ("edge_type_id", Some(&self.edge_type))];
        let may = [("edge_group_id", self.group_id.as_ref()), ("edge_group_index", self.group_index.as_ref())];
        for (name, column) in must.into_iter().chain(may) {
            let length = column.map_or(rows, Column::len);
            if length != rows {
                let message = format!("{name} has {length} rows, but source_node_id has {rows}");
                let problem = Problem::new("sonata-lengths", message).at(group.place(name));
                problems.push(problem.help("all columns of a population are equally long"));
            }
        }
        problems.or(rows)
    }
}

/// Edges looked at in one go when a file is checked.
const BLOCK: usize = 1 << 20;

impl EdgePopulation {
    /// Opens a population and checks its columns.
    pub fn new(
        name: String,
        group: ColumnGroup,
        types: Types,
        nodes: &[NodePopulation],
    ) -> Result<EdgePopulation, Problems> {
        let mut problems = Problems::default();
        let source = end(&group, "source_node_id", nodes, &mut problems);
        let target = end(&group, "target_node_id", nodes, &mut problems);
        let (Some(source), Some(target)) = (source, target) else { return Err(problems) };
        let columns = Columns::new(&group)?;
        let rows = columns.rows(&group)?;
        let groups = EdgeGroup::all(&group);
        let mut population = EdgePopulation {
            name,
            source,
            target,
            types,
            group,
            columns,
            rows,
            index: TargetIndex::Made { first: Vec::new(), edges: Vec::new() },
            groups,
            whole: OnceLock::new(),
            scattered: false,
        };
        let targets = population.check(nodes)?;
        population.scattered = !targets.is_sorted();
        population.index = TargetIndex::new(&population.group, &targets, nodes[target].size)?;
        Ok(population)
    }

    /// Goes once through all edges; gives their targets.
    fn check(&self, nodes: &[NodePopulation]) -> Result<Vec<u32>, Problems> {
        let mut problems = Problems::default();
        let mut targets = Vec::with_capacity(self.rows);
        let mut unknown: BTreeMap<u64, usize> = BTreeMap::new();
        let known: Vec<(u64, usize)> = self.groups.iter().map(|group| (group.id, group.rows())).collect();
        for start in (0..self.rows).step_by(BLOCK) {
            let rows = start..(start + BLOCK).min(self.rows);
            let ends = [
                ("source_node_id", &self.columns.source, self.source),
                ("target_node_id", &self.columns.target, self.target),
            ];
            for (column, ids, population) in ends {
                let ids = ids.integers_in(rows.clone())?;
                let population = &nodes[population];
                let there = |id: u64| u32::try_from(id).ok().is_some_and(|id| population.row(id).is_some());
                if let Some(at) = ids.iter().position(|id| !there(*id)) {
                    let message = format!(
                        "edge {} has {column} {}, but the population {} has the node ids 0 to {}",
                        start + at,
                        ids[at],
                        population.name,
                        population.size.saturating_sub(1)
                    );
                    let problem = Problem::new("sonata-node-range", message).at(self.group.place(column));
                    problems.push(problem.help("were nodes and edges made for each other?"));
                }
                if column.starts_with("target") {
                    targets.extend(ids.iter().map(|id| *id as u32));
                }
            }
            for id in self.columns.edge_type.integers_in(rows.clone())? {
                if self.types.row(id).is_none() {
                    *unknown.entry(id).or_default() += 1;
                }
            }
            problems.take(self.check_groups(rows, &known));
            if problems.0.len() > 20 {
                break;
            }
        }
        for (id, count) in unknown {
            let message =
                format!("{count} edges are of type {id}, which has no row in {}", self.types.files.join(", "));
            let problem = Problem::new("sonata-type-missing", message).at(self.group.place("edge_type_id"));
            problems.push(problem.help("add a row with that edge_type_id to the CSV"));
        }
        for group in &self.groups {
            problems.0.extend(group.check_lengths());
        }
        problems.or(targets)
    }

    fn check_groups(&self, rows: Range<usize>, known: &[(u64, usize)]) -> Result<(), Problems> {
        if known.is_empty() {
            return Ok(());
        }
        let (ids, places) = (self.group_ids(rows.clone())?, self.group_rows(rows.clone())?);
        for (i, (id, place)) in ids.iter().zip(&places).enumerate() {
            let edge = rows.start + i;
            let message = match known.iter().find(|(other, _)| other == id) {
                None => format!("edge {edge} is in group {id}, which the population does not have"),
                Some((_, rows)) if *place as usize >= *rows => {
                    format!("edge {edge} names row {place} of group {id}, which has {rows} rows")
                }
                Some(_) => continue,
            };
            return Err(Problem::new("sonata-group", message).at(self.group.place("edge_group_id")).into());
        }
        Ok(())
    }

    /// Where the population stands in its file.
    pub fn place(&self, member: &str) -> Place {
        self.group.place(member)
    }

    /// Number of edges.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether edges of a group have such a value, of their own or by their type.
    pub fn has(&self, group: u16, column: &str) -> bool {
        self.types.has(column) || self.column_of(group, column).is_some()
    }

    /// The position of a group's own column.
    pub fn column_of(&self, group: u16, column: &str) -> Option<usize> {
        self.groups.get(usize::from(group))?.columns.iter().position(|other| other == column)
    }

    /// Names of a group's own columns.
    pub fn columns(&self, group: u16) -> &[String] {
        self.groups.get(usize::from(group)).map_or(&[], |group| &group.columns)
    }

    /// Targets of some edges.
    pub fn targets(&self, rows: Range<usize>) -> Result<Vec<u32>, Problem> {
        Ok(self.columns.target.integers_in(rows)?.iter().map(|id| *id as u32).collect())
    }

    /// Whether edges of a group have texts of their own.
    pub fn has_texts(&self, group: u16) -> bool {
        self.groups.get(usize::from(group)).is_some_and(|group| group.texts)
    }

    /// The edges of a node, in the order of the index.
    pub fn edges_of(&self, node: u32) -> Vec<usize> {
        self.index.edges_of(node, self.rows)
    }

    /// Calls `with` with the columns of at least these edges.
    pub fn with_slab<T>(&self, edges: Range<usize>, with: impl FnOnce(&Slab) -> T) -> Result<T, Problem> {
        if self.scattered {
            let whole = self.whole.get_or_init(|| self.slab(0..self.rows));
            return whole.as_ref().map(with).map_err(Clone::clone);
        }
        self.slab(edges).map(|slab| with(&slab))
    }

    fn slab(&self, edges: Range<usize>) -> Result<Slab, Problem> {
        let sources = self.columns.source.integers_in(edges.clone())?;
        let types = self.columns.edge_type.integers_in(edges.clone())?;
        let ids = self.group_ids(edges.clone())?;
        let group_row: Vec<u32> = self.group_rows(edges.clone())?.iter().map(|row| *row as u32).collect();
        let position = |id: &u64| self.groups.iter().position(|group| group.id == *id).unwrap_or(usize::from(u16::MAX));
        let group: Vec<u16> = ids.iter().map(|id| position(id) as u16).collect();
        let mut groups = Vec::with_capacity(self.groups.len());
        for (g, of) in self.groups.iter().enumerate() {
            let rows = group.iter().zip(&group_row).filter(|(group, _)| usize::from(**group) == g).map(|(_, row)| *row);
            let (low, high) =
                rows.fold((u32::MAX, 0), |(low, high), row| (low.min(row), high.max(row.saturating_add(1))));
            groups.push(of.read(low as usize..high as usize)?);
        }
        Ok(Slab {
            first: edges.start,
            source: sources.iter().map(|id| *id as u32).collect(),
            type_row: types.iter().map(|id| self.types.row(*id).unwrap_or(0) as u32).collect(),
            group,
            group_row,
            groups,
        })
    }

    fn group_ids(&self, rows: Range<usize>) -> Result<Vec<u64>, Problem> {
        if let Some(column) = &self.columns.group_id {
            return column.integers_in(rows);
        }
        Ok(vec![self.groups.first().map_or(0, |group| group.id); rows.len()])
    }

    fn group_rows(&self, rows: Range<usize>) -> Result<Vec<u64>, Problem> {
        if let Some(column) = &self.columns.group_index {
            return column.integers_in(rows);
        }
        Ok(rows.map(|row| row as u64).collect())
    }
}

/// The population of nodes that one end of the edges names.
fn end(group: &ColumnGroup, column: &str, nodes: &[NodePopulation], problems: &mut Problems) -> Option<usize> {
    let ids = problems.take(group.column(column).map_err(Problems::from))?;
    let Some(name) = ids.text_attribute("node_population") else {
        let message = format!("{column} has no attribute node_population");
        let problem = Problem::new("sonata-node-population", message).at(ids.place().clone());
        problems.push(problem.help("it names the population of nodes that the ids belong to"));
        return None;
    };
    let found = nodes.iter().position(|population| population.name == name);
    if found.is_none() {
        let help = tianyan_io::did_you_mean(&name, nodes.iter().map(|population| population.name.as_str()));
        let message = format!("{column} names the population `{name}`, which no file of nodes holds");
        problems.push(Problem::new("sonata-population", message).at(ids.place().clone()).help(help));
    }
    found
}
