//! `tianyan export`.

use crate::say::say;
use std::path::Path;
use std::process::ExitCode;
use tianyan::{Error, Overrides, Session};

/// Writes a network as a Python script for NEURON.
pub fn neuron(config: &Path, directory: &Path) -> Result<ExitCode, Error> {
    let session = Session::open(config, &Overrides::default())?;
    let files = session.export_neuron(directory)?;
    say!("{} files in {}; run `python network.py` there", files.len(), directory.display());
    Ok(ExitCode::SUCCESS)
}
