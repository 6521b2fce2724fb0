//! Compiles the shipped mechanisms into the crate, once for each instruction set this architecture knows, so that a
//! machine without a C compiler runs them at full speed.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};
use tianyan_nmodl::emit::{EVENTS, SWEEPS};
use tianyan_nmodl::{Mechanism, Options};

/// Name of the variant, flags of the C compiler, doubles in a vector (0: the tree solver is left to Rust).
type Variant = (&'static str, &'static [&'static str], usize);

fn main() {
    println!("cargo::rerun-if-changed=build/main.rs");
    println!("cargo::rerun-if-changed=src/solve.c");
    println!("cargo::rerun-if-changed=src/nernst.c");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mechanisms: Vec<Mechanism> =
        tianyan_nmodl::shipped::all().iter().map(|(_, file, text)| compile(file, text)).collect();
    let built: Vec<&Variant> = variants().iter().filter(|variant| build(&out, variant, &mechanisms)).collect();
    fs::write(out.join("shipped.rs"), table(&mechanisms, &built)).expect("OUT_DIR is writable");
}

fn compile(file: &str, text: &str) -> Mechanism {
    match tianyan_nmodl::compile(file, text, &Options::default()) {
        Ok((mechanism, _)) => mechanism,
        Err(errors) => {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("a shipped mechanism does not compile:\n{}", all.join("\n"));
        }
    }
}

fn variants() -> &'static [Variant] {
    match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
        Ok("x86_64") => &[
            ("avx512", &["-march=x86-64-v4", "-mprefer-vector-width=512"], 8),
            ("avx2", &["-march=x86-64-v3"], 4),
            ("base", &[], 0),
        ],
        _ => &[("base", &[], 0)],
    }
}

/// Compiles all mechanisms for one variant; false if the compiler cannot.
fn build(out: &Path, (name, flags, lanes): &Variant, mechanisms: &[Mechanism]) -> bool {
    let mut text = String::from(tianyan_nmodl::emit::PRELUDE);
    for mechanism in mechanisms {
        text.push_str(&tianyan_nmodl::emit::emit(mechanism, &format!("tianyan_{name}_")));
    }
    if *lanes > 0 {
        let define = format!("#define LANES {lanes}\n#define NAME(x) tianyan_{name}_##x\n");
        text.push_str(&(define + include_str!("../src/solve.c") + include_str!("../src/nernst.c")));
    }
    let file = out.join(format!("shipped_{name}.c"));
    fs::write(&file, text).expect("OUT_DIR is writable");
    let mut build = cc::Build::new();
    build.file(&file).opt_level(3).warnings(false).debug(false).cargo_warnings(false);
    for flag in *flags {
        build.flag(flag);
    }
    for flag in ["-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"] {
        build.flag(flag);
    }
    build.flag_if_supported("-fno-thread-jumps");
    build.try_compile(&format!("tianyan_shipped_{name}")).is_ok()
}

/// Which of these kernels a mechanism has.
fn present(mechanism: &Mechanism, names: &[&'static str]) -> Vec<bool> {
    names.iter().map(|name| mechanism.kernels.named(name).is_some_and(|kernel| !kernel.is_empty())).collect()
}

fn digest(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

const SOLVE: &str = "plan: *const PlanPointers, arrays: *const ArrayPointers, factor: f64";

const NERNST: &str = "reversal: *mut f64, inside: *const f64, outside: *const f64, n: i64, factor: f64";

const SWEEP: &str = "state: *mut f64, field: *const i64, index: *const i32, n: i64, t: f64, dt: f64, rates: *const f64";

fn table(mechanisms: &[Mechanism], built: &[&Variant]) -> String {
    let mut rust = String::from("// Made by build/main.rs.\nunsafe extern \"C\" {\n");
    for (variant, _, lanes) in built {
        if *lanes > 0 {
            let _ = writeln!(rust, "    fn tianyan_{variant}_solve({SOLVE});");
            let _ = writeln!(rust, "    fn tianyan_{variant}_nernst({NERNST});");
        }
        for mechanism in mechanisms {
            declare(&mut rust, variant, mechanism, &SWEEPS, "", "");
            if mechanism.has_runs() {
                declare(&mut rust, variant, mechanism, &SWEEPS, "_run", "");
            }
            declare(&mut rust, variant, mechanism, &EVENTS, "", ", i: i64, argument: *mut f64, effect: *mut f64");
        }
    }
    rust.push_str("}\npub static SHIPPED: &[Shipped] = &[\n");
    for mechanism in mechanisms {
        let digest = digest(&tianyan_nmodl::emit::emit(mechanism, ""));
        let _ = writeln!(rust, "    Shipped {{ digest: {digest}, variants: &[");
        for (variant, _, _) in built {
            let list = |names, ending| list(variant, mechanism, names, ending);
            let (sweeps, runs, events) = (list(&SWEEPS, ""), list(&SWEEPS, "_run"), list(&EVENTS, ""));
            let functions = format!("Functions {{ sweeps: [{sweeps}], runs: [{runs}], events: [{events}] }}");
            let _ = writeln!(rust, "        (\"{variant}\", {functions}),");
        }
        rust.push_str("    ] },\n");
    }
    rust.push_str("];\n/// Instruction set, doubles in a vector, the tree solver, Nernst's equation.\n");
    rust.push_str("pub static VECTORS: &[(&str, usize, SolveFunction, NernstFunction)] = &[\n");
    for (variant, _, lanes) in built.iter().filter(|variant| variant.2 > 0) {
        let functions = format!("tianyan_{variant}_solve, tianyan_{variant}_nernst");
        let _ = writeln!(rust, "    (\"{variant}\", {lanes}, {functions}),");
    }
    rust.push_str("];\n");
    rust
}

fn declare(rust: &mut String, variant: &str, mechanism: &Mechanism, names: &[&'static str], ending: &str, more: &str) {
    for (name, there) in names.iter().zip(present(mechanism, names)) {
        if there {
            let _ = writeln!(rust, "    fn tianyan_{variant}_{}_{name}{ending}({SWEEP}{more});", mechanism.name);
        }
    }
}

fn list(variant: &str, mechanism: &Mechanism, names: &[&'static str], ending: &str) -> String {
    let is_known = ending.is_empty() || mechanism.has_runs();
    let function = |(name, there): (&&str, bool)| match there && is_known {
        true => format!("Some(tianyan_{variant}_{}_{name}{ending})", mechanism.name),
        false => "None".into(),
    };
    names.iter().zip(present(mechanism, names)).map(function).collect::<Vec<_>>().join(", ")
}
