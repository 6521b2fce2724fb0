//! Numbers about what runs recorded, comparisons of two runs, and pictures. Nothing here touches files.
//!
//! [`statistics`] and [`rate_course`] look at the spikes of a group of cells; [`compare_spikes`] and
//! [`compare_traces`] say where two runs part.
//!
//! [`draw_traces`] draws voltages (or anything else) over time, in one panel or one panel a trace; [`draw_raster`]
//! draws a mark for every spike, [`draw_psth`] rates over time. All have axes with units and ticks at 1-2-5 steps,
//! and stay small: a trace is cut down to the extremes of at most 1000 stretches, spikes that would fall on the
//! same spot of the picture are drawn once, and very many as a grid of pixels. A [`Picture`] is written as SVG
//! text or as the bytes of a PNG.
#![forbid(unsafe_code)]

mod axis;
mod compare_spikes;
mod compare_traces;
mod decimate;
mod density;
mod plot;
mod png;
mod psth;
mod raster;
mod rates;
mod svg;
mod traces;

pub use axis::{Axis, nice_ticks};
pub use compare_spikes::{CellCounts, LoneSpike, Shifts, SpikeComparison, compare_spikes};
pub use compare_traces::{TraceComparison, TraceDifference, TraceTolerance, compare_traces};
pub use decimate::decimate;
pub use plot::Picture;
pub use psth::draw_psth;
pub use raster::{RasterStyle, draw_raster};
pub use rates::{RateCourse, SpikeStatistics, Window, rate_course, statistics};
pub use traces::{Arrangement, Trace, TraceStyle, draw_traces};
