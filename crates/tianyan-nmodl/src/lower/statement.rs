//! Statements, run symbolically.

use super::{DERIVATIVES, Environment, Equations, Run, variable::Scope};
use crate::ast::{Expression, Statement, StatementKind, Variable};
use crate::ir::{Op, Value};

/// Everything a condition may change.
pub(super) type Snapshot = (Environment, Vec<Scope>, Option<Value>);

/// Statements, expressions and calls may stand in each other so deep.
const DEEPEST: u32 = 600;

impl<'a> Run<'a, '_, '_> {
    /// Statements in a scope of their own.
    pub(super) fn block(&mut self, body: &'a [Statement]) {
        self.scopes.push(Scope::default());
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

    pub(super) fn statement(&mut self, statement: &'a Statement) {
        if self.enter() {
            self.place = statement.span;
            self.run_statement(&statement.kind);
        }
        self.depth -= 1;
    }

    fn run_statement(&mut self, kind: &'a StatementKind) {
        match kind {
            StatementKind::Local(locals) => {
                if let Some(scope) = self.scopes.last_mut() {
                    locals.iter().for_each(|local| scope.declare(&local.name.text, local.length));
                }
            }
            StatementKind::Assign { target, value } => {
                let value = self.number(value);
                self.assign_variable(target, value);
            }
            StatementKind::Differential { target, value } => self.equation(target, value),
            StatementKind::Call(call) => drop(self.expression(call)),
            StatementKind::If { arms, otherwise } => self.condition(arms, otherwise),
            StatementKind::While { condition, body } => self.while_loop(condition, body),
            StatementKind::From { variable, from, to, by, body } => {
                self.counted_loop(&variable.text, from, to, by.as_ref(), body);
            }
            StatementKind::Block(body) => self.block(body),
            // Those of BREAKPOINT run in the state phase.
            StatementKind::Solve { .. } if self.phase == super::Initial || self.calls > 0 => self.solve_statement(kind),
            StatementKind::Reaction(reaction) => self.reaction(reaction),
            StatementKind::Conserve { terms, total } => self.conserve(terms, total),
            StatementKind::Equation { left, right } => self.equals(left, right),
            StatementKind::Watch(conditions) => self.start_watching(conditions),
            StatementKind::ForNetcons { .. } => self.for_netcons(),
            StatementKind::Solve { .. }
            | StatementKind::Initial(_)
            | StatementKind::Table(_)
            | StatementKind::Verbatim(_)
            | StatementKind::Return
            | StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Round(_)
            | StatementKind::Case(_)
            | StatementKind::Compartment(_)
            | StatementKind::Diffusion(_)
            | StatementKind::Conductance { .. } => {}
        }
    }

    fn equation(&mut self, target: &'a Variable, value: &'a Expression) {
        let Some(index) = self.symbol_of(target) else { return };
        match self.equations {
            Equations::Exponential => self.exponential(index, &target.name, value),
            Equations::Collect => {
                let value = self.number(value);
                self.environment.insert(DERIVATIVES + index, value);
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
        match self.graph.decided(condition) {
            Some(true) => self.block(body),
            Some(false) => self.condition(rest, otherwise),
            None => self.both_ways(condition, |run| run.block(body), |run| run.condition(rest, otherwise)),
        }
        self.depth -= 1;
    }

    /// Runs one thing where a condition holds and another where it does not.
    pub(super) fn both_ways(
        &mut self,
        condition: Value,
        then: impl FnOnce(&mut Self),
        otherwise: impl FnOnce(&mut Self),
    ) {
        let base = self.snapshot();
        let path = self.path;
        self.path = Some(self.narrow(path, condition));
        then(self);
        let yes = self.snapshot();
        (self.environment, self.scopes, self.watched) = base;
        let not = self.graph.add(Op::Not(condition));
        self.path = Some(self.narrow(path, not));
        otherwise(self);
        self.path = path;
        self.merge(condition, yes);
    }

    pub(super) fn narrow(&mut self, path: Option<Value>, condition: Value) -> Value {
        path.map_or(condition, |path| self.graph.add(Op::And(path, condition)))
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        (self.environment.clone(), self.scopes.clone(), self.watched)
    }

    /// What holds after a condition: `then` where it is true, the present where it is not.
    fn merge(&mut self, condition: Value, then: Snapshot) {
        let (environment, scopes, watched) = then;
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
            for (name, yes) in scope.values {
                let no = self.scopes[level].values.get(&name).copied().unwrap_or(yes);
                if yes != no {
                    let value = self.graph.select(condition, yes, no);
                    self.scopes[level].values.insert(name, value);
                }
            }
        }
        if watched != self.watched {
            let (yes, no) = (watched.unwrap_or(Value(0)), self.watched.unwrap_or(Value(0)));
            self.watched = Some(self.graph.select(condition, yes, no));
        }
    }
}
