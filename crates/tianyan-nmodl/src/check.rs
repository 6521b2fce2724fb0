//! Checks that every name in every block means something, before anything is lowered: after this pass
//! lowering meets only names, calls and targets that exist.

use std::collections::HashSet;

use crate::ast::{Block, BlockKind, Expression, ExpressionKind, File, Name, Statement, StatementKind};
use crate::diagnostic::{Report, Span};
use crate::symbols::{Role, Symbols, block_index};

/// Functions every file has, with the number of their arguments.
pub(crate) const BUILTINS: [(&str, usize); 25] = [
    ("exp", 1),
    ("log", 1),
    ("log10", 1),
    ("sqrt", 1),
    ("fabs", 1),
    ("abs", 1),
    ("floor", 1),
    ("ceil", 1),
    ("sin", 1),
    ("cos", 1),
    ("tan", 1),
    ("asin", 1),
    ("acos", 1),
    ("atan", 1),
    ("sinh", 1),
    ("cosh", 1),
    ("tanh", 1),
    ("pow", 2),
    ("fmod", 2),
    ("fmin", 2),
    ("fmax", 2),
    ("at_time", 1),
    ("state_discontinuity", 2),
    ("nrn_pointing", 1),
    ("boltz", 3),
];

/// Functions of NEURON that come later.
const LATER: [&str; 12] = [
    "net_send",
    "net_event",
    "net_move",
    "nrn_random_play",
    "scop_random",
    "exprand",
    "normrand",
    "nrn_ghk",
    "ghk",
    "set_seed",
    "nrn_pointing",
    "boltz",
];

/// Methods of SOLVE that are known.
const METHODS: [&str; 3] = ["cnexp", "derivimplicit", "euler"];

/// Walks all blocks.
pub(crate) fn check(file: &File, symbols: &Symbols, report: &mut Report) {
    let mut checker = Checker { file, symbols, report, scopes: Vec::new(), own: None, calls: Vec::new() };
    checker.duplicates();
    let mut graph = Vec::new();
    for block in &file.blocks {
        checker.block(block);
        graph.push(std::mem::take(&mut checker.calls));
    }
    checker.recursion(&graph);
}

struct Checker<'a, 'b, 'c> {
    file: &'a File,
    symbols: &'a Symbols,
    report: &'b mut Report<'c>,
    scopes: Vec<HashSet<&'a str>>,
    /// The FUNCTION whose body this is: its name is a variable.
    own: Option<&'a Block>,
    /// Blocks that the present one calls.
    calls: Vec<usize>,
}

impl<'a> Checker<'a, '_, '_> {
    fn duplicates(&mut self) {
        for (index, block) in self.file.blocks.iter().enumerate() {
            if self.file.blocks[..index].iter().any(|other| other.name.text == block.name.text) {
                let message = format!("there are two blocks `{}`", block.name.text);
                self.report.error("nmodl-duplicate", block.name.span, message);
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        self.own = (block.kind == BlockKind::Function).then_some(block);
        self.scopes = vec![block.arguments.iter().map(|argument| argument.name.text.as_str()).collect()];
        self.statements(&block.body, block, true);
    }

    fn statements(&mut self, body: &'a [Statement], block: &'a Block, top: bool) {
        self.scopes.push(HashSet::new());
        for statement in body {
            self.statement(statement, block, top);
        }
        self.scopes.pop();
    }

    fn statement(&mut self, statement: &'a Statement, block: &'a Block, top: bool) {
        match &statement.kind {
            StatementKind::Local(names) => {
                if let Some(scope) = self.scopes.last_mut() {
                    scope.extend(names.iter().map(|name| name.text.as_str()));
                }
            }
            StatementKind::Assign { target, value } => {
                self.expression(value);
                self.target(target);
            }
            StatementKind::Differential { target, value } => {
                self.expression(value);
                self.differential(target, block);
            }
            StatementKind::Call(call) => self.expression(call),
            StatementKind::If { arms, otherwise } => {
                for (condition, body) in arms {
                    self.expression(condition);
                    self.statements(body, block, false);
                }
                self.statements(otherwise, block, false);
            }
            StatementKind::Solve { block: name, method } => self.solve(name, method.as_ref(), block, top),
            StatementKind::Table(_) => self.table(statement.span),
            StatementKind::Conductance { name, ion } => self.conductance(name, ion.as_ref()),
        }
    }

    fn table(&mut self, span: Span) {
        let message = "TABLE is not used: the values are computed exactly at each call";
        let help = "results differ from NEURON's by its interpolation error; set usetable_<suffix> = 0 there";
        self.report.warning("nmodl-table", span, message, help);
    }

    fn conductance(&mut self, name: &'a Name, ion: Option<&Name>) {
        self.name(&name.text, name.span);
        if let Some(ion) = ion.filter(|ion| !self.symbols.ions.iter().any(|used| used.name == ion.text)) {
            self.report.error("nmodl-ion", ion.span, format!("there is no USEION {}", ion.text));
        }
    }

    fn is_local(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name)) || self.own.is_some_and(|own| own.name.text == name)
    }

    fn name(&mut self, name: &str, span: Span) {
        if self.is_local(name) || self.symbols.find(name).is_some() {
            return;
        }
        let names = self.symbols.list.iter().map(|symbol| symbol.name.as_str());
        let near = nearest(name, names.chain(self.scopes.iter().flatten().copied()));
        self.undefined("nmodl-undefined-name", span, format!("`{name}` is not declared"), near);
    }

    fn undefined(&mut self, code: &'static str, span: Span, message: String, near: Option<String>) {
        match near {
            Some(near) => self.report.error_help(code, span, message, format!("did you mean `{near}`?")),
            None => self.report.error(code, span, message),
        }
    }

    fn target(&mut self, target: &'a Name) {
        if self.is_local(&target.text) {
            return;
        }
        let Some(index) = self.symbols.find(&target.text) else {
            return self.name(&target.text, target.span);
        };
        let symbol = &self.symbols.list[index];
        let (what, help) = match symbol.role {
            Role::State | Role::Assigned | Role::FileLocal | Role::Ion { .. } => return,
            // A block works on its own copy of v, as nocmodl's does; old files shift it and shift it back.
            Role::Voltage => return,
            Role::Parameter if symbol.range => return,
            Role::Parameter => {
                ("a PARAMETER that all instances share", "name it in RANGE: each instance then has its own")
            }
            Role::Constant(_) => ("a constant", ""),
            Role::Peer => ("a POINTER, which the other side sets", ""),
            _ => ("set by the simulator", ""),
        };
        let message = format!("`{}` cannot be assigned: it is {what}", target.text);
        match help {
            "" => self.report.error("nmodl-assign", target.span, message),
            help => self.report.error_help("nmodl-assign", target.span, message, help),
        }
    }

    fn differential(&mut self, target: &'a Name, block: &Block) {
        if block.kind != BlockKind::Derivative {
            let message = format!("`{}'` outside of DERIVATIVE", target.text);
            return self.report.error("nmodl-solve", target.span, message);
        }
        let index = self.symbols.find(&target.text).filter(|_| !self.is_local(&target.text));
        if !index.is_some_and(|index| self.symbols.list[index].state) {
            let states = self.symbols.list.iter().filter(|symbol| symbol.state).map(|symbol| symbol.name.as_str());
            let near = nearest(&target.text, states);
            let message = format!("`{}` is not a STATE", target.text);
            self.undefined("nmodl-undefined-name", target.span, message, near);
        }
    }

    fn solve(&mut self, name: &Name, method: Option<&Name>, block: &Block, top: bool) {
        if block.kind != BlockKind::Breakpoint || !top {
            let message = "SOLVE stands in BREAKPOINT, outside of any condition";
            return self.report.error("nmodl-solve", name.span, message);
        }
        let kinds = [BlockKind::Derivative, BlockKind::Procedure];
        let Some(index) = block_index(self.file, &kinds, &name.text) else {
            let blocks = self.file.blocks.iter().filter(|block| kinds.contains(&block.kind));
            let near = nearest(&name.text, blocks.map(|block| block.name.text.as_str()));
            let message = format!("there is no DERIVATIVE or PROCEDURE `{}`", name.text);
            return self.undefined("nmodl-undefined-function", name.span, message, near);
        };
        let solved = &self.file.blocks[index];
        let help = "methods are cnexp, derivimplicit and euler";
        match (solved.kind, method) {
            (BlockKind::Derivative, None) => {
                self.report.error_help("nmodl-solve", name.span, "SOLVE of a DERIVATIVE needs a METHOD", help);
            }
            (BlockKind::Derivative, Some(method)) if !METHODS.contains(&method.text.as_str()) => {
                let message = format!("METHOD {} is not supported", method.text);
                self.report.error_help("nmodl-unsupported", method.span, message, help);
            }
            (BlockKind::Procedure, Some(method)) if method.text != "after_cvode" => {
                self.report.error("nmodl-solve", method.span, "SOLVE of a PROCEDURE takes no METHOD");
            }
            (BlockKind::Procedure, _) if !solved.arguments.is_empty() => {
                self.report.error("nmodl-arguments", name.span, "a PROCEDURE that is SOLVEd takes no arguments");
            }
            _ => self.calls.push(index),
        }
    }

    fn expression(&mut self, expression: &'a Expression) {
        match &expression.kind {
            ExpressionKind::Number(..) => {}
            ExpressionKind::Name(name) => self.name(name, expression.span),
            ExpressionKind::Unary(_, operand) => self.expression(operand),
            ExpressionKind::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Call(name, arguments) => {
                arguments.iter().for_each(|argument| self.expression(argument));
                self.call(name, arguments);
            }
        }
    }

    fn call(&mut self, name: &'a Name, arguments: &'a [Expression]) {
        let kinds = [BlockKind::Function, BlockKind::Procedure];
        let block = block_index(self.file, &kinds, &name.text);
        let builtin = BUILTINS.iter().find(|(builtin, _)| *builtin == name.text);
        let wanted = match (block, builtin) {
            (Some(index), _) => {
                self.calls.push(index);
                self.file.blocks[index].arguments.len()
            }
            (None, _) if LATER.contains(&name.text.as_str()) => {
                return self.report.error(
                    "nmodl-unsupported",
                    name.span,
                    format!("{} is not supported yet", name.text),
                );
            }
            (None, Some((_, wanted))) => *wanted,
            (None, None) => return self.no_function(name),
        };
        if wanted != arguments.len() {
            let message = format!("`{}` wants {wanted} argument(s), not {}", name.text, arguments.len());
            self.report.error("nmodl-arguments", name.span, message);
        }
        if name.text == "state_discontinuity" {
            self.discontinuity(name, arguments);
        }
    }

    /// `state_discontinuity(x, value)` assigns.
    fn discontinuity(&mut self, name: &Name, arguments: &'a [Expression]) {
        let target = arguments.first().map(|first| (&first.kind, first.span));
        match target {
            Some((ExpressionKind::Name(text), _))
                if self.symbols.find(text).is_some_and(|at| self.symbols.list[at].state) => {}
            _ => self.report.error("nmodl-assign", name.span, "state_discontinuity takes a STATE and a value"),
        }
    }

    fn no_function(&mut self, name: &Name) {
        let blocks =
            self.file.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Function | BlockKind::Procedure));
        let own = blocks.map(|block| block.name.text.as_str());
        let near = nearest(&name.text, own.chain(BUILTINS.iter().map(|(builtin, _)| *builtin)));
        let message = format!("there is no FUNCTION or PROCEDURE `{}`", name.text);
        self.undefined("nmodl-undefined-function", name.span, message, near);
    }

    /// Reports the first block on each cycle of calls.
    fn recursion(&mut self, calls: &[Vec<usize>]) {
        for start in 0..calls.len() {
            let mut seen = vec![false; calls.len()];
            let mut open = calls[start].clone();
            while let Some(block) = open.pop() {
                if !std::mem::replace(&mut seen[block], true) {
                    open.extend(&calls[block]);
                }
            }
            if seen[start] {
                let name = &self.file.blocks[start].name;
                let message = format!("`{}` calls itself", name.text);
                self.report.error("nmodl-recursion", name.span, message);
            }
        }
    }
}

/// The name that differs least, if it differs little.
fn nearest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let allowed = if name.len() < 4 { 1 } else { 2 };
    let near = names.map(|other| (distance(name, other), other)).filter(|(distance, _)| *distance <= allowed);
    near.min().map(|(_, other)| other.to_string())
}

/// Edits (insert, delete, replace a byte) between two words; different case counts nothing.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 2 || a.len() > 64 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = corner + usize::from(!x.eq_ignore_ascii_case(&y));
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
