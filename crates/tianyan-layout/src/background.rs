//! Spikes at random into point neurons, sorted into what is alike.

use crate::cells::Addresses;
use crate::group::{Background, Layout};
use std::collections::BTreeMap;
use tianyan_model::{Problem, Problems, RandomSpikes};
use tianyan_nmodl::Inputs;

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
    let mut strangers: Vec<u32> = Vec::new();
    for spikes in random {
        let Some(address) = at.of(spikes.gid) else { continue };
        let group = address.group as usize;
        let dt_ms = layouts[group].run.dt_ms;
        let found = layouts[group].tables.iter().enumerate().find_map(|(t, table)| {
            inputs[table.source].as_ref()?;
            Some((t, table.owner.binary_search(&spikes.gid).ok()?))
        });
        let Some((t, instance)) = found else {
            strangers.push(spikes.gid.0);
            continue;
        };
        let step = |time_ms: f64| (time_ms / dt_ms).round().max(0.0) as u64;
        let (first, end) = (step(spikes.start_ms), step(spikes.start_ms + spikes.duration_ms));
        let key = (t, spikes.stream, spikes.rate_hz.to_bits(), spikes.weight.to_bits(), first, end);
        alike[group].entry(key).or_default().push((instance as u32, spikes.gid.0));
    }
    if let Some(first) = strangers.first() {
        let message = format!("{} cells take no random spikes, the first is gid {first}", strangers.len());
        let help = "they go to point neurons whose NET_RECEIVE does nothing but add the weight to variables of its own; let \
                    a population of Poisson cells connect to others";
        problems.push(Problem::new("stimulus-target", message).help(help));
    }
    for (layout, alike) in layouts.iter_mut().zip(alike) {
        layout.backgrounds = alike.into_iter().map(|(key, neurons)| background(layout, inputs, key, neurons)).collect();
    }
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
