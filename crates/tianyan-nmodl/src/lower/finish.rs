//! Drops what nothing reads, decides what becomes a field, and numbers everything.

use std::collections::{BTreeMap, BTreeSet};

use super::live::{live, matters};
use super::{Draft, Goal, Phase, Tables, order, prepare, rates, rewrite, warnings, warnings::Traffic};
use crate::ast::{BlockKind, File};
use crate::diagnostic::Report;
use crate::ir::{Binding, Diffusion, IonVariable, Kernel, Kernels, Op, Share};
use crate::mechanism::{Field, FieldClass, FunctionTable, Mechanism, MechanismKind, Table, Watch};
use crate::symbols::{Role, Symbol, Symbols};

/// Puts the kernels together.
pub(super) fn mechanism(
    file: &File,
    symbols: &Symbols,
    tables: Tables,
    drafts: BTreeMap<Phase, Draft>,
    report: &mut Report,
) -> Mechanism {
    let phases: Vec<Phase> = drafts.keys().copied().collect();
    let tabulated = tables.tabulated.iter().map(|table| table.draft.clone());
    let drafts: Vec<Draft> = drafts.into_values().chain(tabulated).collect();
    let loaded = settle(&drafts, &tables);
    let later: Vec<Draft> =
        phases.iter().zip(&drafts).filter(|(phase, _)| **phase != Phase::Initial).map(|(_, d)| d.clone()).collect();
    let changing = written(&later).into_keys().collect();
    let traffic = Traffic { written: &written(&drafts), changing: &changing, loaded: &loaded };
    warnings::warn(file, symbols, &tables, &traffic, report);
    let fields = choose_fields(symbols, &tables, &drafts, &loaded);
    let drafts: Vec<Draft> = drafts.into_iter().map(|draft| trim(draft, &loaded)).collect();
    let used = used_places(&drafts, &tables);
    let (mut bindings, numbers) = number_bindings(&tables, &used, &fields);
    let mut made: Vec<Kernel> = drafts.into_iter().map(|draft| order::kernel(&draft, &numbers)).collect();
    let table_kernels = made.split_off(phases.len());
    let is_exact = |b: u32| match bindings[b as usize] {
        Binding::Field(f) => fields[f].1.class == FieldClass::Exact,
        _ => false,
    };
    let is_parameter = |b: u32| match bindings[b as usize] {
        Binding::Celsius => true,
        Binding::Field(f) => fields[f].1.class == FieldClass::Parameter && fields[f].1.stream.is_none(),
        _ => false,
    };
    let is_swept = |phase: &Phase| matches!(phase, Phase::Current | Phase::State);
    for (_, kernel) in phases.iter().zip(&mut made).filter(|(phase, _)| is_swept(phase)) {
        *kernel = rewrite::cheaper(std::mem::take(kernel), &bindings, is_parameter, is_exact);
    }
    let swept = phases.iter().zip(&mut made).filter(|(phase, _)| is_swept(phase)).map(|(_, kernel)| kernel);
    let (places, mut fields): (Vec<usize>, Vec<Field>) = fields.into_iter().unzip();
    let prepare = prepare::prepare(swept, &mut bindings, &mut fields);
    let mut kernels: BTreeMap<Phase, Kernel> = phases.into_iter().zip(made).collect();
    let has_membrane = symbols.kind != MechanismKind::ArtificialCell;
    let state = kernels.get(&Phase::State).filter(|_| has_membrane);
    let (rated, rates) = state.and_then(|state| rates::look_up(state, &bindings, &fields)).unzip();
    let mut of = |phase: Phase| kernels.remove(&phase).unwrap_or_default();
    let field = |made: usize| {
        let index = symbols.list.len() + made;
        places.iter().position(|before| *before == index).expect("all fields of the compiler's own are kept")
    };
    let watch =
        |[state, flag, fired]: &[usize; 3]| Watch { state: field(*state), flag: field(*flag), fired: field(*fired) };
    let function_table = |(name, made): &(String, usize)| FunctionTable { name: name.clone(), field: field(*made) };
    let table = |(table, kernel): (&super::tabulate::Tabulated, Kernel)| Table {
        fields: table.fields.iter().map(|made| field(*made)).collect(),
        count: table.count,
        kernel,
    };
    Mechanism {
        name: symbols.name.clone(),
        kind: symbols.kind,
        electrode: symbols.electrode,
        ions: symbols.ions.clone(),
        currents: symbols.currents.iter().map(|(index, _)| symbols.list[*index].name.clone()).collect(),
        affine: tables.affine,
        arguments: arguments(file),
        tables: tables.tabulated.iter().zip(table_kernels).map(table).collect(),
        function_tables: tables.function_tables.iter().map(function_table).collect(),
        watches: tables.watches.iter().map(watch).collect(),
        rates,
        spike: tables.spike.map(field),
        kernels: Kernels {
            initial: of(Phase::Initial),
            current: of(Phase::Current),
            state: of(Phase::State),
            receive: of(Phase::Receive),
            connect: of(Phase::Connect),
            watch: of(Phase::Watch),
            before_initial: of(Phase::BeforeInitial),
            after_initial: of(Phase::AfterInitial),
            before_breakpoint: of(Phase::BeforeBreakpoint),
            after_solve: of(Phase::AfterSolve),
            before_step: of(Phase::BeforeStep),
            diffuse: of(Phase::Diffuse),
            each_connection: of(Phase::EachConnection),
            prepare,
            rated: rated.unwrap_or_default(),
            shares: tables.shares.iter().map(|(from, to)| Share { from: numbers[from], to: numbers[to] }).collect(),
            diffusions: tables.diffusions.iter().map(|places| diffusion(places, &numbers)).collect(),
            bindings,
        },
        fields,
    }
}

fn diffusion(places: &[u32; 3], numbers: &BTreeMap<u32, u32>) -> Diffusion {
    let [state, volume, coefficient] = places.map(|place| numbers[&place]);
    Diffusion { state, volume, coefficient }
}

/// The names of NET_RECEIVE's arguments.
fn arguments(file: &File) -> Vec<String> {
    let receiver = file.blocks.iter().find(|block| block.kind == BlockKind::NetReceive);
    let names = receiver.map(|block| block.arguments.iter().map(|argument| argument.name.text.clone()));
    names.into_iter().flatten().collect()
}

/// The places that some kernel reads. A variable nobody records is kept only if it is among them, and being
/// kept may make others so.
fn settle(drafts: &[Draft], tables: &Tables) -> BTreeSet<u32> {
    let mut loaded: BTreeSet<u32> = tables.diffusions.iter().flatten().copied().collect();
    loop {
        let before = loaded.len();
        for draft in drafts {
            let live = live(draft, &loaded);
            for (op, _) in draft.ops.iter().zip(&live).filter(|(_, live)| **live) {
                if let Op::Load(place) | Op::Interpolate(place, _) | Op::Lookup(place, _) = op {
                    loaded.insert(*place);
                }
            }
        }
        if loaded.len() == before {
            return loaded;
        }
    }
}

/// What a kernel changes: places and whether the value is a time.
fn written(drafts: &[Draft]) -> BTreeMap<u32, bool> {
    let mut written = BTreeMap::new();
    for draft in drafts {
        let times = times(draft);
        for (goal, value) in &draft.stores {
            if let Goal::Set(place) | Goal::Keep(place) = goal {
                *written.entry(*place).or_insert(false) |= times[value.0 as usize];
            }
        }
    }
    written
}

/// Which values are times: the present one, or one shifted or selected.
fn times(draft: &Draft) -> Vec<bool> {
    let mut times = vec![false; draft.ops.len()];
    for at in 0..times.len() {
        times[at] = match draft.ops[at] {
            Op::Time => true,
            Op::Add(a, b) | Op::Select(_, a, b) => times[a.0 as usize] || times[b.0 as usize],
            Op::Subtract(a, b) => times[a.0 as usize] && !times[b.0 as usize],
            _ => false,
        };
    }
    times
}

/// Parameters, states, assigned, peers, compiler-made: each with its index before.
fn choose_fields(symbols: &Symbols, tables: &Tables, drafts: &[Draft], loaded: &BTreeSet<u32>) -> Vec<(usize, Field)> {
    let written = written(drafts);
    let place = |index: usize| tables.places.iter().position(|place| *place == Binding::Field(index)).map(|p| p as u32);
    let class = |index: usize| match place(index).and_then(|place| written.get(&place)) {
        Some(true) => FieldClass::Exact,
        Some(false) => FieldClass::Real,
        None => FieldClass::Parameter,
    };
    let mut groups: [Vec<(usize, Field)>; 4] = Default::default();
    for (index, symbol) in symbols.list.iter().enumerate() {
        let kept = symbol.range || place(index).is_some_and(|place| loaded.contains(&place));
        let (group, class) = match symbol.role {
            Role::Parameter => (0, class(index)),
            Role::State => (1, FieldClass::Real),
            Role::Start => (2, FieldClass::Real),
            Role::Peer => (3, FieldClass::Real),
            Role::Assigned if is_sequence(symbols, index) => (2, FieldClass::Exact),
            Role::Assigned | Role::FileLocal if kept => (2, changing(class(index))),
            Role::Ion { variable: IonVariable::Current, read: false, .. } if kept => (2, changing(class(index))),
            Role::Ion { variable: IonVariable::Current, write: true, .. } if symbol.range => (2, FieldClass::Real),
            _ => continue,
        };
        let unwritten = place(index).is_none_or(|place| !written.contains_key(&place));
        let settable = symbol.role == Role::Parameter || (symbol.role == Role::Assigned && symbol.range && unwritten);
        let stream = stream(symbols, index);
        groups[group].push((index, Field { settable, stream, ..field(symbol, class) }));
    }
    let mut fields: Vec<(usize, Field)> = groups.into_iter().flatten().collect();
    let made = tables.made.iter().enumerate();
    fields.extend(made.map(|(k, made)| (symbols.list.len() + k, made_field(made))));
    fields
}

/// True for the number of draws of a RANDOM stream.
fn is_sequence(symbols: &Symbols, index: usize) -> bool {
    index >= 3 && stream(symbols, index - 1) == Some(3)
}

fn changing(class: FieldClass) -> FieldClass {
    if class == FieldClass::Exact { class } else { FieldClass::Real }
}

fn field(symbol: &Symbol, class: FieldClass) -> Field {
    let parameter = symbol.role == Role::Parameter;
    Field {
        name: symbol.name.clone(),
        unit: symbol.unit.clone(),
        class,
        default: if parameter || symbol.role == Role::Start { symbol.default } else { 0.0 },
        bounds: symbol.bounds,
        range: symbol.range || (symbol.role == Role::State),
        state: symbol.state,
        settable: false,
        peer: symbol.role == Role::Peer,
        // What a mechanism writes is its instance's own, even if the file calls it GLOBAL.
        shared: parameter && !symbol.range && class == FieldClass::Parameter,
        stream: None,
    }
}

fn made_field(made: &super::Made) -> Field {
    let class = if made.exact { FieldClass::Exact } else { FieldClass::Real };
    Field { name: made.name.clone(), class, shared: made.shared, ..Field::own() }
}

/// Which identifier of a RANDOM stream a symbol is.
fn stream(symbols: &Symbols, index: usize) -> Option<u8> {
    let firsts = symbols.list.iter().filter_map(|symbol| match symbol.role {
        Role::Random(first) => Some(first),
        _ => None,
    });
    firsts.filter(|first| (*first..first + 3).contains(&index)).map(|first| (index - first) as u8 + 1).next()
}

/// Drops stores that nobody reads.
fn trim(mut draft: Draft, loaded: &BTreeSet<u32>) -> Draft {
    draft.stores.retain(|(goal, _)| matters(*goal, loaded));
    draft
}

fn used_places(drafts: &[Draft], tables: &Tables) -> BTreeSet<u32> {
    let mut used: BTreeSet<u32> = tables.shares.iter().flat_map(|(from, to)| [*from, *to]).collect();
    used.extend(tables.diffusions.iter().flatten());
    for draft in drafts {
        let live = live(draft, &BTreeSet::from_iter(0..tables.places.len() as u32));
        for (op, live) in draft.ops.iter().zip(live) {
            if let Op::Load(place) | Op::Interpolate(place, _) | Op::Lookup(place, _) = op {
                used.extend(live.then_some(*place));
            }
        }
        for (goal, _) in &draft.stores {
            if let Goal::Set(place) | Goal::Keep(place) | Goal::Add(place) = goal {
                used.insert(*place);
            }
        }
    }
    used
}

/// The table of bindings: fields in order, then nodes, ions and temperature as they came.
fn number_bindings(
    tables: &Tables,
    used: &BTreeSet<u32>,
    fields: &[(usize, Field)],
) -> (Vec<Binding>, BTreeMap<u32, u32>) {
    let mut list: Vec<(usize, u32, Binding)> = Vec::new();
    for &place in used {
        let binding = tables.places[place as usize];
        match binding {
            Binding::Field(index) => {
                if let Some(field) = fields.iter().position(|(before, _)| *before == index) {
                    list.push((field, place, Binding::Field(field)));
                }
            }
            other => list.push((usize::MAX, place, other)),
        }
    }
    list.sort_by_key(|(order, place, _)| (*order, *place));
    let numbers = list.iter().enumerate().map(|(number, (_, place, _))| (*place, number as u32)).collect();
    (list.into_iter().map(|(_, _, binding)| binding).collect(), numbers)
}
