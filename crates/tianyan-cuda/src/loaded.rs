//! A network on the device.

use crate::arena::{Arena, Placement};
use crate::device::{Buffer, Device, Kernel, Module, Usage, compile};
use crate::program::{Draft, Stages, Steps};
use crate::source::{GIVEN, MEMBRANE_DIAGONAL, Program, Sizes, WARP};
use crate::tables::{Background, Group as GroupTables, Image, Op, Plan, Stage, Table, Wiring};
use crate::{CudaOptions, tables};
use std::collections::HashMap;
use std::sync::Arc;
use tianyan_engine::{EngineError, MOST_EPOCH_STEPS, RateTables, cumulative};
use tianyan_layout::{Group, Layout, MechanismTable, PeerCopy, Sampler, Weights};
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
    program: Program,
    rates: Vec<Vec<Option<Arc<RateTable>>>>,
    /// Of each group the first number of each wiring's ring.
    rings: Vec<Vec<Ring>>,
    wires: Vec<Buffer>,
    steps: Vec<Steps>,
    hot: Vec<Hot>,
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
    /// What an epoch needs.
    pub usage: Usage,
    _module: Module,
}

struct Ring {
    at: u64,
    mask: usize,
    first: u64,
    target: u64,
    delay: u64,
    single: u64,
    weight: u64,
}

/// What the device is told once all probes are known.
pub struct Tables {
    _buffer: Buffer,
    /// Where the groups' tables begin.
    pub groups: u64,
    /// Where the lists of wirings begin, and how many there are: of uncoupled groups, of coupled ones.
    pub wirings: [(u64, usize); 2],
    /// Whether each group advances in steps, with an exchange in each.
    pub coupled: Vec<bool>,
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
        let mut sizes = sizes(shared_bytes, options, groups);
        let membrane = groups.iter().any(|group| group.layout.node_fields.membrane_current.is_some());
        let own = [
            (GIVEN, if sizes.tree_in_state { 2 * sizes.chain_lanes } else { 0 }),
            (MEMBRANE_DIAGONAL, if membrane { sizes.nodes } else { 0 }),
        ];
        let arena = Arena::new(groups.iter().map(|group| &*group.layout), &own);
        let placements: Vec<Placement> = groups.iter().map(|group| arena.placement(&group.layout)).collect();
        if placements.iter().any(|placement| placement.len > i32::MAX as usize) {
            return Err(EngineError::Device {
                what: "a group of cells that see each other in every step is too large for the GPU".into(),
                help: "run this model with --backend cpu, or on several ranks".into(),
            });
        }
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
        let (first, states, rings_at, ring_first) = states(device, &groups, &placements)?;
        let mut wires = Vec::new();
        let mut rings = Vec::with_capacity(groups.len());
        for (group, of_group) in groups.iter().zip(&ring_first) {
            let base = states.address + rings_at as u64;
            let ring = |(wiring, &(at, steps)): (&tianyan_layout::Wiring, &(usize, usize))| {
                wire(device, wiring, base + (at * size_of::<f64>()) as u64, steps, &mut wires)
            };
            rings.push(group.layout.wirings.iter().zip(of_group).map(ring).collect::<Result<_, _>>()?);
        }
        let layouts = groups.into_iter().map(|group| group.layout).collect();
        Ok(Loaded {
            layouts,
            placements,
            first,
            states,
            rings_at,
            program,
            rates,
            rings,
            wires,
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

    /// Bytes of the connections onto point neurons.
    pub fn wired_bytes(&self) -> usize {
        self.wires.iter().map(|buffer| buffer.bytes).sum()
    }

    /// The tables of all groups. `whole` groups advance without others, whatever their layout says.
    pub fn tables(&self, device: &Device, samplers: &[Sampler], whole: bool) -> Result<Tables, EngineError> {
        let driven: Vec<usize> = self.layouts.iter().map(|layout| layout.driven.len()).collect();
        let driven_first: Vec<usize> = prefix_sums(&driven);
        let columns = columns(samplers, self.layouts.len());
        let found = std::cell::Cell::new((0, [(0, 0); 2]));
        let buffer = device.place(|image| {
            let mut known = HashMap::new();
            let mut wirings: [Vec<u64>; 2] = Default::default();
            let all: Vec<GroupTables> = (0..self.layouts.len())
                .map(|g| {
                    let (mut tables, own) = self.group(g, image, &mut known);
                    let is_coupled = self.layouts[g].coupled && !whole;
                    wirings[usize::from(is_coupled)].extend(own);
                    tables.coupled = i32::from(is_coupled);
                    tables.driven_first = driven_first[g] as i32;
                    let samplers = self.samplers(g, samplers, &columns[g], image);
                    (tables.samplers, tables.sampler_count) = (image.put(&samplers), samplers.len() as i32);
                    tables
                })
                .collect();
            found.set((image.put(&all), wirings.map(|list| (image.put(&list), list.len()))));
        })?;
        let (groups, wirings) = found.get();
        let coupled = self.layouts.iter().map(|layout| layout.coupled && !whole).collect();
        Ok(Tables { _buffer: buffer, groups, wirings, coupled })
    }

    /// The tables of a group, and the addresses of its wirings.
    fn group(&self, g: usize, image: &mut Image, known: &mut HashMap<*const f64, u64>) -> (GroupTables, Vec<u64>) {
        let (layout, placement) = (&self.layouts[g], &self.placements[g]);
        let place = |offset: usize| placement.of(offset) as i32;
        let places = |offsets: &[u32]| -> Vec<i32> { offsets.iter().map(|at| place(*at as usize)).collect() };
        let rates: Vec<u64> = self.rates[g]
            .iter()
            .map(|table| table.as_ref().map_or(0, |table| put_rates(table, image, known)))
            .collect();
        let tables: Vec<Table> = layout
            .tables
            .iter()
            .zip(&rates)
            .map(|(table, rates)| self.table(table, placement, *rates, image))
            .collect();
        let stages: Vec<Stage> = self.steps[g].drafts.iter().map(|draft| finish(draft, &rates, image)).collect();
        let (hot, stages_at) = self.hot[g].with(&stages);
        let wirings: Vec<Wiring> = layout
            .wirings
            .iter()
            .zip(&self.rings[g])
            .map(|(wiring, ring)| {
                let padded = layout.tables[wiring.table].padded;
                let inputs: Vec<i32> = wiring.inputs.iter().map(|at| place(*at)).collect();
                Wiring {
                    ring: ring.at,
                    first: ring.first,
                    target: ring.target,
                    delay: ring.delay,
                    single: ring.single,
                    weight: ring.weight,
                    inputs: image.put(&inputs),
                    sources: wiring.first().len() as i32 - 1,
                    width: (wiring.inputs.len() * padded) as i32,
                    neurons: padded as i32,
                    mask: ring.mask as i32,
                }
            })
            .collect();
        let backgrounds: Vec<Background> =
            layout.backgrounds.iter().map(|background| put_background(background, layout, placement, image)).collect();
        let at = image.put(&wirings);
        let own = (0..wirings.len()).map(|k| at + (k * size_of::<Wiring>()) as u64).collect();
        let detectors = &layout.detectors;
        let gids: Vec<u32> = detectors.gid.iter().map(|gid| gid.0).collect();
        let nodes: Vec<i32> = detectors.node.iter().map(|node| *node as i32).collect();
        let tables = GroupTables {
            state: self.states.address + (self.first[g] * size_of::<f64>()) as u64,
            table_count: tables.len() as i32,
            tables: image.put(&tables),
            stage_count: stages.len() as i32,
            states_from: self.steps[g].states_from as i32,
            stages: stages_at,
            plan: self.hot[g].plan,
            hot_bytes: hot.len() as i32,
            hot: image.put(&hot),
            self_events: i32::from(layout.tables.iter().any(|table| table.self_events.is_some())),
            wiring_count: wirings.len() as i32,
            wirings: at,
            background_count: backgrounds.len() as i32,
            backgrounds: image.put(&backgrounds),
            detector_gid: image.put(&gids),
            detector_node: image.put(&nodes),
            threshold: image.put(&detectors.threshold_mv),
            detectors: gids.len() as i32,
            above: place(detectors.above),
            driven: image.put(&places(&layout.driven)),
            driven_count: layout.driven.len() as i32,
            nodes: layout.nodes as i32,
            rows: image.put(&layout.rows.node_of),
            row_count: layout.rows.node_of.len() as i32,
            watched: i32::from(layout.tables.iter().any(|table| !table.mechanism.watches.is_empty())),
            ..GroupTables::default()
        };
        (tables, own)
    }

    fn table(&self, table: &MechanismTable, placement: &Placement, rates: u64, image: &mut Image) -> Table {
        let mechanism = &table.mechanism;
        let place = |offset: usize| placement.of(offset) as i32;
        let field: Vec<i64> = table.field.iter().map(|at| placement.of(*at as usize) as i64).collect();
        let owner: Vec<u32> = table.owner.iter().map(|gid| gid.0).collect();
        let watches: Vec<i32> = mechanism
            .watches
            .iter()
            .flat_map(|watch| [watch.flag, watch.fired].map(|f| place(table.offsets[f])))
            .collect();
        let mut made = Table {
            field: image.put(&field),
            index: image.put(&table.index),
            rates,
            owner: image.put(&owner),
            watches: image.put(&watches),
            code: self.program.code(mechanism) as i32,
            count: table.count as i32,
            padded: table.padded as i32,
            arguments: mechanism.arguments.len() as i32,
            effects: mechanism.kernels.receive.effects.len() as i32,
            watch_count: mechanism.watches.len() as i32,
            spike: mechanism.spike.map_or(-1, |f| place(table.offsets[f])),
            ..Table::default()
        };
        if let Some(own) = &table.self_events {
            made.slots = own.slots as i32;
            made.self_time = place(own.time);
            made.self_flag = place(own.flag);
            made.self_connection = place(own.connection);
            made.self_next = place(own.next);
            made.self_last = place(own.last);
        }
        let asks = table.self_events.is_some() || !mechanism.kernels.each_connection.is_empty();
        if let Some(incoming) = table.incoming.as_ref().filter(|_| asks) {
            let arguments: Vec<u32> = incoming.argument.iter().map(|at| placement.of(*at as usize) as u32).collect();
            (made.incoming_first, made.incoming) = (image.put(&incoming.first), image.put(&arguments));
        }
        made
    }

    fn samplers(&self, g: usize, samplers: &[Sampler], first: &[usize], image: &mut Image) -> Vec<tables::Sampler> {
        let of = |(number, sampler): (usize, &Sampler)| {
            let slots = sampler.slots.iter().filter(|slot| slot.group as usize == g);
            let list: Vec<i32> = slots.map(|slot| self.placements[g].of(slot.offset as usize) as i32).collect();
            (!list.is_empty()).then(|| tables::Sampler {
                list: image.put(&list),
                first_step: sampler.first_step,
                interval: sampler.interval_steps,
                last_step: sampler.last_step,
                n: list.len() as i32,
                number: number as i32,
                column: first[number] as i32,
                columns: sampler.slots.len() as i32,
            })
        };
        samplers.iter().enumerate().filter_map(of).collect()
    }
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
    let usage = module.usage(epoch, sizes.threads, shared)?;
    let [hear, gather, scatter] = ["hear", "gather", "scatter"].map(|name| module.kernel(name, 0));
    Ok(KernelSet { epoch, hear: hear?, gather: gather?, scatter: scatter?, usage, _module: module })
}

/// Numbers in a line of memory: states and rings begin on one.
const LINE: usize = 16;

/// First number and steps of each ring of a group.
type Rings = Vec<(usize, usize)>;

/// All states on the device, with empty rings behind them: the first number of each, the buffer, the byte where rings
/// begin, and each ring, counted from there.
fn states(
    device: &Device,
    groups: &[Group],
    placements: &[Placement],
) -> Result<(Vec<usize>, Buffer, usize, Vec<Rings>), EngineError> {
    let sizes: Vec<usize> = placements.iter().map(|placement| placement.len.next_multiple_of(LINE)).collect();
    let first = prefix_sums(&sizes);
    let rings_at = sizes.iter().sum::<usize>() * size_of::<f64>();
    let mut numbers = 0;
    let rings: Vec<Rings> = groups
        .iter()
        .map(|group| {
            let ring = |wiring: &tianyan_layout::Wiring| {
                let reach = usize::from(wiring.longest_delay_steps()) + MOST_EPOCH_STEPS as usize + 2;
                let (at, steps) = (numbers, reach.next_power_of_two());
                numbers += steps * wiring.inputs.len() * group.layout.tables[wiring.table].padded;
                (at, steps)
            };
            group.layout.wirings.iter().map(ring).collect()
        })
        .collect();
    let buffer = device.zeros(rings_at + numbers * size_of::<f64>())?;
    for ((group, placement), first) in groups.iter().zip(placements).zip(&first) {
        let mut values = vec![0.0; placement.len];
        placement.to_device(group.state.values(), &mut values);
        device.write(&buffer, first * size_of::<f64>(), &values)?;
    }
    Ok((first, buffer, rings_at, rings))
}

/// Brings connections onto point neurons to the device.
fn wire(
    device: &Device,
    wiring: &tianyan_layout::Wiring,
    at: u64,
    steps: usize,
    wires: &mut Vec<Buffer>,
) -> Result<Ring, EngineError> {
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

/// A table of rates, once for all who share it.
fn put_rates(table: &Arc<RateTable>, image: &mut Image, known: &mut HashMap<*const f64, u64>) -> u64 {
    *known.entry(table.numbers().as_ptr()).or_insert_with(|| image.put(table.numbers()))
}

fn finish(draft: &Draft, rates: &[u64], image: &mut Image) -> Stage {
    let [list, second, third] = &draft.lists;
    let of_parts: Vec<u64> = draft.tables.iter().map(|t| rates[*t]).collect();
    let is_rated = of_parts.iter().any(|table| *table != 0);
    Stage {
        list: image.put(list),
        second: image.put(second),
        third: image.put(third),
        rates: if is_rated { image.put(&of_parts) } else { 0 },
        ..draft.stage
    }
}

fn put_background(
    background: &tianyan_layout::Background,
    layout: &Layout,
    placement: &Placement,
    image: &mut Image,
) -> Background {
    let (inputs, added): (Vec<i32>, Vec<f64>) =
        background.adds.iter().map(|(at, added)| (placement.of(*at) as i32, *added)).unzip();
    let cumulative = cumulative(background.rate_hz * 1e-3 * layout.run.dt_ms);
    Background {
        instances: image.put(&background.instances),
        gids: image.put(&background.gids),
        inputs: image.put(&inputs),
        added: image.put(&added),
        cumulative: image.put(&cumulative),
        n: background.instances.len() as i32,
        adds: inputs.len() as i32,
        cumulative_count: cumulative.len() as i32,
        stream: background.stream,
        first_step: background.steps.start,
        end_step: background.steps.end,
    }
}

/// Static shared memory of the kernels, and what the driver keeps for itself.
const RESERVED: usize = 2 << 10;

/// Longer lists of shares stay where they are, bytes.
const HOT_LIST: usize = 4 << 10;

/// What a group's threads read in every step, with offsets in place of addresses: it moves into shared memory.
struct Hot {
    bytes: Vec<u8>,
    plan: Plan,
    /// Where the stages begin, behind all else.
    stages: usize,
}

impl Hot {
    /// The plan of the tree, and the lists of fused loops, whose stages are told where they lie.
    fn new(layout: &Layout, steps: &mut Steps, small: bool) -> Hot {
        let mut image = Image::new(0);
        let plan = put_plan(layout, small, &mut image);
        for draft in steps.drafts.iter_mut().filter(|draft| draft.stage.op == Op::Fused as i32) {
            draft.stage.at = image.put(&std::mem::take(&mut draft.lists[0])) as i32;
        }
        for draft in steps.drafts.iter_mut().filter(|draft| draft.stage.op == Op::Share as i32) {
            let all = draft.lists.concat();
            if size_of_val(&all[..]) <= HOT_LIST {
                draft.stage.at = image.put(&all) as i32;
                draft.lists = Default::default();
            }
        }
        let stages = image.put(&vec![Stage::default(); steps.drafts.len()]) as usize;
        let mut bytes = image.bytes().to_vec();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        Hot { bytes, plan, stages }
    }

    /// With the stages, now that their lists have addresses; and where these begin.
    fn with(&self, stages: &[Stage]) -> (Vec<u8>, i32) {
        let mut bytes = self.bytes.clone();
        let all: &[u8] = bytemuck::cast_slice(stages);
        bytes[self.stages..self.stages + all.len()].copy_from_slice(all);
        (bytes, self.stages as i32)
    }
}

/// The tiles of a group, sorted into levels: what hangs on a tile lies in lower ones.
fn put_plan(layout: &Layout, small: bool, image: &mut Image) -> Plan {
    let plan = &layout.rows.plan;
    let (tiles, lanes) = (plan.tiles(), plan.lanes());
    let mut level = vec![0usize; tiles.len()];
    for (t, tile) in tiles.iter().enumerate() {
        let children = &plan.children()[tile.first_child as usize..][..tile.children as usize * lanes];
        let below = children.iter().map(|lane| *lane as usize / lanes).filter(|child| *child < tiles.len());
        level[t] = below.map(|child| level[child] + 1).max().unwrap_or(0);
    }
    let levels = level.iter().max().map_or(0, |most| most + 1);
    let mut counts = vec![0usize; levels];
    level.iter().for_each(|l| counts[*l] += 1);
    let mut level_first: Vec<u32> = prefix_sums(&counts).into_iter().map(|first| first as u32).collect();
    level_first.push(tiles.len() as u32);
    let mut order: Vec<usize> = (0..tiles.len()).collect();
    // The longest of a level begin first.
    order.sort_by_key(|t| (level[*t], std::cmp::Reverse(tiles[*t].len)));
    let tile = |t: usize| {
        let tile = &tiles[t];
        let block = |position: u32| plan.blocks()[(tile.first_block + position) as usize];
        let (first, last, ragged) = (block(0), block(tile.len - 1), u32::from(tile.ragged));
        [first, last, tile.len, tile.first_lane, tile.first_child, tile.children, ragged, 0]
    };
    let sorted: Vec<u32> = order.into_iter().flat_map(tile).collect();
    let mut put = |numbers: &[u32]| match small {
        true => image.put(&numbers.iter().map(|number| *number as u16).collect::<Vec<_>>()) as i32,
        false => image.put(numbers) as i32,
    };
    Plan {
        tiles: put(&sorted),
        parents: put(plan.parents()),
        starts: if lanes > 1 { put(plan.starts()) } else { 0 },
        children: put(plan.children()),
        level_first: image.put(&level_first) as i32,
        levels: levels as i32,
        nodes: plan.nodes() as i32,
        lanes: plan.parents().len() as i32,
    }
}

/// The sum of all before each.
pub fn prefix_sums(counts: &[usize]) -> Vec<usize> {
    let sums = counts.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum - count)
    });
    sums.collect()
}

/// For each group and sampler the group's first column among all: those of a group lie together.
pub fn columns(samplers: &[Sampler], groups: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; groups]; samplers.len()];
    for (counts, sampler) in counts.iter_mut().zip(samplers) {
        sampler.slots.iter().for_each(|slot| counts[slot.group as usize] += 1);
    }
    let first: Vec<Vec<usize>> = counts.iter().map(|counts| prefix_sums(counts)).collect();
    (0..groups).map(|g| first.iter().map(|first| first[g]).collect()).collect()
}
