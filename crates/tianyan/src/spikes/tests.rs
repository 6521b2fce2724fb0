//! Tables and messages as a user sees them.

use super::*;
use std::fs;
use tempfile::tempdir;

/// The spikes of a group.
fn group(population: &str, class: Option<&str>, cells: Vec<u64>, cells_known: bool) -> SpikeGroup {
    let (spikes, window) = (sample(), Window { from_ms: 0.0, to_ms: 1000.0, closed: true });
    let statistics = statistics(&spikes, &cells, &window, 5.0);
    let class = class.map(str::to_string);
    SpikeGroup { population: population.into(), class, cells, cell_names: Vec::new(), cells_known, statistics }
}

fn sample() -> PopulationSpikes {
    let spikes = (0..60u32).map(|i| (12.5 * f64::from(i) + f64::from(i % 7), u64::from(i % 3)));
    let (times_ms, node_ids) = spikes.unzip();
    PopulationSpikes { population: "v1".into(), times_ms, node_ids }
}

fn report(groups: Vec<SpikeGroup>, notes: &[&str]) -> SpikeReport {
    SpikeReport {
        file: "out/spikes.h5".into(),
        window: Window { from_ms: 0.0, to_ms: 1000.0, closed: true },
        end_from: "run.json",
        bin_ms: 5.0,
        groups,
        notes: notes.iter().map(|n| n.to_string()).collect(),
        spikes: vec![sample()],
    }
}

#[test]
fn tables() {
    let plain = report(vec![group("v1", None, vec![0, 1, 2, 3], true), group("", None, vec![9], false)], &["so it is"]);
    let classes = vec![group("v1", Some("Scnn1a"), vec![0, 1], true), group("v1", Some("PV"), vec![2, 3], true)];
    let classed = report(classes, &[]);
    insta::assert_snapshot!(format!("{plain}\n{classed}\n{:#}", classed.to_json()));
    assert!(classed.raster().svg().contains(">Scnn1a<") && classed.psth().svg().contains(">PV<"));
    assert!(plain.raster().svg().contains(">(unnamed)<"));
    let none = report(Vec::new(), &[]);
    assert!(none.to_string().contains("no populations") && none.psth().svg().contains("</svg>"));
    assert!(none.raster().png(1.0).is_ok());
}

#[test]
fn windows_end_where_they_should() {
    let at = Path::new("spikes.h5");
    let window = |duration_ms, from_ms, to_ms, spikes: &[PopulationSpikes]| {
        let options = SpikeOptions { duration_ms, from_ms, to_ms, ..SpikeOptions::default() };
        window(at, spikes, None, &options)
    };
    let last = *sample().times_ms.last().expect("spikes");
    let spikes = [sample()];
    let of = |from_ms, to_ms, closed| Window { from_ms, to_ms, closed };
    assert_eq!(window(None, None, None, &spikes), Ok((of(0.0, last, true), "the last spike")));
    assert_eq!(window(Some(900.0), Some(5.0), None, &spikes), Ok((of(5.0, 900.0, true), "--duration-ms")));
    assert_eq!(window(Some(900.0), None, Some(100.0), &spikes), Ok((of(0.0, 100.0, false), "--to-ms")));
    let mut said = String::new();
    for (from_ms, to_ms, spikes) in [(Some(9e9), None, &spikes[..]), (Some(5.0), Some(5.0), &spikes), (None, None, &[])]
    {
        said += &format!("{}\n\n", window(None, from_ms, to_ms, spikes).expect_err("no window"));
    }
    let long = of(0.0, 1e6, true);
    for bin_ms in [0.0, -1.0, f64::NAN, 1e-9] {
        said += &format!("{}\n\n", check_bin(at, &long, bin_ms).expect_err("no bins"));
    }
    said += &format!("{}\n\n", chosen(at, vec![sample()], &["v2".into()]).expect_err("no such population"));
    insta::assert_snapshot!(said);
}

#[test]
fn grouping_needs_a_nodes_file() {
    let at = tempdir().expect("a folder");
    let types = at.path().join("types.csv");
    fs::write(&types, "node_type_id ei\n").expect("written");
    let options = SpikeOptions { node_types: Some(types), ..SpikeOptions::default() };
    let problems = Source::open(&options, None).err().expect("no nodes");
    assert!(problems.to_string().contains("--nodes"), "{problems}");
}
