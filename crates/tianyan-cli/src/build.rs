//! `tianyan build`.

use crate::arguments::BuildArguments;
use crate::say::say;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use tianyan::{BuildOptions, Built, Error};

/// Builds a network.
pub fn build(arguments: &BuildArguments) -> Result<ExitCode, Error> {
    let started = Instant::now();
    let options =
        BuildOptions { scale: arguments.scale, seed: arguments.seed, components: arguments.components.clone() };
    let output = arguments.output.clone().unwrap_or_else(|| by_name(&arguments.file));
    let threads = arguments.threads.map_or(0, usize::from);
    let built = tianyan::build_network(&arguments.file, &options, &output, threads, arguments.overwrite)?;
    if !arguments.quiet {
        say!("{}", describe(&built, started.elapsed().as_secs_f64(), &output));
    }
    Ok(ExitCode::SUCCESS)
}

/// `out/<name of the file>`.
fn by_name(file: &Path) -> PathBuf {
    Path::new("out").join(file.file_stem().unwrap_or_default())
}

fn describe(built: &Built, seconds: f64, output: &Path) -> String {
    let nodes = built.nodes.iter().map(|n| format!("{:<32} {:>12} nodes of {} types\n", n.name, n.nodes, n.types));
    let edges = built.edges.iter().map(|e| format!("{:<32} {:>12} edges, {} synapses\n", e.name, e.edges, e.synapses));
    format!(
        "{}{:<32} {:>12}\ndone: {:.1} MB in {seconds:.2} s; the network is in {}",
        nodes.chain(edges).collect::<String>(),
        "input spikes",
        built.spikes,
        built.bytes as f64 / 1e6,
        output.display(),
    )
}
