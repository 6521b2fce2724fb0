//! The kernels of one mechanism table, compiled or interpreted.

use crate::native::{CompiledMechanism, MAX_ARGUMENTS, Pointers};
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
pub enum Kernels {
    /// Machine code.
    Native(CompiledMechanism),
    /// The interpreter of tianyan-nmodl.
    Interpreted,
}

/// Which of the kernels that sweep over all instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Currents and conductances.
    Current,
    /// States.
    State,
}

impl Kernels {
    /// Runs a kernel over all instances of a table.
    pub fn sweep(&self, sweep: Sweep, table: &MechanismTable, state: &mut [f64], t_ms: f64, dt_ms: f64) {
        let kernel = match sweep {
            Sweep::Current => &table.mechanism.kernels.current,
            Sweep::State => &table.mechanism.kernels.state,
        };
        if kernel.is_empty() {
            return;
        }
        match self {
            Kernels::Native(native) => {
                let pointers = Pointers { state, field: &table.field, index: &table.index, padded: table.padded };
                match sweep {
                    Sweep::Current => native.current(pointers, t_ms, dt_ms),
                    Sweep::State => native.state(pointers, t_ms, dt_ms),
                }
            }
            Kernels::Interpreted => interpret_all(kernel, table, state, t_ms, dt_ms),
        }
    }

    /// Delivers one event: NET_RECEIVE of one instance with the arguments that stand at `argument` in the state.
    pub fn receive(
        &self,
        table: &MechanismTable,
        state: &mut [f64],
        instance: usize,
        argument: usize,
        t_ms: f64,
        dt_ms: f64,
    ) {
        let width = table.mechanism.arguments.len();
        let mut arguments = [0.0; MAX_ARGUMENTS];
        arguments[..width].copy_from_slice(&state[argument..argument + width]);
        match self {
            Kernels::Native(native) => {
                let pointers = Pointers { state, field: &table.field, index: &table.index, padded: table.padded };
                native.receive(pointers, t_ms, dt_ms, instance, &mut arguments);
            }
            Kernels::Interpreted => {
                let mut call =
                    interpret::Call { state, field: &table.field, index: &table.index, n: table.padded, t_ms, dt_ms };
                interpret::receive(&table.mechanism, &mut call, instance, &mut arguments[..width]);
            }
        }
        state[argument..argument + width].copy_from_slice(&arguments[..width]);
    }
}

/// Interprets a kernel for every instance of a table, padding too, as machine code does.
pub fn interpret_all(kernel: &Kernel, table: &MechanismTable, state: &mut [f64], t_ms: f64, dt_ms: f64) {
    let mut call = interpret::Call { state, field: &table.field, index: &table.index, n: table.padded, t_ms, dt_ms };
    interpret::run(&table.mechanism, kernel, &mut call, 0..table.padded);
}
