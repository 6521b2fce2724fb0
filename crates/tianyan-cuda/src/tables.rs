//! What the kernels are told: the structures of `cuda/tables.h`, field by field. Addresses are of the device.

use bytemuck::{Pod, Zeroable};

macro_rules! twin {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
        #[repr(C)]
        #[allow(missing_docs)]
        pub struct $name { $(pub $field: $kind),+ }
    };
}

twin! {
    /// A mechanism's table in a group.
    Table {
        field: u64, index: u64, rates: u64, owner: u64, incoming_first: u64, incoming: u64, watches: u64,
        code: i32, count: i32, padded: i32, arguments: i32, effects: i32, watch_count: i32,
        slots: i32, self_time: i32, self_flag: i32, self_connection: i32, self_next: i32, self_last: i32,
        spike: i32, unused: i32,
    }
}

twin! {
    /// The tiles of a group, level by level: offsets into its hot tables.
    Plan {
        tiles: i32, parents: i32, starts: i32, children: i32, level_first: i32, levels: i32, nodes: i32, lanes: i32,
    }
}

twin! {
    /// A part of a step.
    Stage {
        op: i32, code: i32, n: i32, table: i32, when: i32, a: i32, b: i32, c: i32, at: i32, sync: i32,
        factor: f64, list: u64, second: u64, third: u64, rates: u64,
    }
}

twin! {
    /// What is on its way to the point neurons of a table.
    Wiring {
        ring: u64, first: u64, target: u64, delay: u64, single: u64, weight: u64, inputs: u64,
        sources: i32, width: i32, neurons: i32, mask: i32,
    }
}

twin! {
    /// Random spikes into point neurons.
    Background {
        instances: u64, gids: u64, inputs: u64, added: u64, cumulative: u64,
        n: i32, adds: i32, cumulative_count: i32, stream: u32, first_step: u64, end_step: u64,
    }
}

twin! {
    /// Columns of a report that lie in a group.
    Sampler { list: u64, first_step: u64, interval: u64, last_step: u64, n: i32, number: i32, column: i32, columns: i32 }
}

twin! {
    /// A group.
    Group {
        state: u64, hot: u64, tables: u64, wirings: u64, backgrounds: u64, samplers: u64,
        detector_gid: u64, detector_node: u64, threshold: u64, driven: u64, rows: u64,
        plan: Plan, hot_bytes: i32, stages: i32,
        table_count: i32, stage_count: i32, states_from: i32, wiring_count: i32, background_count: i32,
        sampler_count: i32, detectors: i32, above: i32, driven_count: i32, driven_first: i32, nodes: i32,
        watched: i32, coupled: i32, self_events: i32,
        row_count: i32, unused: i32,
    }
}

twin! {
    /// An event that reaches an instance.
    Event {
        time: f64, emitted: f64, sequence: u64, step: u32, table: u32, instance: u32, argument: u32,
    }
}

twin! {
    /// A spike, and what caused it.
    Spike { time: f64, emitted: f64, sequence: u64, gid: u32, group: u32 }
}

twin! {
    /// A spike as point neurons hear it.
    Heard { step: u64, source: u32, unused: u32 }
}

twin! {
    /// What the kernels say.
    Status {
        spikes: u32, not_finite: u32, fault: u32, fault_group: u32, fault_table: u32, fault_instance: u32, fault_time: f64,
    }
}

twin! {
    /// The head of what changes from epoch to epoch.
    EpochInputs {
        first_step: u64, from: i32, to: i32, steps: i32, phase: i32, heard_count: i32, unused: i32,
        times: i64, rows_at: i64, rows_before: i64, event_first: i64, events: i64, driven: i64, heard: i64,
    }
}

twin! {
    /// All that a launch needs.
    Launch {
        groups: u64, inputs: u64, status: u64, spikes: u64, rows: u64, cycles: u64, wirings: u64,
        wiring_count: i32, capacity: u32, seed: u64, dt: f64,
    }
}

twin! {
    /// Numbers of states, out or in.
    Copies { list: u64, values: u64, n: i64 }
}

/// What a stage does; `enum op` of `cuda/tables.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Op {
    Deliver,
    Listen,
    Drive,
    Begin,
    Clear,
    Nernst,
    Sweep,
    Fused,
    Share,
    Keep,
    Solve,
    Membrane,
    WholeMembrane,
    Correct,
    Peers,
    Fire,
    Diffuse,
    Record,
}

/// Which time a stage sees; `enum moment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Moment {
    Middle,
    End,
}

impl Op {
    /// All, in their order.
    pub const ALL: [Op; 18] = [
        Op::Deliver,
        Op::Listen,
        Op::Drive,
        Op::Begin,
        Op::Clear,
        Op::Nernst,
        Op::Sweep,
        Op::Fused,
        Op::Share,
        Op::Keep,
        Op::Solve,
        Op::Membrane,
        Op::WholeMembrane,
        Op::Correct,
        Op::Peers,
        Op::Fire,
        Op::Diffuse,
        Op::Record,
    ];
}

impl Stage {
    /// A stage that does this.
    pub fn new(op: Op) -> Stage {
        Stage { op: op as i32, at: -1, sync: 1, ..Stage::default() }
    }

    /// The same, at that time of the step.
    pub fn at(self, when: Moment) -> Stage {
        Stage { when: when as i32, ..self }
    }
}

/// Tables for the device, one behind the other from an address on.
#[derive(Debug)]
pub struct Image {
    base: u64,
    bytes: Vec<u8>,
}

impl Image {
    /// An empty one that will lie there.
    pub fn new(base: u64) -> Image {
        Image { base, bytes: Vec::new() }
    }

    /// Adds an array; its address, or 0 if it is empty.
    pub fn put<T: Pod>(&mut self, items: &[T]) -> u64 {
        if items.is_empty() {
            return 0;
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(16), 0);
        let at = self.base + self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytemuck::cast_slice(items));
        at
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
