//! `tianyan explain`.

use std::process::ExitCode;
use tianyan::Error;
use tianyan::nmodl::explain;

/// Says what a code means, or lists all codes.
pub fn explain(code: Option<&str>) -> Result<ExitCode, Error> {
    let Some(code) = code else {
        explain::all().iter().for_each(|entry| println!("{:28} {}", entry.code, entry.summary));
        return Ok(ExitCode::SUCCESS);
    };
    match explain::find(code) {
        Some(entry) => {
            println!("{entry}");
            Ok(ExitCode::SUCCESS)
        }
        None => {
            eprintln!("error[code-unknown]: there is no code `{code}`\n  help: `tianyan explain` lists all");
            Ok(ExitCode::from(2))
        }
    }
}
