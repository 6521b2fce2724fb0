//! The text of a network's kernels: our own files of `cuda/`, the mechanisms' kernels, and what chooses among them.

use crate::arena::Arena;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use tianyan_engine::step::DETECTION_DELAY_MS;
use tianyan_engine::{LARGEST_VOLTAGE_MV, MOST_AT_ONCE, Sweep};
use tianyan_layout::{Group, Layout, MechanismTable};
use tianyan_model::Precision;
use tianyan_nmodl::emit::{Begin, EVENTS, PRELUDE, Part, Place, SWEEPS, emit_indexed, fused};
use tianyan_nmodl::ir::{Binding, Destination, EffectKind, Kernel};
use tianyan_nmodl::{FieldClass, Mechanism};

/// Threads of a warp.
pub const WARP: usize = 32;

const TABLES: &str = include_str!("../../../cuda/tables.h");
const STEP: [&str; 4] = [
    include_str!("../../../cuda/solve.cu"),
    include_str!("../../../cuda/deliver.cu"),
    include_str!("../../../cuda/points.cu"),
    include_str!("../../../cuda/epoch.cu"),
];

/// How large things are, in the kernels' text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Nodes of the largest group, and one for nobody.
    pub nodes: usize,
    /// Lanes of all its tiles, and one for nobody.
    pub chain_lanes: usize,
    /// Children of all its tiles.
    pub children: usize,
    /// Chains of a tile.
    pub lanes: usize,
    /// Threads of a block.
    pub threads: usize,
    /// Blocks that a processor should run at a time.
    pub blocks: usize,
    /// Whether the voltage equation is solved where the states lie, since shared memory is too small.
    pub tree_in_state: bool,
    /// Whether cycles are counted.
    pub profile: bool,
    /// Bytes of the largest group's hot tables, if they fit into shared memory; else 0.
    pub hot_bytes: usize,
}

impl Sizes {
    /// Shared memory of a block for the voltage equation, bytes.
    pub fn tree_bytes(&self) -> usize {
        if self.tree_in_state { 0 } else { (6 * self.nodes + 2 * self.chain_lanes) * size_of::<f64>() }
    }

    /// Whether 16 bits hold the numbers of nodes and of chains.
    pub fn is_small(&self) -> bool {
        self.nodes.max(self.chain_lanes).max(self.children) < 1 << 16
    }

    /// Shared memory of a block, bytes.
    pub fn shared_bytes(&self) -> usize {
        self.tree_bytes() + self.hot_bytes
    }
}

/// A fused loop.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fused {
    /// The codes of its mechanisms, and their kernels.
    pub parts: Vec<(usize, &'static str)>,
    /// What it begins before they run.
    pub begin: Begin,
}

/// The mechanisms of a network, and their fused loops, numbered.
#[derive(Debug, Default)]
pub struct Program {
    /// By code.
    pub mechanisms: Vec<Arc<Mechanism>>,
    code: HashMap<String, usize>,
    /// For each mechanism, where its bindings lie.
    places: Vec<Vec<Place>>,
    fused: Vec<Fused>,
    /// Whether fused loops compute with 32 bits.
    single: bool,
    /// Kernels that sweep by index, and the codes of their mechanisms.
    swept: BTreeSet<(usize, usize)>,
}

impl Program {
    /// The mechanisms of some groups.
    pub fn new(groups: &[Group], arena: &Arena) -> Program {
        let single = groups.first().is_some_and(|group| group.layout.run.precision == Precision::Single);
        let mut program = Program { single, ..Program::default() };
        for table in groups.iter().flat_map(|group| &group.layout.tables) {
            let next = program.mechanisms.len();
            if let std::collections::hash_map::Entry::Vacant(entry) = program.code.entry(table.mechanism.name.clone()) {
                entry.insert(next);
                program.mechanisms.push(table.mechanism.clone());
            }
        }
        program.places = program.mechanisms.iter().map(|mechanism| places(mechanism, groups, arena)).collect();
        program
    }

    /// The code of a mechanism.
    pub fn code(&self, mechanism: &Mechanism) -> usize {
        self.code.get(&mechanism.name).copied().unwrap_or_default()
    }

    /// The code of a fused loop.
    pub fn fuse(&mut self, fused: Fused) -> usize {
        let found = self.fused.iter().position(|other| *other == fused);
        found.unwrap_or_else(|| {
            self.fused.push(fused);
            self.fused.len() - 1
        })
    }

    /// Enters that a mechanism sweeps by index.
    pub fn sweep(&mut self, sweep: Sweep, mechanism: &Mechanism) {
        let code = self.code(mechanism);
        self.swept.insert((sweep as usize, code));
    }

    /// Everything, for the compiler.
    pub fn text(&self, arena: &Arena, sizes: &Sizes) -> String {
        let mut text = self.constants(arena, sizes) + PRELUDE + TABLES + &twins();
        for (code, mechanism) in self.mechanisms.iter().enumerate() {
            text += &emit_indexed(mechanism, &prefix(code));
        }
        for (number, Fused { parts, begin }) in self.fused.iter().enumerate() {
            let parts: Vec<Part> = parts
                .iter()
                .map(|&(code, kernel)| Part { mechanism: &self.mechanisms[code], kernel, places: &self.places[code] })
                .collect();
            text += &fused(&format!("fused_{number}"), &parts, begin, self.single);
        }
        text += &self.choices();
        STEP.iter().for_each(|file| text += file);
        text
    }

    fn constants(&self, arena: &Arena, sizes: &Sizes) -> String {
        let most = |of: fn(&Mechanism) -> usize| self.mechanisms.iter().map(|m| of(m)).max().unwrap_or(0);
        let constants = [
            ("NODES", sizes.nodes),
            ("CHAIN_LANES", sizes.chain_lanes),
            ("LANES", sizes.lanes),
            ("THREADS", sizes.threads),
            ("BLOCKS", sizes.blocks),
            ("MOST_AT_ONCE", MOST_AT_ONCE),
            ("MAX_ARGUMENTS", most(|m| m.arguments.len()) + 1),
            ("MAX_EFFECTS", most(|m| m.kernels.receive.effects.len()).max(1)),
            ("AREA_AT", arena.at("area")),
            ("CAPACITANCE_AT", arena.at("capacitance")),
            ("GIVEN_AT", arena.at(GIVEN)),
        ];
        let mut text = String::new();
        for (name, value) in constants {
            let _ = writeln!(text, "#define {name} {value}");
        }
        let _ = writeln!(text, "#define PLACE {}", if sizes.is_small() { "u16" } else { "u32" });
        let _ = writeln!(text, "#define DETECTION_DELAY_MS {DETECTION_DELAY_MS:?}");
        let _ = writeln!(text, "#define LARGEST_VOLTAGE_MV {LARGEST_VOLTAGE_MV:?}");
        if sizes.tree_in_state {
            text += "#define TREE_IN_STATE\n";
        }
        if self.mechanisms.iter().any(|mechanism| !mechanism.kernels.diffusions.is_empty()) {
            text += "#define DIFFUSES\n";
        }
        if sizes.profile {
            text += "#define COUNT_CYCLES\n";
        }
        if sizes.hot_bytes > 0 {
            text += "#define HOT_IN_SHARED\n";
        }
        text
    }

    /// Functions that call the kernel with a number.
    fn choices(&self) -> String {
        let mut text = format!(
            "enum sweep {{ SWEEP_WATCH = {} }};\nenum effect {{ EFFECT_SEND, EFFECT_EVENT, EFFECT_MOVE, EFFECT_EACH }};\n",
            Sweep::Watch as usize
        );
        let count = self.mechanisms.len().max(1);
        let there =
            |mechanism: &Mechanism, name: &str| mechanism.kernels.named(name).is_some_and(|kernel| !kernel.is_empty());
        text +=
            "FN void call_sweep(i32 which, i32 code, double *state, const struct table *t, double time, double dt) {\n";
        let _ = writeln!(text, "  switch (which * {count} + code) {{");
        for &(number, code) in &self.swept {
            let (case, prefix, own, name) =
                (number * count + code, prefix(code), &self.mechanisms[code].name, SWEEPS[number]);
            let _ = writeln!(
                text,
                "    case {case}: {prefix}{own}_{name}(state, t->field, t->index, t->padded, time, dt, t->rates); break;"
            );
        }
        text += "  }\n}\n";
        for name in EVENTS {
            let _ = writeln!(
                text,
                "FN void call_{name}(i32 code, double *state, const struct table *t, double time, double dt, i64 i, double \
                 *argument, double *effect) {{\n  switch (code) {{"
            );
            for (code, mechanism) in self.mechanisms.iter().enumerate().filter(|(_, m)| there(m, name)) {
                let (prefix, own) = (prefix(code), &mechanism.name);
                let _ = writeln!(
                    text,
                    "    case {code}: {prefix}{own}_{name}(state, t->field, t->index, t->padded, time, dt, 0, i, argument, \
                     effect); break;"
                );
            }
            text += "  }\n}\n";
        }
        text += "FN void call_fused(i32 code, double *state, const i32 *at, i32 n, double time, double dt, const double *const \
                 *rates) {\n  switch (code) {\n";
        for number in 0..self.fused.len() {
            let _ = writeln!(text, "    case {number}: fused_{number}(state, at, n, time, dt, rates); break;");
        }
        text += "  }\n}\nFN i32 effect_kind(i32 code, i32 k) {\n  switch (code) {\n";
        for (code, mechanism) in self.mechanisms.iter().enumerate() {
            let effects = &mechanism.kernels.receive.effects;
            if !effects.is_empty() {
                let kinds: Vec<String> = effects.iter().map(|effect| effect_number(effect.kind).to_string()).collect();
                let chosen = kinds.iter().enumerate().map(|(k, kind)| format!("k == {k} ? {kind} : "));
                let _ = writeln!(text, "    case {code}: return {}0;", chosen.collect::<String>());
            }
        }
        text + "  }\n  return 0;\n}\n"
    }
}

/// The compiler's check that both sides have the same structures.
fn twins() -> String {
    use crate::tables::{
        Background, Copies, EpochInputs, Event, Group, Heard, Launch, Plan, Sampler, Spike, Stage, Status, Table,
        Wiring,
    };
    let sizes = [
        ("table", size_of::<Table>()),
        ("plan", size_of::<Plan>()),
        ("stage", size_of::<Stage>()),
        ("wiring", size_of::<Wiring>()),
        ("background", size_of::<Background>()),
        ("sampler", size_of::<Sampler>()),
        ("group", size_of::<Group>()),
        ("event", size_of::<Event>()),
        ("spike", size_of::<Spike>()),
        ("heard", size_of::<Heard>()),
        ("status", size_of::<Status>()),
        ("epoch_inputs", size_of::<EpochInputs>()),
        ("launch", size_of::<Launch>()),
        ("copies", size_of::<Copies>()),
    ];
    let check = |(name, size)| format!("static_assert(sizeof(struct {name}) == {size}, \"{name}\");\n");
    sizes.into_iter().map(check).collect()
}

/// The field of what chains give to each other, where it does not fit into shared memory.
pub const GIVEN: &str = "_given";

/// The field of diagonals before electrodes add theirs.
pub const MEMBRANE_DIAGONAL: &str = "_membrane_diagonal";

/// Right-hand sides, diagonals and couplings of what diffuses, one quantity at a time.
pub const DIFFUSION: &str = "_diffusion";

fn prefix(code: usize) -> String {
    format!("m{code}_")
}

fn effect_number(kind: EffectKind) -> u32 {
    match kind {
        EffectKind::Send => 0,
        EffectKind::Event => 1,
        EffectKind::Move => 2,
        EffectKind::EachConnection => 3,
    }
}

/// Where the bindings of a mechanism lie. What is the same for all instances of each group is read once.
fn places(mechanism: &Mechanism, groups: &[Group], arena: &Arena) -> Vec<Place> {
    let of = |group: &Group| group.layout.tables.iter().position(|table| table.mechanism.name == mechanism.name);
    let tables: Vec<(&Group, usize)> = groups.iter().filter_map(|group| Some((group, of(group)?))).collect();
    let stored = stored(mechanism);
    let place = |(b, binding): (usize, &Binding)| match *binding {
        Binding::Field(f) => {
            let at = arena.at(&format!("{}.{}", mechanism.name, mechanism.fields[f].name));
            let is_shared = mechanism.fields[f].shared;
            let is_given = mechanism.fields[f].class == FieldClass::Parameter && !stored[b];
            let range = |group: &Group, t: usize| {
                let table = &group.layout.tables[t];
                let count = if is_shared { table.shared_length(f) } else { table.count };
                table.offsets[f]..table.offsets[f] + count
            };
            let is_fixed = |&(group, t): &(&Group, usize)| {
                let prepared = stored_by_prepare(mechanism, b) && group.layout.prepared_in_step.contains(&t);
                !prepared && is_same(group, range(group, t))
            };
            match is_given && tables.iter().all(is_fixed) {
                true => constant(tables.iter().map(|(group, t)| group.state.values()[range(group, *t).start]), at),
                false if is_shared => Place::Single(at),
                false => Place::Array(at),
            }
        }
        Binding::Celsius => {
            let celsius = groups.iter().map(|group| group.layout.run.temperature_celsius);
            constant(celsius, arena.at("celsius"))
        }
        Binding::Node(variable) => Place::Array(arena.at(node_field(variable))),
        Binding::Ion(k, variable) => {
            use tianyan_nmodl::ir::IonVariable::{Conductance, Current, Inside, Outside, Reversal};
            let name = &mechanism.ions[k].name;
            let (what, is_kept) = match variable {
                Reversal => ("reversal", true),
                Current => ("current", false),
                Conductance => ("conductance", false),
                Inside => ("inside", true),
                Outside => ("outside", true),
            };
            let at = arena.at(&format!("ion {name}.{what}"));
            let first = |group: &Group| group.state.values()[of_ion(group, name, what).start];
            match is_kept && tables.iter().all(|(group, _)| is_same_ion(group, name, what)) {
                true => constant(tables.iter().map(|(group, _)| first(group)), at),
                false => Place::Array(at),
            }
        }
    };
    mechanism.kernels.bindings.iter().enumerate().map(place).collect()
}

/// What is the same in each group: a constant if it is the same in all of them.
fn constant(mut values: impl Iterator<Item = f64>, at: usize) -> Place {
    let Some(first) = values.next().filter(|first| first.is_finite()) else { return Place::Single(at) };
    match values.all(|value| value.to_bits() == first.to_bits()) {
        true => Place::Constant(first.to_bits()),
        false => Place::Single(at),
    }
}

/// Where a number of an ion lies; empty if the group has no such ion.
fn of_ion(group: &Group, name: &str, what: &str) -> Range<usize> {
    let Some(ion) = group.layout.ions.iter().find(|ion| ion.name == name) else { return 0..0 };
    let at = match what {
        "reversal" => ion.reversal,
        "inside" => ion.inside,
        _ => ion.outside,
    };
    at..at + ion.count
}

fn node_field(variable: tianyan_nmodl::ir::NodeVariable) -> &'static str {
    use tianyan_nmodl::ir::NodeVariable::{Area, Diagonal, Diameter, Rhs, Voltage};
    match variable {
        Voltage => "v",
        Rhs => "rhs",
        Diagonal => "diagonal",
        Area => "area",
        Diameter => "diameter",
    }
}

/// True if all these numbers are one, and no stimulus drives any.
fn is_same(group: &Group, range: Range<usize>) -> bool {
    let values = &group.state.values()[range.clone()];
    let is_driven = group.layout.driven.iter().any(|slot| range.contains(&(*slot as usize)));
    !is_driven && values.iter().all(|value| value.to_bits() == values[0].to_bits())
}

/// True if a number of an ion is the same in all compartments, and nobody changes it.
fn is_same_ion(group: &Group, name: &str, what: &str) -> bool {
    let Layout { ions, tables, .. } = &*group.layout;
    let writes = |table: &MechanismTable| {
        let of_ion = table.mechanism.ions.iter().filter(|ion| ion.name == name);
        of_ion.into_iter().any(|ion| ion.writes_inside || ion.writes_outside || ion.writes_reversal)
    };
    let is_computed = ions.iter().any(|ion| ion.name == name && !ion.nernst_in_step.is_empty());
    let range = of_ion(group, name, what);
    !is_computed && !tables.iter().any(writes) && !range.is_empty() && is_same(group, range)
}

/// Which bindings kernels of the run store to.
fn stored(mechanism: &Mechanism) -> Vec<bool> {
    let mut stored = vec![false; mechanism.kernels.bindings.len()];
    let once = ["initial", "before_initial", "after_initial", "connect", "prepare"];
    for (_, kernel) in mechanism.kernels.all().into_iter().filter(|(name, _)| !once.contains(name)) {
        kernel.stores.iter().for_each(|(destination, _)| {
            if let Destination::Set(b) | Destination::Add(b) = destination {
                stored[*b as usize] = true;
            }
        });
    }
    stored
}

fn stored_by_prepare(mechanism: &Mechanism, b: usize) -> bool {
    let Kernel { stores, .. } = &mechanism.kernels.prepare;
    stores
        .iter()
        .any(|(destination, _)| matches!(destination, Destination::Set(to) | Destination::Add(to) if *to as usize == b))
}
