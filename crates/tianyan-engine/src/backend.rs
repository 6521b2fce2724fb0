//! What an engine asks of a device.

use crate::{EngineError, Profile, Unfit};
use std::ops::Range;
use tianyan_layout::{Group, PeerCopy, Sampler, Slot, State, Target};
use tianyan_model::{Gid, Spike};

/// How far [`Backend::advance`] goes, and with which groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Uncoupled groups: whole steps, any number of them.
    Whole,
    /// Coupled groups: one step, up to and with the new voltages.
    ToVoltage,
    /// Coupled groups: the rest of a step, after peers were exchanged.
    ToStates,
    /// Coupled groups: the rest of the first of two steps, and the second up to its voltages. As `ToStates` and
    /// `ToVoltage`, but threads meet once.
    ToNextVoltage,
}

/// What made a cell fire: the spike whose event did. Simultaneous spikes are ordered by it, as NEURON's queue would.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cause {
    /// Time of that spike, ms; infinite if no event did.
    pub emitted_ms: f64,
    /// Its number among all spikes of the run.
    pub sequence: u64,
}

impl Cause {
    /// Of detectors, and of cells that fire by themselves.
    pub const NONE: Cause = Cause { emitted_ms: f64::INFINITY, sequence: 0 };

    /// Of point neurons that fire at the end of a step: before all that fires in the next one at the same time.
    pub const BEFORE: Cause = Cause { emitted_ms: f64::NEG_INFINITY, sequence: 0 };

    /// Of point neurons that fire at the start of a step: after all others at the same time.
    pub const LAST: Cause = Cause { emitted_ms: f64::INFINITY, sequence: 1 };

    /// The order of causes: that of the spikes.
    pub fn order(&self, other: &Cause) -> std::cmp::Ordering {
        self.emitted_ms.total_cmp(&other.emitted_ms).then(self.sequence.cmp(&other.sequence))
    }
}

/// A spike, and why.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fired {
    /// The spike.
    pub spike: Spike,
    /// What caused it.
    pub cause: Cause,
}

/// An event that reaches a synapse of a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Step of the epoch, counted from 0, at whose start it is delivered.
    pub step: u32,
    /// Table of the group.
    pub table: u32,
    /// Instance in the table.
    pub instance: u32,
    /// Offset in the group's state of its connection's arguments.
    pub argument: u32,
    /// Exact time, ms: NET_RECEIVE's t.
    pub time_ms: f64,
    /// The spike it comes from.
    pub cause: Cause,
}

/// What reaches one group in an epoch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupInputs {
    /// Sorted by step; within a step by table, instance, time, then the order of the spikes they come from.
    pub events: Vec<Event>,
    /// One row a step, one column for each of [`tianyan_layout::Layout::driven`].
    pub driven: Vec<f64>,
}

/// A spike as point neurons hear it: on the grid of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Its cell.
    pub source: Gid,
    /// The step in which events of its time are delivered; a connection's delay comes on top.
    pub step: u64,
}

/// What reaches all groups in an epoch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inputs {
    /// Number n of the epoch's first step.
    pub first_step: u64,
    /// Start of each step of the epoch, ms.
    pub times_ms: Vec<f64>,
    /// Spikes since the last epoch began, of all cells, for the groups' [`tianyan_layout::Wiring`]s, in any order.
    pub heard: Vec<Heard>,
    /// True if nothing that was heard before counts: the state was replaced.
    pub forget: bool,
    /// By group.
    pub groups: Vec<GroupInputs>,
}

/// What one group produces in an epoch. Buffers are reused.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupOutputs {
    /// Spikes in order of detection.
    pub spikes: Vec<Fired>,
    /// For each sampler the rows of this group's own columns.
    pub rows: Vec<Vec<f64>>,
}

/// What all groups produce in an epoch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outputs {
    /// By group.
    pub groups: Vec<GroupOutputs>,
}

/// One object per rank and device, which owns many groups and advances them.
pub trait Backend: Send {
    /// What it asks of the layout.
    fn target(&self) -> Target;
    /// Takes the groups, initialised. Called once.
    fn load(&mut self, groups: Vec<Group>) -> Result<(), EngineError>;
    /// Takes over what cells see of each other in every step, if this device has all of it: true if coupled groups advance
    /// whole steps with the others from now on. Called at most once, between `load` and `set_probes`, where cells of this
    /// rank see nothing of other ranks.
    fn couple(&mut self, copies: &[PeerCopy]) -> bool {
        let _ = copies;
        false
    }
    /// Advances the steps `steps` of the epoch that `inputs` describes; `phase` says which groups and how far.
    fn advance(
        &mut self,
        steps: Range<usize>,
        phase: Phase,
        inputs: &Inputs,
        outputs: &mut Outputs,
    ) -> Result<(), EngineError>;
    /// Reads slots.
    fn gather(&self, slots: &[Slot], values: &mut [f64]);
    /// Writes slots.
    fn scatter(&mut self, slots: &[Slot], values: &[f64]);
    /// Sets what is recorded into [`GroupOutputs::rows`]: of each sampler the slots of each group, in order.
    fn set_probes(&mut self, samplers: &[Sampler]);
    /// The whole state of every group, copied.
    fn save(&self) -> Vec<State>;
    /// What went wrong in a call that returns no error: its numbers are not to be used.
    fn failure(&self) -> Option<EngineError> {
        None
    }
    /// Whether it can run these groups, as far as their layout tells.
    ///
    /// # Errors
    /// What it cannot.
    fn accepts(&self, groups: &[Group]) -> Result<(), EngineError> {
        let _ = groups;
        Ok(())
    }
    /// Mechanisms whose rates are computed though a run wants them looked up.
    fn unfit(&self) -> Vec<Unfit> {
        Vec::new()
    }
    /// Where time went, if it was asked to measure.
    fn profile(&self) -> Option<Profile> {
        None
    }
}
