//! `if`, loops and `switch` of C.

use super::{DEEPEST, NUMBERS, Read, Reader};
use crate::ast::{Binary, Expression, ExpressionKind, Statement, StatementKind};

/// A loop of C.
struct Loop {
    condition: Expression,
    /// What the condition does each time before it is looked at.
    before: Vec<Statement>,
    body: Vec<Statement>,
    /// What happens behind the body, also after `continue`.
    step: Vec<Statement>,
}

impl Reader<'_> {
    pub(super) fn condition(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        match self.asked_pointer()? {
            Some(exists) => return self.decided(exists, out),
            None => self.expect("(")?,
        }
        let condition = self.expression()?;
        self.expect(")")?;
        out.append(&mut self.before);
        let (mut then, mut otherwise) = (Vec::new(), Vec::new());
        self.statement(&mut then)?;
        if self.take_word("else") {
            self.statement(&mut otherwise)?;
        }
        if !(then.is_empty() && otherwise.is_empty()) {
            out.push(self.made(StatementKind::If { arms: vec![(condition, then)], otherwise }));
        }
        Ok(())
    }

    /// An `if` whose answer is known.
    fn decided(&mut self, holds: bool, out: &mut Vec<Statement>) -> Read<()> {
        self.found.dropped |= !holds;
        if holds {
            self.statement(out)?
        } else {
            self.skip_dead()?
        }
        if self.take_word("else") {
            if holds { self.skip_dead()? } else { self.statement(out)? }
        }
        Ok(())
    }

    /// `for (i = 0; i < n; i++) ...`
    pub(super) fn counted(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let mut whole = Vec::new();
        if self.word().is_some_and(|word| NUMBERS.contains(&word)) {
            self.declaration(&mut whole)?;
        } else if !self.take(";") {
            self.several(&mut whole)?;
            self.expect(";")?;
        }
        whole.append(&mut self.before);
        let condition = if self.is(";") { self.number(1.0) } else { self.expression()? };
        let before = std::mem::take(&mut self.before);
        self.expect(";")?;
        let mut step = Vec::new();
        if !self.is(")") {
            self.several(&mut step)?;
        }
        self.expect(")")?;
        let mut body = Vec::new();
        self.statement(&mut body)?;
        whole.extend(self.looped(Loop { condition, before, body, step }));
        out.push(self.made(StatementKind::Block(whole)));
        Ok(())
    }

    pub(super) fn while_loop(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let condition = self.expression()?;
        let before = std::mem::take(&mut self.before);
        self.expect(")")?;
        let mut body = Vec::new();
        self.statement(&mut body)?;
        out.extend(self.looped(Loop { condition, before, body, step: Vec::new() }));
        Ok(())
    }

    /// A loop as WHILE. What the condition does first stands before the loop and at the end of its body.
    fn looped(&mut self, Loop { condition, before, body, step }: Loop) -> Vec<Statement> {
        let mut whole = before.clone();
        let body = [vec![self.made(StatementKind::Round(body))], step, before].concat();
        whole.push(self.made(StatementKind::While { condition, body }));
        whole
    }

    /// `do ... while (condition);`
    pub(super) fn do_loop(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        let mut body = Vec::new();
        self.statement(&mut body)?;
        if !self.take_word("while") {
            return Err(format!("`while` is missing before {}", self.here()));
        }
        self.expect("(")?;
        let condition = self.expression()?;
        self.expect(")")?;
        self.expect(";")?;
        let again = self.new_name();
        out.push(self.local(&again));
        out.push(self.set(&again, self.number(1.0)));
        let mut step = std::mem::take(&mut self.before);
        step.push(self.set(&again, condition));
        let condition = self.node(ExpressionKind::Name(again), 1);
        out.extend(self.looped(Loop { condition, before: Vec::new(), body, step }));
        Ok(())
    }

    /// `switch (x) { case 1: ... break; default: ... }` as conditions. A case without `break` goes on with the next.
    pub(super) fn switch(&mut self, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        self.expect("(")?;
        let value = self.expression()?;
        self.expect(")")?;
        out.append(&mut self.before);
        self.expect("{")?;
        let chosen = self.new_name();
        out.push(self.local(&chosen));
        out.push(self.set(&chosen, value));
        // Conditions (none for `default`) and statements, in text order.
        let mut cases: Vec<(Vec<Expression>, bool, Vec<Statement>)> = Vec::new();
        while !self.take("}") {
            let is_default = self.word() == Some("default");
            if is_default || self.word() == Some("case") {
                self.at += 1;
                if cases.last().is_none_or(|(_, _, body)| !body.is_empty()) {
                    cases.push((Vec::new(), false, Vec::new()));
                }
                let label = if is_default { None } else { Some(self.expression()?) };
                self.expect(":")?;
                let own = self.node(ExpressionKind::Name(chosen.clone()), 1);
                let condition = label.map(|label| self.binary(Binary::Equal, own, label));
                if let Some((conditions, default, _)) = cases.last_mut() {
                    if conditions.len() >= DEEPEST as usize {
                        return Err("too many cases in a row".into());
                    }
                    conditions.extend(condition);
                    *default |= is_default;
                }
                continue;
            }
            let Some((_, _, body)) = cases.last_mut() else { return Err(self.here()) };
            let mut body = std::mem::take(body);
            self.statement(&mut body)?;
            if let Some((_, _, place)) = cases.last_mut() {
                *place = body;
            }
        }
        out.extend(self.chosen(cases));
        Ok(())
    }

    /// The cases of a `switch`, each with all that follows it, up to a `break`.
    fn chosen(&self, cases: Vec<(Vec<Expression>, bool, Vec<Statement>)>) -> Vec<Statement> {
        let (mut arms, mut otherwise) = (Vec::new(), Vec::new());
        for (k, (conditions, default, _)) in cases.iter().enumerate() {
            let mut body = Vec::new();
            for (_, _, own) in &cases[k..] {
                body.extend(own.iter().cloned());
                if matches!(own.last().map(|last| &last.kind), Some(StatementKind::Break | StatementKind::Return)) {
                    break;
                }
            }
            let body = vec![self.made(StatementKind::Case(body))];
            if *default {
                otherwise = body;
                continue;
            }
            let all = conditions.iter().cloned().reduce(|a, b| self.binary(Binary::Or, a, b));
            arms.extend(all.map(|condition| (condition, body)));
        }
        if arms.is_empty() { otherwise } else { vec![self.made(StatementKind::If { arms, otherwise })] }
    }

    pub(super) fn leave(&mut self, kind: StatementKind, out: &mut Vec<Statement>) -> Read<()> {
        self.at += 1;
        out.push(self.made(kind));
        self.expect(";")
    }
}
