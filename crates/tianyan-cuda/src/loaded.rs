//! A network on the device.

use crate::CudaOptions;
use crate::arena::{Arena, Placement};
use crate::device::{Buffer, Device, Kernel, Module, compile};
use crate::hot::Hot;
use crate::program::{Stages, Steps};
use crate::source::{DIFFUSION, GIVEN, MEMBRANE_DIAGONAL, Program, Sizes, WARP};
use std::sync::Arc;
use tianyan_engine::{EngineError, MOST_EPOCH_STEPS, RateTables};
use tianyan_layout::{Group, Layout, PeerCopy, Weights, Wiring};
use tianyan_nmodl::RateTable;

/// Groups whose states, tables and kernels are on the device.
pub struct Loaded {
    /// Their layouts.
    pub layouts: Vec<Arc<Layout>>,
    /// Where their numbers lie, each from its address on.
    pub placements: Vec<Placement>,
    /// First number of each in `states`.
    pub first: Vec<usize>,
    /// All states, then what is on its way to point neurons.
    pub states: Buffer,
    /// Where, in bytes, the latter begins.
    pub rings_at: usize,
    /// Its mechanisms and fused loops.
    pub(crate) program: Program,
    /// By group and table: what rates are looked up in.
    pub(crate) rates: Vec<Vec<Option<Arc<RateTable>>>>,
    /// Of each group the first number of each wiring's ring.
    pub(crate) rings: Vec<Vec<Ring>>,
    /// The connections' memory: `rings` has the addresses.
    _wires: Vec<Buffer>,
    /// The step of each group.
    pub(crate) steps: Vec<Steps>,
    /// What each group reads in every step.
    pub(crate) hot: Vec<Hot>,
    /// What runs them.
    pub kernels: KernelSet,
    /// How large things are.
    pub sizes: Sizes,
}

/// The kernels, and the module they are of.
pub struct KernelSet {
    /// Steps of all groups.
    pub epoch: Kernel,
    /// Spikes to point neurons.
    pub hear: Kernel,
    /// Numbers of states, out.
    pub gather: Kernel,
    /// Numbers of states, in.
    pub scatter: Kernel,
    _module: Module,
}

/// Where the connections onto a table's point neurons lie, and what is on its way.
pub(crate) struct Ring {
    pub at: u64,
    pub mask: usize,
    pub first: u64,
    pub target: u64,
    pub delay: u64,
    pub single: u64,
    pub weight: u64,
}

/// What a network needs of a device, found without one.
pub struct Blueprint {
    placements: Vec<Placement>,
    program: Program,
    steps: Vec<Steps>,
    hot: Vec<Hot>,
    rates: Vec<Vec<Option<Arc<RateTable>>>>,
    /// How large things are.
    pub sizes: Sizes,
    /// The text of the kernels.
    pub text: String,
}

impl Blueprint {
    /// For a device with so much shared memory for a block.
    pub fn new(
        options: &CudaOptions,
        shared_bytes: usize,
        groups: &mut [Group],
        peers: &[PeerCopy],
        rates: &mut RateTables,
    ) -> Result<Blueprint, EngineError> {
        let rates: Vec<Vec<Option<Arc<RateTable>>>> = groups
            .iter_mut()
            .map(|group| (0..group.layout.tables.len()).map(|t| rates.of(group, t)).collect())
            .collect();
        let (mut sizes, arena, placements) = places(options, shared_bytes, groups)?;
        let mut program = Program::new(groups, &arena);
        let mut steps = Vec::with_capacity(groups.len());
        for (g, (group, placement)) in groups.iter().zip(&placements).enumerate() {
            let own = peers.iter().filter(|copy| copy.to.group as usize == g);
            let place = |offset: u32| placement.of(offset as usize);
            let peers: Vec<(usize, usize)> = own.map(|copy| (place(copy.from.offset), place(copy.to.offset))).collect();
            let rated: Vec<bool> = rates[g].iter().map(Option::is_some).collect();
            let stages = Stages { layout: &group.layout, placement, arena: &arena, rated: &rated, peers: &peers };
            steps.push(stages.steps(&mut program));
        }
        let hot: Vec<Hot> = groups
            .iter()
            .zip(&mut steps)
            .map(|(group, steps)| Hot::new(&group.layout, steps, sizes.is_small()))
            .collect();
        let most = hot.iter().map(|hot| hot.bytes.len()).max().unwrap_or(0);
        if sizes.tree_bytes() + most <= shared_bytes - RESERVED {
            sizes.hot_bytes = most;
        }
        let text = program.text(&arena, &sizes);
        tracing::debug!(?sizes, "kernels for the GPU");
        Ok(Blueprint { placements, program, steps, hot, rates, sizes, text })
    }
}

impl Loaded {
    /// Brings groups to the device, and compiles what they need.
    pub fn new(
        device: &Device,
        options: &CudaOptions,
        mut groups: Vec<Group>,
        peers: &[PeerCopy],
        rates: &mut RateTables,
    ) -> Result<Loaded, EngineError> {
        let Blueprint { placements, program, steps, hot, rates, sizes, text } =
            Blueprint::new(options, device.shared_bytes, &mut groups, peers, rates)?;
        let kernels = kernels(device, options, &text, &sizes)?;
        let room = Room::new(&groups, &placements);
        let states = room.fill(device, &groups, &placements)?;
        let mut wires = Vec::new();
        let mut rings = Vec::with_capacity(groups.len());
        for (group, of_group) in groups.iter().zip(&room.rings) {
            let base = states.address + room.rings_at as u64;
            let ring = |(wiring, &(at, steps)): (&Wiring, &(usize, usize))| {
                wire(device, wiring, base + (at * size_of::<f64>()) as u64, steps, &mut wires)
            };
            rings.push(group.layout.wirings.iter().zip(of_group).map(ring).collect::<Result<_, _>>()?);
        }
        let layouts = groups.into_iter().map(|group| group.layout).collect();
        Ok(Loaded {
            layouts,
            placements,
            first: room.first,
            states,
            rings_at: room.rings_at,
            program,
            rates,
            rings,
            _wires: wires,
            steps,
            hot,
            kernels,
            sizes,
        })
    }

    /// The address of a number of a group's state.
    pub fn address(&self, group: usize, offset: usize) -> u64 {
        let number = self.first[group] + self.placements[group].of(offset);
        self.states.address + (number * size_of::<f64>()) as u64
    }
}

/// How large things are, where each field lies, and each group's numbers.
fn places(
    options: &CudaOptions,
    shared_bytes: usize,
    groups: &[Group],
) -> Result<(Sizes, Arena, Vec<Placement>), EngineError> {
    let sizes = sizes(shared_bytes, options, groups);
    let membrane = groups.iter().any(|group| group.layout.node_fields.membrane_current.is_some());
    let cables = groups.iter().flat_map(|group| &group.layout.tables).filter_map(|table| table.cable.as_ref());
    let own = [
        (GIVEN, if sizes.tree_in_state { 2 * sizes.chain_lanes } else { 0 }),
        (MEMBRANE_DIAGONAL, if membrane { sizes.nodes } else { 0 }),
        (DIFFUSION, 4 * cables.map(|cable| cable.order.len()).max().unwrap_or(0)),
    ];
    let arena = Arena::new(groups.iter().map(|group| &*group.layout), &own);
    let placements: Vec<Placement> = groups.iter().map(|group| arena.placement(&group.layout)).collect();
    if placements.iter().any(|placement| placement.len > i32::MAX as usize) {
        return Err(EngineError::Device {
            what: "a group of cells that see each other in every step is too large for the GPU".into(),
            help: "run this model with --backend cpu, or on several ranks".into(),
        });
    }
    Ok((sizes, arena, placements))
}

/// About how many bytes of the device these groups take: their states, what is on its way, the connections of point neurons,
/// and a quarter more for tables and for what an epoch needs.
pub fn memory_bytes(options: &CudaOptions, shared_bytes: usize, groups: &[Group]) -> Result<usize, EngineError> {
    let (_, _, placements) = places(options, shared_bytes, groups)?;
    let wirings = groups.iter().flat_map(|group| &group.layout.wirings);
    let weight = |wiring: &Wiring| match wiring.weights() {
        Weights::Single(list) => size_of_val(list),
        Weights::Double(list) => size_of_val(list),
    };
    let lists = |wiring: &Wiring| {
        size_of_val(wiring.first()) + size_of_val(wiring.targets()) + size_of_val(wiring.delays()) + weight(wiring)
    };
    let bytes = Room::new(groups, &placements).bytes() + wirings.map(lists).sum::<usize>();
    Ok(bytes + bytes / 4)
}

/// How large things are, and whether the voltage equation fits into shared memory.
fn sizes(shared_bytes: usize, options: &CudaOptions, groups: &[Group]) -> Sizes {
    let most = |of: &dyn Fn(&Layout) -> usize| groups.iter().map(|group| of(&group.layout)).max().unwrap_or(0);
    let nodes = (most(&|layout| layout.nodes) + 1).next_multiple_of(tianyan_layout::ALIGN);
    let chain_lanes = most(&|layout| layout.rows.plan.parents().len()) + 1;
    let children = most(&|layout| layout.rows.plan.children().len());
    let threads = options.threads.clamp(WARP, 1024).next_multiple_of(WARP);
    let blocks = (options.threads_of_processor / threads).max(1);
    let sizes = Sizes {
        nodes,
        chain_lanes,
        children,
        lanes: options.lanes,
        threads,
        blocks,
        profile: options.profile,
        ..Sizes::default()
    };
    Sizes { tree_in_state: options.tree_in_state || sizes.tree_bytes() > shared_bytes - RESERVED, ..sizes }
}

fn kernels(device: &Device, options: &CudaOptions, text: &str, sizes: &Sizes) -> Result<KernelSet, EngineError> {
    let cubin = compile(text, device.capability, options.cache.as_deref())?;
    // What was kept may be damaged.
    let module = device.load(&cubin).or_else(|_| device.load(&compile(text, device.capability, None)?))?;
    let shared = sizes.shared_bytes();
    let epoch = module.kernel("epoch", shared)?;
    let [hear, gather, scatter] = ["hear", "gather", "scatter"].map(|name| module.kernel(name, 0));
    Ok(KernelSet { epoch, hear: hear?, gather: gather?, scatter: scatter?, _module: module })
}

/// Numbers in a line of memory: states and rings begin on one.
const LINE: usize = 16;

/// Where all states lie, with rings behind them.
struct Room {
    /// First number of each state.
    first: Vec<usize>,
    /// The byte where rings begin.
    rings_at: usize,
    /// By group and wiring: the first number, counted from there, and the steps of its ring.
    rings: Vec<Vec<(usize, usize)>>,
    /// Numbers of all rings.
    ring_numbers: usize,
}

impl Room {
    fn new(groups: &[Group], placements: &[Placement]) -> Room {
        let sizes: Vec<usize> = placements.iter().map(|placement| placement.len.next_multiple_of(LINE)).collect();
        let mut ring_numbers = 0;
        let mut ring = |group: &Group, wiring: &Wiring| {
            let reach = usize::from(wiring.longest_delay_steps()) + MOST_EPOCH_STEPS as usize + 2;
            let (at, steps) = (ring_numbers, reach.next_power_of_two());
            ring_numbers += steps * wiring.inputs.len() * group.layout.tables[wiring.table].padded;
            (at, steps)
        };
        let rings = groups
            .iter()
            .map(|group| group.layout.wirings.iter().map(|wiring| ring(group, wiring)).collect())
            .collect();
        Room {
            first: prefix_sums(&sizes),
            rings_at: sizes.iter().sum::<usize>() * size_of::<f64>(),
            rings,
            ring_numbers,
        }
    }

    fn bytes(&self) -> usize {
        self.rings_at + self.ring_numbers * size_of::<f64>()
    }

    /// All states on the device, with empty rings.
    fn fill(&self, device: &Device, groups: &[Group], placements: &[Placement]) -> Result<Buffer, EngineError> {
        let buffer = device.zeros(self.bytes())?;
        for ((group, placement), first) in groups.iter().zip(placements).zip(&self.first) {
            let mut values = vec![0.0; placement.len];
            placement.to_device(group.state.values(), &mut values);
            device.write(&buffer, first * size_of::<f64>(), &values)?;
        }
        Ok(buffer)
    }
}

/// Brings connections onto point neurons to the device.
fn wire(device: &Device, wiring: &Wiring, at: u64, steps: usize, wires: &mut Vec<Buffer>) -> Result<Ring, EngineError> {
    let mut keep = |buffer: Buffer| {
        wires.push(buffer);
        wires[wires.len() - 1].address
    };
    let (single, weight) = match wiring.weights() {
        Weights::Single(list) => (keep(device.upload(list)?), 0),
        Weights::Double(list) => (0, keep(device.upload(list)?)),
    };
    Ok(Ring {
        at,
        mask: steps - 1,
        first: keep(device.upload(wiring.first())?),
        target: keep(device.upload(wiring.targets())?),
        delay: keep(device.upload(wiring.delays())?),
        single,
        weight,
    })
}

/// The sum of all before each.
pub fn prefix_sums(counts: &[usize]) -> Vec<usize> {
    let sums = counts.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum - count)
    });
    sums.collect()
}

/// Static shared memory of the kernels, and what the driver keeps for itself.
const RESERVED: usize = 2 << 10;
