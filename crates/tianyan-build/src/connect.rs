//! What the entries of [[connections]] mean, type by type.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use tianyan_io::config::Spot;
use tianyan_io::config::nearest::did_you_mean;
use tianyan_io::network_files::{EdgeColumns, FIRST_TYPE_ID, TypesTable};
use tianyan_model::random::Philox;
use tianyan_model::{Problem, Problems};

use crate::draw::Draw;
use crate::falloff::{Falloff, Tuning};
use crate::grid::Grid;
use crate::input::Means;
use crate::lookup::Lookups;
use crate::nodes::{Population, Type, select};
use crate::schema::{ConnectionEntry, FalloffEntry, Metric, Rule, TuningEntry};
use crate::streams::{Purpose, stream};
use crate::values::{Number, Quantity, Side};

/// All edges between two populations: an edges file.
#[derive(Debug)]
pub struct EdgePopulation {
    /// Index of the population of sources.
    pub source: usize,
    /// Index of the population of targets.
    pub target: usize,
    /// For each type of targets, the rules that it obeys.
    pub rules: Vec<Vec<TypeRule>>,
    /// Whether an index by source is written: within a population, where BMTK asks for one.
    pub index_sources: bool,
    /// What is written edge by edge.
    pub columns: EdgeColumns,
    /// The types table.
    pub table: TypesTable,
}

/// A rule for the targets of one type.
#[derive(Debug)]
pub struct TypeRule {
    /// Which of the connections it is, from 0.
    pub number: u32,
    /// Which sources meet which targets.
    pub method: Method,
    /// Whether a node may connect to itself; of interest only within a population.
    pub autapses: bool,
    /// Property of the targets that multiplies probabilities.
    pub target_factor: Option<String>,
    /// One for each type of sources.
    pub pairs: Vec<Pair>,
}

/// Which sources meet which targets.
#[derive(Debug)]
pub enum Method {
    /// Every source.
    AllToAll,
    /// The source at the same place; this type's targets begin at that place.
    OneToOne(usize),
    /// Each pair for itself.
    Pairwise,
    /// So many sources, and whether one may be drawn again.
    InDegree(Draw, bool),
    /// So many for each target of the rule; this type's begin at that place.
    Total(Arc<Vec<u32>>, usize),
}

/// Edges from a type to a type.
#[derive(Debug)]
pub struct Pair {
    /// Node ids of the sources.
    pub sources: Range<u32>,
    /// Probability at distance 0.
    pub peak: f64,
    /// How it falls.
    pub falloff: Option<(Falloff, Arc<Grid>)>,
    /// How it depends on the named angle.
    pub tuning: Option<(Tuning, String)>,
    /// Number of synapses.
    pub nsyns: Draw,
    /// Weight.
    pub weight: Draw,
    /// Delay, ms.
    pub delay_ms: Draw,
    /// Speed at which distance adds to the delay, um/ms.
    pub velocity: Option<f64>,
    /// No delay is shorter, ms.
    pub minimum_delay_ms: f64,
    /// Row of the types table.
    pub edge_type: u32,
    /// What the row says, before the columns that all edges share.
    row: Vec<(String, String)>,
}

/// The edge populations of a document, in the order of their first connections.
pub fn connect(
    entries: &[ConnectionEntry],
    populations: &[Population],
    seed: u64,
    scale: f64,
    lookups: &mut Lookups,
) -> Result<Vec<EdgePopulation>, Problems> {
    let mut problems = Problems::default();
    let mut all: Vec<EdgePopulation> = Vec::new();
    let (mut grids, mut means) = (Grids::default(), Means::default());
    for (number, entry) in entries.iter().enumerate() {
        let mut context =
            Context { entry, number: number as u32, populations, seed, scale, grids: &mut grids, means: &mut means };
        problems.take(context.add(&mut all, lookups));
    }
    all.iter_mut().fold(FIRST_TYPE_ID, |first, edges| edges.settle(first));
    problems.or(all)
}

/// Grids by population, type, distance and length.
type Grids = BTreeMap<(usize, u32, bool, u64), Arc<Grid>>;

struct Context<'a> {
    entry: &'a ConnectionEntry,
    number: u32,
    populations: &'a [Population],
    seed: u64,
    scale: f64,
    grids: &'a mut Grids,
    means: &'a mut Means,
}

impl Context<'_> {
    fn add(&mut self, all: &mut Vec<EdgePopulation>, lookups: &mut Lookups) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let sources = problems.take(select(&self.entry.source, self.populations));
        let targets = problems.take(select(&self.entry.target, self.populations));
        crate::check::connection(self.entry, &mut problems);
        let (Some((source, sources)), Some((target, targets))) = (sources, targets) else { return Err(problems) };
        if !problems.0.is_empty() {
            return Err(problems);
        }
        let (from, to) = (&self.populations[source], &self.populations[target]);
        let counts = self.counts(from, &sources, to, &targets)?;
        if let Some(factor) = self.entry.target_factor.as_ref().filter(|factor| !to.properties.contains_key(*factor)) {
            return Err(unknown_property(&self.entry.spot, "target_factor", factor, to).into());
        }
        let mut first = 0;
        for &index in &targets {
            let of = &to.types[index];
            for group in self.source_groups(&sources) {
                let available = group.iter().map(|&i| from.types[i].nodes.len()).sum();
                let method = self.method((&from.types[group[0]], available), of, (counts.clone(), first), lookups)?;
                let pairs: Result<Vec<Pair>, Problems> =
                    group.iter().map(|&i| self.pair(source, &from.types[i], of, lookups)).collect();
                let rule = TypeRule {
                    number: self.number,
                    method,
                    autapses: self.entry.autapses || source != target,
                    target_factor: self.entry.target_factor.clone(),
                    pairs: pairs?,
                };
                edge_population(all, source, target, to.types.len()).rules[index].push(rule);
            }
            first += of.nodes.len();
        }
        Ok(())
    }

    /// Types of sources that are drawn from together: all, unless an in-degree is given for each.
    fn source_groups(&self, sources: &[usize]) -> Vec<Vec<usize>> {
        let by_source = |number: &Number| match number {
            Number::Lookup(lookup) => lookup.matrix.is_some() || lookup.of == Side::Source,
            Number::Constant(_) => false,
        };
        match &self.entry.degree {
            Some(Quantity::Number(number)) if by_source(number) => sources.iter().map(|&i| vec![i]).collect(),
            _ => vec![sources.to_vec()],
        }
    }

    /// Checks one_to_one, and draws how many edges of a total go to each target.
    fn counts(
        &self,
        from: &Population,
        sources: &[usize],
        to: &Population,
        targets: &[usize],
    ) -> Result<Arc<Vec<u32>>, Problems> {
        let number = |population: &Population, types: &[usize]| -> usize {
            types.iter().map(|&i| population.types[i].nodes.len()).sum()
        };
        let (sources, targets) = (number(from, sources), number(to, targets));
        if self.entry.rule == Rule::OneToOne && sources != targets {
            let message = format!("one_to_one needs as many sources as targets, not {sources} and {targets}");
            return Err(self.entry.spot.problem("rule", "build-one-to-one", message).into());
        }
        let mut counts = vec![0; if self.entry.rule == Rule::Total { targets } else { 0 }];
        if !counts.is_empty() && sources > 0 {
            let total = (self.entry.total.unwrap_or(0) as f64 * self.scale).round() as u64;
            let mut random = Philox::new(self.seed, stream(Purpose::Totals, self.number), 0);
            (0..total).for_each(|_| counts[random.below(targets as u32) as usize] += 1);
        }
        Ok(Arc::new(counts))
    }

    fn method(
        &self,
        (source, available): (&Type, usize),
        target: &Type,
        (counts, first): (Arc<Vec<u32>>, usize),
        lookups: &mut Lookups,
    ) -> Result<Method, Problems> {
        Ok(match (self.entry.rule, &self.entry.degree) {
            (Rule::OneToOne, _) => Method::OneToOne(first),
            (Rule::Pairwise, _) => Method::Pairwise,
            (Rule::Total, _) => Method::Total(counts, first),
            (Rule::InDegree, Some(degree)) => {
                let degree = lookups.draw(degree, source, target)?;
                let wanted = degree.as_constant().unwrap_or(0.0);
                if wanted > available as f64 && self.scale == 1.0 && !self.entry.multapses {
                    return Err(too_few(self.entry, wanted, available).into());
                }
                Method::InDegree(degree, self.entry.multapses)
            }
            _ => Method::AllToAll,
        })
    }

    fn pair(&mut self, from: usize, source: &Type, target: &Type, lookups: &mut Lookups) -> Result<Pair, Problems> {
        let entry = self.entry;
        let quantity = |wanted: &Option<Quantity>, absent: f64, lookups: &mut Lookups| match wanted {
            Some(quantity) => lookups.draw(quantity, source, target),
            None => Ok(Draw::constant(absent)),
        };
        let peak = entry.probability.as_ref().map(|p| lookups.number(p, source, target)).transpose()?;
        let falloff = entry.falloff.as_ref().map(|f| self.falloff(f, from, source, target, lookups)).transpose()?;
        let tuning = entry.tuning.as_ref().map(|t| self.tuning(t, from, source, target, lookups)).transpose()?;
        if entry.velocity_um_per_ms.is_some() {
            placed(source, target)
                .map_err(|message| entry.spot.problem("velocity_um_per_ms", "build-unplaced", message))?;
        }
        let factor = match entry.rule {
            Rule::Pairwise | Rule::AllToAll if entry.conserve_input => {
                let falloff = falloff.as_ref().map(|(falloff, grid)| (*falloff, grid.metric));
                self.means.lost_input(source, target, falloff)
            }
            _ => 1.0,
        };
        Ok(Pair {
            sources: source.nodes.clone(),
            peak: peak.unwrap_or(1.0),
            falloff,
            tuning,
            nsyns: quantity(&entry.nsyns, 1.0, lookups)?,
            weight: quantity(&entry.weight, 0.0, lookups)?.scaled(factor),
            delay_ms: quantity(&entry.delay_ms, 0.0, lookups)?,
            velocity: entry.velocity_um_per_ms,
            minimum_delay_ms: entry.minimum_delay_ms,
            edge_type: 0,
            row: row(entry),
        })
    }

    fn falloff(
        &mut self,
        entry: &FalloffEntry,
        from: usize,
        source: &Type,
        target: &Type,
        lookups: &mut Lookups,
    ) -> Result<(Falloff, Arc<Grid>), Problems> {
        placed(source, target).map_err(|message| entry.spot.problem("distance", "build-unplaced", message))?;
        let length_um = lookups.number(&entry.length_um, source, target)?;
        if !(length_um > 0.0 && length_um.is_finite()) {
            return Err(entry.spot.problem("length_um", "config-value", "length_um must be above 0").into());
        }
        let key = (from, source.nodes.start, entry.distance == Metric::Space, length_um.to_bits());
        let nodes = source.nodes.start as usize..source.nodes.end as usize;
        let grid = self.grids.entry(key).or_insert_with(|| {
            let positions = &self.populations[from].positions[nodes];
            Arc::new(Grid::new(source.nodes.start, positions, entry.distance, length_um))
        });
        let falloff = Falloff { profile: entry.profile, length_um, maximum_um: entry.maximum_um };
        Ok((falloff, grid.clone()))
    }

    fn tuning(
        &self,
        entry: &TuningEntry,
        from: usize,
        source: &Type,
        target: &Type,
        lookups: &mut Lookups,
    ) -> Result<(Tuning, String), Problems> {
        let sources = &self.populations[from];
        if !sources.properties.contains_key(&entry.property) {
            return Err(unknown_property(&entry.spot, "property", &entry.property, sources).into());
        }
        let ratio = lookups.number(&entry.ratio, source, target)?;
        if !(ratio >= 0.0 && ratio.is_finite() && entry.period_degrees > 0.0) {
            return Err(entry.spot.problem("ratio", "config-value", "the ratio must be at least 0").into());
        }
        Ok((Tuning { ratio, period_degrees: entry.period_degrees }, entry.property.clone()))
    }
}

fn unknown_property(spot: &Spot, key: &str, property: &str, population: &Population) -> Problem {
    let message = format!("the nodes {} have no property `{property}`", population.name);
    let help = did_you_mean(property, population.properties.keys().map(String::as_str));
    spot.problem(key, "build-property", message).help(help)
}

fn placed(source: &Type, target: &Type) -> Result<(), String> {
    match [source, target].iter().find(|t| !t.placed()) {
        Some(t) => Err(format!("distance counts here, but the nodes {} have no geometry", t.name)),
        None => Ok(()),
    }
}

fn edge_population(all: &mut Vec<EdgePopulation>, source: usize, target: usize, types: usize) -> &mut EdgePopulation {
    let known = all.iter().position(|edges| (edges.source, edges.target) == (source, target));
    let index = known.unwrap_or_else(|| {
        let rules = (0..types).map(|_| Vec::new()).collect();
        let table = TypesTable::new("edge_type_id", FIRST_TYPE_ID);
        let columns = EdgeColumns::default();
        all.push(EdgePopulation { source, target, rules, index_sources: source == target, columns, table });
        all.len() - 1
    });
    &mut all[index]
}

/// What a row of the types table says whatever the types are.
fn row(entry: &ConnectionEntry) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = Vec::new();
    let mut put = |column: &str, value: Option<String>| values.extend(value.map(|value| (column.to_string(), value)));
    let query = |selection: &crate::values::Selection| {
        let term = |(column, words): &(String, Vec<String>)| format!("{column}=='{}'", words.join("|"));
        let terms: Vec<String> = selection.filter.iter().map(term).collect();
        if terms.is_empty() { "*".to_string() } else { terms.join("&") }
    };
    put("target_query", Some(query(&entry.target)));
    put("source_query", Some(query(&entry.source)));
    put("model_template", entry.model_template.clone());
    put("dynamics_params", entry.dynamics_params.as_deref().map(crate::components::parameter_file));
    let sections = entry.target_sections.iter().map(|section| format!("'{section}'")).collect::<Vec<_>>();
    put("target_sections", (!sections.is_empty()).then(|| format!("[{}]", sections.join(", "))));
    put("distance_range", entry.distance_range_um.map(|[low, high]| format!("[{low:?}, {high:?}]")));
    put("weight_function", entry.weight_function.clone());
    put("weight_sigma", entry.weight_sigma.map(|sigma| sigma.to_string()));
    entry.columns.iter().for_each(|(column, cell)| put(column, Some(cell.text())));
    values
}

impl EdgePopulation {
    /// Decides what is written edge by edge, and gives each pair of types its row of the types table, whose rows are
    /// numbered from `first`. Gives the number after the last.
    fn settle(&mut self, first: u64) -> u64 {
        self.table = TypesTable::new("edge_type_id", first);
        let pairs = || self.rules.iter().flatten().flat_map(|rule| &rule.pairs);
        self.columns = EdgeColumns {
            nsyns: pairs().any(|pair| pair.nsyns.as_constant().is_none()),
            weight: pairs().any(|pair| pair.weight.as_constant().is_none()),
            delay: pairs().any(|pair| pair.velocity.is_some() || pair.delay_ms.as_constant().is_none()),
        };
        let columns = self.columns;
        for pair in self.rules.iter_mut().flatten().flat_map(|rule| &mut rule.pairs) {
            let constant = |draw: &Draw, edgewise: bool| draw.as_constant().filter(|_| !edgewise);
            let values = [
                ("syn_weight", constant(&pair.weight, columns.weight)),
                ("delay", constant(&pair.delay_ms, columns.delay).map(|delay| delay.max(pair.minimum_delay_ms))),
                ("nsyns", constant(&pair.nsyns, columns.nsyns)),
            ];
            let values = values.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?.to_string())));
            pair.row.extend(values);
            pair.edge_type = self.table.id(&pair.row) as u32;
        }
        self.table.end()
    }
}

fn too_few(entry: &ConnectionEntry, wanted: f64, available: usize) -> Problem {
    let message = format!("{wanted} sources for a target, but there are only {available}");
    entry.spot.problem("degree", "build-degree", message).help("allow multapses, or lower the degree")
}
