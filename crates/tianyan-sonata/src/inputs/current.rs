//! IClamp: pulses, a table, or a sweep of an NWB file of the Allen Institute.

use std::path::Path;

use tianyan_io::columns;
use tianyan_model::{Gid, Problem, Problems, Waveform};

use super::{Clamp, Site, places, warn_unknown};
use crate::config::{Entry, Finder};
use crate::table::Table;

/// The clamps of an input: one for each pulse, or one.
pub(crate) fn clamp(
    entry: &Entry,
    gids: &[Gid],
    finder: &Finder,
    warnings: &mut Problems,
) -> Result<Vec<Clamp>, Problems> {
    let mut problems = Problems::default();
    let kind = entry.text("input_type", &mut problems).unwrap_or_default();
    let site = Site::read(entry, &mut problems);
    let waveforms = match kind.as_str() {
        "current_clamp" => {
            warn_unknown(entry, &[&["amp", "delay", "duration"], places::KEYS].concat(), warnings);
            problems.take(pulses(entry, warnings)).unwrap_or_default()
        }
        "csv" | "file" => {
            let keys = &["file", "separator", "timestamps_column", "amplitudes_column"];
            warn_unknown(entry, &[keys, places::KEYS].concat(), warnings);
            let path = finder.existing(entry, "file", &mut problems).into_iter().next();
            path.and_then(|path| problems.take(table(entry, &path, warnings))).into_iter().collect()
        }
        "nwb" | "allen" => {
            let keys = &["file", "sweep_id", "downsample", "sweep_window", "delay"];
            warn_unknown(entry, &[keys, places::KEYS].concat(), warnings);
            let path = finder.existing(entry, "file", &mut problems).into_iter().next();
            path.and_then(|path| problems.take(sweep(entry, &path))).into_iter().collect()
        }
        other => {
            let help = tianyan_io::did_you_mean(other, ["current_clamp", "csv", "file", "nwb", "allen"]);
            let message = format!("an IClamp has no input_type `{other}`");
            problems.push(entry.problem("input_type", "sonata-input", message).help(help));
            Vec::new()
        }
    };
    let one = |waveform| Clamp {
        mechanism: "IClamp",
        gids: gids.to_vec(),
        site: site.clone(),
        parameters: Vec::new(),
        driven: vec![("amp", waveform)],
    };
    problems.or(waveforms.into_iter().map(one).collect())
}

fn pulses(entry: &Entry, warnings: &mut Problems) -> Result<Vec<Waveform>, Problems> {
    let mut problems = Problems::default();
    let mut list = |key: &str| {
        if entry.get(key).is_none() {
            entry.need_number(key, &mut problems);
        }
        entry.numbers(key, &mut problems).unwrap_or_default()
    };
    let (amplitudes, delays, durations) = (list("amp"), list("delay"), list("duration"));
    problems.or(())?;
    if amplitudes.len() != delays.len() || amplitudes.len() != durations.len() {
        let message = format!(
            "amp, delay and duration hold {}, {} and {} values",
            amplitudes.len(),
            delays.len(),
            durations.len()
        );
        return Err(entry.problem("amp", "sonata-lengths", message).help("give as many of each").into());
    }
    for (key, values) in [("delay", &delays), ("duration", &durations)] {
        if let Some(negative) = values.iter().find(|value| **value < 0.0) {
            let message = format!("{key} = {negative} ms is negative; NEURON takes it as it is");
            warnings.push(entry.problem(key, "sonata-value", message));
        }
    }
    let pulse = |((amplitude, start_ms), duration_ms)| Waveform::Pulse { start_ms, duration_ms, amplitude };
    Ok(amplitudes.into_iter().zip(delays).zip(durations).map(pulse).collect())
}

/// Amplitudes at equal intervals. NEURON plays them from t = 0 on, so zeros come before a later start; the clamp
/// ends at the last time, or an interval later if the last amplitude is not 0.
fn table(entry: &Entry, path: &Path, warnings: &mut Problems) -> Result<Waveform, Problems> {
    let mut problems = Problems::default();
    let mark = entry.text("separator", &mut problems).and_then(|text| text.chars().next()).unwrap_or(' ');
    let times = entry.text("timestamps_column", &mut problems).unwrap_or_else(|| "timestamps".into());
    let values = entry.text("amplitudes_column", &mut problems).unwrap_or_else(|| "amps".into());
    problems.or(())?;
    let table = Table::read(path, mark)?;
    let (times, mut samples) = (table.numbers(&times)?, table.numbers(&values)?);
    if times.len() < 2 {
        let problem = Problem::new("sonata-input", "a table of currents needs at least two rows");
        return Err(problem.at(table.place(1)).into());
    }
    let intervals: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // BMTK takes the shortest: the first of NumPy's sorted unique differences.
    let mut interval_ms = intervals.iter().copied().fold(f64::INFINITY, f64::min);
    if interval_ms <= 0.0 {
        return Err(Problem::new("sonata-input", "the times do not ascend").at(table.place(2)).into());
    }
    if intervals.iter().any(|interval| (interval - interval_ms).abs() > 1e-9 * interval_ms.max(1.0)) {
        let message = format!("the times have no constant interval; {interval_ms} ms is taken, as BMTK does");
        warnings.push(Problem::new("sonata-input", message).at(table.place(2)));
    }
    let start_ms = times[0];
    if start_ms < 0.0 {
        return Err(Problem::new("sonata-input", "the first time is negative").at(table.place(2)).into());
    }
    let last_ms = times[times.len() - 1];
    if start_ms == interval_ms {
        samples.insert(0, 0.0);
    } else if start_ms > 0.0 {
        // BMTK's greatest common divisor of whole milliseconds.
        let divisor = gcd(interval_ms as u64, start_ms as u64);
        if divisor == 0 {
            let message = format!(
                "a table that begins at {start_ms} ms with an interval of {interval_ms} ms cannot be played by NEURON"
            );
            let problem = Problem::new("sonata-input", message).at(table.place(2));
            return Err(problem.help("begin it at 0, with amplitudes of 0").into());
        }
        if (start_ms + interval_ms * samples.len() as f64) / divisor as f64 > 1e8 {
            let message =
                format!("a table from {start_ms} ms on every {interval_ms} ms has too many steps of {divisor} ms");
            return Err(Problem::new("sonata-input", message).at(table.place(2)).into());
        }
        let (each, zeros) = (interval_ms as u64 / divisor, start_ms as u64 / divisor);
        let repeated = samples.iter().flat_map(|sample| std::iter::repeat_n(*sample, each as usize));
        samples = std::iter::repeat_n(0.0, zeros as usize).chain(repeated).collect();
        interval_ms = divisor as f64;
    }
    let end_ms = if samples.last().is_some_and(|last| *last != 0.0) { last_ms + interval_ms } else { last_ms };
    Ok(played(samples, interval_ms, 0.0, end_ms))
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A vector that NEURON plays from t = 0 on, holding its last value, into a clamp that is on from `start_ms` for
/// `duration_ms`.
fn played(samples: Vec<f64>, interval_ms: f64, start_ms: f64, duration_ms: f64) -> Waveform {
    Waveform::Played { samples, interval_ms, start_ms, duration_ms }
}

/// `/epochs/Sweep_N/stimulus/timeseries`: A, at a constant rate.
fn sweep(entry: &Entry, path: &Path) -> Result<Waveform, Problems> {
    let mut problems = Problems::default();
    let Some(id) = entry.get("sweep_id") else {
        entry.need_text("sweep_id", &mut problems);
        return Err(problems);
    };
    let id = id.as_str().map_or_else(|| id.to_string(), String::from);
    let name = match id.trim().parse::<f64>() {
        Ok(number) => format!("Sweep_{}", number as i64),
        Err(_) => id,
    };
    let downsample = entry.number("downsample", &mut problems);
    let window = entry.numbers("sweep_window", &mut problems);
    let offset_ms = entry.number("delay", &mut problems).unwrap_or(0.0);
    problems.or(())?;
    let series = columns::open(path)?.group("epochs")?.group(&name)?.group("stimulus")?.group("timeseries")?;
    let start = series.column("starting_time")?;
    let rate = start.number_attribute("rate").filter(|rate| *rate > 0.0);
    let rate = rate.ok_or_else(|| start.problem("has no attribute `rate`, samples a second"))?;
    let mut interval_ms = 1000.0 / rate;
    let mut samples: Vec<f64> = series.column("data")?.numbers()?.iter().map(|ampere| ampere * 1.0e9).collect();
    let mut times: Vec<f64> = (0..samples.len()).map(|k| k as f64 * interval_ms).collect();
    if let Some(wanted) = downsample.filter(|wanted| *wanted > interval_ms) {
        let stride = (wanted / interval_ms).round() as usize;
        samples = samples.into_iter().step_by(stride.max(1)).collect();
        times = times.into_iter().step_by(stride.max(1)).collect();
        interval_ms = wanted;
    }
    if let Some(window) = window {
        if window.len() != 2 || window[0] >= window[1] || window[0] < 0.0 {
            let message = "sweep_window is [start, stop] in ms, with 0 <= start < stop";
            return Err(entry.problem("sweep_window", "sonata-value", message).into());
        }
        let first = times.partition_point(|t| *t < window[0]);
        let end = times.partition_point(|t| *t <= window[1]).max(first);
        samples = samples.get(first..end).map(<[f64]>::to_vec).unwrap_or_default();
    }
    let duration_ms = samples.len() as f64 * interval_ms * 1000.0;
    Ok(played(samples, interval_ms, offset_ms, duration_ms))
}
