//! What this machine and this program can do, and what is in a mechanism.

use crate::{Error, GIT, VERSION};
use std::path::PathBuf;
use tianyan_engine::Compiler;
use tianyan_nmodl::{Diagnostic, Stage};

/// A mechanism file that was compiled, printed at some stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MechanismReport {
    /// The file as it was named.
    pub file: String,
    /// The text of the stage; a one-line summary if none was asked for.
    pub text: String,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// Compiles NMODL files; each is a path, or the name of a shipped mechanism. All diagnostics at once.
pub fn compile_files(files: &[PathBuf], stage: Option<Stage>) -> Result<Vec<MechanismReport>, Error> {
    let (mut reports, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.display().to_string();
        let text = match tianyan_nmodl::shipped::source(&name) {
            Some((_, text)) if !file.exists() => text.to_string(),
            _ => tianyan_io::read_text(file)?,
        };
        match compile(&name, &text, stage) {
            Ok(report) => reports.push(report),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(reports) } else { Err(Error::Mechanisms(errors)) }
}

fn compile(name: &str, text: &str, stage: Option<Stage>) -> Result<MechanismReport, Vec<Diagnostic>> {
    let (mechanism, warnings) = tianyan_nmodl::compile(name, text, &tianyan_nmodl::Options::default())?;
    let text = match stage {
        Some(stage) => tianyan_nmodl::print(name, text, stage)?,
        None => {
            let count = |kernel: &tianyan_nmodl::ir::Kernel| kernel.ops.len();
            let kernels = &mechanism.kernels;
            format!(
                "{}: {:?}, {} fields; operations: {} initial, {} current, {} state, {} receive",
                mechanism.name,
                mechanism.kind,
                mechanism.fields.len(),
                count(&kernels.initial),
                count(&kernels.current),
                count(&kernels.state),
                count(&kernels.receive),
            )
        }
    };
    Ok(MechanismReport { file: name.into(), text, warnings })
}

/// What this program is and what it finds on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Version and commit.
    pub version: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Instruction set of the shipped kernels that will run.
    pub instruction_set: &'static str,
    /// C compiler for other mechanisms.
    pub compiler: Option<Compiler>,
    /// Names of the shipped mechanisms.
    pub mechanisms: Vec<&'static str>,
}

/// Looks around.
pub fn environment() -> Environment {
    let mut mechanisms: Vec<&str> = tianyan_nmodl::shipped::all().iter().map(|(name, _, _)| *name).collect();
    mechanisms.sort_unstable();
    Environment {
        version: if GIT.is_empty() { VERSION.into() } else { format!("{VERSION} ({GIT})") },
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        instruction_set: tianyan_engine::instruction_set(),
        compiler: Compiler::find(),
        mechanisms,
    }
}
