//! BREAKPOINT without SOLVE: currents, their sum into the right-hand side, di/dv into the diagonal.

use super::{Goal, Run};
use crate::ast::{BlockKind, StatementKind};
use crate::derive::{depends, derivative};
use crate::ir::{Binding, IonVariable, NodeVariable, Op, Value};

/// NEURON's step for di/dv, mV.
const STEP: f64 = 0.001;

/// The currents at one voltage: their sum, and each of them.
struct Currents {
    total: Value,
    each: Vec<Value>,
}

impl Run<'_, '_, '_> {
    /// The current kernel.
    pub(super) fn current(&mut self) {
        if self.symbols.currents.is_empty() {
            return;
        }
        let (currents, slope, slopes) = self.evaluate();
        self.store_all();
        self.deliver(&currents, slope, &slopes);
    }

    /// Currents at v, di/dv of their sum and of each.
    fn evaluate(&mut self) -> (Currents, Value, Vec<Value>) {
        let v = self.voltage();
        let start = self.environment.clone();
        let currents = self.currents();
        if let Some(slope) = self.declared_conductance() {
            self.tables.affine = true;
            let slopes = currents.each.clone().into_iter().map(|i| derivative(&mut self.graph, i, v)).collect();
            return (currents, slope, slopes);
        }
        let slope = derivative(&mut self.graph, currents.total, v);
        let affine = !depends(&self.graph, slope, v) && !self.remembers();
        self.tables.affine = affine;
        if affine || self.options.analytic_derivative {
            let slopes = currents.each.clone().into_iter().map(|i| derivative(&mut self.graph, i, v)).collect();
            return (currents, slope, slopes);
        }
        self.environment = start;
        self.difference(v)
    }

    /// NEURON's difference: first at v + 0.001, then at v.
    fn difference(&mut self, v: Value) -> (Currents, Value, Vec<Value>) {
        let step = self.graph.constant(STEP);
        let beside = self.graph.plus(v, step);
        if let Some(index) = self.symbols.find("v") {
            self.environment.insert(index, beside);
            let moved = self.currents();
            self.environment.insert(index, v);
            self.discontinuous = false;
            let currents = self.currents();
            let slope = self.slope(moved.total, currents.total, step);
            let pairs = moved.each.into_iter().zip(&currents.each);
            let slopes = pairs.map(|(moved, here)| self.slope(moved, *here, step)).collect();
            return (currents, slope, slopes);
        }
        (self.currents(), Value(0), Vec::new())
    }

    fn slope(&mut self, moved: Value, here: Value, step: Value) -> Value {
        let change = self.graph.minus(moved, here);
        self.graph.over(change, step)
    }

    fn voltage(&mut self) -> Value {
        let place = self.tables.place(Binding::Node(NodeVariable::Voltage));
        self.graph.add(Op::Load(place))
    }

    /// Runs BREAKPOINT and adds its currents up in the order of NEURON's list.
    fn currents(&mut self) -> Currents {
        self.all(BlockKind::Breakpoint);
        let list = self.symbols.currents.clone();
        let each: Vec<Value> = list.iter().map(|(index, _)| self.symbol(*index)).collect();
        let total = each.iter().copied().reduce(|sum, i| self.graph.plus(sum, i)).unwrap_or(Value(0));
        Currents { total, each }
    }

    /// True if BREAKPOINT reads what it wrote in an earlier step, so that running it once or twice differs.
    fn remembers(&mut self) -> bool {
        let written: Vec<usize> = self.environment.keys().copied().collect();
        let ops = self.graph.ops.clone();
        written.into_iter().any(|index| {
            let home = if index < super::DERIVATIVES { self.home(index) } else { None };
            home.is_some_and(|place| ops.contains(&Op::Load(place)))
        })
    }

    /// The sum of what CONDUCTANCE names, if the file says so.
    fn declared_conductance(&mut self) -> Option<Value> {
        let mut sum = None;
        for statement in self.bodies_of(BlockKind::Breakpoint).flatten() {
            if let StatementKind::Conductance { name, .. } = &statement.kind {
                let g = self.symbols.find(&name.text).map(|index| self.symbol(index))?;
                sum = Some(sum.map_or(g, |sum| self.graph.plus(sum, g)));
            }
        }
        sum
    }

    /// Stores the sums.
    fn deliver(&mut self, currents: &Currents, slope: Value, slopes: &[Value]) {
        let point = self.is_point();
        let (mut rhs, mut diagonal) = (currents.total, slope);
        if point {
            let area = self.area();
            let hundred = self.graph.constant(1e2);
            let factor = self.graph.over(hundred, area);
            rhs = self.graph.loose_times(rhs, factor);
            diagonal = self.graph.loose_times(diagonal, factor);
        }
        match self.symbols.electrode {
            true => diagonal = self.graph.loose_negate(diagonal),
            false => rhs = self.graph.loose_negate(rhs),
        }
        self.add_to("_rhs_share", Binding::Node(NodeVariable::Rhs), rhs);
        self.add_to("_diagonal_share", Binding::Node(NodeVariable::Diagonal), diagonal);
        let list = self.symbols.currents.clone();
        for (k, (index, ion)) in list.into_iter().enumerate() {
            let Some(ion) = ion else { continue };
            let name = &self.symbols.list[index].name;
            let i = self.scaled(currents.each[k]);
            self.add_to(&format!("_{name}_share"), Binding::Ion(ion, IonVariable::Current), i);
            if self.options.ion_conductance {
                let g = self.scaled(slopes[k]);
                let target = Binding::Ion(ion, IonVariable::Conductance);
                self.add_to(&format!("_{name}_conductance_share"), target, g);
            }
        }
    }

    fn area(&mut self) -> Value {
        let place = self.tables.place(Binding::Node(NodeVariable::Area));
        self.graph.add(Op::Load(place))
    }

    /// An ion's current per area: NEURON multiplies by 100 first and divides by the area then.
    fn scaled(&mut self, i: Value) -> Value {
        if !self.is_point() {
            return i;
        }
        let hundred = self.graph.constant(1e2);
        let area = self.area();
        let top = self.graph.loose_times(i, hundred);
        self.graph.loose_over(top, area)
    }

    /// Adds to a node or ion: directly, or by way of a share.
    fn add_to(&mut self, share: &str, binding: Binding, value: Value) {
        if self.graph.is_zero(value) {
            return;
        }
        let to = self.tables.place(binding);
        if !self.is_point() {
            return self.stores.push((Goal::Add(to), value));
        }
        let from = self.made(share, false, false);
        self.tables.shares.push((from, to));
        self.stores.push((Goal::Set(from), value));
    }
}
