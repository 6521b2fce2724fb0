//! Module `extracellular`: potentials at electrodes, of line sources in a medium of 0.3 S/m.
//!
//! V = sum over compartments of I / (4 pi sigma length) ln((up + sqrt(up^2 + r^2)) / (low + sqrt(low^2 + r^2))), where
//! up and low are the distances of the compartment's ends along its axis and r that from the axis (G. R. Holt and
//! C. Koch, Journal of Computational Neuroscience 6 (1999) 169). I in nA, lengths in um, sigma in S/m give mV.

use std::f64::consts::PI;
use std::path::PathBuf;

use tianyan_model::{Gid, Problems};

use super::coordinates::{Coordinates, Point3};
use crate::config::{Entry, Finder};
use crate::table::Table;

const SIGMA_S_PER_M: f64 = 0.3;

/// Positions of electrodes, um.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Electrodes {
    pub positions: Vec<Point3>,
    /// `minimum_distance`.
    pub nearest: Nearest,
}

/// What keeps electrodes out of compartments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Nearest {
    /// Nothing.
    Any,
    /// That many um.
    Fixed(f64),
    /// The radius of each compartment.
    Radius,
}

/// A report of potentials.
#[derive(Debug, Clone)]
pub(crate) struct ElectrodeReport {
    pub file: String,
    pub electrodes: Electrodes,
    /// Ascending.
    pub gids: Vec<Gid>,
    /// Folder for the share of each cell.
    pub contributions: Option<PathBuf>,
    /// Index among the recipe's reports.
    pub report: usize,
}

const KEYS: &[&str] = &[
    "module",
    "cells",
    "variable_name",
    "file_name",
    "electrode_positions",
    "electrode_channels",
    "contributions_dir",
    "minimum_distance",
    "enabled",
    "tmp_dir",
];

impl Electrodes {
    /// Reads the electrodes of a report.
    pub fn read(entry: &Entry, finder: &Finder, warnings: &mut Problems) -> Result<Electrodes, Problems> {
        entry.warn_unknown(KEYS, warnings);
        let mut problems = Problems::default();
        let path = finder.existing(entry, "electrode_positions", &mut problems).into_iter().next();
        let nearest = match entry.get("minimum_distance") {
            None => Nearest::Any,
            Some(value) if value == "auto" => Nearest::Radius,
            Some(_) => match entry.number("minimum_distance", &mut problems) {
                Some(distance) if distance > 0.0 => Nearest::Fixed(distance),
                _ => Nearest::Any,
            },
        };
        problems.or(())?;
        let table = Table::read(&path.unwrap_or_default(), ' ')?;
        let columns = [table.numbers("x_pos")?, table.numbers("y_pos")?, table.numbers("z_pos")?];
        let positions = (0..columns[0].len()).map(|i| std::array::from_fn(|k| columns[k][i])).collect();
        Ok(Electrodes { positions, nearest })
    }

    /// mV at each electrode for 1 nA out of each compartment of a cell: `[electrode][compartment]`.
    pub fn transfer_mv_per_nanoamp(&self, cell: &Coordinates, diameters_um: &[f64]) -> Vec<Vec<f64>> {
        let one = |at: &Point3| -> Vec<f64> {
            let compartments = cell.start.iter().zip(&cell.end).zip(diameters_um);
            compartments.map(|((start, end), diameter)| self.line(at, start, end, *diameter)).collect()
        };
        self.positions.iter().map(one).collect()
    }

    fn line(&self, at: &Point3, start: &Point3, end: &Point3, diameter_um: f64) -> f64 {
        let along: Point3 = std::array::from_fn(|k| end[k] - start[k]);
        let away: Point3 = std::array::from_fn(|k| at[k] - (start[k] + end[k]) / 2.0);
        let dot = |a: &Point3, b: &Point3| (0..3).map(|k| a[k] * b[k]).sum::<f64>();
        let length = dot(&along, &along).sqrt();
        let parallel = (dot(&away, &along) / length).abs();
        let mut across = dot(&away, &away) - parallel * parallel;
        let (up, low) = (parallel + length / 2.0, parallel - length / 2.0);
        let nearest = match self.nearest {
            Nearest::Any => 0.0,
            Nearest::Fixed(distance) => distance,
            Nearest::Radius => diameter_um / 2.0,
        };
        if low < nearest {
            across = across.max(nearest * nearest);
        }
        let (far, near) = (up + (up * up + across).sqrt(), low + (low * low + across).sqrt());
        (far / near).ln() / length / (4.0 * PI * SIGMA_S_PER_M)
    }
}
