//! Numbers that tables give for types of nodes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use tianyan_io::config::nearest::did_you_mean;
use tianyan_io::config::tables::Table;
use tianyan_model::{Problem, Problems};

use crate::draw::{Draw, Law};
use crate::nodes::Type;
use crate::values::{Distribution, Lookup, Number, Quantity, Side};

/// The tables read so far.
#[derive(Debug)]
pub struct Lookups {
    base: PathBuf,
    tables: HashMap<String, Table>,
}

impl Lookups {
    /// Tables are relative to `base`.
    pub fn new(base: &Path) -> Lookups {
        Lookups { base: base.to_path_buf(), tables: HashMap::new() }
    }

    /// The distribution for edges from a type to a type, or for the nodes of one type.
    pub fn draw(&mut self, quantity: &Quantity, source: &Type, target: &Type) -> Result<Draw, Problems> {
        match quantity {
            Quantity::Number(number) => Ok(Draw::constant(self.number(number, source, target)?)),
            Quantity::Drawn(drawn) => {
                let law = self.law(drawn, source, target)?;
                Ok(Draw { law, minimum: drawn.minimum, maximum: drawn.maximum })
            }
        }
    }

    fn law(&mut self, drawn: &Distribution, source: &Type, target: &Type) -> Result<Law, Problems> {
        let mut both = |numbers: &[Number; 2]| -> Result<[f64; 2], Problems> {
            Ok([self.number(&numbers[0], source, target)?, self.number(&numbers[1], source, target)?])
        };
        Ok(match (&drawn.uniform, &drawn.normal, &drawn.lognormal, drawn.even) {
            (Some(numbers), ..) => both(numbers).map(|[low, high]| Law::Uniform { low, high })?,
            (_, Some(numbers), ..) => both(numbers).map(|[mean, deviation]| Law::Normal { mean, deviation })?,
            (_, _, Some(numbers), _) => both(numbers).map(|[median, sigma]| Law::Lognormal { median, sigma })?,
            (.., Some([first, end])) => Law::Even { first, end },
            _ => Law::Choice(drawn.choice.clone()),
        })
    }

    /// The number for edges from a type to a type.
    pub fn number(&mut self, number: &Number, source: &Type, target: &Type) -> Result<f64, Problems> {
        match number {
            Number::Constant(value) => Ok(*value),
            Number::Lookup(lookup) => Ok(lookup.factor * self.find(lookup, source, target)?),
        }
    }

    fn find(&mut self, lookup: &Lookup, source: &Type, target: &Type) -> Result<f64, Problems> {
        if lookup.matrix.is_some() == lookup.table.is_some() {
            let message = "name either a matrix or a table";
            return Err(Problem::new("build-lookup", message).at(lookup.spot.place()).into());
        }
        let (row, column) = self.cell(lookup, source, target)?;
        let table = self.table(lookup)?;
        let text = table.text(row, column);
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| {
            let message = format!("expected a finite number, found {text:?}");
            Problem::new("table-number", message).at(table.place(row, column)).into()
        })
    }

    /// Row and column of the number.
    fn cell(&mut self, lookup: &Lookup, source: &Type, target: &Type) -> Result<(usize, usize), Problems> {
        let place = lookup.spot.place();
        if lookup.matrix.is_some() {
            let row = word(lookup, source, &lookup.source)?;
            let column = word(lookup, target, &lookup.target)?;
            let table = self.table(lookup)?;
            return Ok((row_of(table, 0, &row, lookup)?, table.column(&column, &place)?));
        }
        let of = if lookup.of == Side::Source { source } else { target };
        let wanted = word(lookup, of, &lookup.by)?;
        let table = self.table(lookup)?;
        let Some(header) = &lookup.column else {
            return Err(lookup.spot.problem("column", "build-lookup", "name the column that holds the numbers").into());
        };
        let keys = table.column(&lookup.by, &place)?;
        Ok((row_of(table, keys, &wanted, lookup)?, table.column(header, &place)?))
    }

    fn table(&mut self, lookup: &Lookup) -> Result<&Table, Problems> {
        let (key, name) = match (&lookup.matrix, &lookup.table) {
            (Some(name), _) => ("matrix", name),
            (_, name) => ("table", name.as_ref().expect("the caller checked that one is named")),
        };
        if !self.tables.contains_key(name) {
            let table = Table::read(&self.base.join(name), &lookup.spot, key)?;
            self.tables.insert(name.clone(), table);
        }
        Ok(&self.tables[name])
    }
}

/// What a type says in a column.
fn word(lookup: &Lookup, of: &Type, column: &str) -> Result<String, Problems> {
    of.columns.get(column).cloned().ok_or_else(|| {
        let message = format!("the nodes {} have no column `{column}`", of.name);
        let help = did_you_mean(column, of.columns.keys().map(String::as_str));
        Problem::new("build-lookup", message).at(lookup.spot.place()).help(help).into()
    })
}

fn row_of(table: &Table, column: usize, wanted: &str, lookup: &Lookup) -> Result<usize, Problems> {
    let mut rows = 0..table.rows.len();
    rows.find(|&row| table.text(row, column) == wanted).ok_or_else(|| {
        let message = format!("{} has no row `{wanted}`", table.name);
        let help = did_you_mean(wanted, (0..table.rows.len()).map(|row| table.text(row, column)));
        Problem::new("build-lookup", message).at(lookup.spot.place()).help(help).into()
    })
}
