//! Runs each block symbolically and so turns it into operations.
//!
//! An environment maps names to the values they have at this point of the text. A procedure or function is run
//! in place; `if` runs both sides and selects; what is left in the environment at the end is stored.
//!
//! | file | what it runs |
//! |---|---|
//! | `statement` | assignments, conditions, calls |
//! | `repeat` | FROM and WHILE |
//! | `expression` | expressions, functions |
//! | `variable` | names, arrays, local names |
//! | `solve` | SOLVE: cnexp, euler, runge, backward Euler, Newton, elimination |
//! | `system` | the equations of DERIVATIVE, KINETIC, LINEAR and NONLINEAR |
//! | `current` | BREAKPOINT's currents and their di/dv |
//! | `events` | NET_RECEIVE, spikes of point neurons, net_send and its like, WATCH, FOR_NETCONS |
//! | `random` | RANDOM streams |
//! | `tabulate` | TABLE, FUNCTION_TABLE |
//! | `finish` | what is kept, fields and bindings |
//! | `live` | what leads to something that is kept |
//! | `order` | the final order of operations, loops inside loops |

mod current;
mod divide;
mod eliminate;
mod events;
mod exponentials;
mod expression;
mod finish;
mod live;
mod order;
mod prepare;
mod random;
mod rates;
mod repeat;
mod rewrite;
mod signs;
mod solve;
mod statement;
mod system;
mod tabulate;
mod variable;
mod warnings;

use std::collections::BTreeMap;

use crate::ast::{BlockKind, File, Moment, Statement};
use crate::diagnostic::Report;
use crate::graph::Graph;
use crate::ir::{Binding, Effect, IonVariable, NodeVariable, Op, Value};
use crate::mechanism::{Mechanism, MechanismKind, Options};
use crate::span::Span;
use crate::symbols::{Role, Symbols};
use system::Kinetics;
use variable::Scope;

/// Expressions and statements that one kernel may evaluate.
const FUEL: u32 = 1_000_000;

/// Derivatives stand in the environment behind the symbols.
const DERIVATIVES: usize = 1 << 24;

/// The kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Initial,
    Current,
    State,
    Receive,
    Connect,
    EachConnection,
    Watch,
    BeforeInitial,
    AfterInitial,
    BeforeBreakpoint,
    AfterSolve,
    BeforeStep,
    Diffuse,
}

use Phase::{
    AfterInitial, AfterSolve, BeforeBreakpoint, BeforeInitial, BeforeStep, Connect, Current, Diffuse, EachConnection,
    Initial, Receive, State, Watch,
};

/// All kernels. WATCH conditions are met in NET_RECEIVE, so that `Watch` comes after `Receive`.
const PHASES: [Phase; 13] = [
    Initial,
    Current,
    State,
    Receive,
    Connect,
    EachConnection,
    Watch,
    BeforeInitial,
    AfterInitial,
    BeforeBreakpoint,
    AfterSolve,
    BeforeStep,
    Diffuse,
];

/// Makes the mechanism of a file that passed all checks.
pub(crate) fn lower(file: &File, symbols: &Symbols, options: &Options, report: &mut Report) -> Option<Mechanism> {
    let mut tables = Tables::default();
    let mut drafts = BTreeMap::new();
    for phase in PHASES {
        let mut run = Run::new(file, symbols, options, &mut tables, report, phase);
        run.kernel();
        drafts.insert(phase, run.finish());
    }
    if report.failed() {
        return None;
    }
    Some(finish::mechanism(file, symbols, tables, drafts, report))
}

/// What all kernels of the mechanism share while they are made. `Field(f)` means the f-th symbol here, and
/// behind the symbols the compiler's own fields.
#[derive(Debug, Default)]
struct Tables {
    places: Vec<Binding>,
    made: Vec<Made>,
    shares: Vec<(u32, u32)>,
    /// WATCH conditions met so far: their three fields, among `made`.
    watches: Vec<[usize; 3]>,
    /// Where a point neuron says when it fired, among `made`.
    spike: Option<usize>,
    /// LONGITUDINAL_DIFFUSION: places of state, volume, coefficient.
    diffusions: Vec<[u32; 3]>,
    /// TABLEs met so far.
    tabulated: Vec<tabulate::Tabulated>,
    /// FUNCTION_TABLEs met so far: name, and field among `made`.
    function_tables: Vec<(String, usize)>,
    /// Whether di/dv is exact.
    affine: bool,
}

/// A field of the compiler's own.
#[derive(Debug, Clone)]
struct Made {
    name: String,
    shared: bool,
    exact: bool,
}

impl Tables {
    fn place(&mut self, binding: Binding) -> u32 {
        let found = self.places.iter().position(|place| *place == binding);
        found.unwrap_or_else(|| {
            self.places.push(binding);
            self.places.len() - 1
        }) as u32
    }

    /// The number among `made` of the field of that name, made or found.
    fn made(&mut self, name: &str, shared: bool, exact: bool) -> usize {
        let found = self.made.iter().position(|made| made.name == name);
        found.unwrap_or_else(|| {
            self.made.push(Made { name: name.to_string(), shared, exact });
            self.made.len() - 1
        })
    }
}

/// Where a result goes, before anyone knows whether it is needed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    Set(u32),
    /// Set only if some kernel reads it.
    Keep(u32),
    Add(u32),
    Argument(u32),
}

/// An iteration, before dead operations are dropped.
#[derive(Debug, Clone)]
struct Loop {
    start: Vec<Value>,
    next: Vec<Value>,
    again: Value,
    limit: u32,
    /// Operations made when the body was complete.
    end: usize,
}

/// A kernel before dead operations are dropped.
#[derive(Debug, Default, Clone)]
struct Draft {
    ops: Vec<Op>,
    loops: Vec<Option<Loop>>,
    stores: Vec<(Goal, Value)>,
    effects: Vec<Effect>,
}

type Environment = BTreeMap<usize, Value>;

/// What a differential equation does where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Equations {
    /// Advances its state.
    Exponential,
    /// Leaves its value in the environment.
    Collect,
}

/// One kernel being made.
struct Run<'a, 'b, 'c> {
    file: &'a File,
    symbols: &'a Symbols,
    options: &'a Options,
    tables: &'b mut Tables,
    report: &'b mut Report<'c>,
    phase: Phase,
    graph: Graph,
    environment: Environment,
    /// Scopes of the block that is being run; those of its callers wait.
    scopes: Vec<Scope>,
    equations: Equations,
    /// What a KINETIC, LINEAR or NONLINEAR block that is being run has said so far.
    kinetics: Kinetics,
    loops: Vec<Option<Loop>>,
    stores: Vec<(Goal, Value)>,
    effects: Vec<Effect>,
    /// Under which condition the present statement runs; none if it always does.
    path: Option<Value>,
    /// Whether a WATCH of this NET_RECEIVE has run: then the others are off already.
    watched: Option<Value>,
    /// Whether state_discontinuity acts: only the first of two evaluations of BREAKPOINT does.
    discontinuous: bool,
    fuel: u32,
    depth: u32,
    /// Procedures and functions that are being run.
    calls: u32,
    place: Span,
}

impl<'a, 'b, 'c> Run<'a, 'b, 'c> {
    fn new(
        file: &'a File,
        symbols: &'a Symbols,
        options: &'a Options,
        tables: &'b mut Tables,
        report: &'b mut Report<'c>,
        phase: Phase,
    ) -> Run<'a, 'b, 'c> {
        let mut graph = Graph::default();
        graph.constant(0.0);
        Run {
            file,
            symbols,
            options,
            tables,
            report,
            phase,
            graph,
            environment: Environment::new(),
            scopes: Vec::new(),
            equations: Equations::Collect,
            kinetics: Kinetics::default(),
            loops: Vec::new(),
            stores: Vec::new(),
            effects: Vec::new(),
            path: None,
            watched: None,
            discontinuous: true,
            fuel: FUEL,
            depth: 0,
            calls: 0,
            place: Span::default(),
        }
    }

    fn finish(self) -> Draft {
        if self.graph.full {
            let message = "this mechanism is too large once its procedures are written out";
            self.report.error("nmodl-too-large", self.place, message);
        }
        Draft { ops: self.graph.ops, loops: self.loops, stores: self.stores, effects: self.effects }
    }

    fn kernel(&mut self) {
        match self.phase {
            Initial => self.initial(),
            Current => self.current(),
            State => self.state(),
            Receive => self.receive(),
            Connect => self.connect(),
            EachConnection => self.each_connection(),
            Watch => self.watch(),
            BeforeInitial => self.plain(BlockKind::Before(Moment::Initial)),
            AfterInitial => self.plain(BlockKind::After(Moment::Initial)),
            BeforeBreakpoint => self.plain(BlockKind::Before(Moment::Breakpoint)),
            AfterSolve => self.plain(BlockKind::After(Moment::Solve)),
            BeforeStep => self.plain(BlockKind::Before(Moment::Step)),
            Diffuse => self.diffuse(),
        }
    }

    /// The bodies of all blocks of a kind: several INITIALs are one after the other.
    fn bodies_of(&self, kind: BlockKind) -> impl Iterator<Item = &'a [Statement]> + use<'a> {
        self.file.blocks.iter().filter(move |block| block.kind == kind).map(|block| block.body.as_slice())
    }

    fn all(&mut self, kind: BlockKind) {
        self.bodies_of(kind).for_each(|body| self.block(body));
    }

    fn plain(&mut self, kind: BlockKind) {
        self.all(kind);
        self.store_all();
    }

    /// INITIAL: states first take their starting values.
    fn initial(&mut self) {
        for (index, symbol) in self.symbols.list.iter().enumerate() {
            if symbol.role == Role::State {
                let base = symbol.name.split('[').next().unwrap_or_default();
                let start = self.symbols.find(&format!("{base}0"));
                let value = match start {
                    Some(start) => self.symbol(start),
                    None => self.graph.constant(symbol.default),
                };
                self.environment.insert(index, value);
            }
        }
        self.all(BlockKind::Initial);
        self.store_all();
    }

    /// Every SOLVE of BREAKPOINT, in text order; then, where there is no current, the rest of BREAKPOINT.
    fn state(&mut self) {
        self.bodies_of(BlockKind::Breakpoint).for_each(|body| self.solves(body));
        if self.symbols.currents.is_empty() {
            self.all(BlockKind::Breakpoint);
        }
        self.store_all();
        self.store_spike();
    }

    /// The value of a symbol here.
    fn symbol(&mut self, index: usize) -> Value {
        match self.environment.get(&index) {
            Some(value) => *value,
            None => self.before(index),
        }
    }

    /// The value of a symbol before the kernel.
    fn before(&mut self, index: usize) -> Value {
        if index >= DERIVATIVES {
            return Value(0);
        }
        let Some(symbol) = self.symbols.list.get(index) else {
            let place = self.tables.place(Binding::Field(index));
            return self.graph.add(Op::Load(place));
        };
        let op = match symbol.role {
            Role::Constant(value) => Op::Constant(value),
            Role::Time => Op::Time,
            Role::TimeStep => Op::TimeStep,
            Role::Injected => return self.injected(),
            _ => match self.home(index) {
                Some(place) => Op::Load(place),
                None => Op::Constant(0.0),
            },
        };
        self.graph.add(op)
    }

    /// Currents per area, mA/cm2, are nA again.
    fn injected(&mut self) -> Value {
        let [rhs, area] = [NodeVariable::Rhs, NodeVariable::Area].map(|variable| {
            let place = self.tables.place(Binding::Node(variable));
            self.graph.add(Op::Load(place))
        });
        let factor = self.graph.constant(0.01);
        let whole = self.graph.add(Op::Multiply(rhs, area));
        self.graph.add(Op::Multiply(whole, factor))
    }

    /// Where a symbol, or a field of the compiler's own behind the symbols, lives between kernels.
    fn home(&mut self, index: usize) -> Option<u32> {
        let Some(symbol) = self.symbols.list.get(index) else { return Some(self.tables.place(Binding::Field(index))) };
        let binding = match symbol.role {
            Role::Parameter | Role::State | Role::Start | Role::Assigned | Role::FileLocal | Role::Peer => {
                Binding::Field(index)
            }
            Role::Ion { variable: IonVariable::Current, read: false, .. } => Binding::Field(index),
            Role::Ion { ion, variable, .. } => Binding::Ion(ion, variable),
            Role::Voltage => Binding::Node(NodeVariable::Voltage),
            Role::Area => Binding::Node(NodeVariable::Area),
            Role::Diameter => Binding::Node(NodeVariable::Diameter),
            Role::Celsius => Binding::Celsius,
            Role::Constant(_) | Role::Time | Role::TimeStep | Role::Injected | Role::Random(_) => return None,
        };
        Some(self.tables.place(binding))
    }

    /// The place of a field of the compiler's own.
    fn made(&mut self, name: &str, shared: bool, exact: bool) -> u32 {
        let field = self.symbols.list.len() + self.tables.made(name, shared, exact);
        self.tables.place(Binding::Field(field))
    }

    /// Stores what changed.
    fn store_all(&mut self) {
        for (index, value) in self.environment.clone() {
            if index < DERIVATIVES
                && self.before(index) != value
                && let Some(goal) = self.goal(index)
            {
                self.stores.push((goal, value));
            }
        }
    }

    fn goal(&mut self, index: usize) -> Option<Goal> {
        let Some(symbol) = self.symbols.list.get(index) else { return self.home(index).map(Goal::Set) };
        let range = symbol.range;
        match symbol.role {
            Role::Parameter | Role::State | Role::Start => self.home(index).map(Goal::Set),
            Role::Assigned | Role::FileLocal => {
                self.home(index).map(|place| if range { Goal::Set(place) } else { Goal::Keep(place) })
            }
            Role::Ion { variable: IonVariable::Current, write: true, .. } => {
                let place = self.tables.place(Binding::Field(index));
                Some(if range { Goal::Set(place) } else { Goal::Keep(place) })
            }
            Role::Ion { write: true, .. } => self.home(index).map(Goal::Set),
            // Elsewhere a block works on its own copy of v.
            Role::Voltage if self.phase == Receive || self.is_stepped() => self.home(index).map(Goal::Set),
            _ => None,
        }
    }

    /// An ARTIFICIAL_CELL with a BREAKPOINT is a point neuron, which is advanced in every step and has its own v.
    fn is_stepped(&self) -> bool {
        let breakpoint = || self.file.blocks.iter().any(|block| block.kind == BlockKind::Breakpoint);
        self.symbols.kind == MechanismKind::ArtificialCell && matches!(self.phase, State | Initial) && breakpoint()
    }

    fn is_point(&self) -> bool {
        self.symbols.kind != MechanismKind::Density
    }
}
