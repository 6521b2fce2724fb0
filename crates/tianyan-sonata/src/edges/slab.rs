//! The columns of a range of edges, and the groups that they come from.

use std::ops::Range;

use tianyan_io::columns::{Column, ColumnGroup};
use tianyan_model::Problem;

use crate::value::{Value, Values};

/// `/edges/<population>/<number>`.
#[derive(Debug)]
pub(super) struct EdgeGroup {
    pub id: u64,
    group: ColumnGroup,
    pub columns: Vec<String>,
    open: Vec<Column>,
    /// Whether some column holds text.
    pub texts: bool,
}

/// The columns of a range of edges.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    pub(super) first: usize,
    pub source: Vec<u32>,
    /// Row of the type of each edge.
    pub type_row: Vec<u32>,
    pub group: Vec<u16>,
    pub(super) group_row: Vec<u32>,
    /// By group: the first row read, and the columns.
    pub(super) groups: Vec<(usize, Vec<Values>)>,
}

impl EdgeGroup {
    /// All groups of a population.
    pub fn all(population: &ColumnGroup) -> Vec<EdgeGroup> {
        let numbered = |(name, group): (String, ColumnGroup)| Some(EdgeGroup::new(name.parse().ok()?, group));
        population.groups().into_iter().filter_map(numbered).collect()
    }

    fn new(id: u64, group: ColumnGroup) -> EdgeGroup {
        let single = |name: String| {
            let column = group.column(&name).ok()?;
            (column.shape().len() == 1).then_some((name, column))
        };
        let (columns, open): (Vec<String>, Vec<Column>) = group.members().into_iter().filter_map(single).unzip();
        let texts = open.iter().any(Column::is_text);
        EdgeGroup { id, group, columns, open, texts }
    }

    /// Rows of its columns; no bound if it has none.
    pub fn rows(&self) -> usize {
        self.open.iter().map(Column::len).min().unwrap_or(usize::MAX)
    }

    /// What is wrong if its columns are not equally long.
    pub fn check_lengths(&self) -> Option<Problem> {
        let mut lengths = self.columns.iter().zip(self.open.iter().map(Column::len));
        let first = lengths.next()?;
        let other = lengths.find(|(_, length)| *length != first.1)?;
        let message = format!("{} has {} rows, but {} has {}", first.0, first.1, other.0, other.1);
        let problem = Problem::new("sonata-lengths", message).at(self.group.place(""));
        Some(problem.help("all columns of a group are equally long"))
    }

    /// The first of some rows, and their values by column.
    pub fn read(&self, rows: Range<usize>) -> Result<(usize, Vec<Values>), Problem> {
        let rows = if rows.start > rows.end { 0..0 } else { rows };
        let of = |column: &Column| match column.is_text() {
            true => column.texts_in(rows.clone()).map(Values::Texts),
            false => column.numbers_in(rows.clone()).map(Values::Numbers),
        };
        Ok((rows.start, self.open.iter().map(of).collect::<Result<_, _>>()?))
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
            Some((values, row)) => values.get(row),
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
