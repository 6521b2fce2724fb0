//! Checkpoints of a run: when they are due, how ranks write one together, and how a run goes on from one.

use crate::ranks::{agree, check_device};
use crate::{Error, Session, VERSION};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::{Duration, Instant};
use tianyan_comm::Communicator;
use tianyan_engine::Simulation;
use tianyan_io::checkpoint::{Checkpoint, CheckpointHead, CheckpointWriter, FORMAT};
use tianyan_io::output::Output;
use tianyan_model::{Gid, Precision, Problems, RunSettings, Snapshot};

/// When a run writes checkpoints by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CheckpointPlan {
    /// After so much model time, ms.
    pub every_ms: Option<f64>,
    /// After so much wall time, minutes.
    pub every_minutes: Option<f64>,
}

/// When the next checkpoint is due.
#[derive(Debug)]
pub(crate) struct Schedule {
    plan: CheckpointPlan,
    next_ms: f64,
    written: Instant,
}

impl Schedule {
    pub fn new(plan: CheckpointPlan, now_ms: f64) -> Schedule {
        let mut schedule = Schedule { plan, next_ms: f64::INFINITY, written: Instant::now() };
        schedule.restart(now_ms);
        schedule
    }

    /// Whether one is due at a model time, the same on all ranks.
    pub fn is_due(&self, now_ms: f64) -> bool {
        now_ms >= self.next_ms
    }

    /// Whether one is due by this rank's clock.
    pub fn is_overdue(&self) -> bool {
        let minutes = self.plan.every_minutes.filter(|minutes| *minutes >= 0.0);
        minutes.is_some_and(|minutes| self.written.elapsed() >= Duration::from_secs_f64((minutes * 60.0).min(1e9)))
    }

    /// One was written.
    pub fn restart(&mut self, now_ms: f64) {
        self.written = Instant::now();
        // A rounding of the sum of steps is not another interval.
        let next = |every_ms: f64| ((now_ms / every_ms + 1e-9).floor() + 1.0) * every_ms - 1e-9 * every_ms;
        self.next_ms = self.plan.every_ms.filter(|every_ms| *every_ms > 0.0).map_or(f64::INFINITY, next);
    }
}

/// Writes a checkpoint. All ranks call together; `output` is that of the ranks that write, `directory` the folder of all
/// results where it is not theirs.
pub(crate) fn write(
    simulation: &mut Simulation,
    mut output: Option<&mut Output>,
    directory: Option<&Path>,
    model: &[(String, String)],
) -> Result<(), Error> {
    let written = output.as_mut().map(|output| output.written()).transpose();
    let own = agree(simulation.comm(), written.map_err(Error::Output))?;
    // Numbers and names are always JSON.
    let own = own.map_or_else(Vec::new, |written| serde_json::to_vec(&written).unwrap_or_default());
    let written = simulation.comm().gather_to_root(&own);
    let written = written.iter().filter_map(|text| serde_json::from_slice(text).ok()).collect();
    let is_root = simulation.comm().rank() == 0;
    let network = of_network(simulation)?;
    let model: Vec<_> = model.iter().cloned().chain([network]).collect();
    let spikes = simulation.all_spikes();
    let recent = simulation.recent_spikes();
    let (step, time_ms, handed_out_ms) = (simulation.step(), simulation.time_ms(), simulation.handed_out_ms());
    let output = output.filter(|_| is_root);
    let begun = output.map(|output| {
        let directory = directory.unwrap_or(output.directory());
        let head = CheckpointHead {
            format: FORMAT,
            tianyan_version: VERSION.into(),
            model,
            step,
            time_ms,
            handed_out_bits: handed_out_ms.to_bits(),
            spikes,
            written,
        };
        CheckpointWriter::create(directory, &head)
    });
    let mut writer = agree(simulation.comm(), begun.transpose().map_err(Error::Output))?;
    for rank in 0..simulation.comm().size() {
        let cells = simulation.cells_of(rank);
        check_device(simulation)?;
        let taken = writer.as_mut().map_or(Ok(()), |writer| writer.append(&cells));
        agree(simulation.comm(), taken.map_err(Error::Output))?;
    }
    let finished = writer.map_or(Ok(()), |writer| writer.finish(&recent).map(|_| ()));
    agree(simulation.comm(), finished.map_err(Error::Output))
}

/// The newest whole checkpoint in the folder of a run's results, the same for all ranks; what is wrong with newer ones
/// comes with it. All ranks call together.
pub(crate) fn newest(output: &Path, comm: &mut dyn Communicator) -> Result<Option<(Checkpoint, Problems)>, Error> {
    // Rank 0 reads each to its end; the others open what it chose.
    let chosen = if comm.rank() == 0 { Checkpoint::newest(output) } else { Ok(None) };
    let chosen = agree(comm, chosen.map_err(Error::Input))?;
    let path = chosen.as_ref().map(|(checkpoint, _)| checkpoint.path.display().to_string()).unwrap_or_default();
    let path = comm.all_gather(path.as_bytes()).swap_remove(0);
    if path.is_empty() {
        return Ok(None);
    }
    let opened = match chosen {
        Some(chosen) => Ok(chosen),
        None => {
            let path = String::from_utf8_lossy(&path).into_owned();
            Checkpoint::open(Path::new(&path)).map(|checkpoint| (checkpoint, Problems::default()))
        }
    };
    agree(comm, opened.map_err(Error::Input)).map(Some)
}

/// What files beside the config make of the network.
fn of_network(simulation: &mut Simulation) -> Result<(String, String), Error> {
    let digest = simulation.digest();
    check_device(simulation)?;
    Ok(("the network's cells and connections".into(), format!("{digest:016x}")))
}

/// Puts a simulation where the checkpoint was made, if it is that of the same `model`. All ranks call together.
pub(crate) fn restore(
    simulation: &mut Simulation,
    checkpoint: &Checkpoint,
    own: &[Gid],
    model: &[(String, String)],
    steps: u64,
) -> Result<(), Error> {
    let network = of_network(simulation)?;
    let model: Vec<_> = model.iter().cloned().chain([network]).collect();
    let same = checkpoint.check_model(VERSION, &model, steps);
    agree(simulation.comm(), same.map_err(Error::Input))?;
    let read = || -> Result<Snapshot, Problems> {
        let head = &checkpoint.head;
        let handed_out_ms = f64::from_bits(head.handed_out_bits);
        Ok(Snapshot { step: head.step, cells: checkpoint.cells(own)?, spikes: checkpoint.spikes()?, handed_out_ms })
    };
    let snapshot = agree(simulation.comm(), read().map_err(Error::Input))?;
    simulation.restore(&snapshot)?;
    check_device(simulation)?;
    simulation.count_spikes_from(checkpoint.head.spikes);
    Ok(())
}

impl Session {
    /// What a checkpoint must have in common with the model: names, and digests or values.
    pub(crate) fn fingerprint(&self, double: bool) -> Vec<(String, String)> {
        let RunSettings {
            dt_ms, temperature_celsius, seed, tables, rate_error, synapses, second_order, precision, ..
        } = self.recipe().run();
        let mut all = vec![
            ("the digest of the config's text".to_string(), digest(&self.source.essence())),
            ("the number of cells".into(), self.cells().to_string()),
            ("dt_ms".into(), dt_ms.to_string()),
            ("temperature_celsius".into(), temperature_celsius.to_string()),
            ("seed".into(), seed.to_string()),
            ("tables".into(), tables.to_string()),
            ("rate_error".into(), rate_error.map_or("none".into(), |bound| bound.to_string())),
            ("synapses".into(), format!("{synapses:?}").to_lowercase()),
            ("precision".into(), if *precision == Precision::Single { "f32" } else { "f64" }.into()),
            ("second_order".into(), format!("{second_order:?}").to_lowercase()),
            ("the width of reports".into(), if double { "64 bits" } else { "as the config says" }.into()),
        ];
        let mechanisms = self.recipe().mechanisms().iter();
        all.extend(mechanisms.map(|source| (format!("mechanism file {}", source.origin), digest(&source.text))));
        all
    }
}

/// The first digits of a text's hash, enough to tell two texts apart.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_due_at_multiples() {
        let plan = CheckpointPlan { every_ms: Some(10.0), every_minutes: None };
        let mut schedule = Schedule::new(plan, 0.0);
        assert!(!schedule.is_due(9.9) && schedule.is_due(9.999_999_999_9) && schedule.is_due(12.0));
        schedule.restart(12.0);
        assert!(!schedule.is_due(19.0) && schedule.is_due(20.0));
        schedule.restart(19.999_999_999_9);
        assert!(!schedule.is_due(20.1) && schedule.is_due(30.0));
        assert!(!schedule.is_overdue() && !Schedule::new(CheckpointPlan::default(), 0.0).is_due(1e9));
        assert!(Schedule::new(CheckpointPlan { every_ms: None, every_minutes: Some(0.0) }, 0.0).is_overdue());
    }
}
