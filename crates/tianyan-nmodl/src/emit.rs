//! Kernels as text: one for C and CUDA. The macros of [`PRELUDE`] make it a loop or a thread.
//!
//! ```c
//! void <prefix><mechanism>_current(double *state, const i64 *field, const i32 *index, i64 n, double t, double dt,
//!                                  const double *rates);
//! void <prefix><mechanism>_receive(double *state, const i64 *field, const i32 *index, i64 n, double t, double dt,
//!                                  const double *rates, i64 i, double *argument, double *effect);
//! ```
//!
//! The kernels of [`EVENTS`] look as `_receive`, those of [`SWEEPS`] as `_current`; what runs once, at the start, is
//! left to the interpreter, and kernels that change nothing are left out. `n` is a multiple of 8: the layout pads, so
//! that no loop has a remainder. Density mechanisms and point neurons have each sweep once more as `_current_run`, for
//! instances whose nodes and ions lie one behind the other from the given offsets on: `index` is not read there, and
//! what only observers see ([`Mechanism::shown_only`]) is left out. `effect` gets three numbers for each of
//! [`Kernel::effects`]: 1 or 0 for whether it happens, its time, its flag. A loop loads into constants, computes in
//! straight lines and stores at the end, so that it vectorises; only iterations branch. Rates of the kernel `rated` are
//! looked up for a block of instances before its loop, all rates of an instance at once: `rates` is a
//! [`crate::RateTable`], which no other kernel reads.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::Range;

use crate::graph::operands;
use crate::ir::{
    Binding, Comparison, Destination, Draw, Function, IonVariable, Iteration, Kernel, NodeVariable, Op, Value,
};
use crate::mechanism::Mechanism;
use crate::rates::Rates;

mod fused;

pub use fused::{Begin, Nernst, Part, Place, fused};

/// What must stand before the text of the mechanisms, once.
pub const PRELUDE: &str = include_str!("kernel.h");

/// The text of a mechanism's kernels.
pub fn emit(mechanism: &Mechanism, prefix: &str) -> String {
    kernels(mechanism, prefix, mechanism.has_runs())
}

/// The same without the kernels for runs.
pub fn emit_indexed(mechanism: &Mechanism, prefix: &str) -> String {
    kernels(mechanism, prefix, false)
}

fn kernels(mechanism: &Mechanism, prefix: &str, runs: bool) -> String {
    let mut text = format!("/* {} */\n", mechanism.name);
    for (name, kernel) in mechanism.kernels.all() {
        let looped = SWEEPS.contains(&name);
        if kernel.is_empty() || !(looped || EVENTS.contains(&name)) {
            continue;
        }
        let head = match looped {
            true => format!("KERNEL {prefix}{}_{name}(ARGUMENTS) {{\n", mechanism.name),
            false => format!(
                "FUNCTION {prefix}{}_{name}(ARGUMENTS, i64 i, double *RESTRICT argument, double *RESTRICT effect) {{\n",
                mechanism.name
            ),
        };
        text += &Emitter::new(mechanism, kernel).kernel(&head, looped);
        if looped && runs {
            let head = format!("KERNEL {prefix}{}_{name}_run(ARGUMENTS) {{\n", mechanism.name);
            text += &Emitter { is_run: true, shown_only: mechanism.shown_only(), ..Emitter::new(mechanism, kernel) }
                .kernel(&head, true);
        }
    }
    text
}

/// Kernels that sweep over all instances in every step.
pub const SWEEPS: [&str; 9] =
    ["current", "state", "watch", "before_breakpoint", "after_solve", "before_step", "diffuse", "prepare", "rated"];

/// Kernels that run on one instance when an event arrives.
pub const EVENTS: [&str; 2] = ["receive", "each_connection"];

struct Emitter<'a> {
    mechanism: &'a Mechanism,
    kernel: &'a Kernel,
    /// Whether instance i has the i-th node and the i-th instance of each ion.
    is_run: bool,
    /// Fields that runs leave out.
    shown_only: Vec<bool>,
    /// In a fused loop: where each binding lies.
    places: Option<&'a [Place]>,
    /// Then: its number among the parts.
    part: usize,
    /// Whether it computes with 32 bits.
    single: bool,
    /// For each operation: is it the same for all instances?
    uniform: Vec<bool>,
    text: String,
}

impl<'a> Emitter<'a> {
    fn new(mechanism: &'a Mechanism, kernel: &'a Kernel) -> Emitter<'a> {
        Emitter {
            mechanism,
            kernel,
            is_run: false,
            shown_only: Vec::new(),
            places: None,
            part: 0,
            single: false,
            uniform: uniform(mechanism, kernel),
            text: String::new(),
        }
    }

    fn line(&mut self, line: std::fmt::Arguments) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }

    fn kernel(mut self, head: &str, looped: bool) -> String {
        self.text.push_str(head);
        self.pointers();
        if self.kernel.ops.iter().any(|op| matches!(op, Op::Call(Function::Exp, _))) {
            self.line(format_args!("  EXP_ENDS"));
        }
        self.uniform_operations();
        let scattered = if looped && !self.is_run { self.scattered() } else { Vec::new() };
        let rated = if looped { self.rated() } else { None };
        match (looped, &rated, scattered.len()) {
            (false, ..) => self.line(format_args!("  {{")),
            (_, Some(v), late) => {
                let columns = self.columns();
                self.line(format_args!("  FOREACH_RATED(i, n, {}, {columns}, {v})", late.max(1)));
            }
            (true, None, 0) => self.line(format_args!("  FOREACH(i, n)")),
            (true, None, count) => self.line(format_args!("  FOREACH_BLOCK(i, n, {count})")),
        }
        self.indices();
        self.body();
        self.stores(&scattered);
        if !looped {
            self.effects();
        }
        if looped && !scattered.is_empty() {
            self.deliver(&scattered);
        }
        let end = match (looped, rated, scattered.len()) {
            (false, ..) => "}",
            (_, Some(_), _) => "END_RATED",
            (_, _, 0) => "END_FOREACH",
            _ => "END_BLOCK",
        };
        self.line(format_args!("  {end}\n}}"));
        self.text
    }

    /// The stores that go to nodes or ions.
    fn scattered(&self) -> Vec<usize> {
        let is_scattered = |destination: &Destination| match destination {
            Destination::Set(b) | Destination::Add(b) => {
                matches!(self.mechanism.kernels.bindings[*b as usize], Binding::Node(_) | Binding::Ion(..))
            }
            Destination::Argument(_) => false,
        };
        let stores = self.kernel.stores.iter().enumerate();
        stores.filter(|(_, (destination, _))| is_scattered(destination)).map(|(at, _)| at).collect()
    }

    /// The second half of a loop with scattered stores.
    fn deliver(&mut self, scattered: &[usize]) {
        self.line(format_args!("  THEN(i)"));
        for (k, at) in scattered.iter().enumerate() {
            match self.kernel.stores[*at].0 {
                Destination::Set(b) => {
                    let element = self.distant_element(b);
                    self.line(format_args!("    NOW_SET({k}, {element});"));
                }
                Destination::Add(b) => {
                    let element = self.distant_element(b);
                    self.line(format_args!("    NOW_ADD({k}, {element});"));
                }
                Destination::Argument(_) => {}
            }
        }
    }

    /// Where the kernel looks rates up: v, out of the loop's sight.
    fn rated(&self) -> Option<String> {
        let v = self.kernel.ops.iter().find_map(|op| if let Op::Rate(_, v) = op { Some(*v) } else { None })?;
        match self.kernel.ops[v.0 as usize] {
            Op::Load(b) if self.is_run => Some(self.element(b)),
            Op::Load(b) => Some(self.distant_element(b)),
            _ => None,
        }
    }

    fn columns(&self) -> usize {
        self.mechanism.rates.as_ref().map_or(0, Rates::columns)
    }

    /// As `element`, where the constants `node` and `ion` are out of sight.
    fn distant_element(&self, b: u32) -> String {
        match self.mechanism.kernels.bindings[b as usize] {
            Binding::Node(_) => format!("p{b}[index[i]]"),
            Binding::Ion(k, _) => format!("p{b}[index{k}[i]]"),
            _ => self.element(b),
        }
    }

    /// The bindings this kernel touches.
    fn touched(&self) -> BTreeSet<u32> {
        let loads = self.kernel.ops.iter().filter_map(|op| match op {
            Op::Load(b) | Op::Interpolate(b, _) | Op::Lookup(b, _) => Some(*b),
            _ => None,
        });
        let kept = self.kernel.stores.iter().filter(|(destination, _)| !self.is_left_out(destination));
        let stores = kept.filter_map(|(destination, _)| match destination {
            Destination::Set(b) | Destination::Add(b) => Some(*b),
            Destination::Argument(_) => None,
        });
        loads.chain(stores).collect()
    }

    fn pointers(&mut self) {
        let touched = self.touched();
        for b in &touched {
            let name = self.binding_name(*b);
            let place = match self.mechanism.kernels.bindings[*b as usize] {
                Binding::Node(NodeVariable::Voltage) => format!("VOLTAGES({b})"),
                Binding::Node(NodeVariable::Rhs) => format!("CURRENTS({b})"),
                Binding::Node(NodeVariable::Diagonal) => format!("DIAGONALS({b})"),
                _ => format!("state + field[{b}]"),
            };
            self.line(format_args!("  double *p{b} = {place}; /* {name} */"));
        }
        let ions = if self.is_run { BTreeSet::new() } else { self.ions() };
        for k in ions {
            self.line(format_args!("  const i32 *index{k} = index + {} * n;", k + 1));
        }
    }

    /// Runs leave out what is computed to be looked at only: who wants to look sweeps over the whole table.
    fn is_left_out(&self, destination: &Destination) -> bool {
        match destination {
            Destination::Set(b) if self.is_run => match self.mechanism.kernels.bindings[*b as usize] {
                Binding::Field(f) => self.shown_only[f],
                _ => false,
            },
            _ => false,
        }
    }

    fn ions(&self) -> BTreeSet<usize> {
        let touched = self.touched();
        let bindings = touched.iter().map(|b| self.mechanism.kernels.bindings[*b as usize]);
        bindings.filter_map(|binding| if let Binding::Ion(k, _) = binding { Some(k) } else { None }).collect()
    }

    /// What is the same for all instances stands before the loop.
    fn uniform_operations(&mut self) {
        for at in 0..self.kernel.ops.len() {
            if self.uniform[at] {
                self.operation(at);
            }
        }
    }

    fn indices(&mut self) {
        if self.is_run {
            return;
        }
        let touched = self.touched();
        if touched.iter().any(|b| matches!(self.mechanism.kernels.bindings[*b as usize], Binding::Node(_))) {
            self.line(format_args!("    const i32 node = index[i];"));
        }
        for k in self.ions() {
            self.line(format_args!("    const i32 ion{k} = index{k}[i];"));
        }
    }

    fn binding_name(&self, b: u32) -> String {
        let ion = |k: usize| self.mechanism.ions[k].name.as_str();
        match self.mechanism.kernels.bindings[b as usize] {
            Binding::Field(f) => self.mechanism.fields[f].name.clone(),
            Binding::Node(NodeVariable::Voltage) => "v".to_string(),
            Binding::Node(NodeVariable::Rhs) => "rhs".to_string(),
            Binding::Node(NodeVariable::Diagonal) => "diagonal".to_string(),
            Binding::Node(NodeVariable::Area) => "area".to_string(),
            Binding::Node(NodeVariable::Diameter) => "diam".to_string(),
            Binding::Ion(k, IonVariable::Reversal) => format!("e{}", ion(k)),
            Binding::Ion(k, IonVariable::Current) => format!("i{}", ion(k)),
            Binding::Ion(k, IonVariable::Conductance) => format!("di{}/dv", ion(k)),
            Binding::Ion(k, IonVariable::Inside) => format!("{}i", ion(k)),
            Binding::Ion(k, IonVariable::Outside) => format!("{}o", ion(k)),
            Binding::Celsius => "celsius".to_string(),
        }
    }

    fn element(&self, b: u32) -> String {
        if let Some(places) = self.places {
            return self.fused_element(b, places[b as usize]);
        }
        match self.mechanism.kernels.bindings[b as usize] {
            Binding::Field(f) if self.mechanism.fields[f].shared => format!("p{b}[0]"),
            Binding::Field(_) => format!("p{b}[i]"),
            Binding::Node(_) | Binding::Ion(..) if self.is_run => format!("p{b}[i]"),
            Binding::Node(_) => format!("p{b}[node]"),
            Binding::Ion(k, _) => format!("p{b}[ion{k}]"),
            Binding::Celsius => format!("p{b}[0]"),
        }
    }

    fn body(&mut self) {
        self.region(0..self.kernel.ops.len(), &mut 0);
    }

    /// Operations in order; `next` is the first iteration whose body may lie among them, and moves behind them.
    fn region(&mut self, range: Range<usize>, next: &mut usize) {
        let mut at = range.start;
        loop {
            match self.kernel.iterations.get(*next) {
                Some(iteration) if iteration.body.0 as usize == at && iteration.body.1 as usize <= range.end => {
                    self.iteration(next, iteration);
                    at = iteration.body.1 as usize;
                }
                _ if at < range.end => {
                    if !self.uniform[at] {
                        self.operation(at);
                    }
                    at += 1;
                }
                _ => return,
            }
        }
    }

    fn iteration(&mut self, next: &mut usize, iteration: &Iteration) {
        let number = *next;
        *next += 1;
        for (k, start) in iteration.start.iter().enumerate() {
            let start = self.use_of(*start);
            let real = self.real();
            self.line(format_args!("    {real} c{number}_{k} = {start};"));
        }
        let limit = iteration.limit;
        self.line(format_args!("    for (int round{number} = 0; round{number} < {limit}; round{number}++) {{"));
        self.region(iteration.body.0 as usize..iteration.body.1 as usize, next);
        let (next, again) = (&iteration.next, name(iteration.again));
        for (k, next) in next.iter().enumerate() {
            let next = self.use_of(*next);
            self.line(format_args!("    c{number}_{k} = {next};"));
        }
        self.line(format_args!("    if (!{again}) break;\n    }}"));
    }

    fn operation(&mut self, at: usize) {
        let op = self.kernel.ops[at];
        let kind = match op {
            Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_) => "flag",
            Op::Constant(_) => return,
            _ => self.real(),
        };
        let value = self.expression(&op);
        self.line(format_args!("    const {kind} x{at} = {value};"));
    }

    /// A value as an operand: constants stand where they are used.
    fn use_of(&self, value: Value) -> String {
        match self.kernel.ops[value.0 as usize] {
            Op::Constant(number) => self.number(number),
            _ => name(value),
        }
    }

    fn real(&self) -> &'static str {
        if self.single { "float" } else { "double" }
    }

    fn number(&self, number: f64) -> String {
        if self.single { format!("(float){}", constant(number)) } else { constant(number) }
    }

    fn expression(&self, op: &Op) -> String {
        let x = |value: Value| self.use_of(value);
        match *op {
            Op::Constant(number) => self.number(number),
            Op::Load(b) => self.places.map_or_else(|| self.element(b), |places| self.fused_load(b, places[b as usize])),
            Op::Time => "t".to_string(),
            Op::TimeStep => "dt".to_string(),
            Op::Argument(k) => format!("argument[{k}]"),
            Op::Negate(a) => format!("-{}", x(a)),
            Op::Add(a, b) => format!("{} + {}", x(a), x(b)),
            Op::Subtract(a, b) => format!("{} - {}", x(a), x(b)),
            Op::Multiply(a, b) => format!("{} * {}", x(a), x(b)),
            Op::Divide(a, b) => format!("{} / {}", x(a), x(b)),
            Op::Call(function, a) => format!("{}({})", function_name(function), x(a)),
            Op::Power(a, b) => format!("ty_pow({}, {})", x(a), x(b)),
            Op::Remainder(a, b) => format!("FMOD({}, {})", x(a), x(b)),
            Op::Minimum(a, b) => format!("ty_min({}, {})", x(a), x(b)),
            Op::Maximum(a, b) => format!("ty_max({}, {})", x(a), x(b)),
            Op::Compare(comparison, a, b) => format!("{} {} {}", x(a), sign(comparison), x(b)),
            Op::And(a, b) => format!("{} & {}", x(a), x(b)),
            Op::Or(a, b) => format!("{} | {}", x(a), x(b)),
            Op::Not(a) => format!("!{}", x(a)),
            Op::Select(c, a, b) => format!("{} ? {} : {}", x(c), x(a), x(b)),
            Op::Draw(draw, [a, b, c], place) => {
                format!("{}({}, {}, {}, {})", draw_name(draw), x(a), x(b), x(c), x(place))
            }
            Op::Interpolate(table, a) => format!("ty_interpolate(p{table}, {})", x(a)),
            Op::Lookup(table, a) => format!("ty_lookup(p{table}, {})", x(a)),
            Op::Rate(k, _) => format!("RATE({k}, {})", self.columns()),
            Op::Carried(number, k) | Op::Iterated(number, k) => format!("c{number}_{k}"),
        }
    }

    fn effects(&mut self) {
        for (k, effect) in self.kernel.effects.iter().enumerate() {
            let (when, time, flag) = (name(effect.when), self.use_of(effect.time), self.use_of(effect.flag));
            let at = 3 * k;
            self.line(format_args!("    effect[{at}] = {when} ? 1.0 : 0.0;"));
            self.line(format_args!("    effect[{}] = {time};", at + 1));
            self.line(format_args!("    effect[{}] = {flag};", at + 2));
        }
    }

    fn stores(&mut self, scattered: &[usize]) {
        for (at, (destination, value)) in self.kernel.stores.iter().enumerate() {
            if self.is_left_out(destination) {
                continue;
            }
            let value = self.use_of(*value);
            let late = scattered.iter().position(|store| *store == at);
            let line = match (destination, late) {
                (Destination::Set(b), None) => format!("{} = {value};", self.element(*b)),
                (Destination::Add(b), None) => format!("{} += {value};", self.element(*b)),
                (Destination::Set(b), Some(k)) => format!("LATE_SET({k}, {}, {value});", self.element(*b)),
                (Destination::Add(b), Some(k)) => format!("LATE_ADD({k}, {}, {value});", self.element(*b)),
                (Destination::Argument(k), _) => format!("argument[{k}] = {value};"),
            };
            self.line(format_args!("    {line}"));
        }
    }
}

/// Which operations are the same for all instances: made of time, shared fields and temperature alone.
fn uniform(mechanism: &Mechanism, kernel: &Kernel) -> Vec<bool> {
    let mut uniform = vec![false; kernel.ops.len()];
    for at in 0..uniform.len() {
        uniform[at] = match kernel.ops[at] {
            Op::Load(b) => match mechanism.kernels.bindings[b as usize] {
                Binding::Field(f) => mechanism.fields[f].shared,
                binding => binding == Binding::Celsius,
            },
            Op::Argument(_) | Op::Carried(..) | Op::Iterated(..) => false,
            // A function of a table is called where it is needed, and not once more for nothing.
            Op::Interpolate(..) | Op::Lookup(..) | Op::Draw(..) => false,
            op => operands(&op).iter().flatten().all(|read| uniform[read.0 as usize]),
        };
    }
    uniform
}

fn name(value: Value) -> String {
    format!("x{}", value.0)
}

/// The shortest decimal that reads back as the same double.
fn constant(number: f64) -> String {
    match number {
        _ if number.is_nan() => "NOT_A_NUMBER".to_string(),
        f64::INFINITY => "INF".to_string(),
        f64::NEG_INFINITY => "(-INF)".to_string(),
        _ if number.is_sign_negative() => format!("({number:?})"),
        _ => format!("{number:?}"),
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessEqual => "<=",
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
    }
}

fn draw_name(draw: Draw) -> &'static str {
    match draw {
        Draw::Integer => "ty_integer",
        Draw::Uniform => "ty_uniform",
        Draw::Normal => "ty_normal",
        Draw::NormalLength => "ty_normal_length",
    }
}

fn function_name(function: Function) -> &'static str {
    match function {
        Function::Exp => "ty_exp",
        Function::Log => "ty_log",
        Function::Log10 => "ty_log10",
        Function::Sqrt => "SQRT",
        Function::Abs => "ABS",
        Function::Floor => "FLOOR",
        Function::Ceil => "CEIL",
        Function::Sin => "ty_sin",
        Function::Cos => "ty_cos",
        Function::Tan => "ty_tan",
        Function::Asin => "ty_asin",
        Function::Acos => "ty_acos",
        Function::Atan => "ty_atan",
        Function::Sinh => "ty_sinh",
        Function::Cosh => "ty_cosh",
        Function::Tanh => "ty_tanh",
    }
}
