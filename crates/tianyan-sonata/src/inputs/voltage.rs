//! SEClamp, with BMTK's habits: the resistance is the wanted one within the window and 1e21 megohm outside, but NEURON's
//! default of 1 megohm in the first step, at 0 mV if the window begins later. Of several cells the one with the highest
//! gid is clamped; in BMTK the order of a Python set decides.

use tianyan_model::{Gid, Problems, Waveform};

use super::{Clamp, Site, places, warn_unknown};
use crate::config::Entry;

/// Outside the window, megohm.
const OPEN_MEGOHM: f64 = 10.0e20;
/// NEURON's default, megohm.
const DEFAULT_MEGOHM: f64 = 1.0;

/// The clamps of an input.
pub(crate) fn clamp(
    entry: &Entry,
    gids: &[Gid],
    dt_ms: f64,
    stop_ms: f64,
    warnings: &mut Problems,
) -> Result<Vec<Clamp>, Problems> {
    let mut problems = Problems::default();
    warn_unknown(entry, &[&["amp", "delay", "duration", "vc", "resistance"], places::KEYS].concat(), warnings);
    let amplitude = entry.need_number("amp", &mut problems);
    let delay = entry.need_number("delay", &mut problems);
    let duration = entry.need_number("duration", &mut problems);
    let resistance = entry.number("resistance", &mut problems).unwrap_or(DEFAULT_MEGOHM);
    if resistance <= 0.0 {
        problems.push(entry.problem("resistance", "sonata-value", "resistance must be above 0"));
    }
    let site = Site::read(entry, &mut problems);
    problems.or(())?;
    let (amplitude, delay, duration) = (amplitude.unwrap_or(0.0), delay.unwrap_or(0.0), duration.unwrap_or(0.0));
    let command = Waveform::Pulse { start_ms: delay, duration_ms: duration, amplitude };
    let on = Waveform::Pulse { start_ms: 0.0, duration_ms: delay + duration, amplitude: 1.0 };
    if gids.len() > 1 {
        let gid = gids[gids.len() - 1].0;
        let message =
            format!("gid {gid} alone is clamped: BMTK keeps one clamp an input, of whichever cell comes last");
        let problem = entry.problem("node_set", "sonata-bmtk-quirk", message);
        warnings.push(problem.help("give each cell an input of its own"));
    }
    let Some(last) = gids.last() else { return Ok(Vec::new()) };
    // The state after step n sets the resistance of step n + 1.
    let steps = (stop_ms / dt_ms).round() as usize + 1;
    let inside = |n: usize| delay <= n as f64 * dt_ms && n as f64 * dt_ms <= delay + duration;
    let after = |n: usize| if inside(n) { resistance } else { OPEN_MEGOHM };
    let samples: Vec<f64> = (0..steps).map(|s| if s == 0 { DEFAULT_MEGOHM } else { after(s - 1) }).collect();
    let course = Waveform::Step { start_ms: 0.0, interval_ms: dt_ms, samples };
    let driven = vec![("vc", command), ("on", on), ("rs", course)];
    Ok(vec![Clamp { mechanism: "SEClamp", gids: vec![*last], site, parameters: Vec::new(), driven }])
}
