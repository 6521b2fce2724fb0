//! Which mechanisms may be merged, and why others may not.
#![allow(missing_docs)]

use tianyan_nmodl::{Options, compile, shipped};

/// A synapse, with parts of its text replaced.
fn synapse(changes: &[(&str, &str)]) -> Result<(), String> {
    let mut text = String::from(
        "NEURON { POINT_PROCESS s USEION ca READ cai NONSPECIFIC_CURRENT i RANGE g, tau, e, block }\n\
         PARAMETER { tau = 2 e = 0 gain = 3 mg = 1 }\n\
         ASSIGNED { v i block factor cai }\n\
         STATE { A B }\n\
         INITIAL { A = 0 B = 0 factor = 1/(1 - exp(-gain)) }\n\
         BREAKPOINT { SOLVE decay METHOD cnexp block = 1/(1 + exp(-0.062*v)*mg/3.57) i = (B - A)*block*(v - e) }\n\
         DERIVATIVE decay { A' = -A/tau B' = -B/(2*tau) }\n\
         NET_RECEIVE(w, other) { A = A + w*factor B = B + gain*w }\n",
    );
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let options = [Options::default(), Options { analytic_derivative: true, ..Options::default() }];
    let [neuron, analytic] = options.map(|options| {
        compile("s.mod", &text, &options).unwrap_or_else(|errors| panic!("{}", errors[0])).0.mergeable()
    });
    assert_eq!(neuron, analytic, "how di/dv is found does not matter");
    neuron
}

#[test]
fn linear_synapses_merge() {
    assert_eq!(synapse(&[]), Ok(()));
    for change in [
        ("B - A", "A"),
        ("A' = -A/tau", "A' = -A/tau - 0.1*A"),
        // The same place, the same v, concentration and time.
        ("-A/tau", "-A*(1 + exp(v/50))/tau"),
        ("*block*", "*block*cai*"),
        ("w*factor", "w*factor*exp(-t/100)"),
        ("A = A + w*factor", "if (gain > 2) { A = A + w } else { A = A - w/gain }"),
        ("A = A + w*factor", "state_discontinuity(A, A + w)"),
        ("B' = -B/(2*tau)", "B' = A/tau - B/tau"),
        ("cnexp", "euler"),
        ("INITIAL { A = 0", "INITIAL { if (tau < 0.1) { tau = 0.1 } A = 0"),
        ("block =", "if (v > 0) { A = 0.5*A } block ="),
    ] {
        assert_eq!(synapse(&[change]), Ok(()), "{change:?}");
    }
}

#[test]
fn others_say_why_not() {
    for (changes, why) in [
        (("A' = -A/tau", "A' = (1 - A)/tau"), "`A` is not linear in the states"),
        (("A' = -A/tau", "A' = -A*A/tau"), "`A` is not linear in the states"),
        (("A' = -A/tau", "A' = -A*B/tau"), "`A` is not linear in the states"),
        (("A = 0", "A = 0.1"), "`A` does not begin at 0"),
        (("A = 0", "A = tau"), "`A` does not begin at 0"),
        (("(B - A)*block", "(B - A)*B"), "its current is not linear in the states"),
        (("(B - A)*block", "(B/(1 + B))*block"), "its current is not linear in the states"),
        (("(B - A)*block", "(B - A + 1)*block"), "its current is not linear in the states"),
        (("(B - A)*block", "gain*block"), "a current flows without events"),
        (("A + w*factor", "A*0.5 + w"), "NET_RECEIVE does not just add a multiple of the weight to `A`"),
        (("A + w*factor", "A + 1"), "NET_RECEIVE does not just add a multiple of the weight to `A`"),
        (("A + w*factor", "A + w*w"), "NET_RECEIVE does not just add a multiple of the weight to `A`"),
        (("A + w*factor", "w"), "NET_RECEIVE does not just add a multiple of the weight to `A`"),
        (("A + w*factor", "A + w*B"), "NET_RECEIVE does not just add a multiple of the weight to `A`"),
        (("A + w*factor", "B + w"), "NET_RECEIVE does not just add a multiple of the weight to `A`"),
        (
            ("A = A + w*factor", "if (w > 0) { A = A + w }"),
            "NET_RECEIVE does not just add a multiple of the weight to `A`",
        ),
        (("A = A + w*factor", "tau = tau + w"), "NET_RECEIVE does not just add a multiple of the weight to `tau`"),
        (("A = A + w*factor", "A = A + w v = -70"), "NET_RECEIVE sets v"),
        (("A + w*factor", "A + other"), "NET_RECEIVE reads `other`"),
        (("A = A + w*factor", "if (flag == 0) { A = A + w }"), "NET_RECEIVE reads `flag`"),
        (("B = B + gain*w", "other = 1"), "NET_RECEIVE changes its arguments"),
        (("A = A + w*factor", "net_send(1, 1)"), "it sends events"),
        (("A = A + w*factor", "net_event(t)"), "it sends events"),
        (("A = A + w*factor", "WATCH (v > 0) 2"), "it has WATCH"),
        (("A = A + w*factor", "FOR_NETCONS(w1, o1) { o1 = 1 }"), "it has FOR_NETCONS"),
        (("{ A = A + w*factor", "{ INITIAL { other = 1 } A = A + w*factor"), "NET_RECEIVE has an INITIAL"),
        (("READ cai", "READ cai WRITE cai"), "it writes a concentration or reversal potential"),
        (("B' = -B/(2*tau)", "B' = -B/(2*tau) tau = A"), "`tau` changes with the states"),
    ] {
        let changes = match changes.1.contains("WRITE cai") {
            true => vec![changes, ("block =", "cai = 1 block =")],
            false => vec![changes],
        };
        assert_eq!(synapse(&changes), Err(why.into()), "{changes:?}");
    }
}

#[test]
fn of_the_shipped_mechanisms_the_exponential_synapses_merge() {
    let mergeable = |(name, file, text): &(&'static str, &str, &str)| {
        let (mechanism, _) = compile(file, text, &Options::default()).unwrap_or_else(|errors| panic!("{}", errors[0]));
        mechanism.mergeable().is_ok().then_some(*name)
    };
    let mut names: Vec<&str> = shipped::all().iter().filter_map(mergeable).collect();
    names.sort_unstable();
    assert_eq!(names, ["Exp2Syn", "ExpSyn", "exp1isyn", "exp1syn"]);
}

#[test]
fn teaching_files() {
    for (name, why) in [
        ("nmda", "NET_RECEIVE reads `count`"),
        ("plastic", "it has FOR_NETCONS"),
        ("integrator", "it is no point process of a membrane"),
        ("noise", "it is no point process of a membrane"),
    ] {
        let path = format!("{}/tests/mod/{name}.mod", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let (mechanism, _) = compile(name, &text, &Options::default()).unwrap_or_else(|errors| panic!("{}", errors[0]));
        assert_eq!(mechanism.mergeable(), Err(why.into()), "{name}");
    }
}
