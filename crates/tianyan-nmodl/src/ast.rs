//! What a file says, before anyone asks what it means. Every node knows its place.

use std::collections::BTreeSet;

use crate::span::Span;

/// A word with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A variable where a statement names one: a name, perhaps with the index of an array's element.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// The name.
    pub name: Name,
    /// The index, for `ca[i]`.
    pub index: Option<Box<Expression>>,
}

/// C code between VERBATIM and ENDVERBATIM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verbatim {
    /// The code.
    pub text: String,
    /// Where it stands, with both keywords.
    pub span: Span,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct File {
    /// The line after TITLE.
    pub title: Option<String>,
    /// The statements of NEURON.
    pub neuron: Vec<Neuron>,
    /// The entries of UNITS.
    pub units: Vec<UnitDefinition>,
    /// The entries of PARAMETER, CONSTANT, ASSIGNED and STATE.
    pub declarations: Vec<Declaration>,
    /// LOCAL outside of any block: name, and length of an array.
    pub locals: Vec<Local>,
    /// The blocks that compute.
    pub blocks: Vec<Block>,
    /// VERBATIM outside of any block.
    pub verbatim: Vec<Verbatim>,
    /// Stretches of text between UNITSOFF and UNITSON.
    pub units_off: Vec<Span>,
}

impl File {
    /// Names that some statement assigns.
    pub fn assigned(&self) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        let mut open: Vec<&[Statement]> = self.blocks.iter().map(|block| block.body.as_slice()).collect();
        while let Some(body) = open.pop() {
            for statement in body {
                if let StatementKind::Assign { target, .. } = &statement.kind {
                    names.insert(target.name.text.as_str());
                }
                open.extend(statement.bodies());
            }
        }
        names
    }
}

/// A name of LOCAL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// The name.
    pub name: Name,
    /// The number of elements of an array.
    pub length: Option<u32>,
}

/// A statement of NEURON.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Neuron {
    Suffix(Name),
    PointProcess(Name),
    ArtificialCell(Name),
    UseIon {
        ion: Name,
        reads: Vec<Name>,
        writes: Vec<Name>,
        valence: Option<f64>,
    },
    NonspecificCurrent(Vec<Name>),
    ElectrodeCurrent(Vec<Name>),
    Range(Vec<Name>),
    Global(Vec<Name>),
    /// POINTER and BBCOREPOINTER.
    Pointer(Vec<Name>),
    External(Vec<Name>),
    Random(Vec<Name>),
    ThreadSafe,
}

/// An entry of UNITS.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitDefinition {
    /// The new unit, in parentheses in the file, or the name of a factor.
    pub name: Name,
    /// True for a factor: `FARADAY = (faraday) (coulomb)`, false for `(mV) = (millivolt)`.
    pub factor: bool,
    /// The number of `R = 8.314 (joule/degC)`.
    pub number: Option<f64>,
    /// The unit on the right.
    pub from: String,
    /// The unit that a factor is expressed in.
    pub to: Option<String>,
}

/// Which block an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DeclarationKind {
    Parameter,
    Constant,
    Assigned,
    State,
}

/// An entry of PARAMETER, CONSTANT, ASSIGNED or STATE.
#[derive(Debug, Clone, PartialEq)]
pub struct Declaration {
    /// The block.
    pub kind: DeclarationKind,
    /// The name.
    pub name: Name,
    /// The number of elements of an array.
    pub length: Option<u32>,
    /// The number after `=` or START.
    pub value: Option<f64>,
    /// The unit, without parentheses.
    pub unit: String,
    /// `<low, high>`, or FROM low TO high.
    pub bounds: Option<(f64, f64)>,
}

/// What a block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BlockKind {
    Initial,
    Breakpoint,
    Derivative,
    Kinetic,
    Linear,
    Nonlinear,
    Procedure,
    Function,
    FunctionTable,
    NetReceive,
    Constructor,
    Destructor,
    Before(Moment),
    After(Moment),
}

/// What BEFORE and AFTER refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Moment {
    Initial,
    Breakpoint,
    Solve,
    Step,
}

/// An argument of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// Its name.
    pub name: Name,
    /// Its unit, without parentheses.
    pub unit: String,
}

/// A block that computes.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What it is for.
    pub kind: BlockKind,
    /// The name of a block that has one (DERIVATIVE, KINETIC, PROCEDURE, FUNCTION ...); the keyword otherwise.
    pub name: Name,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The unit of a FUNCTION's result.
    pub unit: String,
    /// SOLVEFOR: the only states that a system solves for; all if empty.
    pub solve_for: Vec<Name>,
    /// The body.
    pub body: Vec<Statement>,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Where it stands.
    pub span: Span,
}

/// The expressions of a statement itself, not those of statements inside: shared or mutable.
macro_rules! expressions_of {
    ($kind:expr, $iter:ident, $as_ref:ident, $index:ident) => {
        match $kind {
            StatementKind::Assign { target, value } | StatementKind::Differential { target, value } => {
                target.index.$as_ref().map(|index| index.$index()).into_iter().chain([value]).collect()
            }
            StatementKind::Call(call) => vec![call],
            StatementKind::If { arms, .. } => arms.$iter().map(|(condition, _)| condition).collect(),
            StatementKind::While { condition, .. } => vec![condition],
            StatementKind::From { from, to, by, .. } => [from, to].into_iter().chain(by).collect(),
            StatementKind::Table(table) => {
                let Table { low, high, .. } = table;
                vec![low, high]
            }
            StatementKind::Reaction(reaction) => {
                let Reaction { forward, backward, .. } = reaction;
                [forward].into_iter().chain(backward).collect()
            }
            StatementKind::Conserve { total, .. } => vec![total],
            StatementKind::Compartment(spread) | StatementKind::Diffusion(spread) => {
                let Spread { value, .. } = spread;
                vec![value]
            }
            StatementKind::Equation { left, right } => vec![left, right],
            StatementKind::Watch(conditions) => conditions.$iter().flat_map(|(a, flag)| [a, flag]).collect(),
            StatementKind::Local(_)
            | StatementKind::Block(_)
            | StatementKind::Solve { .. }
            | StatementKind::Conductance { .. }
            | StatementKind::ForNetcons { .. }
            | StatementKind::Initial(_)
            | StatementKind::Verbatim(_)
            | StatementKind::Return
            | StatementKind::Break
            | StatementKind::Continue
            | StatementKind::Round(_)
            | StatementKind::Case(_) => Vec::new(),
        }
    };
}

impl Statement {
    /// The expressions of the statement itself, in text order.
    pub fn expressions(&self) -> Vec<&Expression> {
        expressions_of!(&self.kind, iter, as_ref, as_ref)
    }

    /// The same, to be changed.
    pub fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        expressions_of!(&mut self.kind, iter_mut, as_mut, as_mut)
    }

    /// The statements inside: the arms of a condition, the body of a loop.
    pub fn bodies(&self) -> Vec<&[Statement]> {
        match &self.kind {
            StatementKind::If { arms, otherwise } => {
                arms.iter().map(|(_, body)| body.as_slice()).chain([otherwise.as_slice()]).collect()
            }
            StatementKind::While { body, .. }
            | StatementKind::From { body, .. }
            | StatementKind::ForNetcons { body, .. }
            | StatementKind::Initial(body)
            | StatementKind::Round(body)
            | StatementKind::Case(body)
            | StatementKind::Block(body) => vec![body],
            _ => Vec::new(),
        }
    }
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum StatementKind {
    Local(Vec<Local>),
    Assign {
        target: Variable,
        value: Expression,
    },
    /// `x' = value`
    Differential {
        target: Variable,
        value: Expression,
    },
    /// A call for its effects.
    Call(Expression),
    If {
        arms: Vec<(Expression, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    While {
        condition: Expression,
        body: Vec<Statement>,
    },
    /// `FROM variable = from TO to BY by { body }`
    From {
        variable: Name,
        from: Expression,
        to: Expression,
        by: Option<Expression>,
        body: Vec<Statement>,
    },
    /// `{ ... }`
    Block(Vec<Statement>),
    Solve {
        block: Name,
        method: Option<Name>,
        steady: bool,
    },
    Table(Table),
    /// CONDUCTANCE g USEION ion.
    Conductance {
        name: Name,
        ion: Option<Name>,
    },
    Reaction(Reaction),
    /// `CONSERVE a + b = total`
    Conserve {
        terms: Vec<Reactant>,
        total: Expression,
    },
    /// `COMPARTMENT i, volume { states }`
    Compartment(Spread),
    /// `LONGITUDINAL_DIFFUSION i, coefficient { states }`
    Diffusion(Spread),
    /// `~ left = right` of LINEAR and NONLINEAR
    Equation {
        left: Expression,
        right: Expression,
    },
    /// `WATCH (left > right) flag`: each condition with its flag.
    Watch(Vec<(Expression, Expression)>),
    /// `FOR_NETCONS(w, ...) { body }`
    ForNetcons {
        arguments: Vec<Name>,
        body: Vec<Statement>,
    },
    /// INITIAL inside NET_RECEIVE
    Initial(Vec<Statement>),
    Verbatim(Verbatim),
    /// `return` of C: the block ends here.
    Return,
    /// `break` of C. Like the next three it is gone when names are resolved.
    Break,
    /// `continue` of C.
    Continue,
    /// One round of a loop of C, which `continue` leaves.
    Round(Vec<Statement>),
    /// A case of a `switch` of C, which `break` leaves.
    Case(Vec<Statement>),
}

/// TABLE names DEPEND others FROM low TO high WITH count.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What is tabulated; empty in a FUNCTION, which tabulates itself.
    pub names: Vec<Name>,
    /// What the table depends on.
    pub depends: Vec<Name>,
    /// The argument's first value.
    pub low: Expression,
    /// Its last.
    pub high: Expression,
    /// Number of intervals.
    pub count: u32,
}

/// `2 ca`: a state and how many of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reactant {
    /// How many.
    pub count: u32,
    /// The state.
    pub variable: Variable,
}

/// `~ left <-> right (forward, backward)`, `~ left -> (rate)` or `~ left << (flux)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// What is used up.
    pub left: Vec<Reactant>,
    /// What is made.
    pub right: Vec<Reactant>,
    /// The forward rate; for `<<` the flux into the left side.
    pub forward: Expression,
    /// The backward rate of `<->`.
    pub backward: Option<Expression>,
    /// True for `<<`.
    pub flux: bool,
}

/// A value that holds for some states, which may depend on the index of an array.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The name of the index.
    pub index: Option<Name>,
    /// The value.
    pub value: Expression,
    /// The states.
    pub states: Vec<Name>,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where it stands.
    pub span: Span,
    /// The longest way down to a leaf; bounded by the parser so that recursion is safe.
    pub depth: u32,
}

/// Operators with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Binary {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

/// Operators with one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Unary {
    Negate,
    Not,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum ExpressionKind {
    /// A number with its unit, if it has one.
    Number(f64, String),
    Name(String),
    /// `ca[i]`
    Element(Name, Box<Expression>),
    /// `x'`: the derivative of a state.
    Prime(Name),
    /// A quoted string, as an argument.
    Text(String),
    Call(Name, Vec<Expression>),
    Unary(Unary, Box<Expression>),
    Binary(Binary, Box<Expression>, Box<Expression>),
}
