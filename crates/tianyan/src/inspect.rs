//! What this machine and this program can do, and what is in a mechanism.

use crate::{GIT, VERSION};
use std::path::{Path, PathBuf};
use tianyan_engine::Compiler;
use tianyan_nmodl::ir::Binding;
use tianyan_nmodl::{Diagnostic, Field, IonUse, Mechanism, MechanismKind, Stage};

/// A mechanism file that was compiled, printed at some stage.
#[derive(Debug, Clone, PartialEq)]
pub struct MechanismReport {
    /// The file as it was named.
    pub file: String,
    /// The text of the stage; a one-line summary if none was asked for.
    pub text: String,
    /// Warnings, or errors.
    pub diagnostics: Vec<Diagnostic>,
    /// What the file makes; none if there are errors.
    pub mechanism: Option<Mechanism>,
}

impl MechanismReport {
    /// True if the file compiled.
    pub fn is_good(&self) -> bool {
        self.mechanism.is_some()
    }

    /// Everything as JSON: `file`, `diagnostics`, and `mechanism` (null if there are errors).
    pub fn to_json(&self) -> serde_json::Value {
        let diagnostic = |d: &Diagnostic| {
            serde_json::json!({
                "severity": format!("{:?}", d.severity).to_lowercase(), "code": d.code, "message": d.message,
                "file": d.file, "line": d.line, "column": d.column, "source_line": d.source_line, "help": d.help,
            })
        };
        serde_json::json!({
            "file": self.file,
            "diagnostics": self.diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
            "mechanism": self.mechanism.as_ref().map(mechanism_json),
        })
    }
}

fn mechanism_json(mechanism: &Mechanism) -> serde_json::Value {
    let reads = |name: &str| {
        let binding = mechanism.field(name).map(Binding::Field);
        mechanism.kernels.bindings.iter().any(|other| Some(*other) == binding)
    };
    let field = |f: &Field| {
        serde_json::json!({
            "name": f.name, "unit": f.unit, "default": f.default, "range": f.range, "state": f.state,
            "settable": f.settable, "pointer": f.peer && reads(&f.name), "shared": f.shared,
        })
    };
    let ion = |ion: &IonUse| {
        serde_json::json!({
            "name": ion.name, "valence": ion.valence, "reads_reversal": ion.reads_reversal,
            "reads_concentration": ion.reads_concentration, "reads_current": ion.reads_current,
            "writes_current": ion.writes_current, "writes_inside": ion.writes_inside,
            "writes_outside": ion.writes_outside, "writes_reversal": ion.writes_reversal,
        })
    };
    let kernel = |(name, kernel): (&str, &tianyan_nmodl::ir::Kernel)| (name.to_string(), kernel.ops.len().into());
    let kernels = mechanism.kernels.all().into_iter().filter(|(_, kernel)| !kernel.is_empty());
    serde_json::json!({
        "name": mechanism.name,
        "kind": mechanism.kind.word(),
        "electrode": mechanism.electrode,
        "affine_in_v": mechanism.affine,
        "currents": mechanism.currents,
        "fields": mechanism.fields.iter().map(field).collect::<Vec<_>>(),
        "ions": mechanism.ions.iter().map(ion).collect::<Vec<_>>(),
        "net_receive": mechanism.arguments,
        "function_tables": mechanism.function_tables.iter().map(|table| &table.name).collect::<Vec<_>>(),
        "random": mechanism.streams().collect::<Vec<_>>(),
        "iterates": mechanism.kernels.all().iter().any(|(_, kernel)| !kernel.iterations.is_empty()),
        "makes_spikes": mechanism.makes_spikes(),
        "mergeable": mechanism.mergeable().is_ok(),
        "not_mergeable_because": mechanism.mergeable().err(),
        "operations": kernels.map(kernel).collect::<serde_json::Map<_, _>>(),
    })
}

/// Compiles NMODL files; each is a path, a folder (the .mod files in it, and in the folders in it), or the name of a
/// shipped mechanism. A file that cannot be read, or has errors, has a report too.
pub fn compile_files(files: &[PathBuf], stage: Option<Stage>) -> Vec<MechanismReport> {
    files.iter().flat_map(|file| mechanism_files(file)).map(|file| compile_file(&file, stage)).collect()
}

/// The file itself, or the .mod files of a folder, by name.
fn mechanism_files(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_path_buf()] };
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    let wanted = |path: &PathBuf| path.is_dir() || path.extension().is_some_and(|ending| ending == "mod");
    inside.into_iter().filter(wanted).flat_map(|path| mechanism_files(&path)).collect()
}

fn compile_file(file: &Path, stage: Option<Stage>) -> MechanismReport {
    let name = file.display().to_string();
    let text = match tianyan_nmodl::shipped::source(&name) {
        Some((_, text)) if !file.exists() => Ok(text.to_string()),
        _ => tianyan_io::read_mechanism(file),
    };
    let report = match &text {
        Ok(text) => compile(&name, text, stage),
        Err(error) => Err(vec![Diagnostic::unreadable(&name, error)]),
    };
    let bad = |diagnostics| MechanismReport { file: name, text: String::new(), diagnostics, mechanism: None };
    report.unwrap_or_else(bad)
}

fn compile(name: &str, text: &str, stage: Option<Stage>) -> Result<MechanismReport, Vec<Diagnostic>> {
    let (mechanism, warnings) = tianyan_nmodl::compile(name, text, &tianyan_nmodl::Options::default())?;
    let text = match stage {
        Some(stage) => tianyan_nmodl::print(name, text, stage)?,
        None => {
            let count = |kernel: &tianyan_nmodl::ir::Kernel| kernel.ops.len();
            let kernels = &mechanism.kernels;
            let merging = match mechanism.mergeable() {
                _ if mechanism.kind != MechanismKind::PointProcess => String::new(),
                Ok(()) => "; equal instances merge".into(),
                Err(obstacle) => format!("; equal instances stay separate: {obstacle}"),
            };
            format!(
                "{}: {:?}, {} fields; operations: {} initial, {} current, {} state, {} receive{merging}",
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
    Ok(MechanismReport { file: name.into(), text, diagnostics: warnings, mechanism: Some(mechanism) })
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
