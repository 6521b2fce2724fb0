//! A network from a description of populations and rules.

use std::path::Path;

use tianyan_build::{BuildOptions, Built, Plan, read};
use tianyan_model::{Place, Problem, Problems};

use crate::Error;

/// Builds the network that `file` describes, as SONATA files in the folder `output`, on so many threads (0: all cores).
/// The files do not depend on the number of threads.
pub fn build_network(
    file: &Path,
    options: &BuildOptions,
    output: &Path,
    threads: usize,
    overwrite: bool,
) -> Result<Built, Error> {
    if tianyan_sonata::is_config(file) {
        let message = "a JSON config is a network that is built already";
        let place = Place::file(file.display().to_string());
        return Err(Problems::from(Problem::new("build-file", message).at(place).help("use `tianyan run`")).into());
    }
    let description = read(file)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool =
        pool.map_err(|error| Problems::from(Problem::new("threads", format!("cannot start threads: {error}"))))?;
    pool.install(|| Plan::new(&description, options)?.write(output, overwrite).map_err(Error::Output))
}
