//! Pictures of results.

use crate::Error;
use crate::spikes::{SpikeOptions, SpikeReport, run_beside};
use std::path::Path;
use tianyan_analysis::{Arrangement, Picture, Trace, TraceStyle, draw_traces};
use tianyan_io::output::PopulationSize;
use tianyan_io::read_back::{self, Contents, PopulationReport};
use tianyan_model::{Place, Problem, Problems};

/// Traces drawn where nothing is chosen.
const MOST_TRACES: usize = 12;
/// Pixels of a PNG for each px of the SVG.
const PNG_SCALE: f64 = 2.0;

/// How pictures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureFormat {
    /// Text that scales.
    Svg,
    /// Pixels.
    Png,
}

impl PictureFormat {
    /// What a file's ending asks for.
    pub fn of(file: &Path) -> Result<PictureFormat, Error> {
        let ending = file.extension().map(|e| e.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(PictureFormat::Svg),
            Some("png") => Ok(PictureFormat::Png),
            _ => {
                let problem = Problem::new("picture-format", "pictures end in .svg or .png");
                Err(Problems::from(problem.at(Place::file(file.display().to_string()))).into())
            }
        }
    }
}

/// Writes a picture as its file's ending asks.
pub fn save_picture(picture: &Picture, file: &Path) -> Result<(), Error> {
    let bytes = match PictureFormat::of(file)? {
        PictureFormat::Svg => picture.svg().into_bytes(),
        PictureFormat::Png => picture.png(PNG_SCALE)?,
    };
    std::fs::write(file, bytes).map_err(|error| {
        let problem = Problem::new("plot-write", format!("cannot write the picture: {error}"));
        Error::Output(problem.at(Place::file(file.display().to_string())).into())
    })
}

/// Draws a report (traces, one panel a cell) or a spikes file (a raster). `cells` are names or node ids; all cells, at
/// most twelve, if it is empty. Names come from the run.json beside the file.
pub fn plot(file: &Path, cells: &[String]) -> Result<Picture, Error> {
    if read_back::contents(file)? == Contents::Spikes {
        return Ok(SpikeReport::open(file, &SpikeOptions::default())?.raster());
    }
    let reports = read_back::read_report(file)?;
    let populations = run_beside(file).map(|summary| summary.populations).unwrap_or_default();
    let traces = traces(&reports, &populations, cells);
    let Some(report) = reports.first().filter(|_| !traces.is_empty()) else {
        let message = if cells.is_empty() { "nothing is in the report".into() } else { absent(cells) };
        let problem = Problem::new("plot-cells", message).at(Place::file(file.display().to_string()));
        return Err(Error::Input(problem.help("name cells as the model does, or by node id").into()));
    };
    let style = TraceStyle {
        title: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        y_label: format!("{} ({})", report.variable, report.unit),
        arrangement: Arrangement::Stacked,
        ..TraceStyle::default()
    };
    Ok(draw_traces(&traces, &style))
}

fn absent(cells: &[String]) -> String {
    format!("none of {} is in the report", cells.join(", "))
}

fn traces(reports: &[PopulationReport], populations: &[PopulationSize], cells: &[String]) -> Vec<Trace> {
    let mut traces = Vec::new();
    for report in reports {
        let population = populations.iter().find(|p| p.name == report.population);
        let names = population.map_or(&[][..], |p| &p.cell_names);
        for &node_id in &report.node_ids {
            let name = names.get(node_id as usize).cloned();
            let name = name.unwrap_or_else(|| format!("{} {node_id}", report.population));
            let chosen = cells.is_empty() || cells.iter().any(|c| *c == name || *c == node_id.to_string());
            let Some(columns) = report.columns_of(node_id).filter(|_| chosen) else { continue };
            traces.push(Trace {
                name,
                start_ms: report.start_ms,
                interval_ms: report.interval_ms,
                values: report.trace(columns.start),
            });
        }
    }
    traces.sort_by_key(|t| cells.iter().position(|c| *c == t.name));
    if cells.is_empty() {
        traces.truncate(MOST_TRACES);
    }
    traces
}
