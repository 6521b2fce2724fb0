//! `tianyan info`.

use std::process::ExitCode;
use tianyan::Error;

/// Shows what this program is and what it finds on this machine.
pub fn show() -> Result<ExitCode, Error> {
    let environment = tianyan::environment();
    let compiler = environment.compiler.map_or_else(
        || "none: mechanisms that are not shipped are interpreted, about 50 times slower".into(),
        |c| format!("{} ({})", c.program, c.version),
    );
    println!("tianyan     {}", environment.version);
    println!("cores       {}", environment.cores);
    println!("kernels     {}", environment.instruction_set);
    println!("C compiler  {compiler}");
    println!("MPI         not built in");
    println!("GPU         not built in");
    println!("mechanisms  {}", environment.mechanisms.join(", "));
    Ok(ExitCode::SUCCESS)
}
