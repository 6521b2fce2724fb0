//! Pictures of results.

use crate::Error;
use std::path::Path;
use tianyan_analysis::{Arrangement, RasterStyle, Trace, TraceStyle, raster_svg, traces_svg};
use tianyan_io::output::{PopulationSize, RUN_JSON};
use tianyan_io::read_back::{self, PopulationReport, PopulationSpikes};
use tianyan_model::{Gid, Place, Population, Problem, Spike};

/// Traces drawn where nothing is chosen.
const MOST_TRACES: usize = 12;

/// Draws a report (traces, one panel a cell) or spikes.h5 (a raster) as SVG. `cells` are names or node ids; all
/// cells, at most twelve, if it is empty. Names come from the run.json beside the file.
pub fn plot(file: &Path, cells: &[String]) -> Result<String, Error> {
    let populations = beside(file);
    if file.file_stem().is_some_and(|stem| stem == "spikes") {
        return Ok(raster(&read_back::read_spikes(file)?, &populations));
    }
    let reports = read_back::read_report(file)?;
    let traces = traces(&reports, &populations, cells);
    if traces.is_empty() {
        let message = format!("none of {} is in the report", cells.join(", "));
        let problem = Problem::new("plot-cells", message).at(Place::file(file.display().to_string()));
        return Err(Error::Input(problem.help("name cells as the model does, or by node id").into()));
    }
    let report = &reports[0];
    let style = TraceStyle {
        title: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        y_label: format!("{} ({})", report.variable, report.unit),
        arrangement: Arrangement::Stacked,
        ..TraceStyle::default()
    };
    Ok(traces_svg(&traces, &style))
}

/// The populations of the run.json beside a file; none if there is none.
fn beside(file: &Path) -> Vec<PopulationSize> {
    let path = file.parent().unwrap_or(Path::new("")).join(RUN_JSON);
    read_back::read_run_json(&path).map(|summary| summary.populations).unwrap_or_default()
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

fn raster(spikes: &[PopulationSpikes], sizes: &[PopulationSize]) -> String {
    let (mut populations, mut all, mut first) = (Vec::new(), Vec::new(), 0);
    for of in spikes {
        let size = sizes.iter().find(|p| p.name == of.population).map(|p| p.cells as u32);
        let largest = of.node_ids.iter().max().map_or(1, |id| *id as u32 + 1);
        let size = size.unwrap_or(largest).max(largest);
        let spike = |(&time_ms, &id): (&f64, &u64)| Spike { time_ms, gid: Gid(first + id as u32) };
        all.extend(of.times_ms.iter().zip(&of.node_ids).map(spike));
        populations.push(Population {
            name: of.population.clone(),
            first_gid: Gid(first),
            size,
            cell_names: Vec::new(),
        });
        first += size;
    }
    raster_svg(&populations, &all, &RasterStyle::default())
}
