//! Fields outside the cells: potentials at electrodes, and stimulation through them.

mod activating;
mod coordinates;
mod electrodes;
mod stimulation;

pub(crate) use activating::activating_nanoamp;
pub(crate) use coordinates::{Coordinates, Pose, Stub};
pub(crate) use electrodes::{ElectrodeReport, Electrodes};
pub(crate) use stimulation::Stimulation;
