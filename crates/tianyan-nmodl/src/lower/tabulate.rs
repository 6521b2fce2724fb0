//! TABLE and FUNCTION_TABLE: values that are looked up.

use super::{Draft, Goal, Run, variable::Scope};
use crate::ast::{Block, BlockKind, StatementKind, Table};
use crate::ir::{Op, Value};

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
        let names = results(block, table);
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

    /// Makes the kernel that fills a table.
    fn tabulate(&mut self, index: usize, table: &'a Table) -> usize {
        let block = &self.file.blocks[index];
        let names = results(block, table);
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

/// What a TABLE holds: the names it lists, or the function itself.
fn results(block: &Block, table: &Table) -> Vec<String> {
    match block.kind {
        BlockKind::Function => vec![block.name.text.clone()],
        _ => table.names.iter().map(|name| name.text.clone()).collect(),
    }
}
