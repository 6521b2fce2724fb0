//! Same program, same config: the same bits for any threads, lanes, groups, epochs, backends, and after a snapshot.

use tianyan_engine::{Backend, CpuBackend, CpuOptions};
use tianyan_tests::model::{Record, cpu, recipe, run, simulation};
use tianyan_tests::reference::Reference;
use tianyan_tests::root;

/// Two kinds of cells, four to a tile; synapses of both kinds, several at a node; all that can be recorded.
const SYNAPSES: &str = include_str!("models/synapses.toml");
/// Cells joined by graded synapses and gap junctions; clamps; concentrations.
const COUPLED: &str = include_str!("models/coupled.toml");

/// Artificial cells, self-events, WATCH, plasticity, random numbers, tables, diffusion. The reference backend has none
/// of these.
const EVENTS: &str = include_str!("models/events.toml");

fn record(text: &str, backend: Box<dyn Backend>, epoch: Option<u64>) -> Record {
    let recipe = recipe(text, &root().join("tests/tests/models"));
    let mut simulation = simulation(&recipe, backend);
    if let Some(steps) = epoch {
        simulation.limit_epoch(steps);
    }
    run(&mut simulation, usize::MAX)
}

fn assert_same(what: &str, a: &Record, b: &Record) {
    let first = a.spikes.iter().zip(&b.spikes).position(|(a, b)| a != b);
    if let Some(i) = first {
        let spike = |record: &Record| (f64::from_bits(record.spikes[i].0), record.spikes[i].1);
        panic!("{what}: spike {i} is {:?} and {:?}", spike(a), spike(b));
    }
    assert_eq!(a.spikes.len(), b.spikes.len(), "{what}: number of spikes");
    for (report, (x, y)) in a.traces.iter().zip(&b.traces).enumerate() {
        assert_eq!(x.len(), y.len(), "{what}: report {report} has another length");
        let first = x.iter().zip(y).position(|(x, y)| x != y);
        if let Some(i) = first {
            panic!("{what}: report {report}, value {i}: {:e} and {:e}", f64::from_bits(x[i]), f64::from_bits(y[i]));
        }
    }
}

fn interpreted() -> Box<dyn Backend> {
    Box::new(CpuBackend::new(CpuOptions { interpret: true, ..CpuOptions::default() }))
}

fn small_groups(threads: usize) -> Box<dyn Backend> {
    Box::new(CpuBackend::new(CpuOptions { threads, group_bytes: 1, ..CpuOptions::default() }))
}

fn lanes(lanes: usize) -> Box<dyn Backend> {
    Box::new(CpuBackend::new(CpuOptions { lanes, ..CpuOptions::default() }))
}

fn check_cpu(text: &str) -> Record {
    let want = record(text, cpu(1), None);
    assert!(!want.spikes.is_empty(), "the model fires");
    assert_same("two threads", &want, &record(text, cpu(2), None));
    assert_same("a group a cell", &want, &record(text, small_groups(1), None));
    assert_same("a group a cell, three threads", &want, &record(text, small_groups(3), None));
    assert_same("epochs of one step", &want, &record(text, cpu(1), Some(1)));
    assert_same("epochs of seven steps", &want, &record(text, cpu(1), Some(7)));
    for width in [1, 2, 4, 8, 16] {
        assert_same(&format!("{width} lanes"), &want, &record(text, lanes(width), None));
    }
    assert_same("interpreted", &want, &record(text, interpreted(), None));
    want
}

fn check(text: &str) {
    let want = check_cpu(text);
    assert_same("reference backend, one lane", &want, &record(text, Box::new(Reference::new(1)), None));
    assert_same("reference backend, four lanes", &want, &record(text, Box::new(Reference::new(4)), None));
}

/// Point neurons, their inputs, random spikes and rules.
const POINTS: &str = include_str!("models/points.toml");

#[test]
fn points() {
    check(POINTS);
    let poisson = "\n[cells.noise]\nartificial = { mechanism = \"Poisson\", parameters = { rate = \"uniform(50, 200)\" } }\n\
        [populations.noise]\ncell = \"noise\"\nsize = 11\n[[connections]]\nsource = \"noise\"\ntarget = [\"exp\", \"alpha\"]\n\
        rule = \"probability\"\nprobability = 0.5\nweight = 0.5\ndelay_ms = 0.7\n";
    check_cpu(&format!("{POINTS}{poisson}"));
}

/// Event-driven cells that fire on half steps, where rounding decides, with delays as short as an epoch.
#[test]
fn points_hear_what_falls_between_steps() {
    let text = "schema_version = 1\n[run]\nduration_ms = 40.0\ndt_ms = 0.1\n[cells.relay]\nartificial = { mechanism = \
        \"IntFire1\", parameters = { refrac = 0.05 } }\n[cells.point]\nartificial = { mechanism = \"LifCurrDelta\", \
        parameters = { v_thresh = 1e6, tau_m = 1e9 } }\n[populations]\nrelay = { cell = \"relay\", size = 1 }\n\
        point = { cell = \"point\", size = 1 }\ntrain = { spike_times_ms = [TIMES] }\n[[connections]]\nsource = \"train\"\n\
        target = \"relay\"\nrule = \"all_to_all\"\nweight = 2\ndelay_ms = 0.5\n[[connections]]\nsource = \"relay\"\ntarget = \
        \"point\"\nrule = \"all_to_all\"\nweight = 1\ndelay_ms = DELAY\n[[probes]]\nreport = \"v\"\nvariable = \"v\"\ncells = \
        \"point\"\nprecision = \"f64\"\n";
    let times: Vec<String> = (0..150).map(|k| format!("{:.2}", 1.05 + 0.25 * f64::from(k))).collect();
    for delay in ["0.1", "0.3", "1.0"] {
        let text = text.replace("TIMES", &times.join(", ")).replace("DELAY", delay);
        let want = record(&text, cpu(1), None);
        assert_same(delay, &want, &record(&text, cpu(1), Some(1)));
        let heard = f64::from_bits(*want.traces[0].last().unwrap()) + 65.0;
        // All but those of the last steps, which are still on their way.
        assert!((heard - want.spikes.len() as f64).abs() < 5.0 && heard > 100.0, "{heard} of {}", want.spikes.len());
    }
}

#[test]
fn synapses() {
    check(SYNAPSES);
}

/// Runs leave out what nobody sees; once somebody looks, it is there, and nothing else changes.
#[test]
fn what_is_only_looked_at_is_there() {
    let probe = "\n[[probes]]\nreport = \"gates\"\nvariable = \"minf_hh\"\ncells = \"small\"\nsections = \"soma\"\n";
    let text = format!("{SYNAPSES}{probe}");
    let (unseen, seen) = (record(SYNAPSES, cpu(1), None), record(&text, cpu(1), None));
    assert_same("interpreted", &seen, &record(&text, interpreted(), None));
    let (gates, others) = seen.traces.split_last().expect("a report more");
    assert_eq!((&unseen.spikes, &unseen.traces[..]), (&seen.spikes, others));
    let gates: Vec<f64> = gates.iter().map(|bits| f64::from_bits(*bits)).collect();
    assert!(gates.iter().any(|gate| *gate > 0.9) && gates.iter().any(|gate| *gate < 0.1));
}

#[test]
fn couplings() {
    check(COUPLED);
}

#[test]
fn snapshots_move_between_backends() {
    for text in [SYNAPSES, COUPLED, POINTS] {
        let recipe = recipe(text, &root().join("tests/tests/models"));
        let mut whole = simulation(&recipe, cpu(1));
        whole.limit_epoch(60);
        let mut want = run(&mut whole, 7);
        let snapshot = whole.snapshot();
        let rest = run(&mut whole, usize::MAX);
        let mut other = simulation(&recipe, Box::new(Reference::new(4)));
        other.restore(&snapshot).expect("the same model");
        assert_eq!(other.snapshot(), snapshot, "a snapshot survives another layout");
        assert_same("continued on the reference backend", &rest, &run(&mut other, usize::MAX));
        want.spikes.extend(rest.spikes);
        assert_eq!(want.spikes, record(text, cpu(1), None).spikes);
    }
}

#[test]
fn events() {
    let record = check_cpu(EVENTS);
    let last = |report: usize| record.traces[report].iter().map(|&bits| f64::from_bits(bits)).next_back();
    // Alarms went off (10 for the one INITIAL sends, 1 for each pulse), v passed the watched value, FOR_NETCONS ran.
    assert!(last(4).is_some_and(|count| count > 11.0), "{:?}", last(4));
    assert!(last(5).is_some_and(|up| up > 1.0), "{:?}", last(5));
    assert!(last(6).is_some_and(|spike_ms| spike_ms > 0.0), "{:?}", last(6));
}

#[test]
fn snapshots_hold_events_on_their_way() {
    for (text, epochs) in
        [EVENTS, POINTS].into_iter().flat_map(|text| [1, 5, 9, 14, 61, 150].map(|epochs| (text, epochs)))
    {
        let recipe = recipe(text, &root().join("tests/tests/models"));
        let mut whole = simulation(&recipe, cpu(1));
        whole.limit_epoch(60);
        run(&mut whole, epochs);
        let snapshot = whole.snapshot();
        assert!(text == EVENTS || epochs < 9 || !snapshot.spikes.is_empty(), "nothing is on its way");
        let rest = run(&mut whole, usize::MAX);
        let mut other = simulation(&recipe, small_groups(2));
        other.restore(&snapshot).expect("the same model");
        assert_eq!(other.snapshot(), snapshot, "a snapshot survives another layout");
        assert_same("continued in groups of a cell", &rest, &run(&mut other, usize::MAX));
    }
}
