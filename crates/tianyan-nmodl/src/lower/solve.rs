//! SOLVE: how equations become assignments.

use super::{Equations, Loop, Run};
use crate::ast::{Block, BlockKind, Expression, ExpressionKind, Name, Statement, StatementKind, Variable};
use crate::check::SOLVABLE;
use crate::derive::{Affine, affine, dependents, derivative};
use crate::ir::{Comparison, Function, Op, Value};
use crate::symbols::block_index;

/// Below this |b dt| the exponential formula loses more digits than explicit Euler.
const SMALL: f64 = 1e-9;
/// Newton's iteration stops when no state changes by more than this part of itself.
const TOLERANCE: f64 = 1e-12;
/// The most rounds of Newton's iteration.
const ROUNDS: u32 = 50;
/// NEURON's sparse stops when the changes of all states add up to no more (src/scopmath/errcodes.hpp: CONVERGE) ...
const SPARSE_TOLERANCE: f64 = 1e-6;
/// ... and gives up after so many rounds.
const SPARSE_ROUNDS: u32 = 22;
/// The largest system that is written out.
const LARGEST: usize = 300;
/// The step of STEADYSTATE, ms.
const FOREVER_MS: f64 = 1e9;

impl<'a> Run<'a, '_, '_> {
    /// Every SOLVE among these statements, also those under a condition: nocmodl takes them out of it.
    pub(super) fn solves(&mut self, body: &'a [Statement]) {
        for statement in body {
            match &statement.kind {
                StatementKind::Solve { .. } => {
                    self.place = statement.span;
                    self.solve_statement(&statement.kind);
                }
                _ => statement.bodies().into_iter().for_each(|body| self.solves(body)),
            }
        }
    }

    /// One SOLVE.
    pub(super) fn solve_statement(&mut self, kind: &'a StatementKind) {
        let StatementKind::Solve { block, method, steady } = kind else { return };
        let Some(index) = block_index(self.file, &SOLVABLE, &block.text) else { return };
        let block = &self.file.blocks[index];
        let method = method.as_ref().map_or("", |method| method.text.as_str());
        let callers = std::mem::take(&mut self.scopes);
        match (block.kind, method) {
            (BlockKind::Procedure, _) => drop(self.inline(block, &[])),
            (_, "cnexp") => {
                self.equations = Equations::Exponential;
                self.warn_coupled(block);
                self.inline(block, &[]);
                self.equations = Equations::Collect;
            }
            (_, "euler") => self.euler(block),
            (_, "runge") => self.runge(block),
            _ => {
                let step = if *steady { self.graph.constant(FOREVER_MS) } else { self.graph.add(Op::TimeStep) };
                self.implicit(block, step);
            }
        }
        self.scopes = callers;
    }

    /// A DERIVATIVE that is called like a procedure: what nocmodl makes of it advances the states if they are solved
    /// by cnexp, and computes the derivatives alone otherwise.
    pub(super) fn call_derivative(&mut self, block: &'a Block) {
        let solved = |statement: &Statement| {
            matches!(&statement.kind, StatementKind::Solve { block: name, method: Some(method), .. }
                if name.text == block.name.text && method.text == "cnexp")
        };
        let exponential = self.file.blocks.iter().flat_map(|block| &block.body).any(solved);
        let before = self.equations;
        self.equations = if exponential { Equations::Exponential } else { Equations::Collect };
        self.inline(block, &[]);
        self.equations = before;
    }

    /// x += dt f(x), all from the old values.
    fn euler(&mut self, block: &'a Block) {
        let dt = self.graph.add(Op::TimeStep);
        let slopes = self.slopes(block);
        for (state, slope) in slopes {
            let x = self.symbol(state);
            let change = self.graph.times(dt, slope);
            let next = self.graph.plus(x, change);
            self.environment.insert(state, next);
        }
    }

    /// Runge and Kutta's method of fourth order.
    fn runge(&mut self, block: &'a Block) {
        let (dt, t) = (self.graph.add(Op::TimeStep), self.graph.add(Op::Time));
        let two = self.graph.constant(2.0);
        let half = self.graph.over(dt, two);
        let middle = self.graph.plus(t, half);
        let end = self.graph.plus(t, dt);
        let start = self.slopes(block);
        let old: Vec<Value> = start.iter().map(|(state, _)| self.symbol(*state)).collect();
        let mut stages = vec![start];
        for (time, step) in [(middle, half), (middle, half), (end, dt)] {
            let last: Vec<(usize, Value)> = stages.last().cloned().unwrap_or_default();
            for ((state, slope), x) in last.iter().zip(&old) {
                let change = self.graph.times(step, *slope);
                let moved = self.graph.plus(*x, change);
                self.environment.insert(*state, moved);
            }
            self.assign("t", time);
            stages.push(self.slopes(block));
        }
        self.assign("t", t);
        let six = self.graph.constant(6.0);
        let weight = self.graph.over(dt, six);
        for (k, x) in old.into_iter().enumerate() {
            let of = |stage: usize| stages[stage][k].1;
            let inner = self.graph.plus(of(1), of(2));
            let inner = self.graph.times(two, inner);
            let sum = self.graph.plus(of(0), inner);
            let sum = self.graph.plus(sum, of(3));
            let change = self.graph.times(weight, sum);
            let next = self.graph.plus(x, change);
            self.environment.insert(stages[0][k].0, next);
        }
    }

    /// The equation `x' = f` under cnexp, where it stands.
    pub(super) fn exponential(&mut self, state: usize, target: &Name, f: &'a Expression) {
        let x = self.symbol(state);
        let (id, leaf) = self.new_loop(1);
        let kept = (self.environment.clone(), self.scopes.clone());
        self.environment.insert(state, leaf[0]);
        let general = self.number(f);
        (self.environment, self.scopes) = kept;
        // Once more at the present value: for f(x), and for what functions in it may set.
        let here = self.number(f);
        let next = match affine(&mut self.graph, general, leaf[0]) {
            Some(form) => self.exponential_step(x, here, form),
            None => {
                let message =
                    format!("`{}'` is not linear in `{}`: derivimplicit is used instead", target.text, target.text);
                self.report.warning("nmodl-not-linear", target.span, message, "write METHOD derivimplicit");
                let slope = derivative(&mut self.graph, general, leaf[0]);
                {
                    let dt = self.graph.add(Op::TimeStep);
                    let moved = self.graph.minus(leaf[0], x);
                    let step = self.graph.loose_times(dt, general);
                    let residual = self.graph.loose_minus(moved, step);
                    let (one, part) = (self.graph.constant(1.0), self.graph.loose_times(dt, slope));
                    let jacobian = self.graph.loose_minus(one, part);
                    self.newton(BlockKind::Derivative, (id, &leaf), &[x], &[residual], &[vec![jacobian]])[0]
                }
            }
        };
        self.environment.insert(state, next);
    }

    /// x + (1 - exp(b dt)) (-a/b - x), and x + dt f(x) where b dt vanishes.
    fn exponential_step(&mut self, x: Value, here: Value, form: Affine) -> Value {
        let graph = &mut self.graph;
        let dt = graph.add(Op::TimeStep);
        let scaled = form.scale.map_or(form.b, |scale| graph.loose_times(scale, form.b));
        let slope = form.under.map_or(scaled, |under| graph.loose_over(scaled, under));
        let explicit = graph.times(dt, here);
        let explicit = graph.plus(x, explicit);
        if graph.is_zero(slope) {
            return explicit;
        }
        let exponent = graph.times(dt, slope);
        let minus_a = graph.loose_negate(form.a);
        let steady = match graph.known(form.b) {
            Some(-1.0) => form.a,
            _ => graph.loose_over(minus_a, form.b),
        };
        let one = graph.constant(1.0);
        let decay = graph.call(Function::Exp, exponent);
        let part = graph.minus(one, decay);
        let way = graph.minus(steady, x);
        let change = graph.times(part, way);
        let next = graph.plus(x, change);
        if graph.known(form.b).is_some() {
            return next;
        }
        let size = graph.call(Function::Abs, exponent);
        let small = graph.constant(SMALL);
        let vanishes = graph.compare(Comparison::Less, size, small);
        graph.select(vanishes, explicit, next)
    }

    /// Backward Euler on a whole block, or the solution of its equations.
    fn implicit(&mut self, block: &'a Block, step: Value) {
        let states = self.unknowns(block);
        if states.is_empty() {
            self.inline(block, &[]);
            return;
        }
        if states.len() > LARGEST {
            let message = format!("{} equations in one block; at most {LARGEST} are possible", states.len());
            return self.report.error("nmodl-too-large", block.name.span, message);
        }
        let old: Vec<Value> = states.iter().map(|state| self.symbol(*state)).collect();
        if block.kind == BlockKind::Kinetic {
            return self.kinetic(block, &states, &old, step);
        }
        let (id, leaves) = self.new_loop(states.len());
        let residuals = self.residuals(block, &states, &leaves, &old, step);
        if residuals.len() != states.len() {
            let message =
                format!("`{}` has {} equations for {} states", block.name.text, residuals.len(), states.len());
            return self.report.error("nmodl-solve", block.name.span, message);
        }
        let jacobian: Vec<Vec<Value>> = residuals
            .iter()
            .map(|residual| leaves.iter().map(|leaf| derivative(&mut self.graph, *residual, *leaf)).collect())
            .collect();
        let linear = leaves.iter().all(|leaf| {
            let depends = dependents(&self.graph, *leaf);
            !jacobian.iter().flatten().any(|slope| depends[slope.0 as usize])
        });
        let next = if linear {
            let here = self.residuals(block, &states, &old, &old, step);
            let change = self.solution(block.kind, jacobian, here);
            old.iter().zip(change).map(|(x, d)| self.graph.loose_minus(*x, d)).collect()
        } else {
            self.newton(block.kind, (id, &leaves), &old, &residuals, &jacobian)
        };
        self.arrive(block, &states, &next);
    }

    /// Runs a block once more at the new values, for everything else it sets.
    fn arrive(&mut self, block: &'a Block, states: &[usize], next: &[Value]) {
        self.environment.extend(states.iter().copied().zip(next.iter().copied()));
        self.run_system(block);
        self.environment.extend(states.iter().copied().zip(next.iter().copied()));
    }

    /// A KINETIC block: NEURON's iterates, and where it stops. One round if no reaction is of higher order; otherwise
    /// until the changes add up to no more than 1e-6, states kept from becoming negative on the way.
    fn kinetic(&mut self, block: &'a Block, states: &[usize], old: &[Value], step: Value) {
        let here = self.residuals(block, states, old, old, step);
        if !self.is_nonlinear() {
            let matrix = self.kinetic_matrix(states, step);
            let change = self.eliminate(matrix, here);
            let next: Vec<Value> = old.iter().zip(change).map(|(x, d)| self.graph.loose_minus(*x, d)).collect();
            return self.arrive(block, states, &next);
        }
        let (id, leaves) = self.new_loop(states.len());
        let residuals = self.residuals(block, states, &leaves, old, step);
        let matrix = self.kinetic_matrix(states, step);
        let change = self.eliminate(matrix, residuals);
        let (zero, enough) = (self.graph.constant(0.0), self.graph.constant(SPARSE_TOLERANCE));
        let mut next = Vec::new();
        let mut sum = zero;
        for (x, d) in leaves.iter().zip(change) {
            let moved = self.graph.minus(*x, d);
            next.push(self.graph.add(Op::Maximum(moved, zero)));
            let size = self.graph.call(Function::Abs, d);
            sum = self.graph.loose_plus(sum, size);
        }
        let again = self.graph.compare(Comparison::Less, enough, sum);
        let end = self.graph.ops.len();
        self.loops[id as usize] = Some(Loop { start: old.to_vec(), next, again, limit: SPARSE_ROUNDS, end });
        let next: Vec<Value> = (0..old.len() as u32).map(|k| self.graph.add(Op::Iterated(id, k))).collect();
        self.arrive(block, states, &next);
    }

    /// The solution of linear equations. Those that a file writes itself may have any numbers; those of backward Euler
    /// have a diagonal near 1.
    fn solution(&mut self, kind: BlockKind, matrix: Vec<Vec<Value>>, right: Vec<Value>) -> Vec<Value> {
        match kind {
            BlockKind::Linear | BlockKind::Nonlinear => self.eliminate_pivoted(matrix, right),
            _ => self.eliminate(matrix, right),
        }
    }

    /// Newton's iteration until the residuals vanish.
    fn newton(
        &mut self,
        kind: BlockKind,
        (id, leaves): (u32, &[Value]),
        old: &[Value],
        residuals: &[Value],
        jacobian: &[Vec<Value>],
    ) -> Vec<Value> {
        let change = self.solution(kind, jacobian.to_vec(), residuals.to_vec());
        let next: Vec<Value> = leaves.iter().zip(&change).map(|(x, d)| self.graph.minus(*x, *d)).collect();
        let conditions: Vec<Value> = next.iter().zip(&change).map(|(x, d)| self.moves(*x, *d)).collect();
        let again = conditions.iter().copied().reduce(|a, b| self.graph.add(Op::Or(a, b))).unwrap_or(Value(0));
        let end = self.graph.ops.len();
        self.loops[id as usize] = Some(Loop { start: old.to_vec(), next, again, limit: ROUNDS, end });
        (0..old.len() as u32).map(|k| self.graph.add(Op::Iterated(id, k))).collect()
    }

    /// |d| > 1e-12 |x| + 1e-300: not yet converged.
    fn moves(&mut self, x: Value, d: Value) -> Value {
        let (tolerance, least) = (self.graph.constant(TOLERANCE), self.graph.constant(1e-300));
        let size = self.graph.call(Function::Abs, x);
        let allowed = self.graph.times(tolerance, size);
        let allowed = self.graph.plus(allowed, least);
        let change = self.graph.call(Function::Abs, d);
        self.graph.compare(Comparison::Less, allowed, change)
    }

    /// Room for an iteration: its number and its carried variables.
    pub(super) fn new_loop(&mut self, states: usize) -> (u32, Vec<Value>) {
        let id = self.loops.len() as u32;
        self.loops.push(None);
        let leaves = (0..states as u32).map(|k| self.graph.add(Op::Carried(id, k))).collect();
        (id, leaves)
    }

    fn warn_coupled(&mut self, block: &'a Block) {
        let all = equations(&block.body);
        let names: Vec<&str> = all.iter().map(|(target, _)| target.name.text.as_str()).collect();
        for (target, value) in all {
            let own = &target.name.text;
            if let Some(other) = names.iter().find(|name| **name != own.as_str() && mentions(value, name)) {
                let message = format!("`{own}'` depends on `{other}`: cnexp advances them one after the other");
                let help = "METHOD derivimplicit solves them together";
                self.report.warning("nmodl-coupled-cnexp", target.name.span, message, help);
            }
        }
    }
}

/// All differential equations in a body, also those under conditions.
pub(super) fn equations(body: &[Statement]) -> Vec<(&Variable, &Expression)> {
    let mut found = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Differential { target, value } => found.push((target, value)),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| found.extend(equations(body)));
                found.extend(equations(otherwise));
            }
            StatementKind::From { body, .. } | StatementKind::While { body, .. } | StatementKind::Block(body) => {
                found.extend(equations(body));
            }
            _ => {}
        }
    }
    found
}

/// True if the name stands in the expression.
fn mentions(expression: &Expression, name: &str) -> bool {
    match &expression.kind {
        ExpressionKind::Number(..) | ExpressionKind::Text(_) => false,
        ExpressionKind::Name(text) => text == name,
        ExpressionKind::Prime(prime) => prime.text == name,
        ExpressionKind::Element(array, index) => array.text == name || mentions(index, name),
        ExpressionKind::Unary(_, operand) => mentions(operand, name),
        ExpressionKind::Binary(_, left, right) => mentions(left, name) || mentions(right, name),
        ExpressionKind::Call(_, arguments) => arguments.iter().any(|argument| mentions(argument, name)),
    }
}
