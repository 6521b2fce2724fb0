//! NET_RECEIVE and what it asks of the event queue.

use super::{DERIVATIVES, Goal, Run, variable::Scope};
use crate::ast::{Binary, Block, BlockKind, Expression, ExpressionKind, Name, Statement, StatementKind};
use crate::ir::{Comparison, Effect, EffectKind, Op, Value};

/// The fields of one WATCH condition, see [`crate::mechanism::Watch`].
const WATCH_FIELDS: [&str; 3] = ["_watch", "_watch_flag", "_watch_fired"];

/// Where a point neuron says when it fired.
const SPIKE: &str = "_spike";

/// A condition that fails by less counts as holding when WATCH begins (NEURON's hoc_epsilon).
const SLACK: f64 = 1e-11;

impl<'a> Run<'a, '_, '_> {
    fn receiver(&self) -> Option<&'a Block> {
        self.file.blocks.iter().find(|block| block.kind == BlockKind::NetReceive)
    }

    /// NET_RECEIVE: arguments are local names that are written back; the flag comes behind them.
    pub(super) fn receive(&mut self) {
        let Some(block) = self.receiver() else { return };
        for k in 0..watch_conditions(&block.body).len() {
            let fields = WATCH_FIELDS.map(|name| self.tables.made(&format!("{name}{k}"), false, true));
            self.tables.watches.push(fields);
        }
        let names: Vec<&Name> = block.arguments.iter().map(|argument| &argument.name).collect();
        self.with_arguments(&names, Some("flag"), &block.body);
    }

    /// INITIAL of NET_RECEIVE.
    pub(super) fn connect(&mut self) {
        let Some(block) = self.receiver() else { return };
        let names: Vec<&Name> = block.arguments.iter().map(|argument| &argument.name).collect();
        for statement in &block.body {
            if let StatementKind::Initial(body) = &statement.kind {
                self.with_arguments(&names, None, body);
            }
        }
    }

    /// The body of FOR_NETCONS, once for each connection.
    pub(super) fn each_connection(&mut self) {
        let Some(block) = self.receiver() else { return };
        let Some((arguments, body)) = for_netcons(&block.body) else { return };
        self.with_arguments(&arguments.iter().collect::<Vec<_>>(), None, body);
        if !self.environment.is_empty() {
            let message = "FOR_NETCONS may change its arguments only";
            self.report.error("nmodl-unsupported", self.place, message);
        }
    }

    /// Runs a body whose first names are arguments of a connection.
    fn with_arguments(&mut self, names: &[&Name], flag: Option<&str>, body: &'a [Statement]) {
        let all = names.iter().map(|name| name.text.as_str()).chain(flag);
        let values = all.enumerate().map(|(k, name)| (name.to_string(), self.graph.add(Op::Argument(k as u32))));
        let scope = Scope::with(values.collect::<Vec<_>>());
        self.scopes.push(scope);
        self.block(body);
        let scope = self.scopes.pop().unwrap_or_default();
        self.store_all();
        for (k, name) in names.iter().enumerate() {
            let value = scope.values.get(&name.text).copied().unwrap_or(Value(0));
            if self.graph.op(value) != Op::Argument(k as u32) {
                self.stores.push((Goal::Argument(k as u32), value));
            }
        }
    }

    /// FOR_NETCONS where it stands: its kernel runs after NET_RECEIVE.
    pub(super) fn for_netcons(&mut self) {
        self.effect(EffectKind::EachConnection, Value(0), Value(0));
    }

    /// `net_send(delay, flag)`, `net_event(time)`, `net_move(time)`
    pub(super) fn event_call(&mut self, name: &str, arguments: &'a [Expression]) -> Value {
        let allowed = match self.phase {
            super::Receive => true,
            super::State => name == "net_event" && self.is_stepped(),
            super::Initial | super::Connect => name == "net_send" || name == "net_event",
            _ => false,
        };
        if !allowed {
            let message = format!(
                "{name} stands in NET_RECEIVE{}",
                match name {
                    "net_send" => " or INITIAL",
                    "net_event" => ", or in BREAKPOINT of an ARTIFICIAL_CELL",
                    _ => "",
                }
            );
            self.report.error("nmodl-misplaced", self.place, message);
            return Value(0);
        }
        let first = self.number(&arguments[0]);
        match name {
            "net_send" => {
                let t = self.graph.add(Op::Time);
                let time = self.graph.plus(t, first);
                let flag = self.number(&arguments[1]);
                self.effect(EffectKind::Send, time, flag);
            }
            "net_event" => self.effect(EffectKind::Event, first, Value(0)),
            _ => self.effect(EffectKind::Move, first, Value(0)),
        }
        Value(0)
    }

    /// The spike of a point neuron: the time that net_event was given in this step, or -1.
    pub(super) fn store_spike(&mut self) {
        if self.effects.is_empty() {
            return;
        }
        let none = self.graph.constant(-1.0);
        let effects = std::mem::take(&mut self.effects);
        let time = effects.iter().fold(none, |time, effect| self.graph.select(effect.when, effect.time, time));
        let place = self.made(SPIKE, false, true);
        self.tables.spike = Some(self.tables.made(SPIKE, false, true));
        self.stores.push((Goal::Set(place), time));
    }

    fn effect(&mut self, kind: EffectKind, time: Value, flag: Value) {
        let when = match self.path {
            Some(path) => path,
            None => self.graph.compare(Comparison::Equal, Value(0), Value(0)),
        };
        self.effects.push(Effect { kind, when, time, flag });
    }

    /// WATCH where it stands: turns its conditions on, and all others off unless they were turned on just now.
    pub(super) fn start_watching(&mut self, conditions: &'a [(Expression, Expression)]) {
        let Some(block) = self.receiver() else { return };
        let all = watch_conditions(&block.body);
        for (condition, flag) in conditions {
            let Some(own) = all.iter().position(|other| std::ptr::eq(*other, condition)) else { continue };
            for k in 0..all.len() {
                self.turn_off(k);
            }
            let value = self.watched_value(condition);
            let flag = self.number(flag);
            let graph = &mut self.graph;
            let (one, two, slack) = (graph.constant(1.0), graph.constant(2.0), graph.constant(-SLACK));
            let holds = graph.compare(Comparison::LessEqual, slack, value);
            let state = graph.select(holds, two, one);
            let [state_field, flag_field, fired_field] = self.watch_symbols(own);
            self.environment.insert(state_field, state);
            self.environment.insert(fired_field, Value(0));
            self.environment.insert(flag_field, flag);
            self.watched = Some(one);
        }
    }

    fn turn_off(&mut self, k: usize) {
        let [state, _, fired] = self.watch_symbols(k);
        // What has fired but was not delivered is forgotten too.
        for field in [state, fired] {
            let present = self.symbol(field);
            let zero = self.graph.constant(0.0);
            let kept = match self.watched {
                None => zero,
                Some(watched) if self.graph.known(watched) == Some(1.0) => present,
                Some(watched) => {
                    let fresh = self.graph.compare(Comparison::NotEqual, watched, zero);
                    self.graph.select(fresh, present, zero)
                }
            };
            self.environment.insert(field, kept);
        }
    }

    fn watch_symbols(&self, k: usize) -> [usize; 3] {
        self.tables.watches[k].map(|made| self.symbols.list.len() + made)
    }

    /// Positive while the condition holds.
    fn watched_value(&mut self, condition: &'a Expression) -> Value {
        let ExpressionKind::Binary(operator, left, right) = &condition.kind else { return Value(0) };
        let (left, right) = (self.number(left), self.number(right));
        match operator {
            Binary::Less | Binary::LessEqual => self.graph.minus(right, left),
            _ => self.graph.minus(left, right),
        }
    }

    /// The kernel that looks at all conditions that are on.
    pub(super) fn watch(&mut self) {
        let Some(block) = self.receiver() else { return };
        for (k, condition) in watch_conditions(&block.body).into_iter().enumerate() {
            let [state_field, _, fired_field] = self.watch_symbols(k);
            let state = self.symbol(state_field);
            let value = self.watched_value(condition);
            let graph = &mut self.graph;
            let (zero, one, two) = (graph.constant(0.0), graph.constant(1.0), graph.constant(2.0));
            let holds = graph.compare(Comparison::Less, zero, value);
            let waits = graph.compare(Comparison::Equal, state, one);
            let fires = graph.add(Op::And(waits, holds));
            let fired = graph.select(fires, one, zero);
            let off = graph.compare(Comparison::Equal, state, zero);
            let on = graph.select(holds, two, one);
            let next = graph.select(off, zero, on);
            self.environment.insert(state_field, next);
            self.environment.insert(fired_field, fired);
        }
        debug_assert!(self.environment.keys().all(|key| *key < DERIVATIVES));
        self.store_all();
    }
}

/// The conditions of all WATCH statements, in text order.
pub(super) fn watch_conditions(body: &[Statement]) -> Vec<&Expression> {
    let mut found = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Watch(conditions) => found.extend(conditions.iter().map(|(condition, _)| condition)),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| found.extend(watch_conditions(body)));
                found.extend(watch_conditions(otherwise));
            }
            StatementKind::Block(body) | StatementKind::From { body, .. } | StatementKind::While { body, .. } => {
                found.extend(watch_conditions(body));
            }
            _ => {}
        }
    }
    found
}

/// The first FOR_NETCONS.
fn for_netcons(body: &[Statement]) -> Option<(&[Name], &[Statement])> {
    body.iter().find_map(|statement| match &statement.kind {
        StatementKind::ForNetcons { arguments, body } => Some((arguments.as_slice(), body.as_slice())),
        StatementKind::If { arms, otherwise } => {
            arms.iter().find_map(|(_, body)| for_netcons(body)).or_else(|| for_netcons(otherwise))
        }
        StatementKind::Block(body) => for_netcons(body),
        _ => None,
    })
}
