//! What the kernels compute, against formulas worked out by hand.
#![allow(missing_docs)]

mod common;

use common::{Case, mechanism};
use tianyan_nmodl::ir::{Binding, Kernel, NodeVariable};
use tianyan_nmodl::{FieldClass, Mechanism, Options, shipped};

fn from_tests(name: &str, options: &Options) -> Mechanism {
    let path = format!("{}/tests/mod/{name}.mod", env!("CARGO_MANIFEST_DIR"));
    mechanism(name, &std::fs::read_to_string(path).unwrap(), options)
}

/// One instance with the defaults of its fields, at -50 mV, 6.3 degC, in 100 um2.
fn instance(mechanism: &Mechanism) -> Case {
    Case::new(mechanism, 1, |binding| match binding {
        Binding::Field(f) => mechanism.fields[*f].default,
        Binding::Node(NodeVariable::Voltage) => -50.0,
        Binding::Node(NodeVariable::Area) => 100.0,
        Binding::Celsius => 6.3,
        _ => 0.0,
    })
}

fn slot(mechanism: &Mechanism, case: &Case, name: &str) -> usize {
    let field = mechanism.field(name).unwrap();
    let b = mechanism.kernels.bindings.iter().position(|binding| *binding == Binding::Field(field)).unwrap();
    case.field[b] as usize
}

fn get(mechanism: &Mechanism, case: &Case, name: &str) -> f64 {
    case.state[slot(mechanism, case, name)]
}

fn set(mechanism: &Mechanism, case: &mut Case, name: &str, value: f64) {
    let slot = slot(mechanism, case, name);
    case.state[slot] = value;
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-13 * b.abs().max(1e-3), "{a} is not {b}");
}

/// Runs a kernel of a step, after what it asks to be prepared.
fn step(m: &Mechanism, case: &mut Case, kernel: &Kernel) {
    case.interpret(m, &m.kernels.prepare);
    case.interpret(m, kernel);
}

#[test]
fn each_method_does_its_formula() {
    let m = from_tests("methods", &Options::default());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    assert_eq!(get(&m, &case, "square"), 1.0);
    case.dt = 0.1;
    set(&m, &mut case, "square", 2.0);
    step(&m, &mut case, &m.kernels.state);
    // euler: both from the old values
    near(get(&m, &case, "x"), 1.0);
    near(get(&m, &case, "y"), 0.1);
    // tau = 0: the steady state; no rates at all: no change
    near(get(&m, &case, "fast"), 0.3);
    assert_eq!(get(&m, &case, "slow"), 0.5);
    near(get(&m, &case, "free"), 2.0 * (-0.05f64).exp());
    // backward Euler: x = 2 + 0.1 (1 - x^2)
    near(get(&m, &case, "square"), (-1.0 + (1.0f64 + 4.0 * 0.1 * 2.1).sqrt()) / 0.2);
    // the procedure ran once
    near(get(&m, &case, "alpha"), 1e-4);
    set(&m, &mut case, "free", 1.0);
    set(&m, &mut case, "beta", 0.7);
    let slow = get(&m, &case, "slow");
    step(&m, &mut case, &m.kernels.state);
    near(get(&m, &case, "free"), 1.3);
    let (a, b) = (1e-4f64, 1e-4 + 0.7f64);
    near(get(&m, &case, "slow"), slow + (1.0 - (-0.1 * b).exp()) * (a / b - slow));
}

#[test]
fn implicit_systems_satisfy_backward_euler() {
    let m = from_tests("newton", &Options::default());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    case.dt = 0.5;
    step(&m, &mut case, &m.kernels.state);
    let (x, y) = (get(&m, &case, "x"), get(&m, &case, "w"));
    near(x, 0.5 + 0.5 * (1.0 - 2.0 * x * y - 0.3 * x));
    near(y, 1.0 + 0.5 * (3.0 * (-x).exp() - y * y - 2.0 * x * y));
    near(get(&m, &case, "rate"), 2.0 * x * y);

    let m = from_tests("linear", &Options::default());
    assert!(m.kernels.state.iterations.is_empty());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    case.dt = 2.0;
    step(&m, &mut case, &m.kernels.state);
    let [c, o, i0] = ["c", "o", "i0"].map(|name| get(&m, &case, name));
    let up = 0.5 * (-50.0f64 / 40.0).exp();
    near(c, 1.0 + 2.0 * (0.2 * o - up * c));
    near(o, 2.0 * (up * c - 0.2 * o - 0.1 * o + 0.05 * i0));
    near(i0, 0.25 + 2.0 * (0.1 * o - 0.05 * i0));
    near(get(&m, &case, "total"), 1.25);
}

/// Does the kernel read v + 0.001?
fn differs(kernel: &Kernel) -> bool {
    kernel.ops.contains(&tianyan_nmodl::ir::Op::Constant(0.001))
}

#[test]
fn the_derivative_is_exact_where_it_may_be() {
    for (name, file, text) in shipped::all() {
        let m = mechanism(file, text, &Options::default());
        assert_eq!(m.name, *name);
        // Nap opens at once: its conductance depends on v.
        assert_eq!(differs(&m.kernels.current), *name == "Nap", "{name} is affine in v, or is not");
    }
    let exact = Options { analytic_derivative: true, ..Options::default() };
    let (difference, exact) = (from_tests("nmda", &Options::default()), from_tests("nmda", &exact));
    assert!(differs(&difference.kernels.current) && !differs(&exact.kernels.current));
    assert!(!differs(&from_tests("hinted", &Options::default()).kernels.current));
    let run = |m: &Mechanism| {
        let mut case = instance(m);
        set(m, &mut case, "g", 0.01);
        step(m, &mut case, &m.kernels.current);
        (get(m, &case, "_rhs_share"), get(m, &case, "_diagonal_share"), get(m, &case, "i"))
    };
    let ((rhs, slope, i), (exact_rhs, exact_slope, exact_i)) = (run(&difference), run(&exact));
    assert_eq!((rhs, i), (exact_rhs, exact_i));
    assert!((slope - exact_slope).abs() < 1e-4 * exact_slope.abs(), "{slope} {exact_slope}");
}

#[test]
fn fields_tell_what_may_change() {
    let m = from_tests("nmda", &Options::default());
    let class = |name: &str| m.fields[m.field(name).unwrap()].class;
    assert_eq!((class("tau"), class("g"), class("last")), (FieldClass::Parameter, FieldClass::Real, FieldClass::Exact));
    assert_eq!(m.fields[0].bounds, Some((1e-9, 1e9)));
    assert_eq!(m.arguments, ["w", "count", "spent"]);
    let m = from_tests("pool", &Options::default());
    assert!(m.field("level").is_none(), "lives only inside the kernel");
    assert!(m.fields[m.field("q").unwrap()].shared);
    assert!(m.writes_concentration());
    let (file, text) = shipped::source("gap_junction").unwrap();
    let m = mechanism(file, text, &Options::default());
    assert!(m.fields[m.field("vpre").unwrap()].peer);
    assert_eq!(m.kernels.shares.len(), 2);
}

#[test]
fn events_reach_their_arguments() {
    let m = from_tests("nmda", &Options::default());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    let receive = |case: &mut Case, arguments: &mut [f64]| {
        tianyan_nmodl::interpret::event(&m, &m.kernels.receive, &mut case.call(), 0, arguments, &mut []);
    };
    let mut arguments = [0.5, 0.0, 0.0, 0.0];
    receive(&mut case, &mut arguments);
    assert_eq!(arguments, [0.5, 1.0, 1012.5, 0.0]);
    assert_eq!(get(&m, &case, "last"), 12.5);
    let mut arguments = [-1.0, 3.0, 0.0, 0.0];
    receive(&mut case, &mut arguments);
    assert_eq!((get(&m, &case, "g"), arguments), (0.0, [-1.0, 3.0, 0.0, 0.0]));
}

#[test]
fn c_means_what_c_means() {
    let m = from_tests("c_loops", &Options::default());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    let got = |name: &str| get(&m, &case, name);
    // 0 + 2 + 4 + 6, then 4 + 2 + 1
    near(got("evens"), 19.0);
    // 7/2 is 3, (int) -0.5 is 0
    near(got("half"), 6.5);
    // a = 0.25, 1.25, 4.25, 9.25, 16.5
    near(got("sum"), 31.5);
    near(got("found"), 3.0);
    near(got("kind"), 21.0 + 7000.0);
    near(got("odd"), 100.0 + 2.0 + 0.25 + 0.25 + 0.5);
    near(got("ways"), 1.0 + 1200.0 + 160_000.0 + 3_000_000.0);
    near(got("cubes"), 27.0 + 1.25f64.powi(3));
    near(got("seen"), -1.0);
}

#[test]
fn events_may_set_v_and_states_may_jump_once() {
    let m = from_tests("resets", &Options::default());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    let v = m.kernels.bindings.iter().position(|b| *b == Binding::Node(NodeVariable::Voltage)).unwrap();
    let node = case.field[v] as usize + case.index[0] as usize;
    let mut arguments = [0.0, 2.0];
    tianyan_nmodl::interpret::event(&m, &m.kernels.receive, &mut case.call(), 0, &mut arguments, &mut [0.0; 9]);
    assert_eq!((case.state[node], get(&m, &case, "u"), get(&m, &case, "reached")), (-55.0, 1.0, 12.5));
    // The current is evaluated at v + 0.001 and at v, the jump happens once.
    set(&m, &mut case, "g", 0.25);
    case.t = 3.01;
    step(&m, &mut case, &m.kernels.current);
    assert_eq!(get(&m, &case, "g"), 1.25);
    near(get(&m, &case, "i"), 1e-3 * (1.25 + 1.0 + 0.5) * 15.0);
    // SOLVE is not under the condition.
    set(&m, &mut case, "u", 3.0);
    step(&m, &mut case, &m.kernels.state);
    near(get(&m, &case, "u"), 3.0 * (-0.025f64 / 10.0).exp());
}

#[test]
fn loops_may_stand_in_loops() {
    let m = from_tests("nested", &Options::default());
    let mut case = instance(&m);
    case.interpret(&m, &m.kernels.initial);
    let (mut pairs, mut rounds, mut place, mut drawn) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..4 {
        for j in 0..=i {
            pairs += f64::from(10 * i + j);
            rounds += f64::from((j + 1) / 2);
        }
        for _ in 0..5 + i {
            let ids = ["r_id1", "r_id2", "r_id3"].map(|name| get(&m, &case, name));
            drawn += f64::from(u8::from(tianyan_nmodl::streams::uniform(ids, place) < 0.3));
            place += 1.0;
        }
    }
    let got = |name: &str| get(&m, &case, name);
    assert_eq!([got("pairs"), got("rounds"), got("drawn")], [pairs, rounds, drawn]);
    // A condition that draws: so many numbers below 0.6, and the one that was not.
    let mut lucky = 0.0;
    loop {
        let ids = ["r_id1", "r_id2", "r_id3"].map(|name| get(&m, &case, name));
        place += 1.0;
        if tianyan_nmodl::streams::uniform(ids, place - 1.0) >= 0.6 {
            break;
        }
        lucky += 1.0;
    }
    assert_eq!([got("first"), got("lucky"), got("r_sequence")], [pairs.sqrt().ceil(), lucky, place]);
}
