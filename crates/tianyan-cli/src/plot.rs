//! `tianyan plot`.

use std::path::Path;
use std::process::ExitCode;
use tianyan::{Error, model};

/// Draws a file of results.
pub fn plot(file: &Path, output: Option<&Path>, cells: &[String]) -> Result<ExitCode, Error> {
    let svg = tianyan::plot(file, cells)?;
    let target = output.map_or_else(|| file.with_extension("svg"), Path::to_path_buf);
    std::fs::write(&target, svg).map_err(|error| {
        let place = model::Place::file(target.display().to_string());
        Error::Output(model::Problem::new("plot-write", format!("cannot write the picture: {error}")).at(place).into())
    })?;
    println!("{}", target.display());
    Ok(ExitCode::SUCCESS)
}
