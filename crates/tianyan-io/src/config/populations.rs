//! From `[populations]` to cells: kinds, names, spike trains.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tianyan_model::{Cell, Gid, KindId, Population, Problem, Problems};

use super::Config;
use super::nearest::did_you_mean;
use super::network_schema::PopulationEntry;
use super::tables::Table;
use super::template;
use super::values::SpikeTimes;

/// What cells of a kind share: their template and their morphology.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Source cells.
    Source,
    /// Cells with a body.
    Body {
        /// Name of the template.
        template: String,
        /// SWC file, unless the template has sections.
        morphology: Option<PathBuf>,
    },
}

type Built = OnceLock<Result<Arc<Cell>, Problems>>;

/// The cells that a config describes.
#[derive(Debug, Default)]
pub(crate) struct Described {
    pub populations: Vec<Population>,
    pub kinds: Vec<Kind>,
    pub kind_of: Vec<KindId>,
    /// Spike trains, by gid of the source cell.
    pub trains: HashMap<Gid, Vec<f64>>,
    built: Vec<Built>,
}

impl Described {
    /// Reads all populations.
    pub fn new(config: &Config, problems: &mut Problems) -> Described {
        let mut described = Described::default();
        let mut index: HashMap<Kind, KindId> = HashMap::new();
        for (name, entry) in config.document.populations.iter() {
            described.population(config, name, entry, &mut index, problems);
        }
        described.built = described.kinds.iter().map(|_| Built::new()).collect();
        described
    }

    /// What the cells of a kind share; built once.
    pub fn cell(&self, config: &Config, kind: KindId) -> Result<Arc<Cell>, Problems> {
        let (Some(kind), Some(built)) = (self.kinds.get(kind.0 as usize), self.built.get(kind.0 as usize)) else {
            return Ok(Arc::default());
        };
        built.get_or_init(|| build(config, kind).map(Arc::new)).clone()
    }

    fn population(
        &mut self,
        config: &Config,
        name: &str,
        entry: &PopulationEntry,
        index: &mut HashMap<Kind, KindId>,
        problems: &mut Problems,
    ) {
        let first_gid = Gid(self.kind_of.len() as u32);
        let members = problems.take(members(config, entry)).unwrap_or_default();
        if members.kinds.len() as u64 + u64::from(first_gid.0) > u64::from(u32::MAX) {
            problems.push(entry.spot.problem("size", "config-value", "there are more than 4294967295 cells"));
            return;
        }
        for kind in members.kinds {
            let next = KindId(index.len() as u32);
            let id = *index.entry(kind).or_insert_with_key(|kind| {
                self.kinds.push(kind.clone());
                next
            });
            self.kind_of.push(id);
        }
        let trains = members.trains.into_iter().enumerate();
        self.trains.extend(trains.map(|(id, times)| (Gid(first_gid.0 + id as u32), times)));
        let size = self.kind_of.len() as u32 - first_gid.0;
        self.populations.push(Population { name: name.into(), first_gid, size, cell_names: members.names });
    }
}

#[derive(Default)]
struct Members {
    kinds: Vec<Kind>,
    names: Vec<String>,
    trains: Vec<Vec<f64>>,
}

fn members(config: &Config, entry: &PopulationEntry) -> Result<Members, Problems> {
    if entry.spike_times_ms.is_some() || entry.spikes.is_some() {
        return sources(config, entry);
    }
    match &entry.table {
        Some(file) => listed(config, entry, file),
        None => repeated(config, entry),
    }
}

fn repeated(config: &Config, entry: &PopulationEntry) -> Result<Members, Problems> {
    let Some(size) = entry.size else {
        let message = "a population needs a size, a table or spike times";
        return Err(entry.spot.problem("size", "config-missing-key", message).into());
    };
    let Some(cell) = &entry.cell else {
        let message = "a population needs a cell, or spike times of source cells";
        return Err(entry.spot.problem("cell", "config-missing-key", message).into());
    };
    let kind = kind(config, entry, cell, entry.morphology.as_deref(), entry.spot.at("cell"))?;
    Ok(Members { kinds: vec![kind; size as usize], ..Members::default() })
}

fn listed(config: &Config, entry: &PopulationEntry, file: &str) -> Result<Members, Problems> {
    let table = Table::read(&config.path(file), &entry.spot, "table")?.filtered(&entry.filter, &entry.spot)?;
    let mut problems = Problems::default();
    let mut role = |role| problems.take(table.role(role, &entry.columns, &entry.spot)).flatten();
    let (name, cell, morphology) = (role("name"), role("cell"), role("morphology"));
    if entry.size.is_some_and(|size| size as usize != table.rows.len()) {
        let message = format!("size differs from the {} rows of the table", table.rows.len());
        problems.push(entry.spot.problem("size", "config-value", message));
    }
    let mut members = Members::default();
    for row in 0..table.rows.len() {
        let text = |written: &Option<String>, column: Option<usize>| match (written, column) {
            (Some(text), _) => Some(table.fill(text, row)),
            (None, column) => column.map(|column| table.text(row, column).to_string()).filter(|text| !text.is_empty()),
        };
        let Some(template) = text(&entry.cell, cell) else {
            problems.push(Problem::new("table-column", "the row has no cell template").at(table.place(row, 0)));
            continue;
        };
        let morphology = text(&entry.morphology, morphology);
        let place = table.place(row, cell.unwrap_or(0));
        members.kinds.extend(problems.take(kind(config, entry, &template, morphology.as_deref(), place)));
        members.names.extend(name.map(|column| table.text(row, column).to_string()));
    }
    let problems = super::tables::shortened(problems);
    problems.or(members)
}

fn kind(
    config: &Config,
    entry: &PopulationEntry,
    template: &str,
    morphology: Option<&str>,
    place: tianyan_model::Place,
) -> Result<Kind, Problems> {
    let Some(cell) = config.document.cells.get(template) else {
        let problem = Problem::new("cell-unknown", format!("there is no cell `{template}`")).at(place);
        return Err(problem.help(did_you_mean(template, config.document.cells.names())).into());
    };
    let own = !cell.sections.is_empty() || cell.morphology.is_some();
    let message = match (own, morphology) {
        (true, Some(_)) => format!("cell `{template}` has a morphology of its own, the population gives another"),
        (false, None) => format!("cell `{template}` has neither sections nor a morphology"),
        _ => {
            let morphology = morphology.or(cell.morphology.as_deref()).map(|file| config.path(file));
            return Ok(Kind::Body { template: template.into(), morphology });
        }
    };
    Err(entry.spot.problem("morphology", "cell-morphology", message).into())
}

fn build(config: &Config, kind: &Kind) -> Result<Cell, Problems> {
    let Kind::Body { template, morphology } = kind else { return Ok(Cell::default()) };
    let Some(entry) = config.document.cells.get(template) else { return Ok(Cell::default()) };
    let morphology = match morphology {
        Some(path) => {
            if let (false, Some(written)) = (path.exists(), &entry.morphology) {
                let message = format!("there is no file `{written}` ({})", path.display());
                return Err(entry.spot.problem("morphology", "cell-morphology", message).into());
            }
            crate::swc::read_swc(path)?.morphology
        }
        None => super::sections::inline_morphology(&entry.sections)?,
    };
    template::cell(entry, morphology, config.document.run.v_init_mv)
}

fn sources(config: &Config, entry: &PopulationEntry) -> Result<Members, Problems> {
    let mut problems = Problems::default();
    for (key, given) in [("cell", entry.cell.is_some()), ("morphology", entry.morphology.is_some())] {
        if given {
            problems.push(entry.spot.problem(key, "config-value", format!("source cells have no {key}")));
        }
    }
    if entry.spike_times_ms.is_some() && entry.spikes.is_some() {
        problems.push(entry.spot.problem("spikes", "config-value", "give either spike_times_ms or spikes"));
    }
    let size = entry.size.map(|size| size as usize);
    let mut trains = match (&entry.spike_times_ms, &entry.spikes) {
        (Some(SpikeTimes::Shared(times)), _) => vec![times.clone(); size.unwrap_or(1)],
        (Some(SpikeTimes::PerCell(trains)), _) => trains.clone(),
        (None, Some(file)) => problems.take(spikes(config, entry, file)).unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    if size.is_some_and(|size| trains.len() > size) {
        problems.push(entry.spot.problem(
            "size",
            "config-value",
            format!("there are spikes of {} cells", trains.len()),
        ));
    }
    trains.resize(size.unwrap_or(trains.len()).max(trains.len()), Vec::new());
    if trains.iter().flatten().any(|time| !(time.is_finite() && *time >= 0.0)) {
        problems.push(entry.spot.problem("spike_times_ms", "config-value", "spike times must be at least 0"));
    }
    trains.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    problems.or(Members { kinds: vec![Kind::Source; trains.len()], names: Vec::new(), trains })
}

fn spikes(config: &Config, entry: &PopulationEntry, file: &str) -> Result<Vec<Vec<f64>>, Problems> {
    let table = Table::read(&config.path(file), &entry.spot, "spikes")?;
    let place = entry.spot.at("spikes");
    let ids = table.numbers(table.column("node_id", &place)?)?;
    let times = table.numbers(table.column("time_ms", &place)?)?;
    let mut trains: Vec<Vec<f64>> = Vec::new();
    let most = entry.size.unwrap_or(10_000_000);
    for (row, (id, time)) in ids.iter().zip(times).enumerate() {
        if !(id.fract() == 0.0 && *id >= 0.0 && *id < f64::from(most)) {
            let message = format!("{id} is no node id of this population");
            return Err(Problem::new("cells-range", message).at(table.place(row, 0)).into());
        }
        let id = *id as usize;
        trains.resize(trains.len().max(id + 1), Vec::new());
        trains[id].push(time);
    }
    Ok(trains)
}
