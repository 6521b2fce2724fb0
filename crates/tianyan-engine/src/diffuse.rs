//! Diffusion along the cable (LONGITUDINAL_DIFFUSION): backward Euler on the tree of compartments, after the states
//! of the step, as NEURON does it (src/nrnoc/fadvance.cpp: nonvint; ldifus.cpp).
//!
//! For a concentration c with volume V (um3/um) and coefficient D times cross section (um4/ms) in each compartment:
//! `dc/dt = (DA_i + DA_p)/2 (c_p - c_i) 2 / (dx_i (dx_i + dx_p)) / V_i`, and likewise for the parent.

use crate::kernels::{Kernels, Sweep};
use tianyan_layout::{Cable, Group, MechanismTable};
use tianyan_nmodl::ir::{Binding, Diffusion};

/// Scratch of one solve: right-hand side, diagonal, couplings.
#[derive(Debug, Clone, Default)]
pub struct Scratch {
    rhs: Vec<f64>,
    diagonal: Vec<f64>,
    above: Vec<f64>,
    below: Vec<f64>,
}

/// Advances everything that diffuses by one step.
pub fn diffuse(group: &mut Group, kernels: &[Kernels], scratch: &mut Scratch, t_ms: f64, dt_ms: f64) {
    let Group { layout, state } = group;
    let state = state.values_mut();
    for (table, kernels) in layout.tables.iter().zip(kernels) {
        let Some(cable) = &table.cable else { continue };
        kernels.sweep(Sweep::Diffuse, table, state, t_ms, dt_ms);
        for diffusion in &table.mechanism.kernels.diffusions {
            solve(table, cable, diffusion, state, scratch, dt_ms);
        }
    }
}

/// Where a binding's number of an instance lies in the state.
pub fn place(table: &MechanismTable, binding: u32, instance: usize) -> usize {
    let offset = table.field[binding as usize] as usize;
    match table.mechanism.kernels.bindings[binding as usize] {
        Binding::Ion(k, _) => offset + table.index[(1 + k) * table.padded + instance] as usize,
        Binding::Node(_) => offset + table.index[instance] as usize,
        Binding::Field(_) | Binding::Celsius => offset + instance,
    }
}

fn solve(
    table: &MechanismTable,
    cable: &Cable,
    diffusion: &Diffusion,
    state: &mut [f64],
    scratch: &mut Scratch,
    dt_ms: f64,
) {
    let n = cable.order.len();
    for array in [&mut scratch.rhs, &mut scratch.diagonal, &mut scratch.above, &mut scratch.below] {
        array.clear();
        array.resize(n, 0.0);
    }
    let of = |binding: u32, k: usize| state[place(table, binding, cable.order[k] as usize)];
    for k in 0..n {
        scratch.diagonal[k] += 1.0 / dt_ms;
        scratch.rhs[k] = of(diffusion.state, k) / dt_ms;
        let parent = cable.parent[k] as usize;
        if parent >= n {
            continue;
        }
        let coefficient = (of(diffusion.coefficient, k) + of(diffusion.coefficient, parent)) / 2.0;
        scratch.above[k] = -cable.to_parent[k] * coefficient / of(diffusion.volume, parent);
        scratch.below[k] = -cable.from_parent[k] * coefficient / of(diffusion.volume, k);
        scratch.diagonal[k] -= scratch.below[k];
        scratch.diagonal[parent] -= scratch.above[k];
    }
    for k in (0..n).rev() {
        let parent = cable.parent[k] as usize;
        if parent < n {
            let factor = scratch.above[k] / scratch.diagonal[k];
            scratch.diagonal[parent] -= factor * scratch.below[k];
            scratch.rhs[parent] -= factor * scratch.rhs[k];
        }
    }
    for k in 0..n {
        let parent = cable.parent[k] as usize;
        if parent < n {
            scratch.rhs[k] -= scratch.below[k] * scratch.rhs[parent];
        }
        scratch.rhs[k] /= scratch.diagonal[k];
        state[place(table, diffusion.state, cable.order[k] as usize)] = scratch.rhs[k];
    }
}
