//! CSV as SONATA has it: a header, fields parted by one space (or another mark), quotes where a field holds it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use tianyan_model::{Place, Problem, Problems};

use crate::value::Value;

/// A file of rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    pub file: String,
    pub columns: Vec<String>,
    /// Line (from 1) and fields of each row.
    pub rows: Vec<(u32, Vec<String>)>,
}

impl Table {
    /// Reads a file. A row of another width is a problem.
    pub fn read(path: &Path, mark: char) -> Result<Table, Problems> {
        let file = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| {
            let problem = Problem::new("file-unreadable", format!("cannot read {file}: {error}"));
            problem.at(Place::file(&file)).help("is the path right?")
        })?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(Problem::new("csv-text", "the file is no text").at(Place::file(&file)).into());
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((_, header)) = lines.next() else {
            return Err(Problem::new("csv-empty", "the file is empty")
                .at(Place::file(&file))
                .help("its first line names the columns")
                .into());
        };
        let mut table = Table { columns: fields(header, mark), file, rows: Vec::new() };
        let mut problems = Problems::default();
        for (i, line) in lines {
            let row = fields(line, mark);
            let number = i as u32 + 1;
            if row.len() > table.columns.len() {
                let message = format!("{} fields in a table of {} columns", row.len(), table.columns.len());
                let mut place = table.place(number);
                place.source_line = Some(line.to_string());
                let help =
                    format!("fields are parted by one {}; put quotes around a field that holds one", named(mark));
                problems.push(Problem::new("csv-width", message).at(place).help(help));
            }
            table.rows.push((number, row));
        }
        problems.or(table)
    }

    /// Where a line is.
    pub fn place(&self, line: u32) -> Place {
        Place { file: Some(self.file.clone()), line: Some(line), ..Place::default() }
    }

    /// The position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The position of a column that must be there.
    pub fn need_column(&self, name: &str) -> Result<usize, Problem> {
        self.column(name).ok_or_else(|| {
            let problem = Problem::new("csv-column", format!("there is no column `{name}`"));
            let columns = self.columns.iter().map(String::as_str);
            problem.at(self.place(1)).help(tianyan_io::did_you_mean(name, columns))
        })
    }

    /// All numbers of a column.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, Problems> {
        let column = self.need_column(name)?;
        let mut problems = Problems::default();
        let mut numbers = Vec::with_capacity(self.rows.len());
        for (line, row) in &self.rows {
            let field = row.get(column).map_or("", String::as_str);
            match field.trim().parse::<f64>().ok().filter(|x| x.is_finite()) {
                Some(number) => numbers.push(number),
                None => problems.push(
                    Problem::new("csv-number", format!("`{field}` in column `{name}` is no number"))
                        .at(self.place(*line)),
                ),
            }
        }
        problems.or(numbers)
    }
}

fn named(mark: char) -> String {
    match mark {
        ' ' => "space".into(),
        '\t' => "tab".into(),
        other => format!("`{other}`"),
    }
}

/// The fields of a line. A doubled quote within quotes is a quote.
fn fields(line: &str, mark: char) -> Vec<String> {
    let mut found = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut letters = line.trim_end_matches('\r').chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            other if other == mark && !quoted => found.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    found.push(field);
    found
}

/// A table of node types or edge types, found by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Types {
    pub files: Vec<String>,
    pub columns: Vec<String>,
    pub ids: Vec<u64>,
    place: Vec<Place>,
    /// By row and column.
    values: Vec<Vec<Value>>,
    row_of: HashMap<u64, usize>,
}

impl Types {
    /// Reads the tables of one kind (`node_type_id` or `edge_type_id`) and joins them.
    pub fn read(paths: &[PathBuf], id: &str) -> Result<Types, Problems> {
        let mut types = Types::default();
        let mut problems = Problems::default();
        for path in paths {
            if let Some(table) = problems.take(Table::read(path, ' ')) {
                types.add(&table, id, &mut problems);
            }
        }
        problems.or(types)
    }

    fn add(&mut self, table: &Table, id: &str, problems: &mut Problems) {
        self.files.push(table.file.clone());
        let Some(id_column) = problems.take(table.need_column(id).map_err(Problems::from)) else { return };
        let at: Vec<usize> = table.columns.iter().map(|column| self.column_or_new(column)).collect();
        // As in pandas a column holds numbers if all its fields do, else texts.
        let field = |row: &(u32, Vec<String>), column: usize| row.1.get(column).map(|field| Value::parse(field));
        let is_text = |column: usize| table.rows.iter().any(|row| matches!(field(row, column), Some(Value::Text(_))));
        let texts: Vec<bool> = (0..table.columns.len()).map(is_text).collect();
        for (line, row) in &table.rows {
            let field = row.get(id_column).map_or("", String::as_str);
            let Some(number) = field.trim().parse::<u64>().ok() else {
                let message = format!("the {id} `{field}` is no whole number from 0 on");
                problems.push(Problem::new("sonata-type-id", message).at(table.place(*line)));
                continue;
            };
            let mut values = vec![Value::Missing; self.columns.len()];
            for ((field, &column), text) in row.iter().zip(&at).zip(&texts) {
                values[column] = match Value::parse(field) {
                    Value::Number(_) if *text => Value::Text(field.clone()),
                    value => value,
                };
            }
            if self.row_of.insert(number, self.ids.len()).is_some() {
                let message = format!("{id} {number} is given twice");
                problems.push(
                    Problem::new("sonata-type-id", message)
                        .at(table.place(*line))
                        .help("give every type an id of its own"),
                );
            }
            self.ids.push(number);
            self.place.push(table.place(*line));
            self.values.push(values);
        }
    }

    fn column_or_new(&mut self, name: &str) -> usize {
        if let Some(column) = self.columns.iter().position(|other| other == name) {
            return column;
        }
        self.columns.push(name.to_string());
        self.columns.len() - 1
    }

    /// The row of a type.
    pub fn row(&self, id: u64) -> Option<usize> {
        self.row_of.get(&id).copied()
    }

    /// Whether it has a column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|other| other == column)
    }

    /// A value of a row.
    pub fn value(&self, row: usize, column: &str) -> Value {
        let Some(column) = self.columns.iter().position(|other| other == column) else { return Value::Missing };
        self.values.get(row).and_then(|values| values.get(column)).cloned().unwrap_or_default()
    }

    /// Where a row stands.
    pub fn place(&self, row: usize) -> Place {
        self.place.get(row).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_hold_spaces_and_quotes() {
        let line = "100 ei=='e' \"['basal', 'apical']\" \"a \"\"b\"\" c\"  5e-05";
        assert_eq!(fields(line, ' '), ["100", "ei=='e'", "['basal', 'apical']", "a \"b\" c", "", "5e-05"]);
    }

    #[test]
    fn a_column_with_a_text_holds_texts() {
        let rows =
            [(2, vec!["1".into(), "4".into(), "0.5".into()]), (3, vec!["2".into(), "2/3".into(), "NULL".into()])];
        let columns = ["node_type_id", "layer", "size"].map(String::from).to_vec();
        let table = Table { file: "t.csv".into(), columns, rows: rows.to_vec() };
        let mut types = Types::default();
        types.add(&table, "node_type_id", &mut Problems::default());
        assert_eq!(types.value(0, "layer"), Value::Text("4".into()));
        assert_eq!(types.value(0, "size"), Value::Number(0.5));
        assert_eq!(types.value(1, "size"), Value::Missing);
    }

    #[test]
    fn values_are_numbers_texts_or_missing() {
        assert_eq!(Value::parse("NULL"), Value::Missing);
        assert_eq!(Value::parse("1e+20"), Value::Number(1e20));
        assert_eq!(Value::parse("ctdb:Biophys1"), Value::Text("ctdb:Biophys1".into()));
    }
}
