//! What is said of wrong build files: golden messages. A wrong file never panics, and nothing is written.

mod common;

use std::path::Path;

use common::{NODES, build};
use proptest::prelude::*;
use tianyan_build::{BuildOptions, Plan, parse};

/// All that is said of a text.
fn said(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("matrix.csv"), "pre,e,i\ne,0.1,much\n").expect("written");
    std::fs::write(folder.path().join("twice.csv"), "pre\na\na\n").expect("written");
    let problems = build(text, folder.path(), &BuildOptions::default()).expect_err("a problem");
    assert!(!folder.path().join("out").exists(), "nothing is written");
    problems.to_string().replace(&folder.path().display().to_string(), "DIR")
}

/// The nodes with one more piece of text each.
fn all(faults: &[(&str, &str)]) -> String {
    let one = |(name, fault): &(&str, &str)| format!("== {name}\n{}\n", said(&format!("{NODES}\n{fault}")));
    faults.iter().map(one).collect::<Vec<_>>().join("\n")
}

const EDGE: &str = "[[connections]]\nsource = \"net\"\ntarget = \"net\"\ndynamics_params = \"instant\"\nweight = 1\n";

#[test]
fn keys_and_values() {
    insta::assert_snapshot!(all(&[
        ("unknown key", "[simulaton]\n"),
        ("unknown keys at once", "[simulation]\nduraton_ms = 1\ndt = 0.1\n"),
        ("missing keys", "[[connections]]\nsource = \"net\"\n"),
        ("types", "[populations.more.types.x]\ncount = -1\nmodel_type = \"biophysicl\"\n"),
        ("no types", "[populations.more]\n"),
        (
            "distribution",
            "[populations.more.types.x]\ncount = 1\nmodel_type = \"virtual\"\nproperties = { a = { uniform = [0, 1], even = [0, 1] } }\n"
        ),
        ("table", "[populations.more.types.\"{a}\"]\nfor_each = \"none.csv\"\ncount = 1\nmodel_type = \"virtual\"\n"),
        ("simulation", "[simulation]\ndt_ms = 0\nduration_ms = -1\n"),
    ]));
}

#[test]
fn nodes() {
    let geometry = |keys: &str| {
        format!("[populations.more.types.x]\ncount = 9\nmodel_type = \"virtual\"\ngeometry = {{ {keys} }}\n")
    };
    let faults = [
        ("no radius", geometry("shape = \"cylinder\", y_um = [0, 1]")),
        ("radii", geometry("shape = \"sphere\", radius_um = 1, inner_radius_um = 2")),
        ("upside down", geometry("shape = \"cylinder\", radius_um = 1, y_um = [1, 0]")),
        ("room", geometry("shape = \"grid\", nodes = [2, 2, 2]")),
        ("name", "[populations.\"a/b\".types.x]\ncount = 1\nmodel_type = \"virtual\"\n".into()),
        (
            "twice",
            "[populations.more.types.\"{pre}\"]\nfor_each = \"twice.csv\"\ncount = 1\nmodel_type = \"virtual\"\n"
                .into(),
        ),
        (
            "component",
            "[populations.more.types.x]\ncount = 1\nmodel_type = \"biophysical\"\nmorphology = \"a\"\n".into(),
        ),
    ];
    insta::assert_snapshot!(all(&faults.each_ref().map(|(name, fault)| (*name, fault.as_str()))));
}

#[test]
fn connections() {
    let edge = |keys: &str| format!("{EDGE}{keys}\n");
    let delayed = |keys: &str| format!("{EDGE}delay_ms = 1\n{keys}\n");
    let faults =
        [
            ("population", edge("rule = \"all_to_all\"").replace("target = \"net\"", "target = \"nett\"")),
            (
                "column",
                delayed("rule = \"all_to_all\"")
                    .replace("\"net\"", "{ population = \"net\", where = { eii = \"e\" } }"),
            ),
            (
                "nobody",
                delayed("rule = \"all_to_all\"").replace("\"net\"", "{ population = \"net\", where = { ei = \"x\" } }"),
            ),
            ("rule", edge("rule = \"pairwise\"\ndegree = 3\ntotal = 9")),
            ("conserved", delayed("rule = \"in_degree\"\ndegree = 1\nconserve_input = true")),
            ("no delay", edge("rule = \"all_to_all\"")),
            (
                "unplaced",
                delayed("rule = \"pairwise\"\nprobability = 1\nfalloff = { profile = \"step\", length_um = 1 }")
                    .replacen("\"net\"", "\"input\"", 1),
            ),
            ("property", delayed("rule = \"pairwise\"\nprobability = 1\ntuning = { property = \"angel\", ratio = 1 }")),
            ("factor", delayed("rule = \"pairwise\"\nprobability = 1\ntarget_factor = \"sizes\"")),
            ("lookup", delayed("rule = \"pairwise\"\nprobability = { matrix = \"matrix.csv\" }")),
            (
                "number",
                delayed("rule = \"pairwise\"\nprobability = { matrix = \"matrix.csv\" }").replacen(
                    "\"net\"",
                    "{ population = \"net\", where = { ei = \"e\" } }",
                    1,
                ),
            ),
            ("one to one", delayed("rule = \"one_to_one\"").replacen("\"net\"", "\"input\"", 1)),
            ("degree", delayed("rule = \"in_degree\"\ndegree = 61").replacen("\"net\"", "\"input\"", 1)),
            ("sections", delayed("rule = \"all_to_all\"\ntarget_sections = [\"basl\"]")),
            ("parameters", delayed("rule = \"all_to_all\"").replace("instant", "instnt")),
        ];
    insta::assert_snapshot!(all(&faults.each_ref().map(|(name, fault)| (*name, fault.as_str()))));
}

#[test]
fn inputs() {
    insta::assert_snapshot!(all(&[
        ("not virtual", "[[inputs]]\nnodes = \"net\"\nrate_hz = 1\n"),
        ("no rate", "[[inputs]]\nnodes = \"input\"\n"),
    ]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_files_do_not_panic(
        cuts in prop::collection::vec((0usize..20_000, 0usize..12, "[-a-z0-9\"\\[\\]{}=.,#\n]{0,6}"), 1..6)
    ) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
        let text = std::fs::read_to_string(folder.join("build.toml")).expect("the reference");
        let mut characters: Vec<char> = text.chars().collect();
        for (start, length, put) in cuts {
            let start = start % characters.len();
            let end = (start + length).min(characters.len());
            characters.splice(start..end, put.chars());
        }
        let text: String = characters.into_iter().collect();
        if let Ok(description) = parse("net.toml", &text, &folder) {
            let counts = description.document.populations.iter().flat_map(|(_, p)| p.types.iter().map(|(_, t)| t.count));
            let modest = counts.max().is_none_or(|count| count < 10_000);
            let totals = description.document.connections.iter().filter_map(|c| c.total).max();
            if modest && totals.is_none_or(|total| total < 1_000_000) {
                let options = BuildOptions::default();
                let _ = Plan::new(&description, &options);
            }
        }
    }
}
