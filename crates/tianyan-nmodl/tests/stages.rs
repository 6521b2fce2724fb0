//! Every stage of a few small files as text.
#![allow(missing_docs)]

use tianyan_nmodl::{Stage, print};

fn stage(name: &str, stage: Stage) -> String {
    let path = format!("{}/tests/mod/{name}.mod", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    print(&format!("{name}.mod"), &text, stage).unwrap()
}

#[test]
fn syntax_and_names() {
    insta::assert_snapshot!(stage("hinted", Stage::Ast));
    insta::assert_snapshot!(stage("pool", Stage::Ir));
}

#[test]
fn kernels() {
    for name in ["nmda", "newton", "linear", "methods", "pool", "electrode", "hinted"] {
        insta::assert_snapshot!(format!("kernels_{name}"), stage(name, Stage::Kernels));
    }
}

#[test]
fn c_text() {
    for name in ["nmda", "newton"] {
        insta::assert_snapshot!(format!("c_{name}"), stage(name, Stage::C));
    }
}
