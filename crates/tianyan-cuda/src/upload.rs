//! The tables of a loaded network, as the kernels are told: addresses, places, lists.

use crate::arena::Placement;
use crate::device::{Buffer, Device};
use crate::loaded::{Loaded, prefix_sums};
use crate::program::Draft;
use crate::tables::{self, Background, Group as GroupTables, Image, Stage, Table, Wiring};
use std::collections::HashMap;
use std::sync::Arc;
use tianyan_engine::{EngineError, cumulative};
use tianyan_layout::{Layout, MechanismTable, Sampler};
use tianyan_nmodl::RateTable;

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

impl Loaded {
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

/// For each group and sampler the group's first column among all: those of a group lie together.
pub fn columns(samplers: &[Sampler], groups: usize) -> Vec<Vec<usize>> {
    let mut counts = vec![vec![0; groups]; samplers.len()];
    for (counts, sampler) in counts.iter_mut().zip(samplers) {
        sampler.slots.iter().for_each(|slot| counts[slot.group as usize] += 1);
    }
    let first: Vec<Vec<usize>> = counts.iter().map(|counts| prefix_sums(counts)).collect();
    (0..groups).map(|g| first.iter().map(|first| first[g]).collect()).collect()
}
