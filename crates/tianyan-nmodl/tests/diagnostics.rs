//! What the compiler says to files that are wrong, and that it never panics.
#![allow(missing_docs)]

mod common;

use proptest::prelude::*;
use tianyan_nmodl::{Options, Stage, compile, print};

/// Everything said about a text: errors, or warnings.
fn said(text: &str) -> String {
    let list = match compile("test.mod", text, &Options::default()) {
        Ok((_, warnings)) => warnings,
        Err(errors) => errors,
    };
    list.iter().map(|diagnostic| format!("{diagnostic}\n")).collect()
}

/// A file with one block more.
fn with(block: &str) -> String {
    format!(
        "NEURON {{ SUFFIX test RANGE gbar NONSPECIFIC_CURRENT i }}\nPARAMETER {{ gbar = 1 shared = 2 }}\n\
         ASSIGNED {{ v i tau }}\nSTATE {{ m h }}\n{block}\n"
    )
}

/// Files of tests/wrong, one mistake each: the message names the place and the cure.
#[test]
fn wrong_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wrong");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 30);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/wrong");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for path in paths {
            let name = path.file_stem().unwrap().to_string_lossy().to_string();
            let told = said(&std::fs::read_to_string(&path).unwrap());
            assert!(!told.is_empty(), "{name}: nothing is said");
            insta::assert_snapshot!(name, told);
        }
    });
}

#[test]
fn wrong_syntax() {
    insta::assert_snapshot!(said(&with(
        "BREAKPOINT {\n    i = (gbar*v\n    i = 3 +\n    tau == 4\n    i = v\n}\nFUNCTION f(x { f = x }\nfoo { }"
    )));
}

/// Every code that the compiler uses is explained, and every example gets its code.
#[test]
fn every_code_is_explained() {
    let head = "NEURON { SUFFIX test RANGE g, x NONSPECIFIC_CURRENT i }\nPARAMETER { g = 1 e = 2 }\n\
                ASSIGNED { v i x }\nSTATE { m h }\n";
    for entry in tianyan_nmodl::explain::all() {
        let whole = entry.example.starts_with("NEURON");
        let told = said(&format!("{}{}\n", if whole { "" } else { head }, entry.example));
        assert!(told.contains(&format!("[{}]", entry.code)), "{}: {told}", entry.code);
        assert!(entry.to_string().contains(entry.example.lines().next().unwrap()));
    }
    let mut used = std::collections::BTreeSet::new();
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("explain.rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let codes = text.split('"').filter(|word| word.starts_with("nmodl-")).map(String::from);
                used.extend(codes.filter(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
            }
        }
    }
    for code in used {
        assert!(tianyan_nmodl::explain::find(&code).is_some(), "{code} is not explained");
    }
}

/// Functions count as reached wherever they are called.
#[test]
fn calls_in_equations_are_seen() {
    let text = "NEURON { SUFFIX q RANGE x }\nSTATE { x }\nVERBATIM\n/* c */\nENDVERBATIM\n\
                BREAKPOINT { SOLVE l }\nLINEAR l { ~ x = f(3) }\nFUNCTION f(n) { f = n + 1 }\n";
    let (mechanism, _) = compile("q.mod", text, &Options::default()).unwrap();
    assert!(mechanism.kernels.state.ops.contains(&tianyan_nmodl::ir::Op::Constant(4.0)));
    let by_c = "NEURON { SUFFIX q RANGE x }\nASSIGNED { x }\nVERBATIM\nstatic double g(double n) { return f(n); }\nENDVERBATIM\n\
                INITIAL { VERBATIM\nx = g(3);\nENDVERBATIM }\nFUNCTION f(n) { f = n + 1 }\n";
    let (mechanism, _) = compile("q.mod", by_c, &Options::default()).unwrap();
    assert!(mechanism.kernels.initial.ops.contains(&tianyan_nmodl::ir::Op::Constant(4.0)));
    let twice = "NEURON { POINT_PROCESS q }\nNET_RECEIVE(w) { FOR_NETCONS(a) { a = 1 } FOR_NETCONS(a) { a = 2 } }\n";
    assert!(said(twice).contains("a second FOR_NETCONS"));
}

#[test]
fn what_would_not_end() {
    insta::assert_snapshot!(said(&with(
        "FUNCTION f(x) { f = g(x) }\nFUNCTION g(x) { g = f(x) }\nINITIAL { m = f(1) }"
    )));
    let mut doubling = String::from("INITIAL { p30() }\nPROCEDURE p0() { m = m*h + 1 }\n");
    for k in 1..=30 {
        doubling += &format!("PROCEDURE p{k}() {{ p{}() p{}() }}\n", k - 1, k - 1);
    }
    assert!(said(&with(&doubling)).contains("too large"));
    for nested in
        ["(".repeat(100_000), "-".repeat(100_000), "m^".repeat(100_000), "1+".repeat(100_000), "!".repeat(9999)]
    {
        let text = with(&format!("INITIAL {{ m = {nested}"));
        assert!(said(&text).contains("error"));
    }
    let ifs = with(&format!("INITIAL {{ {}", "if (m) { ".repeat(10_000)));
    assert!(said(&ifs).contains("too deep"));
    let elses = with(&format!("INITIAL {{ if (m) {{ }} {} }}", "else if (h) { m = 1 } ".repeat(10_000)));
    assert!(said(&elses).contains("too many"));
    let ways = "if (m > 1) { if (h > 1) { return; } m = 2; } else { if (h < 0) { return; } m = m + h; }\n".repeat(60);
    assert!(
        !said(&with(&format!("INITIAL {{ p() }}\nPROCEDURE p() {{ VERBATIM\n{ways}ENDVERBATIM\n}}"))).contains("error")
    );
    let nested = format!("INITIAL {{ VERBATIM\nvoid *p; if (p) {} m = 1;\nENDVERBATIM }}", "if (m) ".repeat(20_000));
    assert!(said(&with(&nested)).contains("too deep"));
    let c = |code: String| said(&with(&format!("INITIAL {{ VERBATIM\n{code}\nENDVERBATIM }}")));
    assert!(c("if (m > h) return;\n".repeat(3_000)).contains("leave it early"));
    assert!(c(format!("m = {}h;", "(int)".repeat(5_000))).contains("too deep"));
    assert!(c(format!("m = {}h;", "+ ".repeat(50_000))).contains("too deep"));
    assert!(c(format!("switch (1) {{ {} m = 1; }}", "case 0: ".repeat(5_000))).contains("too many cases"));
    let grows = (0..8).map(|k| format!("#define X{k} X{} X{} X{} X{}\n", k + 1, k + 1, k + 1, k + 1));
    assert!(c(format!("{}#define X8 {}\nm = X0;", grows.collect::<String>(), "h ".repeat(2000))).contains("error"));
    assert!(c("m = 1.2.3;".into()).contains("is no number"));
    assert!(c("h = m > 1 && (m = h);".into()).contains("behind `&&`"));
    assert!(!said(&with("INITIAL { m = 2^1e300 h = 3^-1e9 }")).contains("error"));
}

fn words() -> impl Strategy<Value = String> {
    let words = [
        "NEURON",
        "{",
        "}",
        "(",
        ")",
        "SUFFIX",
        "RANGE",
        "USEION",
        "READ",
        "WRITE",
        "ca",
        "cai",
        "ica",
        "STATE",
        "m",
        "m'",
        "=",
        "+",
        "-",
        "*",
        "/",
        "^",
        "if",
        "else",
        "<",
        "&&",
        "!",
        "1",
        "2.5e3",
        "SOLVE",
        "METHOD",
        "cnexp",
        "derivimplicit",
        "DERIVATIVE",
        "s",
        "BREAKPOINT",
        "INITIAL",
        "PROCEDURE",
        "FUNCTION",
        "f",
        "LOCAL",
        ",",
        "\n",
        "TABLE",
        "FROM",
        "TO",
        "WITH",
        "UNITS",
        "PARAMETER",
        "ASSIGNED",
        "v",
        "NET_RECEIVE",
        "(mV)",
        "CONSTANT",
        "POINTER",
        "euler",
        "exp",
        "t",
        "INDEPENDENT",
        "CONDUCTANCE",
        ":",
        "\"",
        "COMMENT",
        "ENDCOMMENT",
        "VERBATIM",
        "é",
        "[",
        "]",
        "DEFINE",
        "INCLUDE",
        "KINETIC",
        "~",
        "<->",
        "->",
        "<<",
        "CONSERVE",
        "COMPARTMENT",
        "LONGITUDINAL_DIFFUSION",
        "sparse",
        "LINEAR",
        "NONLINEAR",
        "while",
        "WATCH",
        ">",
        "net_send",
        "net_event",
        "FOR_NETCONS",
        "RANDOM",
        "random_uniform",
        "FUNCTION_TABLE",
        "BEFORE",
        "AFTER",
        "STEP",
        "ARTIFICIAL_CELL",
        "ENDVERBATIM",
        "return",
        ";",
        "STEADYSTATE",
        "BY",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..80).prop_map(|words| words.join(" "))
}

fn survives(text: &str) {
    let _ = compile("fuzz.mod", text, &Options::default());
    let _ = compile("fuzz.mod", text, &Options { analytic_derivative: true, ion_conductance: true, tables: true });
    for stage in [Stage::Ast, Stage::Ir, Stage::Kernels, Stage::C] {
        let _ = print("fuzz.mod", text, stage);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn random_words(text in words()) {
        survives(&text);
        survives(&with(&format!("INITIAL {{ {text} }}")));
        survives(&with(&format!("BREAKPOINT {{ SOLVE s METHOD derivimplicit {text} }} DERIVATIVE s {{ m' = m {text} }}")));
    }

    #[test]
    fn mutated_files(which in any::<prop::sample::Index>(), cuts in prop::collection::vec((any::<u16>(), any::<u16>(), 0..4u8), 1..6)) {
        let files = common::files();
        let mut text = files[which.index(files.len())].1.clone();
        for (at, length, what) in cuts {
            let mut start = at as usize % (text.len() + 1);
            while !text.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length as usize % 40).min(text.len());
            while !text.is_char_boundary(end) { end -= 1; }
            if end < start { continue; }
            let piece = text[start..end].to_string();
            match what {
                0 => text.replace_range(start..end, ""),
                1 => text.insert_str(start, &piece),
                2 => text.insert_str(text.len() / 2 - (0..).take_while(|k| !text.is_char_boundary(text.len() / 2 - k)).count(), &piece),
                _ => text.replace_range(start..end, "m"),
            }
        }
        survives(&text);
    }
}
