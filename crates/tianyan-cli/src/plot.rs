//! `tianyan plot`.

use crate::say::say;
use std::path::Path;
use std::process::ExitCode;
use tianyan::{Error, PictureFormat};

/// Draws a file of results.
pub fn plot(file: &Path, output: Option<&Path>, cells: &[String]) -> Result<ExitCode, Error> {
    let target = output.map_or_else(|| file.with_extension("svg"), Path::to_path_buf);
    PictureFormat::of(&target)?;
    tianyan::save_picture(&tianyan::plot(file, cells)?, &target)?;
    say!("{}", target.display());
    Ok(ExitCode::SUCCESS)
}
