//! `tianyan info`.

use crate::say::say;
use std::process::ExitCode;
use tianyan::Error;

/// Shows what this program is and what it finds on this machine.
pub fn show() -> Result<ExitCode, Error> {
    let environment = tianyan::environment();
    let compiler = environment.compiler.map_or_else(
        || "none: mechanisms that are not shipped are interpreted, about 50 times slower".into(),
        |c| format!("{} ({})", c.program, c.version),
    );
    say!("tianyan     {}", environment.version);
    say!("cores       {}", environment.cores);
    say!("kernels     {}", environment.instruction_set);
    say!("C compiler  {compiler}");
    say!("MPI         {}", tianyan::comm::mpi_library().unwrap_or_else(|| "not built in".into()));
    say!("GPU         {}", tianyan::gpus());
    say!("mechanisms  {}", environment.mechanisms.join(", "));
    Ok(ExitCode::SUCCESS)
}
