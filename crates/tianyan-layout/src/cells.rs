//! Which cells a rank holds, and which lie in a group together.

use crate::Target;
use crate::chains::{self, Chains, Member, NodeRow};
use crate::group::{CellRows, Rows};
use crate::shape::{CellShape, ExtraEnd, Row, RowKind, RowNumbers};
use crate::state::ALIGN;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tianyan_model::{Cell, Detector, Gid, KindId, Parameter, PointProcess, Problems, Recipe, Values};

/// A kind with the nodes its point processes need at ends: cells that share it share all tables. What the recipe says of
/// it is kept in few bytes: a network may have as many kinds as cells.
pub struct Kind {
    /// The recipe's kind.
    pub id: KindId,
    /// The rows of its cells.
    pub shape: CellShape,
    /// Their numbers; none where there are so many kinds that they are found again when they are needed.
    numbers: Option<Vec<RowNumbers>>,
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

    /// Adds a cell with nodes at these ends; its kind, if it has a body. `point` is the mechanism that moves its v, if one
    /// does and nothing else can.
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

impl Kind {
    fn new(id: KindId, cell: &Cell, extra: &[ExtraEnd], point: Option<u32>, paint: &mut Paint) -> Kind {
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
struct Classes {
    number: HashMap<BTreeSet<usize>, u32>,
    /// Of each of the names in [`Paint::names`] the mechanism, if it is one.
    mechanism: Vec<Option<usize>>,
}

impl Classes {
    fn new(cells: &Cells, mechanism_of: &HashMap<&str, usize>) -> Classes {
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

    fn chains(&self, kind: &Kind) -> Chains {
        let (sets, ends) = (self.painted(kind), self.number.len() as u32);
        let of = |row: &Row| match row.kind {
            RowKind::Compartment(_) => self.number[&sets[row.section as usize]],
            RowKind::Start | RowKind::End => ends,
        };
        Chains::new(&kind.parent, kind.shape.rows.iter().map(of).collect(), ends)
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
    let mut groups = cut(&free, free_share, target.lanes, bytes, false);
    groups.extend(cut(&coupled, coupled_share, target.lanes, bytes, true));
    for ((_, coupled), cells) in points {
        let most = (target.group_bytes / BYTES_PER_POINT).max(1);
        let share = cells.len().div_ceil(target.threads.max(1)).min(most).next_multiple_of(ALIGN);
        groups.extend(cells.chunks(share).map(|cells| GroupCells { cells: cells.to_vec(), coupled, points: true }));
    }
    groups
}

/// As many cells of a kind as there are lanes stay together.
fn cut(
    cells: &[GroupCell],
    share: usize,
    lanes: usize,
    bytes: impl Fn(&GroupCell) -> usize,
    coupled: bool,
) -> Vec<GroupCells> {
    let mut groups: Vec<GroupCells> = Vec::new();
    let mut filled = usize::MAX;
    for bunch in cells.chunk_by(|a, b| a.kind == b.kind).flat_map(|cells| cells.chunks(lanes)) {
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
