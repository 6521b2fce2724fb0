//! [`Backend`] on a GPU.

use crate::device::{Buffer, Device, Pinned};
use crate::events::collides;
use crate::loaded::{Loaded, Tables, columns};
use crate::source::WARP;
use crate::tables::{Copies, EpochInputs, Event, Heard, Launch, Op, Spike, Status};
use bytemuck::Pod;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use tianyan_engine::{
    Backend, Cause, EngineError, Fault, Fired, GroupOutputs, Inputs, Outputs, Overflow, Part, Phase, Profile,
    RateTables, Unfit, check_table, not_finite,
};
use tianyan_layout::{Group, PeerCopy, Precision, Sampler, Slot, State, Target};
use tianyan_model::Gid;
use tianyan_nmodl::Mechanism;

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

/// What goes up and comes down in an epoch.
struct Epoch {
    up: Pinned,
    inputs: Buffer,
    down: Pinned,
    /// Status, then spikes.
    out: Buffer,
    capacity: usize,
    /// Whether somebody asked for that much room at first.
    is_fixed: bool,
    rows: Buffer,
    rows_down: Pinned,
    /// The states before the epoch, to run it again.
    before: Option<Buffer>,
    /// Counts of cycles, by kind of stage.
    cycles: Option<Buffer>,
    /// Whether what was on its way to point neurons was forgotten in this epoch.
    forgot: bool,
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
    Target {
        lanes,
        alike: 1,
        group_bytes,
        threads: 1,
        workers: options.workers.max(1),
        groups,
        precision: Precision::Double,
    }
}

/// Whether the kernels can run these mechanisms.
///
/// # Errors
/// What they cannot.
pub fn suits<'a>(mechanisms: impl IntoIterator<Item = &'a Mechanism>) -> Result<(), String> {
    for mechanism in mechanisms {
        if !mechanism.kernels.diffusions.is_empty() {
            return Err(format!("`{}` diffuses along the cable, which runs on the CPU only", mechanism.name));
        }
    }
    Ok(())
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
        self.accepts(&groups)?;
        for group in &groups {
            let len = group.state.values().len();
            group.layout.tables.iter().try_for_each(|table| check_table(table, len))?;
        }
        self.groups = groups;
        Ok(())
    }

    fn accepts(&self, groups: &[Group]) -> Result<(), EngineError> {
        let tables = groups.iter().flat_map(|group| &group.layout.tables);
        let unsuited = suits(tables.map(|table| &*table.mechanism)).err();
        let collision = || {
            let name = collides(groups)?;
            Some(format!("events of `{name}` change what events of others at the same compartment see, in an order"))
        };
        let refusal = |what| EngineError::Device { what, help: "run this model with --backend cpu".into() };
        unsuited.or_else(collision).map_or(Ok(()), |what| Err(refusal(what)))
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
        Op::Record => Part::Recording,
    }
}

/// Steps, phase and inputs of a launch.
type Task<'a> = (Range<usize>, Phase, &'a Inputs);

/// Bytes of the first launch's upload.
const FIRST_UPLOAD: usize = 1 << 16;

/// Room that is made for spikes before any epoch asks for it: 64 MB.
const MOST_SPIKES: usize = 1 << 21;

/// Spikes that come down with the status, in one copy.
const FIRST_SPIKES: usize = 1 << 10;

impl Epoch {
    fn new(device: &Device, options: &CudaOptions) -> Result<Epoch, EngineError> {
        let bytes = |spikes: usize| size_of::<Status>() + spikes * size_of::<Spike>();
        let capacity = if options.spikes > 0 { options.spikes } else { FIRST_SPIKES };
        Ok(Epoch {
            up: device.pinned(FIRST_UPLOAD)?,
            inputs: device.allocate(FIRST_UPLOAD)?,
            down: device.pinned(bytes(capacity))?,
            out: device.zeros(bytes(capacity))?,
            capacity,
            is_fixed: options.spikes > 0,
            rows: device.allocate(16)?,
            rows_down: device.pinned(16)?,
            before: None,
            cycles: if options.profile { Some(device.zeros(Op::ALL.len() * size_of::<u64>())?) } else { None },
            forgot: false,
        })
    }

    /// Advances, as often as it takes until there was room for all spikes.
    fn run(
        &mut self,
        device: &Device,
        loaded: &Loaded,
        tables: &Tables,
        samplers: &[Sampler],
        task: Task,
    ) -> Result<Status, EngineError> {
        let (steps, phase, inputs) = &task;
        let coupled = *phase != Phase::Whole;
        let rows = rows(samplers, inputs.first_step, steps, *phase);
        let numbers: usize = rows.iter().zip(samplers).map(|(rows, sampler)| rows.1 * sampler.slots.len()).sum();
        if numbers * size_of::<f64>() > self.rows.bytes {
            self.rows = device.allocate(2 * numbers * size_of::<f64>())?;
            self.rows_down = device.pinned(2 * numbers * size_of::<f64>())?;
        }
        let hears = steps.start == 0 && matches!(phase, Phase::Whole | Phase::ToVoltage);
        let (wirings, wiring_count) = tables.wirings[usize::from(coupled)];
        if inputs.forget && !self.forgot {
            device.zero(&loaded.states, loaded.rings_at, loaded.states.bytes - loaded.rings_at)?;
        }
        self.forgot = inputs.forget;
        self.reserve(device, bound(loaded, steps.len()))?;
        if self.capacity < bound(loaded, steps.len()) {
            if self.before.is_none() {
                self.before = Some(device.allocate(loaded.states.bytes)?);
            }
            self.before.iter().try_for_each(|before| device.copy(&loaded.states, before))?;
        }
        loop {
            let launch = Launch {
                groups: tables.groups,
                wirings,
                wiring_count: wiring_count as i32,
                seed: loaded.layouts.first().map_or(0, |layout| layout.run.seed),
                dt: loaded.layouts.first().map_or(0.0, |layout| layout.run.dt_ms),
                ..Launch::default()
            };
            let bytes = self.pack(device, launch, loaded, &rows, samplers, &task)?;
            device.send(&self.up, &self.inputs, bytes)?;
            device.zero(&self.out, 0, size_of::<Status>())?;
            let pairs = if hears { inputs.heard.len() * wiring_count } else { 0 };
            if pairs > 0 {
                let blocks = pairs.div_ceil(256 / WARP).min(16 * device.multiprocessors);
                device.launch(loaded.kernels.hear, (blocks, 256), 0, self.inputs.address)?;
            }
            let (grid, shared) = ((loaded.layouts.len(), loaded.sizes.threads), loaded.sizes.shared_bytes());
            device.launch(loaded.kernels.epoch, grid, shared, self.inputs.address)?;
            let first = size_of::<Status>() + FIRST_SPIKES.min(self.capacity) * size_of::<Spike>();
            device.fetch(&self.out, &mut self.down, first)?;
            if numbers > 0 {
                device.fetch(&self.rows, &mut self.rows_down, numbers * size_of::<f64>())?;
            }
            device.finish()?;
            let status: Status = bytemuck::pod_read_unaligned(&self.down.bytes()[..size_of::<Status>()]);
            if status.spikes as usize <= self.capacity {
                return Ok(status);
            }
            tracing::debug!(spikes = status.spikes, capacity = self.capacity, "the epoch is run again with more room");
            self.grow(device, status.spikes as usize)?;
            self.before.iter().try_for_each(|before| device.copy(before, &loaded.states))?;
        }
    }
}

impl Epoch {
    /// Writes what goes up: the launch, the inputs' head, and what it points to. The number of bytes.
    fn pack(
        &mut self,
        device: &Device,
        launch: Launch,
        loaded: &Loaded,
        rows: &[(u64, usize)],
        samplers: &[Sampler],
        (steps, phase, inputs): &Task,
    ) -> Result<usize, EngineError> {
        let events = inputs.groups.iter().map(|group| group.events.len());
        let driven = inputs.groups.iter().map(|group| group.driven.len()).sum::<usize>();
        let most = size_of::<Launch>()
            + size_of::<EpochInputs>()
            + (inputs.times_ms.len() + 2 * rows.len() + driven) * 8
            + (inputs.groups.len() + 1) * 4
            + events.clone().sum::<usize>() * size_of::<Event>()
            + inputs.heard.len() * size_of::<Heard>()
            + 8 * 16;
        if most > self.inputs.bytes {
            self.up = device.pinned(2 * most)?;
            self.inputs = device.allocate(2 * most)?;
        }
        let head_at = size_of::<Launch>();
        let mut pack = Pack { bytes: self.up.bytes_mut(), base: head_at, next: head_at + size_of::<EpochInputs>() };
        let at: Vec<usize> = rows.iter().zip(samplers).map(|(rows, sampler)| rows.1 * sampler.slots.len()).collect();
        let at: Vec<i64> = crate::loaded::prefix_sums(&at).into_iter().map(|first| first as i64).collect();
        let before: Vec<i64> = rows.iter().map(|rows| rows.0 as i64).collect();
        let mut firsts: Vec<u32> =
            crate::loaded::prefix_sums(&events.collect::<Vec<_>>()).iter().map(|n| *n as u32).collect();
        firsts.push(inputs.groups.iter().map(|group| group.events.len() as u32).sum());
        let heard = |heard: &tianyan_engine::Heard| Heard { step: heard.step, source: heard.source.0, unused: 0 };
        let head = EpochInputs {
            first_step: inputs.first_step,
            from: steps.start as i32,
            to: steps.end as i32,
            steps: inputs.times_ms.len() as i32,
            unused: 0,
            phase: number(*phase),
            heard_count: inputs.heard.len() as i32,
            times: pack.put(inputs.times_ms.iter().copied()),
            rows_at: pack.put(at.into_iter()),
            rows_before: pack.put(before.into_iter()),
            event_first: pack.put(firsts.into_iter()),
            events: pack.put(inputs.groups.iter().zip(&loaded.placements).flat_map(|(group, placement)| {
                group.events.iter().map(|event| event_at(event, placement.of(event.argument as usize)))
            })),
            driven: pack.put(inputs.groups.iter().flat_map(|group| group.driven.iter().copied())),
            heard: pack.put(inputs.heard.iter().map(heard)),
        };
        let bytes = pack.next;
        let launch = Launch {
            inputs: self.inputs.address + head_at as u64,
            status: self.out.address,
            spikes: self.out.address + size_of::<Status>() as u64,
            rows: self.rows.address,
            cycles: self.cycles.as_ref().map_or(0, |cycles| cycles.address),
            capacity: self.capacity as u32,
            ..launch
        };
        let up = self.up.bytes_mut();
        up[..head_at].copy_from_slice(bytemuck::bytes_of(&launch));
        up[head_at..head_at + size_of::<EpochInputs>()].copy_from_slice(bytemuck::bytes_of(&head));
        Ok(bytes)
    }

    /// Makes room for all spikes that there can be, if they are not too many: then no epoch is run twice.
    fn reserve(&mut self, device: &Device, bound: usize) -> Result<(), EngineError> {
        let wanted = bound.min(MOST_SPIKES);
        if self.is_fixed || wanted <= self.capacity { Ok(()) } else { self.grow(device, wanted) }
    }

    /// Room for that many spikes, and some more.
    fn grow(&mut self, device: &Device, spikes: usize) -> Result<(), EngineError> {
        self.capacity = spikes.next_power_of_two();
        let bytes = size_of::<Status>() + self.capacity * size_of::<Spike>();
        self.out = device.zeros(bytes)?;
        self.down = device.pinned(bytes)?;
        Ok(())
    }

    /// Hands spikes and rows of a launch to the groups' outputs.
    fn collect(
        &mut self,
        device: &Device,
        status: &Status,
        (samplers, coupled): (&[Sampler], &[bool]),
        (steps, phase, inputs): Task,
        outputs: &mut Outputs,
    ) -> Result<(), EngineError> {
        let count = status.spikes as usize;
        let mut spikes = vec![Spike::default(); count];
        let known = FIRST_SPIKES.min(self.capacity).min(count);
        let down = &self.down.bytes()[size_of::<Status>()..][..known * size_of::<Spike>()];
        bytemuck::cast_slice_mut(&mut spikes[..known]).copy_from_slice(down);
        let at = size_of::<Status>() + known * size_of::<Spike>();
        device.read(&self.out, at, &mut spikes[known..])?;
        for spike in spikes {
            let cause = Cause { emitted_ms: spike.emitted, sequence: spike.sequence };
            let fired = Fired { spike: tianyan_model::Spike { time_ms: spike.time, gid: Gid(spike.gid) }, cause };
            outputs.groups[spike.group as usize].spikes.push(fired);
        }
        let columns = columns(samplers, outputs.groups.len());
        let mut first = 0;
        for ((s, sampler), (_, rows)) in
            samplers.iter().enumerate().zip(rows(samplers, inputs.first_step, &steps, phase))
        {
            let width = sampler.slots.len();
            let values: &[f64] = bytemuck::cast_slice(&self.rows_down.bytes()[first * 8..][..rows * width * 8]);
            first += rows * width;
            for row in values.chunks_exact(width.max(1)) {
                let advanced = |(g, _): &(usize, &mut GroupOutputs)| coupled[*g] == (phase != Phase::Whole);
                for (g, group) in outputs.groups.iter_mut().enumerate().filter(advanced) {
                    let end = columns.get(g + 1).map_or(width, |next| next[s]);
                    group.rows[s].extend_from_slice(&row[columns[g][s]..end]);
                }
            }
        }
        Ok(())
    }
}

/// Writes arrays one behind the other.
struct Pack<'a> {
    bytes: &'a mut [u8],
    /// Where offsets are counted from.
    base: usize,
    next: usize,
}

impl Pack<'_> {
    /// The offset of an array.
    fn put<T: Pod>(&mut self, items: impl Iterator<Item = T>) -> i64 {
        self.next = self.next.next_multiple_of(16);
        let at = self.next - self.base;
        for item in items {
            let end = self.next + size_of::<T>();
            self.bytes[self.next..end].copy_from_slice(bytemuck::bytes_of(&item));
            self.next = end;
        }
        at as i64
    }
}

fn event_at(event: &tianyan_engine::Event, argument: usize) -> Event {
    Event {
        time: event.time_ms,
        emitted: event.cause.emitted_ms,
        sequence: event.cause.sequence,
        step: event.step,
        table: event.table,
        instance: event.instance,
        argument: argument as u32,
    }
}

fn number(phase: Phase) -> i32 {
    match phase {
        Phase::Whole => 0,
        Phase::ToVoltage => 1,
        Phase::ToStates => 2,
        Phase::ToNextVoltage => 3,
    }
}

/// For each sampler the rows taken before these steps, and in them.
fn rows(samplers: &[Sampler], first_step: u64, steps: &Range<usize>, phase: Phase) -> Vec<(u64, usize)> {
    let end = match phase {
        Phase::Whole => steps.end,
        Phase::ToVoltage => steps.start,
        Phase::ToStates | Phase::ToNextVoltage => steps.start + 1,
    };
    let [from, to] = [steps.start, end].map(|step| first_step + step as u64);
    let of = |sampler: &Sampler| {
        let before = sampler.rows_until(from);
        (before, (sampler.rows_until(to) - before) as usize)
    };
    samplers.iter().map(of).collect()
}

/// Most spikes of so many steps.
fn bound(loaded: &Loaded, steps: usize) -> usize {
    let of_table = |table: &tianyan_layout::MechanismTable| match () {
        () if table.mechanism.fires_by_events() => usize::MAX,
        () if table.mechanism.spike.is_some() => table.count * steps,
        () => 0,
    };
    let of_group = |layout: &std::sync::Arc<tianyan_layout::Layout>| {
        let tables = layout.tables.iter().map(of_table).fold(0, usize::saturating_add);
        // Between two spikes of a detector lies a step below its threshold.
        tables.saturating_add(layout.detectors.gid.len() * (steps / 2 + 1))
    };
    loaded.layouts.iter().map(of_group).fold(0, usize::saturating_add)
}
