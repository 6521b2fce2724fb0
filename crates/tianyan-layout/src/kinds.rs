//! Kinds: what cells have in common, in few bytes.

use crate::cells::Cells;
use crate::chains::Chains;
use crate::shape::{CellShape, ExtraEnd, Row, RowKind, RowNumbers};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tianyan_model::{Cell, Detector, KindId, Parameter, Problems, Recipe, Values};

/// A kind with the nodes its point processes need at ends: cells that share it share all tables. What the recipe says
/// of it is kept in few bytes: a network may have as many kinds as cells.
pub struct Kind {
    /// The recipe's kind.
    pub id: KindId,
    /// The rows of its cells.
    pub shape: CellShape,
    /// Their numbers; none where there are so many kinds that they are found again when they are needed.
    pub numbers: Option<Vec<RowNumbers>>,
    /// Ends at which there is a node though no section begins there.
    extra: Vec<ExtraEnd>,
    /// The parent of each row.
    pub parent: Arc<[u32]>,
    /// Its density mechanisms, in the recipe's order.
    pub painted: Vec<Painted>,
    /// Reversal potentials and concentrations that were set.
    pub ions: Vec<IonValue>,
    /// Where its spikes are detected.
    pub detector: Option<Detector>,
    /// The mechanism (recipe's index) of which all its cells are point neurons.
    pub point: Option<u32>,
}

/// A density mechanism in a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Painted {
    /// The section.
    pub section: u32,
    /// Index into [`Paint::names`].
    pub mechanism: u32,
    /// Index into [`Paint::sets`].
    pub set: u32,
}

/// An ion's variable in a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IonValue {
    /// The section.
    pub section: u32,
    /// Index into [`Paint::names`].
    pub variable: u32,
    /// mV or millimolar.
    pub value: f64,
}

/// Names and parameters that kinds have in common, each kept once.
#[derive(Debug, Default)]
pub struct Paint {
    /// Names of mechanisms and of ions' variables.
    pub names: Vec<String>,
    /// Parameters of density mechanisms.
    pub sets: Vec<Vec<Parameter>>,
    number: HashMap<String, u32>,
    known: HashMap<Vec<(String, u64)>, u32>,
}

impl Paint {
    fn name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.number.get(name) {
            return *number;
        }
        self.names.push(name.to_string());
        self.number.insert(name.to_string(), self.names.len() as u32 - 1);
        self.names.len() as u32 - 1
    }

    fn set(&mut self, parameters: &[Parameter]) -> u32 {
        let bits = |parameter: &Parameter| match &parameter.values {
            Values::Uniform(value) => Some((parameter.name.clone(), value.to_bits())),
            Values::PerCompartment(_) => None,
        };
        let mut add = || {
            self.sets.push(parameters.to_vec());
            self.sets.len() as u32 - 1
        };
        // What differs from compartment to compartment is hardly ever the same twice.
        match parameters.iter().map(bits).collect::<Option<Vec<_>>>() {
            Some(key) => *self.known.entry(key).or_insert_with(add),
            None => add(),
        }
    }
}

impl Kind {
    /// What cells have in common that are this one, with nodes at the `extra` ends; `point` as in [`Kind::point`], if
    /// nothing else moves its v.
    pub fn new(id: KindId, cell: &Cell, extra: &[ExtraEnd], point: Option<u32>, paint: &mut Paint) -> Kind {
        let (shape, numbers) = CellShape::new(cell, extra);
        let parent = shape.rows.iter().map(|row| row.parent).collect();
        let painted = cell.densities.iter().map(|density| Painted {
            section: density.section as u32,
            mechanism: paint.name(&density.mechanism),
            set: paint.set(&density.parameters),
        });
        let painted: Vec<Painted> = painted.collect();
        let ions = cell.ions.iter().map(|ion| IonValue {
            section: ion.section as u32,
            variable: paint.name(&ion.variable),
            value: ion.value,
        });
        let point = point.filter(|_| painted.is_empty() && shape.rows.len() == 1);
        let (ions, numbers, extra) = (ions.collect(), Some(numbers), extra.to_vec());
        Kind { id, shape, numbers, extra, parent, painted, ions, detector: cell.detector, point }
    }

    /// The numbers of its rows.
    pub fn numbers(&self, recipe: &dyn Recipe) -> Result<Cow<'_, [RowNumbers]>, Problems> {
        if let Some(numbers) = &self.numbers {
            return Ok(Cow::Borrowed(numbers));
        }
        Ok(Cow::Owned(CellShape::new(&recipe.cell(self.id)?, &self.extra).1))
    }

    /// Number of sections.
    pub fn sections(&self) -> usize {
        self.shape.sections()
    }
}

/// A number for each set of mechanisms that occurs in some row: sets that have much in common are neighbours, and end
/// nodes come last.
pub struct Classes {
    number: HashMap<BTreeSet<usize>, u32>,
    /// Of each of the names in [`Paint::names`] the mechanism, if it is one.
    mechanism: Vec<Option<usize>>,
}

impl Classes {
    /// Those of all kinds; `mechanism_of` numbers the mechanisms.
    pub fn new(cells: &Cells, mechanism_of: &HashMap<&str, usize>) -> Classes {
        let mechanism = cells.paint.names.iter().map(|name| mechanism_of.get(name.as_str()).copied()).collect();
        let mut classes = Classes { number: HashMap::new(), mechanism };
        let all: BTreeSet<BTreeSet<usize>> = cells.kinds.iter().flat_map(|kind| classes.painted(kind)).collect();
        classes.number = all.into_iter().zip(0..).collect();
        classes
    }

    /// The mechanisms of each section.
    fn painted(&self, kind: &Kind) -> Vec<BTreeSet<usize>> {
        let mut sets = vec![BTreeSet::new(); kind.sections()];
        for painted in &kind.painted {
            sets[painted.section as usize].extend(self.mechanism[painted.mechanism as usize]);
        }
        sets
    }

    /// The chains of a kind's cells.
    pub fn chains(&self, kind: &Kind) -> Chains {
        let (sets, ends) = (self.painted(kind), self.number.len() as u32);
        let of = |row: &Row| match row.kind {
            RowKind::Compartment(_) => self.number[&sets[row.section as usize]],
            RowKind::Start | RowKind::End => ends,
        };
        Chains::new(&kind.parent, kind.shape.rows.iter().map(of).collect(), ends)
    }
}
