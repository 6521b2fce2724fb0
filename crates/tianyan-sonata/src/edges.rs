//! Populations of edges: `/edges/<population>`, read by ranges of targets.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use tianyan_io::columns::{Column, ColumnGroup};
use tianyan_model::{Place, Problem, Problems};

use crate::nodes::NodePopulation;
use crate::table::Types;
use crate::value::Value;

/// A population.
#[derive(Debug)]
pub(crate) struct EdgePopulation {
    pub name: String,
    /// Indices of the populations of nodes.
    pub source: usize,
    pub target: usize,
    pub types: Types,
    group: ColumnGroup,
    /// Number of edges.
    rows: usize,
    index: TargetIndex,
    groups: Vec<EdgeGroup>,
    /// All edges at once, where targets lie scattered over the file.
    whole: OnceLock<Result<Slab, Problem>>,
    scattered: bool,
}

/// Which edges end in a node, in the order in which BMTK visits them.
#[derive(Debug)]
enum TargetIndex {
    /// The file's own: ranges of each node, and edges of each range.
    Stored { ranges: Vec<[u64; 2]>, edges: Vec<[u64; 2]> },
    /// Sorted by us: the edges of node n are `edges[first[n]..first[n + 1]]`.
    Made { first: Vec<u64>, edges: Vec<u64> },
}

/// `/edges/<population>/<number>`.
#[derive(Debug)]
struct EdgeGroup {
    id: u64,
    group: ColumnGroup,
    columns: Vec<String>,
    /// Whether some column holds text.
    texts: bool,
}

/// The columns of a range of edges.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    first: usize,
    pub source: Vec<u32>,
    /// Row of the type of each edge.
    pub type_row: Vec<u32>,
    pub group: Vec<u16>,
    group_row: Vec<u32>,
    /// By group: the first row read, and the columns.
    groups: Vec<(usize, Vec<Values>)>,
}

#[derive(Debug)]
enum Values {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
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
        let rows = group.column("source_node_id").map(|column| column.len())?;
        for column in ["target_node_id", "edge_type_id", "edge_group_id", "edge_group_index"] {
            let optional = column.starts_with("edge_group") && !group.has(column);
            let length = if optional { Ok(rows) } else { group.column(column).map(|column| column.len()) };
            match length {
                Ok(length) if length != rows => {
                    let message = format!("{column} has {length} rows, but source_node_id has {rows}");
                    let problem = Problem::new("sonata-lengths", message).at(group.place(column));
                    problems.push(problem.help("all columns of a population are equally long"));
                }
                Ok(_) => {}
                Err(problem) => problems.push(problem),
            }
        }
        let (Some(source), Some(target)) = (source, target) else { return Err(problems) };
        problems.or(())?;
        let groups = EdgeGroup::all(&group);
        let mut population = EdgePopulation {
            name,
            source,
            target,
            types,
            group,
            rows,
            index: TargetIndex::Made { first: Vec::new(), edges: Vec::new() },
            groups,
            whole: OnceLock::new(),
            scattered: false,
        };
        let targets = population.check(nodes)?;
        population.scattered = !targets.is_sorted();
        population.index = population.read_index(&targets, nodes[target].size)?;
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
            for (column, population) in [("source_node_id", self.source), ("target_node_id", self.target)] {
                let ids = self.group.column(column)?.integers_in(rows.clone())?;
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
            for id in self.group.column("edge_type_id")?.integers_in(rows.clone())? {
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

    fn read_index(&self, targets: &[u32], nodes: u32) -> Result<TargetIndex, Problems> {
        let indices = ["indices", "indicies"].into_iter().find(|name| self.group.has_group(name));
        let stored = indices.and_then(|name| self.group.group(name).ok());
        let stored = stored.filter(|group| group.has_group("target_to_source"));
        let Some(group) = stored.and_then(|group| group.group("target_to_source").ok()) else {
            return Ok(made(targets, nodes));
        };
        let name = ["node_id_to_range", "node_id_to_ranges"].into_iter().find(|name| group.has(name));
        let ranges = pairs(&group.column(name.unwrap_or("node_id_to_range"))?)?;
        let edges = pairs(&group.column("range_to_edge_id")?)?;
        let index = TargetIndex::Stored { ranges, edges };
        // An index that does not lead to the edges of a node would silently leave connections out.
        let mut found = 0;
        for node in 0..nodes {
            for rows in index.ranges(node, self.rows) {
                if targets[rows.clone()].iter().any(|target| *target != node) {
                    let message = format!(
                        "the index gives edges {} to {} to node {node}, which is not their target",
                        rows.start, rows.end
                    );
                    let problem = Problem::new("sonata-index", message).at(group.place("range_to_edge_id"));
                    return Err(problem.help("leave the group `indices` out, and it will be made anew").into());
                }
                found += rows.len();
            }
        }
        if found != self.rows {
            let message = format!("the index leads to {found} of {} edges", self.rows);
            let problem = Problem::new("sonata-index", message).at(group.place("node_id_to_range"));
            return Err(problem.help("leave the group `indices` out, and it will be made anew").into());
        }
        Ok(index)
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
        Ok(self.group.column("target_node_id")?.integers_in(rows)?.iter().map(|id| *id as u32).collect())
    }

    /// Whether edges of a group have texts of their own.
    pub fn has_texts(&self, group: u16) -> bool {
        self.groups.get(usize::from(group)).is_some_and(|group| group.texts)
    }

    /// The edges of a node, in the order of the index.
    pub fn edges_of(&self, node: u32) -> Vec<usize> {
        match &self.index {
            TargetIndex::Stored { .. } => self.index.ranges(node, self.rows).into_iter().flatten().collect(),
            TargetIndex::Made { first, edges } => {
                let range = first[node as usize] as usize..first[node as usize + 1] as usize;
                edges[range].iter().map(|edge| *edge as usize).collect()
            }
        }
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
        let sources = self.group.column("source_node_id")?.integers_in(edges.clone())?;
        let types = self.group.column("edge_type_id")?.integers_in(edges.clone())?;
        let ids = self.group_ids(edges.clone())?;
        let group_row: Vec<u32> = self.group_rows(edges.clone())?.iter().map(|row| *row as u32).collect();
        let position = |id: &u64| self.groups.iter().position(|group| group.id == *id).unwrap_or(usize::from(u16::MAX));
        let group: Vec<u16> = ids.iter().map(|id| position(id) as u16).collect();
        let mut groups = Vec::with_capacity(self.groups.len());
        for (g, of) in self.groups.iter().enumerate() {
            let rows = group.iter().zip(&group_row).filter(|(group, _)| usize::from(**group) == g).map(|(_, row)| *row);
            let (low, high) = rows.fold((u32::MAX, 0), |(low, high), row| (low.min(row), high.max(row + 1)));
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
        if self.group.has("edge_group_id") {
            return self.group.column("edge_group_id")?.integers_in(rows);
        }
        Ok(vec![self.groups.first().map_or(0, |group| group.id); rows.len()])
    }

    fn group_rows(&self, rows: Range<usize>) -> Result<Vec<u64>, Problem> {
        if self.group.has("edge_group_index") {
            return self.group.column("edge_group_index")?.integers_in(rows);
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

fn pairs(column: &Column) -> Result<Vec<[u64; 2]>, Problem> {
    if column.shape().len() != 2 || column.shape()[1] != 2 {
        return Err(column.problem(format!("an index has two columns, not the shape {:?}", column.shape())));
    }
    Ok(column.integers()?.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

/// An index made of the targets of all edges.
fn made(targets: &[u32], nodes: u32) -> TargetIndex {
    let mut first = vec![0u64; nodes as usize + 1];
    targets.iter().for_each(|target| first[*target as usize + 1] += 1);
    for node in 0..nodes as usize {
        first[node + 1] += first[node];
    }
    let mut next = first.clone();
    let mut edges = vec![0u64; targets.len()];
    for (edge, target) in targets.iter().enumerate() {
        let at = &mut next[*target as usize];
        edges[*at as usize] = edge as u64;
        *at += 1;
    }
    TargetIndex::Made { first, edges }
}

impl TargetIndex {
    /// The ranges of a node, cut to what there is.
    fn ranges(&self, node: u32, rows: usize) -> Vec<Range<usize>> {
        let TargetIndex::Stored { ranges, edges } = self else { return Vec::new() };
        let Some([from, to]) = ranges.get(node as usize) else { return Vec::new() };
        let of = edges.get(*from as usize..(*to as usize).max(*from as usize).min(edges.len())).unwrap_or(&[]);
        let cut = |[start, end]: &[u64; 2]| {
            (*start as usize).min(rows)..(*end as usize).clamp((*start as usize).min(rows), rows)
        };
        of.iter().map(cut).collect()
    }
}

impl EdgeGroup {
    fn all(population: &ColumnGroup) -> Vec<EdgeGroup> {
        let numbered = |(name, group): (String, ColumnGroup)| name.parse().ok().map(|id| EdgeGroup::new(id, group));
        population.groups().into_iter().filter_map(numbered).collect()
    }

    fn new(id: u64, group: ColumnGroup) -> EdgeGroup {
        let single = |name: &String| group.column(name).is_ok_and(|column| column.shape().len() == 1);
        let columns: Vec<String> = group.members().into_iter().filter(single).collect();
        let texts = columns.iter().any(|name| group.column(name).is_ok_and(|column| column.is_text()));
        EdgeGroup { id, group, columns, texts }
    }

    /// Rows of its columns; no bound if it has none.
    fn rows(&self) -> usize {
        let lengths = self.columns.iter().filter_map(|name| self.group.column(name).ok()).map(|column| column.len());
        lengths.min().unwrap_or(usize::MAX)
    }

    fn check_lengths(&self) -> Option<Problem> {
        let lengths = self.columns.iter().filter_map(|name| Some((name, self.group.column(name).ok()?.len())));
        let lengths: Vec<(&String, usize)> = lengths.collect();
        let first = *lengths.first()?;
        let other = lengths.iter().find(|(_, length)| *length != first.1)?;
        let message = format!("{} has {} rows, but {} has {}", first.0, first.1, other.0, other.1);
        let problem = Problem::new("sonata-lengths", message).at(self.group.place(""));
        Some(problem.help("all columns of a group are equally long"))
    }

    fn read(&self, rows: Range<usize>) -> Result<(usize, Vec<Values>), Problem> {
        let rows = if rows.start > rows.end { 0..0 } else { rows };
        let mut values = Vec::with_capacity(self.columns.len());
        for name in &self.columns {
            let column = self.group.column(name)?;
            values.push(if column.is_text() {
                Values::Texts(column.texts()?.get(rows.clone()).map(<[String]>::to_vec).unwrap_or_default())
            } else {
                Values::Numbers(column.numbers_in(rows.clone())?)
            });
        }
        Ok((rows.start, values))
    }
}

impl Slab {
    /// The position of an edge in the columns.
    pub fn position(&self, edge: usize) -> usize {
        edge - self.first
    }

    /// A number of the edge at a position, from its group's own column.
    pub fn number(&self, at: usize, column: usize) -> f64 {
        match self.own(at, column) {
            Some((Values::Numbers(numbers), row)) => numbers.get(row).copied().unwrap_or(f64::NAN),
            _ => f64::NAN,
        }
    }

    /// A value of the edge at a position, from its group's own column.
    pub fn value(&self, at: usize, column: usize) -> Value {
        match self.own(at, column) {
            Some((Values::Numbers(numbers), row)) => {
                numbers.get(row).copied().filter(|x| !x.is_nan()).map_or(Value::Missing, Value::Number)
            }
            Some((Values::Texts(texts), row)) => texts.get(row).map_or(Value::Missing, |text| Value::parse(text)),
            None => Value::Missing,
        }
    }

    /// Whether a column of the edge at a position holds text.
    pub fn is_text(&self, at: usize, column: usize) -> bool {
        matches!(self.own(at, column), Some((Values::Texts(_), _)))
    }

    fn own(&self, at: usize, column: usize) -> Option<(&Values, usize)> {
        let (first, columns) = self.groups.get(usize::from(self.group[at]))?;
        Some((columns.get(column)?, (self.group_row[at] as usize).checked_sub(*first)?))
    }
}
