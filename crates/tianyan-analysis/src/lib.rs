//! Pictures of what a run recorded, as SVG text. Nothing here touches files.
//!
//! [`traces_svg`] draws voltages (or anything else) over time, in one panel or one panel a trace;
//! [`raster_svg`] draws a dot for every spike. Both have axes with units and ticks at 1-2-5 steps, and stay
//! small: a trace is cut down to the extremes of at most 1000 stretches, and spikes that would fall on the same
//! spot of the picture are drawn once.
#![forbid(unsafe_code)]

mod axis;
mod decimate;
mod plot;
mod raster;
mod traces;

pub use axis::{Axis, nice_ticks};
pub use decimate::decimate;
pub use raster::{RasterStyle, raster_svg};
pub use traces::{Arrangement, Trace, TraceStyle, traces_svg};
