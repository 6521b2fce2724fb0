//! `tianyan compare`.

use crate::arguments::CompareArguments;
use crate::say::say;
use std::process::ExitCode;
use tianyan::{CompareOptions, Error};

/// The exit code of outputs that differ.
const DIFFERENT: u8 = 1;

/// Compares two outputs.
pub fn compare(arguments: &CompareArguments) -> Result<ExitCode, Error> {
    let options = CompareOptions {
        tolerance_ms: arguments.tolerance_ms,
        trace_tolerance: arguments.trace_tolerance,
        shift_rows: arguments.shift_rows,
        dt_ms: arguments.dt_ms,
        populations: arguments.populations.clone(),
    };
    let comparison = tianyan::compare(&arguments.a, &arguments.b, &options)?;
    let text = || comparison.to_string().trim_end().to_string();
    let text = if arguments.json { format!("{:#}", comparison.to_json()) } else { text() };
    say!("{text}");
    Ok(if comparison.equal() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) })
}
