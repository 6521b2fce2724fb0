//! `tianyan slurm`: a batch script that fits a model.

use crate::arguments::SlurmArguments;
use crate::say::say;
use std::process::ExitCode;
use tianyan::{Error, Overrides, RankEstimate, Session};

/// The script as it is shipped; its numbers are replaced.
const TEMPLATE: &str = include_str!("../../../slurm/cpu.sbatch");

/// Cells are not worth a rank below so many seconds of processor time each.
const LEAST_SECONDS: f64 = 30.0;

/// Of the estimate, which may be wrong by a factor of three.
const SAFETY: f64 = 3.0;

/// Where nothing is said.
pub const CORES_PER_NODE: usize = 32;

/// The least time asked for, s: queues and set-up take theirs.
const LEAST_TIME_S: f64 = 600.0;

/// Prints the script.
pub fn slurm(arguments: &SlurmArguments) -> Result<ExitCode, Error> {
    let session = Session::open(&arguments.config, &Overrides::default())?;
    let whole = session.estimate()?;
    let cores = arguments.cores_per_node.max(1) as usize;
    let wanted = (whole.cpu_s / LEAST_SECONDS).ceil().clamp(1.0, (cores * 1000) as f64) as usize;
    let ranks = arguments.ranks.map_or(wanted.min(session.cells()).max(1), |ranks| ranks as usize);
    let estimate = session.estimate_ranks(&whole, ranks)?;
    let mut lines = options(&estimate, cores);
    let named = |key: &str, value: &Option<String>| value.as_ref().map(|value| (format!("--{key}"), value.clone()));
    lines.extend(named("partition", &arguments.partition));
    lines.extend(named("account", &arguments.account));
    if let Some(time) = &arguments.time {
        lines.retain(|(key, _)| key != "--time");
        lines.push(("--time".into(), time.clone()));
    }
    let config = arguments.config.display().to_string();
    say!("{}", for_model(&filled(TEMPLATE, &lines), &config).trim_end());
    Ok(ExitCode::SUCCESS)
}

/// The head of a script for so many ranks.
pub fn head(estimate: &RankEstimate) -> String {
    options(estimate, CORES_PER_NODE).iter().map(|(key, value)| format!("#SBATCH {key}={value}\n")).collect()
}

fn options(estimate: &RankEstimate, cores_per_node: usize) -> Vec<(String, String)> {
    let seconds = (estimate.wall_s * SAFETY).max(LEAST_TIME_S) as u64;
    let time = format!("{:02}:{:02}:00", seconds / 3600, (seconds % 3600).div_ceil(60).min(59));
    let megabytes = (estimate.memory_mb * 1.2).ceil() as u64;
    let pairs = [
        ("--nodes", estimate.ranks.div_ceil(cores_per_node).to_string()),
        ("--ntasks", estimate.ranks.to_string()),
        ("--cpus-per-task", "1".into()),
        ("--mem-per-cpu", format!("{}M", megabytes.max(200))),
        ("--time", time),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_string(), value)).collect()
}

/// The script with a model of its own, unless another one is named.
fn for_model(script: &str, config: &str) -> String {
    let quoted = config.replace('\'', "'\\''");
    let line = |line: &str| match line {
        _ if line.starts_with("CONFIG=") => format!("MODEL='{quoted}'\nCONFIG=${{1:-$MODEL}}"),
        "shift" => "[ $# -gt 0 ] && shift".into(),
        _ if line.starts_with("#     sbatch ") => {
            "#     sbatch THIS [MODEL] [options of `tianyan run`, but --overwrite]".into()
        }
        _ if line.starts_with("# `tianyan slurm") => {
            format!("# Written by `tianyan slurm {config}`, whose estimate its numbers are from.")
        }
        _ => line.to_string(),
    };
    script.lines().map(|text| line(text) + "\n").collect()
}

/// The script with these options instead of its own; those that it lacks come behind the first.
fn filled(template: &str, options: &[(String, String)]) -> String {
    let key_of = |line: &str| line.strip_prefix("#SBATCH ").and_then(|rest| rest.split('=').next()).map(String::from);
    let known: Vec<String> = template.lines().filter_map(key_of).collect();
    let mut missing: Vec<&(String, String)> = options.iter().filter(|(key, _)| !known.contains(key)).collect();
    let mut text = String::new();
    for line in template.lines() {
        let found = key_of(line).and_then(|key| options.iter().find(|(other, _)| *other == key));
        match found {
            Some((key, value)) => text += &format!("#SBATCH {key}={value}\n"),
            None => text += &format!("{line}\n"),
        }
        if key_of(line).is_some() {
            missing.drain(..).for_each(|(key, value)| text += &format!("#SBATCH {key}={value}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_gets_the_numbers() {
        let estimate = RankEstimate { ranks: 96, load: (0.9, 1.1), idle: 0, memory_mb: 500.0, wall_s: 3000.0 };
        let mut lines = options(&estimate, 48);
        lines.push(("--partition".into(), "fast".into()));
        let text = filled(TEMPLATE, &lines);
        for line in ["--nodes=2", "--ntasks=96", "--mem-per-cpu=600M", "--time=02:30:00", "--partition=fast"] {
            assert_eq!(text.matches(&format!("#SBATCH {line}\n")).count(), 1, "{line}\n{text}");
        }
        assert_eq!(text.lines().count(), TEMPLATE.lines().count() + 1);
        assert!(text.contains("srun --mpi=pmix --kill-on-bad-exit=1"));
        let own = for_model(&text, "it's.toml");
        assert!(own.contains("\nMODEL='it'\\''s.toml'\nCONFIG=${1:-$MODEL}\n[ $# -gt 0 ] && shift\n"), "{own}");
        assert!(own.contains("#     sbatch THIS [MODEL]") && own.contains("# Written by `tianyan slurm it's.toml`"));
    }
}
