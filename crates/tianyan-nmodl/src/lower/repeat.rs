//! FROM and WHILE. A FROM whose bounds are known is written out; everything else becomes an iteration.
//!
//! An [`crate::ir::Iteration`] runs its body before it asks whether to go on, so that a WHILE becomes
//!
//! ```text
//! first = condition                  and the condition under which the loop stands
//! loop  start = variables that the body or the condition changes
//!       body: their next values; condition' at those
//!       again = first and condition'
//! after = first ? carried : start    the round of a loop that should not have begun is forgotten
//! ```
//!
//! Which variables change is found by running the body until no more come up.

use std::collections::BTreeMap;

use super::{Environment, Loop, Run, variable::Scope};
use crate::ast::{Expression, Statement};
use crate::ir::{Comparison, Op, Value};

/// A WHILE that has not ended after so many rounds is left.
const MOST_ROUNDS: u32 = 1_000_000;

/// A variable that a loop changes: a symbol, or a local name of the scope at that level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Changed {
    Symbol(usize),
    Local(usize, String),
}

impl<'a> Run<'a, '_, '_> {
    /// `FROM i = from TO to BY by { body }`
    pub(super) fn counted_loop(
        &mut self,
        variable: &str,
        from: &'a Expression,
        to: &'a Expression,
        by: Option<&'a Expression>,
        body: &'a [Statement],
    ) {
        let (from, to) = (self.number(from), self.number(to));
        let by = match by {
            Some(by) => self.number(by),
            None => self.graph.constant(1.0),
        };
        // The variable is a whole number in C, the end is not.
        let (from, by) = (self.truncated(from), self.truncated(by));
        let bounds = [from, to, by].map(|bound| self.graph.known(bound));
        if bounds[2].is_some_and(|by| by <= 0.0) {
            return self.report.error("nmodl-syntax", self.place, "this FROM would never end");
        }
        if let [Some(from), Some(to), Some(by)] = bounds {
            return self.written_out(variable, [from, to, by], body);
        }
        self.scopes.push(Scope::with([(variable.to_string(), from)]));
        let goes_on = |run: &mut Self| {
            let i = run.read(variable);
            run.graph.compare(Comparison::LessEqual, i, to)
        };
        self.repeat(goes_on, |run| {
            run.block(body);
            let i = run.read(variable);
            let next = run.graph.plus(i, by);
            run.assign(variable, next);
        });
        self.scopes.pop();
    }

    fn written_out(&mut self, variable: &str, [from, to, by]: [f64; 3], body: &'a [Statement]) {
        let mut i = from;
        while i <= to && !self.graph.full {
            let value = self.graph.constant(i);
            self.scopes.push(Scope::with([(variable.to_string(), value)]));
            self.block(body);
            self.scopes.pop();
            i += by;
        }
    }

    /// `while (condition) { body }`
    pub(super) fn while_loop(&mut self, condition: &'a Expression, body: &'a [Statement]) {
        self.repeat(|run| run.truth(condition), |run| run.block(body));
    }

    fn repeat(&mut self, mut goes_on: impl FnMut(&mut Self) -> Value, mut body: impl FnMut(&mut Self)) {
        let first = goes_on(self);
        if self.graph.decided(first) == Some(false) {
            return;
        }
        // Both sides of a condition are computed: a loop on the side that is not wanted must not go on.
        let path = self.path;
        let first = self.narrow(path, first);
        self.path = Some(first);
        let base = (self.environment.clone(), self.scopes.clone());
        let before = self.effects.len();
        let mut carried: Vec<Changed> = Vec::new();
        let (id, leaves, condition) = loop {
            let (id, leaves) = self.new_loop(carried.len());
            for (changed, leaf) in carried.iter().zip(&leaves) {
                self.change(changed, *leaf);
            }
            let start = (self.environment.clone(), self.scopes.clone());
            body(self);
            // The condition may draw numbers or set variables too.
            let condition = goes_on(self);
            let known = carried.len();
            self.find_changes(&start, &mut carried);
            if carried.len() == known {
                break (id, leaves, condition);
            }
            (self.environment, self.scopes) = base.clone();
        };
        if self.effects.len() > before {
            self.effects.truncate(before);
            self.report.error(
                "nmodl-unsupported",
                self.place,
                "net_send, net_event, net_move and FOR_NETCONS inside WHILE are not supported",
            );
        }
        let next: Vec<Value> = carried.iter().map(|changed| self.present(changed)).collect();
        let again = self.graph.add(Op::And(first, condition));
        self.path = path;
        (self.environment, self.scopes) = base;
        let start: Vec<Value> = carried.iter().map(|changed| self.present(changed)).collect();
        let end = self.graph.ops.len();
        let count = leaves.len() as u32;
        self.loops[id as usize] = Some(Loop { start: start.clone(), next, again, limit: MOST_ROUNDS, end });
        for ((k, changed), old) in (0..count).zip(&carried).zip(start) {
            let last = self.graph.add(Op::Iterated(id, k));
            let value = self.graph.select(first, last, old);
            self.change(changed, value);
        }
    }

    /// Adds what differs from `start` to the list.
    fn find_changes(&mut self, start: &(Environment, Vec<Scope>), carried: &mut Vec<Changed>) {
        let mut found: BTreeMap<Changed, ()> = BTreeMap::new();
        for (&index, &value) in &self.environment {
            if start.0.get(&index) != Some(&value) {
                found.insert(Changed::Symbol(index), ());
            }
        }
        for (level, (now, then)) in self.scopes.iter().zip(&start.1).enumerate() {
            for (name, value) in &now.values {
                if then.values.get(name) != Some(value) {
                    found.insert(Changed::Local(level, name.clone()), ());
                }
            }
        }
        found
            .into_keys()
            .filter(|changed| !carried.contains(changed))
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|changed| carried.push(changed));
    }

    fn present(&mut self, changed: &Changed) -> Value {
        match changed {
            Changed::Symbol(index) => self.symbol(*index),
            Changed::Local(level, name) => self.scopes[*level].values.get(name).copied().unwrap_or(Value(0)),
        }
    }

    fn change(&mut self, changed: &Changed, value: Value) {
        match changed {
            Changed::Symbol(index) => drop(self.environment.insert(*index, value)),
            Changed::Local(level, name) => drop(self.scopes[*level].values.insert(name.clone(), value)),
        }
    }
}
