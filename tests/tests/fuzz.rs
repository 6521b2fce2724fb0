//! Whatever a user writes, readers answer and never panic.
//!
//! The corpus is every NMODL file, SWC file and config of this repository, and what once made a reader panic
//! (tests/corpus). It is replayed, then mutated for `TIANYAN_FUZZ_SECONDS` (30 in `make test`, 600 in
//! `make validate`): bytes changed, pieces cut, doubled and moved between files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tianyan_tests::root;

/// A small generator (SplitMix64): the same mutations for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let skip = ["target", ".git", "out", ".venv", ".work"];
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && !skip.iter().any(|s| *s == name) {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

fn corpus(ending: &str) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    files(&root(), ending, &mut paths);
    paths.sort();
    // Long files make slow rounds: beginnings serve as well.
    paths.iter().map(|p| std::fs::read(p).expect("readable")).map(|b| b[..b.len().min(6000)].to_vec()).collect()
}

/// Tokens that readers treat in a special way.
const TOKENS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "'",
    "#",
    ":",
    "=",
    ".",
    ",",
    "\n",
    "-",
    "1e999",
    "nan",
    "-1",
    "0",
    "18446744073709551616",
    "1e-400",
    "inf",
    "\u{feff}",
    "\0",
    "\u{1F9E0}",
    "LOCAL",
    "SOLVE",
    "METHOD",
    "IF",
    "if",
    "else",
    "STATE",
    "^",
    "ENDCOMMENT",
    "COMMENT",
    "VERBATIM",
    "exp(",
    "NET_RECEIVE",
    "USEION",
    "((((((((",
    "x = x",
    "true",
    "[[",
    "]]",
    "inherit",
];

fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(6) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                let piece = other[from..(from + random.below(80)).min(other.len())].to_vec();
                bytes.splice(at..end, piece);
            }
            4 => bytes.truncate(at),
            _ => {
                let token = TOKENS[random.below(TOKENS.len())].bytes();
                bytes.splice(at..end, token);
            }
        }
    }
    bytes
}

/// Replays the corpus of an ending, then mutates it for a third of the time.
fn fuzz(ending: &str, read: impl Fn(&[u8])) {
    let corpus = corpus(ending);
    assert!(!corpus.is_empty(), "no *.{ending} in the repository");
    corpus.iter().for_each(|bytes| attempt(ending, bytes, &read));
    let seconds = std::env::var("TIANYAN_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(30.0);
    let until = Instant::now() + Duration::from_secs_f64(seconds / 3.0);
    let seed = std::env::var("TIANYAN_FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut random = Random(seed);
    let mut rounds = 0;
    while Instant::now() < until {
        attempt(ending, &mutate(&mut random, &corpus), &read);
        rounds += 1;
    }
    println!("{ending}: {} files replayed, {rounds} mutants, seed {seed}", corpus.len());
}

fn attempt(ending: &str, bytes: &[u8], read: &impl Fn(&[u8])) {
    let began = Instant::now();
    if catch_unwind(AssertUnwindSafe(|| read(bytes))).is_err() {
        let kept = std::env::temp_dir().join(format!("tianyan-panic.{ending}"));
        std::fs::write(&kept, bytes).expect("the culprit is kept");
        panic!("a reader panicked on {}; add it to tests/corpus with its cure", kept.display());
    }
    assert!(began.elapsed() < Duration::from_secs(20), "a reader hangs");
}

#[test]
fn swc() {
    fuzz("swc", |bytes| {
        if let Ok(swc) = tianyan_io::swc::parse_swc("fuzz.swc", bytes) {
            let one_each = vec![1; swc.morphology.sections.len()];
            let geometry = tianyan_model::Geometry::new(&swc.morphology, &one_each);
            let areas = geometry.sections.iter().flatten().map(|c| c.area_um2);
            assert!(areas.into_iter().all(|area| area.is_finite() && area >= 0.0));
        }
    });
}

#[test]
fn configs() {
    let shipped = |name: &str| tianyan_nmodl::shipped::source(name).map(|(file, text)| (file.into(), text.into()));
    // Paths lead nowhere from here: what a mutant names must not be opened by accident.
    let nowhere = Path::new("/nonexistent");
    fuzz("toml", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(config) = tianyan_io::config::parse_config("fuzz.toml", &text, nowhere) {
            let _ = tianyan_io::config::recipe(&config, &shipped);
        }
    });
}

#[test]
fn mechanisms() {
    fuzz("mod", |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok((mechanism, _)) = tianyan_nmodl::compile("fuzz.mod", &text, &tianyan_nmodl::Options::default()) {
            let _ = tianyan_nmodl::emit::emit(&mechanism, "fuzz_");
        }
    });
}
