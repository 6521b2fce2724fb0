//! Module `xstim`: electrodes whose current changes with time. The medium is ohmic and homogeneous: a point of an
//! electrode raises the potential at distance r by rho I / (4 pi r).

use std::f64::consts::PI;
use std::path::Path;

use serde_json::Value;
use tianyan_model::{Problem, Problems};

use super::coordinates::{Coordinates, Point3, product, rotation};
use crate::config::{Entry, Finder};
use crate::inputs::warn_unknown;
use crate::table::Table;

/// Electrodes nearer than this are refused, as BMTK does.
const NEAREST_UM: f64 = 10.0;

/// A stimulation.
#[derive(Debug, Clone)]
pub(crate) struct Stimulation {
    /// Points of each electrode, um.
    electrodes: Vec<Vec<Point3>>,
    resistance_ohm_cm: f64,
    course: Course,
    entry: Entry,
}

/// How the current goes with time.
#[derive(Debug, Clone)]
enum Course {
    /// A constant while it is on.
    Direct {
        amplitude: f64,
        start_ms: f64,
        duration_ms: f64,
    },
    Sine {
        amplitude: f64,
        start_ms: f64,
        duration_ms: f64,
        frequency_hz: f64,
        phase: f64,
        offset: f64,
    },
    /// Linear between rows; held before the first and after the last.
    Table {
        times_ms: Vec<f64>,
        amplitudes: Vec<f64>,
    },
}

impl Stimulation {
    /// Reads an input.
    pub fn read(entry: &Entry, finder: &Finder, warnings: &mut Problems) -> Result<Stimulation, Problems> {
        let keys = &["positions_file", "waveform", "mesh_files_dir", "cells", "set_nrn_mechanisms", "resistance"];
        warn_unknown(entry, keys, warnings);
        let mut problems = Problems::default();
        let path = finder.existing(entry, "positions_file", &mut problems).into_iter().next();
        let resistance_ohm_cm = entry.number("resistance", &mut problems).unwrap_or(300.0);
        let course = problems.take(course(entry, finder));
        problems.or(())?;
        let path = path.unwrap_or_default();
        let folder = entry.text("mesh_files_dir", &mut Problems::default()).map(|written| finder.path(&written));
        let folder = folder.unwrap_or_else(|| path.parent().unwrap_or(Path::new("")).to_path_buf());
        let electrodes = electrodes(&path, &folder)?;
        let course = course.unwrap_or(Course::Direct { amplitude: 0.0, start_ms: 0.0, duration_ms: 0.0 });
        Ok(Stimulation { electrodes, resistance_ohm_cm, course, entry: entry.clone() })
    }

    /// mV at the middle of each compartment for a current of 1.
    pub fn transfer(&self, cell: &Coordinates) -> Result<Vec<f64>, Problem> {
        let factor = self.resistance_ohm_cm / (4.0 * PI) * 0.01 * 1e6;
        let mut found = vec![0.0; cell.middle.len()];
        for points in &self.electrodes {
            for point in points {
                for (potential, middle) in found.iter_mut().zip(&cell.middle) {
                    let distance = (0..3).map(|k| (point[k] - middle[k]).powi(2)).sum::<f64>().sqrt();
                    if distance < NEAREST_UM {
                        let message = format!("an electrode is {distance:.2} um from a compartment");
                        let problem = self.entry.problem("positions_file", "sonata-electrode", message);
                        return Err(problem.help("electrodes keep at least 10 um away"));
                    }
                    *potential += factor / distance / points.len() as f64;
                }
            }
        }
        Ok(found)
    }

    /// The current in each step: that of step s is the course's at the step's start; there is none in step 0, since
    /// BMTK sets it after a step for the next.
    pub fn samples(&self, steps: u64, dt_ms: f64) -> Vec<f64> {
        (0..=steps).map(|s| if s == 0 { 0.0 } else { self.course.at(s as f64 * dt_ms) }).collect()
    }
}

impl Course {
    fn at(&self, t_ms: f64) -> f64 {
        let on = |start: f64, duration: f64| start < t_ms && t_ms < start + duration;
        match self {
            Course::Direct { amplitude, start_ms, duration_ms } => {
                if on(*start_ms, *duration_ms) {
                    *amplitude
                } else {
                    0.0
                }
            }
            Course::Sine { amplitude, start_ms, duration_ms, frequency_hz, phase, offset } => {
                let angle = 2.0 * PI * (frequency_hz / 1000.0) * t_ms + phase;
                if on(*start_ms, *duration_ms) { amplitude * angle.sin() + offset } else { 0.0 }
            }
            Course::Table { times_ms, amplitudes } => {
                let after = times_ms.partition_point(|t| *t <= t_ms);
                let (Some(before), Some(next)) = (after.checked_sub(1), times_ms.get(after)) else {
                    return amplitudes.get(after.saturating_sub(1)).copied().unwrap_or(0.0);
                };
                let slope = (amplitudes[after] - amplitudes[before]) / (next - times_ms[before]);
                amplitudes[before] + slope * (t_ms - times_ms[before])
            }
        }
    }
}

fn course(entry: &Entry, finder: &Finder) -> Result<Course, Problems> {
    let mut problems = Problems::default();
    let wave = match entry.get("waveform") {
        Some(Value::String(name)) if name.ends_with(".csv") => {
            let path = finder.existing(entry, "waveform", &mut problems).into_iter().next();
            std::mem::take(&mut problems).or(())?;
            let table = Table::read(&path.unwrap_or_default(), ' ')?;
            return Ok(Course::Table { times_ms: table.numbers("time")?, amplitudes: table.numbers("amplitude")? });
        }
        Some(Value::String(_)) => {
            let path = finder.existing(entry, "waveform", &mut problems).into_iter().next();
            std::mem::take(&mut problems).or(())?;
            crate::cell::read_object(&path.unwrap_or_default())?
        }
        _ => entry.object("waveform", &mut problems),
    };
    let shape = wave.need_text("shape", &mut problems).unwrap_or_default().to_lowercase();
    let amplitude = wave.need_number("amp", &mut problems).unwrap_or(0.0);
    let start_ms = wave.need_number("del", &mut problems).unwrap_or(0.0);
    let duration_ms = wave.need_number("dur", &mut problems).unwrap_or(0.0);
    let course = match shape.as_str() {
        "sin" => Course::Sine {
            amplitude,
            start_ms,
            duration_ms,
            frequency_hz: wave.need_number("freq", &mut problems).unwrap_or(0.0),
            phase: wave.number("phase", &mut problems).unwrap_or(PI),
            offset: wave.number("offset", &mut problems).unwrap_or(0.0),
        },
        "dc" | "" => Course::Direct { amplitude, start_ms, duration_ms },
        other => {
            let help = tianyan_io::did_you_mean(other, ["dc", "sin"]);
            problems.push(wave.problem("shape", "sonata-value", format!("there is no shape `{other}`")).help(help));
            Course::Direct { amplitude, start_ms, duration_ms }
        }
    };
    problems.or(course)
}

/// Each electrode's points: its mesh, rotated, and moved so that the mean lies at the electrode's position.
fn electrodes(path: &Path, folder: &Path) -> Result<Vec<Vec<Point3>>, Problems> {
    let table = Table::read(path, ' ')?;
    let column = |name: &str| table.numbers(name);
    let positions = [column("pos_x")?, column("pos_y")?, column("pos_z")?];
    let angles = [column("rotation_x")?, column("rotation_y")?, column("rotation_z")?];
    let meshes = table.column("electrode_mesh_file");
    let mut found = Vec::new();
    for (i, (_, row)) in table.rows.iter().enumerate() {
        let mut points: Vec<Point3> = match meshes.and_then(|column| row.get(column)) {
            Some(name) => {
                let mesh = Table::read(&folder.join(name), ' ')?;
                let of = [mesh.numbers("x_pos")?, mesh.numbers("y_pos")?, mesh.numbers("z_pos")?];
                (0..of[0].len()).map(|j| std::array::from_fn(|k| of[k][j])).collect()
            }
            None => vec![[0.0; 3]],
        };
        let [x, y, z] = [0, 1, 2].map(|k| rotation(k, angles[k][i]));
        let turn = product(&product(&x, &y), &z);
        for point in &mut points {
            *point = std::array::from_fn(|r| (0..3).map(|c| turn[r][c] * point[c]).sum());
        }
        let mean: Point3 =
            std::array::from_fn(|k| points.iter().map(|p| p[k]).sum::<f64>() / points.len().max(1) as f64);
        for point in &mut points {
            *point = std::array::from_fn(|k| point[k] + positions[k][i] - mean[k]);
        }
        found.push(points);
    }
    Ok(found)
}
