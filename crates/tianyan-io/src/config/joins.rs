//! Who meets whom: the pairs of cells that connections and couplings join.

use std::cmp::Ordering;
use std::sync::Arc;

use tianyan_model::{Gid, Location, Morphology, Parameter, Problem, Problems, Values};

use super::Config;
use super::decode::Named;
use super::document::Spot;
use super::drawn::{Drawn, RandomKeys};
use super::network_schema::{ConnectionEntry, GapJunctionEntry, GradedSynapseEntry, Rule};
use super::select::Directory;
use super::tables::{Numbers, Table, Texts};
use super::template;
use super::values::{CellsRef, Formula};

/// Keys that connections, graded synapses and gap junctions share.
pub(crate) struct Keys<'a> {
    source: Option<&'a CellsRef>,
    target: Option<&'a CellsRef>,
    rule: Option<Rule>,
    pairs: &'a [[u32; 2]],
    table: Option<&'a str>,
    columns: &'a Named<String>,
    filter: &'a Named<String>,
    spot: &'a Spot,
    /// What the random rules want, where they may stand.
    random: Option<RandomKeys>,
}

impl Keys<'_> {
    /// Lets the rule be a random one.
    pub fn with_random(self, random: RandomKeys) -> Self {
        Keys { random: Some(random), ..self }
    }
}

macro_rules! keys_of {
    ($($entry:ty),+) => {
        $(impl<'a> From<&'a $entry> for Keys<'a> {
            fn from(entry: &'a $entry) -> Keys<'a> {
                Keys {
                    source: entry.source.as_ref(),
                    target: entry.target.as_ref(),
                    rule: entry.rule,
                    pairs: &entry.pairs,
                    table: entry.table.as_deref(),
                    columns: &entry.columns,
                    filter: &entry.filter,
                    spot: &entry.spot,
                    random: None,
                }
            }
        })+
    };
}
keys_of!(ConnectionEntry, GradedSynapseEntry, GapJunctionEntry);

/// A pair of cells, and the row of the table that joins them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pair {
    pub source: Gid,
    pub target: Gid,
    /// Its rank in the description: the row of the table, where there is one.
    pub rank: Option<u32>,
}

impl Pair {
    /// The row of the table.
    pub fn row(&self) -> Option<u32> {
        self.rank
    }
}

/// The pairs of an entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pairing {
    /// Every source with every other target. `once` leaves a pair out whose mirror image stands for both: the
    /// source must then compare so with the target.
    All { sources: Vec<Gid>, targets: Vec<Gid>, once: Option<Ordering> },
    /// Listed, sorted by target, else in the order of the description.
    Listed(Vec<Pair>),
    /// Drawn for each target by itself, with replacement.
    Drawn(Drawn),
}

impl Pairing {
    /// Calls `f` for each pair with this target, in the order of the description.
    pub fn on(&self, target: Gid, mut f: impl FnMut(Pair)) {
        match self {
            Pairing::All { sources, targets, once } => {
                if targets.binary_search(&target).is_err() {
                    return;
                }
                let meets =
                    |source: &&Gid| **source != target && once.is_none_or(|order| source.cmp(&&target) == order);
                sources.iter().filter(meets).for_each(|&source| f(Pair { source, target, rank: None }));
            }
            Pairing::Listed(pairs) => {
                let first = pairs.partition_point(|pair| pair.target < target);
                pairs[first..].iter().take_while(|pair| pair.target == target).for_each(|&pair| f(pair));
            }
            Pairing::Drawn(drawn) => drawn.on(target, f),
        }
    }

    /// A pair for each target's or source's own sake: enough to check what depends on one cell alone.
    pub fn samples(&self) -> Vec<Pair> {
        match self {
            Pairing::Listed(pairs) => pairs.clone(),
            Pairing::All { sources, targets, .. } | Pairing::Drawn(Drawn { sources, targets, .. }) => {
                let most = sources.len().max(targets.len());
                let pair = |i: usize| {
                    let (source, target) = (sources[i.min(sources.len() - 1)], targets[i.min(targets.len() - 1)]);
                    Pair { source, target, rank: None }
                };
                if sources.is_empty() || targets.is_empty() { Vec::new() } else { (0..most).map(pair).collect() }
            }
        }
    }

    /// The same pairs with source and target exchanged.
    pub fn mirrored(&self) -> Pairing {
        match self {
            Pairing::All { sources, targets, once } => {
                let mut sorted = sources.clone();
                sorted.sort_unstable();
                Pairing::All { sources: targets.clone(), targets: sorted, once: once.map(Ordering::reverse) }
            }
            Pairing::Listed(pairs) => {
                let mirror = |pair: &Pair| Pair { source: pair.target, target: pair.source, rank: pair.rank };
                sorted(pairs.iter().map(mirror).collect())
            }
            // What is mirrored is never drawn.
            Pairing::Drawn(drawn) => Pairing::Drawn(drawn.clone()),
        }
    }

    /// Leaves out one of each two mirrored pairs, where both sides are the same cells.
    pub fn without_mirrors(self) -> Pairing {
        match self {
            Pairing::All { sources, targets, .. } => {
                let mut same = sources.clone();
                same.sort_unstable();
                let once = (same == targets).then_some(Ordering::Less);
                Pairing::All { sources, targets, once }
            }
            listed => listed,
        }
    }
}

fn sorted(mut pairs: Vec<Pair>) -> Pairing {
    pairs.sort_by_key(|pair| (pair.target, pair.rank));
    Pairing::Listed(pairs)
}

/// Pairs of an entry and its table, if it has one.
pub(crate) struct Joined {
    pub pairing: Pairing,
    pub table: Option<Arc<Table>>,
}

/// Finds the pairs of an entry.
pub(crate) fn join(config: &Config, directory: &Directory, keys: &Keys) -> Result<Joined, Problems> {
    let mut problems = Problems::default();
    let mut side =
        |cells: Option<&CellsRef>| cells.map(|cells| problems.take(directory.select(cells)).unwrap_or_default());
    let (sources, targets) = (side(keys.source), side(keys.target));
    problems.or(())?;
    if let (Some(_), Some(Rule::FixedInDegree | Rule::FixedTotal | Rule::Probability)) = (keys.table, keys.rule) {
        let message = "a table lists its connections: there is nothing to draw";
        return Err(keys.spot.problem("rule", "config-value", message).into());
    }
    if let Some(file) = keys.table {
        let table = Table::read(&config.path(file), keys.spot, "table")?.filtered(keys.filter, keys.spot)?;
        let pairing = rows(directory, keys, &table, sources.as_deref(), targets.as_deref())?;
        return Ok(Joined { pairing, table: Some(Arc::new(table)) });
    }
    let missing = |key: &str| keys.spot.problem(key, "config-missing-key", format!("the key `{key}` is missing"));
    let (Some(sources), Some(targets)) = (sources, targets) else {
        let key = if keys.source.is_none() { "source" } else { "target" };
        return Err(missing(key).help("give source and target, or a table").into());
    };
    let pairing = by_rule(keys, sources, targets)?;
    Ok(Joined { pairing, table: None })
}

fn drawn(keys: &Keys, rule: Rule, sources: Vec<Gid>, targets: Vec<Gid>) -> Result<Drawn, Problems> {
    match keys.random {
        Some(random) => Drawn::new(keys.spot, random, rule, sources, targets),
        None => {
            let message = "random rules belong to [[connections]]";
            Err(keys.spot.problem("rule", "config-value", message).into())
        }
    }
}

fn by_rule(keys: &Keys, sources: Vec<Gid>, mut targets: Vec<Gid>) -> Result<Pairing, Problems> {
    let single = sources.len() == 1 && targets.len() == 1;
    let rule = match keys.rule {
        Some(rule) => rule,
        None if !keys.pairs.is_empty() => Rule::Pairs,
        None if single => Rule::OneToOne,
        None => {
            let problem = keys.spot.problem("rule", "config-missing-key", "the key `rule` is missing");
            let words =
                "\"all_to_all\", \"one_to_one\", \"pairs\", \"fixed_in_degree\", \"fixed_total\" or \"probability\"";
            return Err(problem.help(format!("write {words}")).into());
        }
    };
    let pair = |(row, (source, target))| Pair { source, target, rank: Some(row) };
    match rule {
        Rule::FixedInDegree | Rule::FixedTotal | Rule::Probability => {
            drawn(keys, rule, sources, targets).map(Pairing::Drawn)
        }
        Rule::AllToAll => {
            targets.sort_unstable();
            targets.dedup();
            Ok(Pairing::All { sources, targets, once: None })
        }
        Rule::OneToOne if sources.len() == targets.len() => {
            Ok(sorted((0..).zip(sources.into_iter().zip(targets)).map(pair).collect()))
        }
        Rule::OneToOne => {
            let message = format!("one_to_one joins {} sources with {} targets", sources.len(), targets.len());
            Err(keys.spot.problem("rule", "config-value", message).into())
        }
        Rule::Pairs => {
            let ends = |pair: &[u32; 2]| Some((*sources.get(pair[0] as usize)?, *targets.get(pair[1] as usize)?));
            let found: Option<Vec<_>> = keys.pairs.iter().map(ends).collect();
            let Some(found) = found else {
                let message = format!("a pair lies beyond the {} sources or {} targets", sources.len(), targets.len());
                return Err(keys.spot.problem("pairs", "cells-range", message).into());
            };
            Ok(sorted((0..).zip(found).map(pair).collect()))
        }
    }
}

fn rows(
    directory: &Directory,
    keys: &Keys,
    table: &Table,
    sources: Option<&[Gid]>,
    targets: Option<&[Gid]>,
) -> Result<Pairing, Problems> {
    let mut problems = Problems::default();
    let mut side = |role: &str, within: Option<&[Gid]>| -> Vec<Gid> {
        let column = match (problems.take(table.role(role, keys.columns, keys.spot)), within) {
            (None, _) => return Vec::new(),
            (Some(Some(column)), _) => column,
            (Some(None), Some([gid])) => return vec![*gid; table.rows.len()],
            (Some(None), _) => {
                let help = super::nearest::did_you_mean(role, table.headers.iter().map(String::as_str));
                let problem =
                    keys.spot.problem("table", "table-column", format!("{} has no column `{role}`", table.name));
                problems.push(problem.help(format!("{help} Columns of other names are given in `columns`")));
                return Vec::new();
            }
        };
        let cell = |row| directory.one(table.text(row, column), within, &table.place(row, column));
        (0..table.rows.len()).filter_map(|row| problems.take(cell(row))).collect()
    };
    let (sources, targets) = (side("source", sources), side("target", targets));
    let pairs = sources.into_iter().zip(targets).zip(0..);
    let pairing = sorted(pairs.map(|((source, target), row)| Pair { source, target, rank: Some(row) }).collect());
    super::tables::shortened(problems).or(pairing)
}

/// A place on one side of each pair.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct End {
    section: Texts,
    x: Numbers,
    spot: Spot,
    key: String,
}

impl End {
    /// Reads `section` and `x` (or `prefix_section`, `prefix_x`) of an entry or its table.
    pub fn new(
        prefix: &str,
        (section, x): (&Option<String>, &Option<Formula>),
        keys: &Keys,
        table: Option<&Table>,
    ) -> Result<End, Problems> {
        let key = format!("{prefix}section");
        let column = match (section, table) {
            (None, Some(table)) => table.role(&key, keys.columns, keys.spot)?,
            _ => None,
        };
        let section = column.map_or_else(|| Texts::Same(section.clone()), Texts::Column);
        let x = number(&format!("{prefix}x"), x, keys, table)?.unwrap_or(Numbers::Same(0.5));
        let x = undrawn(x, &keys.spot.at(&format!("{prefix}x")))?;
        Ok(End { section, x, spot: keys.spot.clone(), key })
    }

    /// The place on a cell.
    pub fn on(&self, morphology: &Morphology, table: Option<&Table>, row: Option<u32>) -> Result<Location, Problems> {
        let (section, x) = (self.section.at(table, row), self.x.at(row));
        template::location(morphology, section, x, &self.spot).map_err(|mut problems| {
            let wrong_x = !(0.0..=1.0).contains(&x);
            for problem in &mut problems.0 {
                let of_x = wrong_x && problem.code == "config-value";
                let key = if of_x { self.key.replace("section", "x") } else { self.key.clone() };
                problem.place = self.place(&key, of_x, table, row);
            }
            problems
        })
    }

    fn place(&self, key: &str, of_x: bool, table: Option<&Table>, row: Option<u32>) -> tianyan_model::Place {
        match (table, row, &self.section) {
            (Some(table), Some(row), Texts::Column(column)) if !of_x => table.place(row as usize, *column),
            (Some(table), Some(row), _) => table.place(row as usize, usize::MAX).key(key),
            _ => self.spot.at(key),
        }
    }
}

/// A number of an entry: a formula, else the table's column of that role.
pub(crate) fn number(
    key: &str,
    formula: &Option<Formula>,
    keys: &Keys,
    table: Option<&Table>,
) -> Result<Option<Numbers>, Problems> {
    if let Some(formula) = formula {
        return Numbers::evaluate(formula, table).map(Some);
    }
    let Some(table) = table else { return Ok(None) };
    match table.role(key, keys.columns, keys.spot)? {
        Some(column) => table.numbers(column).map(|numbers| Some(Numbers::Rows(numbers))),
        None => Ok(None),
    }
}

/// Numbers that may not be drawn.
pub(crate) fn undrawn(numbers: Numbers, place: &tianyan_model::Place) -> Result<Numbers, Problems> {
    if let Numbers::Drawn(_) = numbers {
        let problem = Problem::new("config-formula", "random numbers cannot be drawn here");
        let help = "draw them for weight and delay_ms of connections, and for parameters of a template's synapses";
        return Err(problem.at(place.clone()).help(help).into());
    }
    Ok(numbers)
}

/// The parameters of an entry.
pub(crate) fn parameters(formulas: &Named<Formula>, table: Option<&Table>) -> Result<Vec<(String, Numbers)>, Problems> {
    let mut problems = Problems::default();
    let mut found = Vec::new();
    for (name, formula) in formulas.iter() {
        let numbers = Numbers::evaluate(formula, table).and_then(|numbers| undrawn(numbers, &formula.spot.place()));
        found.extend(problems.take(numbers).map(|numbers| (name.to_string(), numbers)));
    }
    problems.or(found)
}

/// Sets of parameters, each kept once.
pub(crate) struct Sets<'a> {
    sets: &'a mut Vec<Vec<Parameter>>,
    index: std::collections::HashMap<Vec<(String, u64)>, usize>,
}

impl<'a> Sets<'a> {
    /// Adds to the sets of a caller's buffer.
    pub fn new(sets: &'a mut Vec<Vec<Parameter>>) -> Sets<'a> {
        Sets { sets, index: std::collections::HashMap::new() }
    }

    /// The index of a set.
    pub fn of(&mut self, values: impl Iterator<Item = (String, f64)>) -> usize {
        let key: Vec<(String, u64)> = values.map(|(name, value)| (name, value.to_bits())).collect();
        *self.index.entry(key).or_insert_with_key(|key| {
            let values = |bits: &u64| Values::Uniform(f64::from_bits(*bits));
            let set = key.iter().map(|(name, bits)| Parameter { name: name.clone(), values: values(bits) });
            self.sets.push(set.collect());
            self.sets.len() - 1
        })
    }

    /// The index of the set of a row.
    pub fn of_row(&mut self, parameters: &[(String, Numbers)], row: Option<u32>) -> usize {
        self.of(parameters.iter().map(|(name, numbers)| (name.clone(), numbers.at(row))))
    }
}

/// A problem of a pair: at the table's row, or at a key of the entry.
pub(crate) fn pair_problem(
    (spot, key): (&Spot, &str),
    (table, row): (Option<&Table>, Option<u32>),
    (code, message): (&'static str, String),
) -> Problem {
    let place = match (table, row) {
        (Some(table), Some(row)) => {
            let column = table.headers.iter().position(|header| header == key).unwrap_or(usize::MAX);
            let place = table.place(row as usize, column);
            tianyan_model::Place { key: place.key.or_else(|| Some(key.to_string())), ..place }
        }
        _ => spot.at(key),
    };
    Problem::new(code, message).at(place)
}
