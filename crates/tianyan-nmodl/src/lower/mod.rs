//! Runs each block symbolically and so turns it into operations.
//!
//! An environment maps names to the values they have at this point of the text. A procedure or function is run
//! in place; `if` runs both sides and selects; what is left in the environment at the end is stored.

mod current;
mod expression;
mod finish;
mod solve;
mod statement;

use std::collections::BTreeMap;

use crate::ast::{BlockKind, File, Statement, StatementKind};
use crate::diagnostic::{Report, Span};
use crate::graph::Graph;
use crate::ir::{Binding, IonVariable, NodeVariable, Op, Value};
use crate::mechanism::{Mechanism, MechanismKind, Options};
use crate::symbols::{Role, Symbols, block_index};

/// Expressions and statements that one kernel may evaluate.
const FUEL: u32 = 1_000_000;

/// Derivatives stand in the environment behind the symbols.
const DERIVATIVES: usize = 1 << 24;

/// Makes the mechanism of a file that passed all checks.
pub(crate) fn lower(file: &File, symbols: &Symbols, options: &Options, report: &mut Report) -> Option<Mechanism> {
    let mut tables = Tables { places: Vec::new(), made: Vec::new(), shares: Vec::new() };
    let drafts = [Phase::Initial, Phase::Current, Phase::State, Phase::Receive].map(|phase| {
        let mut run = Run::new(file, symbols, options, &mut tables, report);
        match phase {
            Phase::Initial => run.initial(),
            Phase::Current => run.current(),
            Phase::State => run.state(),
            Phase::Receive => run.receive(),
        }
        run.finish()
    });
    if report.failed() {
        return None;
    }
    Some(finish::mechanism(file, symbols, tables, drafts, report))
}

/// The kernels.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Initial,
    Current,
    State,
    Receive,
}

/// What all kernels of the mechanism share while they are made. `Field(f)` means the f-th symbol here, and
/// behind the symbols the compiler's own fields.
struct Tables {
    places: Vec<Binding>,
    made: Vec<String>,
    shares: Vec<(u32, u32)>,
}

impl Tables {
    fn place(&mut self, binding: Binding) -> u32 {
        let found = self.places.iter().position(|place| *place == binding);
        found.unwrap_or_else(|| {
            self.places.push(binding);
            self.places.len() - 1
        }) as u32
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
    /// Operations made when the body was complete.
    end: usize,
}

/// A kernel before dead operations are dropped.
#[derive(Debug, Default)]
struct Draft {
    ops: Vec<Op>,
    loops: Vec<Option<Loop>>,
    stores: Vec<(Goal, Value)>,
}

type Environment = BTreeMap<usize, Value>;
type Scope = BTreeMap<String, Value>;

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
    graph: Graph,
    environment: Environment,
    /// Scopes of the block that is being run; those of its callers wait in `callers`.
    scopes: Vec<Scope>,
    equations: Equations,
    loops: Vec<Option<Loop>>,
    stores: Vec<(Goal, Value)>,
    fuel: u32,
    depth: u32,
    place: Span,
}

impl<'a, 'b, 'c> Run<'a, 'b, 'c> {
    fn new(
        file: &'a File,
        symbols: &'a Symbols,
        options: &'a Options,
        tables: &'b mut Tables,
        report: &'b mut Report<'c>,
    ) -> Run<'a, 'b, 'c> {
        let mut graph = Graph::default();
        graph.constant(0.0);
        Run {
            file,
            symbols,
            options,
            tables,
            report,
            graph,
            environment: Environment::new(),
            scopes: Vec::new(),
            equations: Equations::Collect,
            loops: Vec::new(),
            stores: Vec::new(),
            fuel: FUEL,
            depth: 0,
            place: Span::default(),
        }
    }

    fn finish(self) -> Draft {
        if self.graph.full {
            let message = "this mechanism is too large once its procedures are written out";
            self.report.error("nmodl-too-large", self.place, message);
        }
        Draft { ops: self.graph.ops, loops: self.loops, stores: self.stores }
    }

    fn body_of(&self, kind: BlockKind) -> &'a [Statement] {
        let block = self.file.blocks.iter().find(|block| block.kind == kind);
        block.map_or(&[], |block| &block.body)
    }

    /// INITIAL: states first take their starting values.
    fn initial(&mut self) {
        for (index, symbol) in self.symbols.list.iter().enumerate() {
            if symbol.role == Role::State {
                let start = self.symbols.find(&format!("{}0", symbol.name));
                let value = match start {
                    Some(start) => self.symbol(start),
                    None => self.graph.constant(symbol.default),
                };
                self.environment.insert(index, value);
            }
        }
        self.block(self.body_of(BlockKind::Initial));
        self.store_all();
    }

    /// Every SOLVE of BREAKPOINT, in text order.
    fn state(&mut self) {
        for statement in self.body_of(BlockKind::Breakpoint) {
            if let StatementKind::Solve { block, method } = &statement.kind {
                let kinds = [BlockKind::Derivative, BlockKind::Procedure];
                if let Some(index) = block_index(self.file, &kinds, &block.text) {
                    self.place = statement.span;
                    self.solve(&self.file.blocks[index], method.as_ref().map(|method| method.text.as_str()));
                }
            }
        }
        self.store_all();
    }

    /// NET_RECEIVE: arguments are local names that are written back.
    fn receive(&mut self) {
        let Some(block) = self.file.blocks.iter().find(|block| block.kind == BlockKind::NetReceive) else { return };
        let mut scope = Scope::new();
        for (k, argument) in block.arguments.iter().enumerate() {
            let value = self.graph.add(Op::Argument(k as u32));
            scope.insert(argument.name.text.clone(), value);
        }
        self.scopes.push(scope);
        self.block(&block.body);
        let scope = self.scopes.pop().unwrap_or_default();
        self.store_all();
        for (k, argument) in block.arguments.iter().enumerate() {
            let value = scope.get(&argument.name.text).copied().unwrap_or(Value(0));
            if self.graph.op(value) != Op::Argument(k as u32) {
                self.stores.push((Goal::Argument(k as u32), value));
            }
        }
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
        let op = match self.symbols.list[index].role {
            Role::Constant(value) => Op::Constant(value),
            Role::Time => Op::Time,
            Role::TimeStep => Op::TimeStep,
            _ => match self.home(index) {
                Some(place) => Op::Load(place),
                None => Op::Constant(0.0),
            },
        };
        self.graph.add(op)
    }

    /// Where a symbol lives between kernels.
    fn home(&mut self, index: usize) -> Option<u32> {
        let binding = match self.symbols.list[index].role {
            Role::Parameter | Role::State | Role::Assigned | Role::FileLocal | Role::Peer => Binding::Field(index),
            Role::Ion { variable: IonVariable::Current, read: false, .. } => Binding::Field(index),
            Role::Ion { ion, variable, .. } => Binding::Ion(ion, variable),
            Role::Voltage => Binding::Node(NodeVariable::Voltage),
            Role::Area => Binding::Node(NodeVariable::Area),
            Role::Diameter => Binding::Node(NodeVariable::Diameter),
            Role::Celsius => Binding::Celsius,
            Role::Constant(_) | Role::Time | Role::TimeStep => return None,
        };
        Some(self.tables.place(binding))
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
        let symbol = &self.symbols.list[index];
        let range = symbol.range;
        match symbol.role {
            Role::Parameter | Role::State => self.home(index).map(Goal::Set),
            Role::Assigned | Role::FileLocal => {
                self.home(index).map(|place| if range { Goal::Set(place) } else { Goal::Keep(place) })
            }
            Role::Ion { variable: IonVariable::Current, write: true, .. } => {
                let place = self.tables.place(Binding::Field(index));
                Some(if range { Goal::Set(place) } else { Goal::Keep(place) })
            }
            Role::Ion { write: true, .. } => self.home(index).map(Goal::Set),
            _ => None,
        }
    }

    fn is_point(&self) -> bool {
        self.symbols.kind == MechanismKind::PointProcess
    }
}
