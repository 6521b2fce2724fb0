//! Where nodes lie.

use std::path::Path;

use tianyan_io::config::tables::Table;
use tianyan_model::random::Philox;
use tianyan_model::{Problem, Problems};

use crate::schema::{GeometryEntry, Shape};

/// A geometry, checked and at its scale. All lengths in um.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    center: [f64; 3],
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Cylinder { inner: f64, outer: f64, layers: Layers },
    Box { x: [f64; 2], layers: Layers, z: [f64; 2] },
    Sphere { inner: f64, outer: f64 },
    Grid { nodes: [u32; 3], spacing: [f64; 3] },
    Positions(Vec<[f64; 3]>),
}

/// Ranges of y, filled evenly.
#[derive(Debug, Clone, PartialEq)]
struct Layers(Vec<[f64; 2]>);

impl Place {
    /// Reads a geometry; lateral extents are multiplied by the root of `scale`.
    pub fn new(entry: &GeometryEntry, scale: f64, base: &Path) -> Result<Place, Problems> {
        let lateral = if entry.extent_scales { scale.sqrt() } else { 1.0 };
        let form = match entry.shape {
            Shape::Cylinder => {
                let (inner, outer) = radii(entry, lateral)?;
                Form::Cylinder { inner, outer, layers: layers(entry)? }
            }
            Shape::Box => {
                let x = given(entry.x_um, entry, "x_um")?.map(|x| x * lateral);
                let z = given(entry.z_um, entry, "z_um")?.map(|z| z * lateral);
                Form::Box { x, layers: layers(entry)?, z }
            }
            Shape::Sphere => {
                let (inner, outer) = radii(entry, if entry.extent_scales { scale.cbrt() } else { 1.0 })?;
                Form::Sphere { inner, outer }
            }
            Shape::Grid => {
                let [x, y, z] = entry.spacing_um;
                let spacing = [x * lateral, y, z * lateral];
                Form::Grid { nodes: given(entry.nodes, entry, "nodes")?, spacing }
            }
            Shape::Positions => Form::Positions(positions(entry, base)?),
        };
        Ok(Place { center: entry.center_um, form })
    }

    /// How many nodes it has room for, if that is limited.
    pub fn room(&self) -> Option<usize> {
        match &self.form {
            Form::Grid { nodes, .. } => Some(nodes.iter().map(|n| *n as usize).product()),
            Form::Positions(positions) => Some(positions.len()),
            _ => None,
        }
    }

    /// A place, each as likely as any other.
    pub fn any(&self, random: &mut Philox) -> [f64; 3] {
        let index = self.room().map_or(0, |room| random.below(room as u32) as usize);
        self.position(index, random)
    }

    /// The same text for the same places; heights are left out where only lateral distance counts.
    pub fn describe(&self, flat: bool) -> String {
        let [x, y, z] = self.center;
        match &self.form {
            Form::Cylinder { inner, outer, .. } if flat => format!("cylinder {inner} {outer} at {x} {z}"),
            Form::Box { x: width, z: depth, .. } if flat => format!("box {width:?} {depth:?} at {x} {z}"),
            form => format!("{form:?} at {x} {y} {z}"),
        }
    }

    /// The position of node `index`.
    pub fn position(&self, index: usize, random: &mut Philox) -> [f64; 3] {
        let [x, y, z] = match &self.form {
            Form::Cylinder { inner, outer, layers } => {
                let radius = between(inner * inner, outer * outer, random).sqrt();
                let (sin, cos) = between(0.0, 2.0 * std::f64::consts::PI, random).sin_cos();
                [radius * cos, layers.at(random), radius * sin]
            }
            Form::Box { x, layers, z } => [between(x[0], x[1], random), layers.at(random), between(z[0], z[1], random)],
            Form::Sphere { inner, outer } => {
                let radius = between(inner.powi(3), outer.powi(3), random).cbrt();
                let height = between(-1.0, 1.0, random);
                let (sin, cos) = between(0.0, 2.0 * std::f64::consts::PI, random).sin_cos();
                let across = (1.0 - height * height).sqrt();
                [radius * across * cos, radius * height, radius * across * sin]
            }
            Form::Grid { nodes, spacing } => {
                let (nx, ny) = (nodes[0] as usize, nodes[1] as usize);
                let at = [index % nx, index / nx % ny, index / (nx * ny)];
                std::array::from_fn(|k| (at[k] as f64 - (nodes[k] as f64 - 1.0) / 2.0) * spacing[k])
            }
            Form::Positions(positions) => positions[index],
        };
        [x + self.center[0], y + self.center[1], z + self.center[2]]
    }
}

impl Layers {
    fn at(&self, random: &mut Philox) -> f64 {
        let height = |layer: &[f64; 2]| layer[1] - layer[0];
        let mut along = random.uniform() * self.0.iter().map(height).sum::<f64>();
        for layer in &self.0 {
            if along <= height(layer) {
                return layer[0] + along;
            }
            along -= height(layer);
        }
        self.0.last().map_or(0.0, |layer| layer[1])
    }
}

fn between(low: f64, high: f64, random: &mut Philox) -> f64 {
    low + (high - low) * random.uniform()
}

fn given<T>(value: Option<T>, entry: &GeometryEntry, key: &'static str) -> Result<T, Problems> {
    value.ok_or_else(|| entry.spot.problem(key, "config-missing-key", format!("this shape needs `{key}`")).into())
}

fn radii(entry: &GeometryEntry, factor: f64) -> Result<(f64, f64), Problems> {
    let outer = given(entry.radius_um, entry, "radius_um")?;
    let inner = entry.inner_radius_um;
    if !(0.0 <= inner && inner <= outer && outer.is_finite()) {
        let message = "the inner radius must not be below 0 nor above the outer one";
        return Err(entry.spot.problem("radius_um", "config-value", message).into());
    }
    Ok((inner * factor, outer * factor))
}

fn layers(entry: &GeometryEntry) -> Result<Layers, Problems> {
    let ranges = given(entry.y_um.clone(), entry, "y_um")?.0;
    let upright = |range: &[f64; 2]| range[0] <= range[1] && range.iter().all(|y| y.is_finite());
    if ranges.is_empty() || !ranges.iter().all(upright) {
        let message = "a range of y is [low, high], low not above high";
        return Err(entry.spot.problem("y_um", "config-value", message).into());
    }
    Ok(Layers(ranges))
}

fn positions(entry: &GeometryEntry, base: &Path) -> Result<Vec<[f64; 3]>, Problems> {
    let name = given(entry.table.clone(), entry, "table")?;
    let table = Table::read(&base.join(name), &entry.spot, "table")?;
    let place = entry.spot.at("table");
    let mut problems = Problems::default();
    let mut column = |header| problems.take(table.column(header, &place).and_then(|column| table.numbers(column)));
    let (x, y, z) = (column("x"), column("y"), column("z"));
    match (x, y, z) {
        (Some(x), Some(y), Some(z)) => Ok((0..x.len()).map(|i| [x[i], y[i], z[i]]).collect()),
        _ => Err(problems),
    }
}

/// The problem of more nodes than places.
pub fn too_many(entry: &GeometryEntry, room: usize, count: usize) -> Problem {
    let message = format!("{count} nodes, but room for {room}");
    entry.spot.problem("shape", "build-room", message).help("give fewer nodes or more places")
}
