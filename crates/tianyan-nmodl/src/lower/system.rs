//! The equations of DERIVATIVE, KINETIC, LINEAR and NONLINEAR blocks: which states they are for, their right-hand
//! sides, and what must vanish after an implicit step.
//!
//! | block | residual of a state x that was x0 |
//! |---|---|
//! | DERIVATIVE | x - x0 - dt x' |
//! | KINETIC | volume (x - x0) - dt (sum of fluxes) |
//! | KINETIC, a state that CONSERVE determines | sum of the terms - total |
//! | LINEAR, NONLINEAR | left - right |
//!
//! In KINETIC the matrix holds what the reactants do to the fluxes, at rate constants as they are: nocmodl's matrix, and
//! so its iterates (src/nocmodl/kinetic.cpp, src/scopmath/sparse_thread.hpp).

use std::collections::{BTreeMap, BTreeSet};

use super::{DERIVATIVES, Diffuse, Run, variable::Scope};
use crate::ast::{Block, BlockKind, Expression, Reactant, Reaction, Spread, Statement, StatementKind};
use crate::derive::dependents;
use crate::ir::Value;

/// What a block has said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Kinetics {
    /// The sum of the fluxes into each state.
    flux: BTreeMap<usize, Value>,
    /// COMPARTMENT of each state.
    volume: BTreeMap<usize, Value>,
    /// d flux / d state, by (state whose flux, state that changes), at fixed rate constants.
    slopes: BTreeMap<(usize, usize), Value>,
    /// True if some reaction takes more than one of anything on a side.
    nonlinear: bool,
    /// CONSERVE.
    conserved: Vec<Conserved>,
    /// Left minus right of each equation.
    equations: Vec<Value>,
}

/// A sum that a CONSERVE keeps.
#[derive(Debug, Clone)]
struct Conserved {
    /// Scalar states, in text order: one of them is determined by it.
    candidates: Vec<usize>,
    /// Its factor of each state.
    factors: Vec<(usize, Value)>,
    /// Sum of the terms minus total.
    residual: Value,
}

// What statements do.
impl<'a> Run<'a, '_, '_> {
    /// `~ left <-> right (forward, backward)`
    pub(super) fn reaction(&mut self, reaction: &'a Reaction) {
        let zero = self.graph.constant(0.0);
        if reaction.flux {
            let flux = self.number(&reaction.forward);
            self.assign("f_flux", zero);
            self.assign("b_flux", flux);
            if let Some(state) = self.symbol_of(&reaction.left[0].variable) {
                self.add_flux(state, flux);
            }
            return;
        }
        let constant = self.number(&reaction.forward);
        let forward = self.rate(constant, &reaction.left, None);
        self.add_slopes(reaction, constant, true);
        let backward = match &reaction.backward {
            Some(rate) => {
                let constant = self.number(rate);
                self.add_slopes(reaction, constant, false);
                self.rate(constant, &reaction.right, None)
            }
            None => zero,
        };
        self.assign("f_flux", forward);
        self.assign("b_flux", backward);
        let net = self.graph.loose_minus(forward, backward);
        for (side, sign) in [(&reaction.left, -1.0), (&reaction.right, 1.0)] {
            for reactant in side {
                let Some(state) = self.symbol_of(&reactant.variable) else { continue };
                if self.symbols.list[state].state {
                    let factor = self.graph.constant(sign * f64::from(reactant.count));
                    let part = self.graph.loose_times(factor, net);
                    self.add_flux(state, part);
                }
            }
        }
    }

    /// A rate constant times the product of what reacts; one of the k-th reactant is left out.
    fn rate(&mut self, constant: Value, reactants: &'a [Reactant], without: Option<usize>) -> Value {
        let mut rate = constant;
        for (k, reactant) in reactants.iter().enumerate() {
            let Some(symbol) = self.symbol_of(&reactant.variable) else { continue };
            let x = self.symbol(symbol);
            for _ in 0..reactant.count - u32::from(without == Some(k)) {
                rate = self.graph.loose_times(rate, x);
            }
        }
        rate
    }

    /// What each state on one side of a reaction does to the fluxes into all.
    fn add_slopes(&mut self, reaction: &'a Reaction, constant: Value, forward: bool) {
        let side = if forward { &reaction.left } else { &reaction.right };
        self.kinetics.nonlinear |= side.iter().map(|reactant| reactant.count).sum::<u32>() > 1;
        for (k, reactant) in side.iter().enumerate() {
            let Some(state) = self.symbol_of(&reactant.variable).filter(|at| self.symbols.list[*at].state) else {
                continue;
            };
            let rest = self.rate(constant, side, Some(k));
            let count = self.graph.constant(f64::from(reactant.count));
            let slope = self.graph.loose_times(count, rest);
            for (others, made) in [(&reaction.left, !forward), (&reaction.right, forward)] {
                for other in others {
                    let Some(target) = self.symbol_of(&other.variable).filter(|at| self.symbols.list[*at].state) else {
                        continue;
                    };
                    let count = if made { f64::from(other.count) } else { -f64::from(other.count) };
                    let count = self.graph.constant(count);
                    let part = self.graph.loose_times(count, slope);
                    let sum = self.kinetics.slopes.get(&(target, state)).copied();
                    let sum = sum.map_or(part, |sum| self.graph.loose_plus(sum, part));
                    self.kinetics.slopes.insert((target, state), sum);
                }
            }
        }
    }

    fn add_flux(&mut self, state: usize, flux: Value) {
        let sum = self.kinetics.flux.get(&state).copied();
        let sum = sum.map_or(flux, |sum| self.graph.loose_plus(sum, flux));
        self.kinetics.flux.insert(state, sum);
    }

    /// `CONSERVE a + b = total`
    pub(super) fn conserve(&mut self, terms: &'a [Reactant], total: &'a Expression) {
        let mut sum = self.graph.constant(0.0);
        let (mut candidates, mut factors) = (Vec::new(), Vec::new());
        for term in terms {
            let Some(state) = self.symbol_of(&term.variable) else { continue };
            let x = self.symbol(state);
            let mut factor = self.graph.constant(f64::from(term.count));
            if let Some(volume) = self.kinetics.volume.get(&state) {
                factor = self.graph.loose_times(factor, *volume);
            }
            factors.push((state, factor));
            let part = self.graph.loose_times(factor, x);
            sum = self.graph.loose_plus(sum, part);
            if term.variable.index.is_none() {
                candidates.push(state);
            }
        }
        let total = self.number(total);
        let residual = self.graph.loose_minus(sum, total);
        self.kinetics.conserved.push(Conserved { candidates, factors, residual });
    }

    /// `~ left = right`
    pub(super) fn equals(&mut self, left: &'a Expression, right: &'a Expression) {
        let (left, right) = (self.number(left), self.number(right));
        let difference = self.graph.loose_minus(left, right);
        self.kinetics.equations.push(difference);
    }
}

// Whole blocks.
impl<'a> Run<'a, '_, '_> {
    /// Runs a block and collects what it says of its states.
    pub(super) fn run_system(&mut self, block: &'a Block) {
        self.kinetics = Kinetics::default();
        for spread in spreads(&block.body, false) {
            let volumes = self.spread(spread);
            self.kinetics.volume.extend(volumes);
        }
        let fluxes = ["f_flux", "b_flux"].map(|name| (name.to_string(), Value(0)));
        let callers = std::mem::replace(&mut self.scopes, vec![Scope::with(fluxes)]);
        self.block(&block.body);
        self.scopes = callers;
    }

    /// The value of a COMPARTMENT or LONGITUDINAL_DIFFUSION for each of its states.
    fn spread(&mut self, spread: &'a Spread) -> Vec<(usize, Value)> {
        let mut values = Vec::new();
        for name in &spread.states {
            let all = self.symbols.all(&name.text);
            for (k, state) in all.enumerate() {
                let k = self.graph.constant(k as f64);
                let index = spread.index.iter().map(|index| (index.text.clone(), k));
                self.scopes.push(Scope::with(index));
                values.push((state, self.number(&spread.value)));
                self.scopes.pop();
            }
        }
        values
    }

    /// The states that a block solves for.
    pub(super) fn unknowns(&mut self, block: &'a Block) -> Vec<usize> {
        let kept = (self.environment.clone(), self.effects.len());
        let algebraic = matches!(block.kind, BlockKind::Linear | BlockKind::Nonlinear);
        let mut leaves = Vec::new();
        if algebraic {
            let states: Vec<usize> =
                (0..self.symbols.list.len()).filter(|index| self.symbols.list[*index].state).collect();
            let (_, carried) = self.new_loop(states.len());
            leaves = states.iter().copied().zip(carried).collect::<Vec<_>>();
            self.environment.extend(leaves.iter().copied());
        }
        self.run_system(block);
        let found: BTreeSet<usize> = match block.kind {
            BlockKind::Linear | BlockKind::Nonlinear => {
                let equations = self.kinetics.equations.clone();
                let used = |leaf: Value| {
                    let depends = dependents(&self.graph, leaf);
                    equations.iter().any(|equation| depends[equation.0 as usize])
                };
                leaves.iter().filter(|(_, leaf)| used(*leaf)).map(|(state, _)| *state).collect()
            }
            BlockKind::Kinetic => {
                let conserved = self.kinetics.conserved.iter().flat_map(|sum| &sum.factors).map(|(state, _)| state);
                self.kinetics.flux.keys().chain(conserved).copied().collect()
            }
            _ => self.environment.range(DERIVATIVES..).map(|(key, _)| key - DERIVATIVES).collect(),
        };
        self.environment = kept.0;
        self.effects.truncate(kept.1);
        found.into_iter().filter(|state| self.is_solved_for(block, *state)).collect()
    }

    fn is_solved_for(&self, block: &Block, state: usize) -> bool {
        let named = |name: &crate::ast::Name| self.symbols.all(&name.text).contains(&state);
        block.solve_for.is_empty() || block.solve_for.iter().any(named)
    }

    /// The states' derivatives, where an explicit method wants them. CONSERVE is ignored, as in nocmodl.
    pub(super) fn slopes(&mut self, block: &'a Block) -> Vec<(usize, Value)> {
        self.environment.split_off(&DERIVATIVES);
        self.run_system(block);
        if block.kind != BlockKind::Kinetic {
            let slopes = self.environment.split_off(&DERIVATIVES);
            return slopes.into_iter().map(|(key, slope)| (key - DERIVATIVES, slope)).collect();
        }
        let fluxes: Vec<(usize, Value)> = self.kinetics.flux.iter().map(|(state, flux)| (*state, *flux)).collect();
        let by_volume = |(state, flux)| match self.kinetics.volume.get(&state) {
            Some(volume) => (state, self.graph.loose_over(flux, *volume)),
            None => (state, flux),
        };
        fluxes.into_iter().map(by_volume).collect()
    }

    /// What must vanish when the states have these values; leaves the environment as it was.
    pub(super) fn residuals(
        &mut self,
        block: &'a Block,
        states: &[usize],
        values: &[Value],
        old: &[Value],
        step: Value,
    ) -> Vec<Value> {
        let kept = self.environment.clone();
        self.environment.extend(states.iter().copied().zip(values.iter().copied()));
        self.run_system(block);
        let residuals = match block.kind {
            BlockKind::Linear | BlockKind::Nonlinear => self.kinetics.equations.clone(),
            BlockKind::Kinetic => self.kinetic_residuals(states, values, old, step),
            _ => {
                let slopes: Vec<Value> = states.iter().map(|state| self.symbol(DERIVATIVES + state)).collect();
                let moves = values.iter().zip(old).zip(slopes);
                moves.map(|((x, x0), slope)| self.residual(*x, *x0, slope, step)).collect()
            }
        };
        self.environment = kept;
        residuals
    }

    fn residual(&mut self, x: Value, x0: Value, slope: Value, step: Value) -> Value {
        let moved = if x == x0 { self.graph.constant(0.0) } else { self.graph.minus(x, x0) };
        let change = self.graph.loose_times(step, slope);
        self.graph.loose_minus(moved, change)
    }

    fn kinetic_residuals(&mut self, states: &[usize], values: &[Value], old: &[Value], step: Value) -> Vec<Value> {
        let conserved = self.kinetics.conserved.clone();
        let determined = determined(&conserved);
        let mut residuals = Vec::new();
        for (k, state) in states.iter().enumerate() {
            if let Some(sum) = determined.get(state) {
                residuals.push(sum.residual);
                continue;
            }
            let zero = self.graph.constant(0.0);
            let flux = self.kinetics.flux.get(state).copied().unwrap_or(zero);
            let mut moved = if values[k] == old[k] { zero } else { self.graph.minus(values[k], old[k]) };
            if let Some(volume) = self.kinetics.volume.get(state) {
                moved = self.graph.loose_times(*volume, moved);
            }
            let change = self.graph.loose_times(step, flux);
            residuals.push(self.graph.loose_minus(moved, change));
        }
        residuals
    }

    /// True if the block's last run had reactions of higher order.
    pub(super) fn is_nonlinear(&self) -> bool {
        self.kinetics.nonlinear
    }

    /// The matrix of a KINETIC block as it was run last.
    pub(super) fn kinetic_matrix(&mut self, states: &[usize], step: Value) -> Vec<Vec<Value>> {
        let conserved = self.kinetics.conserved.clone();
        let determined = determined(&conserved);
        let (zero, one) = (self.graph.constant(0.0), self.graph.constant(1.0));
        let mut matrix = Vec::new();
        for state in states {
            if let Some(sum) = determined.get(state) {
                let factor = |column: &usize| sum.factors.iter().find(|(other, _)| other == column).map(|(_, f)| *f);
                matrix.push(states.iter().map(|column| factor(column).unwrap_or(zero)).collect());
                continue;
            }
            let mut row = Vec::new();
            for column in states {
                let own = self.kinetics.volume.get(state).copied().unwrap_or(one);
                let diagonal = if column == state { own } else { zero };
                let slope = self.kinetics.slopes.get(&(*state, *column)).copied().unwrap_or(zero);
                let part = self.graph.loose_times(step, slope);
                row.push(self.graph.loose_minus(diagonal, part));
            }
            matrix.push(row);
        }
        matrix
    }

    /// Volume and coefficient of everything that diffuses along the cable, into fields of the compiler's own.
    pub(super) fn diffuse(&mut self) {
        debug_assert_eq!(self.phase, Diffuse);
        let blocks = &self.file.blocks;
        for block in blocks.iter().filter(|block| block.kind == BlockKind::Kinetic) {
            let mut volumes = BTreeMap::new();
            for spread in spreads(&block.body, false) {
                volumes.extend(self.spread(spread));
            }
            for spread in spreads(&block.body, true) {
                for (state, coefficient) in self.spread(spread) {
                    let one = self.graph.constant(1.0);
                    let volume = volumes.get(&state).copied().unwrap_or(one);
                    self.diffusion(state, volume, coefficient);
                }
            }
        }
    }

    fn diffusion(&mut self, state: usize, volume: Value, coefficient: Value) {
        let symbol = &self.symbols.list[state];
        if !symbol.state {
            let message = format!("`{}` is no STATE and cannot diffuse", symbol.name);
            return self.report.error("nmodl-kinetic", symbol.span, message);
        }
        let Some(home) = self.home(state) else { return };
        let name = &symbol.name;
        let volume_place = self.made(&format!("_{name}_volume"), false, false);
        let coefficient_place = self.made(&format!("_{name}_coefficient"), false, false);
        self.stores.push((super::Goal::Set(volume_place), volume));
        self.stores.push((super::Goal::Set(coefficient_place), coefficient));
        self.tables.diffusions.push([home, volume_place, coefficient_place]);
    }
}

/// Which state each CONSERVE determines: nocmodl takes the last one first, and of its terms the last that is free.
fn determined(conserved: &[Conserved]) -> BTreeMap<usize, &Conserved> {
    let mut determined = BTreeMap::new();
    for sum in conserved.iter().rev() {
        if let Some(state) = sum.candidates.iter().rev().find(|state| !determined.contains_key(*state)) {
            determined.insert(*state, sum);
        }
    }
    determined
}

/// The COMPARTMENTs or LONGITUDINAL_DIFFUSIONs of a block.
fn spreads(body: &[Statement], diffusion: bool) -> Vec<&Spread> {
    let mut found = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Compartment(spread) if !diffusion => found.push(spread),
            StatementKind::Diffusion(spread) if diffusion => found.push(spread),
            StatementKind::Block(body) => found.extend(spreads(body, diffusion)),
            _ => {}
        }
    }
    found
}
