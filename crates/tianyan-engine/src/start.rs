//! The state at t = 0: initial voltages and INITIAL, run once on the CPU before a backend takes the groups.

use crate::backend::Fired;
use crate::deliver::{Delivery, Overflow};
use crate::kernels::{Kernels, interpret_all};
use crate::peers::Peers;
use crate::step::{self, Scratch};
use rayon::prelude::*;
use tianyan_comm::Communicator;
use tianyan_layout::{Group, MechanismTable, Network, Slot};

use tianyan_nmodl::interpret;
use tianyan_nmodl::ir::{Kernel, Kernels as Ir};

/// What the start emits.
#[derive(Debug, Default)]
pub struct Start {
    /// Spikes of t = 0.
    pub spikes: Vec<Fired>,
    /// The first instance that ran out of slots: its group, and where.
    pub overflow: Option<(usize, Overflow)>,
}

/// Runs NEURON's finitialize: played values at t = 0, peers, ions, BEFORE INITIAL, INITIAL of writers of concentrations
/// and then of the others, INITIAL of connections, AFTER INITIAL, events of t = 0, peers again, the currents once, and
/// BEFORE STEP, so that row 0 of every report is defined. Voltages already are v_init. Groups know nothing of each
/// other here: with several `threads` they are initialised side by side.
pub fn initialise(network: &mut Network, threads: usize, peers: &Peers, comm: &mut dyn Communicator) -> Start {
    let dt_ms = network.groups.first().map_or(1.0, |g| g.layout.run.dt_ms);
    for (group, waveforms) in network.groups.iter_mut().zip(&network.waveforms) {
        for (&slot, waveform) in group.layout.driven.iter().zip(waveforms) {
            group.state.values_mut()[slot as usize] = waveform.value(0.0, 0.0);
        }
    }
    copy_peers(network, peers, comm);
    let interpreted =
        |group: &Group| -> Vec<Kernels> { group.layout.tables.iter().map(|_| Kernels::interpreted()).collect() };
    let one = |group: &mut Group| {
        let (mut spikes, mut overflow) = (Vec::new(), None);
        initial(group, &interpreted(group), dt_ms, &mut spikes, &mut overflow);
        (spikes, overflow)
    };
    let started: Vec<(Vec<Fired>, Option<Overflow>)> = match threads {
        0 | 1 => network.groups.iter_mut().map(one).collect(),
        _ => network.groups.par_iter_mut().map(one).collect(),
    };
    // Point neurons have set their v.
    copy_peers(network, peers, comm);
    let currents = |group: &mut Group| {
        sweep(group, |kernels| &kernels.prepare, dt_ms);
        step::currents(group, &interpreted(group), &mut Scratch::default(), 0.0, dt_ms);
        sweep(group, |kernels| &kernels.before_step, dt_ms);
        step::membrane_current_at_start(group);
    };
    match threads {
        0 | 1 => network.groups.iter_mut().for_each(currents),
        _ => network.groups.par_iter_mut().for_each(currents),
    }
    let mut start = Start::default();
    for (g, (spikes, overflow)) in started.into_iter().enumerate() {
        start.spikes.extend(spikes);
        start.overflow = start.overflow.or(overflow.map(|overflow| (g, overflow)));
    }
    start
}

fn copy_peers(network: &mut Network, peers: &Peers, comm: &mut dyn Communicator) {
    let at = |slot: &Slot| network.groups[slot.group as usize].state.values()[slot.offset as usize];
    let gather = |slots: &[Slot], values: &mut [f64]| slots.iter().zip(values).for_each(|(slot, v)| *v = at(slot));
    let seen = peers.of_others(gather, comm);
    for (slot, value) in peers.seen_slots().iter().zip(seen) {
        network.groups[slot.group as usize].state.values_mut()[slot.offset as usize] = value;
    }
    for copy in &network.peers {
        let value = network.groups[copy.from.group as usize].state.values()[copy.from.offset as usize];
        network.groups[copy.to.group as usize].state.values_mut()[copy.to.offset as usize] = value;
    }
}

fn initial(
    group: &mut Group,
    kernels: &[Kernels],
    dt_ms: f64,
    spikes: &mut Vec<Fired>,
    overflow: &mut Option<Overflow>,
) {
    let Group { layout, state } = group;
    let values = state.values_mut();
    for ion in &layout.ions {
        step::nernst(ion, &ion.nernst_at_start, values, layout.run.temperature_celsius);
        step::nernst(ion, &ion.nernst_in_step, values, layout.run.temperature_celsius);
    }
    for table in &layout.tables {
        fill_tables(table, values, dt_ms);
    }
    sweep(group, |kernels| &kernels.before_initial, dt_ms);
    for t in 0..group.layout.tables.len() {
        let table = &group.layout.tables[t];
        let kernel = &table.mechanism.kernels.initial;
        if kernel.effects.is_empty() {
            interpret_all(kernel, table, group.state.values_mut(), 0.0, dt_ms);
        } else {
            Delivery::new(group, kernels, dt_ms, spikes, overflow).initial(t);
        }
    }
    Delivery::new(group, kernels, dt_ms, spikes, overflow).connect();
    sweep(group, |kernels| &kernels.after_initial, dt_ms);
    Delivery::new(group, kernels, dt_ms, spikes, overflow).all([].iter(), 0.0);
}

fn sweep(group: &mut Group, kernel: impl Fn(&Ir) -> &Kernel, dt_ms: f64) {
    let Group { layout, state } = group;
    for table in &layout.tables {
        let kernel = kernel(&table.mechanism.kernels);
        if !kernel.is_empty() {
            interpret_all(kernel, table, state.values_mut(), 0.0, dt_ms);
        }
    }
}

/// Computes the values of the TABLEs in use, with the parameters of the first instance. As in nocmodl the points are
/// summed up, not multiplied.
fn fill_tables(table: &MechanismTable, state: &mut [f64], dt_ms: f64) {
    for tabulated in &table.mechanism.tables {
        let mut arguments = vec![0.0; 3 + tabulated.fields.len()];
        let mut point = |x: f64, arguments: &mut [f64]| {
            arguments[0] = x;
            let (field, index, n) = (&table.field, &table.index, table.padded);
            let mut call = interpret::Call { state: &mut *state, field, index, n, rates: &[], t_ms: 0.0, dt_ms };
            interpret::event(&table.mechanism, &tabulated.kernel, &mut call, 0, arguments, &mut []);
        };
        point(0.0, &mut arguments);
        let (low, high) = (arguments[1], arguments[2]);
        let width = (high - low) / f64::from(tabulated.count);
        let mut rows = Vec::new();
        let mut x = low;
        for _ in 0..=tabulated.count {
            point(x, &mut arguments);
            rows.push(arguments[3..].to_vec());
            x += width;
        }
        for (k, &field) in tabulated.fields.iter().enumerate() {
            let offset = table.offsets[field];
            state[offset..offset + 3].copy_from_slice(&[low, 1.0 / width, f64::from(tabulated.count)]);
            for (i, row) in rows.iter().enumerate() {
                state[offset + 3 + i] = row[k];
            }
        }
    }
}
