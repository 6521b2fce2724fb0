//! The kernels of a mechanism as straight lines of arithmetic.
//!
//! Lowering runs each block symbolically: procedures and functions are inlined, `if` becomes
//! [`Op::Select`], equal expressions become one [`Value`], SOLVE becomes assignments as nocmodl defines them.
//! What is left is a list of operations on doubles in which each reads only earlier ones, followed by stores
//! and by effects (what NET_RECEIVE asks of the event queue). That form vectorises, prints, differentiates and
//! interprets in a few lines each. Only iterations (implicit systems, WHILE, FROM with bounds of the run) repeat.
//!
//! # Where numbers live
//!
//! A kernel sees one array `state` of doubles, and finds a number through a *binding*: binding `b` of the
//! mechanism begins at `state[field[b]]`, where `field` is a table of offsets made by the layout. Instance
//! `i` of the mechanism sits in node `index[i]` and in instance `index[(1 + k) * n + i]` of its k-th ion.
//!
//! | [`Binding`] | element |
//! |---|---|
//! | `Field(f)`, not shared | `state[field[b] + i]` |
//! | `Field(f)`, shared | `state[field[b]]` |
//! | `Node(_)` | `state[field[b] + index[i]]` |
//! | `Ion(k, _)` | `state[field[b] + index[(1 + k) * n + i]]` |
//! | `Celsius` | `state[field[b]]` |
//!
//! [`Kernels::bindings`] is the table, in order, for all kernels of the mechanism.

/// A number of the step that belongs to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeVariable {
    /// Membrane potential, mV.
    Voltage,
    /// Right-hand side of the voltage equation, mA/cm2.
    Rhs,
    /// Diagonal of the matrix, S/cm2.
    Diagonal,
    /// Membrane area, um2 (100 in zero-area end nodes).
    Area,
    /// Diameter, um.
    Diameter,
}

/// A number that belongs to an ion in a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IonVariable {
    /// `ena`, mV.
    Reversal,
    /// `ina`, mA/cm2: the sum over all mechanisms.
    Current,
    /// di/dv, S/cm2: summed only under [`crate::Options::ion_conductance`].
    Conductance,
    /// `nai`, millimolar.
    Inside,
    /// `nao`, millimolar.
    Outside,
}

/// How a kernel finds a number in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binding {
    /// A field of the mechanism: index into [`crate::Mechanism::fields`].
    Field(usize),
    /// A node's number.
    Node(NodeVariable),
    /// A number of the k-th ion in [`crate::Mechanism::ions`].
    Ion(usize, IonVariable),
    /// Temperature, degrees Celsius, one for all.
    Celsius,
}

/// An operation's result: index into [`Kernel::ops`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u32);

/// A comparison. False when either side is NaN, except `NotEqual`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Comparison {
    Less,
    LessEqual,
    Equal,
    NotEqual,
}

/// Functions of one argument. All but `Sqrt`, `Abs`, `Floor` and `Ceil` are our own polynomials, the same
/// bits in C, CUDA and Rust (see [`crate::math`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Exp,
    Log,
    Log10,
    Sqrt,
    Abs,
    Floor,
    Ceil,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub enum Op {
    Constant(f64),
    /// The number behind a binding (an index into [`Kernels::bindings`]) as it was when the kernel began.
    Load(u32),
    /// Time, ms: t_n + dt/2 in currents, t_n+1 in states, the event's own time in NET_RECEIVE.
    Time,
    /// Step length, ms.
    TimeStep,
    /// The k-th argument of NET_RECEIVE.
    Argument(u32),
    Negate(Value),
    Add(Value, Value),
    Subtract(Value, Value),
    Multiply(Value, Value),
    Divide(Value, Value),
    Call(Function, Value),
    Power(Value, Value),
    Remainder(Value, Value),
    Minimum(Value, Value),
    Maximum(Value, Value),
    Compare(Comparison, Value, Value),
    And(Value, Value),
    Or(Value, Value),
    Not(Value),
    /// `condition ? a : b`; conditions are made by `Compare`, `And`, `Or` and `Not` only.
    Select(Value, Value, Value),
    /// The k-th variable carried round an [`Iteration`] (an index into [`Kernel::iterations`]) whose body this operation
    /// stands in.
    Carried(u32, u32),
    /// The k-th result of a finished [`Iteration`] (an index into [`Kernel::iterations`]).
    Iterated(u32, u32),
    /// What the Random123 stream with these three identifiers gives at this place of its sequence.
    Draw(Draw, [Value; 3], Value),
    /// A TABLE's value, see [`crate::mechanism::Table`]: the binding of its field, and the argument.
    Interpolate(u32, Value),
    /// A FUNCTION_TABLE's value: the binding of its field, and the argument.
    Lookup(u32, Value),
    /// The k-th rate of the mechanism at that voltage, mV, from its table (see [`crate::rates`]).
    Rate(u32, Value),
}

/// What is drawn from a stream (NEURON's nrnran123; Philox 4x32-10, Salmon et al. 2011). The place in the
/// sequence is the number of 32-bit words drawn before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Draw {
    /// The next 32-bit word as a whole number.
    Integer,
    /// (word + 1) / (2^32 + 1), between 0 and 1.
    Uniform,
    /// Normally distributed, mean 0, deviation 1, by the polar method from pairs of `Uniform`.
    Normal,
    /// How many words the `Normal` at this place takes.
    NormalLength,
}

/// A loop: an implicit system that is not linear repeats until it has converged, WHILE until its condition fails. The
/// body runs at least once, before `again` is looked at; whoever must not begin at all selects the start afterwards. A
/// loop that reaches its limit is left with what it has.
#[derive(Debug, Clone, PartialEq)]
pub struct Iteration {
    /// Starting values of the carried variables.
    pub start: Vec<Value>,
    /// The body: operations `body.0 .. body.1` of the kernel. They may read operations before the body. The bodies of
    /// loops inside lie within; of two iterations the outer or earlier one comes first.
    pub body: (u32, u32),
    /// The carried variables' next values.
    pub next: Vec<Value>,
    /// A condition: go on while it is true...
    pub again: Value,
    /// ...but at most so many times.
    pub limit: u32,
}

/// Where a result goes when the kernel ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Replaces the number behind a binding.
    Set(u32),
    /// Adds to it. In point processes only `Set` occurs: their shares go through fields, see [`Share`].
    Add(u32),
    /// Writes the k-th argument of NET_RECEIVE back.
    Argument(u32),
}

/// What an event block asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    /// `net_send`: an event to the instance itself.
    Send,
    /// `net_event`: a spike.
    Event,
    /// `net_move`: moves the event that was sent last and is still on its way.
    Move,
    /// FOR_NETCONS: runs [`Kernels::each_connection`] for each connection that ends here.
    EachConnection,
}

/// One call of net_send, net_event or net_move, or a FOR_NETCONS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Which.
    pub kind: EffectKind,
    /// A condition: it happens only if true.
    pub when: Value,
    /// The time of the event, ms.
    pub time: Value,
    /// The flag of `net_send`.
    pub flag: Value,
}

/// One kernel: operations, then stores in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kernel {
    /// Each operation reads only earlier ones.
    pub ops: Vec<Op>,
    /// The loops among them.
    pub iterations: Vec<Iteration>,
    /// What is stored at the end.
    pub stores: Vec<(Destination, Value)>,
    /// What is asked of the event queue, in order. Only in `initial`, `connect` and `receive`.
    pub effects: Vec<Effect>,
}

impl Kernel {
    /// True if it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.stores.is_empty() && self.effects.is_empty()
    }
}

/// What a point process adds to its node or ion: several instances may share a node, so the kernel writes the
/// share into a field of its own and the engine sums the shares in the order of the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Binding of the field that holds the share.
    pub from: u32,
    /// Binding (Node or Ion) it is added to.
    pub to: u32,
}

/// Diffusion of one state along the cable, solved after the states of each step (LONGITUDINAL_DIFFUSION).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diffusion {
    /// Binding of the concentration: a field or an ion's variable.
    pub state: u32,
    /// Binding of the field that holds the volume of a length of cable, um3/um.
    pub volume: u32,
    /// Binding of the field that holds diffusion constant times cross section, um4/ms.
    pub coefficient: u32,
}

/// Everything a mechanism computes. Kernels without stores and effects are not called.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Kernels {
    /// The table of bindings.
    pub bindings: Vec<Binding>,
    /// INITIAL.
    pub initial: Kernel,
    /// BREAKPOINT without SOLVE: currents at v(t_n), their sum into Rhs, their di/dv into Diagonal.
    /// Signs: Rhs gets -i (membrane current) or +i (electrode), Diagonal +di/dv or -di/dv; point processes
    /// scale nA to mA/cm2 by 100 / area.
    pub current: Kernel,
    /// What SOLVE and concentration writers do at v(t_n+1), and all of BREAKPOINT where there is no current.
    pub state: Kernel,
    /// NET_RECEIVE. Its last argument is the flag: 0 for an event from outside, else that of net_send or WATCH.
    pub receive: Kernel,
    /// INITIAL of NET_RECEIVE, once for each connection: sets its arguments.
    pub connect: Kernel,
    /// WATCH: what to deliver now, see [`crate::mechanism::Watch`].
    pub watch: Kernel,
    /// BEFORE INITIAL.
    pub before_initial: Kernel,
    /// AFTER INITIAL.
    pub after_initial: Kernel,
    /// BEFORE BREAKPOINT.
    pub before_breakpoint: Kernel,
    /// AFTER SOLVE.
    pub after_solve: Kernel,
    /// BEFORE STEP: after the states, before values are recorded.
    pub before_step: Kernel,
    /// Volumes and coefficients of `diffusions`.
    pub diffuse: Kernel,
    /// FOR_NETCONS: once for each connection that ends at the instance.
    pub each_connection: Kernel,
    /// What stays the same for the whole run, for `current` and `state`: after INITIAL, and whenever a parameter changes.
    pub prepare: Kernel,
    /// As `state`, with what depends on v alone looked up: see [`crate::rates`]. Empty if nothing does.
    pub rated: Kernel,
    /// Point processes: what is summed after `current`.
    pub shares: Vec<Share>,
    /// What diffuses along the cable.
    pub diffusions: Vec<Diffusion>,
}

impl Kernels {
    /// The kernel of that name.
    pub fn named(&self, name: &str) -> Option<&Kernel> {
        self.all().into_iter().find(|(other, _)| *other == name).map(|(_, kernel)| kernel)
    }

    /// All kernels with their names in emitted text.
    pub fn all(&self) -> [(&'static str, &Kernel); 15] {
        [
            ("initial", &self.initial),
            ("current", &self.current),
            ("state", &self.state),
            ("receive", &self.receive),
            ("connect", &self.connect),
            ("watch", &self.watch),
            ("before_initial", &self.before_initial),
            ("after_initial", &self.after_initial),
            ("before_breakpoint", &self.before_breakpoint),
            ("after_solve", &self.after_solve),
            ("before_step", &self.before_step),
            ("diffuse", &self.diffuse),
            ("each_connection", &self.each_connection),
            ("prepare", &self.prepare),
            ("rated", &self.rated),
        ]
    }
}
