//! `gpu-check`: whether a GPU computes the bits of the CPU, and how fast. One program that needs the NVIDIA driver, NVRTC and
//! nothing else: no cargo, no network, no libhdf5. `make gpu-check` builds and runs it; it may be copied to a machine with a
//! GPU as well.

mod bits;
mod models;
mod report;
mod speed;

use report::Report;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use tianyan_cuda::CudaOptions;
use tianyan_cuda::device::Device;

const USAGE: &str = "\
gpu-check [OPTIONS]

  --data DIR              the folder `models` of the checkout: the worm, too
  --only bits|speed       half of it
  --cases NAME,...        of the speeds: hh, hh-large, rich, passive, solve, empty, microcircuit
  --epochs N              measured epochs of a case [default: 20]
  --report FILE           write the table between the marks of this file
  --threads N, --processor-threads N, --lanes N, --group-kb N
                          other sizes than the default, to try them
  --profile               say where the time of a step goes

Exit code: 0 if all bits are the same, 1 if not, 2 if there is no GPU to ask, 3 if the command line is wrong.";

/// Options with a value, and those without.
const VALUED: [&str; 9] = [
    "--data",
    "--only",
    "--cases",
    "--epochs",
    "--report",
    "--threads",
    "--processor-threads",
    "--lanes",
    "--group-kb",
];
const PLAIN: [&str; 2] = ["--profile", "--sanitized"];

/// What the command line asks for.
struct Asked {
    words: Vec<String>,
}

impl Asked {
    fn has(&self, name: &str) -> bool {
        self.words.iter().any(|word| word == name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        let at = self.words.iter().position(|word| word == name)?;
        self.words.get(at + 1).map(String::as_str)
    }

    fn number(&self, name: &str, default: usize) -> usize {
        self.value(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// What is wrong with it.
    fn fault(&self) -> Option<String> {
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                word if PLAIN.contains(&word) => {}
                word if VALUED.contains(&word) => {
                    let Some(value) = words.next() else { return Some(format!("{word} wants a value")) };
                    let is_right = match word {
                        "--data" => std::path::Path::new(value).is_dir(),
                        "--report" => std::path::Path::new(value).is_file(),
                        "--only" => ["bits", "speed"].contains(&value.as_str()),
                        "--cases" => value.split(',').all(speed::is_case),
                        _ => value.parse::<usize>().is_ok(),
                    };
                    if !is_right {
                        return Some(format!("{word} {value}: that is none"));
                    }
                }
                word => return Some(format!("there is no option {word}")),
            }
        }
        None
    }

    fn options(&self) -> CudaOptions {
        let default = CudaOptions::default();
        CudaOptions {
            lanes: self.number("--lanes", default.lanes),
            threads: self.number("--threads", default.threads),
            threads_of_processor: self.number("--processor-threads", default.threads_of_processor),
            group_bytes: self.number("--group-kb", default.group_bytes >> 10) << 10,
            profile: self.has("--profile"),
            ..default
        }
    }
}

fn main() -> ExitCode {
    let asked = Asked { words: std::env::args().skip(1).collect() };
    if asked.has("--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(fault) = asked.fault() {
        eprintln!("{fault}\n\n{USAGE}");
        return ExitCode::from(3);
    }
    let device = match tianyan_cuda::devices().and_then(|_| Device::open(0).map_err(|error| error.to_string())) {
        Ok(device) => device,
        Err(missing) => {
            eprintln!("GPU: not present ({missing}); nothing was checked");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::new(&device);
    println!("{}", report.head);
    let options = asked.options();
    let (only, mut same) = (asked.value("--only"), true);
    if only != Some("speed") {
        same = bits::small(&options, &mut report);
        // Under compute-sanitizer the others would take hours.
        if !asked.has("--sanitized") {
            let data = asked.value("--data").map(PathBuf::from);
            same &= bits::large(&options, data.as_deref(), &mut report);
            same &= sanitize(&mut report);
        }
    }
    if only != Some("bits") {
        speed::all(&options, asked.value("--cases"), asked.number("--epochs", 20), &mut report);
    }
    if let Some(file) = asked.value("--report")
        && let Err(error) = report.write(file.as_ref())
    {
        eprintln!("{file}: {error}");
        return ExitCode::FAILURE;
    }
    if same { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The small models once more under compute-sanitizer, if it is there.
fn sanitize(report: &mut Report) -> bool {
    let tool = ["compute-sanitizer", "/usr/local/cuda/bin/compute-sanitizer"]
        .into_iter()
        .find(|tool| Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success()));
    let (Some(tool), Ok(own)) = (tool, std::env::current_exe()) else {
        report.line("compute-sanitizer is not there".into());
        return true;
    };
    let check = |what: &str| {
        let mut command = Command::new(tool);
        command.args(["--tool", what, "--error-exitcode", "9"]).arg(&own).args(["--only", "bits", "--sanitized"]);
        let clean = command.output().is_ok_and(|output| output.status.success());
        (format!("compute-sanitizer {what}: {}", if clean { "nothing found" } else { "FOUND SOMETHING" }), clean)
    };
    ["memcheck", "racecheck"].iter().fold(true, |all, what| {
        let (line, clean) = check(what);
        report.line(line);
        all && clean
    })
}
