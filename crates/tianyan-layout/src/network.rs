//! All that one rank simulates.

use crate::cells::{Addresses, Cells, Kinds, extra_ends};
use crate::chains::NodeRow;
use crate::check;
use crate::connect::{self, Connectivity};
use crate::gather::{Gathered, Known, gather};
use crate::group::{Group, Layout, MechanismTable};
use crate::instances::{self, ByMechanism, Placed};
use crate::lower::Lowering;
use crate::probes::{Finder, Sampler, samplers};
use crate::remote::{self, RemotePeers, Seen};
use crate::state::State;
use crate::{Slot, Target, background, wiring};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tianyan_model::{
    Couplings, Gid, Peer, PointProcess, Problem, Problems, Quantity, Recipe, Stimuli, Synapses, Waveform,
};
use tianyan_nmodl::ir::{Binding, Op};
use tianyan_nmodl::{Inputs, Mechanism};

/// A peer's value: copied from one slot to another after every voltage update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerCopy {
    /// What is read.
    pub from: Slot,
    /// The POINTER's field that sees it.
    pub to: Slot,
}

/// The groups of one rank and what joins them.
#[derive(Debug, Clone)]
pub struct Network {
    /// The groups; the backend takes them.
    pub groups: Vec<Group>,
    /// Courses of the driven values of each group, in the order of [`Layout::driven`].
    pub waveforms: Vec<Vec<Waveform>>,
    /// Event connections by source.
    pub connectivity: Connectivity,
    /// Continuous couplings within the rank.
    pub peers: Vec<PeerCopy>,
    /// Continuous couplings with other ranks.
    pub remote: RemotePeers,
    /// Simulated cells of other ranks whose spikes are heard here, by rank.
    pub heard: Vec<(usize, Vec<Gid>)>,
    /// Whether the order of all spikes of the run matters, also of those that nobody here hears: some fire by events.
    pub ordered: bool,
    /// What is recorded.
    pub samplers: Vec<Sampler>,
    /// Known spikes of source cells that anybody hears.
    pub trains: Vec<(Gid, Vec<f64>)>,
    /// The least delay between simulated cells on this rank, ms.
    pub least_delay_ms: Option<f64>,
    /// The longest delay on this rank, ms.
    pub longest_delay_ms: f64,
    /// Compartments on this rank.
    pub compartments: u64,
    /// Cells on this rank.
    pub cells: u64,
}

/// Lowers the cells that `rank_of` (one rank a gid) gives to `rank`. `mechanisms` are the recipe's, compiled, in
/// the same order.
pub fn build(
    recipe: &dyn Recipe,
    mechanisms: &[Arc<Mechanism>],
    rank_of: &[u32],
    rank: usize,
    target: &Target,
) -> Result<Network, Problems> {
    let gids = remote::gids_of(rank_of, rank);
    let mut couplings = Couplings::default();
    let mut stimuli = Stimuli::default();
    let mut problems = Problems::default();
    problems.take(recipe.couplings_on(&gids, &mut couplings));
    problems.take(recipe.stimuli_on(&gids, &mut stimuli));
    let by_others = problems.take(remote::seen_by_others(recipe, rank_of, rank)).unwrap_or_default();
    let others = || couplings.instances.iter().chain(&stimuli.instances);
    let known = Known::new(recipe, mechanisms, &couplings);
    let mut kinds = Kinds::new(recipe);
    let gathered = gather(recipe, &gids, &known, &extra_ends(others()), &mut kinds, target.workers);
    let gathered = problems.take(gathered).unwrap_or_default();
    check::point_processes(recipe, mechanisms, &gathered.used, others(), &mut problems);
    let mut problems = settled(problems)?;
    let seen = couplings.peers.iter().chain(by_others.iter().flat_map(|(_, seen)| seen)).map(|peer| peer.gid);
    let coupled: BTreeSet<Gid> = couplings.instances.iter().map(|i| i.gid).chain(seen).collect();
    let mechanism_of: HashMap<&str, usize> = mechanisms.iter().enumerate().map(|(i, m)| (m.name.as_str(), i)).collect();
    let cells = kinds.into_cells(&coupled, target)?;
    check::densities(recipe, mechanisms, &cells, &mut problems);
    let problems = settled(problems)?;
    let (addresses, row_of) = Addresses::new(&cells, &mechanism_of, target.lanes);
    let (cells, addresses) = (&cells, &addresses);
    let ranks = Ranks { rank_of, rank, by_others };
    let builder =
        Builder { recipe, mechanisms, mechanism_of, cells, addresses, row_of, couplings, stimuli, ranks, problems };
    builder.build(&gids, gathered, &known.inputs)
}

/// What users call a row of a cell: `dend[3](0.5)`; none if the cell has no such row.
///
/// # Errors
/// What is wrong with the recipe's cell.
pub fn name_of_row(
    recipe: &dyn Recipe,
    mechanisms: &[Arc<Mechanism>],
    (gid, row): (Gid, usize),
    target: &Target,
) -> Result<Option<String>, Problems> {
    let (mut couplings, mut stimuli) = (Couplings::default(), Stimuli::default());
    recipe.couplings_on(&[gid], &mut couplings)?;
    recipe.stimuli_on(&[gid], &mut stimuli)?;
    let known = Known::new(recipe, mechanisms, &couplings);
    let others = couplings.instances.iter().chain(&stimuli.instances);
    let mut kinds = Kinds::new(recipe);
    gather(recipe, &[gid], &known, &extra_ends(others), &mut kinds, 1)?;
    let cells = kinds.into_cells(&BTreeSet::new(), target)?;
    let Some(kind) = cells.kinds.first() else { return Ok(None) };
    let Some(place) = kind.shape.location_of(row) else { return Ok(None) };
    let cell = recipe.cell(kind.id)?;
    Ok(cell.morphology.sections.get(place.section).map(|section| format!("{}({})", section.name, place.x)))
}

/// Tables of which somebody sees what is shown only have no runs, whose kernels leave it out.
fn show<'a>(layouts: &mut [Layout], seen: impl Iterator<Item = &'a Slot>) {
    let mut slots: Vec<Slot> = seen.copied().collect();
    slots.sort_unstable();
    for (layout, group) in layouts.iter_mut().zip(0..) {
        for table in layout.tables.iter_mut().filter(|table| !table.runs.is_empty()) {
            let shown_only = table.mechanism.shown_only();
            let is_seen = |f: usize| {
                let (first, len) = (table.offsets[f] as u32, table.lengths[f] as u32);
                let next = slots.partition_point(|slot| *slot < Slot { group, offset: first });
                slots.get(next).is_some_and(|slot| slot.group == group && slot.offset < first + len)
            };
            if (0..shown_only.len()).any(|f| shown_only[f] && is_seen(f)) {
                table.runs.clear();
            }
        }
    }
}

impl Known {
    fn new(recipe: &dyn Recipe, mechanisms: &[Arc<Mechanism>], couplings: &Couplings) -> Known {
        Known {
            merged: merged(recipe, mechanisms, couplings),
            stepped: mechanisms.iter().map(|mechanism| mechanism.is_stepped()).collect(),
            inputs: mechanisms.iter().map(|mechanism| mechanism.inputs()).collect(),
        }
    }
}

/// Nothing is wrong so far, or all that is.
fn settled(problems: Problems) -> Result<Problems, Problems> {
    problems.or(Problems::default())
}

/// Which mechanisms' equal synapses become one: those that may, and of which nobody reads an instance.
fn merged(recipe: &dyn Recipe, mechanisms: &[Arc<Mechanism>], couplings: &Couplings) -> Vec<bool> {
    let reports = recipe.reports().iter().map(|report| &report.quantity);
    let read = reports.chain(couplings.peers.iter().map(|peer| &peer.quantity));
    let named: BTreeSet<&str> = read
        .filter_map(|quantity| match quantity {
            Quantity::PointProcess { mechanism, .. } => Some(mechanism.as_str()),
            _ => None,
        })
        .collect();
    let wanted = recipe.run().synapses == Synapses::Merged;
    mechanisms.iter().map(|m| wanted && !named.contains(m.name.as_str()) && m.mergeable().is_ok()).collect()
}

struct Builder<'a> {
    recipe: &'a dyn Recipe,
    mechanisms: &'a [Arc<Mechanism>],
    mechanism_of: HashMap<&'a str, usize>,
    cells: &'a Cells,
    addresses: &'a Addresses,
    /// By group.
    row_of: Vec<Vec<NodeRow>>,
    couplings: Couplings,
    stimuli: Stimuli,
    ranks: Ranks<'a>,
    problems: Problems,
}

/// What there is beside this rank.
struct Ranks<'a> {
    rank_of: &'a [u32],
    rank: usize,
    /// What other ranks see of this one.
    by_others: Vec<(usize, Vec<Peer>)>,
}

impl Ranks<'_> {
    /// The rank of a cell, if it is another one.
    fn other(&self, gid: Gid) -> Option<usize> {
        let rank = *self.rank_of.get(gid.0 as usize)? as usize;
        (rank != self.rank).then_some(rank)
    }

    /// The cells of other ranks of which it is true, by rank.
    fn heard(&self, is_heard: impl Fn(Gid) -> bool) -> Vec<(usize, Vec<Gid>)> {
        let mut heard: BTreeMap<usize, Vec<Gid>> = BTreeMap::new();
        for gid in (0..self.rank_of.len() as u32).map(Gid).filter(|gid| is_heard(*gid)) {
            if let Some(rank) = self.other(gid) {
                heard.entry(rank).or_default().push(gid);
            }
        }
        heard.into_iter().collect()
    }
}

/// The groups' arrays, and where couplings and stimuli lie.
struct Lowered {
    layouts: Vec<Layout>,
    states: Vec<State>,
    coupled: Vec<Placed>,
    driven: Vec<Placed>,
}

impl Builder<'_> {
    fn build(mut self, gids: &[Gid], mut gathered: Gathered, inputs: &[Option<Inputs>]) -> Result<Network, Problems> {
        let mut problems = std::mem::take(&mut self.problems);
        let mut trains = self.trains(&mut problems);
        let dt_ms = self.recipe.run().dt_ms;
        let delays = gathered.columns.delays().chain(gathered.points.delays(dt_ms));
        let least_delay_ms = check::least_delay(delays, &trains, dt_ms, &mut problems);
        gathered.points.check(dt_ms, &mut problems);
        let Lowered { mut layouts, mut states, coupled, driven } = self.lower(&mut gathered, &mut problems);
        let mut problems = settled(problems)?;
        let waveforms = self.drive(&mut layouts, &driven, &mut problems);
        let Gathered { synapses, columns, points, .. } = gathered;
        let longest_delay_ms = columns.longest_delay_ms().max(points.longest_delay_ms(dt_ms));
        let heard = points.heard();
        background::backgrounds(&self.stimuli.random, self.addresses, inputs, &mut layouts, &mut problems);
        wiring::wire(points, synapses.list(), self.addresses, inputs, &mut layouts);
        let (connectivity, incoming) =
            connect::connect(columns, synapses.list(), self.addresses, &layouts, &mut states);
        for (layout, incoming) in layouts.iter_mut().zip(incoming) {
            layout.tables.iter_mut().zip(incoming).for_each(|(table, of)| table.incoming = of);
        }
        let mut finder = Finder::new(self.recipe, self.cells, self.addresses, &layouts);
        let (peers, remote) = self.peers(&layouts, &coupled, &mut finder, &mut problems);
        let seen = remote.seen.iter().flat_map(|(_, values)| values).flatten();
        check::pointers(self.recipe, &layouts, peers.iter().map(|copy| &copy.to).chain(seen), &mut problems);
        let samplers = self.samplers(gids, &mut finder, &mut problems);
        let read = remote.read.iter().flat_map(|(_, slots)| slots).chain(peers.iter().map(|peer| &peer.from));
        show(&mut layouts, samplers.iter().flat_map(|sampler| &sampler.slots).chain(read));
        let is_heard =
            |gid: Gid| heard.get(gid.0 as usize).copied().unwrap_or(false) || !connectivity.targets(gid).is_empty();
        // The order of what events cause is the order of all spikes, also of those that only other ranks hear.
        let ordered = self.mechanisms.iter().any(|mechanism| mechanism.fires_by_events());
        let known: BTreeSet<Gid> = trains.iter().map(|(gid, _)| *gid).collect();
        trains.retain(|(gid, times)| !times.is_empty() && (ordered || is_heard(*gid)));
        let heard = self.ranks.heard(|gid| is_heard(gid) && !known.contains(&gid));
        let network = Network {
            waveforms,
            least_delay_ms,
            longest_delay_ms,
            compartments: layouts.iter().map(|l| l.compartments as u64).sum(),
            cells: gids.len() as u64,
            groups: layouts
                .into_iter()
                .map(Arc::new)
                .zip(states)
                .map(|(layout, state)| Group { layout, state })
                .collect(),
            connectivity,
            peers,
            remote,
            heard,
            ordered,
            samplers,
            trains,
        };
        problems.or(network)
    }

    /// Lowers the groups, one after the other: density mechanisms, synapses, couplings, stimuli.
    fn lower(&self, gathered: &mut Gathered, problems: &mut Problems) -> Lowered {
        let (mechanisms, cells, addresses) = (self.mechanisms, self.cells, self.addresses);
        let groups = cells.groups.len();
        let counts = gathered.columns.count(gathered.synapses.list(), addresses, groups, mechanisms.len());
        let imem = self.recipe.reports().iter().any(|r| r.quantity == Quantity::MembraneCurrent);
        let reported = self.recipe.reports().iter().map(|report| &report.quantity);
        let read = reported.chain(self.couplings.peers.iter().map(|peer| &peer.quantity));
        let of_ion = |quantity: &Quantity| match quantity {
            Quantity::Ion(variable) => Some(variable.clone()),
            _ => None,
        };
        let ions_read = read.filter_map(of_ion).collect();
        let lowering = Lowering { recipe: self.recipe, mechanisms, cells, membrane_current: imem, ions_read };
        let [of_couplings, of_stimuli] = [&self.couplings.instances, &self.stimuli.instances].map(|p| self.by_group(p));
        let [mut coupled, mut driven] =
            [&self.couplings.instances, &self.stimuli.instances].map(|list| vec![Placed::default(); list.len()]);
        let (mut layouts, mut states) = (Vec::with_capacity(groups), Vec::with_capacity(groups));
        for (g, group) in cells.groups.iter().enumerate() {
            let row_of = &self.row_of[g];
            let mut all: ByMechanism = instances::densities(cells, group, row_of, &self.mechanism_of, problems);
            instances::place_synapses(&mut gathered.synapses, &gathered.sets, group, addresses, &mut all);
            let Couplings { instances, parameter_sets, .. } = &self.couplings;
            let at = (cells, addresses);
            instances::place((instances, parameter_sets), &of_couplings[g], at, &mut all, &mut coupled);
            let Stimuli { instances, parameter_sets, .. } = &self.stimuli;
            instances::place((instances, parameter_sets), &of_stimuli[g], at, &mut all, &mut driven);
            let (layout, state) = lowering.group(group, (&addresses.rows[g], row_of), &all, &counts[g], problems);
            layouts.push(layout);
            states.push(state);
        }
        Lowered { layouts, states, coupled, driven }
    }

    /// The numbers of the point processes in each group.
    fn by_group(&self, processes: &[PointProcess]) -> Vec<Vec<u32>> {
        let mut numbers = vec![Vec::new(); self.cells.groups.len()];
        for (process, number) in processes.iter().zip(0..) {
            if let Some(address) = self.addresses.of(process.gid) {
                numbers[address.group as usize].push(number);
            }
        }
        numbers
    }

    fn samplers(&self, gids: &[Gid], finder: &mut Finder, problems: &mut Problems) -> Vec<Sampler> {
        let mut probes = Vec::new();
        problems.take(self.recipe.probes_on(gids, &mut probes));
        samplers(&probes, self.recipe.reports(), self.recipe.run().dt_ms, finder, problems)
    }

    fn drive(&self, layouts: &mut [Layout], placed: &[Placed], problems: &mut Problems) -> Vec<Vec<Waveform>> {
        let mut waveforms = vec![Vec::new(); layouts.len()];
        for driven in &self.stimuli.driven {
            let at = placed[driven.instance as usize];
            let layout = &mut layouts[at.group as usize];
            match slot_of(layout, at, &driven.parameter) {
                Some(slot) => {
                    layout.driven.push(slot);
                    waveforms[at.group as usize].push(driven.waveform.clone());
                }
                None => problems.push(Problem::new(
                    "stimulus-parameter",
                    format!(
                        "mechanism `{}` has no parameter `{}` to drive",
                        self.mechanisms[at.mechanism as usize].name, driven.parameter
                    ),
                )),
            }
        }
        layouts.iter_mut().for_each(|layout| layout.prepared_in_step = prepared_in_step(layout));
        waveforms
    }

    fn peers(
        &self,
        layouts: &[Layout],
        placed: &[Placed],
        finder: &mut Finder,
        problems: &mut Problems,
    ) -> (Vec<PeerCopy>, RemotePeers) {
        let (mut copies, mut seen) = (Vec::with_capacity(self.couplings.peers.len()), Seen::default());
        let mut slot = |peer: &Peer, problems: &mut Problems| {
            problems.take(finder.slot(peer.gid, peer.location, &peer.quantity, 0))
        };
        for peer in &self.couplings.peers {
            let at = placed[peer.instance as usize];
            match slot_of(&layouts[at.group as usize], at, &peer.pointer) {
                Some(offset) => {
                    let to = Slot { group: at.group, offset };
                    match self.ranks.other(peer.gid) {
                        Some(rank) => seen.push(rank, peer, to),
                        None => copies.extend(slot(peer, problems).map(|from| PeerCopy { from, to })),
                    }
                }
                None => problems.push(
                    Problem::new(
                        "pointer-unknown",
                        format!(
                            "mechanism `{}` has no POINTER `{}`",
                            self.mechanisms[at.mechanism as usize].name, peer.pointer
                        ),
                    )
                    .help("a graded synapse or gap junction reads its peer through a POINTER"),
                ),
            }
        }
        let mut slots = |peers: &[Peer]| peers.iter().filter_map(|peer| slot(peer, problems)).collect();
        let read = self.ranks.by_others.iter().map(|(rank, peers)| (*rank, slots(peers))).collect();
        (copies, RemotePeers { read, seen: seen.finish() })
    }

    /// The known spikes of all sources of the network, silent ones too.
    fn trains(&self, problems: &mut Problems) -> Vec<(Gid, Vec<f64>)> {
        let everybody: u32 = self.recipe.populations().iter().map(|p| p.size).sum();
        let gids: Vec<Gid> = (0..everybody).map(Gid).collect();
        let mut trains = Vec::new();
        problems.take(self.recipe.source_spikes_on(&gids, &mut trains));
        trains
    }
}

/// The tables whose `prepare` reads something driven.
fn prepared_in_step(layout: &Layout) -> Vec<usize> {
    let reads = |table: &MechanismTable| {
        table.mechanism.kernels.prepare.ops.iter().any(|op| match op {
            Op::Load(b) => {
                let first = table.field[*b as usize] as u32;
                let len = match table.mechanism.kernels.bindings[*b as usize] {
                    Binding::Field(f) => table.lengths[f] as u32,
                    _ => 1,
                };
                layout.driven.iter().any(|slot| (first..first + len).contains(slot))
            }
            _ => false,
        })
    };
    (0..layout.tables.len()).filter(|t| reads(&layout.tables[*t])).collect()
}

fn slot_of(layout: &Layout, at: Placed, field: &str) -> Option<u32> {
    let table = layout.tables.iter().find(|t| t.source == at.mechanism as usize)?;
    let field = table.mechanism.field(field)?;
    Some(table.slot(field, at.instance as usize) as u32)
}
