//! Walks through statements, and `return`.

use std::collections::BTreeSet;

use crate::ast::{Expression, ExpressionKind, Statement, StatementKind, Verbatim};

/// Calls `f` with each body inside these statements.
pub(super) fn inner_bodies(body: &mut [Statement], f: &mut dyn FnMut(&mut Vec<Statement>)) {
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
            | StatementKind::Block(body) => f(body),
            _ => {}
        }
    }
}

/// All pieces of C, in text order.
pub(super) fn codes(body: &[Statement]) -> Vec<&Verbatim> {
    let mut found = Vec::new();
    for statement in body {
        match &statement.kind {
            StatementKind::Verbatim(code) => found.push(code),
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, body)| found.extend(codes(body)));
                found.extend(codes(otherwise));
            }
            StatementKind::While { body, .. }
            | StatementKind::From { body, .. }
            | StatementKind::ForNetcons { body, .. }
            | StatementKind::Initial(body)
            | StatementKind::Block(body) => found.extend(codes(body)),
            _ => {}
        }
    }
    found
}

/// Calls `f` with each expression, outermost first.
pub(super) fn expressions(body: &mut [Statement], f: &mut dyn FnMut(&mut Expression)) {
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
pub(super) fn names_called(body: &[Statement], names: &mut BTreeSet<String>) {
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

/// Writes a body so that nothing follows a `return`: what stands behind an `if` that returns moves into its other
/// arms.
pub(super) fn absorb_returns(body: Vec<Statement>) -> Vec<Statement> {
    let mut result: Vec<Statement> = Vec::new();
    let mut rest = body.into_iter();
    while let Some(mut statement) = rest.next() {
        match &mut statement.kind {
            StatementKind::Return => {
                result.push(statement);
                return result;
            }
            StatementKind::If { arms, otherwise }
                if arms.iter().any(|(_, body)| returns(body)) || returns(otherwise) =>
            {
                let behind: Vec<Statement> = rest.collect();
                for body in arms.iter_mut().map(|(_, body)| body).chain([otherwise]) {
                    let mut whole = std::mem::take(body);
                    whole.extend(behind.iter().cloned());
                    *body = absorb_returns(whole);
                }
                result.push(statement);
                return result;
            }
            _ => result.push(statement),
        }
    }
    result
}

/// True if a `return` stands somewhere in a body.
fn returns(body: &[Statement]) -> bool {
    body.iter().any(|statement| match &statement.kind {
        StatementKind::Return => true,
        StatementKind::If { arms, otherwise } => arms.iter().any(|(_, body)| returns(body)) || returns(otherwise),
        StatementKind::Block(body) => returns(body),
        _ => false,
    })
}
