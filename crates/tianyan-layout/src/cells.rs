//! Which cells a rank holds, and how they lie in tiles and groups.

use crate::Target;
use crate::shape::{CellShape, ExtraEnd};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tianyan_model::{Cell, Gid, KindId, PointProcess, Problems, Recipe};

/// A kind with the nodes its point processes need at ends: cells that share it share all tables.
pub struct Kind {
    /// The recipe's kind.
    pub id: KindId,
    /// What its cells share.
    pub cell: Arc<Cell>,
    /// The rows of its cells.
    pub shape: CellShape,
}

/// A tile before it gets node numbers.
pub struct TileCells {
    /// Index into [`Cells::kinds`].
    pub kind: usize,
    /// The cells, by lane.
    pub gids: Vec<Gid>,
}

/// A group before it gets numbers.
pub struct GroupCells {
    /// Its tiles.
    pub tiles: Vec<TileCells>,
    /// True if its cells read peers or are read.
    pub coupled: bool,
}

/// The cells of a rank.
pub struct Cells {
    /// The kinds that occur.
    pub kinds: Vec<Kind>,
    /// The groups.
    pub groups: Vec<GroupCells>,
}

impl Cells {
    /// Sorts the cells `gids` (ascending) into kinds, tiles and groups.
    pub fn new(
        recipe: &dyn Recipe,
        gids: &[Gid],
        point_processes: &[&[PointProcess]],
        coupled: &BTreeSet<Gid>,
        target: &Target,
    ) -> Result<Cells, Problems> {
        let ends = extra_ends(point_processes);
        let mut kind_ids = Vec::with_capacity(gids.len());
        recipe.kind_of(gids, &mut kind_ids);
        let mut cells: HashMap<KindId, Arc<Cell>> = HashMap::new();
        let mut index: BTreeMap<(KindId, Vec<ExtraEnd>), usize> = BTreeMap::new();
        let mut kinds: Vec<Kind> = Vec::new();
        let mut members: BTreeMap<(bool, usize), Vec<Gid>> = BTreeMap::new();
        let mut problems = Problems::default();
        let mut failed: BTreeSet<KindId> = BTreeSet::new();
        for (&gid, &id) in gids.iter().zip(&kind_ids) {
            if failed.contains(&id) {
                continue;
            }
            if let std::collections::hash_map::Entry::Vacant(slot) = cells.entry(id) {
                match problems.take(recipe.cell(id)) {
                    Some(cell) => slot.insert(Arc::new(cell)),
                    None => {
                        failed.insert(id);
                        continue;
                    }
                };
            }
            let cell = &cells[&id];
            if cell.is_source() {
                continue;
            }
            let extra = ends.get(&gid).cloned().unwrap_or_default();
            let kind = *index.entry((id, extra)).or_insert_with_key(|(_, extra)| {
                kinds.push(Kind { id, cell: cell.clone(), shape: CellShape::new(cell, extra) });
                kinds.len() - 1
            });
            members.entry((coupled.contains(&gid), kind)).or_default().push(gid);
        }
        let groups = group(&kinds, members, target);
        problems.or(Cells { kinds, groups })
    }
}

/// The ends that need a node, for each cell, in ascending order.
fn extra_ends(point_processes: &[&[PointProcess]]) -> HashMap<Gid, Vec<ExtraEnd>> {
    let mut ends: HashMap<Gid, BTreeSet<ExtraEnd>> = HashMap::new();
    for process in point_processes.iter().copied().flatten() {
        let section = process.location.section as u32;
        if process.location.x >= 1.0 {
            ends.entry(process.gid).or_default().insert((section, true));
        } else if process.location.x <= 0.0 && section == 0 {
            ends.entry(process.gid).or_default().insert((section, false));
        }
    }
    ends.into_iter().map(|(gid, set)| (gid, set.into_iter().collect())).collect()
}

/// Rough bytes of state a row needs: node fields and a handful of mechanism fields.
const BYTES_PER_ROW: usize = 30 * 8;

fn group(kinds: &[Kind], members: BTreeMap<(bool, usize), Vec<Gid>>, target: &Target) -> Vec<GroupCells> {
    let mut tiles: [Vec<TileCells>; 2] = [Vec::new(), Vec::new()];
    for ((coupled, kind), gids) in members {
        for lane in gids.chunks(target.lanes) {
            tiles[usize::from(coupled)].push(TileCells { kind, gids: lane.to_vec() });
        }
    }
    let bytes = |tile: &TileCells| kinds[tile.kind].shape.rows.len() * target.lanes * BYTES_PER_ROW;
    let [mut free, mut coupled] = tiles;
    free.sort_by_key(|tile| tile.gids[0]);
    coupled.sort_by_key(|tile| tile.gids[0]);
    let total: usize = coupled.iter().map(bytes).sum();
    let share = total.div_ceil(target.threads.max(1)).max(1);
    // Free cells: at least one group a thread, none larger than the cache.
    let free_total: usize = free.iter().map(bytes).sum();
    let free_share = free_total.div_ceil(target.threads.max(1)).clamp(1, target.group_bytes.max(1));
    let mut groups = cut(free, free_share, bytes, false);
    groups.extend(cut(coupled, share, bytes, true));
    groups
}

fn cut(tiles: Vec<TileCells>, share: usize, bytes: impl Fn(&TileCells) -> usize, coupled: bool) -> Vec<GroupCells> {
    let mut groups: Vec<GroupCells> = Vec::new();
    let mut filled = usize::MAX;
    for tile in tiles {
        let size = bytes(&tile);
        if filled.saturating_add(size / 2) > share {
            groups.push(GroupCells { tiles: Vec::new(), coupled });
            filled = 0;
        }
        filled += size;
        if let Some(group) = groups.last_mut() {
            group.tiles.push(tile);
        }
    }
    groups
}
