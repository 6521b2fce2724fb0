//! `tianyan spikes`.

use crate::arguments::SpikesArguments;
use crate::say::say;
use std::process::ExitCode;
use tianyan::{Error, PictureFormat, SpikeOptions, SpikeReport, save_picture};

/// Says what a spikes file holds, and draws it.
pub fn spikes(arguments: &SpikesArguments) -> Result<ExitCode, Error> {
    for picture in arguments.raster.iter().chain(&arguments.psth) {
        PictureFormat::of(picture)?;
    }
    let options = SpikeOptions {
        populations: arguments.populations.clone(),
        duration_ms: arguments.duration_ms,
        from_ms: arguments.from_ms,
        to_ms: arguments.to_ms,
        bin_ms: arguments.bin_ms,
        nodes: arguments.nodes.clone(),
        node_types: arguments.node_types.clone(),
        by: arguments.by.clone(),
    };
    let report = SpikeReport::open(&arguments.file, &options)?;
    if let Some(file) = &arguments.raster {
        save_picture(&report.raster(), file)?;
    }
    if let Some(file) = &arguments.psth {
        save_picture(&report.psth(), file)?;
    }
    let text = if arguments.json { format!("{:#}", report.to_json()) } else { report.to_string() };
    say!("{}", text.trim_end());
    Ok(ExitCode::SUCCESS)
}
