//! Which rank holds which cell.

use std::collections::BTreeMap;
use tianyan_model::{Cell, Couplings, Gid, KindId, Problems, Recipe};

/// Gids that the recipe is asked for at a time.
const BATCH: usize = 10_000;

/// What a compartment costs by itself, in units of a density mechanism: the voltage equation.
const COMPARTMENT: f64 = 2.0;

/// What a cell without compartments costs.
const SOURCE: f64 = 0.1;

/// Gives each cell of a network one of `ranks`, by what its compartments and mechanisms cost. Cells that see each other
/// in every step stay together as long as they cost no more than a rank's share.
///
/// # Errors
/// What is wrong with the recipe's cells.
pub fn partition(recipe: &dyn Recipe, ranks: usize) -> Result<Vec<u32>, Problems> {
    let cells: u32 = recipe.populations().iter().map(|p| p.size).sum();
    if ranks <= 1 {
        return Ok(vec![0; cells as usize]);
    }
    let gids: Vec<Gid> = (0..cells).map(Gid).collect();
    let cost = costs(recipe, &gids)?;
    let units = units(&cost, &components(recipe, &gids)?, ranks);
    let weight: Vec<f64> = units.iter().map(|unit| unit.iter().map(|cell| cost[*cell]).sum()).collect();
    let mut rank_of = vec![0; cost.len()];
    for (unit, rank) in units.iter().zip(longest_first(&weight, ranks)) {
        unit.iter().for_each(|cell| rank_of[*cell] = rank);
    }
    Ok(rank_of)
}

/// What the cells of each of `ranks` cost, in any unit.
///
/// # Errors
/// What is wrong with the recipe's cells.
pub fn loads(recipe: &dyn Recipe, rank_of: &[u32], ranks: usize) -> Result<Vec<f64>, Problems> {
    let gids: Vec<Gid> = (0..rank_of.len() as u32).map(Gid).collect();
    let mut loads = vec![0.0; ranks];
    rank_of.iter().zip(costs(recipe, &gids)?).for_each(|(rank, cost)| loads[*rank as usize] += cost);
    Ok(loads)
}

/// Gives each unit a rank: dearest first, each to the rank that has least so far.
pub fn longest_first(cost: &[f64], ranks: usize) -> Vec<u32> {
    let mut order: Vec<usize> = (0..cost.len()).collect();
    order.sort_by(|&a, &b| cost[b].total_cmp(&cost[a]).then(a.cmp(&b)));
    let mut load = vec![0.0; ranks];
    let mut rank_of = vec![0; cost.len()];
    for unit in order {
        let rank = (0..ranks).min_by(|&a, &b| f64::total_cmp(&load[a], &load[b])).unwrap_or(0);
        load[rank] += cost[unit];
        rank_of[unit] = rank as u32;
    }
    rank_of
}

/// What each cell costs in a step, in units of a density mechanism in a compartment.
fn costs(recipe: &dyn Recipe, gids: &[Gid]) -> Result<Vec<f64>, Problems> {
    let mut kinds = Vec::with_capacity(gids.len());
    recipe.kind_of(gids, &mut kinds);
    let mut of_kind: BTreeMap<KindId, f64> = BTreeMap::new();
    let mut costs = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let cost = match of_kind.get(&kind) {
            Some(cost) => *cost,
            None => {
                let cost = cost_of(&recipe.cell(kind)?);
                of_kind.insert(kind, cost);
                cost
            }
        };
        costs.push(cost);
    }
    Ok(costs)
}

fn cost_of(cell: &Cell) -> f64 {
    let compartments: f64 = cell.compartments.iter().map(|n| COMPARTMENT * f64::from(*n)).sum();
    let painted = |section: usize| cell.compartments.get(section).map_or(0.0, |n| f64::from(*n));
    SOURCE + compartments + cell.densities.iter().map(|density| painted(density.section)).sum::<f64>()
}

/// For each cell the least gid among all that it is coupled with, directly or not.
fn components(recipe: &dyn Recipe, gids: &[Gid]) -> Result<Vec<usize>, Problems> {
    let mut parent: Vec<usize> = (0..gids.len()).collect();
    fn root(parent: &mut [usize], mut cell: usize) -> usize {
        while parent[cell] != cell {
            parent[cell] = parent[parent[cell]];
            cell = parent[cell];
        }
        cell
    }
    for batch in gids.chunks(BATCH) {
        let mut couplings = Couplings::default();
        recipe.couplings_on(batch, &mut couplings)?;
        for peer in &couplings.peers {
            let reader = couplings.instances[peer.instance as usize].gid.0 as usize;
            let [a, b] = [reader, peer.gid.0 as usize].map(|cell| root(&mut parent, cell));
            parent[a.max(b)] = a.min(b);
        }
    }
    Ok((0..parent.len()).map(|cell| root(&mut parent, cell)).collect())
}

/// Cells that stay together: components, but those that cost more than a rank's share are cut into their cells.
fn units(cost: &[f64], component: &[usize], ranks: usize) -> Vec<Vec<usize>> {
    let share = cost.iter().sum::<f64>() / ranks as f64;
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    component.iter().enumerate().for_each(|(cell, first)| members.entry(*first).or_default().push(cell));
    let mut units = Vec::with_capacity(members.len());
    for cells in members.into_values() {
        if cells.iter().map(|cell| cost[*cell]).sum::<f64>() <= share {
            units.push(cells);
        } else {
            units.extend(cells.into_iter().map(|cell| vec![cell]));
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_even() {
        let cost: Vec<f64> = (0..100).map(|i| f64::from(i % 7 + 1)).collect();
        let ranks = longest_first(&cost, 4);
        let load = |r| cost.iter().zip(&ranks).filter(|(_, x)| **x == r).map(|(c, _)| c).sum::<f64>();
        let loads: Vec<f64> = (0..4).map(load).collect();
        assert!(loads.iter().all(|l| (l - loads[0]).abs() <= 7.0), "{loads:?}");
    }

    #[test]
    fn small_components_stay_together() {
        let cost = vec![1.0; 12];
        // 0 to 2 are coupled, and 3 to 11.
        let component: Vec<usize> = (0..12).map(|cell| if cell < 3 { 0 } else { 3 }).collect();
        let units = units(&cost, &component, 3);
        assert_eq!(units[0], [0, 1, 2]);
        assert_eq!(units.len(), 10);
    }
}
