//! Files written in every way and read back.

use proptest::prelude::*;
use tempfile::tempdir;
use tianyan_model::{CurrentDerivative, Gid, Location, Quantity, Rows, SecondOrder, Spike, TraceBlock};

use super::*;
use crate::read_back::{read_report, read_run_json, read_spikes};

fn population(name: &str, first_gid: u32, size: u32) -> Population {
    Population { name: name.into(), first_gid: Gid(first_gid), size, cell_names: Vec::new() }
}

fn populations() -> Vec<Population> {
    vec![population("excitatory", 0, 4), population("inhibitory", 4, 3), population("lgn", 7, 5)]
}

fn settings() -> OutputSettings {
    OutputSettings { source_populations: vec!["lgn".into()], ..OutputSettings::default() }
}

fn run() -> RunSettings {
    RunSettings {
        duration_ms: 1.0,
        dt_ms: 0.025,
        temperature_celsius: 6.3,
        second_order: SecondOrder::Off,
        current_derivative: CurrentDerivative::Neuron,
        seed: 1,
        self_events: 16,
        tables: false,
        rate_error: None,
        synapses: tianyan_model::Synapses::Merged,
        precision: Default::default(),
    }
}

fn report(name: &str, interval_ms: f64, double: bool) -> Report {
    let (quantity, variable, unit) = (Quantity::Voltage, "v".into(), "mV".into());
    Report { name: name.into(), quantity, variable, unit, rows: Rows::every(interval_ms), double }
}

fn probe(report: usize, gid: u32, section: usize, x: f64) -> Probe {
    Probe { report, gid: Gid(gid), location: Location { section, x }, instance: 0, element_id: section as u32 }
}

fn probes(report: usize) -> Vec<Probe> {
    vec![probe(report, 1, 0, 0.5), probe(report, 1, 2, 0.25), probe(report, 3, 0, 0.5), probe(report, 5, 7, 0.75)]
}

fn summary(status: RunStatus) -> RunSummary {
    RunSummary {
        tianyan_version: "0.1.0".into(),
        git: String::new(),
        config_path: "ring.toml".into(),
        config_hash: "00".into(),
        seed: u64::MAX,
        dt_ms: 0.025,
        duration_ms: 1.0,
        simulated_ms: 1.0,
        status,
        threads: 2,
        ranks: 1,
        backend: "cpu".into(),
        backend_reason: "asked for".into(),
        precision: "f64".into(),
        populations: vec![PopulationSize { name: "excitatory".into(), cells: 4, cell_names: Vec::new() }],
        cells: 12,
        compartments: 100,
        steps: 40,
        setup_s: 0.1,
        solve_s: 0.2,
        cpu_s: 0.3,
        ns_per_compartment_step: 50.0,
        spikes: 3,
        peak_rss_mb: 17.0,
        exchange: String::new(),
        places: Vec::new(),
        outputs: Vec::new(),
        started: rfc3339(std::time::UNIX_EPOCH),
    }
}

fn spike(time_ms: f64, gid: u32) -> Spike {
    Spike { time_ms, gid: Gid(gid) }
}

fn epoch(end_ms: f64, spikes: &[Spike]) -> Epoch {
    Epoch { end_ms, spikes: spikes.to_vec(), traces: Vec::new() }
}

fn block(report: usize, first_row: u64, columns: usize, rows: usize) -> TraceBlock {
    let value = |i: usize| -65.0 + (first_row as f64 + (i / columns) as f64) * 0.1 + (i % columns) as f64;
    TraceBlock { report, first_row, columns, values: (0..rows * columns).map(value).collect() }
}

fn code(result: Result<Output, Problems>) -> Vec<&'static str> {
    result.expect_err("should fail").0.iter().map(|p| p.code).collect()
}

#[test]
fn spikes_and_groups() {
    let at = tempdir().unwrap();
    let mut output = Output::create(at.path(), &settings(), &populations(), &[], &[], &run()).unwrap();
    // The first epoch's last spike lies behind its end and behind one of the second epoch.
    output.write(&epoch(0.5, &[spike(0.1, 3), spike(0.1, 5), spike(0.5 + 1e-10, 2)])).unwrap();
    output.write(&epoch(1.0, &[spike(0.5, 0), spike(0.75, 6)])).unwrap();
    assert!(at.path().join("spikes.h5.part").exists());
    output.close(&summary(RunStatus::Done)).unwrap();
    let read = read_spikes(&at.path().join("spikes.h5")).unwrap();
    assert_eq!(read.len(), 2, "the silent source population has no group");
    assert_eq!((&read[0].times_ms, &read[0].node_ids), (&vec![0.1, 0.5, 0.5 + 1e-10], &vec![3, 0, 2]));
    assert_eq!((&read[1].times_ms, &read[1].node_ids), (&vec![0.1, 0.75], &vec![1, 2]));
    let run = read_run_json(&at.path().join("run.json")).unwrap();
    assert_eq!(run, RunSummary { outputs: vec!["spikes.h5".into()], ..summary(RunStatus::Done) });
}

#[test]
fn report_layout_and_values() {
    let at = tempdir().unwrap();
    let reports = [report("v", 0.1, false), report("exact", 0.05, true)];
    let all: Vec<Probe> = probes(0).into_iter().chain(probes(1)).collect();
    let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &all, &run()).unwrap();
    let first = Epoch { end_ms: 0.5, spikes: vec![], traces: vec![block(0, 0, 4, 6), block(1, 0, 4, 11)] };
    output.write(&first).unwrap();
    output.flush().unwrap();
    output.write(&Epoch { end_ms: 1.0, spikes: vec![], traces: vec![block(0, 6, 4, 5)] }).unwrap();
    output.close(&summary(RunStatus::Done)).unwrap();

    let read = read_report(&at.path().join("v.h5")).unwrap();
    let names: Vec<&str> = read.iter().map(|p| p.population.as_str()).collect();
    assert_eq!(names, ["excitatory", "inhibitory"]);
    let (left, right) = (&read[0], &read[1]);
    assert_eq!((left.rows, left.columns, right.columns), (11, 3, 1));
    assert_eq!((left.start_ms, left.stop_ms, left.interval_ms), (0.0, 11.0 * 0.1, 0.1));
    assert_eq!((&left.node_ids, &left.index_pointers), (&vec![1, 3], &vec![0, 2, 3]));
    assert_eq!((&left.element_ids, &left.element_pos), (&vec![0, 2, 0], &vec![0.5, 0.25, 0.5]));
    assert_eq!((right.node_ids[0], right.element_ids[0], right.element_pos[0]), (1, 7, 0.75));
    assert_eq!((left.unit.as_str(), left.variable.as_str()), ("mV", "v"));
    assert_eq!(left.columns_of(3), Some(2..3));
    let whole = block(0, 0, 4, 11).values;
    let narrow =
        |column: usize| -> Vec<f64> { whole.iter().skip(column).step_by(4).map(|v| *v as f32 as f64).collect() };
    assert_eq!([left.trace(0), left.trace(2), right.trace(0)], [narrow(0), narrow(2), narrow(3)]);

    let exact = read_report(&at.path().join("exact.h5")).unwrap();
    assert_eq!(exact[0].trace(1), block(1, 0, 4, 11).values.iter().skip(1).step_by(4).copied().collect::<Vec<_>>());
}

#[test]
fn interrupted_runs_keep_part_names() {
    let at = tempdir().unwrap();
    let reports = [report("v", 0.1, false)];
    let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &probes(0), &run()).unwrap();
    output.write(&Epoch { end_ms: 0.5, spikes: vec![spike(0.5, 1)], traces: vec![block(0, 0, 4, 6)] }).unwrap();
    output.close(&summary(RunStatus::Interrupted)).unwrap();
    assert_eq!(read_spikes(&at.path().join("spikes.h5.part")).unwrap()[0].times_ms, [0.5]);
    let run = read_run_json(&at.path().join("run.json")).unwrap();
    assert_eq!((run.status, run.outputs), (RunStatus::Interrupted, vec!["spikes.h5.part".into(), "v.h5.part".into()]));
}

#[test]
fn dropped_output_stays_readable() {
    let at = tempdir().unwrap();
    let reports = [report("v", 0.1, false)];
    let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &probes(0), &run()).unwrap();
    output.write(&Epoch { end_ms: 0.5, spikes: vec![spike(0.5, 1)], traces: vec![block(0, 0, 4, 6)] }).unwrap();
    drop(output);
    assert_eq!(read_spikes(&at.path().join("spikes.h5.part")).unwrap()[0].node_ids, [1]);
    assert_eq!(read_report(&at.path().join("v.h5.part")).unwrap()[0].stop_ms, 6.0 * 0.1);
    assert!(!at.path().join("run.json").exists());
}

#[test]
fn a_flushed_file_is_whole_while_the_run_goes_on() {
    let at = tempdir().unwrap();
    let reports = [report("v", 0.1, false)];
    let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &probes(0), &run()).unwrap();
    output.write(&Epoch { end_ms: 0.5, spikes: vec![spike(0.2, 1)], traces: vec![block(0, 0, 4, 6)] }).unwrap();
    output.flush().unwrap();
    output.write(&Epoch { end_ms: 0.7, spikes: vec![spike(0.6, 1)], traces: vec![block(0, 6, 4, 2)] }).unwrap();
    // A copy is what a killed process would leave behind.
    for name in ["spikes.h5.part", "v.h5.part"] {
        std::fs::copy(at.path().join(name), at.path().join(format!("copy-{name}"))).unwrap();
    }
    assert_eq!(read_spikes(&at.path().join("copy-spikes.h5.part")).unwrap()[0].times_ms, [0.2]);
    let read = read_report(&at.path().join("copy-v.h5.part")).unwrap();
    assert_eq!((read[0].rows, read[0].stop_ms), (6, 6.0 * 0.1));
}

#[test]
fn continued_runs_start_at_their_first_row() {
    let at = tempdir().unwrap();
    let reports = [report("v", 0.1, false)];
    let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &probes(0), &run()).unwrap();
    output.write(&Epoch { end_ms: 1.0, spikes: vec![], traces: vec![block(0, 5, 4, 2)] }).unwrap();
    output.close(&summary(RunStatus::Done)).unwrap();
    let read = read_report(&at.path().join("v.h5")).unwrap();
    assert_eq!((read[0].start_ms, read[0].rows), (0.5, 2));
}

#[test]
fn existing_results_are_kept_unless_told() {
    let at = tempdir().unwrap();
    let old = Output::create(at.path(), &settings(), &populations(), &[report("old", 0.1, false)], &probes(0), &run());
    old.unwrap().close(&summary(RunStatus::Done)).unwrap();
    std::fs::write(at.path().join("notes.txt"), "mine").unwrap();
    let again = Output::create(at.path(), &settings(), &populations(), &[], &[], &run());
    let problems = again.expect_err("should fail");
    assert_eq!(problems.0[0].code, "output-exists");
    assert!(problems.to_string().contains("--overwrite"), "{problems}");
    let overwrite = OutputSettings { overwrite: true, ..settings() };
    let _new = Output::create(at.path(), &overwrite, &populations(), &[], &[], &run()).unwrap();
    let mut left: Vec<String> =
        std::fs::read_dir(at.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["notes.txt", "spikes.h5.part"]);
}

#[test]
fn a_directory_that_cannot_be_written() {
    let at = tempdir().unwrap();
    let file = at.path().join("file");
    std::fs::write(&file, "").unwrap();
    for directory in [file.clone(), file.join("below")] {
        let result = Output::create(&directory, &settings(), &populations(), &[], &[], &run());
        assert_eq!(code(result), ["output-not-writable"]);
    }
}

#[test]
fn all_faults_of_reports_at_once() {
    let at = tempdir().unwrap();
    let reports = [
        report("v", 0.06, false),
        report("v", 0.01, false),
        report("spikes", f64::NAN, false),
        report("a/b", 0.025, false),
        report("fine", 100.0, false),
    ];
    let all: Vec<Probe> = (0..5).filter(|i| *i != 3).flat_map(probes).collect();
    let result = Output::create(&at.path().join("out"), &settings(), &populations(), &reports, &all, &run());
    let problems = result.expect_err("should fail");
    let codes: Vec<&str> = problems.0.iter().map(|p| p.code).collect();
    let (name, interval) = ("report-name", "report-interval");
    assert_eq!(codes, [interval, name, interval, name, interval, name, "report-empty"]);
    assert_eq!(problems.0[0].help.as_deref(), Some("the nearest interval that fits is 0.05 ms"));
    assert!(!at.path().join("out").exists(), "nothing is created before the input is good");
}

#[test]
fn broken_epochs_are_refused_for_good() {
    let bad = [
        epoch(0.5, &[spike(0.1, 12)]),
        epoch(0.5, &[spike(f64::NAN, 1)]),
        Epoch { traces: vec![block(0, 2, 4, 1)], ..epoch(0.5, &[]) },
        Epoch { traces: vec![block(0, 1, 3, 1)], ..epoch(0.5, &[]) },
        Epoch { traces: vec![block(1, 0, 4, 1)], ..epoch(0.5, &[]) },
        epoch(0.5, &[spike(0.0, 1)]),
    ];
    for bad in bad {
        let at = tempdir().unwrap();
        let reports = [report("v", 0.1, false)];
        let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &probes(0), &run()).unwrap();
        output.write(&Epoch { traces: vec![block(0, 0, 4, 1)], ..epoch(0.2, &[spike(0.05, 1)]) }).unwrap();
        assert_eq!(output.write(&bad).unwrap_err().0[0].code, "output-broken-epoch", "{bad:?}");
        assert_eq!(output.close(&summary(RunStatus::Done)).unwrap_err().0[0].code, "output-incomplete");
        assert!(!at.path().join("run.json").exists() && !at.path().join("spikes.h5").exists());
    }
}

/// A disk that is full: TIANYAN_SMALL_DISK names a directory on a file system of a few MB.
#[test]
fn full_disk() {
    let Ok(disk) = std::env::var("TIANYAN_SMALL_DISK") else {
        println!("skipped: TIANYAN_SMALL_DISK is not set");
        return;
    };
    let at = tempfile::tempdir_in(disk).unwrap();
    let reports = [report("v", 0.1, false)];
    let mut output = Output::create(at.path(), &settings(), &populations(), &reports, &probes(0), &run()).unwrap();
    let (mut row, mut good) = (0, 0);
    let failure = loop {
        let end_ms = (row + 10_000) as f64 * 0.1;
        let spikes: Vec<Spike> = (0..10_000).map(|i| spike((row + i) as f64 * 0.1, 2)).collect();
        let epoch = Epoch { end_ms, spikes, traces: vec![block(0, row, 4, 10_000)] };
        match output.write(&epoch).and_then(|()| output.flush()) {
            Ok(()) => good = row + 10_000,
            Err(failure) => break failure,
        }
        row += 10_000;
        assert!(row < 100_000_000, "the disk is not small");
    };
    assert_eq!(failure.0[0].code, "output-write-failed", "{failure}");
    let closed = output.close(&summary(RunStatus::Done)).unwrap_err();
    assert_eq!(closed.0[0].code, "output-incomplete", "{closed}");
    let spikes = read_spikes(&at.path().join("spikes.h5.part")).unwrap();
    let report = read_report(&at.path().join("v.h5.part")).unwrap();
    println!("{good} rows were safe; {} spikes and {} rows can be read", spikes[0].times_ms.len(), report[0].rows);
    assert!(spikes[0].times_ms.len() as u64 >= good && report[0].rows as u64 >= good);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any cut of a run into epochs and flushes gives the same files.
    #[test]
    fn any_blocks(
        mut times in prop::collection::vec((0u32..1000, 0u32..12), 0..200),
        mut cuts in prop::collection::vec(0u32..=1000, 0..10),
        flush in any::<bool>(),
        rows in 1usize..60,
    ) {
        times.sort_unstable();
        let spikes: Vec<Spike> = times.iter().map(|&(t, gid)| spike(f64::from(t) * 0.01, gid)).collect();
        cuts.push(1000);
        cuts.sort_unstable();
        let at = tempdir().unwrap();
        let settings = OutputSettings { buffer_bytes: if flush { 1 } else { 16 << 20 }, ..settings() };
        let reports = [report("v", 0.1, true)];
        let mut output = Output::create(at.path(), &settings, &populations(), &reports, &probes(0), &run()).unwrap();
        let (mut done, mut row) = (0, 0);
        for cut in cuts {
            let until = spikes.partition_point(|s| s.time_ms < f64::from(cut) * 0.01);
            let upto = rows * cut as usize / 1000;
            let traces = vec![block(0, row as u64, 4, upto - row)];
            output.write(&Epoch { end_ms: f64::from(cut) * 0.01, spikes: spikes[done..until].to_vec(), traces }).unwrap();
            (done, row) = (until, upto);
        }
        output.close(&summary(RunStatus::Done)).unwrap();
        let read = read_spikes(&at.path().join("spikes.h5")).unwrap();
        for population in populations() {
            let of = spikes.iter().filter_map(|s| population.node_id(s.gid).map(|id| (s.time_ms, u64::from(id))));
            let expected: (Vec<f64>, Vec<u64>) = of.unzip();
            let found = read.iter().find(|p| p.population == population.name);
            let found = found.map(|p| (p.times_ms.clone(), p.node_ids.clone())).unwrap_or_default();
            prop_assert_eq!(found, expected);
        }
        let report = read_report(&at.path().join("v.h5")).unwrap();
        let expected: Vec<f64> = block(0, 0, 4, rows).values.iter().skip(3).step_by(4).copied().collect();
        prop_assert_eq!(report[1].trace(0), expected);
    }
}
