//! Events: from outside, from the instances themselves, and from WATCH conditions, in the order of their times.
//!
//! Each instance merges what comes from outside with its own events (net_send), which lie in a fixed number of slots
//! of the state. NET_RECEIVE sees t as the event's exact time.

use crate::backend::{Cause, Event, Fired};
use crate::kernels::{Arrival, Kernels, Sweep, Visit};
use crate::native::EventBuffers;
use tianyan_layout::{Group, Layout, MechanismTable, SelfEvents};
use tianyan_model::Spike;
use tianyan_nmodl::ir::EffectKind;

/// What is wrong with an instance's own events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// More are on their way than it has slots.
    Slots,
    /// One was sent into the past.
    Past,
    /// They follow each other without time passing.
    Endless,
}

/// So many events of one instance may follow each other in half a step.
pub const MOST_AT_ONCE: usize = 100_000;

/// An instance whose own events (net_send) cannot go on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overflow {
    /// Why.
    pub fault: Fault,
    /// Table of the group.
    pub table: usize,
    /// Instance of the table.
    pub instance: usize,
    /// When, ms.
    pub time_ms: f64,
}

/// What events act on.
pub struct Delivery<'a> {
    layout: &'a Layout,
    state: &'a mut [f64],
    kernels: &'a [Kernels],
    dt_ms: f64,
    spikes: &'a mut Vec<Fired>,
    overflow: &'a mut Option<Overflow>,
    buffers: EventBuffers,
    /// Where the event comes from that is being received.
    cause: Cause,
}

impl<'a> Delivery<'a> {
    /// Events act on this group; what they emit goes to `spikes`.
    pub fn new(
        group: &'a mut Group,
        kernels: &'a [Kernels],
        dt_ms: f64,
        spikes: &'a mut Vec<Fired>,
        overflow: &'a mut Option<Overflow>,
    ) -> Delivery<'a> {
        let Group { layout, state } = group;
        let buffers = EventBuffers::new();
        let state = state.values_mut();
        Delivery { layout, state, kernels, dt_ms, spikes, overflow, buffers, cause: Cause::NONE }
    }

    /// Delivers these events (sorted by table, instance, time), and all events of the instances themselves that are
    /// due by `until_ms`.
    pub fn all<'e>(&mut self, events: impl Iterator<Item = &'e Event>, until_ms: f64) {
        let layout = self.layout;
        for event in events {
            let (t, instance) = (event.table as usize, event.instance as usize);
            let table = &layout.tables[t];
            if let Some(own) = &table.self_events {
                self.own(t, own, instance, event.time_ms, true);
            }
            self.cause = event.cause;
            self.receive(t, instance, Some(event.argument as usize), 0.0, event.time_ms);
            self.cause = Cause::NONE;
        }
        for (t, table) in layout.tables.iter().enumerate() {
            let Some(own) = &table.self_events else { continue };
            for instance in 0..table.count {
                if self.state[own.next + instance] <= until_ms {
                    self.own(t, own, instance, until_ms, false);
                }
            }
        }
    }

    /// Looks at all WATCH conditions; those that have become true send an event at `t_ms`.
    pub fn watch(&mut self, t_ms: f64) {
        let layout = self.layout;
        for (t, table) in layout.tables.iter().enumerate().filter(|(_, table)| !table.mechanism.watches.is_empty()) {
            self.kernels[t].sweep(Sweep::Watch, table, self.state, t_ms, self.dt_ms);
            let Some(own) = &table.self_events else { continue };
            for (k, watch) in table.mechanism.watches.iter().enumerate() {
                for instance in 0..table.count {
                    if self.state[table.slot(watch.fired, instance)] != 0.0 {
                        let flag = self.state[table.slot(watch.flag, instance)];
                        self.send(t, own, instance, t_ms, flag, -((k + 1) as f64));
                    }
                }
            }
        }
    }

    /// Delivers an instance's own events up to a time, or before it.
    fn own(&mut self, t: usize, own: &SelfEvents, instance: usize, limit_ms: f64, before: bool) {
        let padded = self.layout.tables[t].padded;
        for round in 0.. {
            let next = self.state[own.next + instance];
            if round > MOST_AT_ONCE {
                self.overflow.get_or_insert(Overflow { fault: Fault::Endless, table: t, instance, time_ms: next });
            }
            if self.overflow.is_some() {
                return;
            }
            if !(next < limit_ms || (next == limit_ms && !before)) {
                return;
            }
            let at = |slot: usize| slot * padded + instance;
            let Some(slot) = (0..own.slots).find(|slot| self.state[own.time + at(*slot)] == next) else { return };
            let flag = self.state[own.flag + at(slot)];
            let connection = self.state[own.connection + at(slot)];
            self.state[own.time + at(slot)] = f64::INFINITY;
            if self.state[own.last + instance] as usize == slot + 1 {
                self.state[own.last + instance] = 0.0;
            }
            self.find_next(own, padded, instance);
            if connection < 0.0 && !self.still_fired(t, instance, connection) {
                continue;
            }
            let connection = connection as usize;
            let incoming = self.layout.tables[t].incoming.as_ref().map_or(&[][..], |incoming| incoming.of(instance));
            let argument = connection.checked_sub(1).and_then(|k| incoming.get(k)).map(|&argument| argument as usize);
            self.receive(t, instance, argument, flag, next);
        }
    }

    /// Whether a WATCH event is still wanted: another one may have turned its condition off in the meantime.
    fn still_fired(&mut self, t: usize, instance: usize, number: f64) -> bool {
        let table = &self.layout.tables[t];
        let fired = table.slot(table.mechanism.watches[-number as usize - 1].fired, instance);
        std::mem::take(&mut self.state[fired]) != 0.0
    }

    fn find_next(&mut self, own: &SelfEvents, padded: usize, instance: usize) {
        let times = (0..own.slots).map(|slot| self.state[own.time + slot * padded + instance]);
        self.state[own.next + instance] = times.fold(f64::INFINITY, f64::min);
    }

    fn send(&mut self, t: usize, own: &SelfEvents, instance: usize, time_ms: f64, flag: f64, connection: f64) {
        let padded = self.layout.tables[t].padded;
        let at = |slot: usize| slot * padded + instance;
        let Some(slot) = (0..own.slots).find(|slot| self.state[own.time + at(*slot)] == f64::INFINITY) else {
            self.overflow.get_or_insert(Overflow { fault: Fault::Slots, table: t, instance, time_ms });
            return;
        };
        self.state[own.time + at(slot)] = time_ms;
        self.state[own.flag + at(slot)] = flag;
        self.state[own.connection + at(slot)] = connection;
        self.state[own.last + instance] = (slot + 1) as f64;
        let next = &mut self.state[own.next + instance];
        *next = next.min(time_ms);
    }

    /// NET_RECEIVE of one instance, with the arguments that stand at `argument` in the state.
    fn receive(&mut self, t: usize, instance: usize, argument: Option<usize>, flag: f64, t_ms: f64) {
        let table = &self.layout.tables[t];
        let width = table.mechanism.arguments.len();
        self.load(argument, width);
        self.buffers.arguments[width] = flag;
        let dt_ms = self.dt_ms;
        self.kernels[t].event(Arrival::Receive, table, self.state, Visit { instance, t_ms, dt_ms }, &mut self.buffers);
        self.store(argument, width);
        self.effects(t, &table.mechanism.kernels.receive.effects, instance, argument, t_ms);
    }

    fn load(&mut self, argument: Option<usize>, width: usize) {
        match argument {
            Some(at) => self.buffers.arguments[..width].copy_from_slice(&self.state[at..at + width]),
            None => self.buffers.arguments[..width].fill(0.0),
        }
    }

    fn store(&mut self, argument: Option<usize>, width: usize) {
        if let Some(at) = argument {
            self.state[at..at + width].copy_from_slice(&self.buffers.arguments[..width]);
        }
    }

    /// Does what a kernel asked for.
    fn effects(
        &mut self,
        t: usize,
        effects: &[tianyan_nmodl::ir::Effect],
        instance: usize,
        argument: Option<usize>,
        t_ms: f64,
    ) {
        for (k, effect) in effects.iter().enumerate() {
            let [when, time_ms, flag] = [0, 1, 2].map(|part| self.buffers.effects[3 * k + part]);
            if when == 0.0 {
                continue;
            }
            let table = &self.layout.tables[t];
            match (effect.kind, &table.self_events) {
                (EffectKind::Send | EffectKind::Move, Some(_)) if time_ms < t_ms || time_ms.is_nan() => {
                    let past = Overflow { fault: Fault::Past, table: t, instance, time_ms: t_ms };
                    self.overflow.get_or_insert(past);
                }
                (EffectKind::Send, Some(own)) => {
                    let connection = connection_number(table, instance, argument);
                    self.send(t, own, instance, time_ms, flag, connection);
                }
                (EffectKind::Move, Some(own)) => self.reschedule(table.padded, own, instance, time_ms),
                (EffectKind::Event, _) => {
                    let spike = Spike { time_ms, gid: table.owner[instance] };
                    self.spikes.push(Fired { spike, cause: self.cause });
                }
                (EffectKind::EachConnection, _) => self.each_connection(t, instance, t_ms),
                (EffectKind::Send | EffectKind::Move, None) => {}
            }
        }
    }

    fn reschedule(&mut self, padded: usize, own: &SelfEvents, instance: usize, time_ms: f64) {
        if let Some(slot) = (self.state[own.last + instance] as usize).checked_sub(1) {
            self.state[own.time + slot * padded + instance] = time_ms;
            self.find_next(own, padded, instance);
        }
    }

    fn each_connection(&mut self, t: usize, instance: usize, t_ms: f64) {
        let table = &self.layout.tables[t];
        let width = table.mechanism.arguments.len();
        let incoming = table.incoming.as_ref().map_or(&[][..], |incoming| incoming.of(instance));
        // The kernel has no effects of its own, but shares the buffers with those still to be done.
        let effects = self.buffers.effects;
        for &argument in incoming {
            self.load(Some(argument as usize), width);
            let (arrival, dt_ms) = (Arrival::EachConnection, self.dt_ms);
            self.kernels[t].event(arrival, table, self.state, Visit { instance, t_ms, dt_ms }, &mut self.buffers);
            self.store(Some(argument as usize), width);
        }
        self.buffers.effects = effects;
    }

    /// INITIAL of all instances of a table, with its net_send, interpreted.
    pub fn initial(&mut self, t: usize) {
        let table = &self.layout.tables[t];
        let kernel = &table.mechanism.kernels.initial;
        for instance in 0..table.count {
            let visit = Visit { instance, t_ms: 0.0, dt_ms: self.dt_ms };
            crate::kernels::interpret_event(kernel, table, self.state, visit, &mut self.buffers);
            self.effects(t, &kernel.effects, instance, None, 0.0);
        }
    }

    /// INITIAL of NET_RECEIVE: sets the arguments of every connection.
    pub fn connect(&mut self) {
        let layout = self.layout;
        for (t, table) in layout.tables.iter().enumerate() {
            let kernel = &table.mechanism.kernels.connect;
            if kernel.is_empty() {
                continue;
            }
            let Some(incoming) = &table.incoming else { continue };
            let width = table.mechanism.arguments.len();
            for instance in 0..table.count {
                for &argument in incoming.of(instance) {
                    self.load(Some(argument as usize), width);
                    let visit = Visit { instance, t_ms: 0.0, dt_ms: self.dt_ms };
                    crate::kernels::interpret_event(kernel, table, self.state, visit, &mut self.buffers);
                    self.store(Some(argument as usize), width);
                    self.effects(t, &kernel.effects, instance, Some(argument as usize), 0.0);
                }
            }
        }
    }
}

/// 1 + the number at the instance of the connection whose arguments stand there; 0 for none.
fn connection_number(table: &MechanismTable, instance: usize, argument: Option<usize>) -> f64 {
    let incoming = table.incoming.as_ref().map_or(&[][..], |incoming| incoming.of(instance));
    let found = argument.and_then(|argument| incoming.iter().position(|&other| other as usize == argument));
    found.map_or(0.0, |k| (k + 1) as f64)
}
