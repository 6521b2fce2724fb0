//! The one module with `unsafe`: calls into machine code that a C compiler made of our own text, and into functions for
//! one kind of processor.
//!
//! Safety rests on three facts. The text comes from `tianyan_nmodl::emit`, which reads and writes only
//! `state[field[b] + i]` with `i < n`, `state[field[b] + index[..]]`, and constants; [`check`] verifies once, when a
//! group is loaded, that all of these lie inside the state; and the functions' types are fixed by `emit`. Tables of
//! rates are made by `RateTable` alone, which says in its head how many rows it has; kernels look no further.
#![allow(unsafe_code)]

use crate::EngineError;
use crate::solve::{self, Arrays, Given};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use tianyan_layout::{MechanismTable, Plan, Run, Tile};
use tianyan_nmodl::Mechanism;
use tianyan_nmodl::emit::{EVENTS, SWEEPS};
use tianyan_nmodl::ir::Binding;

/// Most arguments a NET_RECEIVE may have, its flag included.
pub const MAX_ARGUMENTS: usize = 32;

/// Most calls of net_send and its like in one NET_RECEIVE.
pub const MAX_EFFECTS: usize = 64;

/// What a kernel that runs on one instance reads and writes beside the state.
pub struct EventBuffers {
    /// The connection's arguments, then the flag.
    pub arguments: [f64; MAX_ARGUMENTS],
    /// Three numbers for each effect: whether it happens, its time, its flag.
    pub effects: [f64; 3 * MAX_EFFECTS],
}

impl EventBuffers {
    /// All zero.
    pub fn new() -> EventBuffers {
        EventBuffers { arguments: [0.0; MAX_ARGUMENTS], effects: [0.0; 3 * MAX_EFFECTS] }
    }
}

impl Default for EventBuffers {
    fn default() -> EventBuffers {
        EventBuffers::new()
    }
}

type SweepFunction = unsafe extern "C" fn(*mut f64, *const i64, *const i32, i64, f64, f64, *const f64);
type EventFunction =
    unsafe extern "C" fn(*mut f64, *const i64, *const i32, i64, f64, f64, *const f64, i64, *mut f64, *mut f64);

/// The functions of one mechanism, in the order of `tianyan_nmodl::emit::{SWEEPS, EVENTS}`.
#[derive(Clone, Copy)]
pub struct Functions {
    sweeps: [Option<SweepFunction>; SWEEPS.len()],
    /// The same for runs of instances.
    runs: [Option<SweepFunction>; SWEEPS.len()],
    events: [Option<EventFunction>; EVENTS.len()],
}

/// A shipped mechanism: the digest of its text, and its functions for each instruction set.
pub struct Shipped {
    digest: u64,
    variants: &'static [(&'static str, Functions)],
}

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// Machine code of one mechanism; keeps the library it came from.
#[derive(Clone)]
pub struct CompiledMechanism {
    functions: Functions,
    _library: Option<Arc<libloading::Library>>,
}

/// The arrays a kernel works on.
pub struct Pointers<'a> {
    /// The group's state.
    pub state: &'a mut [f64],
    /// Offsets by binding.
    pub field: &'a [i64],
    /// Nodes and ion instances.
    pub index: &'a [i32],
    /// Instances with padding.
    pub padded: usize,
}

impl CompiledMechanism {
    /// Runs the sweep with that number in `SWEEPS`.
    pub fn sweep(&self, number: usize, p: Pointers, rates: &[f64], (t_ms, dt_ms): (f64, f64)) {
        let Some(function) = self.functions.sweeps[number] else { return };
        let (state, field, index) = (p.state.as_mut_ptr(), p.field.as_ptr(), p.index.as_ptr());
        // SAFETY: see the module; `check` has verified the tables of `p`.
        unsafe {
            function(state, field, index, p.padded as i64, t_ms, dt_ms, rates.as_ptr());
        }
    }

    /// Runs the sweep with that number in `SWEEPS` over the runs of a table.
    pub fn sweep_runs(&self, number: usize, state: &mut [f64], runs: &[Run], rates: &[f64], (t_ms, dt_ms): (f64, f64)) {
        let Some(function) = self.functions.runs[number] else { return };
        for run in runs {
            let (state, field, count) = (state.as_mut_ptr(), run.field.as_ptr(), run.count as i64);
            // SAFETY: as in `sweep`; no index is read.
            unsafe {
                function(state, field, std::ptr::null(), count, t_ms, dt_ms, rates.as_ptr());
            }
        }
    }

    /// Runs the kernel with that number in `EVENTS` on one instance.
    pub fn event(
        &self,
        number: usize,
        p: Pointers,
        (t_ms, dt_ms): (f64, f64),
        instance: usize,
        buffers: &mut EventBuffers,
    ) {
        let Some(function) = self.functions.events[number] else { return };
        assert!(instance < p.padded, "event for instance {instance} of {}", p.padded);
        // SAFETY: as in `sweep`; the instance was just checked, and `check` that arguments and effects fit.
        unsafe {
            function(
                p.state.as_mut_ptr(),
                p.field.as_ptr(),
                p.index.as_ptr(),
                p.padded as i64,
                t_ms,
                dt_ms,
                std::ptr::null(),
                instance as i64,
                buffers.arguments.as_mut_ptr(),
                buffers.effects.as_mut_ptr(),
            );
        }
    }
}

/// The name of the widest instruction set of this processor for which shipped mechanisms were compiled.
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        let fma = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
        let v4 = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"].map(has_avx512);
        if fma && v4.iter().all(|&x| x) {
            return "avx512";
        }
        if fma && std::arch::is_x86_feature_detected!("bmi2") {
            return "avx2";
        }
    }
    "base"
}

#[cfg(target_arch = "x86_64")]
fn has_avx512(feature: &str) -> bool {
    match feature {
        "avx512f" => std::arch::is_x86_feature_detected!("avx512f"),
        "avx512bw" => std::arch::is_x86_feature_detected!("avx512bw"),
        "avx512cd" => std::arch::is_x86_feature_detected!("avx512cd"),
        "avx512dq" => std::arch::is_x86_feature_detected!("avx512dq"),
        "avx512vl" => std::arch::is_x86_feature_detected!("avx512vl"),
        _ => false,
    }
}

/// Doubles in a vector of this processor.
pub fn lanes() -> usize {
    match instruction_set() {
        "avx512" => 8,
        "avx2" => 4,
        _ => 2,
    }
}

/// A [`Plan`], as solve.c has it.
#[repr(C)]
pub struct PlanPointers {
    tiles: *const Tile,
    count: u64,
    blocks: *const u32,
    parents: *const u32,
    starts: *const u32,
    children: *const u32,
}

/// [`Arrays`] and [`Given`], as solve.c has them.
#[repr(C)]
pub struct ArrayPointers {
    v: *mut f64,
    rhs: *mut f64,
    diagonal: *mut f64,
    axial: *const f64,
    up: *const f64,
    down: *const f64,
    given_diagonal: *mut f64,
    given_rhs: *mut f64,
}

type SolveFunction = unsafe extern "C" fn(*const PlanPointers, *const ArrayPointers, f64);

/// Solves for the change of v with the vectors of this processor, if the plan has as many lanes; else in Rust.
pub fn solve(plan: &Plan, arrays: &mut Arrays, given: &mut Given, factor: f64) {
    let set = instruction_set();
    if let Some((.., function, _)) = VECTORS.iter().find(|vector| vector.0 == set && vector.1 == plan.lanes()) {
        return solve_native(*function, plan, arrays, given, factor);
    }
    match plan.lanes() {
        1 => solve::solve::<1>(plan, arrays, given, factor),
        2 => solve::solve::<2>(plan, arrays, given, factor),
        4 => solve::solve::<4>(plan, arrays, given, factor),
        8 => solve::solve::<8>(plan, arrays, given, factor),
        16 => solve::solve::<16>(plan, arrays, given, factor),
        lanes => unreachable!("no backend asks for {lanes} lanes"),
    }
}

fn solve_native(function: SolveFunction, plan: &Plan, arrays: &mut Arrays, given: &mut Given, factor: f64) {
    arrays.begin(plan, given);
    let plan = PlanPointers {
        tiles: plan.tiles().as_ptr(),
        count: plan.tiles().len() as u64,
        blocks: plan.blocks().as_ptr(),
        parents: plan.parents().as_ptr(),
        starts: plan.starts().as_ptr(),
        children: plan.children().as_ptr(),
    };
    let Given { diagonal: given_diagonal, rhs: given_rhs } = given;
    let Arrays { v, rhs, diagonal, axial, up, down } = arrays;
    let arrays = ArrayPointers {
        v: v.as_mut_ptr(),
        rhs: rhs.as_mut_ptr(),
        diagonal: diagonal.as_mut_ptr(),
        axial: axial.as_ptr(),
        up: up.as_ptr(),
        down: down.as_ptr(),
        given_diagonal: given_diagonal.as_mut_ptr(),
        given_rhs: given_rhs.as_mut_ptr(),
    };
    // SAFETY: plans come from `tianyan_layout::plan` alone, which numbers blocks, parents and children within their
    // arrays; `begin` has checked that the arrays of the state are as long as the plan's nodes.
    unsafe { function(&plan, &arrays, factor) }
}

type NernstFunction = unsafe extern "C" fn(*mut f64, *const f64, *const f64, i64, f64);

/// Nernst's equation with the vectors of this processor; false if there are none, and nothing was done.
pub fn nernst(reversal: &mut [f64], inside: &[f64], outside: &[f64], factor: f64) -> bool {
    let set = instruction_set();
    let Some((.., function)) = VECTORS.iter().find(|vector| vector.0 == set) else { return false };
    let n = reversal.len().min(inside.len()).min(outside.len());
    // SAFETY: all three have n numbers, and do not overlap.
    unsafe { function(reversal.as_mut_ptr(), inside.as_ptr(), outside.as_ptr(), n as i64, factor) }
    true
}

/// The machine code of `mechanism` that was compiled into this program, if its text is a shipped one's.
pub fn shipped(mechanism: &Mechanism, instruction_set: &str) -> Option<CompiledMechanism> {
    let mut hasher = DefaultHasher::new();
    tianyan_nmodl::emit::emit(mechanism, "").hash(&mut hasher);
    let digest = hasher.finish();
    let shipped = SHIPPED.iter().find(|s| s.digest == digest)?;
    let (_, functions) = shipped.variants.iter().find(|(name, _)| *name == instruction_set)?;
    Some(CompiledMechanism { functions: *functions, _library: None })
}

/// Loads the machine code of `mechanism` from a shared library made of `emit(mechanism, "tianyan_")`.
pub fn load(mechanism: &Mechanism, library: &Path) -> Result<CompiledMechanism, EngineError> {
    let fail = |error: libloading::Error| EngineError::Kernel {
        mechanism: mechanism.name.clone(),
        message: format!("{}: {error}", library.display()),
    };
    let name = |kernel: &str| format!("tianyan_{}_{kernel}", mechanism.name);
    let there = |kernel: &str| mechanism.kernels.named(kernel).is_some_and(|kernel| !kernel.is_empty());
    // SAFETY: the library was compiled from our own text, has no initialisers, and its functions have these types.
    unsafe {
        let handle = libloading::Library::new(library).map_err(fail)?;
        let mut functions =
            Functions { sweeps: [None; SWEEPS.len()], runs: [None; SWEEPS.len()], events: [None; EVENTS.len()] };
        let has_runs = |kernel: &str| there(kernel) && mechanism.has_runs();
        for (kernel, function) in SWEEPS.iter().zip(&mut functions.runs).filter(|(kernel, _)| has_runs(kernel)) {
            *function = Some(*handle.get::<SweepFunction>(name(kernel) + "_run").map_err(fail)?);
        }
        for (kernel, function) in SWEEPS.iter().zip(&mut functions.sweeps).filter(|(kernel, _)| there(kernel)) {
            *function = Some(*handle.get::<SweepFunction>(name(kernel)).map_err(fail)?);
        }
        for (kernel, function) in EVENTS.iter().zip(&mut functions.events).filter(|(kernel, _)| there(kernel)) {
            *function = Some(*handle.get::<EventFunction>(name(kernel)).map_err(fail)?);
        }
        Ok(CompiledMechanism { functions, _library: Some(Arc::new(handle)) })
    }
}

/// Gives memory that set-up no longer needs back to the system, before the run touches what it needs.
pub fn release_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> i32;
        }
        // SAFETY: glibc's own, without conditions; it touches free memory only.
        unsafe {
            malloc_trim(0);
        }
    }
}

/// Verifies that every access of a table's kernels lies inside a state of `len` doubles.
pub fn check(table: &MechanismTable, len: usize) -> Result<(), EngineError> {
    let mechanism = &table.mechanism;
    let bad = |what: &str| Err(EngineError::Layout(format!("mechanism `{}`: {what}", mechanism.name)));
    let n = table.padded;
    let bindings = &mechanism.kernels.bindings;
    if table.field.len() != bindings.len() || table.index.len() < n * (1 + mechanism.ions.len()) {
        return bad("tables too short");
    }
    if mechanism.arguments.len() >= MAX_ARGUMENTS || mechanism.kernels.receive.effects.len() > MAX_EFFECTS {
        return bad("too many arguments of NET_RECEIVE, or calls of net_send in it");
    }
    let most = |block: usize| {
        let indices = &table.index[block * n..(block + 1) * n];
        indices.iter().map(|&i| if i < 0 { usize::MAX / 2 } else { i as usize }).max().unwrap_or(0)
    };
    for (binding, &offset) in bindings.iter().zip(&table.field) {
        let last = match *binding {
            Binding::Field(f) if mechanism.fields[f].shared => table.shared_length(f) - 1,
            Binding::Field(_) => n.saturating_sub(1),
            Binding::Node(_) => most(0),
            Binding::Ion(k, _) => most(1 + k),
            Binding::Celsius => 0,
        };
        if offset < 0 || offset as usize + last >= len {
            return bad("a field lies outside the state");
        }
    }
    for run in &table.runs {
        let is_shared = |binding: &Binding| match *binding {
            Binding::Field(f) => mechanism.fields[f].shared,
            binding => binding == Binding::Celsius,
        };
        let last = |binding: &Binding| if is_shared(binding) { 0 } else { run.count.saturating_sub(1) };
        let outside = |(binding, &offset): (&Binding, &i64)| offset < 0 || offset as usize + last(binding) >= len;
        if run.field.len() != bindings.len() || bindings.iter().zip(&run.field).any(outside) {
            return bad("a run lies outside the state");
        }
    }
    if let Some(cable) = &table.cable {
        let (order, parents) = (&cable.order, &cable.parent);
        let before = |(k, &parent): (usize, &u32)| parent == u32::MAX || (parent as usize) < k;
        let whole = [parents.len(), cable.to_parent.len(), cable.from_parent.len()] == [order.len(); 3];
        if !whole || order.iter().any(|i| *i as usize >= n) || !parents.iter().enumerate().all(before) {
            return bad("a cable of compartments that are not there");
        }
    }
    Ok(())
}
