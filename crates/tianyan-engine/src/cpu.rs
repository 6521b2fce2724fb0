//! The backend that runs on the threads of this machine.

use crate::EngineError;
use crate::backend::{Backend, GroupInputs, GroupOutputs, Inputs, Outputs, Phase};
use crate::compile::KernelCache;
use crate::kernels::{KernelOrigin, Kernels};
use crate::native;
use crate::profile::{Part, Profile, Stopwatch};
use crate::rates::{RateTables, Unfit};
use crate::step::{self, Clock, Scratch};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use tianyan_layout::{Group, Layout, MechanismTable, Sampler, Slot, State, Target};
use tianyan_nmodl::Mechanism;

/// How the CPU backend is set up.
#[derive(Debug, Clone, Default)]
pub struct CpuOptions {
    /// Number of threads; 0 means one.
    pub threads: usize,
    /// Where machine code of mechanisms that are not shipped comes from; without it they are interpreted.
    pub cache: Option<KernelCache>,
    /// Interpret everything: slow, for tests.
    pub interpret: bool,
    /// Bytes of a group; 0 means the default, half of a common L2.
    pub group_bytes: usize,
    /// Measure where time goes.
    pub profile: bool,
    /// Chains side by side: 1, 2, 4, 8 or 16; 0 means as wide as the processor's vectors.
    pub lanes: usize,
}

/// Voltages beyond this are no membrane's: the run has blown up.
pub const LARGEST_VOLTAGE_MV: f64 = 1e6;

/// Voltages are looked at after so many steps.
const CHECK_STEPS: u64 = 64;

/// Groups on the threads of this machine.
pub struct CpuBackend {
    options: CpuOptions,
    groups: Vec<Loaded>,
    origins: BTreeMap<String, KernelOrigin>,
    rates: RateTables,
}

struct Loaded {
    group: Group,
    kernels: Vec<Kernels>,
    scratch: Scratch,
    samplers: Vec<Columns>,
}

/// The columns of one sampler that lie in one group.
struct Columns {
    /// When rows are taken; without its slots.
    when: Sampler,
    offsets: Vec<u32>,
}

impl CpuBackend {
    /// A backend without groups.
    pub fn new(options: CpuOptions) -> CpuBackend {
        CpuBackend { options, groups: Vec::new(), origins: BTreeMap::new(), rates: RateTables::default() }
    }

    /// Where each mechanism's kernels came from.
    pub fn origins(&self) -> &BTreeMap<String, KernelOrigin> {
        &self.origins
    }

    /// The kernels of a mechanism, and where they came from.
    ///
    /// # Errors
    /// If they cannot be compiled.
    pub fn kernels(&self, mechanism: &Mechanism) -> Result<(Kernels, KernelOrigin), EngineError> {
        Ok(if self.options.interpret {
            (Kernels::interpreted(), KernelOrigin::Interpreted)
        } else if let Some(native) = native::shipped(mechanism, native::instruction_set()) {
            (Kernels::native(native), KernelOrigin::Shipped)
        } else if let Some(cache) = &self.options.cache {
            (Kernels::native(cache.get(mechanism)?), KernelOrigin::Compiled)
        } else {
            (Kernels::interpreted(), KernelOrigin::Interpreted)
        })
    }

    /// The kernels of all mechanisms of these groups, by name; what must be compiled is compiled side by side.
    fn all_kernels(&mut self, groups: &[Group]) -> Result<BTreeMap<String, Kernels>, EngineError> {
        let tables = groups.iter().flat_map(|group| &group.layout.tables);
        let mechanisms: BTreeMap<&str, &Mechanism> =
            tables.map(|table| (table.mechanism.name.as_str(), &*table.mechanism)).collect();
        let made: Result<Vec<_>, EngineError> = mechanisms
            .into_par_iter()
            .map(|(name, mechanism)| self.kernels(mechanism).map(|made| (name.to_string(), made)))
            .collect();
        let made = made?;
        self.origins.extend(made.iter().map(|(name, (_, origin))| (name.clone(), *origin)));
        Ok(made.into_iter().map(|(name, (kernels, _))| (name, kernels)).collect())
    }
}

impl Backend for CpuBackend {
    fn target(&self) -> Target {
        let lanes = if self.options.lanes > 0 { self.options.lanes } else { native::lanes() };
        Target {
            lanes,
            alike: lanes,
            group_bytes: if self.options.group_bytes > 0 { self.options.group_bytes } else { 512 << 10 },
            threads: self.options.threads.max(1),
            workers: self.options.threads.max(1),
            groups: 0,
        }
    }

    fn load(&mut self, groups: Vec<Group>) -> Result<(), EngineError> {
        let made = self.all_kernels(&groups)?;
        for mut group in groups {
            let len = group.state.values().len();
            let mut kernels = Vec::with_capacity(group.layout.tables.len());
            for t in 0..group.layout.tables.len() {
                let rates = self.rates.of(&mut group, t);
                let table = &group.layout.tables[t];
                native::check(table, len)?;
                kernels.push(made[&table.mechanism.name].with_rates(rates));
            }
            let tables = group.layout.tables.len();
            let watch = if self.options.profile { Stopwatch::running(tables) } else { Stopwatch::default() };
            let scratch = Scratch { watch, ..Scratch::default() };
            self.groups.push(Loaded { group, kernels, scratch, samplers: Vec::new() });
        }
        Ok(())
    }

    fn advance(
        &mut self,
        steps: Range<usize>,
        phase: Phase,
        inputs: &Inputs,
        outputs: &mut Outputs,
    ) -> Result<(), EngineError> {
        let coupled = phase != Phase::Whole;
        let (first, times_ms) = (inputs.first_step, &inputs.times_ms);
        let work = |(loaded, (own, outputs)): (&mut Loaded, (&GroupInputs, &mut GroupOutputs))| {
            if loaded.group.layout.coupled != coupled {
                return Ok(());
            }
            let dt_ms = loaded.group.layout.run.dt_ms;
            let start_ms = |in_epoch: usize| times_ms[in_epoch];
            let clock = |in_epoch: usize| Clock {
                step: first + in_epoch as u64,
                start_ms: start_ms(in_epoch),
                in_epoch,
                dt_ms,
            };
            match phase {
                Phase::Whole => steps.clone().map(clock).for_each(|clock| {
                    loaded.advance_voltage(clock, inputs, own, outputs);
                    loaded.advance_states(clock, outputs);
                }),
                Phase::ToVoltage => loaded.advance_voltage(clock(steps.start), inputs, own, outputs),
                Phase::ToStates => loaded.advance_states(clock(steps.start), outputs),
                Phase::ToNextVoltage => {
                    loaded.advance_states(clock(steps.start), outputs);
                    loaded.advance_voltage(clock(steps.start + 1), inputs, own, outputs);
                }
            }
            let [before, after] = [steps.start, steps.end].map(|step| first + step as u64);
            loaded.check_events()?;
            // Epochs of a step or two are not worth a look each.
            let is_last = after >= loaded.group.layout.run.steps();
            if steps.len() as u64 >= CHECK_STEPS / 2 || before / CHECK_STEPS < after / CHECK_STEPS || is_last {
                loaded.check_finite(after)?;
            }
            Ok(())
        };
        let pairs = inputs.groups.par_iter().zip(outputs.groups.par_iter_mut());
        if self.options.threads > 1 && self.groups.len() > 1 {
            self.groups.par_iter_mut().zip(pairs).map(work).collect::<Result<(), _>>()
        } else {
            let pairs = inputs.groups.iter().zip(outputs.groups.iter_mut());
            self.groups.iter_mut().zip(pairs).try_for_each(work)
        }
    }

    fn gather(&self, slots: &[Slot], values: &mut [f64]) {
        let mut rest = values;
        for slots in slots.chunk_by(|a, b| a.group == b.group) {
            let (values, after) = std::mem::take(&mut rest).split_at_mut(slots.len());
            let state = self.groups[slots[0].group as usize].group.state.values();
            slots.iter().zip(values).for_each(|(slot, value)| *value = state[slot.offset as usize]);
            rest = after;
        }
    }

    fn scatter(&mut self, slots: &[Slot], values: &[f64]) {
        let mut rest = values;
        for slots in slots.chunk_by(|a, b| a.group == b.group) {
            let (values, after) = rest.split_at(slots.len());
            let state = self.groups[slots[0].group as usize].group.state.values_mut();
            slots.iter().zip(values).for_each(|(slot, value)| state[slot.offset as usize] = *value);
            rest = after;
        }
    }

    fn set_probes(&mut self, samplers: &[Sampler]) {
        for (g, loaded) in self.groups.iter_mut().enumerate() {
            let of_group =
                |s: &Sampler| s.slots.iter().filter(|slot| slot.group == g as u32).map(|slot| slot.offset).collect();
            let when = |s: &Sampler| Sampler { slots: Vec::new(), ..*s };
            loaded.samplers = samplers.iter().map(|s| Columns { when: when(s), offsets: of_group(s) }).collect();
        }
    }

    fn save(&self) -> Vec<State> {
        self.groups.iter().map(|loaded| loaded.group.state.clone()).collect()
    }

    fn unfit(&self) -> Vec<Unfit> {
        self.rates.unfit()
    }

    fn profile(&self) -> Option<Profile> {
        if !self.options.profile {
            return None;
        }
        let mut profile = Profile::default();
        for Loaded { group, scratch, .. } in &self.groups {
            profile.add(&group.layout, size_of_val(group.state.values()), &scratch.watch);
            profile.events += scratch.heard;
        }
        Some(profile)
    }
}

impl Loaded {
    fn advance_voltage(&mut self, clock: Clock, all: &Inputs, inputs: &GroupInputs, outputs: &mut GroupOutputs) {
        if clock.in_epoch == 0 {
            self.scratch.next_event = 0;
            self.scratch.watch.start();
            self.scratch.hear(&self.group.layout, all, clock.step);
        } else if self.group.layout.coupled {
            self.scratch.watch.start();
        }
        step::to_voltage(&mut self.group, &self.kernels, &mut self.scratch, clock, inputs, &mut outputs.spikes);
    }

    fn advance_states(&mut self, clock: Clock, outputs: &mut GroupOutputs) {
        if self.group.layout.coupled {
            self.scratch.watch.start();
        }
        step::to_states(&mut self.group, &self.kernels, &mut self.scratch, clock, &mut outputs.spikes);
        let state = self.group.state.values();
        for (columns, rows) in self.samplers.iter().zip(&mut outputs.rows) {
            if columns.when.is_due(clock.step + 1) {
                rows.extend(columns.offsets.iter().map(|&offset| state[offset as usize]));
            }
        }
        self.scratch.watch.part(Part::Recording);
    }

    fn check_events(&self) -> Result<(), EngineError> {
        let overflow = self.scratch.overflow.as_ref();
        overflow.map_or(Ok(()), |overflow| Err(EngineError::self_events(&self.group.layout, overflow)))
    }

    fn check_finite(&self, step: u64) -> Result<(), EngineError> {
        not_finite(&self.group.layout, self.group.state.values(), step).map_or(Ok(()), Err)
    }
}

/// The error of a group of which some compartment's v is no membrane's, once `step` steps are done.
pub fn not_finite(layout: &Layout, state: &[f64], step: u64) -> Option<EngineError> {
    let v = &state[layout.node_fields.voltage..][..layout.nodes];
    let wrong = |v: &f64| v.is_nan() || v.abs() >= LARGEST_VOLTAGE_MV;
    // What a ghost computes is nobody's.
    let of_cell = |node: usize| layout.rows.row_of(node).map(|(gid, row)| (node, gid, row));
    let (node, gid, row) = (0..v.len()).filter(|node| wrong(&v[*node])).find_map(of_cell)?;
    let (mechanism, time_ms) = (first_not_finite(layout, state, node), step as f64 * layout.run.dt_ms);
    Some(EngineError::NotFinite { gid, row, section: None, mechanism, v_mv: v[node], time_ms })
}

/// The first mechanism at a node of which something is no finite number.
fn first_not_finite(layout: &Layout, state: &[f64], node: usize) -> Option<String> {
    let is_wrong = |table: &&MechanismTable| {
        let instances = (0..table.count).filter(|i| table.index[*i] as usize == node);
        let own: Vec<usize> = (0..table.offsets.len()).filter(|f| !table.mechanism.fields[*f].shared).collect();
        instances.flat_map(|i| own.iter().map(move |f| (i, *f))).any(|(i, f)| !state[table.slot(f, i)].is_finite())
    };
    layout.tables.iter().find(is_wrong).map(|table| table.mechanism.name.clone())
}
