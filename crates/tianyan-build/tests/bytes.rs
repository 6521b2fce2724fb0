//! The same description and seed give the same bytes, on any number of threads.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{COMMON, NODES, build};
use tianyan_build::BuildOptions;

/// Enough edges for several windows and blocks, of every rule.
fn text() -> String {
    let edge = |source: &str, keys: &str| {
        format!(
            "[[connections]]\nsource = \"{source}\"\ntarget = \"net\"\n{}{keys}\n",
            COMMON.replace("weight = 0.01\n", "")
        )
    };
    let gaussian = "falloff = { profile = \"gaussian\", length_um = 90.0 }";
    [
        NODES.to_string(),
        edge("net", &format!("rule = \"pairwise\"\nprobability = 0.9\n{gaussian}\nweight = {{ normal = [1, 0.2] }}")),
        edge(
            "net",
            &format!("rule = \"in_degree\"\ndegree = 7\n{gaussian}\nweight = 1\nnsyns = {{ uniform = [1, 3] }}"),
        ),
        edge("input", "rule = \"total\"\ntotal = 3000\nweight = { uniform = [0, 1] }\nvelocity_um_per_ms = 1.0")
            .replace("velocity_um_per_ms = 1.0", ""),
        edge("input", "rule = \"in_degree\"\ndegree = 9\nweight = 1"),
        "[[inputs]]\nnodes = \"input\"\nrate_hz = 20\n".to_string(),
    ]
    .join("\n")
}

/// Every file below a folder, by name.
fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path().is_dir() {
            true => files(&entry.path(), found),
            false => {
                drop(found.insert(entry.path().display().to_string(), std::fs::read(entry.path()).expect("a file")))
            }
        }
    }
}

fn built(threads: usize, seed: u64) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let options = BuildOptions { seed: Some(seed), ..BuildOptions::default() };
    pool.install(|| build(&text(), folder.path(), &options)).unwrap_or_else(|problems| panic!("{problems}"));
    let mut found = BTreeMap::new();
    files(folder.path(), &mut found);
    let base = folder.path().display().to_string();
    found.into_iter().map(|(name, bytes)| (name.replace(&base, ""), bytes)).collect()
}

#[test]
fn threads_change_nothing() {
    let one = built(1, 5);
    assert_eq!(one.len(), 14, "{:?}", one.keys());
    for threads in [2, 3] {
        let many = built(threads, 5);
        assert!(one.keys().eq(many.keys()));
        for (name, bytes) in &one {
            assert!(many[name] == *bytes, "{name} differs on {threads} threads");
        }
    }
    let edges = |files: &BTreeMap<String, Vec<u8>>| files["/out/network/net_net_edges.h5"].clone();
    assert!(edges(&one) != edges(&built(1, 6)), "the seed matters");
}
