//! The kernels of one mechanism table, compiled or interpreted.

use crate::native::{CompiledMechanism, EventBuffers, Pointers};
use tianyan_layout::MechanismTable;
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
pub enum Kernels {
    /// Machine code.
    Native(CompiledMechanism),
    /// The interpreter of tianyan-nmodl.
    Interpreted,
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
    /// Runs a kernel over all instances of a table.
    pub fn sweep(&self, sweep: Sweep, table: &MechanismTable, state: &mut [f64], t_ms: f64, dt_ms: f64) {
        let kernel = sweep.kernel(&table.mechanism.kernels);
        if kernel.is_empty() {
            return;
        }
        match self {
            Kernels::Native(native) if !table.runs.is_empty() => {
                native.sweep_runs(sweep as usize, state, &table.runs, t_ms, dt_ms);
            }
            Kernels::Native(native) => {
                let pointers = Pointers { state, field: &table.field, index: &table.index, padded: table.padded };
                native.sweep(sweep as usize, pointers, t_ms, dt_ms);
            }
            Kernels::Interpreted => interpret_all(kernel, table, state, t_ms, dt_ms),
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
        match self {
            Kernels::Native(native) => {
                let pointers = Pointers { state, field: &table.field, index: &table.index, padded: table.padded };
                native.event(arrival as usize, pointers, visit.t_ms, visit.dt_ms, visit.instance, buffers);
            }
            Kernels::Interpreted => {
                let kernel = match arrival {
                    Arrival::Receive => &table.mechanism.kernels.receive,
                    Arrival::EachConnection => &table.mechanism.kernels.each_connection,
                };
                interpret_event(kernel, table, state, visit, buffers);
            }
        }
    }
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
    let mut call = interpret::Call { state, field: &table.field, index: &table.index, n: table.padded, t_ms, dt_ms };
    let EventBuffers { arguments, effects } = buffers;
    interpret::event(&table.mechanism, kernel, &mut call, instance, arguments, effects);
}

/// Interprets a kernel for every instance of a table, padding too, as machine code does.
pub fn interpret_all(kernel: &Kernel, table: &MechanismTable, state: &mut [f64], t_ms: f64, dt_ms: f64) {
    let mut call = interpret::Call { state, field: &table.field, index: &table.index, n: table.padded, t_ms, dt_ms };
    interpret::run(&table.mechanism, &table.in_runs(kernel), &mut call, 0..table.padded);
}
