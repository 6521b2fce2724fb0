//! Compiles kernels with the C compilers at hand and runs them beside the interpreter.
#![allow(dead_code, missing_docs)]

use std::path::PathBuf;
use std::process::Command;

use libloading::{Library, Symbol};
use tianyan_nmodl::interpret::{self, Call};
use tianyan_nmodl::ir::{Binding, Kernel};
use tianyan_nmodl::{Mechanism, Options, RateTable, compile, emit};

pub const FLAGS: [&str; 5] =
    ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-mprefer-vector-width=512"];

/// Compilers and flags worth comparing on this machine: gcc and clang, hardly and fully optimised, with vectors of four
/// and of eight.
pub fn targets() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut vectors: Vec<&[&str]> = vec![&["-mavx2", "-mfma"]];
    if std::is_x86_feature_detected!("avx512vl") && std::is_x86_feature_detected!("avx512dq") {
        vectors.push(&["-march=x86-64-v4"]);
    }
    let is_there = |compiler: &str| Command::new(compiler).arg("--version").output().is_ok();
    let mut targets = Vec::new();
    for compiler in ["gcc", "clang"].into_iter().filter(|compiler| is_there(compiler)) {
        let own: &[&str] = if compiler == "gcc" { &["-fno-thread-jumps"] } else { &[] };
        for vectors in &vectors {
            targets.push((compiler, [&["-O1", "-ffp-contract=off"], *vectors].concat()));
            targets.push((compiler, [&FLAGS, own, *vectors].concat()));
        }
    }
    if !is_there("clang") {
        eprintln!("skipped: clang is not installed, its kernels are not compared");
    }
    targets
}

/// A file of this test run.
pub fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()))
}

/// Compiles C; what the compiler says goes to the panic message.
pub fn build(name: &str, text: &str, compiler: &str, flags: &[&str]) -> PathBuf {
    let (source, library) = (scratch(&format!("{name}.c")), scratch(&format!("{name}.so")));
    std::fs::write(&source, text).unwrap();
    let output = Command::new(compiler)
        .args(["-std=c11", "-shared", "-fPIC"])
        .args(flags)
        .arg("-o")
        .args([&library, &source])
        .arg("-lm")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

pub fn load(library: &PathBuf) -> Library {
    // SAFETY: the library was made from our own text a moment ago and has no constructors.
    unsafe { Library::new(library) }.unwrap()
}

/// Shipped mechanisms and those under `tests/mod`: file and text.
pub fn files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> =
        tianyan_nmodl::shipped::all().iter().map(|(_, file, text)| (file.to_string(), text.to_string())).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mod");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().to_string();
        files.push((name, std::fs::read_to_string(path).unwrap()));
    }
    files.sort();
    files
}

pub fn mechanism(file: &str, text: &str, options: &Options) -> Mechanism {
    match compile(file, text, options) {
        Ok((mechanism, _)) => mechanism,
        Err(list) => panic!("{}", list.iter().map(|d| format!("{d}\n")).collect::<String>()),
    }
}

pub fn c_text(mechanism: &Mechanism) -> String {
    format!("{}{}", emit::PRELUDE, emit::emit(mechanism, "k_"))
}

/// Numbers of a field that all instances share.
fn shared_length(mechanism: &Mechanism, field: usize) -> usize {
    let table = mechanism.tables.iter().find(|table| table.fields.contains(&field));
    let function = mechanism.function_tables.iter().any(|table| table.field == field);
    table.map_or(if function { 1 + 2 * POINTS } else { 1 }, |table| 4 + table.count as usize)
}

/// Points of each FUNCTION_TABLE.
const POINTS: usize = 11;

/// Gives tables ends and points that make sense.
fn fill_lookups(mechanism: &Mechanism, field: &[i64], state: &mut [f64]) {
    for (binding, offset) in mechanism.kernels.bindings.iter().zip(field) {
        let (Binding::Field(f), at) = (binding, *offset as usize) else { continue };
        if let Some(table) = mechanism.tables.iter().find(|table| table.fields.contains(f)) {
            state[at..at + 3].copy_from_slice(&[-100.0, f64::from(table.count) / 200.0, f64::from(table.count)]);
        }
        if mechanism.function_tables.iter().any(|table| table.field == *f) {
            state[at] = POINTS as f64;
            (0..POINTS).for_each(|k| state[at + 1 + k] = -120.0 + 20.0 * k as f64);
        }
    }
}

/// A table of whatever rates a mechanism has.
fn rates(mechanism: &Mechanism) -> Vec<f64> {
    let Some(rates) = &mechanism.rates else { return Vec::new() };
    let some = |v: f64, values: &mut [f64]| (0..).zip(values).for_each(|(k, x)| *x = (v * 1e-3 + f64::from(k)).sin());
    RateTable::fit(rates, 1e-6, some).unwrap().numbers().to_vec()
}

/// The tables and numbers of one mechanism on `n` instances, one to a node.
#[derive(Clone)]
pub struct Case {
    pub state: Vec<f64>,
    pub field: Vec<i64>,
    pub index: Vec<i32>,
    pub n: usize,
    pub t: f64,
    pub dt: f64,
    /// The table of rates.
    pub rates: Vec<f64>,
}

impl Case {
    /// Numbers come from `random`, given the name of what they are.
    pub fn new(mechanism: &Mechanism, n: usize, mut random: impl FnMut(&Binding) -> f64) -> Case {
        let nodes = n + 3;
        let (mut state, mut field) = (Vec::new(), Vec::new());
        for binding in &mechanism.kernels.bindings {
            field.push(state.len() as i64);
            let length = match binding {
                Binding::Field(f) if mechanism.fields[*f].shared => shared_length(mechanism, *f),
                Binding::Field(_) => n,
                Binding::Node(_) | Binding::Ion(..) => nodes,
                Binding::Celsius => 1,
            };
            state.extend((0..length).map(|_| random(binding)));
        }
        fill_lookups(mechanism, &field, &mut state);
        let rows = 1 + mechanism.ions.len();
        let index = (0..rows * n).map(|k| ((k % n * 7 + k / n) % nodes) as i32).collect();
        Case { state, field, index, n, t: 12.5, dt: 0.025, rates: rates(mechanism) }
    }

    pub fn interpret(&mut self, mechanism: &Mechanism, kernel: &Kernel) {
        let n = self.n;
        let mut call = self.call();
        interpret::run(mechanism, kernel, &mut call, 0..n);
    }

    pub fn call(&mut self) -> Call<'_> {
        let Case { state, field, index, rates, .. } = self;
        Call { state, field, index, n: self.n, rates, t_ms: self.t, dt_ms: self.dt }
    }

    pub fn run_c(&mut self, library: &Library, name: &str) {
        type Function = unsafe extern "C" fn(*mut f64, *const i64, *const i32, i64, f64, f64, *const f64);
        // SAFETY: emit gives every kernel this signature, and the tables are as long as the mechanism needs.
        unsafe {
            let function: Symbol<Function> = library.get(name.as_bytes()).unwrap();
            let Case { state, field, index, rates, n, t, dt } = self;
            function(state.as_mut_ptr(), field.as_ptr(), index.as_ptr(), *n as i64, *t, *dt, rates.as_ptr());
        }
    }

    pub fn event_c(&mut self, library: &Library, name: &str, i: usize, arguments: &mut [f64], effects: &mut [f64]) {
        type Function =
            unsafe extern "C" fn(*mut f64, *const i64, *const i32, i64, f64, f64, *const f64, i64, *mut f64, *mut f64);
        // SAFETY: as above; `arguments` has one number for each argument and the flag, `effects` three for each.
        unsafe {
            let function: Symbol<Function> = library.get(name.as_bytes()).unwrap();
            function(
                self.state.as_mut_ptr(),
                self.field.as_ptr(),
                self.index.as_ptr(),
                self.n as i64,
                self.t,
                self.dt,
                self.rates.as_ptr(),
                i as i64,
                arguments.as_mut_ptr(),
                effects.as_mut_ptr(),
            );
        }
    }
}

/// Equal bits, or both not a number.
pub fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}
