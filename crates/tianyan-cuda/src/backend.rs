//! [`Backend`] on a GPU.

use crate::device::Device;
use crate::epoch::Epoch;
use crate::events::collides;
use crate::loaded::{Loaded, memory_bytes};
use crate::tables::{Copies, Op, Status};
use crate::upload::Tables;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use tianyan_engine::{
    Backend, EngineError, Fault, Inputs, Outputs, Overflow, Part, Phase, Profile, RateTables, Unfit, check_table,
    not_finite,
};
use tianyan_layout::{Group, PeerCopy, Sampler, Slot, State, Target};

/// How the CUDA backend is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct CudaOptions {
    /// Which GPU, from 0 on.
    pub ordinal: usize,
    /// Most bytes of a group, roughly: what a block works on; 0: as shared memory allows.
    pub group_bytes: usize,
    /// Chains side by side: a power of two up to 32. Alone, chains leave no gaps and wait for nothing but their children;
    /// side by side they read longer stretches of memory.
    pub lanes: usize,
    /// Threads of a block.
    pub threads: usize,
    /// Threads that a processor should run at a time, in several blocks.
    pub threads_of_processor: usize,
    /// The folder that keeps compiled kernels.
    pub cache: Option<PathBuf>,
    /// Room for spikes of an epoch at first, it grows when it is too small; 0: for as many as there can be, within limits.
    pub spikes: usize,
    /// Threads that lay the network out.
    pub workers: usize,
    /// Ranks that share the GPU.
    pub ranks: usize,
    /// Solve the voltage equation in global memory even where shared memory is large enough: for tests.
    pub tree_in_state: bool,
    /// Exchange what coupled cells see of each other through the host, in every step: for tests.
    pub step_by_step: bool,
    /// Count the cycles of each part of a step.
    pub profile: bool,
}

impl Default for CudaOptions {
    fn default() -> CudaOptions {
        CudaOptions {
            ordinal: 0,
            group_bytes: 0,
            lanes: 1,
            threads: 256,
            threads_of_processor: 512,
            cache: None,
            spikes: 0,
            workers: 1,
            ranks: 1,
            tree_in_state: false,
            step_by_step: false,
            profile: false,
        }
    }
}

/// Groups on a GPU.
pub struct CudaBackend {
    options: CudaOptions,
    device: Device,
    peers: Vec<PeerCopy>,
    groups: Vec<Group>,
    rates: RateTables,
    ready: Option<Ready>,
    samplers: Vec<Sampler>,
    /// What went wrong where no error could be returned.
    failure: RefCell<Option<EngineError>>,
    /// Whether coupled groups advance with the others.
    coupled_here: bool,
}

/// The device's memory, once the groups are there.
struct Ready {
    loaded: Loaded,
    tables: Tables,
    epoch: Epoch,
}

/// Rough bytes of shared memory that a row takes.
const SHARED_BYTES_PER_ROW: usize = 64;

/// What the layout takes for the bytes of a row.
const BYTES_PER_ROW: usize = 240;

/// What a GPU with so many processors, and so much shared memory for a block, asks of the layout.
pub fn target(options: &CudaOptions, multiprocessors: usize, shared_bytes: usize) -> Target {
    let CudaOptions { lanes, threads, threads_of_processor, group_bytes, .. } = *options;
    let blocks = (threads_of_processor / threads.max(1)).max(1);
    // All processors are busy, and no block waits for a place.
    let groups = blocks * multiprocessors;
    let fits = shared_bytes / blocks / SHARED_BYTES_PER_ROW * BYTES_PER_ROW;
    let group_bytes = if group_bytes > 0 { group_bytes } else { fits };
    Target { lanes, alike: 1, group_bytes, threads: 1, workers: options.workers.max(1), groups }
}

impl CudaBackend {
    /// A backend without groups.
    ///
    /// # Errors
    /// If the GPU cannot be used.
    pub fn new(options: CudaOptions) -> Result<CudaBackend, EngineError> {
        let device = Device::open(options.ordinal)?;
        Ok(CudaBackend {
            options,
            device,
            peers: Vec::new(),
            groups: Vec::new(),
            rates: RateTables::default(),
            ready: None,
            samplers: Vec::new(),
            failure: RefCell::new(None),
            coupled_here: false,
        })
    }

    /// The GPU.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Brings the groups to the device, now that all is known of them.
    fn prepare(&mut self) -> Result<(), EngineError> {
        let groups = std::mem::take(&mut self.groups);
        let loaded = match self.ready.take() {
            Some(ready) => ready.loaded,
            None => Loaded::new(&self.device, &self.options, groups, &self.peers, &mut self.rates)?,
        };
        let tables = loaded.tables(&self.device, &self.samplers, self.coupled_here)?;
        let epoch = Epoch::new(&self.device, &self.options)?;
        self.ready = Some(Ready { loaded, tables, epoch });
        Ok(())
    }

    fn note<T>(&self, result: Result<T, EngineError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.failure.borrow_mut().get_or_insert(error);
                None
            }
        }
    }

    /// Gathers into or scatters from numbers at these slots.
    fn copy(&self, slots: &[Slot], values: &mut [f64], out: bool) -> Result<(), EngineError> {
        let Some(Ready { loaded, .. }) = &self.ready else {
            return Err(EngineError::Layout("slots of groups that were not loaded".into()));
        };
        if slots.is_empty() {
            return Ok(());
        }
        let addresses: Vec<u64> =
            slots.iter().map(|slot| loaded.address(slot.group as usize, slot.offset as usize)).collect();
        let (list, numbers) = (self.device.upload(&addresses)?, self.device.upload(values)?);
        let copies =
            self.device.upload(&[Copies { list: list.address, values: numbers.address, n: slots.len() as i64 }])?;
        let kernel = if out { loaded.kernels.gather } else { loaded.kernels.scatter };
        self.device.launch(kernel, (slots.len().div_ceil(256).min(1024), 256), 0, copies.address)?;
        match out {
            true => self.device.read(&numbers, 0, values),
            false => self.device.finish(),
        }
    }

    fn state(&self, loaded: &Loaded, g: usize) -> Result<State, EngineError> {
        let placement = &loaded.placements[g];
        let mut device = vec![0.0; placement.len];
        self.device.read(&loaded.states, loaded.first[g] * size_of::<f64>(), &mut device)?;
        let layout = &loaded.layouts[g];
        let len = layout.fields.iter().map(|field| field.offset + field.len.next_multiple_of(tianyan_layout::ALIGN));
        let mut state = State::new(len.max().unwrap_or(0));
        placement.to_layout(&device, state.values_mut());
        Ok(state)
    }

    fn check(&self, status: &Status, step: u64) -> Result<(), EngineError> {
        let Some(Ready { loaded, .. }) = &self.ready else { return Ok(()) };
        if let Some(fault) =
            [None, Some(Fault::Slots), Some(Fault::Past), Some(Fault::Endless)][status.fault as usize & 3]
        {
            let (table, instance) = (status.fault_table as usize, status.fault_instance as usize);
            let overflow = Overflow { fault, table, instance, time_ms: status.fault_time };
            return Err(EngineError::self_events(&loaded.layouts[status.fault_group as usize], &overflow));
        }
        if status.not_finite == 0 {
            return Ok(());
        }
        // The first group counts most.
        let g = (u32::MAX - status.not_finite) as usize;
        let state = self.state(loaded, g)?;
        not_finite(&loaded.layouts[g], state.values(), step).map_or(Ok(()), Err)
    }
}

impl Backend for CudaBackend {
    fn target(&self) -> Target {
        target(&self.options, self.device.multiprocessors, self.device.shared_bytes)
    }

    fn load(&mut self, groups: Vec<Group>) -> Result<(), EngineError> {
        check_order(&groups)?;
        for group in &groups {
            let len = group.state.values().len();
            group.layout.tables.iter().try_for_each(|table| check_table(table, len))?;
        }
        self.groups = groups;
        Ok(())
    }

    fn accepts(&self, groups: &[Group]) -> Result<(), EngineError> {
        check_order(groups)?;
        let bytes = memory_bytes(&self.options, self.device.shared_bytes, groups)?;
        // All ranks ask before any of them takes its part.
        self.device.check_room(bytes, self.options.ranks.max(1))
    }

    fn failure(&self) -> Option<EngineError> {
        self.failure.borrow().clone()
    }

    fn couple(&mut self, copies: &[PeerCopy]) -> bool {
        self.coupled_here = !self.options.step_by_step && copies.iter().all(|copy| copy.from.group == copy.to.group);
        if self.coupled_here {
            self.peers = copies.to_vec();
        }
        self.coupled_here
    }

    fn advance(
        &mut self,
        steps: Range<usize>,
        phase: Phase,
        inputs: &Inputs,
        outputs: &mut Outputs,
    ) -> Result<(), EngineError> {
        if let Some(failure) = self.failure.borrow().clone() {
            return Err(failure);
        }
        let Some(ready) = &mut self.ready else {
            return Err(EngineError::Layout("no groups were loaded".into()));
        };
        self.device.bind()?;
        let Ready { loaded, tables, epoch } = ready;
        let ran = epoch.run(&self.device, loaded, tables, &self.samplers, (steps.clone(), phase, inputs));
        if ran.is_err() {
            // Nothing is under way any more when memory is freed; the first error is the one to tell.
            let _ = self.device.finish();
        }
        let status = ran?;
        let task = (steps.clone(), phase, inputs);
        epoch.collect(&self.device, &status, (&self.samplers, &tables.coupled), task, outputs)?;
        self.check(&status, inputs.first_step + steps.end as u64)
    }

    fn gather(&self, slots: &[Slot], values: &mut [f64]) {
        self.note(self.copy(slots, values, true));
    }

    fn scatter(&mut self, slots: &[Slot], values: &[f64]) {
        self.note(self.copy(slots, &mut values.to_vec(), false));
        // Of a restore: what is on its way is told again.
        self.ready.iter_mut().for_each(|ready| ready.epoch.forgot = false);
    }

    fn set_probes(&mut self, samplers: &[Sampler]) {
        self.samplers = samplers.to_vec();
        let prepared = self.prepare();
        self.note(prepared);
    }

    fn save(&self) -> Vec<State> {
        let Some(Ready { loaded, .. }) = &self.ready else { return Vec::new() };
        let state = |g| self.note(self.state(loaded, g)).unwrap_or_else(|| State::new(0));
        (0..loaded.layouts.len()).map(state).collect()
    }

    fn unfit(&self) -> Vec<Unfit> {
        self.rates.unfit()
    }

    fn profile(&self) -> Option<Profile> {
        let Ready { loaded, epoch, .. } = self.ready.as_ref()?;
        let mut cycles = [0u64; Op::ALL.len()];
        self.note(self.device.read(epoch.cycles.as_ref()?, 0, &mut cycles))?;
        let mut parts: BTreeMap<Part, u64> = BTreeMap::new();
        for (op, cycles) in Op::ALL.into_iter().zip(cycles) {
            *parts.entry(part(op)).or_default() += (cycles as f64 * 1e6 / f64::from(self.device.clock_khz)) as u64;
        }
        let mut profile = Profile { parts: parts.into_iter().collect(), ..Profile::default() };
        let bytes = loaded.placements.iter().map(|placement| placement.len * size_of::<f64>()).max();
        profile.groups = (loaded.layouts.len(), bytes.unwrap_or(0));
        for table in loaded.layouts.iter().flat_map(|layout| &layout.tables) {
            *profile.instances.entry(table.mechanism.name.clone()).or_default() += table.count as u64;
        }
        Some(profile)
    }
}

/// Fails if events of different instances must have an order.
fn check_order(groups: &[Group]) -> Result<(), EngineError> {
    collides(groups).map_or(Ok(()), |name| {
        Err(EngineError::Device {
            what: format!("events of `{name}` change what events of others at the same compartment see, in an order"),
            help: "run this model with --backend cpu".into(),
        })
    })
}

/// What a profile calls a kind of stage.
fn part(op: Op) -> Part {
    match op {
        Op::Deliver | Op::Listen => Part::Delivery,
        Op::Drive => Part::Stimuli,
        Op::Begin | Op::Clear | Op::Nernst => Part::Preparation,
        Op::Sweep | Op::Fused => Part::Mechanisms,
        Op::Share | Op::Keep => Part::Sums,
        Op::Solve | Op::Membrane | Op::WholeMembrane | Op::Correct | Op::Peers => Part::Solve,
        Op::Fire => Part::Detection,
        Op::Diffuse => Part::Diffusion,
        Op::Record => Part::Recording,
    }
}
