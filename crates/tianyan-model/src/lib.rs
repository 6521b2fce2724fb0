//! What is to be simulated, in memory and in the field's own words.
//!
//! The nouns, from small to large: a [`Morphology`] is a tree of unbranched [`Section`]s; cutting each
//! section into compartments gives its [`Geometry`]; a [`Cell`] adds membrane properties and density
//! mechanisms; a [`Recipe`] describes the whole network and is asked in batches of gids, so that a rank
//! never holds more than its own share. What crosses the engine's border on the way out are the plain
//! records of [`records`]; [`recordings`] are what a whole run left.
//!
//! Nothing here touches files, MPI or time. Units are NEURON's (mV, ms, um, mA/cm2, S/cm2, uF/cm2, ohm cm)
//! and stand in the names.
#![forbid(unsafe_code)]

pub mod cell;
pub mod discretisation;
pub mod geometry;
pub mod morphology;
pub mod network;
pub mod problem;
pub mod random;
pub mod recipe;
pub mod recordings;
pub mod records;

pub use cell::{Cell, Density, Detector, IonSetting, Parameter, Values};
pub use discretisation::{Discretisation, d_lambda_compartments, lambda_f};
pub use geometry::{Compartment, Geometry};
pub use morphology::{Attachment, Location, Morphology, Point, Section, SectionType, Shape};
pub use network::{
    Connections, Couplings, Driven, Gid, KindId, Peer, PointProcess, Population, Probe, Quantity, RandomSpikes, Report,
    Rows, Stimuli, Waveform, delay_problem,
};
pub use problem::{Place, Problem, Problems};
pub use recipe::{
    CurrentDerivative, MechanismSource, Precision, Recipe, RunSettings, SELF_EVENTS, SecondOrder, Synapses,
    rate_error_problem,
};
pub use recordings::{PopulationReport, PopulationSpikes};
pub use records::{CellState, Epoch, Snapshot, Spike, TraceBlock};
