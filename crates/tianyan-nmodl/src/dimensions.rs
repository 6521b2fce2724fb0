//! Checks units as modlunit does: what is added, compared or assigned has one dimension and one scale, and exponents
//! have none. A mismatch is a warning. Plain numbers fit everything, and so do names without a unit.

use crate::ast::{
    Binary, Block, BlockKind, Expression, ExpressionKind, File, Statement, StatementKind, Unary, Variable,
};
use crate::check::CALLABLE;
use crate::diagnostic::Report;
use crate::ir::IonVariable;
use crate::span::Span;
use crate::symbols::{Role, Symbols, block_index};
use crate::units::{Unit, Units};
use std::collections::HashMap;

const CODE: &str = "nmodl-units";

/// What is known of a value's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    /// Nothing.
    Free,
    /// A number without a unit: fits where it is added, counts as 1 where it is multiplied.
    Number,
    /// This unit.
    In(Unit),
}

use Measure::{Free, In, Number};

/// Walks all blocks.
pub(crate) fn check(file: &File, symbols: &Symbols, report: &mut Report) {
    let mut units = Units::default();
    for entry in file.units.iter().filter(|entry| !entry.factor) {
        units.define(&entry.name.text, &entry.from);
    }
    let mut checker = Checker { file, symbols, units, report, locals: HashMap::new() };
    for declaration in &file.declarations {
        checker.declared(&declaration.unit, declaration.name.span);
    }
    for block in &file.blocks {
        checker.block(block);
    }
}

struct Checker<'a, 'b, 'c> {
    file: &'a File,
    symbols: &'a Symbols,
    units: Units,
    report: &'b mut Report<'c>,
    /// Arguments and local names of the present block.
    locals: HashMap<String, Measure>,
}

// Statements.
impl Checker<'_, '_, '_> {
    /// A unit as written; what is unknown is told once.
    fn declared(&mut self, text: &str, span: Span) -> Measure {
        if text.is_empty() {
            return Free;
        }
        match self.units.read(text) {
            Some(unit) => In(unit),
            None => {
                let help = "define it in UNITS: `(mV) = (millivolt)`";
                self.warn(span, format!("unknown unit `({text})`"), help);
                Free
            }
        }
    }

    fn warn(&mut self, span: Span, message: String, help: &str) {
        let off = self.file.units_off.iter().any(|off| off.start <= span.start && span.start < off.end);
        if !off {
            self.report.warning(CODE, span, message, help);
        }
    }

    fn block(&mut self, block: &Block) {
        self.locals.clear();
        for argument in &block.arguments {
            let measure = self.declared(&argument.unit, argument.name.span);
            self.locals.insert(argument.name.text.clone(), measure);
        }
        if block.kind == BlockKind::Function {
            let measure = self.declared(&block.unit, block.name.span);
            self.locals.insert(block.name.text.clone(), measure);
        }
        self.statements(&block.body);
    }

    fn statements(&mut self, body: &[Statement]) {
        body.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Local(locals) => {
                self.locals.extend(locals.iter().map(|local| (local.name.text.clone(), Free)));
            }
            StatementKind::Assign { target, value } => {
                let (left, right) = (self.variable(target), self.measure(value));
                self.assigned(left, right, target, value);
            }
            StatementKind::Differential { target, value } => {
                let per_ms = self.units.read("/ms").or_else(|| self.units.read("1/millisecond"));
                let state = self.variable(target);
                let left = self.times(state, per_ms.map_or(Free, In), 1);
                let right = self.measure(value);
                self.assigned(left, right, target, value);
            }
            StatementKind::Call(call) => drop(self.measure(call)),
            StatementKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.measure(condition);
                    self.statements(body);
                }
                self.statements(otherwise);
            }
            StatementKind::While { condition, body } => {
                self.measure(condition);
                self.statements(body);
            }
            StatementKind::From { variable, body, .. } => {
                self.locals.insert(variable.text.clone(), Number);
                self.statements(body);
            }
            StatementKind::Block(body) | StatementKind::Initial(body) | StatementKind::ForNetcons { body, .. } => {
                self.statements(body);
            }
            StatementKind::Equation { left, right } => {
                let (a, b) = (self.measure(left), self.measure(right));
                self.same(a, b, left.span, "is set equal to");
            }
            StatementKind::Reaction(reaction) => {
                self.measure(&reaction.forward);
                if let Some(backward) = &reaction.backward {
                    self.measure(backward);
                }
            }
            StatementKind::Watch(conditions) => {
                for (condition, _) in conditions {
                    self.measure(condition);
                }
            }
            _ => {}
        }
    }

    /// A number among the factors may be the conversion between two scales: `i = (1e-4)*g*(v - e)`.
    fn assigned(&mut self, left: Measure, right: Measure, target: &Variable, value: &Expression) {
        if let (In(left), In(right)) = (left, right)
            && left.same_dimension(&right)
            && has_factor(value)
        {
            return;
        }
        self.same(left, right, target.name.span, "is assigned to");
    }

    /// Warns if two measures differ; `left` is the one that is spelled last.
    fn same(&mut self, left: Measure, right: Measure, span: Span, what: &str) {
        let (In(left), In(right)) = (left, right) else { return };
        if left.fits(&right) {
            return;
        }
        let message = format!("{} {what} {}", right.spelled(), left.spelled());
        let help = if left.same_dimension(&right) { "only the scale differs: a factor is missing" } else { "" };
        self.warn(span, message, help);
    }
}

// Expressions.
impl Checker<'_, '_, '_> {
    fn variable(&mut self, variable: &Variable) -> Measure {
        self.name(&variable.name.text)
    }

    fn name(&mut self, name: &str) -> Measure {
        if let Some(local) = self.locals.get(name) {
            return *local;
        }
        let all = self.symbols.all(name);
        let Some(symbol) = self.symbols.list.get(all.start).filter(|_| !all.is_empty()) else { return Free };
        let usual = match symbol.role {
            _ if !symbol.unit.is_empty() => symbol.unit.as_str(),
            Role::Voltage => "mV",
            Role::Time | Role::TimeStep => "ms",
            Role::Celsius => "degC",
            Role::Area => "um2",
            Role::Diameter => "um",
            Role::Injected => "nA",
            Role::Ion { variable: IonVariable::Reversal, .. } => "mV",
            _ => return Free,
        };
        self.units.read(usual).map_or(Free, In)
    }

    fn measure(&mut self, expression: &Expression) -> Measure {
        match &expression.kind {
            ExpressionKind::Number(_, unit) if unit.is_empty() => Number,
            ExpressionKind::Number(_, unit) => self.declared(unit, expression.span),
            ExpressionKind::Name(name) => self.name(name),
            ExpressionKind::Element(name, index) => {
                self.measure(index);
                self.name(&name.text)
            }
            ExpressionKind::Prime(_) | ExpressionKind::Text(_) => Free,
            ExpressionKind::Unary(Unary::Negate, operand) => self.measure(operand),
            ExpressionKind::Unary(Unary::Not, operand) => {
                self.measure(operand);
                Number
            }
            ExpressionKind::Binary(operator, left, right) => self.binary(*operator, left, right, expression.span),
            ExpressionKind::Call(name, arguments) => self.call(&name.text, arguments, expression.span),
        }
    }

    fn binary(&mut self, operator: Binary, left: &Expression, right: &Expression, span: Span) -> Measure {
        let (a, b) = (self.measure(left), self.measure(right));
        match operator {
            Binary::Multiply => self.times(a, b, 1),
            Binary::Divide => self.times(a, b, -1),
            Binary::Power => power(a, right),
            Binary::Add | Binary::Subtract => {
                self.same(a, b, span, if operator == Binary::Add { "is added to" } else { "is subtracted from" });
                joined(a, b)
            }
            Binary::Or | Binary::And => Number,
            _ => {
                self.same(a, b, span, "is compared with");
                Number
            }
        }
    }

    fn times(&self, a: Measure, b: Measure, sign: i8) -> Measure {
        match (a, b) {
            (Free, _) | (_, Free) => Free,
            (In(a), In(b)) => In(a.times(&b, sign)),
            (In(a), Number) => In(a),
            (Number, In(b)) => In(Unit::one().times(&b, sign)),
            (Number, Number) => Number,
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Measure {
        if let Some(index) = block_index(self.file, &CALLABLE, name) {
            return self.own_call(&self.file.blocks[index], arguments);
        }
        let found: Vec<Measure> = match name {
            "printf" | "prterr" | "nrn_pointing" => return Free,
            _ if name.starts_with("random_") => return Free,
            _ => arguments.iter().map(|argument| self.measure(argument)).collect(),
        };
        match name {
            "exp" | "log" | "log10" | "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh" | "tanh" => {
                if let Some(In(unit)) = found.first()
                    && !unit.fits(&Unit::one())
                {
                    let message = format!("the argument of {name} is {}, not a number", unit.spelled());
                    self.warn(span, message, "divide it by something of the same unit");
                }
                Number
            }
            "fabs" | "abs" | "floor" | "ceil" | "INT" => found.first().copied().unwrap_or(Free),
            "fmin" | "fmax" | "fmod" => {
                if let [a, b] = found[..] {
                    self.same(a, b, span, "is compared with");
                    return joined(a, b);
                }
                Free
            }
            "sqrt" => match found.first() {
                Some(In(unit)) => unit.root().map_or(Free, In),
                Some(other) => *other,
                None => Free,
            },
            _ => Free,
        }
    }

    fn own_call(&mut self, block: &Block, arguments: &[Expression]) -> Measure {
        for (given, wanted) in arguments.iter().zip(&block.arguments) {
            let found = self.measure(given);
            let unit = if wanted.unit.is_empty() { Free } else { self.units.read(&wanted.unit).map_or(Free, In) };
            self.same(unit, found, given.span, "is the argument where this is wanted:");
        }
        if block.unit.is_empty() { Free } else { self.units.read(&block.unit).map_or(Free, In) }
    }
}

fn joined(a: Measure, b: Measure) -> Measure {
    match (a, b) {
        (In(unit), _) | (_, In(unit)) if a != Free && b != Free => In(unit),
        (Number, Number) => Number,
        _ => Free,
    }
}

fn power(base: Measure, exponent: &Expression) -> Measure {
    match (base, &exponent.kind) {
        (In(unit), ExpressionKind::Number(n, _)) if n.fract() == 0.0 && (0.0..=9.0).contains(n) => {
            (0..*n as u32).fold(In(Unit::one()), |so_far, _| match so_far {
                In(so_far) => In(so_far.times(&unit, 1)),
                other => other,
            })
        }
        (In(unit), _) if unit.fits(&Unit::one()) => base,
        (Number, _) => Number,
        _ => Free,
    }
}

/// True if a number stands among the factors of a product, or of each term of a sum.
fn has_factor(expression: &Expression) -> bool {
    match &expression.kind {
        ExpressionKind::Number(..) => true,
        ExpressionKind::Unary(_, operand) => has_factor(operand),
        ExpressionKind::Binary(Binary::Multiply | Binary::Divide, left, right) => has_factor(left) || has_factor(right),
        ExpressionKind::Binary(Binary::Add | Binary::Subtract, left, right) => has_factor(left) && has_factor(right),
        _ => false,
    }
}
