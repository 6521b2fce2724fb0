//! One epoch: what goes up, the launches, and what comes down.

use crate::CudaOptions;
use crate::device::{Buffer, Device, Graph, Pinned};
use crate::loaded::{Loaded, prefix_sums};
use crate::tables::{EpochInputs, Event, Heard, Launch, Op, Spike, Status};
use crate::upload::{Tables, columns};
use bytemuck::Pod;
use std::collections::HashMap;
use std::ops::Range;
use tianyan_engine::{Cause, EngineError, Fired, GroupOutputs, Inputs, Outputs, Phase};
use tianyan_layout::Sampler;
use tianyan_model::Gid;

/// What goes up and comes down in an epoch.
pub struct Epoch {
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
    pub cycles: Option<Buffer>,
    /// Whether what was on its way to point neurons was forgotten in this epoch.
    pub forgot: bool,
    /// By shape; each names the buffers above, and goes when one of them does.
    graphs: HashMap<Shape, Graph>,
}

/// What differs between the graphs of epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    /// Bytes that go up.
    up: usize,
    /// Whether point neurons hear anything.
    hears: bool,
    /// Numbers of rows that come down.
    rows: usize,
}

/// Steps, phase and inputs of a launch.
pub type Task<'a> = (Range<usize>, Phase, &'a Inputs);

/// Bytes of the first launch's upload.
const FIRST_UPLOAD: usize = 1 << 16;

/// Room that is made for spikes before any epoch asks for it: 64 MB.
const MOST_SPIKES: usize = 1 << 21;

/// Shorter uploads are as long.
const LEAST_UPLOAD: usize = 1 << 12;

/// More graphs than these are not made.
const MOST_GRAPHS: usize = 32;

/// Spikes that come down with the status, in one copy.
const FIRST_SPIKES: usize = 1 << 10;

impl Epoch {
    pub fn new(device: &Device, options: &CudaOptions) -> Result<Epoch, EngineError> {
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
            graphs: HashMap::new(),
        })
    }

    /// Advances, as often as it takes until there was room for all spikes.
    pub fn run(
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
            self.graphs.clear();
        }
        let hears = steps.start == 0 && matches!(phase, Phase::Whole | Phase::ToVoltage);
        let (wirings, wiring_count) = tables.wirings[usize::from(coupled)];
        if inputs.forget && !self.forgot {
            device.zero(&loaded.states, loaded.rings_at, loaded.states.bytes - loaded.rings_at)?;
        }
        self.forgot = inputs.forget;
        let most = bound(loaded, steps.len());
        self.reserve(device, most)?;
        if self.capacity < most {
            self.keep(device, &loaded.states)?;
        }
        let launch = Launch {
            groups: tables.groups,
            wirings,
            wiring_count: wiring_count as i32,
            seed: loaded.layouts.first().map_or(0, |layout| layout.run.seed),
            dt: loaded.layouts.first().map_or(0.0, |layout| layout.run.dt_ms),
            ..Launch::default()
        };
        loop {
            let up = self.pack(device, launch, loaded, &rows, samplers, &task)?;
            let hears = hears && wiring_count > 0 && !inputs.heard.is_empty();
            let status = self.replay(device, loaded, Shape { up, hears, rows: numbers })?;
            if status.spikes as usize <= self.capacity {
                return Ok(status);
            }
            tracing::debug!(spikes = status.spikes, capacity = self.capacity, "the epoch is run again with more room");
            self.grow(device, status.spikes as usize)?;
            self.before.iter().try_for_each(|before| device.copy(before, &loaded.states))?;
        }
    }

    /// Keeps the states, to run an epoch again.
    fn keep(&mut self, device: &Device, states: &Buffer) -> Result<(), EngineError> {
        let before = match self.before.take() {
            Some(before) => before,
            None => device.allocate(states.bytes)?,
        };
        device.copy(states, &before)?;
        self.before = Some(before);
        Ok(())
    }

    /// Sends, launches and fetches, as one graph that is made once for each shape, or one by one if there is none.
    fn replay(&mut self, device: &Device, loaded: &Loaded, shape: Shape) -> Result<Status, EngineError> {
        if !self.graphs.contains_key(&shape) && self.graphs.len() < MOST_GRAPHS {
            match device.capture(|| self.enqueue(device, loaded, shape)) {
                Ok(graph) => {
                    self.graphs.insert(shape, graph);
                }
                Err(error) => tracing::debug!(%error, "no graph"),
            }
        }
        match self.graphs.get(&shape) {
            Some(graph) => device.replay(graph)?,
            None => self.enqueue(device, loaded, shape)?,
        }
        device.finish()?;
        Ok(bytemuck::pod_read_unaligned(&self.down.bytes()[..size_of::<Status>()]))
    }

    fn enqueue(&mut self, device: &Device, loaded: &Loaded, shape: Shape) -> Result<(), EngineError> {
        device.send(&self.up, &self.inputs, shape.up)?;
        device.zero(&self.out, 0, size_of::<Status>())?;
        if shape.hears {
            device.launch(loaded.kernels.hear, (16 * device.multiprocessors, 256), 0, self.inputs.address)?;
        }
        let (grid, shared) = ((loaded.layouts.len(), loaded.sizes.threads), loaded.sizes.shared_bytes());
        device.launch(loaded.kernels.epoch, grid, shared, self.inputs.address)?;
        let first = size_of::<Status>() + FIRST_SPIKES.min(self.capacity) * size_of::<Spike>();
        device.fetch(&self.out, &mut self.down, first)?;
        if shape.rows > 0 {
            device.fetch(&self.rows, &mut self.rows_down, shape.rows * size_of::<f64>())?;
        }
        Ok(())
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
            self.graphs.clear();
        }
        let head_at = size_of::<Launch>();
        let mut pack = Pack { bytes: self.up.bytes_mut(), base: head_at, next: head_at + size_of::<EpochInputs>() };
        let at: Vec<usize> = rows.iter().zip(samplers).map(|(rows, sampler)| rows.1 * sampler.slots.len()).collect();
        let at: Vec<i64> = prefix_sums(&at).into_iter().map(|first| first as i64).collect();
        let before: Vec<i64> = rows.iter().map(|rows| rows.0 as i64).collect();
        let mut firsts: Vec<u32> = prefix_sums(&events.collect::<Vec<_>>()).iter().map(|n| *n as u32).collect();
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
        // Few lengths, so that few graphs are made.
        let bytes = pack.next.next_power_of_two().clamp(LEAST_UPLOAD, self.inputs.bytes);
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
        self.graphs.clear();
        Ok(())
    }

    /// Hands spikes and rows of a launch to the groups' outputs.
    pub fn collect(
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
