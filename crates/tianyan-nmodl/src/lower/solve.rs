//! SOLVE: how differential equations become assignments.

use super::{DERIVATIVES, Equations, Loop, Run};
use crate::ast::{Block, BlockKind, Expression, ExpressionKind, Name, Statement, StatementKind};
use crate::derive::{Affine, affine, dependents, derivative};
use crate::graph::CARRIED;
use crate::ir::{Comparison, Function, Op, Value};

/// Below this |b dt| the exponential formula loses more digits than explicit Euler.
const SMALL: f64 = 1e-9;
/// Newton's iteration stops when no state changes by more than this part of itself.
const TOLERANCE: f64 = 1e-12;
/// The most rounds of Newton's iteration.
pub(super) const ROUNDS: u32 = 50;
/// The largest system that is written out.
const LARGEST: usize = 32;

impl<'a> Run<'a, '_, '_> {
    /// One SOLVE.
    pub(super) fn solve(&mut self, block: &'a Block, method: Option<&str>) {
        if block.kind == BlockKind::Procedure {
            self.inline(block, &[]);
            return;
        }
        match method {
            Some("cnexp") => {
                self.equations = Equations::Exponential;
                self.warn_coupled(block);
                self.inline(block, &[]);
                self.equations = Equations::Collect;
            }
            Some("euler") => self.euler(block),
            _ => self.implicit(block),
        }
    }

    /// x += dt f(x), all from the old values.
    fn euler(&mut self, block: &'a Block) {
        self.inline(block, &[]);
        let dt = self.graph.add(Op::TimeStep);
        for state in targets(block, self) {
            let slope = self.symbol(DERIVATIVES + state);
            let x = self.symbol(state);
            let change = self.graph.times(dt, slope);
            let next = self.graph.plus(x, change);
            self.environment.insert(state, next);
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
                self.newton(id, &[x], &leaf, &[general], &[vec![slope]])[0]
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

    /// Backward Euler on the whole block.
    fn implicit(&mut self, block: &'a Block) {
        let states = targets(block, self);
        if states.is_empty() {
            self.inline(block, &[]);
            return;
        }
        if states.len() > LARGEST {
            let message = format!("derivimplicit with {} states; at most {LARGEST} are possible", states.len());
            return self.report.error("nmodl-too-large", block.name.span, message);
        }
        let old: Vec<Value> = states.iter().map(|state| self.symbol(*state)).collect();
        let (id, leaves) = self.new_loop(states.len());
        let general = self.slopes(block, &states, &leaves);
        let jacobian: Vec<Vec<Value>> = general
            .iter()
            .map(|f| leaves.iter().map(|leaf| derivative(&mut self.graph, *f, *leaf)).collect())
            .collect();
        let linear = leaves.iter().all(|leaf| {
            let depends = dependents(&self.graph, *leaf);
            !jacobian.iter().flatten().any(|slope| depends[slope.0 as usize])
        });
        let next = if linear {
            let here = self.slopes(block, &states, &old);
            self.linear_step(&old, &here, &jacobian)
        } else {
            self.newton(id, &old, &leaves, &general, &jacobian)
        };
        // Once more at the new values, for everything else the block sets.
        self.environment.extend(states.iter().copied().zip(next.iter().copied()));
        self.inline(block, &[]);
        self.environment.extend(states.iter().copied().zip(next));
    }

    /// f at the given states; leaves the environment as it was.
    fn slopes(&mut self, block: &'a Block, states: &[usize], values: &[Value]) -> Vec<Value> {
        let kept = (self.environment.clone(), self.scopes.clone());
        self.environment.extend(states.iter().copied().zip(values.iter().copied()));
        self.inline(block, &[]);
        let slopes = states.iter().map(|state| self.symbol(DERIVATIVES + state)).collect();
        (self.environment, self.scopes) = kept;
        slopes
    }

    /// x + d where (1 - dt J) d = dt f(x).
    fn linear_step(&mut self, old: &[Value], here: &[Value], jacobian: &[Vec<Value>]) -> Vec<Value> {
        let dt = self.graph.add(Op::TimeStep);
        let right: Vec<Value> = here.iter().map(|f| self.graph.loose_times(dt, *f)).collect();
        let change = self.eliminate(jacobian, right);
        old.iter().zip(change).map(|(x, d)| self.graph.loose_plus(*x, d)).collect()
    }

    /// Newton's iteration on x - x0 - dt f(x) = 0.
    fn newton(
        &mut self,
        id: u32,
        old: &[Value],
        leaves: &[Value],
        general: &[Value],
        jacobian: &[Vec<Value>],
    ) -> Vec<Value> {
        let dt = self.graph.add(Op::TimeStep);
        let mut residual = Vec::new();
        for ((x, x0), f) in leaves.iter().zip(old).zip(general) {
            let moved = self.graph.minus(*x, *x0);
            let step = self.graph.loose_times(dt, *f);
            residual.push(self.graph.loose_minus(moved, step));
        }
        let change = self.eliminate(jacobian, residual);
        let next: Vec<Value> = leaves.iter().zip(&change).map(|(x, d)| self.graph.minus(*x, *d)).collect();
        let conditions: Vec<Value> = next.iter().zip(&change).map(|(x, d)| self.moves(*x, *d)).collect();
        let again = conditions.iter().copied().reduce(|a, b| self.graph.add(Op::Or(a, b))).unwrap_or(Value(0));
        let end = self.graph.ops.len();
        self.loops[id as usize] = Some(Loop { start: old.to_vec(), next, again, end });
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

    /// Solves (1 - dt J) d = right by elimination, written out; the diagonal is the pivot.
    fn eliminate(&mut self, jacobian: &[Vec<Value>], mut right: Vec<Value>) -> Vec<Value> {
        let n = right.len();
        let mut matrix = self.implicit_matrix(jacobian);
        let graph = &mut self.graph;
        for k in 0..n {
            let pivot = matrix[k].clone();
            for i in k + 1..n {
                if graph.is_zero(matrix[i][k]) {
                    continue;
                }
                let factor = graph.loose_over(matrix[i][k], pivot[k]);
                for (entry, above) in matrix[i].iter_mut().zip(&pivot).skip(k + 1) {
                    let part = graph.loose_times(factor, *above);
                    *entry = graph.loose_minus(*entry, part);
                }
                let part = graph.loose_times(factor, right[k]);
                right[i] = graph.loose_minus(right[i], part);
            }
        }
        for k in (0..n).rev() {
            for j in k + 1..n {
                let part = graph.loose_times(matrix[k][j], right[j]);
                right[k] = graph.loose_minus(right[k], part);
            }
            right[k] = graph.loose_over(right[k], matrix[k][k]);
        }
        right
    }

    /// 1 - dt J
    fn implicit_matrix(&mut self, jacobian: &[Vec<Value>]) -> Vec<Vec<Value>> {
        let graph = &mut self.graph;
        let dt = graph.add(Op::TimeStep);
        let mut rows = Vec::new();
        for (i, row) in jacobian.iter().enumerate() {
            let mut entries = Vec::new();
            for (j, slope) in row.iter().enumerate() {
                let unit = graph.constant(if i == j { 1.0 } else { 0.0 });
                let part = graph.loose_times(dt, *slope);
                entries.push(graph.loose_minus(unit, part));
            }
            rows.push(entries);
        }
        rows
    }

    /// Room for an iteration: its number and its carried variables.
    fn new_loop(&mut self, states: usize) -> (u32, Vec<Value>) {
        let id = self.loops.len() as u32;
        self.loops.push(None);
        let leaves = (0..states as u32).map(|k| self.graph.add(Op::Carried(id * CARRIED + k))).collect();
        (id, leaves)
    }

    fn warn_coupled(&mut self, block: &'a Block) {
        let states = targets(block, self);
        let names: Vec<&str> = states.iter().map(|state| self.symbols.list[*state].name.as_str()).collect();
        for (target, value) in equations(&block.body) {
            let other = names.iter().find(|name| **name != target.text && mentions(value, name));
            if let Some(other) = other {
                let message =
                    format!("`{}'` depends on `{other}`: cnexp advances them one after the other", target.text);
                let help = "METHOD derivimplicit solves them together";
                self.report.warning("nmodl-coupled-cnexp", target.span, message, help);
            }
        }
    }
}

/// The states a block has equations for, in text order.
fn targets(block: &Block, run: &Run) -> Vec<usize> {
    let mut states = Vec::new();
    for (target, _) in equations(&block.body) {
        if let Some(index) = run.symbols.find(&target.text).filter(|index| !states.contains(index)) {
            states.push(index);
        }
    }
    states
}

/// All equations in a body, also those under conditions.
pub(super) fn equations(body: &[Statement]) -> Vec<(&Name, &Expression)> {
    let mut found = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Differential { target, value } => found.push((target, value)),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| found.extend(equations(body)));
                found.extend(equations(otherwise));
            }
            _ => {}
        }
    }
    found
}

/// True if the name stands in the expression.
fn mentions(expression: &Expression, name: &str) -> bool {
    match &expression.kind {
        ExpressionKind::Number(..) => false,
        ExpressionKind::Name(text) => text == name,
        ExpressionKind::Unary(_, operand) => mentions(operand, name),
        ExpressionKind::Binary(_, left, right) => mentions(left, name) || mentions(right, name),
        ExpressionKind::Call(_, arguments) => arguments.iter().any(|argument| mentions(argument, name)),
    }
}
