//! Which cells a reference means.

use std::collections::HashMap;

use tianyan_model::{Gid, Place, Population, Problem, Problems};

use super::nearest::did_you_mean;
use super::values::{CellsPart, CellsRef};

/// All populations and the names of their cells.
pub(crate) struct Directory<'a> {
    populations: &'a [Population],
    names: HashMap<&'a str, Vec<Gid>>,
}

impl<'a> Directory<'a> {
    /// Indexes the names of all cells.
    pub fn new(populations: &'a [Population]) -> Directory<'a> {
        let mut names: HashMap<&str, Vec<Gid>> = HashMap::new();
        for population in populations {
            for (name, gid) in population.cell_names.iter().zip(population.first_gid.0..) {
                names.entry(name).or_default().push(Gid(gid));
            }
        }
        Directory { populations, names }
    }

    /// The cells of a reference, in its order.
    pub fn select(&self, cells: &CellsRef) -> Result<Vec<Gid>, Problems> {
        let mut problems = Problems::default();
        let mut gids = Vec::new();
        for part in &cells.parts {
            let found = match part {
                CellsPart::Text(text) => self.text(text, &cells.spot.place()),
                CellsPart::Selected(part) => {
                    let place = part.spot.place();
                    let ids = part.node_ids.iter().map(u32::to_string);
                    let wanted: Vec<String> = ids.chain(part.names.iter().cloned()).collect();
                    self.population(&part.population, &place)
                        .and_then(|population| self.members(population, &wanted, &place))
                }
            };
            gids.extend(problems.take(found).unwrap_or_default());
        }
        problems.or(gids)
    }

    /// The cells of a text: `all`, a population, `population[...]`, or a cell's name.
    pub fn text(&self, text: &str, place: &Place) -> Result<Vec<Gid>, Problems> {
        if let Some(population) = self.populations.iter().find(|population| population.name == text) {
            return Ok(everybody(population));
        }
        if text == "all" {
            return Ok(self.populations.iter().flat_map(everybody).collect());
        }
        if let Some((name, wanted)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            let population = self.population(name, place)?;
            let wanted: Vec<String> = wanted.split(',').map(|part| part.trim().to_string()).collect();
            return self.members(population, &wanted, place);
        }
        match self.names.get(text).map(Vec::as_slice) {
            Some([gid]) => Ok(vec![*gid]),
            Some(_) => {
                let message = format!("several cells are named `{text}`");
                Err(Problem::new("cells-ambiguous", message).at(place.clone()).help("write population[name]").into())
            }
            None => Err(self.unknown(text, place)),
        }
    }

    /// One cell of a table: a node id or name of `within`, or any reference to one cell.
    pub fn one(&self, text: &str, within: Option<&[Gid]>, place: &Place) -> Result<Gid, Problems> {
        if let (Ok(id), Some(within)) = (text.parse::<usize>(), within) {
            return within.get(id).copied().ok_or_else(|| {
                let message = format!("there is no cell {id} among {}", within.len());
                Problem::new("cells-range", message).at(place.clone()).into()
            });
        }
        let same_name = self
            .names
            .get(text)
            .and_then(|gids| gids.iter().find(|gid| within.is_some_and(|within| within.contains(gid))));
        if let Some(gid) = same_name {
            return Ok(*gid);
        }
        match self.text(text, place)?.as_slice() {
            [gid] => Ok(*gid),
            several => {
                let message = format!("`{text}` means {} cells, expected one", several.len());
                Err(Problem::new("cells-ambiguous", message).at(place.clone()).into())
            }
        }
    }

    fn population(&self, name: &str, place: &Place) -> Result<&'a Population, Problems> {
        self.populations.iter().find(|population| population.name == name).ok_or_else(|| self.unknown(name, place))
    }

    fn unknown(&self, text: &str, place: &Place) -> Problems {
        let populations = self.populations.iter().map(|population| population.name.as_str());
        let mut known: Vec<&str> = populations.collect();
        known.extend(self.names.keys().copied().take(if known.is_empty() { 16 } else { usize::MAX }));
        let message = format!("there is no population or cell `{text}`");
        let listed = if super::nearest::nearest(text, &known).is_some() {
            known
        } else {
            self.populations.iter().map(|population| population.name.as_str()).collect()
        };
        Problem::new("cells-unknown", message).at(place.clone()).help(did_you_mean(text, listed)).into()
    }

    /// Node ids (`3`), ranges (`0..4`) and names in a population.
    fn members(&self, population: &Population, wanted: &[String], place: &Place) -> Result<Vec<Gid>, Problems> {
        let mut problems = Problems::default();
        let mut gids = Vec::new();
        for text in wanted {
            match member(population, text) {
                Some(range) => gids.extend(range.map(|id| Gid(population.first_gid.0 + id))),
                None => {
                    let message = format!("population `{}` has no cell `{text}`", population.name);
                    let names = population.cell_names.iter().map(String::as_str);
                    let help = if population.cell_names.is_empty() {
                        format!("its node ids are 0 to {}", population.size.saturating_sub(1))
                    } else {
                        did_you_mean(text, names)
                    };
                    problems.push(Problem::new("cells-range", message).at(place.clone()).help(help));
                }
            }
        }
        problems.or(gids)
    }
}

fn member(population: &Population, text: &str) -> Option<std::ops::Range<u32>> {
    if let Some(id) = population.cell_names.iter().position(|name| name == text) {
        return Some(id as u32..id as u32 + 1);
    }
    let (start, end) = match text.split_once("..") {
        Some((start, end)) => (start.trim().parse().ok()?, end.trim().parse().ok()?),
        None => text.parse::<u32>().ok().and_then(|id| Some((id, id.checked_add(1)?)))?,
    };
    (start <= end && end <= population.size).then_some(start..end)
}

fn everybody(population: &Population) -> Vec<Gid> {
    (population.first_gid.0..population.first_gid.0 + population.size).map(Gid).collect()
}
