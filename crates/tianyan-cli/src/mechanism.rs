//! `tianyan mod`.

use crate::arguments::Stage;
use std::path::PathBuf;
use std::process::ExitCode;
use tianyan::{Error, nmodl};

/// Compiles files, and prints a stage of each.
pub fn compile(files: &[PathBuf], stage: Option<Stage>) -> Result<ExitCode, Error> {
    let stage = stage.map(|stage| match stage {
        Stage::Ast => nmodl::Stage::Ast,
        Stage::Ir => nmodl::Stage::Ir,
        Stage::Kernels => nmodl::Stage::Kernels,
        Stage::C => nmodl::Stage::C,
    });
    for report in tianyan::compile_files(files, stage)? {
        report.warnings.iter().for_each(|warning| eprintln!("{warning}\n"));
        println!("{}", report.text);
    }
    Ok(ExitCode::SUCCESS)
}
