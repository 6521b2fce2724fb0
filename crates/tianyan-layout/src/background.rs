//! Spikes at random into point neurons, sorted into what is alike.

use crate::cells::Addresses;
use crate::group::{Background, Layout};
use std::collections::BTreeMap;
use tianyan_model::{Problem, Problems, RandomSpikes};
use tianyan_nmodl::Inputs;

/// More spikes in a step cannot be drawn.
const MOST_IN_A_STEP: f64 = 500.0;

/// What neurons of a table have in common: stream, rate, weight, first and last step, as bits.
type Key = (usize, u32, u64, u64, u64, u64);

/// Gives the groups what comes to their neurons. `inputs` are those of the recipe's mechanisms.
pub fn backgrounds(
    random: &[RandomSpikes],
    at: &Addresses,
    inputs: &[Option<Inputs>],
    layouts: &mut [Layout],
    problems: &mut Problems,
) {
    let mut alike: Vec<BTreeMap<Key, Vec<(u32, u32)>>> = vec![BTreeMap::new(); layouts.len()];
    for spikes in random {
        let Some(address) = at.of(spikes.gid) else { continue };
        let group = address.group as usize;
        let dt_ms = layouts[group].run.dt_ms;
        problems.0.extend(problem(spikes, dt_ms));
        let found = layouts[group].tables.iter().enumerate().find_map(|(t, table)| {
            inputs[table.source].as_ref()?;
            Some((t, table.owner.binary_search(&spikes.gid).ok()?))
        });
        let Some((t, instance)) = found else {
            let message = format!("gid {} is no point neuron to which events only add", spikes.gid.0);
            let help = "let a population of Poisson cells connect to it";
            problems.push(Problem::new("stimulus-target", message).help(help));
            continue;
        };
        let step = |time_ms: f64| (time_ms / dt_ms).round().max(0.0) as u64;
        let (first, end) = (step(spikes.start_ms), step(spikes.start_ms + spikes.duration_ms));
        let key = (t, spikes.stream, spikes.rate_hz.to_bits(), spikes.weight.to_bits(), first, end);
        alike[group].entry(key).or_default().push((instance as u32, spikes.gid.0));
    }
    for (layout, alike) in layouts.iter_mut().zip(alike) {
        layout.backgrounds = alike.into_iter().map(|(key, neurons)| background(layout, inputs, key, neurons)).collect();
    }
}

fn problem(spikes: &RandomSpikes, dt_ms: f64) -> Option<Problem> {
    let in_a_step = spikes.rate_hz * 1e-3 * dt_ms;
    if (0.0..=MOST_IN_A_STEP).contains(&in_a_step) {
        return None;
    }
    let message = format!("a rate of {} Hz is {in_a_step} spikes in a step", spikes.rate_hz);
    Some(
        Problem::new("stimulus-rate", message)
            .help(format!("give a rate of at least 0 and at most {MOST_IN_A_STEP} a step")),
    )
}

fn background(layout: &Layout, inputs: &[Option<Inputs>], key: Key, mut neurons: Vec<(u32, u32)>) -> Background {
    let (t, stream, rate, weight, first, end) = key;
    neurons.sort_unstable();
    let table = &layout.tables[t];
    let adds = inputs[table.source].iter().flat_map(|inputs| {
        let added: Vec<f64> = inputs.added(f64::from_bits(weight), &mut Vec::new()).collect();
        inputs.fields.iter().map(|field| table.offsets[*field]).zip(added).collect::<Vec<_>>()
    });
    Background {
        adds: adds.filter(|(_, added)| *added != 0.0).collect(),
        instances: neurons.iter().map(|(instance, _)| *instance).collect(),
        gids: neurons.iter().map(|(_, gid)| *gid).collect(),
        rate_hz: f64::from_bits(rate),
        stream,
        steps: first..end,
    }
}
