//! A second backend: plain, slow, four cells side by side, everything interpreted. It shares no code with the CPU
//! backend but the NMODL interpreter, so equal bits prove the contract of layout and backend.

use std::ops::Range;
use tianyan_engine::step::{Clock, fired};
use tianyan_engine::{Backend, Cause, EngineError, Event, Fired, Heard, Inputs, Outputs, Phase, next_ms};
use tianyan_layout::{CellRows, Group, Layout, MechanismTable, Sampler, Slot, State, Target};
use tianyan_model::random::philox_lanes;
use tianyan_model::{SecondOrder, Spike};
use tianyan_nmodl::interpret;
use tianyan_nmodl::ir::{Binding, Kernel};

/// See the module.
pub struct Reference {
    lanes: usize,
    groups: Vec<Group>,
    samplers: Vec<Sampler>,
    /// All that was ever heard.
    heard: Vec<Heard>,
}

impl Reference {
    /// A backend with this many lanes.
    pub fn new(lanes: usize) -> Reference {
        Reference { lanes, groups: Vec::new(), samplers: Vec::new(), heard: Vec::new() }
    }
}

impl Backend for Reference {
    fn target(&self) -> Target {
        Target { lanes: self.lanes, alike: self.lanes, group_bytes: 64 << 10, threads: 1, workers: 1, groups: 0 }
    }

    fn load(&mut self, groups: Vec<Group>) -> Result<(), EngineError> {
        self.groups = groups;
        Ok(())
    }

    fn advance(
        &mut self,
        steps: Range<usize>,
        phase: Phase,
        inputs: &Inputs,
        outputs: &mut Outputs,
    ) -> Result<(), EngineError> {
        if inputs.forget {
            self.heard.clear();
        }
        if phase == Phase::Whole || (phase == Phase::ToVoltage && !self.groups.iter().any(|g| !g.layout.coupled)) {
            self.heard.extend(inputs.heard.iter().filter(|_| steps.start == 0));
        }
        for (g, group) in self.groups.iter_mut().enumerate() {
            if group.layout.coupled != (phase != Phase::Whole) {
                continue;
            }
            let dt = group.layout.run.dt_ms;
            for s in steps.clone() {
                let n = inputs.first_step + s as u64;
                let (is_first, is_last) = (s == steps.start, s + 1 == steps.end);
                if matches!(phase, Phase::Whole | Phase::ToVoltage) || (phase == Phase::ToNextVoltage && is_last) {
                    let spikes = &mut outputs.groups[g].spikes;
                    let events: Vec<Event> =
                        inputs.groups[g].events.iter().filter(|e| e.step as usize == s).copied().collect();
                    let width = group.layout.driven.len();
                    let driven = &inputs.groups[g].driven[s * width..(s + 1) * width];
                    to_voltage(group, inputs.times_ms[s], dt, (&events, &self.heard, n), driven, spikes);
                }
                if matches!(phase, Phase::Whole | Phase::ToStates) || (phase == Phase::ToNextVoltage && is_first) {
                    sweep(group, |t| &t.mechanism.kernels.state, |_| true, next_ms(inputs.times_ms[s], dt), dt);
                    fire(group, (inputs.times_ms[s], dt), &mut outputs.groups[g].spikes);
                    for (sampler, rows) in self.samplers.iter().zip(&mut outputs.groups[g].rows) {
                        if sampler.is_due(n + 1) {
                            let own = sampler.slots.iter().filter(|slot| slot.group as usize == g);
                            rows.extend(own.map(|slot| group.state.values()[slot.offset as usize]));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn gather(&self, slots: &[Slot], values: &mut [f64]) {
        for (slot, value) in slots.iter().zip(values) {
            *value = self.groups[slot.group as usize].state.values()[slot.offset as usize];
        }
    }

    fn scatter(&mut self, slots: &[Slot], values: &[f64]) {
        for (slot, value) in slots.iter().zip(values) {
            self.groups[slot.group as usize].state.values_mut()[slot.offset as usize] = *value;
        }
    }

    fn set_probes(&mut self, samplers: &[Sampler]) {
        self.samplers = samplers.to_vec();
    }

    fn save(&self) -> Vec<State> {
        self.groups.iter().map(|g| g.state.clone()).collect()
    }
}

fn sweep(
    group: &mut Group,
    kernel: impl Fn(&MechanismTable) -> &Kernel,
    which: impl Fn(&MechanismTable) -> bool,
    t_ms: f64,
    dt_ms: f64,
) {
    let state = group.state.values_mut();
    for table in group.layout.tables.iter().filter(|t| which(t)) {
        let (field, index, n) = (&table.field, &table.index, table.padded);
        let mut call = interpret::Call { state, field, index, n, rates: &[], t_ms, dt_ms };
        interpret::run(&table.mechanism, kernel(table), &mut call, 0..table.count);
        for share in &table.mechanism.kernels.shares {
            let ion = match table.mechanism.kernels.bindings[share.to as usize] {
                Binding::Ion(k, _) => 1 + k,
                _ => 0,
            };
            for i in 0..table.count {
                let to = table.field[share.to as usize] + i64::from(table.index[ion * n + i]);
                // Shares belong to currents; other kernels leave them as they are.
                if std::ptr::eq(kernel(table), &table.mechanism.kernels.current) {
                    state[to as usize] += state[table.field[share.from as usize] as usize + i];
                }
            }
        }
    }
}

fn fire(group: &Group, (start_ms, dt_ms): (f64, f64), spikes: &mut Vec<Fired>) {
    let clock = Clock { step: 0, start_ms, in_epoch: 0, dt_ms };
    for table in &group.layout.tables {
        let Some(field) = table.mechanism.spike else { continue };
        for i in 0..table.count {
            let time_ms = group.state.values()[table.slot(field, i)];
            if time_ms >= 0.0 {
                spikes.push(fired(table.owner[i], time_ms, clock));
            }
        }
    }
}

/// What point neurons hear in step `n`: each event for itself, in any order.
fn listen(layout: &Layout, state: &mut [f64], heard: &[Heard], n: u64) {
    for wiring in &layout.wirings {
        let padded = layout.tables[wiring.table].padded;
        let mut sums = vec![0.0; wiring.inputs.len() * padded];
        for spike in heard.iter().rev() {
            wiring.each(spike.source, |delay, target, weight| {
                sums[target as usize] += if spike.step + u64::from(delay) == n { weight } else { 0.0 };
            });
        }
        for (input, sums) in wiring.inputs.iter().zip(sums.chunks(padded)) {
            sums.iter().enumerate().for_each(|(i, sum)| state[input + i] += sum);
        }
    }
    for background in layout.backgrounds.iter().filter(|background| background.steps.contains(&n)) {
        let mean = background.rate_hz * 1e-3 * layout.run.dt_ms;
        for (&i, &gid) in background.instances.iter().zip(&background.gids) {
            let words = philox_lanes::<1>(layout.run.seed, background.stream, [gid], (n / 2) as u32);
            let half = 2 * (n % 2) as usize;
            let bits = u64::from(words[half][0]) << 32 | u64::from(words[half + 1][0]);
            let number = (bits >> 12) as f64 / (1u64 << 52) as f64;
            let (mut count, mut term, mut sum) = (0.0, (-mean).exp(), (-mean).exp());
            while number >= sum && sum < 1.0 - f64::EPSILON {
                count += 1.0;
                term *= mean / count;
                sum += term;
            }
            background.adds.iter().for_each(|(input, added)| state[input + i as usize] += count * added);
        }
    }
}

type Arrivals<'a> = (&'a [Event], &'a [Heard], u64);

fn to_voltage(
    group: &mut Group,
    t: f64,
    dt: f64,
    (events, heard, n): Arrivals,
    driven: &[f64],
    spikes: &mut Vec<Fired>,
) {
    let layout = group.layout.clone();
    let f = layout.node_fields;
    let state = group.state.values_mut();
    for (i, &node) in layout.detectors.node.iter().enumerate() {
        let above = state[f.voltage + node as usize] > layout.detectors.threshold_mv[i];
        if above && state[layout.detectors.above + i] == 0.0 {
            let spike = Spike { time_ms: t + 1e-10, gid: layout.detectors.gid[i] };
            spikes.push(Fired { spike, cause: Cause::NONE });
        }
        state[layout.detectors.above + i] = f64::from(u8::from(above));
    }
    for event in events {
        let table = &layout.tables[event.table as usize];
        let at = event.argument as usize..event.argument as usize + table.mechanism.arguments.len();
        let mut arguments = state[at.clone()].to_vec();
        let width = arguments.len();
        arguments.push(0.0);
        let (field, index, n) = (&table.field, &table.index, table.padded);
        let mut call = interpret::Call { state, field, index, n, rates: &[], t_ms: event.time_ms, dt_ms: dt };
        let kernel = &table.mechanism.kernels.receive;
        interpret::event(&table.mechanism, kernel, &mut call, event.instance as usize, &mut arguments, &mut []);
        state[at].copy_from_slice(&arguments[..width]);
    }
    listen(&layout, state, heard, n);
    for (slot, value) in layout.driven.iter().zip(driven) {
        state[*slot as usize] = *value;
    }
    for table in layout.prepared_in_step.iter().map(|t| &layout.tables[*t]) {
        let (field, index, n) = (&table.field, &table.index, table.padded);
        let mut call = interpret::Call { state, field, index, n, rates: &[], t_ms: t + 0.5 * dt, dt_ms: dt };
        interpret::run(&table.mechanism, &table.mechanism.kernels.prepare, &mut call, 0..table.count);
    }
    for node in 0..=layout.nodes {
        state[f.rhs + node] = 0.0;
        state[f.diagonal + node] = state[f.capacitance + node];
    }
    for ion in &layout.ions {
        for i in 0..ion.padded {
            state[ion.current + i] = 0.0;
            state[ion.conductance + i] = 0.0;
        }
        tianyan_engine::step::nernst(ion, &ion.nernst_in_step, state, layout.run.temperature_celsius);
    }
    sweep(group, |t| &t.mechanism.kernels.current, |t| !t.mechanism.electrode, t + 0.5 * dt, dt);
    let state = group.state.values();
    let membrane: Vec<(f64, f64)> = (0..layout.nodes).map(|n| (state[f.diagonal + n], -state[f.rhs + n])).collect();
    sweep(group, |t| &t.mechanism.kernels.current, |t| t.mechanism.electrode, t + 0.5 * dt, dt);
    if layout.points {
        return;
    }
    let state = group.state.values_mut();
    for cell in &layout.rows.cells {
        solve(state, &layout, cell);
    }
    for node in 0..layout.nodes {
        let dv = state[f.rhs + node];
        state[f.voltage + node] += if layout.run.second_order == SecondOrder::Off { dv } else { 2.0 * dv };
        if let Some(current) = f.membrane_current {
            state[current + node] = (membrane[node].0 * dv + membrane[node].1) * state[f.area + node] * 0.01;
        }
    }
    if layout.run.second_order == SecondOrder::VoltageAndCurrents {
        for ion in &layout.ions {
            for i in 0..ion.count {
                state[ion.current + i] += state[ion.conductance + i] * state[f.rhs + ion.node[i] as usize];
            }
        }
    }
}

/// Assembles and solves one cell.
fn solve(state: &mut [f64], layout: &Layout, cell: &CellRows) {
    let f = layout.node_fields;
    let nodes = layout.rows.nodes(cell);
    let at = |row: usize| nodes[row] as usize;
    let parent = |row: usize| cell.parent[row] as usize;
    let rows = nodes.len();
    let (mut from_diagonal, mut from_rhs) = (vec![0.0; rows], vec![0.0; rows]);
    for row in (0..rows).rev() {
        let (up, down) = (state[f.to_parent + at(row)], state[f.from_parent + at(row)]);
        let dv = if row == 0 { 0.0 } else { state[f.voltage + at(parent(row))] - state[f.voltage + at(row)] };
        let pivot = (state[f.diagonal + at(row)] + state[f.axial + at(row)]) - from_diagonal[row];
        let right = (state[f.rhs + at(row)] - up * dv) - from_rhs[row];
        let inverse = 1.0 / pivot;
        state[f.diagonal + at(row)] = inverse;
        state[f.rhs + at(row)] = right;
        if row > 0 {
            from_diagonal[parent(row)] += (down * up) * inverse;
            from_rhs[parent(row)] += (down * right) * inverse - down * dv;
        }
    }
    for row in 0..rows {
        let known = if row == 0 { 0.0 } else { state[f.rhs + at(parent(row))] };
        state[f.rhs + at(row)] =
            (state[f.rhs + at(row)] - state[f.to_parent + at(row)] * known) * state[f.diagonal + at(row)];
    }
}
