//! Machine code for mechanisms that are not shipped: a C compiler, and a folder that keeps its results.

use crate::EngineError;
use crate::native::{self, CompiledMechanism};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use tianyan_nmodl::Mechanism;

/// A C compiler of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiler {
    /// Program name or path.
    pub program: String,
    /// First line of `--version`.
    pub version: String,
}

impl Compiler {
    /// The compiler that the environment variable `CC` names, else the first of cc, gcc, clang that runs.
    pub fn find() -> Option<Compiler> {
        let named = std::env::var("CC").ok().filter(|cc| !cc.is_empty());
        let candidates = named.into_iter().chain(["cc", "gcc", "clang"].map(String::from));
        candidates.into_iter().find_map(|program| {
            let output = Command::new(&program).arg("--version").output().ok().filter(|o| o.status.success())?;
            let version = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_string();
            Some(Compiler { program, version })
        })
    }

    fn is_clang(&self) -> bool {
        self.version.contains("clang")
    }

    /// The flags of every compilation. Contraction is off (the same bits everywhere); gcc vectorises the loops only
    /// without jump threading.
    fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec!["-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"];
        if cfg!(target_arch = "x86_64") {
            flags.push("-mprefer-vector-width=512");
        }
        if !self.is_clang() {
            flags.push("-fno-thread-jumps");
        }
        flags.extend(["-std=gnu11", "-fPIC", "-shared"]);
        flags
    }
}

/// Compiled mechanisms on disk, under names made of everything that decides their content.
#[derive(Debug, Clone)]
pub struct KernelCache {
    folder: PathBuf,
    compiler: Compiler,
}

impl KernelCache {
    /// A cache in `folder`, which is created when the first result is kept.
    pub fn new(folder: impl Into<PathBuf>, compiler: Compiler) -> KernelCache {
        KernelCache { folder: folder.into(), compiler }
    }

    /// The machine code of a mechanism: from the folder, else compiled now.
    pub fn get(&self, mechanism: &Mechanism) -> Result<CompiledMechanism, EngineError> {
        let text = format!("{}\n{}", tianyan_nmodl::emit::PRELUDE, tianyan_nmodl::emit::emit(mechanism, "tianyan_"));
        let library = self.folder.join(format!("{}-{:016x}.so", mechanism.name, self.key(&text)));
        if !library.exists() {
            self.compile(mechanism, &text, &library)?;
        }
        native::load(mechanism, &library)
    }

    fn key(&self, text: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (text, &self.compiler.version, self.compiler.flags(), native::instruction_set()).hash(&mut hasher);
        hasher.finish()
    }

    fn compile(&self, mechanism: &Mechanism, text: &str, library: &Path) -> Result<(), EngineError> {
        let fail = |message: String| EngineError::Kernel { mechanism: mechanism.name.clone(), message };
        let io = |error: std::io::Error| fail(format!("{}: {error}", self.folder.display()));
        std::fs::create_dir_all(&self.folder).map_err(io)?;
        let unfinished = library.with_extension(format!("{}.part", std::process::id()));
        let source = library.with_extension(format!("{}.c", std::process::id()));
        std::fs::write(&source, text).map_err(io)?;
        let output = Command::new(&self.compiler.program)
            .args(self.compiler.flags())
            .arg("-o")
            .args([&unfinished, &source])
            .output()
            .map_err(io)?;
        let _ = std::fs::remove_file(&source);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(fail(format!("{} said: {said}", self.compiler.program)));
        }
        std::fs::rename(&unfinished, library).map_err(io)
    }
}
