//! From `[[stimuli]]` to driven parameters (clamps) and random spikes.

use tianyan_model::{Driven, Gid, Population, Problem, Problems, RandomSpikes, Waveform};

use super::Config;
use super::mechanisms::Mention;
use super::schema::{Interpolation, StimulusEntry, StimulusKind};
use super::select::Directory;
use super::streams::POISSON_STREAM;
use super::tables::Table;

/// A clamp on each of some cells, or random spikes.
#[derive(Debug)]
pub(crate) struct Stimulus {
    /// Index into the config's stimuli.
    pub entry: usize,
    /// Its cells, ascending, with what is driven on each: an index into `courses`.
    pub cells: Vec<(Gid, usize)>,
    /// Courses of the driven parameters.
    pub courses: Vec<Vec<(&'static str, Waveform)>>,
}

/// The mechanism behind a kind of stimulus.
pub(crate) fn mechanism(kind: StimulusKind) -> Option<&'static str> {
    match kind {
        StimulusKind::Current => Some("IClamp"),
        StimulusKind::Voltage => Some("SEClamp"),
        StimulusKind::Poisson => None,
    }
}

/// The mechanisms that stimuli use.
pub(crate) fn mentions(entries: &[StimulusEntry]) -> impl Iterator<Item = Mention> + '_ {
    entries.iter().filter_map(|entry| {
        let (name, place) = (mechanism(entry.kind)?.into(), entry.spot.at("kind"));
        Some(Mention { name, density: false, place, parameters: Vec::new() })
    })
}

impl Stimulus {
    /// Reads an entry.
    pub fn new(
        config: &Config,
        directory: &Directory,
        populations: &[Population],
        index: usize,
    ) -> Result<Stimulus, Problems> {
        let entry = &config.document.stimuli[index];
        let mut problems = Problems::default();
        let mut gids = problems.take(directory.select(&entry.cells)).unwrap_or_default();
        gids.sort_unstable();
        gids.dedup();
        check_keys(entry, &mut problems);
        problems.or(())?;
        let courses = match (entry.kind, &entry.table) {
            (StimulusKind::Voltage, _) => vec![voltage(entry)?],
            (StimulusKind::Poisson, _) => {
                check_poisson(entry, config.document.run.dt_ms)?;
                vec![Vec::new()]
            }
            (StimulusKind::Current, None) => vec![vec![("amp", pulses(entry)?)]],
            (StimulusKind::Current, Some(file)) => {
                let table = Table::read(&config.path(file), &entry.spot, "table")?;
                return listed(entry, index, &table, &gids, populations);
            }
        };
        let cells = gids.into_iter().map(|gid| (gid, 0)).collect();
        Ok(Stimulus { entry: index, cells, courses })
    }

    /// Random spikes into a cell.
    pub fn random(&self, config: &Config, gid: Gid) -> Option<RandomSpikes> {
        let entry = &config.document.stimuli[self.entry];
        let (rate_hz, weight) = (entry.rate_hz?, entry.weight?);
        self.cells.binary_search_by_key(&gid, |cell| cell.0).ok()?;
        let (start_ms, duration_ms) = (entry.start_ms.unwrap_or(0.0), entry.duration_ms.unwrap_or(f64::INFINITY));
        let stream = POISSON_STREAM + self.entry as u32;
        Some(RandomSpikes { gid, rate_hz, weight, start_ms, duration_ms, stream })
    }

    /// What is driven on a cell.
    pub fn on(&self, gid: Gid, instance: u32) -> Vec<Driven> {
        let Ok(found) = self.cells.binary_search_by_key(&gid, |cell| cell.0) else { return Vec::new() };
        let driven = |(parameter, waveform): &(&str, Waveform)| Driven {
            instance,
            parameter: parameter.to_string(),
            waveform: waveform.clone(),
        };
        self.courses[self.cells[found].1].iter().map(driven).collect()
    }
}

/// Keys of the other kind of clamp, or of another way to give the current.
fn check_keys(entry: &StimulusEntry, problems: &mut Problems) {
    let written = |key: &&str| entry.spot.keys.iter().any(|(known, _)| known == key);
    let single = ["start_ms", "duration_ms", "amplitude_nanoamp"];
    let tabled = ["interpolation", "time_column", "interval_ms", "column", "scale"];
    let clamp = ["series_resistance_mohm", "levels"];
    let mut refuse = |keys: &[&str], why: &str| {
        for key in keys.iter().filter(|key| written(key)) {
            problems.push(entry.spot.problem(key, "config-value", format!("`{key}` {why}")));
        }
    };
    let random = ["rate_hz", "weight"];
    match entry.kind {
        StimulusKind::Voltage => {
            refuse(&single, "belongs to current clamps");
            refuse(&["pulses", "table"], "belongs to current clamps");
            refuse(&random, "belongs to random spikes");
        }
        StimulusKind::Current => {
            refuse(&clamp, "belongs to voltage clamps");
            refuse(&random, "belongs to random spikes");
        }
        StimulusKind::Poisson => {
            refuse(&clamp, "belongs to voltage clamps");
            refuse(&["amplitude_nanoamp", "pulses", "table"], "belongs to current clamps");
            refuse(&["section", "x"], "belongs to clamps");
        }
    }
    if entry.table.is_none() {
        refuse(&tabled, "belongs to a table");
    } else {
        refuse(&single, "cannot stand beside a table");
        refuse(&["pulses"], "cannot stand beside a table");
    }
    if !entry.pulses.is_empty() {
        refuse(&single, "cannot stand beside pulses");
    }
}

/// More random spikes in a step cannot be drawn.
const MOST_IN_A_STEP: f64 = 500.0;

fn check_poisson(entry: &StimulusEntry, dt_ms: f64) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let in_a_step = entry.rate_hz.unwrap_or(0.0) * 1e-3 * dt_ms;
    if in_a_step > MOST_IN_A_STEP {
        let message = format!("this rate is {in_a_step} spikes in a step");
        let problem = entry.spot.problem("rate_hz", "stimulus-rate", message);
        problems.push(problem.help(format!("at most {MOST_IN_A_STEP} can be drawn")));
    }
    for (key, value) in [("rate_hz", entry.rate_hz), ("weight", entry.weight)] {
        match value {
            None => {
                let message = format!("the key `{key}` is missing: random spikes need rate_hz and weight");
                problems.push(entry.spot.problem(key, "config-missing-key", message));
            }
            Some(value) if !value.is_finite() || (key == "rate_hz" && value < 0.0) => {
                let message = match key {
                    "rate_hz" => "rate_hz must be a number of at least 0",
                    _ => "weight must be a number",
                };
                problems.push(entry.spot.problem(key, "config-value", message));
            }
            Some(_) => {}
        }
    }
    for (key, value) in [("start_ms", entry.start_ms), ("duration_ms", entry.duration_ms)] {
        if value.is_some_and(|value| value.is_nan() || value < 0.0) {
            problems.push(entry.spot.problem(key, "config-value", format!("{key} must be at least 0")));
        }
    }
    problems.or(())
}

fn pulses(entry: &StimulusEntry) -> Result<Waveform, Problems> {
    if !entry.pulses.is_empty() {
        let pulses = entry.pulses.iter().map(|pulse| (pulse.start_ms, pulse.duration_ms, pulse.amplitude_nanoamp));
        return checked(entry, pulses.collect()).map(Waveform::Pulses);
    }
    let (Some(start), Some(duration), Some(amplitude)) = (entry.start_ms, entry.duration_ms, entry.amplitude_nanoamp)
    else {
        let message = "a current clamp needs start_ms, duration_ms and amplitude_nanoamp, or pulses, or a table";
        return Err(entry.spot.problem("kind", "config-missing-key", message).into());
    };
    let pulses = checked(entry, vec![(start, duration, amplitude)])?;
    let (start_ms, duration_ms, amplitude) = pulses[0];
    Ok(Waveform::Pulse { start_ms, duration_ms, amplitude })
}

fn checked(entry: &StimulusEntry, pulses: Vec<(f64, f64, f64)>) -> Result<Vec<(f64, f64, f64)>, Problems> {
    let good = |(start, duration, amplitude): &(f64, f64, f64)| {
        start.is_finite() && *duration >= 0.0 && duration.is_finite() && amplitude.is_finite()
    };
    if pulses.iter().all(good) {
        return Ok(pulses);
    }
    let message = "starts, durations and amplitudes must be finite, durations at least 0";
    Err(Problem::new("config-value", message).at(entry.spot.place()).into())
}

/// The levels one after the other, on from 0 to the end of the last.
fn voltage(entry: &StimulusEntry) -> Result<Vec<(&'static str, Waveform)>, Problems> {
    let resistance = entry.series_resistance_mohm.unwrap_or(1.0);
    if !(resistance > 0.0 && resistance.is_finite()) {
        let message = "series_resistance_mohm must be above 0";
        return Err(entry.spot.problem("series_resistance_mohm", "config-value", message).into());
    }
    if entry.levels.is_empty() {
        return Err(entry.spot.problem("levels", "config-missing-key", "a voltage clamp needs levels").into());
    }
    let mut end = 0.0;
    let mut levels = Vec::new();
    for level in &entry.levels {
        levels.push((end, level.duration_ms, level.v_mv));
        end += level.duration_ms;
    }
    let levels = checked(entry, levels)?;
    let on = Waveform::Pulse { start_ms: 0.0, duration_ms: end, amplitude: 1.0 };
    Ok(vec![("vc", Waveform::Pulses(levels)), ("on", on)])
}

fn listed(
    entry: &StimulusEntry,
    index: usize,
    table: &Table,
    gids: &[Gid],
    populations: &[Population],
) -> Result<Stimulus, Problems> {
    let Some(interpolation) = entry.interpolation else {
        let problem = entry.spot.problem("interpolation", "config-missing-key", "the key `interpolation` is missing");
        return Err(problem.help("\"step\" holds each sample until the next, \"linear\" joins them").into());
    };
    let times = times(entry, table)?;
    let mut problems = Problems::default();
    let mut stimulus = Stimulus { entry: index, cells: Vec::new(), courses: Vec::new() };
    let mut known: Vec<usize> = Vec::new();
    for &gid in gids {
        let Some(column) = problems.take(column(entry, table, gid, populations)) else { continue };
        let course = known.iter().position(|other| *other == column);
        if course.is_none() {
            let numbers = problems.take(table.numbers(column)).unwrap_or_default();
            let samples = numbers.iter().map(|value| value * entry.scale).collect();
            stimulus.courses.push(vec![("amp", course_of(&times, samples, interpolation))]);
            known.push(column);
        }
        stimulus.cells.push((gid, course.unwrap_or(known.len() - 1)));
    }
    problems.or(stimulus)
}

enum Times {
    Interval(f64),
    Listed(Vec<f64>),
}

fn times(entry: &StimulusEntry, table: &Table) -> Result<Times, Problems> {
    match (&entry.time_column, entry.interval_ms) {
        (None, Some(interval)) if interval > 0.0 && interval.is_finite() => Ok(Times::Interval(interval)),
        (None, Some(_)) => Err(entry.spot.problem("interval_ms", "config-value", "interval_ms must be above 0").into()),
        (Some(header), None) => {
            let times = table.numbers(table.column(header, &entry.spot.at("time_column"))?)?;
            match times.windows(2).position(|pair| pair[0] >= pair[1]) {
                None => Ok(Times::Listed(times)),
                Some(row) => {
                    let problem = Problem::new("table-order", "times must grow from row to row");
                    Err(problem.at(table.place(row + 1, 0)).into())
                }
            }
        }
        _ => {
            let message = "a table needs either interval_ms or time_column";
            Err(entry.spot.problem("interval_ms", "config-missing-key", message).into())
        }
    }
}

fn column(entry: &StimulusEntry, table: &Table, gid: Gid, populations: &[Population]) -> Result<usize, Problems> {
    let values: Vec<usize> =
        (0..table.headers.len()).filter(|i| Some(&table.headers[*i]) != entry.time_column.as_ref()).collect();
    if let ([only], None) = (values.as_slice(), &entry.column) {
        return Ok(*only);
    }
    let found = populations.iter().find_map(|population| Some((population, population.node_id(gid)?)));
    let (name, id) = found.map_or((String::new(), 0), |(population, id)| {
        (population.cell_names.get(id as usize).cloned().unwrap_or_default(), id)
    });
    let header = entry.column.as_deref().unwrap_or("{name}");
    let header = header.replace("{name}", &name).replace("{node_id}", &id.to_string());
    table.column(&header, &entry.spot.at("column"))
}

fn course_of(times: &Times, samples: Vec<f64>, interpolation: Interpolation) -> Waveform {
    match (times, interpolation) {
        (Times::Interval(interval_ms), Interpolation::Step) => {
            Waveform::Step { start_ms: 0.0, interval_ms: *interval_ms, samples }
        }
        (Times::Interval(interval), Interpolation::Linear) => {
            Waveform::Linear(samples.iter().enumerate().map(|(k, value)| (k as f64 * interval, *value)).collect())
        }
        (Times::Listed(times), Interpolation::Linear) => Waveform::Linear(times.iter().copied().zip(samples).collect()),
        (Times::Listed(times), Interpolation::Step) => {
            let ends = times.iter().copied().skip(1).chain([f64::MAX]);
            let steps = times.iter().zip(ends).zip(samples);
            Waveform::Pulses(steps.map(|((start, end), value)| (*start, end - start, value)).collect())
        }
    }
}

/// Parameters of a clamp that do not move.
pub(crate) fn parameters(entry: &StimulusEntry) -> Option<(String, f64)> {
    let resistance = entry.series_resistance_mohm.unwrap_or(1.0);
    (entry.kind == StimulusKind::Voltage).then(|| ("rs".to_string(), resistance))
}
