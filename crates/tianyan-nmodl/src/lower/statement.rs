//! Statements, run symbolically.

use super::{Environment, Equations, Run, Scope};
use crate::ast::{Expression, ExpressionKind, Name, Statement, StatementKind};
use crate::ir::Value;

/// Everything a condition may change.
type Snapshot = (Environment, Vec<Scope>);

/// Statements, expressions and calls may stand in each other so deep.
const DEEPEST: u32 = 600;

impl<'a> Run<'a, '_, '_> {
    /// Statements in a scope of their own.
    pub(super) fn block(&mut self, body: &'a [Statement]) {
        self.scopes.push(Scope::new());
        for statement in body {
            self.statement(statement);
        }
        self.scopes.pop();
    }

    /// Counts one more level and one more unit of work; false if there are too many.
    pub(super) fn enter(&mut self) -> bool {
        self.depth += 1;
        self.fuel = self.fuel.saturating_sub(1);
        self.graph.full |= self.fuel == 0 || self.depth > DEEPEST;
        !self.graph.full
    }

    fn statement(&mut self, statement: &'a Statement) {
        if self.enter() {
            self.place = statement.span;
            self.run_statement(&statement.kind);
        }
        self.depth -= 1;
    }

    fn run_statement(&mut self, kind: &'a StatementKind) {
        match kind {
            StatementKind::Local(names) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.extend(names.iter().map(|name| (name.text.clone(), Value(0))));
                }
            }
            StatementKind::Assign { target, value } => {
                let value = self.number(value);
                self.assign(&target.text, value);
            }
            StatementKind::Differential { target, value } => self.equation(target, value),
            StatementKind::Call(call) => self.call_statement(call),
            StatementKind::If { arms, otherwise } => self.condition(arms, otherwise),
            StatementKind::Solve { .. } | StatementKind::Table(_) | StatementKind::Conductance { .. } => {}
        }
    }

    fn call_statement(&mut self, call: &'a Expression) {
        match &call.kind {
            ExpressionKind::Call(name, _) if name.text == "at_time" && !self.has_block(&name.text) => {}
            _ => drop(self.expression(call)),
        }
    }

    /// Gives a local or global name a value.
    pub(super) fn assign(&mut self, name: &str, value: Value) {
        if let Some(local) = self.scopes.iter_mut().rev().find_map(|scope| scope.get_mut(name)) {
            *local = value;
        } else if let Some(index) = self.symbols.find(name) {
            self.environment.insert(index, value);
        }
    }

    fn equation(&mut self, target: &Name, value: &'a Expression) {
        let Some(index) = self.symbols.find(&target.text) else { return };
        match self.equations {
            Equations::Exponential => self.exponential(index, target, value),
            Equations::Collect => {
                let value = self.number(value);
                self.environment.insert(super::DERIVATIVES + index, value);
            }
        }
    }

    fn condition(&mut self, arms: &'a [(Expression, Vec<Statement>)], otherwise: &'a [Statement]) {
        let Some(((condition, body), rest)) = arms.split_first() else {
            return self.block(otherwise);
        };
        if !self.enter() {
            self.depth -= 1;
            return;
        }
        let condition = self.truth(condition);
        let base = self.snapshot();
        self.block(body);
        let then = self.snapshot();
        (self.environment, self.scopes) = base;
        self.condition(rest, otherwise);
        self.merge(condition, then);
        self.depth -= 1;
    }

    fn snapshot(&self) -> Snapshot {
        (self.environment.clone(), self.scopes.clone())
    }

    /// What holds after a condition: `then` where it is true, the present where it is not.
    fn merge(&mut self, condition: Value, then: Snapshot) {
        let (environment, scopes) = then;
        let keys: std::collections::BTreeSet<usize> =
            environment.keys().chain(self.environment.keys()).copied().collect();
        for key in keys {
            let yes = environment.get(&key).copied().unwrap_or_else(|| self.before(key));
            let no = self.symbol(key);
            if yes != no {
                let value = self.graph.select(condition, yes, no);
                self.environment.insert(key, value);
            }
        }
        for (level, scope) in scopes.into_iter().enumerate() {
            for (name, yes) in scope {
                let no = self.scopes[level].get(&name).copied().unwrap_or(yes);
                if yes != no {
                    let value = self.graph.select(condition, yes, no);
                    self.scopes[level].insert(name, value);
                }
            }
        }
    }
}
