//! Point neurons against their equations' own solutions.

use tianyan_tests::model::{Record, cpu, recipe, run, simulation};
use tianyan_tests::root;

const DT_MS: f64 = 0.1;
/// When spikes come, ms, and their weight: sums of them, in both directions, off the grid of no step.
const TRAIN: [f64; 4] = [3.0, 3.1, 20.0, 41.7];
const DELAY_MS: f64 = 1.5;
/// A clamp: start and end, ms; current, nA.
const CLAMP: (f64, f64, f64) = (10.0, 30.0, 0.25);

fn record(mechanism: &str, parameters: &str, weight: f64, more: &str, dt_ms: f64) -> Record {
    let (start, end, current) = CLAMP;
    let text = format!(
        "schema_version = 1\n[run]\nduration_ms = 60.0\ndt_ms = {dt_ms}\n[cells.c]\nartificial = {{ mechanism = \
         \"{mechanism}\", parameters = {{ {parameters} }} }}\n[populations]\nc = {{ cell = \"c\", size = 1 }}\nt = {{ \
         spike_times_ms = {TRAIN:?} }}\n[[connections]]\nsource = \"t\"\ntarget = \"c\"\nrule = \"all_to_all\"\nweight = \
         {weight:?}\ndelay_ms = {DELAY_MS}\n[[stimuli]]\nkind = \"current_clamp\"\ncells = \"c\"\nstart_ms = \
         {start:?}\nduration_ms = {:?}\namplitude_nanoamp = {current:?}\n[[probes]]\nreport = \"v\"\nvariable = \
         \"v\"\ncells = \"c\"\nprecision = \"f64\"\n{more}",
        end - start
    );
    let recipe = recipe(&text, &root());
    run(&mut simulation(&recipe, cpu(1)), usize::MAX)
}

fn trace(record: &Record, report: usize) -> Vec<f64> {
    record.traces[report].iter().map(|&bits| f64::from_bits(bits)).collect()
}

/// The sum of what the clamp and the spikes do: `step(t)` and `pulse(t)` are the responses to 1 nA from 0 on and to a
/// spike of weight 1 at 0.
fn superposed(t_ms: f64, weight: f64, step: impl Fn(f64) -> f64, pulse: impl Fn(f64) -> f64) -> f64 {
    let after = |at: f64, response: &dyn Fn(f64) -> f64| if t_ms > at { response(t_ms - at) } else { 0.0 };
    let clamp = CLAMP.2 * (after(CLAMP.0, &step) - after(CLAMP.1, &step));
    TRAIN.iter().map(|at| weight * after(at + DELAY_MS, &pulse)).sum::<f64>() + clamp
}

fn assert_exact(what: &str, found: &[f64], want: impl Fn(f64) -> f64) {
    let error = |(n, v): (usize, &f64)| (v - want(n as f64 * DT_MS)).abs();
    let worst = found.iter().enumerate().map(error).fold(0.0, f64::max);
    assert!(found.len() == 601 && worst < 1e-9, "{what}: off by {worst:e} mV");
    assert!(found.iter().any(|v| (v - found[0]).abs() > 1.0), "{what}: nothing happens");
}

const TAU_M: f64 = 20.0;
const CM: f64 = 0.5;
const REST: f64 = -65.0;

fn step(t: f64) -> f64 {
    TAU_M / CM * (1.0 - (-t / TAU_M).exp())
}

#[test]
fn exponential_currents_are_exact() {
    for tau in [0.5, 5.0, 20.0 - 1e-6, 20.0, 60.0] {
        for weight in [0.3, -0.3] {
            let parameters = format!("cm = {CM}, tau_syn_e = {tau:?}, tau_syn_i = {tau:?}, v_thresh = 100");
            let found = trace(&record("LifCurrExp", &parameters, weight, "", DT_MS), 0);
            let rate = 1.0 / tau - 1.0 / TAU_M;
            let pulse = |t: f64| match rate.abs() < 1e-7 {
                true => t / CM * (-t / TAU_M).exp() * (1.0 - rate * t / 2.0),
                false => ((-t / TAU_M).exp() - (-t / tau).exp()) / (CM * rate),
            };
            let want = |t| REST + superposed(t, weight, step, pulse);
            assert_exact(&format!("tau {tau}, weight {weight}"), &found, want);
        }
    }
}

#[test]
fn alpha_currents_are_exact() {
    for mechanism in ["LifCurrAlpha", "Glif"] {
        for tau in [0.5, 7.0, 20.0, 60.0] {
            let membrane = match mechanism {
                "Glif" => format!("g = {:?}, e_l = {REST}, v_init = {REST}, v_thresh = 100", CM / TAU_M),
                _ => "v_thresh = 100".to_string(),
            };
            let parameters = format!("cm = {CM}, tau_syn_e = {tau:?}, {membrane}");
            let found = trace(&record(mechanism, &parameters, 0.3, "", DT_MS), 0);
            let (rate, e) = (1.0 / tau - 1.0 / TAU_M, std::f64::consts::E);
            let pulse = |t: f64| match rate == 0.0 {
                true => e / tau / CM * t * t / 2.0 * (-t / TAU_M).exp(),
                false => {
                    let slow = (-t / TAU_M).exp() - (-t / tau).exp() * (1.0 + rate * t);
                    e / tau / CM * slow / (rate * rate)
                }
            };
            assert_exact(&format!("{mechanism}, tau {tau}"), &found, |t| REST + superposed(t, 0.3, step, pulse));
        }
    }
}

/// What a spike does at once is seen a step later: v is recorded before the events of its time.
#[test]
fn jumps_are_exact() {
    let found = trace(&record("LifCurrDelta", &format!("cm = {CM}"), 2.5, "", DT_MS), 0);
    let pulse = |t: f64| if t > 1e-9 { (-t / TAU_M).exp() } else { 0.0 };
    let at = |t: f64| t - 1e-10;
    assert_exact("jumps", &found, |t| REST + superposed(at(t), 2.5, |t| step(t.max(0.0)), pulse));
}

/// Times of all spikes, in steps.
fn spikes(record: &Record) -> Vec<i64> {
    record.spikes.iter().map(|(bits, _)| (f64::from_bits(*bits) / DT_MS).round() as i64).collect()
}

/// Under a constant current a neuron fires when the exact solution has passed the threshold, at the end of that step,
/// and again after the refractory time and the same way up.
#[test]
fn firing_is_on_the_steps_of_the_exact_solution() {
    let parameters = format!("cm = {CM}, i_offset = 0.6, tau_refrac = 2.0");
    let found = spikes(&record("LifCurrExp", &parameters, 0.0, "", DT_MS));
    // Of the current of the clamp too.
    let rise = |from: f64, current: f64, ms: f64| {
        let end = current * TAU_M / CM;
        end + (from - end) * (-ms / TAU_M).exp()
    };
    let (mut u, mut rest, mut want) = (0.0, 0, Vec::new());
    for n in 0..600i64 {
        let clamped = (100..300).contains(&n);
        if rest > 0 {
            rest -= 1;
            continue;
        }
        u = rise(u, 0.6 + if clamped { CLAMP.2 } else { 0.0 }, DT_MS);
        if u >= 15.0 {
            want.push(n + 1);
            (u, rest) = (0.0, 20);
        }
    }
    assert!(found == want && want.len() > 1, "{found:?} {want:?}");
}

/// The stated step, to the last bit.
#[test]
fn izhikevich_is_eulers_step() {
    let probe = "[[probes]]\nreport = \"u\"\nvariable = \"u\"\nmechanism = \"Izhikevich\"\ncells = \"c\"\nprecision = \"f64\"\n";
    let record = record("Izhikevich", "i_offset = 0.01", 3.0, probe, DT_MS);
    let (mut v, mut u, mut fired) = (-65.0f64, -14.0f64, Vec::new());
    let (found_v, found_u) = (trace(&record, 0), trace(&record, 1));
    for n in 0..600usize {
        v += TRAIN.iter().map(|at| if ((at + DELAY_MS) / DT_MS).round() == n as f64 { 3.0 } else { 0.0 }).sum::<f64>();
        if v >= 30.0 {
            fired.push(n as i64);
            v = -65.0;
            u += 2.0;
        }
        let clamp = if (100..300).contains(&n) { CLAMP.2 } else { 0.0 };
        let before = v;
        // The current that the clamp brings in per area and out again.
        let area = std::f64::consts::PI * 100.0;
        let injected = (clamp * (100.0 / area)) * area * 0.01;
        v = before + DT_MS * (0.04 * before * before + 5.0 * before + 140.0 - u + 1000.0 * (0.01 + injected));
        u += DT_MS * 0.02 * (0.2 * before - u);
        assert_eq!((found_v[n + 1].to_bits(), found_u[n + 1].to_bits()), (v.to_bits(), u.to_bits()), "step {n}");
    }
    assert!(spikes(&record) == fired && fired.len() > 3, "{fired:?}");
}

/// Halving the step divides what AdEx is off by 16, and what conductances are off by 4, as their methods say.
#[test]
fn adex_and_conductances_have_their_order() {
    let cases = [("AdEx", "i_offset = 0.1", 0.01, 4.0), ("LifCondExp", "cm = 0.5, v_thresh = 100", 0.02, 2.0)];
    for (mechanism, parameters, weight, order) in cases {
        let at = |dt_ms: f64| {
            let record = record(mechanism, parameters, weight, "", dt_ms);
            assert!(record.spikes.is_empty(), "spikes are on the grid");
            *trace(&record, 0).last().unwrap()
        };
        let exact = at(0.003125);
        let errors = [0.1, 0.05, 0.025].map(|dt_ms| (at(dt_ms) - exact).abs());
        for pair in errors.windows(2) {
            let found = (pair[0] / pair[1]).log2();
            assert!((found - order).abs() < 0.3, "{mechanism}: order {found}, errors {errors:?}");
        }
    }
}
