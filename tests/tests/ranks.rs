//! Several ranks, as threads of this process: the same bits as one, also across a snapshot that moves to another number.

use tianyan_comm::{Communicator, Solo, Threads};
use tianyan_engine::{Simulation, Way};
use tianyan_layout::partition;
use tianyan_model::{Gid, Recipe, Snapshot};
use tianyan_tests::model::{Record, cpu, network_of, recipe};
use tianyan_tests::root;

const SYNAPSES: &str = include_str!("models/synapses.toml");
const COUPLED: &str = include_str!("models/coupled.toml");
const EVENTS: &str = include_str!("models/events.toml");
const POINTS: &str = include_str!("models/points.toml");

/// What rank 0 has to say.
struct Outcome {
    record: Record,
    snapshot: Snapshot,
    way: Way,
}

/// Runs a part of a run on one rank: from a snapshot or from 0, for so many epochs.
fn on_rank(recipe: &dyn Recipe, mut comm: Box<dyn Communicator>, from: Option<&Snapshot>, epochs: usize) -> Outcome {
    let (rank, size) = (comm.rank(), comm.size());
    let rank_of = partition(recipe, size).unwrap();
    let backend = cpu(1);
    let network = network_of(recipe, backend.as_ref(), &rank_of, rank);
    comm.barrier();
    let mut simulation = Simulation::new(network, recipe.run(), backend, comm).unwrap();
    simulation.limit_epoch(60);
    let gids: Vec<Gid> = (0..rank_of.len() as u32).map(Gid).collect();
    let mut probes = Vec::new();
    recipe.probes_on(&gids, &mut probes).unwrap();
    let mut columns = vec![Vec::new(); recipe.reports().len()];
    probes.iter().for_each(|probe| columns[probe.report].push(rank_of[probe.gid.0 as usize]));
    if size > 1 {
        simulation.collect_on_root(&columns);
    }
    let mut record = Record::default();
    match from {
        Some(snapshot) => simulation.restore(snapshot).unwrap(),
        None => record.push(&simulation.first_rows()),
    }
    for _ in 0..epochs {
        if simulation.is_done() {
            break;
        }
        record.push(&simulation.advance().unwrap());
    }
    let snapshot = simulation.snapshot();
    if simulation.is_done() {
        record.push(&simulation.rest());
        simulation.check_exchange().unwrap();
    }
    Outcome { record, snapshot, way: simulation.way() }
}

fn on_ranks(recipe: &dyn Recipe, ranks: usize, from: Option<&Snapshot>, epochs: usize) -> Outcome {
    if ranks == 1 {
        return on_rank(recipe, Box::new(Solo), from, epochs);
    }
    std::thread::scope(|scope| {
        let ranks = Threads::new(ranks).into_iter();
        let handles: Vec<_> =
            ranks.map(|comm| scope.spawn(move || on_rank(recipe, Box::new(comm), from, epochs))).collect();
        let mut outcomes: Vec<Outcome> = handles.into_iter().map(|handle| handle.join().unwrap()).collect();
        assert!(outcomes[1..].iter().all(|outcome| outcome.record == Record::default()), "only rank 0 writes");
        outcomes.swap_remove(0)
    })
}

fn check(text: &str) -> Vec<Way> {
    let recipe = recipe(text, &root().join("tests/tests/models"));
    let want = on_ranks(&recipe, 1, None, usize::MAX);
    assert!(!want.record.spikes.is_empty(), "the model fires");
    let mut ways = Vec::new();
    for ranks in [2, 3, 5] {
        let got = on_ranks(&recipe, ranks, None, usize::MAX);
        assert_eq!(got.record.spikes, want.record.spikes, "{ranks} ranks: spikes");
        assert!(got.record.traces == want.record.traces, "{ranks} ranks: reports");
        assert_eq!(got.snapshot.spikes, want.snapshot.spikes, "{ranks} ranks: spikes on their way");
        assert!(got.snapshot.cells == want.snapshot.cells, "{ranks} ranks: state");
        ways.push(got.way);
    }
    for (before, after) in [(1, 3), (3, 1), (2, 4)] {
        let first = on_ranks(&recipe, before, None, 5);
        let second = on_ranks(&recipe, after, Some(&first.snapshot), usize::MAX);
        let mut joined = first.record;
        joined.spikes.extend(second.record.spikes);
        for (whole, rest) in joined.traces.iter_mut().zip(second.record.traces) {
            whole.extend(rest);
        }
        assert_eq!(joined.spikes, want.record.spikes, "{before} ranks, then {after}: spikes");
        assert!(joined.traces == want.record.traces, "{before} ranks, then {after}: reports");
    }
    ways
}

#[test]
fn synapses() {
    check(SYNAPSES);
}

#[test]
fn couplings() {
    check(COUPLED);
}

/// Where cells fire by events, the order of all spikes matters, and all ranks see them.
#[test]
fn events() {
    assert_eq!(check(EVENTS), [Way::ToAll; 3]);
}

#[test]
fn points() {
    check(POINTS);
}

/// A ring: each cell is heard by the next.
#[test]
fn only_listeners_get_spikes() {
    let text = std::fs::read_to_string(root().join("models/ring/ring_pas.toml")).unwrap();
    let text = text.replace("duration_ms = 50.0", "duration_ms = 30.0").replace("fan_in = 10", "fan_in = 0");
    assert!(check(&text).contains(&Way::ToListeners));
}

/// Simultaneous spikes of a train and of a cell: a restart keeps their order. From a review: with the train behind, `b`
/// fired twice.
#[test]
fn a_restart_keeps_the_order_of_simultaneous_events() {
    let text = "schema_version = 1\n[run]\nduration_ms = 20.0\ndt_ms = 0.1\n[cells.a]\nartificial = { mechanism = \
        \"IntFire1\" }\n[cells.b]\nartificial = { mechanism = \"IntFire1\" }\n[populations]\na = { cell = \"a\", size = 1 }\n\
        b = { cell = \"b\", size = 1 }\ntrain = { spike_times_ms = [[5.0, 6.0]] }\n[[connections]]\nsource = \"train\"\n\
        target = \"a\"\nrule = \"all_to_all\"\nweight = 1.2\ndelay_ms = 1.0\n[[connections]]\nsource = \"a\"\ntarget = \"b\"\n\
        rule = \"all_to_all\"\nweight = 1.7\ndelay_ms = 4.0\n[[connections]]\nsource = \"train\"\ntarget = \"b\"\nrule = \
        \"all_to_all\"\nweight = -0.6\ndelay_ms = 4.0\n";
    let recipe = recipe(text, &root().join("tests/tests/models"));
    let whole = on_ranks(&recipe, 1, None, usize::MAX);
    for epochs in 1..4 {
        let first = on_ranks(&recipe, 1, None, epochs);
        let second = on_ranks(&recipe, 2, Some(&first.snapshot), usize::MAX);
        let joined = [first.record.spikes, second.record.spikes].concat();
        assert_eq!(joined, whole.record.spikes, "after {epochs} epochs");
    }
}
