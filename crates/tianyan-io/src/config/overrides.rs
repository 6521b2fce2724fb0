//! What a command line changes in a config.

use std::sync::Arc;

use super::{Config, SynapseRule, check_run, schema};
use tianyan_model::{Place, Precision, Problems, Synapses};

impl Config {
    /// Keeps synapses apart, or together.
    pub fn override_synapses(&mut self, synapses: Synapses) {
        Arc::make_mut(&mut self.document).run.synapses = match synapses {
            Synapses::Merged => SynapseRule::Merged,
            Synapses::Separate => SynapseRule::Separate,
        };
    }

    /// Has density mechanisms compute with numbers of that width.
    pub fn override_precision(&mut self, precision: Precision) {
        Arc::make_mut(&mut self.document).run.precision = match precision {
            Precision::Double => schema::Precision::Double,
            Precision::Single => schema::Precision::Single,
        };
    }

    /// Has rates looked up, off by at most this part.
    pub fn override_rate_error(&mut self, bound: f64) {
        Arc::make_mut(&mut self.document).run.rate_error = Some(bound);
    }

    /// Replaces the duration and the step, and turns tables on; the result is checked as if it had been typed.
    pub fn override_run(&mut self, duration_ms: Option<f64>, dt_ms: Option<f64>, tables: bool) -> Result<(), Problems> {
        if duration_ms.is_none() && dt_ms.is_none() && !tables {
            return Ok(());
        }
        let document = Arc::make_mut(&mut self.document);
        document.run.duration_ms = duration_ms.unwrap_or(document.run.duration_ms);
        document.run.dt_ms = dt_ms.unwrap_or(document.run.dt_ms);
        document.run.tables |= tables;
        let mut problems = Problems::default();
        check_run(&self.document.run, &mut problems);
        // What is wrong now was not typed in the file.
        let command_line =
            [duration_ms.map(|ms| format!("--duration-ms {ms}")), dt_ms.map(|ms| format!("--dt-ms {ms}"))];
        let command_line = command_line.into_iter().flatten().collect::<Vec<_>>().join(" ");
        problems.0.iter_mut().for_each(|problem| problem.place = Place::default().key(&command_line));
        problems.or(())
    }
}
