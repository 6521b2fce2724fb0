//! Walks through blocks and statements, and `return`.

use std::collections::BTreeSet;

use crate::ast::{
    Binary, Block, BlockKind, Expression, ExpressionKind, File, Local, Name, Statement, StatementKind, Variable,
    Verbatim,
};

/// Indices of the blocks that some kernel runs.
pub(crate) fn reached(file: &File) -> BTreeSet<usize> {
    use BlockKind::{After, Before, Breakpoint, Initial, NetReceive};
    let root = |block: &Block| matches!(block.kind, Initial | Breakpoint | NetReceive | Before(_) | After(_));
    let mut open: Vec<usize> = (0..file.blocks.len()).filter(|index| root(&file.blocks[*index])).collect();
    let mut reached = BTreeSet::new();
    while let Some(index) = open.pop() {
        if reached.insert(index) {
            let mut names = BTreeSet::new();
            names_called(&file.blocks[index].body, &mut names);
            open.extend((0..file.blocks.len()).filter(|other| names.contains(&file.blocks[*other].name.text)));
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
        match &mut statement.kind {
            StatementKind::Assign { value, .. } | StatementKind::Differential { value, .. } => inside(value, f),
            StatementKind::Call(call) => inside(call, f),
            StatementKind::If { arms, .. } => arms.iter_mut().for_each(|(condition, _)| inside(condition, f)),
            StatementKind::While { condition, .. } => inside(condition, f),
            StatementKind::From { from, to, by, .. } => {
                inside(from, f);
                inside(to, f);
                by.iter_mut().for_each(|by| inside(by, f));
            }
            StatementKind::Reaction(reaction) => {
                inside(&mut reaction.forward, f);
                reaction.backward.iter_mut().for_each(|backward| inside(backward, f));
            }
            _ => {}
        }
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
    let mut copy = body.to_vec();
    expressions(&mut copy, &mut |expression| {
        if let ExpressionKind::Call(name, _) = &expression.kind {
            names.insert(name.text.clone());
        }
    });
    for code in codes(body) {
        let words = code.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        names.extend(words.map(String::from));
    }
    solved(body, names);
}

fn solved(body: &[Statement], names: &mut BTreeSet<String>) {
    let mut copy = body.to_vec();
    for statement in &copy {
        match &statement.kind {
            StatementKind::Solve { block, .. } => drop(names.insert(block.text.clone())),
            StatementKind::Watch(conditions) => {
                for (condition, _) in conditions {
                    inside(&mut condition.clone(), &mut |expression| {
                        if let ExpressionKind::Call(name, _) = &expression.kind {
                            names.insert(name.text.clone());
                        }
                    });
                }
            }
            _ => {}
        }
    }
    inner_bodies(&mut copy, &mut |inner| solved(inner, names));
}

/// Writes a body without `break`, `continue`, and `return` in loops, and so that nothing follows a `return`: what stands
/// behind an `if` that leaves moves into its other arms, and loops get a condition more.
pub(crate) fn settle(body: Vec<Statement>, depth: usize) -> Vec<Statement> {
    let mut result: Vec<Statement> = Vec::new();
    let mut rest = body.into_iter();
    while let Some(statement) = rest.next() {
        result.extend(settled(statement, depth));
        if result.last().is_some_and(leaves) {
            let behind = settle(rest.collect(), depth);
            attach(&mut result, &behind, |_| false);
            return result;
        }
    }
    result
}

/// One statement; only the last of the result may leave what it stands in.
fn settled(mut statement: Statement, depth: usize) -> Vec<Statement> {
    match &mut statement.kind {
        StatementKind::While { body, .. } | StatementKind::From { body, .. } => {
            let mut inner = settle(std::mem::take(body), depth + 1);
            attach(&mut inner, &[], |kind| *kind == StatementKind::Continue);
            *body = inner;
            if body.last().is_some_and(leaves) { guarded(statement, depth) } else { vec![statement] }
        }
        StatementKind::Round(body) => {
            let mut inner = settle(std::mem::take(body), depth);
            attach(&mut inner, &[], |kind| *kind == StatementKind::Continue);
            vec![Statement { kind: StatementKind::Block(inner), ..statement }]
        }
        StatementKind::Case(body) => {
            let mut inner = settle(std::mem::take(body), depth);
            attach(&mut inner, &[], |kind| *kind == StatementKind::Break);
            vec![Statement { kind: StatementKind::Block(inner), ..statement }]
        }
        _ => {
            let mut one = vec![statement];
            inner_bodies(&mut one, &mut |body| *body = settle(std::mem::take(body), depth));
            one
        }
    }
}

/// A loop with `break` or `return` in it: a name of its own is 1 or 2 once it has left.
fn guarded(mut statement: Statement, depth: usize) -> Vec<Statement> {
    let span = statement.span;
    let made = |kind| Statement { kind, span };
    let name = Name { text: format!("_left{depth}"), span };
    let number = |value: f64| Expression { kind: ExpressionKind::Number(value, String::new()), span, depth: 1 };
    let set = |value: f64| {
        let target = Variable { name: name.clone(), index: None };
        made(StatementKind::Assign { target, value: number(value) })
    };
    let both = |operator, left: Expression, right: Expression| {
        let depth = 1 + left.depth.max(right.depth);
        Expression { kind: ExpressionKind::Binary(operator, Box::new(left), Box::new(right)), span, depth }
    };
    let is = |value: f64| {
        let own = Expression { kind: ExpressionKind::Name(name.text.clone()), span, depth: 1 };
        both(Binary::Equal, own, number(value))
    };
    let mut returns = false;
    match &mut statement.kind {
        StatementKind::While { condition, body } => {
            *condition = both(Binary::And, is(0.0), condition.clone());
            replace_jumps(body, &set, &mut returns);
        }
        StatementKind::From { body, .. } => {
            replace_jumps(body, &set, &mut returns);
            let arms = vec![(is(0.0), std::mem::take(body))];
            *body = vec![made(StatementKind::If { arms, otherwise: Vec::new() })];
        }
        _ => {}
    }
    let local = made(StatementKind::Local(vec![Local { name: name.clone(), length: None }]));
    let mut all = vec![local, set(0.0), statement];
    if returns {
        let arms = vec![(is(2.0), vec![made(StatementKind::Return)])];
        all.push(made(StatementKind::If { arms, otherwise: Vec::new() }));
    }
    all
}

/// Puts assignments where `break` and `return` stand.
fn replace_jumps(body: &mut [Statement], set: &dyn Fn(f64) -> Statement, returns: &mut bool) {
    for statement in body.iter_mut() {
        match statement.kind {
            StatementKind::Break => *statement = set(1.0),
            StatementKind::Return => {
                *statement = set(2.0);
                *returns = true;
            }
            _ => {}
        }
    }
    inner_bodies(body, &mut |inner| replace_jumps(inner, set, returns));
}

/// Appends `behind` wherever a settled body comes to its end, or to a jump that `ends` there.
fn attach(body: &mut Vec<Statement>, behind: &[Statement], ends: fn(&StatementKind) -> bool) {
    match body.last_mut().map(|last| &mut last.kind) {
        Some(kind) if ends(kind) => {
            body.pop();
            body.extend(behind.iter().cloned());
        }
        Some(StatementKind::Return | StatementKind::Break | StatementKind::Continue) => {}
        Some(StatementKind::If { arms, otherwise }) if body_leaves(arms, otherwise) => {
            arms.iter_mut().for_each(|(_, body)| attach(body, behind, ends));
            attach(otherwise, behind, ends);
        }
        Some(StatementKind::Block(inner)) if inner.last().is_some_and(leaves) => attach(inner, behind, ends),
        _ => body.extend(behind.iter().cloned()),
    }
}

fn body_leaves(arms: &[(Expression, Vec<Statement>)], otherwise: &[Statement]) -> bool {
    arms.iter().map(|(_, body)| body.as_slice()).chain([otherwise]).any(|body| body.last().is_some_and(leaves))
}

/// True if a settled statement ends with a jump, on some way through it.
fn leaves(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Return | StatementKind::Break | StatementKind::Continue => true,
        StatementKind::If { arms, otherwise } => body_leaves(arms, otherwise),
        StatementKind::Block(body) => body.last().is_some_and(leaves),
        _ => false,
    }
}
