//! `tianyan mod`.

use crate::arguments::{Format, Stage};
use crate::say::{say, tell};
use std::path::PathBuf;
use std::process::ExitCode;
use tianyan::nmodl::diagnostic::Severity;
use tianyan::{MechanismReport, nmodl};

/// Compiles files, and prints a stage of each, or what there is to say about them.
pub fn compile(files: &[PathBuf], stage: Option<Stage>, format: Format, deny: &[String]) -> ExitCode {
    let stage = stage.map(|stage| match stage {
        Stage::Ast => nmodl::Stage::Ast,
        Stage::Ir => nmodl::Stage::Ir,
        Stage::Kernels => nmodl::Stage::Kernels,
        Stage::C => nmodl::Stage::C,
    });
    let mut reports = tianyan::compile_files(files, stage);
    if reports.is_empty() {
        tell!(
            "error[no-files]: no .mod file there\n  help: name files, folders that hold some, or a shipped mechanism"
        );
        return ExitCode::from(2);
    }
    let mut good = true;
    for report in &mut reports {
        deny_warnings(report, deny);
        good &= report.diagnostics.iter().all(|diagnostic| diagnostic.severity == Severity::Warning);
    }
    match format {
        Format::Json => {
            let all: Vec<_> = reports.iter().map(MechanismReport::to_json).collect();
            say!("{:#}", serde_json::Value::Array(all));
        }
        Format::Text => reports.iter().for_each(tell),
    }
    if good { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

fn deny_warnings(report: &mut MechanismReport, deny: &[String]) {
    let denied = |code: &str| deny.iter().any(|word| word == code || word == "warnings");
    for diagnostic in report.diagnostics.iter_mut().filter(|diagnostic| denied(diagnostic.code)) {
        diagnostic.severity = Severity::Error;
    }
}

fn tell(report: &MechanismReport) {
    report.diagnostics.iter().for_each(|diagnostic| tell!("{diagnostic}\n"));
    if report.is_good() {
        say!("{}", report.text);
    }
}
