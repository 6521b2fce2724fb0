//! What a file says, before anyone asks what it means. Every node knows its place.

use crate::diagnostic::Span;

/// A word with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where it stands.
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
    /// LOCAL outside of any block.
    pub locals: Vec<Name>,
    /// The blocks that compute.
    pub blocks: Vec<Block>,
}

/// A statement of NEURON.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Neuron {
    Suffix(Name),
    PointProcess(Name),
    UseIon { ion: Name, reads: Vec<Name>, writes: Vec<Name>, valence: Option<f64> },
    NonspecificCurrent(Vec<Name>),
    ElectrodeCurrent(Vec<Name>),
    Range(Vec<Name>),
    Global(Vec<Name>),
    Pointer(Vec<Name>),
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
    Procedure,
    Function,
    NetReceive,
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
    /// The name of a DERIVATIVE, PROCEDURE or FUNCTION; the keyword otherwise.
    pub name: Name,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The unit of a FUNCTION's result.
    pub unit: String,
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

/// What a statement does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum StatementKind {
    Local(Vec<Name>),
    Assign {
        target: Name,
        value: Expression,
    },
    /// `x' = value`
    Differential {
        target: Name,
        value: Expression,
    },
    /// A call for its effects.
    Call(Expression),
    If {
        arms: Vec<(Expression, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    Solve {
        block: Name,
        method: Option<Name>,
    },
    /// TABLE, of which only the names are kept.
    Table(Vec<Name>),
    /// CONDUCTANCE g USEION ion.
    Conductance {
        name: Name,
        ion: Option<Name>,
    },
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
    Call(Name, Vec<Expression>),
    Unary(Unary, Box<Expression>),
    Binary(Binary, Box<Expression>, Box<Expression>),
}
