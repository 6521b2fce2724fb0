//! Whatever stands in a network's files, readers answer and never panic: config, tables and parameters with bytes
//! changed, HDF5 files with datasets and attributes replaced or missing.
//!
//! `TIANYAN_FUZZ_SECONDS` says how long (`make validate`: 600); 10 s without it.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use common::{Network, column, text};

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

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

const TEXTS: &[&str] = &[
    "config.json",
    "network/cells_node_types.csv",
    "network/input_node_types.csv",
    "network/cells_edge_types.csv",
    "network/input_edge_types.csv",
    "components/fit.json",
    "components/lif.json",
    "components/exc.json",
    "components/point.json",
    "components/cell.swc",
];

const TOKENS: &[&str] = &[
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n",
    "-1",
    "0",
    "1e999",
    "nan",
    "NULL",
    "null",
    "true",
    "1e-300",
    "$BASE",
    "${",
    "18446744073709551616",
    "\u{feff}",
    "\0",
    "\u{1F9E0}",
    "[[]]",
    "0.5",
    "all",
    "soma",
    "2147483648",
    "-",
];

const DATASETS: &[(&str, &str)] = &[
    ("network/cells_nodes.h5", "nodes/cells/node_type_id"),
    ("network/cells_nodes.h5", "nodes/cells/node_id"),
    ("network/cells_nodes.h5", "nodes/cells/node_group_id"),
    ("network/cells_nodes.h5", "nodes/cells/node_group_index"),
    ("network/cells_nodes.h5", "nodes/cells/0/x"),
    ("network/cells_edges.h5", "edges/population/source_node_id"),
    ("network/cells_edges.h5", "edges/population/target_node_id"),
    ("network/cells_edges.h5", "edges/population/edge_type_id"),
    ("network/cells_edges.h5", "edges/population/edge_group_id"),
    ("network/cells_edges.h5", "edges/population/edge_group_index"),
    ("network/cells_edges.h5", "edges/population/0/nsyns"),
    ("network/input_edges.h5", "edges/population/0/afferent_section_id"),
    ("network/input_edges.h5", "edges/population/0/afferent_section_pos"),
    ("spikes.h5", "spikes/input/timestamps"),
    ("spikes.h5", "spikes/input/node_ids"),
];

fn change_text(network: &Network, random: &mut Random) {
    let name = random.of(TEXTS);
    let mut bytes = std::fs::read(network.path(name)).expect("a file");
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..end)),
            2 => bytes.truncate(at),
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            _ => {
                let token = random.of(TOKENS).bytes();
                bytes.splice(at..end, token);
            }
        }
    }
    std::fs::write(network.path(name), bytes).expect("a file");
}

fn change_data(network: &Network, random: &mut Random) {
    let (file, dataset) = *random.of(DATASETS);
    let (group, name) = dataset.rsplit_once('/').expect("a path");
    let count = random.below(5);
    let whole = [0u64, 1, 2, 3, 99, 100, 101, 1 << 31, 1 << 32, u64::MAX];
    let real = [0.0, 0.5, -1.0, 1e300, f64::NAN, f64::INFINITY, 3.0];
    let unsigned: Vec<u64> = (0..count).map(|_| *random.of(&whole)).collect();
    let signed: Vec<i64> = (0..count).map(|_| random.below(5) as i64 - 2).collect();
    let floats: Vec<f64> = (0..count).map(|_| *random.of(&real)).collect();
    let kind = random.below(6);
    network.change(file, |file| {
        let group = file.group(group).expect("a group");
        group.unlink(name).expect("a dataset");
        match kind {
            0 => {}
            1 | 2 => column(&group, name, &unsigned),
            3 => column(&group, name, &signed),
            4 => column(&group, name, &floats),
            _ => drop(group.create_group(name)),
        }
        if kind < 5 && kind > 0 && name.ends_with("_node_id") {
            let dataset = group.dataset(name).expect("a dataset");
            text(&dataset, "node_population", if kind == 1 { "cells" } else { "nobody" });
        }
    });
}

#[test]
fn networks() {
    let seconds = std::env::var("TIANYAN_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(10);
    let (start, mut rounds) = (Instant::now(), 0u64);
    while start.elapsed() < Duration::from_secs(seconds) {
        rounds += 1;
        let mut random = Random(rounds);
        let network = Network::new();
        for _ in 0..=random.below(2) {
            match random.below(2) {
                0 => change_text(&network, &mut random),
                _ => {
                    // A second change may find the dataset gone.
                    let _ = catch_unwind(AssertUnwindSafe(|| change_data(&network, &mut random)));
                }
            }
        }
        let answered = catch_unwind(AssertUnwindSafe(|| network.open().map(|_| ()).err().map(|p| p.to_string())));
        assert!(
            answered.is_ok(),
            "mutation {rounds} made a reader panic; its files: {}",
            network.folder.keep().display()
        );
    }
    println!("{rounds} mutated networks");
}
