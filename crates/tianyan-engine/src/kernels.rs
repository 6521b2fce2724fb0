//! The kernels of one mechanism table, compiled or interpreted.

use crate::native::{CompiledMechanism, EventBuffers, Pointers};
use std::sync::Arc;
use tianyan_layout::MechanismTable;
use tianyan_nmodl::RateTable;
use tianyan_nmodl::interpret;
use tianyan_nmodl::ir::Kernel;

/// Where a mechanism's kernels come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelOrigin {
    /// Compiled into this program.
    Shipped,
    /// Compiled on this machine.
    Compiled,
    /// No compiler: every operation is interpreted.
    Interpreted,
}

/// Runs the kernels of one mechanism.
#[derive(Clone)]
pub struct Kernels {
    /// Machine code; the interpreter of tianyan-nmodl without it.
    native: Option<CompiledMechanism>,
    /// What it looks its rates up in, if it does.
    rates: Option<Arc<RateTable>>,
}

/// Which of the kernels that sweep over all instances, in the order of `tianyan_nmodl::emit::SWEEPS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Currents and conductances.
    Current,
    /// States.
    State,
    /// WATCH conditions.
    Watch,
    /// BEFORE BREAKPOINT.
    BeforeBreakpoint,
    /// AFTER SOLVE.
    AfterSolve,
    /// BEFORE STEP.
    BeforeStep,
    /// Volumes and coefficients of what diffuses.
    Diffuse,
    /// What stays the same as long as parameters do.
    Prepare,
    /// States, with rates looked up.
    Rated,
}

impl Sweep {
    /// The kernel of a mechanism.
    pub fn kernel(self, kernels: &tianyan_nmodl::ir::Kernels) -> &Kernel {
        match self {
            Sweep::Current => &kernels.current,
            Sweep::State => &kernels.state,
            Sweep::Watch => &kernels.watch,
            Sweep::BeforeBreakpoint => &kernels.before_breakpoint,
            Sweep::AfterSolve => &kernels.after_solve,
            Sweep::BeforeStep => &kernels.before_step,
            Sweep::Diffuse => &kernels.diffuse,
            Sweep::Prepare => &kernels.prepare,
            Sweep::Rated => &kernels.rated,
        }
    }
}

/// Which of the kernels that run on one instance, in the order of `tianyan_nmodl::emit::EVENTS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// NET_RECEIVE.
    Receive,
    /// The body of FOR_NETCONS.
    EachConnection,
}

/// One instance at one time.
#[derive(Debug, Clone, Copy)]
pub struct Visit {
    /// The instance's place in its table.
    pub instance: usize,
    /// Time, ms.
    pub t_ms: f64,
    /// Time step, ms.
    pub dt_ms: f64,
}

impl Kernels {
    /// Machine code.
    pub fn native(compiled: CompiledMechanism) -> Kernels {
        Kernels { native: Some(compiled), rates: None }
    }

    /// Without machine code.
    pub fn interpreted() -> Kernels {
        Kernels { native: None, rates: None }
    }

    /// The same, with rates looked up in a table.
    pub fn with_rates(&self, rates: Option<Arc<RateTable>>) -> Kernels {
        Kernels { native: self.native.clone(), rates }
    }

    /// Runs a kernel over all instances of a table.
    pub fn sweep(&self, sweep: Sweep, table: &MechanismTable, state: &mut [f64], t_ms: f64, dt_ms: f64) {
        let rates = self.rates.as_ref().map_or(&[][..], |rates| rates.numbers());
        let sweep = if sweep == Sweep::State && self.rates.is_some() { Sweep::Rated } else { sweep };
        let kernel = sweep.kernel(&table.mechanism.kernels);
        if kernel.is_empty() {
            return;
        }
        match &self.native {
            Some(native) if !table.runs.is_empty() => {
                native.sweep_runs(sweep as usize, state, &table.runs, rates, (t_ms, dt_ms));
            }
            Some(native) => native.sweep(sweep as usize, pointers(table, state), rates, (t_ms, dt_ms)),
            None => interpret_with(kernel, table, state, rates, (t_ms, dt_ms)),
        }
    }

    /// Runs a kernel on one instance, with the arguments of a connection in the buffers.
    pub fn event(
        &self,
        arrival: Arrival,
        table: &MechanismTable,
        state: &mut [f64],
        visit: Visit,
        buffers: &mut EventBuffers,
    ) {
        match &self.native {
            Some(native) => {
                let times_ms = (visit.t_ms, visit.dt_ms);
                native.event(arrival as usize, pointers(table, state), times_ms, visit.instance, buffers);
            }
            None => {
                let kernel = match arrival {
                    Arrival::Receive => &table.mechanism.kernels.receive,
                    Arrival::EachConnection => &table.mechanism.kernels.each_connection,
                };
                interpret_event(kernel, table, state, visit, buffers);
            }
        }
    }
}

fn pointers<'a>(table: &'a MechanismTable, state: &'a mut [f64]) -> Pointers<'a> {
    Pointers { state, field: &table.field, index: &table.index, padded: table.padded }
}

/// Interprets a kernel on one instance.
pub fn interpret_event(
    kernel: &Kernel,
    table: &MechanismTable,
    state: &mut [f64],
    visit: Visit,
    buffers: &mut EventBuffers,
) {
    let Visit { instance, t_ms, dt_ms } = visit;
    let (field, index, n) = (&table.field, &table.index, table.padded);
    let mut call = interpret::Call { state, field, index, n, rates: &[], t_ms, dt_ms };
    let EventBuffers { arguments, effects } = buffers;
    interpret::event(&table.mechanism, kernel, &mut call, instance, arguments, effects);
}

/// Interprets a kernel for every instance of a table, padding too, as machine code does.
pub fn interpret_all(kernel: &Kernel, table: &MechanismTable, state: &mut [f64], t_ms: f64, dt_ms: f64) {
    interpret_with(kernel, table, state, &[], (t_ms, dt_ms));
}

fn interpret_with(
    kernel: &Kernel,
    table: &MechanismTable,
    state: &mut [f64],
    rates: &[f64],
    (t_ms, dt_ms): (f64, f64),
) {
    let (field, index, n) = (&table.field, &table.index, table.padded);
    let mut call = interpret::Call { state, field, index, n, rates, t_ms, dt_ms };
    interpret::run(&table.mechanism, &table.in_runs(kernel), &mut call, 0..table.padded);
}
