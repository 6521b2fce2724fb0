//! One fixed step, in NEURON's order to the half step.
//!
//! ```text
//! to_voltage   deliver       what is left of events with time <= t_n, where a WATCH looks at what they change
//!              detect        v(t_n) over threshold: a spike at t_n + 1e-10 ms
//!              deliver       events with time <= t_n + dt/2, also those of WATCH at t_n
//!              drive         stimuli at t_n + dt/2
//!              currents      of all mechanisms at v(t_n), t_n + dt/2
//!              couple        axial currents
//!              solve         the tree: dv
//!              update        v(t_n+1)
//!  (peers are exchanged between coupled groups)
//! to_states    states        at v(t_n+1), t_n+1
//!              diffuse       along the cable, then AFTER SOLVE and BEFORE STEP
//! ```
//!
//! The equation of a node is `cm dv/dt = -sum i(v) + sum g_axial (v_neighbour - v)`; backward Euler with the
//! currents linearised at v(t_n) gives `(cm/dt + g + g_axial) dv - ... = rhs`, all in mA/cm2 and S/cm2.

use crate::backend::{Cause, Event, Fired, GroupInputs};
use crate::deliver::{Delivery, Overflow};
use crate::diffuse;
use crate::kernels::{Kernels, Sweep};
use crate::solve::{Solving, Tree, solve_beside, solve_tree};
use std::ops::Range;
use tianyan_layout::{Group, IonTable, Layout, MechanismTable, NodeFields, Tile};
use tianyan_model::{SecondOrder, Spike};

/// Spikes of threshold detectors carry this much more than the time of their step, as in NEURON.
pub const DETECTION_DELAY_MS: f64 = 1e-10;

/// t_n+1 of t_n: NEURON adds half a step twice, and so do we. An event whose time is the middle of a step to the last
/// bit is early or late by the rounding of these sums.
pub fn next_ms(t_ms: f64, dt_ms: f64) -> f64 {
    (t_ms + 0.5 * dt_ms) + 0.5 * dt_ms
}

/// Which step of the run, and which of the epoch.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Its number n in the run.
    pub step: u64,
    /// t_n, ms.
    pub start_ms: f64,
    /// Its number in the epoch.
    pub in_epoch: usize,
    /// Step length, ms.
    pub dt_ms: f64,
}

impl Clock {
    /// t_n + dt/2, ms.
    pub fn middle_ms(&self) -> f64 {
        self.start_ms + 0.5 * self.dt_ms
    }

    /// t_n+1, ms.
    pub fn end_ms(&self) -> f64 {
        next_ms(self.start_ms, self.dt_ms)
    }
}

/// Scratch of one group: what a step needs beside the state.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    /// Diagonal before axial terms and electrodes; only where the membrane current is recorded.
    pub membrane_diagonal: Vec<f64>,
    /// First event of the epoch that was not delivered.
    pub next_event: usize,
    /// The first instance that sent itself more events than it has slots.
    pub overflow: Option<Overflow>,
    /// What diffusion needs.
    pub diffusion: diffuse::Scratch,
}

/// The first half of a step: everything up to v(t_n+1).
pub fn to_voltage(
    group: &mut Group,
    kernels: &[Kernels],
    scratch: &mut Scratch,
    clock: Clock,
    inputs: &GroupInputs,
    spikes: &mut Vec<Fired>,
) {
    deliver(group, kernels, scratch, clock, &inputs.events, spikes);
    drive(group, clock, &inputs.driven);
    currents(group, kernels, scratch, clock.middle_ms(), clock.dt_ms);
    couple(group);
    solve(group);
    update(group, scratch);
}

/// The second half: states at v(t_n+1), diffusion, AFTER SOLVE, BEFORE STEP.
pub fn to_states(group: &mut Group, kernels: &[Kernels], scratch: &mut Scratch, clock: Clock) {
    sweep(group, kernels, Sweep::State, clock);
    diffuse::diffuse(group, kernels, &mut scratch.diffusion, clock.end_ms(), clock.dt_ms);
    sweep(group, kernels, Sweep::AfterSolve, clock);
    sweep(group, kernels, Sweep::BeforeStep, clock);
}

fn sweep(group: &mut Group, kernels: &[Kernels], sweep: Sweep, clock: Clock) {
    let state = group.state.values_mut();
    for (table, kernels) in group.layout.tables.iter().zip(kernels) {
        kernels.sweep(sweep, table, state, clock.end_ms(), clock.dt_ms);
    }
}

fn detect(group: &mut Group, clock: Clock, spikes: &mut Vec<Fired>) {
    let detectors = &group.layout.detectors;
    let voltage = group.layout.node_fields.voltage;
    let state = group.state.values_mut();
    for (i, &gid) in detectors.gid.iter().enumerate() {
        let above = state[voltage + detectors.node[i] as usize] > detectors.threshold_mv[i];
        let flag = &mut state[detectors.above + i];
        if above && *flag == 0.0 {
            let spike = Spike { time_ms: clock.start_ms + DETECTION_DELAY_MS, gid };
            spikes.push(Fired { spike, cause: Cause::NONE });
        }
        *flag = f64::from(above);
    }
}

/// Detection among the events: those with time <= t_n come before it, the others after. Only WATCH can tell.
fn deliver(
    group: &mut Group,
    kernels: &[Kernels],
    scratch: &mut Scratch,
    clock: Clock,
    events: &[Event],
    spikes: &mut Vec<Fired>,
) {
    let rest = events.get(scratch.next_event..).unwrap_or_default();
    let due = &rest[..rest.partition_point(|event| event.step as usize <= clock.in_epoch)];
    scratch.next_event += due.len();
    let (start_ms, middle_ms) = (clock.start_ms, clock.middle_ms());
    let overflow = &mut scratch.overflow;
    if group.layout.tables.iter().all(|table| table.mechanism.watches.is_empty()) {
        detect(group, clock, spikes);
        return Delivery::new(group, kernels, clock.dt_ms, spikes, overflow).all(due.iter(), middle_ms);
    }
    let is_past = |event: &&Event| event.time_ms <= start_ms;
    Delivery::new(group, kernels, clock.dt_ms, spikes, overflow).all(due.iter().filter(is_past), start_ms);
    detect(group, clock, spikes);
    let mut delivery = Delivery::new(group, kernels, clock.dt_ms, spikes, overflow);
    delivery.watch(start_ms);
    delivery.all(due.iter().filter(|event| !is_past(event)), middle_ms);
}

fn drive(group: &mut Group, clock: Clock, driven: &[f64]) {
    let slots = &group.layout.driven;
    let row = clock.in_epoch * slots.len();
    let state = group.state.values_mut();
    for (&slot, &value) in slots.iter().zip(driven.get(row..).unwrap_or_default()) {
        state[slot as usize] = value;
    }
}

/// The current phase: mechanisms' currents into `rhs`, their conductances and the membrane's capacitance into
/// `diagonal`. Electrodes come last: they are no part of the membrane current.
pub fn currents(group: &mut Group, kernels: &[Kernels], scratch: &mut Scratch, t_ms: f64, dt_ms: f64) {
    let Group { layout, state } = group;
    let state = state.values_mut();
    let fields = &layout.node_fields;
    let nodes = layout.nodes + 1;
    state[fields.rhs..fields.rhs + nodes].fill(0.0);
    state.copy_within(fields.capacitance..fields.capacitance + nodes, fields.diagonal);
    for (table, kernels) in layout.tables.iter().zip(kernels) {
        kernels.sweep(Sweep::BeforeBreakpoint, table, state, t_ms, dt_ms);
    }
    for ion in &layout.ions {
        state[ion.current..ion.current + ion.padded].fill(0.0);
        state[ion.conductance..ion.conductance + ion.padded].fill(0.0);
        nernst(ion, &ion.nernst_in_step, state, layout.run.temperature_celsius);
    }
    let run = |electrodes: bool, state: &mut [f64]| {
        for (table, kernels) in layout.tables.iter().zip(kernels) {
            if table.mechanism.electrode == electrodes {
                kernels.sweep(Sweep::Current, table, state, t_ms, dt_ms);
                share(table, state);
            }
        }
    };
    run(false, state);
    keep_membrane_current(layout, state, scratch);
    run(true, state);
}

/// Adds what point processes left in their own fields to their nodes and ions, in the order of the instances.
fn share(table: &MechanismTable, state: &mut [f64]) {
    for share in &table.mechanism.kernels.shares {
        let from = table.field[share.from as usize] as usize;
        let to = table.field[share.to as usize] as usize;
        let index = &table.index[share_indices(table, share.to)];
        for (instance, &at) in index[..table.count].iter().enumerate() {
            state[to + at as usize] += state[from + instance];
        }
    }
}

fn share_indices(table: &MechanismTable, binding: u32) -> Range<usize> {
    let block = match table.mechanism.kernels.bindings[binding as usize] {
        tianyan_nmodl::ir::Binding::Ion(k, _) => 1 + k,
        _ => 0,
    };
    block * table.padded..(block + 1) * table.padded
}

/// Sets the reversal potential of these instances to Nernst's, mV, with NEURON's constants (CODATA 2018). As in NEURON
/// (src/nrnoc/eion.cpp) it is 1e6 mV where nothing is inside, -1e6 mV where nothing is outside, and 0 without a valence.
pub fn nernst(ion: &IonTable, instances: &[u32], state: &mut [f64], temperature_celsius: f64) {
    const GAS_CONSTANT: f64 = 8.314_462_618_153_24;
    const FARADAY: f64 = 96_485.332_123_31;
    let factor = 1e3 * GAS_CONSTANT * (temperature_celsius + 273.15) / (ion.valence * FARADAY);
    for &i in instances {
        let i = i as usize;
        let (inside, outside) = (state[ion.inside + i], state[ion.outside + i]);
        state[ion.reversal + i] = match () {
            _ if ion.valence == 0.0 => 0.0,
            _ if inside <= 0.0 => 1e6,
            _ if outside <= 0.0 => -1e6,
            _ => factor * tianyan_nmodl::math::log(outside / inside),
        };
    }
}

/// The outward ionic current, mA/cm2, before electrodes add to `rhs`.
fn keep_membrane_current(layout: &Layout, state: &mut [f64], scratch: &mut Scratch) {
    let NodeFields { rhs, diagonal, membrane_current, .. } = layout.node_fields;
    let Some(current) = membrane_current else { return };
    let nodes = layout.nodes;
    for node in 0..nodes {
        state[current + node] = -state[rhs + node];
    }
    scratch.membrane_diagonal.clear();
    scratch.membrane_diagonal.extend_from_slice(&state[diagonal..diagonal + nodes]);
}

/// Axial currents at v(t_n) into `rhs`, axial conductances into `diagonal`.
fn couple(group: &mut Group) {
    let layout = &group.layout;
    let fields = &layout.node_fields;
    let nodes = layout.nodes;
    let values = group.state.values_mut();
    let range = |offset: usize| offset..offset + nodes;
    let ranges = [fields.voltage, fields.rhs, fields.diagonal, fields.axial, fields.to_parent, fields.from_parent];
    let Ok([v, rhs, diagonal, axial, up, down]) = values.get_disjoint_mut(ranges.map(range)) else {
        return; // fields of an arena never overlap
    };
    for (d, a) in diagonal.iter_mut().zip(&*axial) {
        *d += a;
    }
    for tile in &layout.tiles {
        let parents = &layout.parent[tile.first_row..tile.first_row + tile.rows];
        let nodes = tile.first_node..tile.first_node + tile.rows * layout.lanes;
        let (v, rhs) = (&v[nodes.clone()], &mut rhs[nodes.clone()]);
        let (up, down) = (&up[nodes.clone()], &down[nodes]);
        if layout.lanes == 1 {
            axial_currents(parents, v, rhs, up, down, 1);
        } else {
            axial_currents(parents, v, rhs, up, down, layout.lanes);
        }
    }
}

/// The axial currents of a tile.
#[inline(always)]
fn axial_currents(parents: &[u32], v: &[f64], rhs: &mut [f64], up: &[f64], down: &[f64], lanes: usize) {
    for (row, &parent) in parents.iter().enumerate().skip(1) {
        let (own, parent) = (row * lanes, parent as usize * lanes);
        for lane in 0..lanes {
            let dv = v[parent + lane] - v[own + lane];
            rhs[own + lane] -= up[own + lane] * dv;
            rhs[parent + lane] += down[own + lane] * dv;
        }
    }
}

fn solve(group: &mut Group) {
    match group.layout.lanes {
        1 => solve_cells(group),
        2 => solve_tiles::<2>(group),
        4 => solve_tiles::<4>(group),
        8 => solve_tiles::<8>(group),
        16 => solve_tiles::<16>(group),
        lanes => unreachable!("no backend asks for {lanes} lanes"),
    }
}

/// Tiles of several lanes, one after the other.
fn solve_tiles<const L: usize>(group: &mut Group) {
    let layout = &group.layout;
    let [mut rhs, mut diagonal, mut up, mut down] = matrix(layout, group.state.values_mut());
    for tile in &layout.tiles {
        let (tree, diagonal, rhs) = next(layout, tile, [&mut rhs, &mut diagonal], [&mut up, &mut down]);
        solve_tree::<L>(&tree, diagonal, rhs);
    }
}

/// Single cells, four at the same time.
fn solve_cells(group: &mut Group) {
    let layout = &group.layout;
    let [mut rhs, mut diagonal, mut up, mut down] = matrix(layout, group.state.values_mut());
    let (fours, rest) = layout.tiles.as_chunks::<4>();
    for four in fours {
        let mut trees = four.each_ref().map(|tile| next(layout, tile, [&mut rhs, &mut diagonal], [&mut up, &mut down]));
        solve_beside(&mut trees);
    }
    for tile in rest {
        let (tree, diagonal, rhs) = next(layout, tile, [&mut rhs, &mut diagonal], [&mut up, &mut down]);
        solve_tree::<1>(&tree, diagonal, rhs);
    }
}

/// `rhs`, `diagonal` and the couplings of all nodes.
fn matrix<'a>(layout: &Layout, values: &'a mut [f64]) -> [&'a mut [f64]; 4] {
    let fields = &layout.node_fields;
    let range = |offset: usize| offset..offset + layout.nodes;
    let ranges = [fields.rhs, fields.diagonal, fields.to_parent, fields.from_parent].map(range);
    values.get_disjoint_mut(ranges).unwrap_or_default() // fields of an arena never overlap
}

/// Takes the next tile's part off the front of each array. Tiles lie one behind the other.
fn next<'a>(
    layout: &'a Layout,
    tile: &Tile,
    solved: [&mut &'a mut [f64]; 2],
    couplings: [&mut &'a mut [f64]; 2],
) -> Solving<'a> {
    let count = tile.rows * layout.lanes;
    let parent = &layout.parent[tile.first_row..tile.first_row + tile.rows];
    let [rhs, diagonal] = solved.map(|array| array.split_off_mut(..count).unwrap_or_default());
    let [to_parent, from_parent] = couplings.map(|array| &*array.split_off_mut(..count).unwrap_or_default());
    (Tree { parent, to_parent, from_parent }, diagonal, rhs)
}

/// v(t_n+1), the membrane current, and under secondorder 2 the ions' currents at the half step.
fn update(group: &mut Group, scratch: &Scratch) {
    let Group { layout, state } = group;
    let state = state.values_mut();
    let NodeFields { voltage, rhs, area, membrane_current, .. } = layout.node_fields;
    let second_order = layout.run.second_order;
    let factor = if second_order == SecondOrder::Off { 1.0 } else { 2.0 };
    for node in 0..layout.nodes {
        state[voltage + node] += factor * state[rhs + node];
    }
    if let Some(current) = membrane_current {
        for (node, diagonal) in scratch.membrane_diagonal.iter().enumerate() {
            let density = diagonal * state[rhs + node] + state[current + node];
            state[current + node] = density * state[area + node] * 0.01;
        }
    }
    if second_order == SecondOrder::VoltageAndCurrents {
        for ion in &layout.ions {
            for (i, &node) in ion.node[..ion.count].iter().enumerate() {
                state[ion.current + i] += state[ion.conductance + i] * state[rhs + node as usize];
            }
        }
    }
}

/// The membrane current at the start, nA: what electrodes and neighbours bring in at v_init.
pub fn membrane_current_at_start(group: &mut Group) {
    let NodeFields { rhs, area, membrane_current, .. } = group.layout.node_fields;
    let Some(current) = membrane_current else { return };
    couple(group);
    let nodes = group.layout.nodes;
    let state = group.state.values_mut();
    for node in 0..nodes {
        state[current + node] = (state[current + node] + state[rhs + node]) * state[area + node] * 0.01;
    }
}
