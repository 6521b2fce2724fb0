//! `tianyan explain`.

use crate::say::{say, tell};
use std::process::ExitCode;
use tianyan::Error;
use tianyan::nmodl::explain;

/// Says what a code means, or lists all codes.
pub fn explain(code: Option<&str>) -> Result<ExitCode, Error> {
    let Some(code) = code else {
        explain::all().iter().for_each(|entry| say!("{:28} {}", entry.code, entry.summary));
        return Ok(ExitCode::SUCCESS);
    };
    match explain::find(code) {
        Some(entry) => {
            say!("{entry}");
            Ok(ExitCode::SUCCESS)
        }
        None => {
            let longer = format!("nmodl-{code}");
            let near = explain::all()
                .iter()
                .find(|e| e.code == longer || e.code.starts_with(code) || code.starts_with(e.code));
            let near = near.map_or(String::new(), |entry| format!("did you mean `{}`? ", entry.code));
            tell!(
                "error[code-unknown]: there is no code `{code}` of the mechanism compiler\n  help: {near}`tianyan explain` lists all; \
                 other messages carry their cure with them"
            );
            Ok(ExitCode::from(2))
        }
    }
}
