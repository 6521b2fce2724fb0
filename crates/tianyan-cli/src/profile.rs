//! `tianyan run --profile`: where the time went.

use std::fmt::Write;
use tianyan::{Profile, RunSummary};

/// The table: ns per compartment and step, its part of the whole, and per instance for mechanisms.
pub fn text(profile: &Profile, summary: &RunSummary) -> String {
    let whole = profile.whole().max(1) as f64;
    let work = (summary.steps * summary.compartments).max(1) as f64;
    let mut text =
        String::from("\nwhere time went              ns per compartment and step   part   ns per instance and step\n");
    let mut row = |name: &str, time: f64, instance: Option<f64>| {
        let instance = instance.map_or(String::new(), |ns| format!("{ns:>26.2}"));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<28} {:>27.2} {:>5.1}%{instance}", time / work, 100.0 * time / whole);
    };
    for (part, time) in profile.parts.iter().filter(|(_, time)| *time > 0) {
        row(part.word(), *time as f64, None);
    }
    let mut mechanisms: Vec<_> = profile.mechanisms.iter().collect();
    mechanisms.sort_by_key(|(_, times)| std::cmp::Reverse(times[0] + times[1]));
    for (name, [currents, others]) in mechanisms {
        let count = profile.instances.get(name).copied().unwrap_or_default();
        let visits = (summary.steps * count).max(1) as f64;
        for (what, time) in [("currents", *currents), ("states", *others)].into_iter().filter(|(_, time)| *time > 0) {
            row(&format!("{name}, {what}"), time as f64, Some(time as f64 / visits));
        }
    }
    let seconds = (summary.simulated_ms / 1e3).max(1e-9);
    let (groups, bytes) = profile.groups;
    let _ = write!(
        text,
        "times of all threads together; {groups} groups, the largest of {:.0} KB; {:.0} events a second of \
         model time, {:.0} a second of the run",
        bytes as f64 / 1024.0,
        profile.events as f64 / seconds,
        profile.events as f64 / summary.solve_s.max(1e-9),
    );
    text
}
