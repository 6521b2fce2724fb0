//! Every stage of every teaching file (tests/mod, one construct each) as text.
#![allow(missing_docs)]

use tianyan_nmodl::{Stage, print};

fn files() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mod");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_string_lossy().to_string(), std::fs::read_to_string(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn snapshots(stage: Stage, folder: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{folder}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (name, text) in files() {
            let printed = print(&format!("{name}.mod"), &text, stage).unwrap_or_else(|errors| panic!("{}", errors[0]));
            insta::assert_snapshot!(name, printed);
        }
    });
}

#[test]
fn syntax() {
    snapshots(Stage::Ast, "ast");
}

#[test]
fn names() {
    snapshots(Stage::Ir, "ir");
}

#[test]
fn kernels() {
    snapshots(Stage::Kernels, "kernels");
}

#[test]
fn c_text() {
    snapshots(Stage::C, "c");
}
