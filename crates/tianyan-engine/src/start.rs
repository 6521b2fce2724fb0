//! The state at t = 0: initial voltages and INITIAL, run once on the CPU before a backend takes the groups.

use crate::kernels::{Kernels, interpret_all};
use crate::step::{self, Scratch};
use tianyan_layout::{Group, Network};

/// Runs NEURON's finitialize: played values at t = 0, peers, ions, INITIAL of writers of concentrations and then
/// of the others, and the currents once, so that row 0 of every report is defined. Voltages already are v_init.
pub fn initialise(network: &mut Network) {
    let dt_ms = network.groups.first().map_or(1.0, |g| g.layout.run.dt_ms);
    for (group, waveforms) in network.groups.iter_mut().zip(&network.waveforms) {
        for (&slot, waveform) in group.layout.driven.iter().zip(waveforms) {
            group.state.values_mut()[slot as usize] = waveform.value(0.0, 0.0);
        }
    }
    for copy in &network.peers {
        let value = network.groups[copy.from.group as usize].state.values()[copy.from.offset as usize];
        network.groups[copy.to.group as usize].state.values_mut()[copy.to.offset as usize] = value;
    }
    for group in &mut network.groups {
        initial(group, dt_ms);
        let interpreted: Vec<Kernels> = group.layout.tables.iter().map(|_| Kernels::Interpreted).collect();
        step::currents(group, &interpreted, &mut Scratch::default(), 0.0, dt_ms);
        step::membrane_current_at_start(group);
    }
}

fn initial(group: &mut Group, dt_ms: f64) {
    let Group { layout, state } = group;
    let values = state.values_mut();
    for ion in &layout.ions {
        step::nernst(ion, &ion.nernst_at_start, values, layout.run.temperature_celsius);
        step::nernst(ion, &ion.nernst_in_step, values, layout.run.temperature_celsius);
    }
    for table in &layout.tables {
        let kernel = &table.mechanism.kernels.initial;
        if !kernel.is_empty() {
            interpret_all(kernel, table, values, 0.0, dt_ms);
        }
    }
}
