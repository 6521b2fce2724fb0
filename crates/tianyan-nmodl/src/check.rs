//! Checks that every name in every block means something, before anything is lowered: after this pass
//! lowering meets only names, calls and targets that exist.

use std::collections::HashMap;

use crate::ast::{
    Block, BlockKind, Expression, ExpressionKind, File, Local, Name, Reactant, Spread, Statement, StatementKind,
    Variable,
};
use crate::builtins::{self, Arity};
use crate::diagnostic::Report;
use crate::flow;
use crate::span::Span;
use crate::symbols::{Role, Symbols, block_index};

/// Blocks that SOLVE may name.
pub(crate) const SOLVABLE: [BlockKind; 5] =
    [BlockKind::Derivative, BlockKind::Kinetic, BlockKind::Linear, BlockKind::Nonlinear, BlockKind::Procedure];

/// Blocks that an expression may call.
pub(crate) const CALLABLE: [BlockKind; 4] =
    [BlockKind::Function, BlockKind::Procedure, BlockKind::FunctionTable, BlockKind::Derivative];

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
    /// Local names, and the length of arrays among them.
    scopes: Vec<HashMap<&'a str, Option<u32>>>,
    /// The FUNCTION whose body this is: its name is a variable.
    own: Option<&'a Block>,
    /// Blocks that the present one calls.
    calls: Vec<usize>,
}

// Blocks and statements.
impl<'a> Checker<'a, '_, '_> {
    fn duplicates(&mut self) {
        for (index, block) in self.file.blocks.iter().enumerate() {
            use BlockKind::{After, Before, Breakpoint, Constructor, Destructor, Initial};
            // Blocks without a name are run one after the other.
            if matches!(block.kind, Initial | Breakpoint | Constructor | Destructor | Before(_) | After(_)) {
                continue;
            }
            if self.file.blocks[..index].iter().any(|other| other.name.text == block.name.text) {
                let message = format!("there are two blocks `{}`", block.name.text);
                self.report.error("nmodl-duplicate", block.name.span, message);
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        self.own = (block.kind == BlockKind::Function).then_some(block);
        self.scopes = vec![block.arguments.iter().map(|argument| (argument.name.text.as_str(), None)).collect()];
        if block.kind == BlockKind::NetReceive {
            self.scopes[0].insert("flag", None);
        }
        if matches!(block.kind, BlockKind::Constructor | BlockKind::Destructor) {
            return;
        }
        if block.kind == BlockKind::Kinetic {
            self.scopes[0].extend([("f_flux", None), ("b_flux", None)]);
        }
        self.shadows(block);
        self.statements(&block.body, block, true);
        if block.kind == BlockKind::Derivative && !has_equation(&block.body) {
            let message = format!("`{}` has no differential equation", block.name.text);
            let help = "write m' = ... for each state that it advances";
            self.report.error_help("nmodl-solve", block.name.span, message, help);
        }
        if block.kind == BlockKind::NetReceive {
            self.one_for_netcons(&block.body, false, &mut false);
        }
    }

    /// FOR_NETCONS has one kernel of its own, which runs after NET_RECEIVE.
    fn one_for_netcons(&mut self, body: &[Statement], in_loop: bool, found: &mut bool) {
        for statement in body {
            if matches!(statement.kind, StatementKind::ForNetcons { .. }) {
                if in_loop || *found {
                    let message = "a second FOR_NETCONS, or one in a loop, is not supported";
                    self.report.error("nmodl-unsupported", statement.span, message);
                }
                *found = true;
            }
            let loops = matches!(statement.kind, StatementKind::While { .. } | StatementKind::From { .. });
            statement.bodies().into_iter().for_each(|body| self.one_for_netcons(body, in_loop || loops, found));
        }
    }

    /// An argument that hides a variable of the file.
    fn shadows(&mut self, block: &'a Block) {
        for argument in &block.arguments {
            let name = &argument.name;
            let symbol = self.symbols.find(&name.text).map(|index| &self.symbols.list[index]);
            if symbol.is_some_and(|symbol| symbol.state || matches!(symbol.role, Role::Assigned if symbol.range)) {
                let message = format!("the argument `{}` hides the variable of that name", name.text);
                self.report.warning("nmodl-shadowed", name.span, message, "give the argument another name");
            }
        }
    }

    fn statements(&mut self, body: &'a [Statement], block: &'a Block, top: bool) {
        self.scopes.push(HashMap::new());
        for statement in body {
            self.statement(statement, block, top);
        }
        self.scopes.pop();
    }

    fn statement(&mut self, statement: &'a Statement, block: &'a Block, top: bool) {
        match &statement.kind {
            StatementKind::Local(names) => self.locals(names),
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
            StatementKind::While { condition, body } => {
                self.expression(condition);
                self.statements(body, block, false);
            }
            StatementKind::From { variable, from, to, by, body } => {
                [Some(from), Some(to), by.as_ref()].into_iter().flatten().for_each(|bound| self.expression(bound));
                self.scopes.push(HashMap::from([(variable.text.as_str(), None)]));
                self.statements(body, block, false);
                self.scopes.pop();
            }
            StatementKind::Block(body) => self.statements(body, block, top),
            StatementKind::Solve { block: name, method, .. } => self.solve(name, method.as_ref(), block, top),
            StatementKind::Table(table) => {
                self.expression(&table.low);
                self.expression(&table.high);
            }
            StatementKind::Conductance { name, ion } => self.conductance(name, ion.as_ref()),
            kind => self.special(kind, statement.span, block),
        }
    }

    /// Statements that only some blocks may hold.
    fn special(&mut self, kind: &'a StatementKind, span: Span, block: &'a Block) {
        use BlockKind::{Derivative, Kinetic, Linear, NetReceive, Nonlinear};
        match kind {
            StatementKind::Reaction(reaction) => {
                self.belongs(span, block, &[Kinetic], "a reaction");
                self.reactants(&reaction.left);
                self.reactants(&reaction.right);
                self.expression(&reaction.forward);
                reaction.backward.iter().for_each(|backward| self.expression(backward));
                if reaction.flux && (reaction.left.len() != 1 || reaction.left[0].count != 1) {
                    self.report.error("nmodl-kinetic", span, "a flux `<<` goes into one STATE");
                }
            }
            StatementKind::Conserve { terms, total } => {
                self.belongs(span, block, &[Kinetic], "CONSERVE");
                self.reactants(terms);
                self.expression(total);
            }
            StatementKind::Compartment(spread) => {
                self.belongs(span, block, &[Kinetic], "COMPARTMENT");
                self.spread(spread);
            }
            StatementKind::Diffusion(spread) => {
                self.belongs(span, block, &[Kinetic], "LONGITUDINAL_DIFFUSION");
                self.spread(spread);
            }
            StatementKind::Equation { left, right } => {
                self.belongs(span, block, &[Linear, Nonlinear, Derivative], "an equation");
                self.expression(left);
                self.expression(right);
            }
            StatementKind::Watch(conditions) => {
                self.belongs(span, block, &[NetReceive], "WATCH");
                for (condition, flag) in conditions {
                    self.watch(condition);
                    self.expression(flag);
                }
            }
            StatementKind::ForNetcons { arguments, body } => {
                self.belongs(span, block, &[NetReceive], "FOR_NETCONS");
                if arguments.len() != block.arguments.len() {
                    let message = "FOR_NETCONS takes as many arguments as NET_RECEIVE";
                    self.report.error("nmodl-arguments", span, message);
                }
                self.scopes.push(arguments.iter().map(|name| (name.text.as_str(), None)).collect());
                self.statements(body, block, false);
                self.scopes.pop();
            }
            StatementKind::Initial(body) => {
                self.belongs(span, block, &[NetReceive], "INITIAL inside a block");
                self.statements(body, block, false);
            }
            _ => {}
        }
    }

    fn belongs(&mut self, span: Span, block: &Block, kinds: &[BlockKind], what: &str) {
        if !kinds.contains(&block.kind) {
            let names: Vec<String> = kinds.iter().map(|kind| format!("{kind:?}").to_uppercase()).collect();
            let message = format!("{what} stands in {}", names.join(" or ").replace("NETRECEIVE", "NET_RECEIVE"));
            self.report.error("nmodl-misplaced", span, message);
        }
    }

    fn locals(&mut self, locals: &'a [Local]) {
        for local in locals {
            let name = local.name.text.as_str();
            let symbol = self.symbols.find(name).map(|index| &self.symbols.list[index]);
            if symbol.is_some_and(|symbol| symbol.state || symbol.range) {
                let message = format!("LOCAL `{name}` hides the variable of that name");
                self.report.warning("nmodl-shadowed", local.name.span, message, "give the local variable another name");
            }
            if let Some(scope) = self.scopes.last_mut() {
                scope.insert(name, local.length);
            }
        }
    }

    fn reactants(&mut self, reactants: &'a [Reactant]) {
        for reactant in reactants {
            self.variable(&reactant.variable);
        }
    }

    fn spread(&mut self, spread: &'a Spread) {
        self.scopes.push(spread.index.iter().map(|name| (name.text.as_str(), None)).collect());
        self.expression(&spread.value);
        // Names that no reaction has are of no interest, as in nocmodl.
        self.scopes.pop();
    }

    fn watch(&mut self, condition: &'a Expression) {
        use crate::ast::Binary::{Greater, GreaterEqual, Less, LessEqual};
        match &condition.kind {
            ExpressionKind::Binary(Greater | Less | GreaterEqual | LessEqual, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            _ => self.report.error("nmodl-syntax", condition.span, "WATCH wants `(a > b)` or `(a < b)`"),
        }
    }

    fn conductance(&mut self, name: &'a Name, ion: Option<&Name>) {
        self.name(&name.text, name.span);
        if let Some(ion) = ion.filter(|ion| !self.symbols.ions.iter().any(|used| used.name == ion.text)) {
            self.report.error("nmodl-ion", ion.span, format!("there is no USEION {}", ion.text));
        }
    }

    fn differential(&mut self, target: &'a Variable, block: &Block) {
        let name = &target.name;
        if block.kind != BlockKind::Derivative {
            let message = format!("`{}'` outside of DERIVATIVE", name.text);
            return self.report.error("nmodl-solve", name.span, message);
        }
        self.index(target);
        let all = self.symbols.all(&name.text);
        if all.is_empty() || !self.symbols.list[all].iter().all(|symbol| symbol.state) {
            self.no_state(name);
        }
    }

    fn no_state(&mut self, name: &Name) {
        let states = self.symbols.list.iter().filter(|symbol| symbol.state).map(|symbol| symbol.name.as_str());
        let near = nearest(&name.text, states);
        self.undefined("nmodl-undefined-name", name.span, format!("`{}` is not a STATE", name.text), near);
    }

    fn solve(&mut self, name: &Name, method: Option<&Name>, block: &Block, top: bool) {
        use BlockKind::{Breakpoint, Function, Initial, Procedure};
        if !matches!(block.kind, Initial | Procedure | Function | Breakpoint) {
            let message = "SOLVE stands in BREAKPOINT, in INITIAL or in a PROCEDURE";
            return self.report.error("nmodl-solve", name.span, message);
        }
        if block.kind == Breakpoint && !top {
            let message = format!("`{}` is solved in every step, whatever the condition, as in NEURON", name.text);
            self.report.warning("nmodl-solve", name.span, message, "put the condition into the block that is solved");
        }
        let Some(index) = block_index(self.file, &SOLVABLE, &name.text) else {
            let blocks = self.file.blocks.iter().filter(|block| SOLVABLE.contains(&block.kind));
            let near = nearest(&name.text, blocks.map(|block| block.name.text.as_str()));
            let message = format!("there is no block `{}` to SOLVE", name.text);
            return self.undefined("nmodl-undefined-function", name.span, message, near);
        };
        self.calls.push(index);
        let solved = &self.file.blocks[index];
        if solved.kind == BlockKind::Procedure && !solved.arguments.is_empty() {
            self.report.error("nmodl-arguments", name.span, "a PROCEDURE that is SOLVEd takes no arguments");
        }
        let methods = methods(solved.kind);
        if let Some(method) = method.filter(|method| !methods.contains(&method.text.as_str())) {
            let help = match methods {
                [] => "leave METHOD out".to_string(),
                methods => format!("methods are {}", methods.join(", ")),
            };
            let message = format!("METHOD {} cannot solve `{}`", method.text, name.text);
            self.report.error_help("nmodl-solve", method.span, message, help);
        }
    }

    /// Reports blocks that call themselves; those that only hoc could call do no harm.
    fn recursion(&mut self, calls: &[Vec<usize>]) {
        for start in flow::reached(self.file, &|_| Vec::new()) {
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

/// True if some statement is `x' = ...`.
fn has_equation(body: &[Statement]) -> bool {
    let is_one = |statement: &Statement| {
        matches!(statement.kind, StatementKind::Differential { .. } | StatementKind::Equation { .. })
    };
    body.iter().any(|statement| is_one(statement) || statement.bodies().into_iter().any(has_equation))
}

/// What may stand after METHOD.
fn methods(kind: BlockKind) -> &'static [&'static str] {
    match kind {
        BlockKind::Derivative => &["cnexp", "derivimplicit", "euler", "runge", "after_cvode"],
        BlockKind::Kinetic => &["sparse", "euler", "runge", "_advance"],
        BlockKind::Linear => &["simeq"],
        BlockKind::Nonlinear => &["newton"],
        _ => &["after_cvode", "cvode_t", "cvode_t_v", "cvode_v"],
    }
}

// Names and expressions.
impl<'a> Checker<'a, '_, '_> {
    /// The length of a local array, none for a plain local name.
    fn local(&self, name: &str) -> Option<Option<u32>> {
        let own = self.own.filter(|own| own.name.text == name).map(|_| None);
        self.scopes.iter().rev().find_map(|scope| scope.get(name).copied()).or(own)
    }

    fn name(&mut self, name: &str, span: Span) {
        match (self.local(name), self.symbols.find(name)) {
            (Some(None), _) => {}
            (None, Some(index)) => {
                if matches!(self.symbols.list[index].role, Role::Random(_)) {
                    let help = "it is the first argument of random_uniform and its like";
                    self.report.error_help("nmodl-random", span, format!("RANDOM `{name}` has no value"), help);
                }
            }
            (Some(Some(_)), _) => self.wants_index(name, span),
            (None, None) if self.symbols.array(name).is_some() => self.wants_index(name, span),
            (None, None) => self.no_name(name, span),
        }
    }

    fn wants_index(&mut self, name: &str, span: Span) {
        self.report.error("nmodl-array", span, format!("`{name}` is an array: which element?"));
    }

    fn no_name(&mut self, name: &str, span: Span) {
        let names = self.symbols.list.iter().map(|symbol| symbol.name.as_str());
        let near = nearest(name, names.chain(self.scopes.iter().flat_map(|scope| scope.keys().copied())));
        self.undefined("nmodl-undefined-name", span, format!("`{name}` is not declared"), near);
    }

    fn undefined(&mut self, code: &'static str, span: Span, message: String, near: Option<String>) {
        match near {
            Some(near) => self.report.error_help(code, span, message, format!("did you mean `{near}`?")),
            None => self.report.error(code, span, message),
        }
    }

    /// A variable that is read.
    fn variable(&mut self, variable: &'a Variable) {
        match &variable.index {
            Some(index) => self.element(&variable.name, index),
            None => self.name(&variable.name.text, variable.name.span),
        }
    }

    fn index(&mut self, variable: &'a Variable) {
        if let Some(index) = &variable.index {
            self.element(&variable.name, index);
        }
    }

    fn element(&mut self, name: &Name, index: &'a Expression) {
        self.expression(index);
        let is_array = match self.local(&name.text) {
            Some(length) => length.is_some(),
            None => self.symbols.array(&name.text).is_some(),
        };
        if !is_array && (self.local(&name.text).is_some() || self.symbols.find(&name.text).is_some()) {
            self.report.error("nmodl-array", name.span, format!("`{}` is not an array", name.text));
        } else if !is_array {
            self.no_name(&name.text, name.span);
        }
    }

    fn target(&mut self, target: &'a Variable) {
        let name = &target.name;
        if target.index.is_some() {
            return self.index(target);
        }
        if let Some(length) = self.local(&name.text) {
            return if length.is_some() {
                self.wants_index(&name.text, name.span)
            };
        }
        let Some(index) = self.symbols.find(&name.text) else {
            return self.name(&name.text, name.span);
        };
        let (what, help) = match self.symbols.list[index].role {
            Role::State | Role::Start | Role::Assigned | Role::FileLocal | Role::Parameter | Role::Peer => return,
            Role::Ion { .. } => return,
            // A block works on its own copy of v, as nocmodl's does; old files shift it and shift it back.
            Role::Voltage => return,
            Role::Constant(_) => ("a constant", "declare it in ASSIGNED"),
            Role::Random(_) => ("a RANDOM stream", "random_setseq sets where it stands"),
            _ => ("set by the simulator", "set it in the model's config"),
        };
        let message = format!("`{}` cannot be assigned: it is {what}", name.text);
        self.report.error_help("nmodl-assign", name.span, message, help);
    }

    fn expression(&mut self, expression: &'a Expression) {
        match &expression.kind {
            ExpressionKind::Number(..) => {}
            ExpressionKind::Text(_) => {
                self.report.error("nmodl-syntax", expression.span, "a text has no value");
            }
            ExpressionKind::Name(name) => self.name(name, expression.span),
            ExpressionKind::Element(name, index) => self.element(name, index),
            ExpressionKind::Prime(name) => {
                let known = self.symbols.find(&name.text).map(|index| self.symbols.list[index].state);
                if known != Some(true) {
                    self.no_state(name);
                }
            }
            ExpressionKind::Unary(_, operand) => self.expression(operand),
            ExpressionKind::Binary(_, left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExpressionKind::Call(name, arguments) => self.call(name, arguments),
        }
    }

    fn call(&mut self, name: &'a Name, arguments: &'a [Expression]) {
        let block = block_index(self.file, &CALLABLE, &name.text);
        let builtin = builtins::arity(&name.text);
        let wanted = match (block, builtin) {
            (Some(index), _) => {
                self.calls.push(index);
                Arity::Exactly(self.file.blocks[index].arguments.len())
            }
            (None, _) if builtins::is_absent(&name.text) => {
                let message = format!("{} of the SCoP library is not supported", name.text);
                return self.report.error("nmodl-unsupported", name.span, message);
            }
            (None, Some(arity)) => arity,
            (None, None) => return self.no_function(name),
        };
        if let Arity::Exactly(wanted) = wanted
            && wanted != arguments.len()
        {
            let message = format!("`{}` wants {wanted} argument(s), not {}", name.text, arguments.len());
            self.report.error("nmodl-arguments", name.span, message);
        }
        let skipped = if block.is_none() { self.special_arguments(name, arguments) } else { 0 };
        arguments.iter().skip(skipped).for_each(|argument| self.expression(argument));
    }

    /// Checks the arguments of functions that take more than numbers; how many of them need no further look.
    fn special_arguments(&mut self, name: &Name, arguments: &'a [Expression]) -> usize {
        match name.text.as_str() {
            "printf" | "prterr" | "nrn_random_play" => arguments.len(),
            "nrn_pointing" => 1,
            "state_discontinuity" => {
                self.discontinuity(name, arguments);
                0
            }
            random if random.starts_with("random_") => {
                let stream = arguments.first().and_then(|first| match &first.kind {
                    ExpressionKind::Name(text) => self.symbols.find(text),
                    _ => None,
                });
                if !stream.is_some_and(|index| matches!(self.symbols.list[index].role, Role::Random(_))) {
                    let message = format!("the first argument of {random} is a RANDOM variable");
                    self.report.error("nmodl-random", name.span, message);
                }
                let most = if matches!(random, "random_uniform" | "random_normal") { 3 } else { 4 };
                let wrong = matches!(random, "random_uniform" | "random_normal") && arguments.len() == 2;
                if wrong || arguments.len() > most {
                    let message = format!("{random} takes a stream, and both numbers of its distribution or none");
                    self.report.error("nmodl-arguments", name.span, message);
                }
                1
            }
            _ => 0,
        }
    }

    /// `state_discontinuity(x, value)` assigns.
    fn discontinuity(&mut self, name: &Name, arguments: &'a [Expression]) {
        let target = arguments.first().map(|first| &first.kind);
        match target {
            Some(ExpressionKind::Name(_) | ExpressionKind::Element(..)) => {}
            _ => self.report.error("nmodl-assign", name.span, "state_discontinuity takes a variable and a value"),
        }
    }

    fn no_function(&mut self, name: &Name) {
        let blocks = self.file.blocks.iter().filter(|block| CALLABLE.contains(&block.kind));
        let mut all: Vec<&str> = blocks.map(|block| block.name.text.as_str()).collect();
        for name in builtins::names() {
            all.push(name);
        }
        let near = nearest(&name.text, all.into_iter());
        let message = format!("there is no FUNCTION or PROCEDURE `{}`", name.text);
        self.undefined("nmodl-undefined-function", name.span, message, near);
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
