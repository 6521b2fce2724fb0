//! Walks through blocks and statements, and `return`.

use std::collections::BTreeSet;

use crate::ast::{
    Binary, Block, BlockKind, Expression, ExpressionKind, File, Local, Name, Statement, StatementKind, Variable,
    Verbatim,
};
use crate::span::Span;

/// Indices of the blocks that some kernel runs; `calls` gives the names that a function of C calls.
pub(crate) fn reached(file: &File, calls: &dyn Fn(&str) -> Vec<String>) -> BTreeSet<usize> {
    use BlockKind::{After, Before, Breakpoint, Initial, NetReceive};
    let root = |block: &Block| matches!(block.kind, Initial | Breakpoint | NetReceive | Before(_) | After(_));
    let mut open: Vec<usize> = (0..file.blocks.len()).filter(|index| root(&file.blocks[*index])).collect();
    let (mut reached, mut seen) = (BTreeSet::new(), BTreeSet::new());
    while let Some(index) = open.pop() {
        if !reached.insert(index) {
            continue;
        }
        let mut names = BTreeSet::new();
        names_called(&file.blocks[index].body, &mut names);
        let mut waiting: Vec<String> = names.into_iter().collect();
        while let Some(name) = waiting.pop() {
            open.extend((0..file.blocks.len()).filter(|other| file.blocks[*other].name.text == name));
            let further = calls(&name);
            if seen.insert(name) {
                waiting.extend(further);
            }
        }
    }
    reached
}

/// Calls `f` with each body inside these statements.
pub(crate) fn inner_bodies(body: &mut [Statement], f: &mut dyn FnMut(&mut Vec<Statement>)) {
    for statement in body {
        match &mut statement.kind {
            StatementKind::If { arms, otherwise } => {
                arms.iter_mut().for_each(|(_, body)| f(body));
                f(otherwise);
            }
            StatementKind::While { body, .. }
            | StatementKind::From { body, .. }
            | StatementKind::ForNetcons { body, .. }
            | StatementKind::Initial(body)
            | StatementKind::Round(body)
            | StatementKind::Case(body)
            | StatementKind::Block(body) => f(body),
            _ => {}
        }
    }
}

/// All pieces of C, in text order.
pub(crate) fn codes(body: &[Statement]) -> Vec<&Verbatim> {
    let mut found = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Verbatim(code) => found.push(code),
            _ => statement.bodies().into_iter().for_each(|body| found.extend(codes(body))),
        }
    }
    found
}

/// Calls `f` with each expression, outermost first.
pub(crate) fn expressions(body: &mut [Statement], f: &mut dyn FnMut(&mut Expression)) {
    for statement in body.iter_mut() {
        statement.expressions_mut().into_iter().for_each(|expression| inside(expression, f));
    }
    inner_bodies(body, &mut |inner| expressions(inner, f));
}

fn inside(expression: &mut Expression, f: &mut dyn FnMut(&mut Expression)) {
    f(expression);
    match &mut expression.kind {
        ExpressionKind::Unary(_, operand) => inside(operand, f),
        ExpressionKind::Element(_, index) => inside(index, f),
        ExpressionKind::Binary(_, left, right) => {
            inside(left, f);
            inside(right, f);
        }
        ExpressionKind::Call(_, arguments) => arguments.iter_mut().for_each(|argument| inside(argument, f)),
        ExpressionKind::Number(..) | ExpressionKind::Name(_) | ExpressionKind::Prime(_) | ExpressionKind::Text(_) => {}
    }
}

/// Names of all blocks that these statements call or solve, also from C.
pub(crate) fn names_called(body: &[Statement], names: &mut BTreeSet<String>) {
    for statement in body {
        statement.expressions().into_iter().for_each(|expression| names_in(expression, names));
        match &statement.kind {
            StatementKind::Solve { block, .. } => drop(names.insert(block.text.clone())),
            StatementKind::Verbatim(code) => {
                let words = code.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                names.extend(words.map(String::from));
            }
            _ => statement.bodies().into_iter().for_each(|body| names_called(body, names)),
        }
    }
}

fn names_in(expression: &Expression, names: &mut BTreeSet<String>) {
    match &expression.kind {
        ExpressionKind::Call(name, arguments) => {
            names.insert(name.text.clone());
            arguments.iter().for_each(|argument| names_in(argument, names));
        }
        ExpressionKind::Unary(_, operand) => names_in(operand, names),
        ExpressionKind::Element(_, index) => names_in(index, names),
        ExpressionKind::Binary(_, left, right) => {
            names_in(left, names);
            names_in(right, names);
        }
        ExpressionKind::Number(..) | ExpressionKind::Name(_) | ExpressionKind::Prime(_) | ExpressionKind::Text(_) => {}
    }
}

/// So many statements of a block may leave it early.
const MOST_JUMPS: usize = 100;

/// Writes a body without `break`, `continue`, and `return` in loops, and so that nothing follows a `return`: what stands
/// behind an `if` that leaves moves into its other arms, and loops get a condition more. None if too many statements
/// leave: each takes what follows one level deeper.
pub(crate) fn settle(body: Vec<Statement>) -> Option<Vec<Statement>> {
    let mut settler = Settler { made: 0, depth: 0, too_many: false };
    let body = settler.settle(body);
    (!settler.too_many).then_some(body)
}

/// Makes names that no file has.
struct Settler {
    made: usize,
    depth: usize,
    too_many: bool,
}

impl Settler {
    /// Only the last statement of the result may jump, and nothing follows the jump.
    fn settle(&mut self, body: Vec<Statement>) -> Vec<Statement> {
        let mut result: Vec<Statement> = Vec::new();
        let mut rest = body.into_iter();
        while let Some(statement) = rest.next() {
            result.extend(self.settled(statement));
            if let Some(last) = result.pop_if(|last| jumps(last)) {
                self.depth += 1;
                self.too_many |= self.depth > MOST_JUMPS;
                let behind = if self.too_many { Vec::new() } else { self.settle(rest.collect()) };
                self.depth -= 1;
                result.extend(self.followed(last, behind));
                return result;
            }
        }
        result
    }

    /// One statement; only the last of the result may jump.
    fn settled(&mut self, mut statement: Statement) -> Vec<Statement> {
        match &mut statement.kind {
            StatementKind::While { body, .. } | StatementKind::From { body, .. } => {
                let mut inner = self.settle(std::mem::take(body));
                replace(&mut inner, &mut |kind| (*kind == StatementKind::Continue).then(Vec::new));
                *body = inner;
                if body.last().is_some_and(jumps) { self.guarded(statement) } else { vec![statement] }
            }
            StatementKind::Round(body) | StatementKind::Case(body) => {
                let body = std::mem::take(body);
                let end = if matches!(statement.kind, StatementKind::Round(_)) {
                    StatementKind::Continue
                } else {
                    StatementKind::Break
                };
                let mut inner = self.settle(body);
                replace(&mut inner, &mut |kind| (*kind == end).then(Vec::new));
                vec![Statement { kind: StatementKind::Block(inner), ..statement }]
            }
            _ => {
                let mut one = vec![statement];
                inner_bodies(&mut one, &mut |body| *body = self.settle(std::mem::take(body)));
                one
            }
        }
    }

    /// A statement that may jump, and what follows it where it does not: at its end if it has one, else under a
    /// condition, so that nothing is written twice.
    fn followed(&mut self, mut last: Statement, behind: Vec<Statement>) -> Vec<Statement> {
        if behind.is_empty() || ends(&last) == 0 {
            return vec![last];
        }
        if ends(&last) == 1 {
            let mut one = vec![last];
            attach(&mut one, &behind);
            return one;
        }
        let span = last.span;
        let way = self.name("way", span);
        let mut met: Vec<StatementKind> = Vec::new();
        let mut one = vec![last];
        replace(&mut one, &mut |kind| {
            let known = met.iter().position(|other| other == kind);
            let number = known.unwrap_or_else(|| {
                met.push(kind.clone());
                met.len() - 1
            });
            Some(vec![way.set(2.0 + number as f64)])
        });
        last = one.remove(0);
        let mut arms = vec![(way.is(1.0), behind)];
        for (k, kind) in met.into_iter().enumerate() {
            arms.push((way.is(2.0 + k as f64), vec![Statement { kind, span }]));
        }
        let choice = Statement { kind: StatementKind::If { arms, otherwise: Vec::new() }, span };
        vec![way.local(), way.set(1.0), last, choice]
    }

    /// A loop with `break` or `return` in it: a name of its own is 1 or 2 once it has left.
    fn guarded(&mut self, mut statement: Statement) -> Vec<Statement> {
        let span = statement.span;
        let made = |kind| Statement { kind, span };
        let left = self.name("left", span);
        let mut returns = false;
        let mut leave = |kind: &StatementKind| {
            returns |= *kind == StatementKind::Return;
            Some(vec![left.set(if *kind == StatementKind::Return { 2.0 } else { 1.0 })])
        };
        match &mut statement.kind {
            StatementKind::While { condition, body } => {
                *condition = binary(Binary::And, left.is(0.0), condition.clone());
                replace(body, &mut leave);
            }
            StatementKind::From { body, .. } => {
                replace(body, &mut leave);
                let arms = vec![(left.is(0.0), std::mem::take(body))];
                *body = vec![made(StatementKind::If { arms, otherwise: Vec::new() })];
            }
            _ => {}
        }
        let mut all = vec![left.local(), left.set(0.0), statement];
        if returns {
            let arms = vec![(left.is(2.0), vec![made(StatementKind::Return)])];
            all.push(made(StatementKind::If { arms, otherwise: Vec::new() }));
        }
        all
    }

    fn name(&mut self, what: &str, span: Span) -> Flag {
        self.made += 1;
        Flag { name: Name { text: format!("_{what}{}", self.made), span } }
    }
}

/// A local number that says how a statement ended.
struct Flag {
    name: Name,
}

impl Flag {
    fn number(&self, value: f64) -> Expression {
        Expression { kind: ExpressionKind::Number(value, String::new()), span: self.name.span, depth: 1 }
    }

    fn made(&self, kind: StatementKind) -> Statement {
        Statement { kind, span: self.name.span }
    }

    fn local(&self) -> Statement {
        self.made(StatementKind::Local(vec![Local { name: self.name.clone(), length: None }]))
    }

    fn set(&self, value: f64) -> Statement {
        let target = Variable { name: self.name.clone(), index: None };
        self.made(StatementKind::Assign { target, value: self.number(value) })
    }

    fn is(&self, value: f64) -> Expression {
        let own = Expression { kind: ExpressionKind::Name(self.name.text.clone()), span: self.name.span, depth: 1 };
        binary(Binary::Equal, own, self.number(value))
    }
}

fn binary(operator: Binary, left: Expression, right: Expression) -> Expression {
    let (span, depth) = (left.span, 1 + left.depth.max(right.depth));
    Expression { kind: ExpressionKind::Binary(operator, Box::new(left), Box::new(right)), span, depth }
}

fn is_jump(kind: &StatementKind) -> bool {
    matches!(kind, StatementKind::Return | StatementKind::Break | StatementKind::Continue)
}

/// Puts statements where jumps stand; those for which there are none stay.
fn replace(body: &mut Vec<Statement>, by: &mut dyn FnMut(&StatementKind) -> Option<Vec<Statement>>) {
    // Only the last statement of a settled body jumps.
    if let Some(other) = body.last().filter(|last| is_jump(&last.kind)).and_then(|last| by(&last.kind)) {
        body.pop();
        body.extend(other);
    }
    inner_bodies(body, &mut |inner| replace(inner, by));
}

/// Appends `behind` where a settled body comes to its end.
fn attach(body: &mut Vec<Statement>, behind: &[Statement]) {
    match body.last_mut().map(|last| &mut last.kind) {
        Some(kind) if is_jump(kind) => {}
        Some(StatementKind::If { arms, otherwise }) if arms_jump(arms, otherwise) => {
            arms.iter_mut().for_each(|(_, body)| attach(body, behind));
            attach(otherwise, behind);
        }
        Some(StatementKind::Block(inner)) if inner.last().is_some_and(jumps) => attach(inner, behind),
        _ => body.extend(behind.iter().cloned()),
    }
}

/// On how many ways a settled statement comes to its end.
fn ends(statement: &Statement) -> usize {
    let of = |body: &[Statement]| body.last().map_or(1, ends);
    match &statement.kind {
        kind if is_jump(kind) => 0,
        StatementKind::If { arms, otherwise } if arms_jump(arms, otherwise) => {
            arms.iter().map(|(_, body)| of(body)).sum::<usize>() + of(otherwise)
        }
        StatementKind::Block(body) => of(body),
        _ => 1,
    }
}

fn arms_jump(arms: &[(Expression, Vec<Statement>)], otherwise: &[Statement]) -> bool {
    arms.iter().map(|(_, body)| body.as_slice()).chain([otherwise]).any(|body| body.last().is_some_and(jumps))
}

/// True if a settled statement ends with a jump, on some way through it.
fn jumps(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::If { arms, otherwise } => arms_jump(arms, otherwise),
        StatementKind::Block(body) => body.last().is_some_and(jumps),
        kind => is_jump(kind),
    }
}
