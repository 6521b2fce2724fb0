//! TABLE and FUNCTION_TABLE: values that are looked up.

use super::{Draft, Goal, Run, variable::Scope};
use crate::ast::{Block, BlockKind, Name, StatementKind, Table};
use crate::ir::{Op, Value};
use crate::symbols::Symbols;

/// A TABLE in use.
#[derive(Debug, Clone)]
pub(super) struct Tabulated {
    /// The block that holds it.
    pub(super) block: usize,
    /// One field of the compiler's own for each result.
    pub(super) fields: Vec<usize>,
    /// Number of intervals.
    pub(super) count: u32,
    /// Argument 0 is the point; ends and results go to arguments 1, 2, 3 ...
    pub(super) draft: Draft,
}

impl<'a> Run<'a, '_, '_> {
    /// The value of a FUNCTION_TABLE.
    pub(super) fn function_table(&mut self, block: &'a Block, values: &[Value]) -> Value {
        let name = &block.name.text;
        let [x] = values else {
            let message = format!("FUNCTION_TABLE `{name}` has {} arguments; only one is supported", values.len());
            self.report.error("nmodl-unsupported", block.name.span, message);
            return Value(0);
        };
        let field = self.tables.made(&format!("_table_{name}"), true, true);
        if !self.tables.function_tables.iter().any(|(other, _)| other == name) {
            self.tables.function_tables.push((name.clone(), field));
        }
        let place = self.made(&format!("_table_{name}"), true, true);
        self.graph.add(Op::Lookup(place, *x))
    }

    /// The value of a call whose block has a TABLE, if tables are wanted: results are interpolated.
    pub(super) fn tabulated(&mut self, index: usize, values: &[Value]) -> Option<Value> {
        if !self.options.tables {
            return None;
        }
        let block = &self.file.blocks[index];
        let table = block.body.iter().find_map(|statement| match &statement.kind {
            StatementKind::Table(table) => Some(table),
            _ => None,
        })?;
        let [x] = values else { return None };
        let known = self.tables.tabulated.iter().position(|known| known.block == index);
        let number = known.unwrap_or_else(|| self.tabulate(index, table));
        let fields = self.tables.tabulated[number].fields.clone();
        let names = results(self.symbols, block, table);
        self.beside_table(block, table, &names);
        let mut last = Value(0);
        for (field, name) in fields.into_iter().zip(names) {
            let place = self.tables.place(crate::ir::Binding::Field(self.symbols.list.len() + field));
            last = self.graph.add(Op::Interpolate(place, *x));
            if block.kind != BlockKind::Function {
                self.assign(&name, last);
            }
        }
        Some(last)
    }

    /// What a block with a TABLE sets beside the table: in NEURON that has happened when the table was filled, at its
    /// last point.
    fn beside_table(&mut self, block: &'a Block, table: &'a Table, names: &[String]) {
        let before = self.environment.clone();
        let high = self.number(&table.high);
        self.inline(block, &[high]);
        let kept: Vec<usize> = names.iter().flat_map(|name| self.symbols.all(name)).collect();
        self.environment.retain(|index, _| !kept.contains(index));
        self.environment.extend(before.into_iter().filter(|(index, _)| kept.contains(index)));
    }

    /// Makes the kernel that fills a table.
    fn tabulate(&mut self, index: usize, table: &'a Table) -> usize {
        let block = &self.file.blocks[index];
        let names = results(self.symbols, block, table);
        let fields = names.iter().map(|name| self.tables.made(&format!("_table_{name}"), true, true)).collect();
        let mut run = Run::new(self.file, self.symbols, self.options, self.tables, self.report, self.phase);
        let (low, high) = (run.number(&table.low), run.number(&table.high));
        let point = run.graph.add(Op::Argument(0));
        run.stores.extend([(Goal::Argument(1), low), (Goal::Argument(2), high)]);
        let mut scope = Scope::default();
        if let Some(argument) = block.arguments.first() {
            scope.values.insert(argument.name.text.clone(), point);
        }
        scope.values.insert(block.name.text.clone(), Value(0));
        run.scopes.push(scope);
        run.block(&block.body);
        for (k, name) in names.iter().enumerate() {
            let value = run.read(name);
            run.stores.push((Goal::Argument(3 + k as u32), value));
        }
        let draft = run.finish();
        self.tables.tabulated.push(Tabulated { block: index, fields, count: table.count, draft });
        self.tables.tabulated.len() - 1
    }
}

/// What a TABLE holds: the names it lists, of arrays all elements, or the function itself.
fn results(symbols: &Symbols, block: &Block, table: &Table) -> Vec<String> {
    if block.kind == BlockKind::Function {
        return vec![block.name.text.clone()];
    }
    let of = |name: &Name| match symbols.array(&name.text) {
        Some((_, length)) => (0..length).map(|k| format!("{}[{k}]", name.text)).collect(),
        None => vec![name.text.clone()],
    };
    table.names.iter().flat_map(of).collect()
}
