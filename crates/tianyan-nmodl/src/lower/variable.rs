//! Names: local ones, those of the file, and elements of arrays.

use std::collections::BTreeMap;

use super::Run;
use crate::ast::{Expression, ExpressionKind, Variable};
use crate::ir::{Comparison, Value};

/// An index that is not known when the file is compiled selects among at most so many elements.
const MOST_SELECTED: u32 = 1100;

/// The local names of a block; elements of arrays are called `name[k]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scope {
    pub(super) values: BTreeMap<String, Value>,
    lengths: BTreeMap<String, u32>,
}

impl Scope {
    /// A scope that holds these names.
    pub(super) fn with(values: impl IntoIterator<Item = (String, Value)>) -> Scope {
        Scope { values: values.into_iter().collect(), lengths: BTreeMap::new() }
    }

    /// Adds a name, or an array.
    pub(super) fn declare(&mut self, name: &str, length: Option<u32>) {
        match length {
            None => drop(self.values.insert(name.to_string(), Value(0))),
            Some(length) => {
                self.lengths.insert(name.to_string(), length);
                self.values.extend((0..length).map(|k| (element(name, k), Value(0))));
            }
        }
    }
}

fn element(name: &str, k: u32) -> String {
    format!("{name}[{k}]")
}

impl<'a> Run<'a, '_, '_> {
    /// The value of a name.
    pub(super) fn read(&mut self, name: &str) -> Value {
        if let Some(local) = self.scopes.iter().rev().find_map(|scope| scope.values.get(name)) {
            return *local;
        }
        self.symbols.find(name).map_or(Value(0), |index| self.symbol(index))
    }

    /// Gives a local or global name a value.
    pub(super) fn assign(&mut self, name: &str, value: Value) {
        if let Some(local) = self.scopes.iter_mut().rev().find_map(|scope| scope.values.get_mut(name)) {
            *local = value;
        } else if let Some(index) = self.symbols.find(name) {
            self.environment.insert(index, value);
        }
    }

    /// The value of `name[index]`.
    pub(super) fn read_element(&mut self, name: &str, index: &'a Expression) -> Value {
        let (at, length) = (self.whole(index), self.length_of(name));
        if let Some(k) = self.constant_index(name, at, length) {
            return self.read(&element(name, k));
        }
        let mut value = self.read(&element(name, 0));
        for k in 1..length {
            let (here, other) = (self.is_index(at, k), self.read(&element(name, k)));
            value = self.graph.select(here, other, value);
        }
        value
    }

    /// Gives a variable, perhaps an element, a value.
    pub(super) fn assign_variable(&mut self, target: &'a Variable, value: Value) {
        let name = &target.name.text;
        let Some(index) = &target.index else { return self.assign(name, value) };
        let (at, length) = (self.whole(index), self.length_of(name));
        if let Some(k) = self.constant_index(name, at, length) {
            return self.assign(&element(name, k), value);
        }
        for k in 0..length {
            let (here, old) = (self.is_index(at, k), self.read(&element(name, k)));
            let new = self.graph.select(here, value, old);
            self.assign(&element(name, k), new);
        }
    }

    /// The symbol that a variable of an equation stands for.
    pub(super) fn symbol_of(&mut self, variable: &'a Variable) -> Option<usize> {
        let name = &variable.name.text;
        let Some(index) = &variable.index else { return self.symbols.find(name) };
        let (at, length) = (self.whole(index), self.length_of(name));
        match self.constant_index(name, at, length) {
            Some(k) => self.symbols.find(&element(name, k)),
            None => {
                let message = format!("the index of `{name}` in an equation must be known when it is compiled");
                self.report.error("nmodl-array", variable.name.span, message);
                None
            }
        }
    }

    /// The symbol of an element whose index is known.
    pub(super) fn constant_element(&mut self, expression: &'a Expression) -> Option<usize> {
        let ExpressionKind::Element(name, index) = &expression.kind else { return None };
        let (at, length) = (self.whole(index), self.length_of(&name.text));
        let k = self.constant_index(&name.text, at, length)?;
        self.symbols.find(&element(&name.text, k))
    }

    /// An index as a whole number, as C converts it. Where only the run knows it and there is no such element, element 0
    /// is read and nothing is written.
    fn whole(&mut self, index: &'a Expression) -> Value {
        let value = self.number(index);
        match self.graph.known(value) {
            Some(number) if number.fract() == 0.0 => value,
            Some(number) => self.graph.constant(number.trunc()),
            None => self.truncated(value),
        }
    }

    fn is_index(&mut self, at: Value, k: u32) -> Value {
        let k = self.graph.constant(f64::from(k));
        self.graph.compare(Comparison::Equal, at, k)
    }

    fn length_of(&self, name: &str) -> u32 {
        let local = self.scopes.iter().rev().find_map(|scope| scope.lengths.get(name).copied());
        local.or_else(|| self.symbols.array(name).map(|(_, length)| length)).unwrap_or(0)
    }

    /// The index, if it is known; what is out of bounds or too long is reported.
    fn constant_index(&mut self, name: &str, at: Value, length: u32) -> Option<u32> {
        let known = self.graph.known(at);
        let place = self.place;
        match known {
            Some(k) if k >= 0.0 && k < f64::from(length) => Some(k as u32),
            Some(k) => {
                let message = format!("`{name}` has no element {k}: it has {length}, counted from 0");
                self.report.error("nmodl-array", place, message);
                Some(0)
            }
            None if length > MOST_SELECTED => {
                let message = format!("an index of `{name}` that only the run knows selects among {length} elements");
                let help = format!("at most {MOST_SELECTED} are possible");
                self.report.error_help("nmodl-array", place, message, help);
                Some(0)
            }
            None => None,
        }
    }
}
