//! Which cells a rank holds, and which lie in a group together.

use crate::Target;
use crate::chains::{self, Chains, Member, NodeRow};
use crate::group::{CellRows, Rows};
use crate::kinds::{Classes, Kind, Paint};
use crate::shape::ExtraEnd;
use crate::state::ALIGN;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use tianyan_model::{Cell, Gid, KindId, PointProcess, Problems, Recipe};

/// A cell of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupCell {
    /// Index into [`Cells::kinds`].
    pub kind: usize,
    /// The cell.
    pub gid: Gid,
}

/// A group before it gets numbers.
pub struct GroupCells {
    /// Its cells.
    pub cells: Vec<GroupCell>,
    /// True if its cells read peers or are read.
    pub coupled: bool,
    /// True if all its cells are point neurons, of one mechanism.
    pub points: bool,
}

/// The cells of a rank.
pub struct Cells {
    /// The kinds that occur.
    pub kinds: Vec<Kind>,
    /// What they have in common.
    pub paint: Paint,
    /// The groups.
    pub groups: Vec<GroupCells>,
}

/// So many kinds keep the numbers of their rows, and so many cells are kept whole while kinds are found.
const MOST_WHOLE: usize = 64;

/// Where a cell has no body, or is not on this rank.
const NO_KIND: u32 = u32::MAX;

/// Finds the kinds of the cells of a rank, one after the other in ascending order.
pub struct Kinds<'a> {
    recipe: &'a dyn Recipe,
    /// Some cells as the recipe has them, for neighbours of their kind; none for one that could not be made.
    whole: HashMap<KindId, Option<Arc<Cell>>>,
    failed: BTreeSet<KindId>,
    paint: Paint,
    index: HashMap<(KindId, Vec<ExtraEnd>, Option<u32>), u32>,
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
            whole: HashMap::new(),
            failed: BTreeSet::new(),
            paint: Paint::default(),
            index: HashMap::new(),
            kinds: Vec::new(),
            members: Vec::new(),
            problems: Problems::default(),
        }
    }

    /// Adds a cell with nodes at these ends; its kind, if it has a body. `point` is the mechanism that moves its v, if
    /// one does and nothing else can.
    pub fn add(&mut self, gid: Gid, id: KindId, extra: Vec<ExtraEnd>, point: Option<u32>) -> Option<&Kind> {
        let key = (id, extra, point);
        let kind = match self.index.get(&key) {
            Some(kind) => *kind,
            None => {
                let cell = self.whole(id)?;
                let mut kind = Kind::new(id, &cell, &key.1, point, &mut self.paint);
                if self.kinds.len() >= MOST_WHOLE {
                    kind.numbers = None;
                }
                self.kinds.push(kind);
                self.index.insert(key, self.kinds.len() as u32 - 1);
                self.kinds.len() as u32 - 1
            }
        };
        self.members.push((gid, kind));
        Some(&self.kinds[kind as usize])
    }

    /// A cell with a body, as the recipe has it.
    fn whole(&mut self, id: KindId) -> Option<Arc<Cell>> {
        if !self.whole.contains_key(&id) && !self.failed.contains(&id) {
            let cell = self.problems.take(self.recipe.cell(id)).map(Arc::new);
            if cell.is_none() {
                self.failed.insert(id);
            }
            if self.whole.len() >= MOST_WHOLE {
                self.whole.clear();
            }
            self.whole.insert(id, cell);
        }
        self.whole.get(&id)?.clone().filter(|cell| !cell.is_source())
    }

    /// True for cells that could not be made, and have said so.
    pub fn failed(&self, id: KindId) -> bool {
        self.failed.contains(&id)
    }

    /// Sorts them into groups.
    pub fn into_cells(self, coupled: &BTreeSet<Gid>, target: &Target) -> Result<Cells, Problems> {
        let Kinds { kinds, paint, members, problems, .. } = self;
        let groups = group(&kinds, members, coupled, target);
        problems.or(Cells { kinds, paint, groups })
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
    /// By group.
    pub rows: Vec<Arc<Rows>>,
}

/// Where a cell lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Group on this rank.
    pub group: u32,
    /// Index into [`Cells::kinds`].
    pub kind: u32,
    /// Its first row among the rows of the group.
    pub first_row: u32,
}

impl Addresses {
    /// Numbers the nodes of all groups. The second value has the row of each node, by group. `mechanism_of` numbers the
    /// mechanisms.
    pub fn new(cells: &Cells, mechanism_of: &HashMap<&str, usize>, lanes: usize) -> (Addresses, Vec<Vec<NodeRow>>) {
        let classes = Classes::new(cells, mechanism_of);
        let nowhere = Address { group: u32::MAX, kind: NO_KIND, first_row: 0 };
        let gids = cells.groups.iter().flat_map(|group| &group.cells).map(|cell| cell.gid.0 as usize + 1);
        let mut addresses = Addresses { of: vec![nowhere; gids.max().unwrap_or(0)], rows: Vec::new() };
        let mut all = Vec::with_capacity(cells.groups.len());
        for (g, group) in cells.groups.iter().enumerate() {
            let (mut members, mut of_cells, mut first_row) = (Vec::new(), Vec::new(), 0);
            let own: BTreeSet<usize> = group.cells.iter().map(|cell| cell.kind).collect();
            let chains: HashMap<usize, Chains> =
                own.into_iter().map(|kind| (kind, classes.chains(&cells.kinds[kind]))).collect();
            for &GroupCell { kind, gid } in &group.cells {
                addresses.of[gid.0 as usize] = Address { group: g as u32, kind: kind as u32, first_row };
                members.push(Member { chains: &chains[&kind], first_row });
                let kind = &cells.kinds[kind];
                of_cells.push(CellRows { gid, kind: kind.id, first_row, parent: kind.parent.clone() });
                first_row += kind.shape.rows.len() as u32;
            }
            let (plan, rows, node_of) = chains::plan(&members, lanes);
            addresses.rows.push(Arc::new(Rows { plan, cells: of_cells, node_of }));
            all.push(rows);
        }
        (addresses, all)
    }

    /// Where a cell lies; none if it has no body here.
    pub fn of(&self, gid: Gid) -> Option<Address> {
        self.of.get(gid.0 as usize).copied().filter(|address| address.kind != NO_KIND)
    }

    /// The node of a row of a cell.
    pub fn node(&self, address: Address, row: u32) -> u32 {
        self.rows[address.group as usize].node_of[(address.first_row + row) as usize]
    }
}

/// Rough bytes of state a row needs: node fields and a handful of mechanism fields.
const BYTES_PER_ROW: usize = 30 * 8;

/// Rough bytes that a step of a point neuron touches.
const BYTES_PER_POINT: usize = 16 * 8;

/// Cells that stand alone, and cells that are coupled, each in groups of a size. Cells of a kind stay together: their
/// chains are alike. Point neurons lie in groups of their own, by gid.
fn group(kinds: &[Kind], members: Vec<(Gid, u32)>, coupled: &BTreeSet<Gid>, target: &Target) -> Vec<GroupCells> {
    let mut cells: [Vec<GroupCell>; 2] = [Vec::new(), Vec::new()];
    let mut points: BTreeMap<(u32, bool), Vec<GroupCell>> = BTreeMap::new();
    for (gid, kind) in members {
        let (cell, coupled) = (GroupCell { kind: kind as usize, gid }, coupled.contains(&gid));
        match kinds[cell.kind].point {
            Some(mechanism) => points.entry((mechanism, coupled)).or_default().push(cell),
            None => cells[usize::from(coupled)].push(cell),
        }
    }
    cells.iter_mut().for_each(|cells| cells.sort_by_key(|cell| (cell.kind, cell.gid)));
    let bytes = |cell: &GroupCell| kinds[cell.kind].shape.rows.len() * BYTES_PER_ROW;
    let share = |cells: &[GroupCell]| cells.iter().map(bytes).sum::<usize>().div_ceil(target.threads.max(1)).max(1);
    let [free, coupled] = cells;
    // Free cells: at least one group a thread, none larger than the cache.
    let free_share = share(&free).min(target.group_bytes.max(1));
    let coupled_share = share(&coupled);
    let mut groups = match target.groups {
        0 => cut(&free, free_share, target.alike, bytes, false),
        count => cut_into(&free, count, target, bytes),
    };
    groups.extend(cut(&coupled, coupled_share, target.alike, bytes, true));
    for ((_, coupled), cells) in points {
        let most = (target.group_bytes / BYTES_PER_POINT).max(1);
        let parts = target.threads.max(target.groups).max(1);
        let least = if target.groups > 0 { LEAST_POINTS } else { 1 };
        let share = cells.len().div_ceil(parts).min(most).max(least.min(most)).next_multiple_of(ALIGN);
        groups.extend(cells.chunks(share).map(|cells| GroupCells { cells: cells.to_vec(), coupled, points: true }));
    }
    groups
}

/// Groups of fewer bytes are not worth having more of them, where their number is asked for; nor of fewer point neurons.
const LEAST_BYTES: usize = 128 * BYTES_PER_ROW;
const LEAST_POINTS: usize = 128;

/// Groups of one size: `count` of them, or a multiple where they would be too large; fewer of few cells. Each cell goes to
/// the smallest group so far, the largest cells first.
fn cut_into(
    cells: &[GroupCell],
    count: usize,
    target: &Target,
    bytes: impl Fn(&GroupCell) -> usize,
) -> Vec<GroupCells> {
    let all: usize = cells.iter().map(&bytes).sum();
    let groups = count * all.div_ceil(count * target.group_bytes.max(1)).max(1);
    let groups = groups.min(all / LEAST_BYTES).clamp(1, cells.len().max(1));
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|cell| (Reverse(bytes(&cells[*cell])), *cell));
    let mut filled: BinaryHeap<Reverse<(usize, usize)>> = (0..groups).map(|group| Reverse((0, group))).collect();
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); groups];
    for cell in order {
        let Reverse((size, group)) = filled.pop().unwrap_or_default();
        members[group].push(cell);
        filled.push(Reverse((size + bytes(&cells[cell]), group)));
    }
    let group = |mut members: Vec<usize>| {
        members.sort_unstable();
        let cells = members.into_iter().map(|cell| cells[cell]).collect();
        GroupCells { cells, coupled: false, points: false }
    };
    members.into_iter().filter(|members| !members.is_empty()).map(group).collect()
}

/// `alike` cells of a kind stay together.
fn cut(
    cells: &[GroupCell],
    share: usize,
    alike: usize,
    bytes: impl Fn(&GroupCell) -> usize,
    coupled: bool,
) -> Vec<GroupCells> {
    let mut groups: Vec<GroupCells> = Vec::new();
    let mut filled = usize::MAX;
    for bunch in cells.chunk_by(|a, b| a.kind == b.kind).flat_map(|cells| cells.chunks(alike.max(1))) {
        let size: usize = bunch.iter().map(&bytes).sum();
        if filled.saturating_add(size / 2) > share {
            groups.push(GroupCells { cells: Vec::new(), coupled, points: false });
            filled = 0;
        }
        filled += size;
        if let Some(group) = groups.last_mut() {
            group.cells.extend_from_slice(bunch);
        }
    }
    groups
}
