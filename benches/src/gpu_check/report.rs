//! What was found, as the table of benches/gpu.md.

use std::path::Path;
use std::process::Command;
use tianyan_cuda::device::Device;

/// Between these two lines of a file stands what `gpu-check` found last.
const MARKS: [&str; 2] = ["<!-- gpu-check begins -->", "<!-- gpu-check ends -->"];

/// A measured case.
pub struct Row {
    /// What it is.
    pub name: &'static str,
    /// Compartments.
    pub compartments: u64,
    /// Wall time of a compartment's step on the GPU, ns.
    pub ns: f64,
    /// Wall time of a step, us.
    pub step_us: f64,
    /// The least that its arithmetic or its memory takes on an H200, ns.
    pub floor_ns: Option<f64>,
    /// The same on one core, ns.
    pub one_ns: f64,
    /// On all cores, ns.
    pub all_ns: f64,
    /// How many these are.
    pub cores: usize,
}

/// What was found so far.
pub struct Report {
    /// The device, its driver, the day, the commit.
    pub head: String,
    lines: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    /// Nothing yet.
    pub fn new(device: &Device) -> Report {
        let said = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success());
            output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string()).unwrap_or_default()
        };
        let known = |said: String| if said.is_empty() { "unknown".to_string() } else { said };
        let drivers = said("nvidia-smi", &["--query-gpu=driver_version", "--format=csv,noheader"]);
        let driver = known(drivers.lines().next().unwrap_or_default().into());
        let (day, commit) = (said("date", &["+%Y-%m-%d"]), known(said("git", &["rev-parse", "--short", "HEAD"])));
        let head = format!(
            "{}, {} processors of at most {} MHz; driver {driver}, CUDA {}.{}; {day}; commit {commit}",
            device.name,
            device.multiprocessors,
            device.clock_khz / 1000,
            device.driver / 1000,
            device.driver % 1000 / 10,
        );
        Report { head, lines: Vec::new(), rows: Vec::new() }
    }

    /// Adds a sentence, and says it.
    pub fn line(&mut self, line: String) {
        println!("{line}");
        self.lines.push(line);
    }

    /// Adds a measured case, and says it.
    pub fn row(&mut self, row: Row) {
        println!("{}", row.cells());
        self.rows.push(row);
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.head);
        self.lines.iter().for_each(|line| text += &format!("- {line}\n"));
        if !self.rows.is_empty() {
            text += "\n| case | compartments | us a step | ns a compartment and step | floor | part of the floor | one core | \
                     all cores |\n|---|---|---|---|---|---|---|---|\n";
            self.rows.iter().for_each(|row| text += &format!("{}\n", row.cells()));
        }
        text
    }

    /// Puts all of it between the marks of a file.
    ///
    /// # Errors
    /// If it cannot be read or written, or has no marks.
    pub fn write(&self, file: &Path) -> std::io::Result<()> {
        let before = std::fs::read_to_string(file)?;
        let [begin, end] = MARKS.map(|mark| before.find(mark));
        let (Some(begin), Some(end)) = (begin, end) else {
            return Err(std::io::Error::other(format!("it has no lines {} and {}", MARKS[0], MARKS[1])));
        };
        let (head, tail) = (&before[..begin + MARKS[0].len()], &before[end..]);
        std::fs::write(file, format!("{head}\n{}{tail}", self.text()))
    }
}

impl Row {
    fn cells(&self) -> String {
        let floor = self.floor_ns.map_or(("".into(), "".into()), |floor| {
            (format!("{floor:.3}"), format!("{:.0} %", 100.0 * floor / self.ns))
        });
        format!(
            "| {} | {} | {:.1} | {:.4} | {} | {} | {:.1} ns, {:.0} times | {} cores {:.2} ns, {:.1} times |",
            self.name,
            self.compartments,
            self.step_us,
            self.ns,
            floor.0,
            floor.1,
            self.one_ns,
            self.one_ns / self.ns,
            self.cores,
            self.all_ns,
            self.all_ns / self.ns,
        )
    }
}
