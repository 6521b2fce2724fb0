//! One fixed step, in NEURON's order to the half step.
//!
//! ```text
//! to_voltage   deliver       what is left of events with time <= t_n, where a WATCH looks at what they change
//!              detect        v(t_n) over threshold: a spike at t_n + 1e-10 ms
//!              deliver       events with time <= t_n + dt/2, also those of WATCH at t_n; what point neurons hear at t_n
//!              drive         stimuli at t_n + dt/2
//!              currents      of all mechanisms at v(t_n), t_n + dt/2
//!              solve         axial currents, the tree: dv and v(t_n+1)
//!  (peers are exchanged between coupled groups)
//! to_states    states        at v(t_n+1), t_n+1; point neurons move v themselves, and fire
//!              diffuse       along the cable, then AFTER SOLVE and BEFORE STEP
//! ```
//!
//! The equation of a node is `cm dv/dt = -sum i(v) + sum g_axial (v_neighbour - v)`; backward Euler with the
//! currents linearised at v(t_n) gives `(cm/dt + g + g_axial) dv - ... = rhs`, all in mA/cm2 and S/cm2.

use crate::backend::{Cause, Event, Fired, GroupInputs, Inputs};
use crate::deliver::{Delivery, Overflow};
use crate::diffuse;
use crate::kernels::{Kernels, Sweep};
use crate::native;
use crate::poisson::Draws;
use crate::profile::{Part, Stopwatch};
use crate::ring::Ring;
use crate::solve::{Arrays, Given};
use std::ops::Range;
use tianyan_layout::{Group, IonTable, Layout, MechanismTable, NodeFields, Wiring};
use tianyan_model::{Gid, SecondOrder, Spike};

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
    /// What the tree solver needs.
    pub given: Given,
    /// What diffusion needs.
    pub diffusion: diffuse::Scratch,
    /// Where time goes.
    pub watch: Stopwatch,
    /// Events that point neurons received.
    pub heard: u64,
    /// What is on its way to point neurons, by wiring.
    pub rings: Vec<Ring>,
    /// Random spikes into them, by background.
    pub draws: Vec<Draws>,
}

impl Scratch {
    /// At the start of an epoch: what point neurons hear.
    pub fn hear(&mut self, layout: &Layout, inputs: &Inputs, now: u64) {
        if self.rings.len() < layout.wirings.len() {
            let padded = |wiring: &Wiring| layout.tables[wiring.table].padded;
            let ring = |wiring: &Wiring| Ring::new(wiring, wiring.inputs.len() * padded(wiring));
            self.rings = layout.wirings.iter().map(ring).collect();
        }
        if self.draws.len() < layout.backgrounds.len() {
            self.draws = layout.backgrounds.iter().map(|b| Draws::new(b, layout.run.dt_ms)).collect();
        }
        for (ring, wiring) in self.rings.iter_mut().zip(&layout.wirings) {
            if inputs.forget {
                ring.forget();
            }
            self.heard += ring.hear(wiring, &inputs.heard, now);
        }
    }
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
    listen(group, scratch, clock);
    scratch.watch.part(Part::Delivery);
    drive(group, kernels, clock, &inputs.driven);
    scratch.watch.part(Part::Stimuli);
    if group.layout.points {
        // Nothing but clamps and the like may have a current.
        if group.layout.tables.len() > 1 {
            currents(group, kernels, scratch, clock.middle_ms(), clock.dt_ms);
            whole_membrane_current(group);
        }
        return;
    }
    currents(group, kernels, scratch, clock.middle_ms(), clock.dt_ms);
    advance_voltage(group, scratch);
    scratch.watch.part(Part::Solve);
}

/// The second half: states at v(t_n+1), diffusion, AFTER SOLVE, BEFORE STEP.
pub fn to_states(group: &mut Group, kernels: &[Kernels], scratch: &mut Scratch, clock: Clock, spikes: &mut Vec<Fired>) {
    sweep(group, kernels, Sweep::State, clock, &mut scratch.watch);
    fire(group, clock, spikes);
    scratch.watch.part(Part::Detection);
    diffuse::diffuse(group, kernels, &mut scratch.diffusion, clock.end_ms(), clock.dt_ms);
    scratch.watch.part(Part::Diffusion);
    sweep(group, kernels, Sweep::AfterSolve, clock, &mut scratch.watch);
    sweep(group, kernels, Sweep::BeforeStep, clock, &mut scratch.watch);
}

fn sweep(group: &mut Group, kernels: &[Kernels], sweep: Sweep, clock: Clock, watch: &mut Stopwatch) {
    let state = group.state.values_mut();
    for (t, (table, kernels)) in group.layout.tables.iter().zip(kernels).enumerate() {
        kernels.sweep(sweep, table, state, clock.end_ms(), clock.dt_ms);
        if !sweep.kernel(&table.mechanism.kernels).is_empty() {
            watch.table(t, false);
        }
    }
}

/// What point neurons hear at t_n.
fn listen(group: &mut Group, scratch: &mut Scratch, clock: Clock) {
    let Group { layout, state } = group;
    let state = state.values_mut();
    for (ring, wiring) in scratch.rings.iter_mut().zip(&layout.wirings) {
        ring.take(wiring, clock.step, state);
    }
    for (draws, background) in scratch.draws.iter_mut().zip(&layout.backgrounds) {
        draws.add(background, layout.run.seed, clock.step, state);
    }
}

/// Spikes of point neurons: at t_n+1, or at t_n if events at t_n made them.
fn fire(group: &mut Group, clock: Clock, spikes: &mut Vec<Fired>) {
    let state = group.state.values();
    for table in &group.layout.tables {
        let Some(field) = table.mechanism.spike else { continue };
        let times = &state[table.offsets[field]..][..table.count];
        for (block, times) in times.chunks(FIRE_BLOCK).enumerate() {
            if !times.iter().fold(false, |any, time| any | (*time >= 0.0)) {
                continue;
            }
            for (i, &time_ms) in times.iter().enumerate().filter(|(_, time)| **time >= 0.0) {
                spikes.push(fired(table.owner[block * FIRE_BLOCK + i], time_ms, clock));
            }
        }
    }
}

/// The spike of a point neuron, which lies in its step. Times that are the step's ends up to rounding are that exactly.
pub fn fired(gid: Gid, time_ms: f64, clock: Clock) -> Fired {
    let near = |end: &f64| (time_ms - end).abs() < 1e-6 * clock.dt_ms;
    let inside = time_ms.max(clock.start_ms).min(clock.end_ms());
    let time_ms = [clock.start_ms, clock.end_ms()].into_iter().find(near).unwrap_or(inside);
    let cause = if time_ms > clock.start_ms { Cause::BEFORE } else { Cause::LAST };
    Fired { spike: Spike { time_ms, gid }, cause }
}

/// Point neurons that are looked at together: few fire.
const FIRE_BLOCK: usize = 64;

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
    let watched = group.layout.tables.iter().any(|table| !table.mechanism.watches.is_empty());
    let is_past = |event: &&Event| watched && event.time_ms <= start_ms;
    if watched {
        let overflow = &mut scratch.overflow;
        Delivery::new(group, kernels, clock.dt_ms, spikes, overflow).all(due.iter().filter(is_past), start_ms);
    }
    scratch.watch.part(Part::Delivery);
    detect(group, clock, spikes);
    scratch.watch.part(Part::Detection);
    let mut delivery = Delivery::new(group, kernels, clock.dt_ms, spikes, &mut scratch.overflow);
    if watched {
        delivery.watch(start_ms);
    }
    delivery.all(due.iter().filter(|event| !is_past(event)), middle_ms);
}

fn drive(group: &mut Group, kernels: &[Kernels], clock: Clock, driven: &[f64]) {
    let Group { layout, state } = group;
    let slots = &layout.driven;
    let row = clock.in_epoch * slots.len();
    let state = state.values_mut();
    for (&slot, &value) in slots.iter().zip(driven.get(row..).unwrap_or_default()) {
        state[slot as usize] = value;
    }
    for &t in &layout.prepared_in_step {
        kernels[t].sweep(Sweep::Prepare, &layout.tables[t], state, clock.middle_ms(), clock.dt_ms);
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
        if layout.run.second_order == SecondOrder::VoltageAndCurrents {
            state[ion.conductance..ion.conductance + ion.padded].fill(0.0);
        }
        nernst(ion, &ion.nernst_in_step, state, layout.run.temperature_celsius);
    }
    scratch.watch.part(Part::Preparation);
    let run = |electrodes: bool, state: &mut [f64], watch: &mut Stopwatch| {
        for (t, (table, kernels)) in layout.tables.iter().zip(kernels).enumerate() {
            if table.mechanism.electrode == electrodes {
                kernels.sweep(Sweep::Current, table, state, t_ms, dt_ms);
                if !table.mechanism.kernels.current.is_empty() {
                    watch.table(t, true);
                }
                if !table.mechanism.kernels.shares.is_empty() {
                    share(table, state);
                    watch.part(Part::Sums);
                }
            }
        }
    };
    run(false, state, &mut scratch.watch);
    keep_membrane_current(layout, state, scratch);
    run(true, state, &mut scratch.watch);
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

/// R T / (z F), mV, with NEURON's constants (CODATA 2018).
pub fn nernst_factor(valence: f64, temperature_celsius: f64) -> f64 {
    const GAS_CONSTANT: f64 = 8.314_462_618_153_24;
    const FARADAY: f64 = 96_485.332_123_31;
    1e3 * GAS_CONSTANT * (temperature_celsius + 273.15) / (valence * FARADAY)
}

/// Sets the reversal potential of these instances to Nernst's, mV, with NEURON's constants (CODATA 2018). As in NEURON
/// (src/nrnoc/eion.cpp) it is 1e6 mV where nothing is inside, -1e6 mV where nothing is outside, and 0 without a
/// valence.
pub fn nernst(ion: &IonTable, instances: &[u32], state: &mut [f64], temperature_celsius: f64) {
    let factor = nernst_factor(ion.valence, temperature_celsius);
    if ion.valence != 0.0
        && let (Some(&first), Some(&last)) = (instances.first(), instances.last())
        && (last - first) as usize + 1 == instances.len()
    {
        let range = |field: usize| field + first as usize..field + last as usize + 1;
        let ranges = [ion.reversal, ion.inside, ion.outside].map(range);
        if let Ok([reversal, inside, outside]) = state.get_disjoint_mut(ranges)
            && native::nernst(reversal, inside, outside, factor)
        {
            return;
        }
    }
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

/// Of cells without a voltage equation: what is left per area becomes nA.
fn whole_membrane_current(group: &mut Group) {
    let NodeFields { area, membrane_current, .. } = group.layout.node_fields;
    let Some(current) = membrane_current else { return };
    let nodes = group.layout.nodes;
    let state = group.state.values_mut();
    (0..nodes).for_each(|node| state[current + node] *= state[area + node] * 0.01);
}

/// v(t_n+1); then the membrane current, and under secondorder 2 the ions' currents at the half step.
fn advance_voltage(group: &mut Group, scratch: &mut Scratch) {
    let Group { layout, state } = group;
    let state = state.values_mut();
    let NodeFields { rhs, area, membrane_current, .. } = layout.node_fields;
    let second_order = layout.run.second_order;
    let factor = if second_order == SecondOrder::Off { 1.0 } else { 2.0 };
    if let Some(mut arrays) = Arrays::of(layout, state) {
        native::solve(&layout.rows.plan, &mut arrays, &mut scratch.given, factor);
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
    axial_currents(group);
    let nodes = group.layout.nodes;
    let state = group.state.values_mut();
    for node in 0..nodes {
        state[current + node] = (state[current + node] + state[rhs + node]) * state[area + node] * 0.01;
    }
}

/// Adds to `rhs` what neighbours bring in, mA/cm2.
fn axial_currents(group: &mut Group) {
    let Group { layout, state } = group;
    let NodeFields { voltage, rhs, to_parent, from_parent, .. } = layout.node_fields;
    let state = state.values_mut();
    for cell in &layout.rows.cells {
        let nodes = layout.rows.nodes(cell);
        for (&node, &parent) in nodes.iter().zip(&*cell.parent).skip(1) {
            let (node, parent) = (node as usize, nodes[parent as usize] as usize);
            let dv = state[voltage + parent] - state[voltage + node];
            state[rhs + node] -= state[to_parent + node] * dv;
            state[rhs + parent] += state[from_parent + node] * dv;
        }
    }
}
