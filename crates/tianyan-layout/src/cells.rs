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

/// Where a cell has no body, or is not on this rank.
const NO_KIND: u32 = u32::MAX;

/// Finds the kinds of the cells of a rank, one after the other in ascending order.
pub struct Kinds<'a> {
    recipe: &'a dyn Recipe,
    /// None for a cell that could not be made.
    cells: HashMap<KindId, Option<Arc<Cell>>>,
    index: HashMap<(KindId, Vec<ExtraEnd>), u32>,
    kinds: Vec<Kind>,
    members: Vec<(Gid, u32)>,
    /// What is wrong with cells.
    pub problems: Problems,
}

impl<'a> Kinds<'a> {
    /// No cells yet.
    pub fn new(recipe: &'a dyn Recipe) -> Kinds<'a> {
        Kinds {
            recipe,
            cells: HashMap::new(),
            index: HashMap::new(),
            kinds: Vec::new(),
            members: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// Adds a cell with nodes at these ends; its shape, if it has a body.
    pub fn add(&mut self, gid: Gid, id: KindId, extra: Vec<ExtraEnd>) -> Option<&CellShape> {
        let (recipe, problems) = (self.recipe, &mut self.problems);
        let cell = self.cells.entry(id).or_insert_with(|| problems.take(recipe.cell(id)).map(Arc::new));
        let cell = cell.as_ref().filter(|cell| !cell.is_source())?;
        let kinds = &mut self.kinds;
        let kind = *self.index.entry((id, extra)).or_insert_with_key(|(_, extra)| {
            kinds.push(Kind { id, cell: cell.clone(), shape: CellShape::new(cell, extra) });
            kinds.len() as u32 - 1
        });
        self.members.push((gid, kind));
        Some(&self.kinds[kind as usize].shape)
    }

    /// True for cells that could not be made, and have said so.
    pub fn failed(&self, id: KindId) -> bool {
        matches!(self.cells.get(&id), Some(None))
    }

    /// Sorts them into tiles and groups.
    pub fn into_cells(self, coupled: &BTreeSet<Gid>, target: &Target) -> Result<Cells, Problems> {
        let mut members: BTreeMap<(bool, usize), Vec<Gid>> = BTreeMap::new();
        for (gid, kind) in self.members {
            members.entry((coupled.contains(&gid), kind as usize)).or_default().push(gid);
        }
        let groups = group(&self.kinds, members, target);
        self.problems.or(Cells { kinds: self.kinds, groups })
    }
}

/// The end at which a point process needs a node, if it sits at one.
pub fn extra_end(process: &PointProcess) -> Option<ExtraEnd> {
    let section = process.location.section as u32;
    match process.location.x {
        x if x >= 1.0 => Some((section, true)),
        x if x <= 0.0 && section == 0 => Some((section, false)),
        _ => None,
    }
}

/// The ends that need a node for these point processes, by cell.
pub fn extra_ends<'p>(processes: impl Iterator<Item = &'p PointProcess>) -> HashMap<Gid, Vec<ExtraEnd>> {
    let mut ends: HashMap<Gid, Vec<ExtraEnd>> = HashMap::new();
    for process in processes {
        if let Some(end) = extra_end(process) {
            ends.entry(process.gid).or_default().push(end);
        }
    }
    ends
}

/// Where the cells of a rank lie: by gid.
pub struct Addresses {
    of: Vec<Address>,
    lanes: u32,
}

/// Where a cell lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Group on this rank.
    pub group: u32,
    /// Index into [`Cells::kinds`].
    pub kind: u32,
    /// Node of row 0 of its tile's lane 0.
    pub first_node: u32,
    /// Its lane.
    pub lane: u32,
}

impl Addresses {
    /// Numbers the nodes of all groups.
    pub fn new(cells: &Cells, lanes: usize) -> Addresses {
        let nowhere = Address { group: u32::MAX, kind: NO_KIND, first_node: 0, lane: 0 };
        let gids = cells.groups.iter().flat_map(|group| &group.tiles).flat_map(|tile| &tile.gids);
        let mut of = vec![nowhere; gids.max().map_or(0, |last| last.0 as usize + 1)];
        for (g, group) in cells.groups.iter().enumerate() {
            let mut first_node = 0;
            for tile in &group.tiles {
                for (lane, gid) in tile.gids.iter().enumerate() {
                    let address = Address { group: g as u32, kind: tile.kind as u32, first_node, lane: lane as u32 };
                    of[gid.0 as usize] = address;
                }
                first_node += (cells.kinds[tile.kind].shape.rows.len() * lanes) as u32;
            }
        }
        Addresses { of, lanes: lanes as u32 }
    }

    /// Where a cell lies; none if it has no body here.
    pub fn of(&self, gid: Gid) -> Option<Address> {
        self.of.get(gid.0 as usize).copied().filter(|address| address.kind != NO_KIND)
    }

    /// The node of a row of a cell.
    pub fn node(&self, address: Address, row: u32) -> u32 {
        address.first_node + row * self.lanes + address.lane
    }
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
