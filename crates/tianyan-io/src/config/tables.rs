//! CSV tables: a line of headers, then a row a line. Fields may be quoted; `#` begins a comment line.

use std::path::Path;

use tianyan_model::random::Philox;
use tianyan_model::{Place, Problem, Problems};

use super::decode::Named;
use super::document::Spot;
use super::expression::Expression;
use super::nearest::did_you_mean;
use super::values::Formula;

/// At most this many problems are shown of one table.
const MOST_PROBLEMS: usize = 20;

/// A CSV file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// File name for messages.
    pub name: String,
    /// Headers.
    pub headers: Vec<String>,
    /// Rows with their line in the file, counted from 1.
    pub rows: Vec<(u32, Vec<String>)>,
}

impl Table {
    /// Reads a file; `spot.table` is where the config names it.
    pub fn read(path: &Path, spot: &Spot, key: &str) -> Result<Table, Problems> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| spot.problem(key, "table-unreadable", format!("cannot read {name}: {error}")))?;
        Table::parse(&name, &text)
    }

    /// Reads a text.
    pub fn parse(name: &str, text: &str) -> Result<Table, Problems> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().map(|(i, line)| (i as u32 + 1, line));
        let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let Some((_, header)) = lines.next() else {
            return Err(Problem::new("table-empty", "the table has no line of headers").at(Place::file(name)).into());
        };
        let mut table = Table { name: name.into(), headers: fields(header), rows: Vec::new() };
        let mut problems = Problems::default();
        for (line, text) in lines {
            let cells = fields(text);
            if cells.len() != table.headers.len() && problems.0.len() < MOST_PROBLEMS {
                let message = format!("{} fields where the headers are {}", cells.len(), table.headers.len());
                problems.push(Problem::new("table-fields", message).at(Place::file(name).at(line, 1)));
            }
            table.rows.push((line, cells));
        }
        problems.or(table)
    }

    /// Only the rows whose columns have the wanted values.
    pub fn filtered(mut self, filter: &Named<String>, spot: &Spot) -> Result<Table, Problems> {
        let mut problems = Problems::default();
        for (header, wanted) in filter.iter() {
            if let Some(column) = problems.take(self.column(header, &spot.at("filter"))) {
                self.rows.retain(|(_, cells)| cells[column] == *wanted);
            }
        }
        problems.or(self)
    }

    /// The index of a column that the config names.
    pub fn column(&self, header: &str, place: &Place) -> Result<usize, Problems> {
        self.headers.iter().position(|known| known == header).ok_or_else(|| {
            let message = format!("{} has no column `{header}`", self.name);
            let help = did_you_mean(header, self.headers.iter().map(String::as_str));
            Problem::new("table-column", message).at(place.clone()).help(help).into()
        })
    }

    /// The column for a role (`source`, `weight`): the one that `columns` names, or the one of that name.
    pub fn role(&self, role: &str, columns: &Named<String>, spot: &Spot) -> Result<Option<usize>, Problems> {
        match columns.get(role) {
            Some(header) => self.column(header, &spot.at("columns")).map(Some),
            None => Ok(self.headers.iter().position(|known| known == role)),
        }
    }

    /// The place of a row.
    pub fn place(&self, row: usize, column: usize) -> Place {
        let line = self.rows.get(row).map(|(line, _)| *line);
        let key = self.headers.get(column).cloned();
        Place { file: Some(self.name.clone()), line, key, ..Place::default() }
    }

    /// A text of a row.
    pub fn text(&self, row: usize, column: usize) -> &str {
        &self.rows[row].1[column]
    }

    /// A column as numbers.
    pub fn numbers(&self, column: usize) -> Result<Vec<f64>, Problems> {
        let mut problems = Problems::default();
        let mut numbers = Vec::with_capacity(self.rows.len());
        for row in 0..self.rows.len() {
            let text = self.text(row, column);
            let number = text.parse().unwrap_or(f64::NAN);
            if !number.is_finite() && problems.0.len() < MOST_PROBLEMS {
                let message = format!("expected a finite number, found {text:?}");
                problems.push(Problem::new("table-number", message).at(self.place(row, column)));
            }
            numbers.push(number);
        }
        problems.or(numbers)
    }

    /// `text` with each {header} replaced by the row's field.
    pub fn fill(&self, text: &str, row: usize) -> String {
        let mut filled = text.to_string();
        for (column, header) in self.headers.iter().enumerate() {
            filled = filled.replace(&format!("{{{header}}}"), self.text(row, column));
        }
        filled
    }
}

fn fields(line: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        let field = found.len() - 1;
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                found[field].push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => found.push(String::new()),
            _ => found[field].push(c),
        }
    }
    found.iter().map(|field| field.trim().to_string()).collect()
}

/// A number for every row of a table, or for all rows the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    Same(f64),
    Rows(Vec<f64>),
    /// Drawn anew wherever it is asked for.
    Drawn(Expression),
}

impl Numbers {
    /// The number of a row; a row beyond a table (`None`) has the constant.
    pub fn at(&self, row: Option<u32>) -> f64 {
        match (self, row) {
            (Numbers::Same(value), _) => *value,
            (Numbers::Rows(values), Some(row)) => values[row as usize],
            (Numbers::Rows(_), None) | (Numbers::Drawn(_), _) => f64::NAN,
        }
    }

    /// As `at`, with a draw where there is to be one.
    pub fn drawn(&self, row: Option<u32>, random: &mut Philox) -> f64 {
        match self {
            Numbers::Drawn(expression) => expression.draw(random),
            other => other.at(row),
        }
    }

    /// Evaluates a formula whose variables are columns.
    pub fn evaluate(formula: &Formula, table: Option<&Table>) -> Result<Numbers, Problems> {
        if let Some(constant) = formula.expression.as_constant() {
            return finite(constant, formula).map(Numbers::Same);
        }
        if formula.expression.draws() && formula.expression.variables().is_empty() {
            return Ok(Numbers::Drawn(formula.expression.clone()));
        }
        let Some(table) = table.filter(|_| !formula.expression.draws()) else {
            let names: Vec<_> = formula.expression.variables().iter().map(|name| format!("`{name}`")).collect();
            let message = match formula.expression.draws() {
                true => "a formula draws numbers or uses columns of a table, not both".to_string(),
                false => format!("{} would be a column of a table, and there is no table", names.join(", ")),
            };
            return Err(Problem::new("config-formula", message).at(formula.spot.place()).into());
        };
        let mut problems = Problems::default();
        let column = |name: &String| table.numbers(table.column(name, &formula.spot.place())?);
        let columns: Vec<Vec<f64>> =
            formula.expression.variables().iter().filter_map(|name| problems.take(column(name))).collect();
        if !problems.0.is_empty() {
            return Err(problems);
        }
        let rows = 0..table.rows.len();
        Ok(Numbers::Rows(rows.map(|row| evaluate_row(&formula.expression, &columns, row)).collect()))
    }
}

fn evaluate_row(expression: &Expression, columns: &[Vec<f64>], row: usize) -> f64 {
    let values: Vec<f64> = columns.iter().map(|column| column[row]).collect();
    expression.evaluate(&values)
}

/// The value, if it is a number.
pub(crate) fn finite(value: f64, formula: &Formula) -> Result<f64, Problems> {
    if value.is_finite() {
        return Ok(value);
    }
    let message = format!("the value is {value}, not a finite number");
    Err(Problem::new("config-value", message).at(formula.spot.place()).into())
}

/// A text for every row of a table, or for all rows the same (or none).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Texts {
    Same(Option<String>),
    Column(usize),
}

impl Texts {
    /// The text of a row; an empty field counts as none.
    pub fn at<'a>(&'a self, table: Option<&'a Table>, row: Option<u32>) -> Option<&'a str> {
        match (self, table, row) {
            (Texts::Same(text), ..) => text.as_deref(),
            (Texts::Column(column), Some(table), Some(row)) => {
                Some(table.text(row as usize, *column)).filter(|text| !text.is_empty())
            }
            _ => None,
        }
    }
}

/// Leaves at most [`MOST_PROBLEMS`] of the problems and says how many more there were.
pub(crate) fn shortened(mut problems: Problems) -> Problems {
    let more = problems.0.len().saturating_sub(MOST_PROBLEMS);
    if more > 0 {
        problems.0.truncate(MOST_PROBLEMS);
        let last = problems.0.last().map(|problem| problem.place.clone()).unwrap_or_default();
        let place = Place { line: None, column: None, source_line: None, ..last };
        problems.push(Problem::new("more", format!("{more} more problems of this kind")).at(place));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_comments_and_line_numbers() {
        let table = Table::parse("t.csv", "# note\na,b\n\n1,\"x, \"\"y\"\"\"\n2, z \n").unwrap();
        assert_eq!(table.headers, ["a", "b"]);
        assert_eq!(table.rows[0], (4, vec!["1".into(), "x, \"y\"".into()]));
        assert_eq!(table.rows[1], (5, vec!["2".into(), "z".into()]));
        assert_eq!(table.fill("{a}/{b}.swc", 1), "2/z.swc");
    }

    #[test]
    fn wrong_lines_are_named() {
        let problems = Table::parse("t.csv", "a,b\n1,2\n3\n").unwrap_err();
        assert_eq!(problems.to_string(), "error[table-fields]: 1 fields where the headers are 2\n  --> t.csv:3:1");
        let table = Table::parse("t.csv", "a\n1\nx\n").unwrap();
        let problems = table.numbers(0).unwrap_err();
        assert_eq!(
            problems.to_string(),
            "error[table-number]: expected a finite number, found \"x\"\n  --> t.csv:3: a"
        );
    }
}
