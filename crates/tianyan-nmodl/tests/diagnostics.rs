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

#[test]
fn wrong_names() {
    insta::assert_snapshot!(said(&with(
        "BREAKPOINT {\n    SOLVE state METHOD cnexp\n    i = gbra*(v - 3)*M + foo(v) + expp(v)\n}\n\
         DERIVATIVE states { mm' = -m  v = 3  shared = 1  i = exp(1, 2) }"
    )));
}

#[test]
fn wrong_syntax() {
    insta::assert_snapshot!(said(&with(
        "BREAKPOINT {\n    i = (gbar*v\n    i = 3 +\n    tau == 4\n    i = v\n}\nFUNCTION f(x { f = x }\nfoo { }"
    )));
}

#[test]
fn what_is_not_supported_yet() {
    insta::assert_snapshot!(said(
        "NEURON { ARTIFICIAL_CELL x }\nKINETIC scheme { ~ a <-> b (1, 2) }\nVERBATIM\n#include <x.h>\nENDVERBATIM\n\
         FUNCTION_TABLE tab(v)\nINCLUDE \"other.inc\"\nDEFINE N 5\nLINEAR l { }\n\
         PROCEDURE p() { VERBATIM int x; ENDVERBATIM FROM i = 0 TO 3 { } }\n\
         NET_RECEIVE(w) { INITIAL { } WATCH (v > 1) 2 }\nSTATE { a[3] }\n"
    ));
    insta::assert_snapshot!(said(&with("BREAKPOINT { SOLVE s METHOD sparse }\nDERIVATIVE s { m' = net_send(1, 2) }")));
    insta::assert_snapshot!(said(
        "NEURON { SUFFIX x USEION ca WRITE eca USEION k READ foo }\nUNITS { F = (apples) (coulomb) }"
    ));
}

#[test]
fn warnings() {
    insta::assert_snapshot!(said(&with(
        "BREAKPOINT { SOLVE s METHOD cnexp i = tau*m }\nDERIVATIVE s { m' = h - m  TABLE tau FROM 0 TO 1 WITH 2 }"
    )));
    insta::assert_snapshot!(said(&with(
        "BREAKPOINT { SOLVE s METHOD cnexp i = m*h }\nDERIVATIVE s { m' = 1 - m*m h' = -h }"
    )));
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
