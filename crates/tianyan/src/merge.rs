//! Results that each rank wrote for itself become one.

use crate::{Error, Session};
use std::path::{Path, PathBuf};
use tianyan_io::output::{Output, RunStatus, RunSummary};
use tianyan_io::parts::{self, Parts};
use tianyan_io::read_back::read_run_json;
use tianyan_model::{Epoch, Place, Problem, Problems};

impl Session {
    /// Brings the results of a run with `writers = "per-rank"` together, as one writer would have written them: this
    /// session's config must be that of the run. The ranks' own files stay.
    ///
    /// # Errors
    /// If results are missing, not complete or not of this config, or cannot be written.
    pub fn merge(&self, output: Option<PathBuf>, double: bool) -> Result<RunSummary, Error> {
        let directory = output.unwrap_or_else(|| self.output_directory());
        // The first rank's own: that of the whole is written anew.
        let first = parts::folder(&directory, 0);
        if !first.is_dir() {
            let place = Place::file(directory.display().to_string());
            let problem = Problem::new("merge-run", "no ranks wrote results of their own here").at(place);
            return Err(Problems::from(problem.help("that is what `tianyan run --writers per-rank` does")).into());
        }
        let summary = read_run_json(&first.join("run.json"))?;
        self.check_merge(&directory, &summary)?;
        let recipe = self.recipe();
        let parts = Parts::open(&directory, summary.ranks, recipe.populations())?;
        let probes = self.all_probes()?;
        let mut settings = self.output_settings(&directory)?;
        settings.double |= double;
        settings.keeps_parts = true;
        settings.overwrite = true;
        let (populations, reports) = (recipe.populations(), recipe.reports());
        let mut output = Output::create(&directory, &settings, populations, reports, &probes, recipe.run())?;
        let epoch = |spikes, traces, end_ms| Epoch { end_ms, spikes, traces };
        parts.spikes(|spikes, end_ms| output.write(&epoch(spikes, Vec::new(), end_ms))).map_err(Error::Output)?;
        for (number, report) in reports.iter().enumerate() {
            let first = probes.partition_point(|probe| probe.report < number);
            let own = &probes[first..first + probes[first..].partition_point(|probe| probe.report == number)];
            let take = |block| output.write(&epoch(Vec::new(), vec![block], f64::INFINITY));
            parts.rows(number, report, own, take).map_err(Error::Output)?;
        }
        self.source.write_placed(&directory).map_err(Error::Output)?;
        output.close(&summary).map_err(Error::Output)?;
        Ok(summary)
    }

    fn check_merge(&self, directory: &Path, summary: &RunSummary) -> Result<(), Problems> {
        let problem = |message: &str, help: &str| {
            let place = Place::file(directory.display().to_string());
            Problems::from(Problem::new("merge-run", message).at(place).help(help))
        };
        if summary.status != RunStatus::Done {
            return Err(problem("this run is not complete", "go on with `tianyan run --resume`"));
        }
        if summary.config_hash != self.config_hash() {
            return Err(problem("this run had another config", "merge with the config that the run had"));
        }
        Ok(())
    }
}
