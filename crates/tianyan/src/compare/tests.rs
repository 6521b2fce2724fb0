//! Comparisons as a user sees them.

use super::text::{number, percent};
use super::*;

fn spikes(of: &[(f64, u64)]) -> PopulationSpikes {
    let (times_ms, node_ids) = of.iter().copied().unzip();
    PopulationSpikes { population: "v1".into(), times_ms, node_ids }
}

/// Two cells with a section each, ten rows.
fn report() -> PopulationReport {
    PopulationReport {
        population: "v1".into(),
        unit: "mV".into(),
        stop_ms: 1.0,
        interval_ms: 0.1,
        node_ids: vec![0, 3],
        index_pointers: vec![0, 1, 2],
        element_ids: vec![0, 4],
        element_pos: vec![0.5, 0.25],
        rows: 10,
        columns: 2,
        values: (0..20).map(|i| -65.0 + 0.25 * f64::from(i)).collect(),
        ..PopulationReport::default()
    }
}

fn comparison(a: &PopulationSpikes, b: &PopulationSpikes, reports: [PopulationReport; 2]) -> Comparison {
    let options = CompareOptions::default();
    let spikes = compare_spikes(a, b, options.tolerance_ms, Some(0.1));
    let mut all = Comparison {
        names: ["out/a".into(), "out/b".into()],
        options,
        step_ms: Some(0.1),
        spikes: vec![ComparedSpikes { population: "v1".into(), comparison: spikes }],
        traces: Vec::new(),
        notes: vec!["report cai is only in A".into()],
    };
    let [a, b] = reports;
    all.compare_report("soma_v", &[vec![a], vec![b]]);
    all
}

#[test]
fn texts() {
    let a = spikes(&[(1.0, 0), (2.0, 1), (3.0, 0), (4.0, 2), (9.0, 7)]);
    let b = spikes(&[(1.0, 0), (2.1, 1), (3.0005, 0), (4.0, 2), (5.0, 2)]);
    let same = comparison(&a, &a, [report(), report()]);
    let mut other = report();
    other.values[6] += 1e-3;
    other.values[15] = 0.0;
    other.single = true;
    let differ = comparison(&a, &b, [report(), other]);
    let mut elsewhere = report();
    elsewhere.node_ids = vec![8, 9];
    elsewhere.unit = "V".into();
    let apart = comparison(&spikes(&[]), &spikes(&[]), [report(), elsewhere]);
    assert!(same.equal() && !differ.equal() && !apart.equal());
    insta::assert_snapshot!(format!("{same}\n---\n{differ}\n---\n{apart}\n---\n{:#}", differ.to_json()));
}

#[test]
fn numbers_are_short_and_honest() {
    let numbers = [0.0, 1e-12, 0.001, -64.123_456_789, 1e9, f64::NAN].map(number);
    assert_eq!(numbers, ["0", "1e-12", "0.001", "-64.123457", "1e9", "NaN"]);
    assert_eq!([1.0, 0.999_999, 0.5, 0.333_333].map(percent), ["100 %", ">99.99 %", "50 %", "33.33 %"]);
}

#[test]
fn things_without_a_name_find_their_partner() {
    let name = |s: &&str| s.to_string();
    assert_eq!(partners(&[vec![""], vec!["v1"]], name), [("v1".into(), [Some(&""), Some(&"v1")])]);
    let sides = [vec!["", "lgn"], vec!["v1"]];
    let many = partners(&sides, name);
    assert_eq!(many.len(), 3);
    assert_eq!(many[2], ("v1".into(), [None, Some(&"v1")]));
}
