//! What the rules promise: degrees, distances, numbers, within four deviations.

mod common;

use common::{NODES, build, edges_from, in_degrees, moments};
use tianyan_build::BuildOptions;
use tianyan_io::network_files::read_nodes;

/// Positions and further columns of the nodes of [`NODES`].
fn nodes() -> Vec<(String, Vec<f64>)> {
    let folder = tempfile::tempdir().expect("a folder");
    build(NODES, folder.path(), &BuildOptions::default()).unwrap_or_else(|problems| panic!("{problems}"));
    read_nodes(&folder.path().join("out/network/net_nodes.h5")).expect("nodes").1
}

fn column(name: &str) -> Vec<f64> {
    nodes().into_iter().find(|(known, _)| known == name).expect("a column").1
}

/// Whether a count of events of known mean and variance is as it should be.
#[track_caller]
fn assert_near(found: f64, expected: f64, variance: f64) {
    assert!((found - expected).abs() < 4.0 * variance.sqrt() + 1e-9, "{found}, not {expected} +- {}", variance.sqrt());
}

#[test]
fn nodes_fill_their_shapes() {
    let (x, y, z) = (column("x"), column("y"), column("z"));
    let radius = |i: usize| x[i].hypot(z[i]);
    assert!((0..400).all(|i| radius(i) <= 200.0 && (-300.0..=-100.0).contains(&y[i])));
    let inner = (0..400).filter(|&i| radius(i) < 100.0).count() as f64;
    assert_near(inner, 100.0, 75.0);
    assert!((400..500).all(|i| x[i].abs() <= 100.0 && z[i].abs() <= 50.0));
    assert!((400..500).all(|i| !(-250.0..-150.0).contains(&y[i])), "between the layers there is nothing");
    let upper = (400..500).filter(|&i| y[i] > -200.0).count() as f64;
    assert_near(upper, 50.0, 25.0);
    let angles = column("angle");
    assert_eq!((angles[0], angles[100]), (0.0, 90.0));
    assert!(angles[400].is_nan(), "inhibitory nodes have no angle");
}

#[test]
fn all_to_all_leaves_out_autapses() {
    let edges = edges_from("net", "rule = \"all_to_all\"");
    assert_eq!(edges.len(), 500 * 499);
    assert!(edges.source.iter().zip(&edges.target).all(|(source, target)| source != target));
    assert!(edges.target.is_sorted());
    assert_eq!(edges_from("net", "rule = \"all_to_all\"\nautapses = true").len(), 500 * 500);
    assert_eq!(edges_from("input", "rule = \"all_to_all\"").len(), 60 * 500);
}

#[test]
fn one_to_one_pairs_places() {
    let edges = edges_from("net", "rule = \"one_to_one\"\nautapses = true");
    assert_eq!(edges.len(), 500);
    assert!(edges.source.iter().zip(&edges.target).all(|(source, target)| source == target));
}

#[test]
fn pairs_have_their_probability() {
    let edges = edges_from("net", "rule = \"pairwise\"\nprobability = 0.1");
    assert_near(edges.len() as f64, 24_950.0, 24_950.0 * 0.9);
    let (mean, variance) = moments(&in_degrees(&edges, 500));
    assert!((mean - 49.9).abs() < 1.0 && (variance / (49.9 * 0.9) - 1.0).abs() < 0.3, "{mean} {variance}");
}

#[test]
fn probability_falls_with_distance() {
    let (x, y, z) = (column("x"), column("y"), column("z"));
    let lateral = |a: usize, b: usize| (x[a] - x[b]).hypot(z[a] - z[b]);
    let space = |a: usize, b: usize| lateral(a, b).hypot(y[a] - y[b]);
    type Probability<'a> = &'a dyn Fn(usize, usize) -> f64;
    let cases: [(&str, Probability<'_>); 4] = [
        ("profile = \"gaussian\", length_um = 60.0", &|a, b| 0.5 * (-0.5 * (lateral(a, b) / 60.0).powi(2)).exp()),
        ("profile = \"exponential\", length_um = 60.0, distance = \"3d\"", &|a, b| 0.5 * (-space(a, b) / 60.0).exp()),
        ("profile = \"linear\", length_um = 150.0", &|a, b| 0.5 * (1.0 - lateral(a, b) / 150.0).max(0.0)),
        ("profile = \"step\", length_um = 80.0, maximum_um = 50.0", &|a, b| {
            if lateral(a, b) <= 50.0 { 0.5 } else { 0.0 }
        }),
    ];
    for (falloff, probability) in cases {
        let edges = edges_from("net", &format!("rule = \"pairwise\"\nprobability = 0.5\nfalloff = {{ {falloff} }}"));
        // By distance: near pairs and far pairs apart.
        for (low, high) in [(0.0, 40.0), (40.0, 120.0), (120.0, 1e9)] {
            let within = |a: usize, b: usize| a != b && lateral(a, b) >= low && lateral(a, b) < high;
            let pairs = (0..500).flat_map(|a| (0..500).map(move |b| (a, b))).filter(|&(a, b)| within(a, b));
            let (expected, variance) = pairs.fold((0.0, 0.0), |(sum, variance), (a, b)| {
                let p = probability(a, b);
                (sum + p, variance + p * (1.0 - p))
            });
            let ends = edges.source.iter().zip(&edges.target);
            let found = ends.filter(|&(&a, &b)| within(a as usize, b as usize)).count() as f64;
            assert_near(found, expected, variance);
        }
    }
}

#[test]
fn like_connects_to_like() {
    let text = "rule = \"pairwise\"\nprobability = 0.2\ntuning = { property = \"angle\", ratio = 0.25 }";
    let edges = edges_from("net", text);
    let angles = column("angle");
    let apart = |a: f64, b: f64| (a - b).rem_euclid(180.0).min(180.0 - (a - b).rem_euclid(180.0));
    let ends = || edges.source.iter().zip(&edges.target).map(|(&a, &b)| (angles[a as usize], angles[b as usize]));
    let near = ends().filter(|&(a, b)| apart(a, b) < 9.0).count() as f64;
    let far = ends().filter(|&(a, b)| apart(a, b) > 81.0).count() as f64;
    let expected = 400.0 * 400.0 * 0.1 * 0.2 * 1.6;
    assert_near(near, expected * 0.9625, expected);
    assert_near(far, expected * 0.2875, expected * 0.3);
    let untuned = ends().filter(|(a, b)| a.is_nan() || b.is_nan()).count() as f64;
    assert_near(untuned, 0.2 * (500.0 * 499.0 - 400.0 * 399.0), 18_000.0 * 0.8);
}

#[test]
fn properties_of_targets_multiply() {
    let text = "rule = \"pairwise\"\nprobability = 0.2\ntarget_factor = \"size\"\nautapses = true";
    let text = format!("{text}\nsource = \"input\"").replace("source = \"input\"", "");
    let edges = edges_from("input", &text);
    let sizes = column("size");
    let expected: f64 = (0..400).map(|i| 60.0 * 0.2 * sizes[i]).sum();
    assert_near(edges.target.iter().filter(|&&t| t < 400).count() as f64, expected, expected);
    let degrees = in_degrees(&edges, 500);
    let (large, small): (Vec<usize>, Vec<usize>) = (0..400).partition(|&i| sizes[i] > 1.0);
    let mean = |of: &[usize]| of.iter().map(|&i| degrees[i]).sum::<f64>() / of.len() as f64;
    assert!((mean(&large) / mean(&small) - 1.25 / 0.75).abs() < 0.2, "{} {}", mean(&large), mean(&small));
}

#[test]
fn degrees_are_what_they_are_told() {
    let edges = edges_from("net", "rule = \"in_degree\"\ndegree = 12");
    assert!(in_degrees(&edges, 500).iter().all(|degree| *degree == 12.0));
    assert!(edges.source.iter().zip(&edges.target).all(|(source, target)| source != target));
    let out = moments(&edges.source.iter().fold(vec![0.0; 500], |mut out, &s| {
        out[s as usize] += 1.0;
        out
    }));
    assert!((out.1 / 12.0 - 1.0).abs() < 0.3, "sources are drawn alike: {out:?}");
    let mut pairs: Vec<(u64, u64)> = edges.source.iter().copied().zip(edges.target.iter().copied()).collect();
    pairs.sort_unstable();
    pairs.dedup();
    assert_eq!(pairs.len(), edges.len(), "no source twice");
    let drawn = edges_from("input", "rule = \"in_degree\"\ndegree = { uniform = [5, 9] }\nmultapses = true");
    let degrees = in_degrees(&drawn, 500);
    assert!(degrees.iter().all(|degree| (5.0..=9.0).contains(degree)) && (moments(&degrees).0 - 7.0).abs() < 0.3);
}

#[test]
fn degrees_can_prefer_the_near() {
    let near = "rule = \"in_degree\"\ndegree = 10\nfalloff = { profile = \"gaussian\", length_um = 30.0 }";
    let edges = edges_from("net", near);
    assert!(in_degrees(&edges, 500).iter().all(|degree| *degree == 10.0));
    let (x, z) = (column("x"), column("z"));
    let distances: Vec<f64> = edges
        .source
        .iter()
        .zip(&edges.target)
        .map(|(&a, &b)| (x[a as usize] - x[b as usize]).hypot(z[a as usize] - z[b as usize]))
        .collect();
    assert!(moments(&distances).0 < 60.0, "{:?}", moments(&distances));
}

#[test]
fn totals_are_met() {
    let edges = edges_from("net", "rule = \"total\"\ntotal = 5000");
    assert_eq!(edges.len(), 5000);
    let (mean, variance) = moments(&in_degrees(&edges, 500));
    assert!(mean == 10.0 && (variance / 10.0 - 1.0).abs() < 0.3, "{variance}");
}

#[test]
fn weights_delays_and_synapses_have_their_distributions() {
    let text = "rule = \"all_to_all\"\nweight = { lognormal = [0.5, 0.4] }\nnsyns = { uniform = [3, 7] }\n\
                delay_ms = { normal = [2.0, 0.5], minimum = 1.0 }";
    let edges = edges_from("input", text);
    let logs: Vec<f64> = edges.weight.iter().map(|weight| f64::from(*weight).ln()).collect();
    let (mean, variance) = moments(&logs);
    assert!((mean - 0.5f64.ln()).abs() < 0.01 && (variance.sqrt() - 0.4).abs() < 0.01, "{mean} {variance}");
    let synapses: Vec<f64> = edges.nsyns.iter().map(|n| f64::from(*n)).collect();
    assert!(synapses.iter().all(|n| (3.0..=7.0).contains(n)) && (moments(&synapses).0 - 5.0).abs() < 0.05);
    assert!(edges.delay_ms.iter().all(|delay| *delay >= 1.0));
    assert!(edges.delay_ms.contains(&1.0));
}

#[test]
fn distance_takes_time() {
    let (x, y, z) = (column("x"), column("y"), column("z"));
    let edges = edges_from("net", "rule = \"in_degree\"\ndegree = 5\nvelocity_um_per_ms = 300.0\ndelay_ms = 0.5");
    for ((&a, &b), &delay) in edges.source.iter().zip(&edges.target).zip(&edges.delay_ms) {
        let (a, b) = (a as usize, b as usize);
        let distance = (x[a] - x[b]).hypot(y[a] - y[b]).hypot(z[a] - z[b]);
        assert!((f64::from(delay) - 0.5 - distance / 300.0).abs() < 1e-5);
    }
}

#[test]
fn a_smaller_scale_conserves_input() {
    let text = format!(
        "{NODES}\n[[connections]]\nsource = \"net\"\ntarget = \"net\"\nweight = 0.01\ndelay_ms = 1.0\n\
         dynamics_params = \"instant\"\nrule = \"pairwise\"\nprobability = 0.9\nconserve_input = true\n\
         falloff = {{ profile = \"gaussian\", length_um = 80.0 }}"
    );
    let input = |scale: f64| {
        let folder = tempfile::tempdir().expect("a folder");
        let options = BuildOptions { scale: Some(scale), ..BuildOptions::default() };
        let built = build(&text, folder.path(), &options).unwrap_or_else(|problems| panic!("{problems}"));
        let types = std::fs::read_to_string(folder.path().join("out/network/net_net_edge_types.csv")).expect("types");
        let weight = |id: u64| {
            let line = types.lines().find(|line| line.starts_with(&format!("{id} "))).expect("a row");
            let header = types.lines().next().expect("headers").split(' ').position(|h| h == "syn_weight");
            line.split(' ').nth(header.expect("weights")).and_then(|w| w.parse::<f64>().ok()).expect("a number")
        };
        let edges = tianyan_io::network_files::read_edges(&folder.path().join("out/network/net_net_edges.h5"));
        let sum: f64 = edges.expect("edges").edge_type.iter().map(|&id| weight(u64::from(id))).sum();
        sum / built.nodes[0].nodes as f64
    };
    let (whole, quarter) = (input(1.0), input(0.25));
    assert!((quarter / whole - 1.0).abs() < 0.1, "{whole} {quarter}");
}
