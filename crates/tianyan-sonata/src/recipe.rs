//! What a config means: the recipe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tianyan_model::{
    Cell, Connections, Couplings, CurrentDerivative, Driven, Gid, KindId, Location, MechanismSource, Parameter, Place,
    PointProcess, Population, Precision, Probe, Problems, Quantity, Recipe, Report, Rows, RunSettings, SELF_EVENTS,
    SecondOrder, Stimuli, Synapses, Values, Waveform,
};

use tianyan_io::network_files::{PlacedBlock, create_folder, write_placed};
use tianyan_io::output::{Conversion, Field, SynapseSources};

use crate::config::{Finder, SimulationConfig};
use crate::connect::Connector;
use crate::field::{Pose, Stimulation, activating_nanoamp};
use crate::inputs::{Clamp, current_clamp, voltage_clamp};
use crate::kinds::Kind;
use crate::mechanisms::Shipped;
use crate::network::{self, Network};
use crate::node_sets::NodeSets;
use crate::reports::{MembraneReport, ProcessReport, Reader, Reports, Sections};

/// What the command line changes in a config.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Overrides {
    /// Instead of `run.tstop`.
    pub duration_ms: Option<f64>,
    /// Instead of `run.dt`.
    pub dt_ms: Option<f64>,
    /// Interpolate in the TABLEs of mechanisms.
    pub tables: bool,
    /// Look rates up, off by at most this part.
    pub rate_error: Option<f64>,
    /// Whether equal linear synapses become one; they do unless said otherwise.
    pub synapses: Option<Synapses>,
    /// Width of the numbers that density mechanisms compute with, on a GPU; 64 bits unless said otherwise.
    pub precision: Option<Precision>,
}

/// Electrodes, and their current in each step.
type Stimulated = (Stimulation, Arc<[f64]>);

/// A network described by a SONATA config.
#[derive(Debug)]
pub struct SonataRecipe {
    config: SimulationConfig,
    settings: RunSettings,
    network: Network,
    clamps: Vec<(Clamp, Place)>,
    stimulations: Vec<Stimulated>,
    reports: Reports,
    model_reports: Vec<Report>,
}

impl SonataRecipe {
    /// Reads and checks all files of a network. `shipped` gives origin and text of the mechanisms that come with
    /// Tianyan, by name. The second value are warnings.
    pub fn open(path: &Path, overrides: Overrides, shipped: Shipped) -> Result<(SonataRecipe, Problems), Problems> {
        let (mut config, mut warnings) = crate::config::read_config(path)?;
        let declared_stop_ms = config.run.stop_ms;
        config.run.stop_ms = overrides.duration_ms.unwrap_or(declared_stop_ms);
        config.run.dt_ms = overrides.dt_ms.unwrap_or(config.run.dt_ms);
        let network = network::read(&config, shipped, &mut warnings)?;
        let mut problems = Problems::default();
        let clamps = problems.take(clamps(&config, &network, &mut warnings)).unwrap_or_default();
        let sets = NodeSets::new(&config.node_sets, &network.nodes);
        let finder = Finder::new(&config.file);
        let mut reader = Reader {
            network: &network,
            clamps: &clamps,
            sets,
            dt_ms: config.run.dt_ms,
            // A run cut short from the command line cuts its reports short.
            stop_ms: config.run.stop_ms.max(declared_stop_ms),
            output: &config.output.directory,
            finder: &finder,
            warnings: &mut warnings,
        };
        let mut reports = problems.take(reader.read(&config.reports)).unwrap_or_default();
        let stimulations = problems.take(stimulations(&config, &finder, &mut warnings)).unwrap_or_default();
        let settings = settings(&config, overrides);
        let model_reports = model_reports(&mut reports, &settings);
        let recipe = SonataRecipe { config, settings, network, clamps, stimulations, reports, model_reports };
        problems.or((recipe, warnings))
    }

    /// All text of the config's files.
    pub fn config_text(&self) -> &str {
        &self.config.text
    }

    /// Where results go.
    pub fn output_directory(&self) -> PathBuf {
        self.config.output.directory.clone()
    }

    /// Whether results of an earlier run may be replaced.
    pub fn overwrites(&self) -> bool {
        self.config.output.overwrite
    }

    /// Name of the spikes file, without `.h5`; of the CSV of spikes, if one is wanted; and whether spikes are to be
    /// sorted by node id instead of by time.
    pub fn spike_files(&self) -> (Option<&str>, Option<&str>, bool) {
        let output = &self.config.output;
        (output.spikes_file.as_deref(), output.spikes_csv.as_deref(), output.sort_by_id)
    }

    /// How the currents of some reports become potentials at electrodes; their weights hold a number for each
    /// compartment and electrode.
    pub fn fields(&self, directory: &Path) -> Result<Vec<Field>, Problems> {
        let mut found = Vec::new();
        for report in &self.reports.electrodes {
            let channels = report.electrodes.positions.len();
            let mut transfer_mv_per_nanoamp = Vec::new();
            for &gid in &report.gids {
                let (Some(body), Some((population, node_id))) = (self.network.kind(gid).body(), self.network.node(gid))
                else {
                    continue;
                };
                let pose = Pose::of(&self.network.nodes[population], node_id)?;
                let transfer =
                    report.electrodes.transfer_mv_per_nanoamp(&body.coordinates.posed(&pose), &body.diameters_um());
                let columns = 0..body.segments.all.len();
                transfer_mv_per_nanoamp.extend(columns.flat_map(|column| transfer.iter().map(move |own| own[column])));
            }
            found.push(Field {
                report: report.report,
                channels,
                transfer_mv_per_nanoamp,
                contributions: report.contributions.as_ref().map(|folder| directory.join(folder)),
            });
        }
        Ok(found)
    }

    /// The gids of what drives each column of the reports of synapses; -1 where it is not simulated.
    pub fn synapse_sources(&self) -> Vec<SynapseSources> {
        let reports = self.process_reports().filter_map(|(report, process)| {
            let gids: Option<Vec<i64>> = process.columns.iter().map(|column| column.source).collect();
            Some(SynapseSources { report, gids: gids? })
        });
        reports.collect()
    }

    /// With their index among all reports.
    fn process_reports(&self) -> impl Iterator<Item = (usize, &ProcessReport)> {
        let first = self.reports.membrane.len() + self.reports.electrodes.len();
        self.reports.processes.iter().enumerate().map(move |(i, report)| (first + i, report))
    }

    /// The reports whose currents are written by area, mA/cm2 for nA.
    pub fn conversions(&self) -> Vec<Conversion> {
        let of = |(report, membrane): (usize, &MembraneReport)| {
            let areas_um2 = membrane.gids.iter().flat_map(|gid| {
                let places = self.places(membrane, *gid).into_iter().map(|(location, _)| location);
                let compartments = self.network.kind(*gid).body().map(|body| body.compartments(places));
                compartments.unwrap_or_default().into_iter().map(|compartment| compartment.area_um2)
            });
            Conversion { report, factors: areas_um2.map(|area_um2| 100.0 / area_um2).collect() }
        };
        self.reports.membrane.iter().enumerate().filter(|(_, report)| report.by_area).map(of).collect()
    }

    /// Writes the placed synapses that the config's reports ask for: a file for each pair of populations.
    pub fn write_placed(&self, directory: &Path) -> Result<(), Problems> {
        for folder in &self.reports.saved_synapses {
            let folder = folder.path(directory);
            create_folder(&folder)?;
            self.placed(&folder)?;
        }
        Ok(())
    }

    fn placed(&self, folder: &Path) -> Result<(), Problems> {
        const CELLS: usize = 256;
        let nodes = &self.network.nodes;
        let gids: Vec<Gid> = (0..nodes.last().map_or(0, |p| p.first_gid + p.size)).map(Gid).collect();
        let mut blocks: BTreeMap<(usize, usize), PlacedBlock> = BTreeMap::new();
        for batch in gids.chunks(CELLS) {
            let (mut connections, mut origins) = (Connections::default(), Vec::new());
            let mut connector = Connector::new(&self.network, self.settings.dt_ms, &mut connections);
            connector.origins = Some(&mut origins);
            connector.connect(batch);
            connector.problems.or(())?;
            for (i, origin) in origins.iter().enumerate() {
                let synapse = &connections.synapses[connections.synapse[i] as usize];
                let Some((target, node_id)) = self.network.node(synapse.gid) else { continue };
                let source = self.network.edges[origin.edges as usize].source;
                let block = blocks.entry((source, target)).or_default();
                block.source.push(u64::from(origin.source));
                block.target.push(u64::from(node_id));
                block.edge_type.push(origin.edge_type as u32);
                block.weight.push(connections.weight[i]);
                block.place.push((origin.section_id != u32::MAX).then_some((u64::from(origin.section_id), origin.x)));
            }
        }
        for ((source, target), block) in blocks {
            let (source, target) = (&nodes[source], &nodes[target]);
            let sizes = (source.size as usize, target.size as usize);
            write_placed(folder, (&source.name, &target.name), sizes, block)?;
        }
        Ok(())
    }

    /// The currents by which electrodes act on a cell.
    fn stimulate(&self, gid: Gid, out: &mut Stimuli) -> Result<(), Problems> {
        let (Some(body), Some((population, node_id))) = (self.network.kind(gid).body(), self.network.node(gid)) else {
            return Ok(());
        };
        let mechanism = self.network.mechanisms.index("IClamp").unwrap_or_default();
        for (stimulation, samples) in &self.stimulations {
            let pose = Pose::of(&self.network.nodes[population], node_id)?;
            let outside = stimulation.transfer(&body.coordinates.posed(&pose))?;
            let currents = activating_nanoamp(&body.cell, &body.segments.all, &outside);
            let parameter_set = out.parameter_sets.len();
            out.parameter_sets.push(Vec::new());
            for (segment, factor) in body.segments.all.iter().zip(currents) {
                let instance = out.instances.len() as u32;
                out.instances.push(PointProcess { gid, location: segment.location, mechanism, parameter_set });
                let waveform = Waveform::Shared { samples: samples.clone(), dt_ms: self.settings.dt_ms, factor };
                out.driven.push(Driven { instance, parameter: "amp".into(), waveform });
            }
        }
        Ok(())
    }

    fn places(&self, report: &MembraneReport, gid: Gid) -> Vec<(Location, u32)> {
        let Some(body) = self.network.kind(gid).body() else { return Vec::new() };
        match &report.sections {
            Sections::Soma => vec![(Location { section: 0, x: 0.5 }, 0)],
            Sections::Regions(regions) => {
                let wanted = body.segments.all.iter().filter(|segment| regions.contains(&segment.region));
                wanted.map(|segment| (segment.location, segment.section_id)).collect()
            }
        }
    }
}

/// All electrodes of the config's inputs.
fn stimulations(
    config: &SimulationConfig,
    finder: &Finder,
    warnings: &mut Problems,
) -> Result<Vec<Stimulated>, Problems> {
    let mut problems = Problems::default();
    let mut found = Vec::new();
    for (_, entry) in &config.inputs {
        let is_xstim = entry.get("module").is_some_and(|module| module == "xstim");
        if is_xstim && entry.is_enabled(&mut Problems::default()) {
            let steps = (config.run.stop_ms / config.run.dt_ms).round() as u64;
            if let Some(stimulation) = problems.take(Stimulation::read(entry, finder, warnings)) {
                let samples = stimulation.samples(steps, config.run.dt_ms).into();
                found.push((stimulation, samples));
            }
        }
    }
    problems.or(found)
}

/// Reports of the membrane, then those of electrodes, which record all currents, then those of point processes.
fn model_reports(reports: &mut Reports, run: &RunSettings) -> Vec<Report> {
    let mut all: Vec<Report> = reports.membrane.iter().map(|report| report.report.clone()).collect();
    for report in &mut reports.electrodes {
        report.report = all.len();
        all.push(Report {
            name: report.file.clone(),
            quantity: Quantity::MembraneCurrent,
            variable: "ecp".into(),
            unit: "mV".into(),
            rows: Rows::after_steps(0.0, run.duration_ms, run.dt_ms, run.dt_ms),
            double: true,
        });
    }
    all.extend(reports.processes.iter().map(|report| report.report.clone()));
    all
}

fn settings(config: &SimulationConfig, overrides: Overrides) -> RunSettings {
    RunSettings {
        duration_ms: config.run.stop_ms,
        dt_ms: config.run.dt_ms,
        temperature_celsius: config.run.celsius,
        second_order: SecondOrder::Off,
        current_derivative: CurrentDerivative::Neuron,
        seed: 0,
        self_events: SELF_EVENTS,
        tables: overrides.tables,
        rate_error: overrides.rate_error,
        synapses: overrides.synapses.unwrap_or_default(),
        precision: overrides.precision.unwrap_or_default(),
    }
}

fn clamps(
    config: &SimulationConfig,
    network: &Network,
    warnings: &mut Problems,
) -> Result<Vec<(Clamp, Place)>, Problems> {
    let finder = Finder::new(&config.file);
    let sets = NodeSets::new(&config.node_sets, &network.nodes);
    let mut problems = Problems::default();
    let mut found = Vec::new();
    for (name, entry) in &config.inputs {
        let module = entry.get("module").and_then(serde_json::Value::as_str).unwrap_or_default();
        if !entry.is_enabled(&mut Problems::default()) || !["IClamp", "SEClamp"].contains(&module) {
            continue;
        }
        let choices = sets.choices(entry, "node_set", "all", warnings);
        let gids = choices.and_then(|choices| sets.gids(&choices).map_err(Problems::from));
        let Some(mut gids) = problems.take(gids) else { continue };
        gids.retain(|gid| !matches!(network.kind(*gid), Kind::Source));
        if gids.iter().any(|gid| matches!(network.kind(*gid), Kind::Artificial { .. })) {
            let message = format!("the clamp {name} names point neurons, which have no membrane to clamp");
            problems.push(entry.problem("node_set", "sonata-input", message).help("choose by model_type biophysical"));
            continue;
        }
        if gids.is_empty() {
            let message = format!("the clamp {name} names no cell");
            warnings.push(entry.problem("node_set", "sonata-input", message));
        }
        let clamps = if module == "IClamp" {
            current_clamp(entry, &gids, &finder, warnings)
        } else {
            voltage_clamp(entry, &gids, config.run.dt_ms, config.run.stop_ms, warnings)
        };
        for clamp in problems.take(clamps).unwrap_or_default() {
            let place = entry.place("section_name");
            for gid in &clamp.gids {
                if let Some(body) = network.kind(*gid).body()
                    && let Err(problem) = clamp.site.on(body, *gid, &place)
                {
                    problems.push(problem);
                    break;
                }
            }
            found.push((clamp, place));
        }
    }
    problems.or(found)
}

impl Recipe for SonataRecipe {
    fn populations(&self) -> &[Population] {
        &self.network.populations
    }

    fn run(&self) -> &RunSettings {
        &self.settings
    }

    fn mechanisms(&self) -> &[MechanismSource] {
        &self.network.mechanisms.list
    }

    fn place_of(&self, mechanism: &str, parameter: Option<&str>) -> Option<Place> {
        self.network.mechanisms.place(mechanism, parameter).cloned()
    }

    fn reports(&self) -> &[Report] {
        &self.model_reports
    }

    fn kinds(&self) -> usize {
        self.network.kinds.len()
    }

    fn kind_of(&self, gids: &[Gid], kinds: &mut Vec<KindId>) {
        kinds.extend(gids.iter().map(|gid| KindId(self.network.kind_number(*gid))));
    }

    fn cell(&self, kind: KindId) -> Result<Cell, Problems> {
        Ok(self.network.kinds[kind.0 as usize].cell(self.config.run.v_init_mv))
    }

    fn source_spikes_on(&self, gids: &[Gid], out: &mut Vec<(Gid, Vec<f64>)>) -> Result<(), Problems> {
        for &gid in gids.iter().filter(|gid| matches!(self.network.kind(**gid), Kind::Source)) {
            out.push((gid, self.network.trains.get(&gid).cloned().unwrap_or_default()));
        }
        Ok(())
    }

    fn connections_on(&self, gids: &[Gid], out: &mut Connections) -> Result<(), Problems> {
        let mut connector = Connector::new(&self.network, self.settings.dt_ms, out);
        connector.connect(gids);
        connector.problems.or(())
    }

    fn couplings_on(&self, gids: &[Gid], out: &mut Couplings) -> Result<(), Problems> {
        let mechanism = self.network.mechanisms.index(crate::gaps::MECHANISM).unwrap_or_default();
        self.network.gaps.couplings_on(gids, mechanism, out);
        Ok(())
    }

    fn stimuli_on(&self, gids: &[Gid], out: &mut Stimuli) -> Result<(), Problems> {
        let first_set = out.parameter_sets.len();
        for (clamp, _) in &self.clamps {
            let parameter =
                |(name, value): &(&str, f64)| Parameter { name: (*name).into(), values: Values::Uniform(*value) };
            out.parameter_sets.push(clamp.parameters.iter().map(parameter).collect());
        }
        let mut problems = Problems::default();
        for &gid in gids {
            let Some(body) = self.network.kind(gid).body() else { continue };
            for (i, (clamp, place)) in self.clamps.iter().enumerate() {
                if clamp.gids.binary_search(&gid).is_err() {
                    continue;
                }
                let Some(location) = problems.take(clamp.site.on(body, gid, place).map_err(Problems::from)) else {
                    continue;
                };
                let instance = out.instances.len() as u32;
                let mechanism = self.network.mechanisms.index(clamp.mechanism).unwrap_or_default();
                out.instances.push(PointProcess { gid, location, mechanism, parameter_set: first_set + i });
                let driven = clamp.driven.iter();
                out.driven.extend(driven.map(|(parameter, waveform)| Driven {
                    instance,
                    parameter: (*parameter).into(),
                    waveform: waveform.clone(),
                }));
            }
            problems.take(self.stimulate(gid, out));
        }
        problems.or(())
    }

    fn probes_on(&self, gids: &[Gid], out: &mut Vec<Probe>) -> Result<(), Problems> {
        for (index, report) in self.reports.membrane.iter().enumerate() {
            for &gid in gids.iter().filter(|gid| report.gids.binary_search(gid).is_ok()) {
                let places = self.places(report, gid).into_iter();
                out.extend(places.map(|(location, element_id)| Probe {
                    report: index,
                    gid,
                    location,
                    instance: 0,
                    element_id,
                }));
            }
        }
        for report in &self.reports.electrodes {
            for &gid in gids.iter().filter(|gid| report.gids.binary_search(gid).is_ok()) {
                let segments = self.network.kind(gid).body().into_iter().flat_map(|body| &body.segments.all);
                out.extend(segments.map(|segment| Probe {
                    report: report.report,
                    gid,
                    location: segment.location,
                    instance: 0,
                    element_id: segment.section_id,
                }));
            }
        }
        for (report, process) in self.process_reports() {
            for &gid in gids {
                let start = process.columns.partition_point(|column| column.gid < gid);
                let columns = process.columns[start..].iter().take_while(|column| column.gid == gid);
                out.extend(columns.map(|column| Probe {
                    report,
                    gid,
                    location: column.location,
                    instance: column.instance,
                    element_id: column.section_id,
                }));
            }
        }
        Ok(())
    }
}
