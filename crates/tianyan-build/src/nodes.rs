//! The nodes of a population: types, positions and properties.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use rayon::prelude::*;
use tianyan_io::network_files::{FIRST_TYPE_ID, TypesTable};
use tianyan_model::random::Philox;
use tianyan_model::{Problem, Problems};

use crate::check;
use crate::lookup::Lookups;
use crate::place::{Place, too_many};
use crate::schema::{ModelType, PopulationEntry, TypeEntry, VariantEntry};
use crate::streams::{Purpose, stream};
use crate::values::{Cell, Quantity};

/// A population of nodes. Node ids count from 0 and follow the order of the types.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// Its name.
    pub name: String,
    /// Nodes of populations before this one.
    pub first_gid: u64,
    /// Types in the order of node ids.
    pub types: Vec<Type>,
    /// Row of the types table for each node.
    pub type_ids: Vec<u64>,
    /// Position of each node (x, y, z in um); NaN where none is known.
    pub positions: Vec<[f64; 3]>,
    /// Further columns, a value a node; NaN where its type has none.
    pub properties: BTreeMap<String, Vec<f64>>,
    /// The types table.
    pub table: TypesTable,
}

/// Nodes that are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// Its name, also in the column pop_name.
    pub name: String,
    /// Columns of the types table that all variants share.
    pub columns: BTreeMap<String, String>,
    /// What they are.
    pub model: ModelType,
    /// Their node ids.
    pub nodes: Range<u32>,
    /// Their number at full scale.
    pub full_count: u32,
    /// Where they lie, if that is known.
    pub place: Option<Place>,
    /// Where they lie at full scale.
    pub full_place: Option<Place>,
}

impl Type {
    /// Whether their positions are known.
    pub fn placed(&self) -> bool {
        self.place.is_some()
    }
}

impl Population {
    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.type_ids.len()
    }

    /// Columns of the nodes file.
    pub fn columns(&self) -> Vec<(String, Vec<f64>)> {
        let axis = |k: usize| self.positions.iter().map(|position| position[k]).collect();
        let placed = self.types.iter().any(Type::placed);
        let axes = ["x", "y", "z"].into_iter().enumerate().filter(|_| placed);
        let axes = axes.map(|(k, name)| (name.to_string(), axis(k)));
        axes.chain(self.properties.iter().map(|(name, values)| (name.clone(), values.clone()))).collect()
    }
}

/// What all nodes have in common.
#[derive(Debug, Clone, Copy)]
pub struct Common<'a> {
    /// Seed of all random numbers.
    pub seed: u64,
    /// Part of the network that is built.
    pub scale: f64,
    /// Folder of tables.
    pub base: &'a Path,
}

/// Makes the nodes of a population; gids and rows of types tables go on where those of the one `before` end.
pub fn populate(
    name: &str,
    entry: &PopulationEntry,
    before: Option<&Population>,
    common: Common<'_>,
    lookups: &mut Lookups,
) -> Result<Population, Problems> {
    let first_gid = before.map_or(0, |before| before.first_gid + before.len() as u64);
    let table = TypesTable::new("node_type_id", before.map_or(FIRST_TYPE_ID, |before| before.table.end()));
    let mut population = Population {
        name: name.into(),
        first_gid,
        types: Vec::new(),
        type_ids: Vec::new(),
        positions: Vec::new(),
        properties: BTreeMap::new(),
        table,
    };
    let mut problems = Problems::default();
    problems.0.extend(check::population_name(name, &entry.spot));
    if entry.types.0.is_empty() {
        problems.push(entry.spot.problem("types", "build-empty", "this population has no types"));
    }
    for (type_name, entry) in entry.types.iter() {
        problems.take(population.add(type_name, entry, common, lookups));
    }
    problems.or(population)
}

impl Population {
    fn add(
        &mut self,
        name: &str,
        entry: &TypeEntry,
        common: Common<'_>,
        lookups: &mut Lookups,
    ) -> Result<(), Problems> {
        if self.types.iter().any(|known| known.name == name) {
            let message = format!("two types of {} are called {name}", self.name);
            return Err(Problem::new("build-name", message).at(entry.spot.place()).into());
        }
        let first = self.len();
        let count = scaled(entry.count, if entry.count_scales { common.scale } else { 1.0 });
        if first + count > u32::MAX as usize {
            return Err(entry.spot.problem("count", "config-value", "more nodes than a population can have").into());
        }
        let columns = shared_columns(name, entry);
        let nodes = first as u32..(first + count) as u32;
        let place = |scale: f64| {
            let geometry = entry.geometry.as_ref();
            geometry.map(|geometry| Place::new(geometry, scale, common.base)).transpose()
        };
        let (place, full_place) = (place(common.scale)?, place(1.0)?);
        let added = Type {
            name: name.into(),
            columns,
            model: entry.model_type,
            nodes,
            full_count: entry.count,
            place,
            full_place,
        };
        self.place(entry, &added, common)?;
        self.vary(entry, &added, common)?;
        for (property, quantity) in properties(entry) {
            let draw = lookups.draw(quantity, &added, &added)?;
            let column = self.properties.entry(property.into()).or_default();
            column.resize(first, f64::NAN);
            let purpose = stream(Purpose::Property, hash(property));
            column.extend((0..count).map(|i| {
                let gid = self.first_gid + (first + i) as u64;
                draw.at(i, count, &mut Philox::new(common.seed, purpose, gid))
            }));
        }
        let all = first + count;
        self.properties.values_mut().for_each(|column| column.resize(all, f64::NAN));
        self.types.push(added);
        Ok(())
    }

    fn place(&mut self, entry: &TypeEntry, added: &Type, common: Common<'_>) -> Result<(), Problems> {
        let count = added.nodes.len();
        let (Some(geometry), Some(place)) = (&entry.geometry, &added.place) else {
            self.positions.resize(self.len() + count, [f64::NAN; 3]);
            return Ok(());
        };
        if let Some(room) = place.room().filter(|room| *room < count) {
            return Err(too_many(geometry, room, count).into());
        }
        let first = self.first_gid + self.len() as u64;
        let position =
            |i: usize| place.position(i, &mut Philox::new(common.seed, stream(Purpose::Position, 0), first + i as u64));
        self.positions.par_extend((0..count).into_par_iter().map(position));
        Ok(())
    }

    /// Gives each node a row of the types table: that of its variant.
    fn vary(&mut self, entry: &TypeEntry, added: &Type, common: Common<'_>) -> Result<(), Problems> {
        let variants: Vec<Option<&VariantEntry>> = match entry.variants.len() {
            0 => vec![None],
            _ => entry.variants.iter().map(Some).collect(),
        };
        let parts: Vec<f64> = variants.iter().map(|variant| variant.map_or(1.0, |v| v.part)).collect();
        let whole: f64 = parts.iter().sum();
        if !(whole > 0.0 && whole.is_finite() && parts.iter().all(|part| *part >= 0.0)) {
            let message = "the parts of variants are numbers of at least 0, not all of them 0";
            return Err(entry.spot.problem("variants", "config-value", message).into());
        }
        let ids: Vec<u64> = variants.iter().map(|variant| self.table.id(&row(entry, added, *variant))).collect();
        let first = self.first_gid;
        self.type_ids.extend(added.nodes.clone().map(|node| {
            let purpose = stream(Purpose::Variant, 0);
            let mut along = whole * Philox::new(common.seed, purpose, first + u64::from(node)).uniform();
            let within = |part: &f64| {
                along -= part;
                along <= 0.0
            };
            ids[parts.iter().position(within).unwrap_or(ids.len() - 1)]
        }));
        Ok(())
    }
}

/// The number of nodes at a scale, never fewer than one of those there were.
pub fn scaled(count: u32, scale: f64) -> usize {
    (f64::from(count) * scale - 1e-9).ceil().max(0.0) as usize
}

fn hash(name: &str) -> u32 {
    name.bytes().fold(2_166_136_261, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619)) & 0x00ff_ffff
}

fn properties(entry: &TypeEntry) -> impl Iterator<Item = (&str, &Quantity)> {
    let rotations = [
        ("rotation_angle_xaxis", &entry.rotation_x_rad),
        ("rotation_angle_yaxis", &entry.rotation_y_rad),
        ("rotation_angle_zaxis", &entry.rotation_z_rad),
    ];
    let rotations = rotations.into_iter().filter_map(|(name, angle)| Some((name, angle.as_ref()?)));
    entry.properties.iter().chain(rotations)
}

fn shared_columns(name: &str, entry: &TypeEntry) -> BTreeMap<String, String> {
    let mut columns: BTreeMap<String, String> = BTreeMap::new();
    columns.insert("pop_name".into(), name.into());
    columns.insert("model_type".into(), model_name(entry.model_type).into());
    columns.extend(entry.columns.iter().map(|(column, cell)| (column.into(), cell.text())));
    columns
}

/// The word of a model type in a types table.
pub fn model_name(model: ModelType) -> &'static str {
    match model {
        ModelType::Biophysical => "biophysical",
        ModelType::PointNeuron => "point_neuron",
        ModelType::Virtual => "virtual",
    }
}

/// A row of the types table.
fn row(entry: &TypeEntry, added: &Type, variant: Option<&VariantEntry>) -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = added.columns.iter().map(|(c, v)| (c.clone(), v.clone())).collect();
    let mut put = |column: &str, value: Option<String>| values.extend(value.map(|value| (column.to_string(), value)));
    put("model_template", entry.model_template.clone());
    put("model_processing", entry.model_processing.clone());
    let dynamics = variant.and_then(|v| v.dynamics_params.clone()).or(entry.dynamics_params.clone());
    put("dynamics_params", dynamics.map(|name| crate::components::parameter_file(&name)));
    put("morphology", variant.and_then(|v| v.morphology.clone()).or(entry.morphology.clone()));
    for (column, cell) in variant.iter().flat_map(|variant| variant.columns.iter()) {
        put(column, Some(Cell::text(cell)));
    }
    values
}

/// The types that a selection means, as indices; a problem where it means none.
pub fn select(
    selection: &crate::values::Selection,
    populations: &[Population],
) -> Result<(usize, Vec<usize>), Problems> {
    let names = || populations.iter().map(|population| population.name.as_str());
    let Some(index) = names().position(|name| name == selection.population) else {
        let message = format!("there is no population `{}`", selection.population);
        let help = tianyan_io::config::nearest::did_you_mean(&selection.population, names());
        return Err(Problem::new("build-population", message).at(selection.spot.place()).help(help).into());
    };
    let types = &populations[index].types;
    for (column, _) in &selection.filter {
        if !types.iter().any(|t| t.columns.contains_key(column)) {
            let known: Vec<&str> = types.iter().flat_map(|t| t.columns.keys().map(String::as_str)).collect();
            let message = format!("no type of {} has a column `{column}`", selection.population);
            let help = tianyan_io::config::nearest::did_you_mean(column, known);
            return Err(Problem::new("build-column", message).at(selection.spot.place()).help(help).into());
        }
    }
    let fits = |t: &Type| selection.filter.iter().all(|(c, words)| t.columns.get(c).is_some_and(|w| words.contains(w)));
    let found: Vec<usize> = (0..types.len()).filter(|&i| fits(&types[i])).collect();
    if found.is_empty() {
        let message = format!("no type of {} is meant by this", selection.population);
        return Err(Problem::new("build-selection", message).at(selection.spot.place()).into());
    }
    Ok((index, found))
}
