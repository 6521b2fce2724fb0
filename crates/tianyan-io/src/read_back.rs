//! Reads spikes and reports: our own files, and those of other SONATA writers, for tests, comparisons and
//! pictures. Everything is read at once.

use std::fs;
use std::ops::Range;
use std::path::Path;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Attribute, Dataset, File, Group, H5Type, Location};
use tianyan_model::{Place, Problem, Problems};

use crate::output::{RunSummary, file_name};

/// The spikes of a population, in the file's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PopulationSpikes {
    /// Its name.
    pub population: String,
    /// When.
    pub times_ms: Vec<f64>,
    /// Which cell, as a node id of the population; as many as times.
    pub node_ids: Vec<u64>,
}

/// The traces of a population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PopulationReport {
    /// Its name.
    pub population: String,
    /// What was recorded; empty if the file does not say.
    pub variable: String,
    /// In which unit; empty if the file does not say.
    pub unit: String,
    /// Time of row 0.
    pub start_ms: f64,
    /// Where the next row would be.
    pub stop_ms: f64,
    /// Between rows.
    pub interval_ms: f64,
    /// The cells, in the file's order.
    pub node_ids: Vec<u64>,
    /// First column of each cell; one entry more than cells.
    pub index_pointers: Vec<u64>,
    /// Section of each column.
    pub element_ids: Vec<u32>,
    /// Relative position on the section of each column.
    pub element_pos: Vec<f32>,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// rows * columns, row-major.
    pub values: Vec<f64>,
}

impl PopulationReport {
    /// One column over time.
    pub fn trace(&self, column: usize) -> Vec<f64> {
        self.values.iter().skip(column).step_by(self.columns.max(1)).copied().collect()
    }

    /// The columns of a cell.
    pub fn columns_of(&self, node_id: u64) -> Option<Range<usize>> {
        let i = self.node_ids.iter().position(|id| *id == node_id)?;
        Some(*self.index_pointers.get(i)? as usize..*self.index_pointers.get(i + 1)? as usize)
    }

    /// Time of each row.
    pub fn times_ms(&self) -> Vec<f64> {
        (0..self.rows).map(|row| self.start_ms + row as f64 * self.interval_ms).collect()
    }
}

/// Reads all populations of a spikes file, by name. Times in seconds are converted.
pub fn read_spikes(path: &Path) -> Result<Vec<PopulationSpikes>, Problems> {
    let file = Reader::open(path)?;
    let mut all = Vec::new();
    for (name, group) in file.populations("spikes")? {
        all.push(file.spikes(name, &group)?);
    }
    Ok(all)
}

/// Reads all populations of a report file, by name.
pub fn read_report(path: &Path) -> Result<Vec<PopulationReport>, Problems> {
    let file = Reader::open(path)?;
    let mut all = Vec::new();
    for (name, group) in file.populations("report")? {
        all.push(file.report(name, &group)?);
    }
    Ok(all)
}

/// Reads a `run.json`.
pub fn read_run_json(path: &Path) -> Result<RunSummary, Problems> {
    let place = || Place::file(path.display().to_string());
    let text = fs::read_to_string(path).map_err(|e| Problem::new("file-unreadable", e.to_string()).at(place()))?;
    serde_json::from_str(&text)
        .map_err(|e| Problem::new("run-json", e.to_string()).at(place().at(e.line() as u32, e.column() as u32)).into())
}

/// An open file that knows its name for messages.
struct Reader<'a> {
    path: &'a Path,
    file: File,
}

impl Reader<'_> {
    fn open(path: &Path) -> Result<Reader<'_>, Problems> {
        let problem = |message: String| {
            let place = Place::file(path.display().to_string());
            Problem::new("file-unreadable", message).at(place).help("is it an HDF5 file, and whole?")
        };
        fs::metadata(path).map_err(|error| problem(error.to_string()))?;
        let file = File::open(path).map_err(|error| problem(error.to_string()))?;
        Ok(Reader { path, file })
    }

    fn populations(&self, top: &str) -> Result<Vec<(String, Group)>, Problems> {
        let group = self.check(top, self.file.group(top))?;
        let mut names = self.check(top, group.member_names())?;
        names.sort();
        let open = |name: String| {
            let key = format!("/{top}/{name}");
            self.check(&key, group.group(&name)).map(|group| (name, group))
        };
        names.into_iter().map(open).collect()
    }

    fn spikes(&self, population: String, group: &Group) -> Result<PopulationSpikes, Problems> {
        let key = format!("/spikes/{population}/timestamps");
        let times = self.dataset(group, &["timestamps"])?;
        let mut times_ms = self.check(&key, times.read_raw::<f64>())?;
        match text_attribute(&times, "units").as_str() {
            "" | "ms" => {}
            "s" => times_ms.iter_mut().for_each(|t| *t *= 1000.0),
            other => return Err(self.problem(&key, format!("times in \"{other}\", not in ms or s"))),
        }
        let mut node_ids: Vec<u64> = self.column(group, &["node_ids"])?;
        let (times, ids) = (times_ms.len(), node_ids.len());
        if times != ids && !file_name(self.path).ends_with(".part") {
            return Err(self.problem(&group.name(), format!("{times} timestamps, but {ids} node_ids")));
        }
        // A run cut down by a full disk may have written one column further than the other.
        times_ms.truncate(ids);
        node_ids.truncate(times);
        Ok(PopulationSpikes { population, times_ms, node_ids })
    }

    fn report(&self, population: String, group: &Group) -> Result<PopulationReport, Problems> {
        let data = self.dataset(group, &["data"])?;
        let mapping = self.check(&format!("{}/mapping", group.name()), group.group("mapping"))?;
        let time: Vec<f64> = self.column(&mapping, &["time"])?;
        let [start_ms, stop_ms, interval_ms] = time[..] else {
            return Err(self.problem(&format!("{}/time", mapping.name()), format!("{} values, not 3", time.len())));
        };
        let [rows, columns] = data.shape()[..] else {
            return Err(self.problem(&data.name(), format!("{} dimensions, not 2", data.ndim())));
        };
        let report = PopulationReport {
            population,
            variable: text_attribute(&data, "variable"),
            unit: text_attribute(&data, "units"),
            start_ms,
            stop_ms,
            interval_ms,
            node_ids: self.column(&mapping, &["node_ids"])?,
            index_pointers: self.column(&mapping, &["index_pointers", "index_pointer"])?,
            element_ids: self.column(&mapping, &["element_ids"])?,
            element_pos: self.column(&mapping, &["element_pos"])?,
            rows,
            columns,
            values: self.check(&data.name(), data.read_raw::<f64>())?,
        };
        self.check_mapping(&report, &mapping).map(|()| report)
    }

    fn check_mapping(&self, report: &PopulationReport, mapping: &Group) -> Result<(), Problems> {
        let pointers = &report.index_pointers;
        let ordered = pointers.is_sorted() && pointers.last().is_none_or(|&last| last as usize <= report.columns);
        if pointers.len() != report.node_ids.len() + 1 || !ordered {
            let message = format!("does not fit {} cells and {} columns", report.node_ids.len(), report.columns);
            return Err(self.problem(&format!("{}/index_pointers", mapping.name()), message));
        }
        if report.element_ids.len() != report.columns || report.element_pos.len() != report.columns {
            let message = format!("element_ids or element_pos do not fit {} columns", report.columns);
            return Err(self.problem(&mapping.name(), message));
        }
        Ok(())
    }

    /// The dataset under the first of these names that exists.
    fn dataset(&self, group: &Group, names: &[&str]) -> Result<Dataset, Problems> {
        let name = names.iter().find(|name| group.link_exists(name)).unwrap_or(&names[0]);
        self.check(&format!("{}/{name}", group.name()), group.dataset(name))
    }

    fn column<T: H5Type>(&self, group: &Group, names: &[&str]) -> Result<Vec<T>, Problems> {
        let dataset = self.dataset(group, names)?;
        self.check(&dataset.name(), dataset.read_raw())
    }

    fn check<T>(&self, key: &str, result: hdf5::Result<T>) -> Result<T, Problems> {
        result.map_err(|error| self.problem(key, error.to_string()))
    }

    fn problem(&self, key: &str, message: String) -> Problems {
        Problem::new("hdf5-content", message).at(Place::file(self.path.display().to_string()).key(key)).into()
    }
}

/// A string attribute of any of HDF5's four kinds; empty if there is none.
fn text_attribute(place: &Location, name: &str) -> String {
    place.attr(name).and_then(|attribute| read_text(&attribute)).unwrap_or_default()
}

fn read_text(attribute: &Attribute) -> hdf5::Result<String> {
    Ok(match attribute.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode => attribute.read_scalar::<VarLenUnicode>()?.to_string(),
        TypeDescriptor::VarLenAscii => attribute.read_scalar::<VarLenAscii>()?.to_string(),
        TypeDescriptor::FixedUnicode(_) => attribute.read_scalar::<FixedUnicode<64>>()?.to_string(),
        TypeDescriptor::FixedAscii(_) => attribute.read_scalar::<FixedAscii<64>>()?.to_string(),
        other => return Err(hdf5::Error::from(format!("not text but {other}"))),
    })
}
