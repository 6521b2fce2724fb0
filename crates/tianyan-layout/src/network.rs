//! All that one rank simulates.

use crate::cable;
use crate::cells::{Cells, GroupCells};
use crate::connect::{self, Connectivity};
use crate::group::{Detectors, Group, Layout, NodeFields, Tile};
use crate::instances::{self, Addresses, ByMechanism, Placed};
use crate::ions::{self, Ions};
use crate::probes::{Finder, Sampler, samplers};
use crate::state::{Arena, State};
use crate::tables::{self, Shared};
use crate::{Slot, Target};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use tianyan_model::{
    Connections, Couplings, Gid, Place, Problem, Problems, Quantity, Recipe, RunSettings, SecondOrder, Stimuli,
    Waveform,
};
use tianyan_nmodl::ir::Binding;
use tianyan_nmodl::{FieldClass, Mechanism, MechanismKind};

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
    /// Continuous couplings.
    pub peers: Vec<PeerCopy>,
    /// What is recorded.
    pub samplers: Vec<Sampler>,
    /// Known spikes of source cells that anybody hears.
    pub trains: Vec<(Gid, Vec<f64>)>,
    /// The least delay between simulated cells on this rank, ms.
    pub least_delay_ms: Option<f64>,
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
    let gids: Vec<Gid> = (0..rank_of.len() as u32).filter(|&g| rank_of[g as usize] == rank as u32).map(Gid).collect();
    let mut connections = Connections::default();
    let mut couplings = Couplings::default();
    let mut stimuli = Stimuli::default();
    let mut problems = Problems::default();
    problems.take(recipe.connections_on(&gids, &mut connections));
    problems.take(recipe.couplings_on(&gids, &mut couplings));
    problems.take(recipe.stimuli_on(&gids, &mut stimuli));
    check_point_processes(recipe, mechanisms, &connections, &couplings, &stimuli, &mut problems);
    if !problems.0.is_empty() {
        return Err(problems);
    }
    let coupled: BTreeSet<Gid> =
        couplings.instances.iter().map(|i| i.gid).chain(couplings.peers.iter().map(|p| p.gid)).collect();
    let processes = [&connections.synapses[..], &couplings.instances[..], &stimuli.instances[..]];
    let cells = Cells::new(recipe, &gids, &processes, &coupled, target)?;
    check_densities(recipe, mechanisms, &cells, &mut problems);
    if !problems.0.is_empty() {
        return Err(problems);
    }
    Builder { recipe, mechanisms, target, cells: &cells, connections, couplings, stimuli }.build(&gids)
}

struct Builder<'a> {
    recipe: &'a dyn Recipe,
    mechanisms: &'a [Arc<Mechanism>],
    target: &'a Target,
    cells: &'a Cells,
    connections: Connections,
    couplings: Couplings,
    stimuli: Stimuli,
}

impl Builder<'_> {
    fn build(&self, gids: &[Gid]) -> Result<Network, Problems> {
        let mut problems = Problems::default();
        let lanes = self.target.lanes;
        let addresses = Addresses::new(self.cells, lanes);
        let mechanism_of: HashMap<&str, usize> =
            self.mechanisms.iter().enumerate().map(|(i, m)| (m.name.as_str(), i)).collect();
        let density = |g: &GroupCells, problems: &mut Problems| {
            instances::densities(&self.cells.kinds, g, lanes, &mechanism_of, problems)
        };
        let mut by_group: Vec<ByMechanism> = self.cells.groups.iter().map(|g| density(g, &mut problems)).collect();
        let mut place = |list: &[tianyan_model::PointProcess], sets| {
            instances::place(list, sets, self.cells, &addresses, &mut by_group)
        };
        let synapses = place(&self.connections.synapses, &self.connections.parameter_sets);
        let coupled = place(&self.couplings.instances, &self.couplings.parameter_sets);
        let driven = place(&self.stimuli.instances, &self.stimuli.parameter_sets);

        let mut probes = Vec::new();
        problems.take(self.recipe.probes_on(gids, &mut probes));
        let reports = self.recipe.reports();
        let imem = reports.iter().any(|r| r.quantity == Quantity::MembraneCurrent);
        let counts = connect::count(&self.connections, &synapses, by_group.len(), self.mechanisms.len());
        let mut groups = Vec::with_capacity(by_group.len());
        for (g, by_mechanism) in by_group.iter().enumerate() {
            groups.push(self.group(&self.cells.groups[g], by_mechanism, &counts[g], imem, &mut problems));
        }
        if !problems.0.is_empty() {
            return Err(problems);
        }
        let waveforms = self.drive(&mut groups, &driven, &mut problems);
        let connectivity = {
            let (layouts, mut states): (Vec<_>, Vec<_>) =
                groups.iter_mut().map(|g| (g.layout.clone(), g.state.values_mut())).unzip();
            let (connectivity, incoming) = connect::connect(&self.connections, &synapses, &layouts, &mut states);
            for (group, incoming) in groups.iter_mut().zip(incoming) {
                group.layout.tables.iter_mut().zip(incoming).for_each(|(table, of)| table.incoming = of);
            }
            connectivity
        };
        let layouts: Vec<Layout> = groups.iter().map(|g| g.layout.clone()).collect();
        let mut finder = Finder::new(self.cells, &addresses, &layouts);
        let peers = self.peers(&layouts, &coupled, &mut finder, &mut problems);
        self.check_pointers(&layouts, &peers, &mut problems);
        let samplers = samplers(&probes, reports, self.recipe.run().dt_ms, &mut finder, &mut problems);
        let mut trains = self.trains(&mut problems);
        let least_delay_ms = self.least_delay(&trains);
        trains.retain(|(gid, times)| !times.is_empty() && !connectivity.targets(*gid).is_empty());
        let network = Network {
            waveforms,
            least_delay_ms,
            compartments: layouts.iter().map(|l| l.compartments as u64).sum(),
            cells: gids.len() as u64,
            groups,
            connectivity,
            peers,
            samplers,
            trains,
        };
        problems.or(network)
    }

    fn group(
        &self,
        cells: &GroupCells,
        instances: &ByMechanism,
        connections: &[usize],
        imem: bool,
        problems: &mut Problems,
    ) -> Group {
        let lanes = self.target.lanes;
        let (tiles, parent, compartments) = self.tiles(cells);
        let nodes = tiles.last().map_or(0, |t| t.first_node + t.rows * lanes);
        let mut arena = Arena::default();
        let node_fields = node_fields(&mut arena, nodes + 1, imem);
        let celsius = arena.add("celsius", 1, "degC", FieldClass::Parameter);
        let kinds = &self.cells.kinds;
        let ions = ions::ions(kinds, cells, lanes, nodes, self.mechanisms, instances, &mut arena);
        let mut order: Vec<usize> = (0..self.mechanisms.len()).filter(|&m| !instances[m].is_empty()).collect();
        order.sort_by_key(|&m| !self.mechanisms[m].writes_concentration());
        let recipe = self.recipe;
        let shared = Shared { node_fields: &node_fields, celsius, ions: &ions, recipe, nodes };
        let mut tables: Vec<_> = order
            .iter()
            .map(|&m| tables::table(m, &self.mechanisms[m], &instances[m], connections[m], &shared, &mut arena))
            .collect();
        let mut detectors = self.detectors(cells);
        detectors.above = arena.add("detectors.above", detectors.gid.len(), "", FieldClass::Exact);
        let mut state = State::new(arena.len());
        let values = state.values_mut();
        values[celsius] = self.recipe.run().temperature_celsius;
        self.fill_nodes(cells, &tiles, &node_fields, nodes, values);
        fill_ions(&ions, values);
        for table in &tables {
            tables::fill(table, &instances[table.source], self.recipe, values, problems);
        }
        for table in tables.iter_mut().filter(|table| !table.mechanism.kernels.diffusions.is_empty()) {
            table.cable = Some(cable::cable(kinds, cells, &tiles, lanes, &table.index[..table.count]));
        }
        let coupled = cells.coupled;
        let run = self.recipe.run().clone();
        let Ions { tables: ions, .. } = ions;
        let fields = arena.fields;
        let driven = Vec::new();
        let layout = Layout {
            lanes,
            coupled,
            run,
            tiles,
            parent,
            nodes,
            compartments,
            node_fields,
            ions,
            tables,
            detectors,
            driven,
            fields,
        };
        Group { layout, state }
    }

    fn tiles(&self, cells: &GroupCells) -> (Vec<Tile>, Vec<u32>, usize) {
        let (mut tiles, mut parent, mut first_node, mut compartments) = (Vec::new(), Vec::new(), 0, 0);
        for tile in &cells.tiles {
            let kind = &self.cells.kinds[tile.kind];
            let rows = kind.shape.rows.len();
            tiles.push(Tile { kind: kind.id, first_node, first_row: parent.len(), rows, cells: tile.gids.clone() });
            parent.extend(kind.shape.rows.iter().map(|r| r.parent));
            first_node += rows * self.target.lanes;
            compartments += kind.shape.compartments() * tile.gids.len();
        }
        (tiles, parent, compartments)
    }

    fn fill_nodes(&self, cells: &GroupCells, tiles: &[Tile], f: &NodeFields, nodes: usize, values: &mut [f64]) {
        let lanes = self.target.lanes;
        let per_ms = capacitance_factor(self.recipe.run());
        for (tile, of) in tiles.iter().zip(&cells.tiles) {
            let rows = &self.cells.kinds[of.kind].shape.rows;
            for (r, row) in rows.iter().enumerate() {
                for lane in 0..lanes {
                    let node = tile.first_node + r * lanes + lane;
                    values[f.voltage + node] = row.v_init_mv;
                    values[f.area + node] = row.area_um2;
                    values[f.diameter + node] = row.diameter_um;
                    // Lanes without a cell keep a membrane, so that their rows stay solvable.
                    let cm = if lane < tile.cells.len() { row.cm_uf_per_cm2 } else { 1.0 };
                    values[f.capacitance + node] = per_ms * cm;
                    values[f.to_parent + node] = row.to_parent;
                    values[f.from_parent + node] = row.from_parent;
                    let parent = tile.first_node + row.parent as usize * lanes + lane;
                    values[f.axial + node] -= row.to_parent;
                    values[f.axial + parent] -= row.from_parent;
                }
            }
        }
        values[f.area + nodes] = 100.0;
        values[f.diameter + nodes] = 1.0;
        values[f.voltage + nodes] = -65.0;
    }

    fn detectors(&self, cells: &GroupCells) -> Detectors {
        let mut found: Vec<(Gid, u32, f64)> = Vec::new();
        let lanes = self.target.lanes;
        let mut first_node = 0;
        for tile in &cells.tiles {
            let kind = &self.cells.kinds[tile.kind];
            if let Some(detector) = kind.cell.detector {
                let row = kind.shape.row_at(detector.location) as usize;
                for (lane, &gid) in tile.gids.iter().enumerate() {
                    found.push((gid, (first_node + row * lanes + lane) as u32, detector.threshold_mv));
                }
            }
            first_node += kind.shape.rows.len() * lanes;
        }
        found.sort_by_key(|d| d.0);
        Detectors {
            gid: found.iter().map(|d| d.0).collect(),
            node: found.iter().map(|d| d.1).collect(),
            threshold_mv: found.iter().map(|d| d.2).collect(),
            above: 0,
        }
    }

    fn drive(&self, groups: &mut [Group], placed: &[Placed], problems: &mut Problems) -> Vec<Vec<Waveform>> {
        let mut waveforms = vec![Vec::new(); groups.len()];
        for driven in &self.stimuli.driven {
            let at = placed[driven.instance as usize];
            let layout = &mut groups[at.group as usize].layout;
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
        waveforms
    }

    fn peers(
        &self,
        layouts: &[Layout],
        placed: &[Placed],
        finder: &mut Finder,
        problems: &mut Problems,
    ) -> Vec<PeerCopy> {
        let mut copies = Vec::with_capacity(self.couplings.peers.len());
        for peer in &self.couplings.peers {
            let at = placed[peer.instance as usize];
            let to = slot_of(&layouts[at.group as usize], at, &peer.pointer);
            match (finder.slot(peer.gid, peer.location, &peer.quantity), to) {
                (Ok(from), Some(offset)) => copies.push(PeerCopy { from, to: Slot { group: at.group, offset } }),
                (Err(more), _) => problems.0.extend(more.0),
                (_, None) => problems.push(
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
        copies
    }

    /// POINTERs that a mechanism reads and that point at nothing.
    fn check_pointers(&self, layouts: &[Layout], peers: &[PeerCopy], problems: &mut Problems) {
        let connected: BTreeSet<(u32, usize)> =
            peers.iter().map(|copy| (copy.to.group, copy.to.offset as usize)).collect();
        let mut loose: BTreeSet<(&str, &str)> = BTreeSet::new();
        for (g, layout) in layouts.iter().enumerate() {
            for table in &layout.tables {
                let bindings = &table.mechanism.kernels.bindings;
                let read = |f: usize| bindings.contains(&Binding::Field(f));
                let pointers = table.mechanism.fields.iter().enumerate().filter(|(f, field)| field.peer && read(*f));
                for (f, field) in pointers {
                    if (0..table.count).any(|i| !connected.contains(&(g as u32, table.slot(f, i)))) {
                        loose.insert((&table.mechanism.name, &field.name));
                    }
                }
            }
        }
        for (mechanism, pointer) in loose {
            let problem = Problem::new(
                "pointer-loose",
                format!("POINTER `{pointer}` of `{mechanism}` points at nothing"),
            )
            .help("[[graded_synapses]] and [[gap_junctions]] connect a POINTER of a point process to another cell's v");
            problems.push(problem.at(self.recipe.place_of(mechanism, None).unwrap_or_default()));
        }
    }

    /// The known spikes of all sources of the network, silent ones too.
    fn trains(&self, problems: &mut Problems) -> Vec<(Gid, Vec<f64>)> {
        let everybody: u32 = self.recipe.populations().iter().map(|p| p.size).sum();
        let gids: Vec<Gid> = (0..everybody).map(Gid).collect();
        let mut trains = Vec::new();
        problems.take(self.recipe.source_spikes_on(&gids, &mut trains));
        trains
    }

    fn least_delay(&self, trains: &[(Gid, Vec<f64>)]) -> Option<f64> {
        let sources: BTreeSet<Gid> = trains.iter().map(|(gid, _)| *gid).collect();
        let simulated = |gid: &Gid| !sources.contains(gid);
        let delays = self.connections.source.iter().zip(&self.connections.delay_ms);
        delays.filter(|(gid, _)| simulated(gid)).map(|(_, &delay)| delay).reduce(f64::min)
    }
}

/// What 1 uF/cm2 adds to the diagonal, S/cm2: 0.001/dt, or 0.001*2/dt for Crank-Nicolson.
fn capacitance_factor(run: &RunSettings) -> f64 {
    match run.second_order {
        SecondOrder::Off => 1e-3 / run.dt_ms,
        _ => 1e-3 * (2.0 / run.dt_ms),
    }
}

fn slot_of(layout: &Layout, at: Placed, field: &str) -> Option<u32> {
    let table = layout.tables.iter().find(|t| t.source == at.mechanism as usize)?;
    let field = table.mechanism.field(field)?;
    Some(table.slot(field, at.instance as usize) as u32)
}

fn node_fields(arena: &mut Arena, len: usize, imem: bool) -> NodeFields {
    use FieldClass::{Parameter, Real};
    NodeFields {
        voltage: arena.add("v", len, "mV", Real),
        rhs: arena.add("rhs", len, "mA/cm2", Real),
        diagonal: arena.add("diagonal", len, "S/cm2", Real),
        area: arena.add("area", len, "um2", Parameter),
        diameter: arena.add("diameter", len, "um", Parameter),
        capacitance: arena.add("capacitance", len, "S/cm2", Parameter),
        axial: arena.add("axial", len, "S/cm2", Parameter),
        to_parent: arena.add("to_parent", len, "S/cm2", Parameter),
        from_parent: arena.add("from_parent", len, "S/cm2", Parameter),
        membrane_current: imem.then(|| arena.add("i_membrane", len, "nA", Real)),
    }
}

fn fill_ions(ions: &Ions, values: &mut [f64]) {
    for (table, [reversal, inside, outside]) in ions.tables.iter().zip(&ions.start) {
        let n = table.padded;
        values[table.reversal..table.reversal + n].copy_from_slice(reversal);
        values[table.inside..table.inside + n].copy_from_slice(inside);
        values[table.outside..table.outside + n].copy_from_slice(outside);
    }
}

/// Synapses, couplings and stimuli must be point processes, and event targets must receive events.
/// Painted mechanisms are density mechanisms.
fn check_densities(recipe: &dyn Recipe, mechanisms: &[Arc<Mechanism>], cells: &Cells, problems: &mut Problems) {
    let painted: BTreeSet<&str> =
        cells.kinds.iter().flat_map(|kind| &kind.cell.densities).map(|density| density.mechanism.as_str()).collect();
    for mechanism in mechanisms.iter().filter(|m| m.kind != MechanismKind::Density && painted.contains(&*m.name)) {
        let message = format!("mechanism `{}` is no density mechanism and cannot be painted", mechanism.name);
        let problem = Problem::new("mechanism-kind", message).help("give it a place: synapses, connections or stimuli");
        problems.push(problem.at(recipe.place_of(&mechanism.name, None).unwrap_or_default()));
    }
}

fn check_point_processes(
    recipe: &dyn Recipe,
    mechanisms: &[Arc<Mechanism>],
    connections: &Connections,
    couplings: &Couplings,
    stimuli: &Stimuli,
    problems: &mut Problems,
) {
    let mut wrong: BTreeSet<(usize, bool)> = BTreeSet::new();
    let all = connections.synapses.iter().chain(&couplings.instances).chain(&stimuli.instances);
    for process in all {
        if mechanisms[process.mechanism].kind == MechanismKind::Density {
            wrong.insert((process.mechanism, false));
        }
    }
    for &synapse in &connections.synapse {
        let mechanism = connections.synapses[synapse as usize].mechanism;
        if mechanisms[mechanism].arguments.is_empty() {
            wrong.insert((mechanism, true));
        }
    }
    for (m, event) in wrong {
        let source = &recipe.mechanisms()[m];
        let (message, help) = if event {
            ("has no NET_RECEIVE and cannot be the target of event connections", "use a synapse such as ExpSyn")
        } else {
            ("is a density mechanism and cannot be placed at a point", "paint it on a region, or use a POINT_PROCESS")
        };
        problems.push(
            Problem::new("mechanism-kind", format!("mechanism `{}` {message}", source.name))
                .at(recipe.place_of(&source.name, None).unwrap_or_else(|| Place::file(source.origin.clone())))
                .help(help),
        );
    }
}
