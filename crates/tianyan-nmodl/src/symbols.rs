//! What each name of a file means.

use std::collections::{BTreeSet, HashMap};

use crate::ast::{BlockKind, Declaration, DeclarationKind, File, Name, Neuron};
use crate::diagnostic::Report;
use crate::ir::IonVariable;
use crate::mechanism::{IonUse, MechanismKind};
use crate::span::Span;
use crate::units::Units;

/// The role of a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// PARAMETER.
    Parameter,
    /// STATE.
    State,
    /// ASSIGNED.
    Assigned,
    /// LOCAL outside of any block.
    FileLocal,
    /// CONSTANT, a factor of UNITS, or the starting value `m0` of a state `m`.
    Constant(f64),
    /// The starting value `m0` of a state `m`, where the file assigns it.
    Start,
    /// A variable of the k-th ion.
    Ion {
        /// Index into [`Symbols::ions`].
        ion: usize,
        /// Which of its variables.
        variable: IonVariable,
        /// In READ.
        read: bool,
        /// In WRITE.
        write: bool,
    },
    /// POINTER.
    Peer,
    /// RANDOM: the index of its first identifier; two more and the number of draws follow it.
    Random(usize),
    /// `v`
    Voltage,
    /// `t`
    Time,
    /// `dt`
    TimeStep,
    /// `celsius`
    Celsius,
    /// `area`
    Area,
    /// `diam`
    Diameter,
    /// `i_injected` of an ARTIFICIAL_CELL: what the point processes on its node bring in.
    Injected,
}

/// A name of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// The name.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// True for every STATE, also where it is an ion's concentration.
    pub state: bool,
    /// Unit as written.
    pub unit: String,
    /// Value before INITIAL, and a state's value at its start.
    pub default: f64,
    /// Bounds as written.
    pub bounds: Option<(f64, f64)>,
    /// In RANGE.
    pub range: bool,
    /// In GLOBAL.
    pub global: bool,
    /// In EXTERNAL: the variable of another mechanism.
    pub external: bool,
    /// Where it is declared.
    pub span: Span,
}

/// All names of a file, and what NEURON says.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbols {
    /// SUFFIX or POINT_PROCESS.
    pub name: String,
    /// Which of the two.
    pub kind: MechanismKind,
    /// ELECTRODE_CURRENT.
    pub electrode: bool,
    /// Names in the order of their declaration.
    pub list: Vec<Symbol>,
    /// The ions.
    pub ions: Vec<IonUse>,
    /// The currents that are summed: index into `list`, and the ion if it belongs to one.
    pub currents: Vec<(usize, Option<usize>)>,
    by_name: HashMap<String, usize>,
    /// The first element of each array in `list`, and their number; elements are called `name[k]`.
    arrays: HashMap<String, (usize, u32)>,
}

/// Names that exist without declaration.
const ALWAYS: [(&str, Role); 6] = [
    ("v", Role::Voltage),
    ("t", Role::Time),
    ("dt", Role::TimeStep),
    ("celsius", Role::Celsius),
    ("area", Role::Area),
    ("diam", Role::Diameter),
];

/// The current that point processes bring into an ARTIFICIAL_CELL, nA.
const INJECTED: &str = "i_injected";

impl Symbols {
    /// The index of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The first element of an array, and the number of elements.
    pub fn array(&self, name: &str) -> Option<(usize, u32)> {
        self.arrays.get(name).copied()
    }

    /// The symbols that a name stands for: one, or the elements of an array.
    pub fn all(&self, name: &str) -> std::ops::Range<usize> {
        match (self.find(name), self.array(name)) {
            (Some(index), _) => index..index + 1,
            (None, Some((first, length))) => first..first + length as usize,
            (None, None) => 0..0,
        }
    }

    fn new() -> Symbols {
        let mut symbols = Symbols {
            name: String::new(),
            kind: MechanismKind::Density,
            electrode: false,
            list: Vec::new(),
            ions: Vec::new(),
            currents: Vec::new(),
            by_name: HashMap::new(),
            arrays: HashMap::new(),
        };
        for (name, role) in ALWAYS {
            symbols.add(name, role, Span::default());
        }
        symbols
    }

    fn add(&mut self, name: &str, role: Role, span: Span) -> usize {
        let index = self.list.len();
        let symbol = Symbol {
            name: name.to_string(),
            role,
            state: role == Role::State,
            unit: String::new(),
            default: 0.0,
            bounds: None,
            range: false,
            global: false,
            external: false,
            span,
        };
        self.list.push(symbol);
        self.by_name.insert(name.to_string(), index);
        index
    }

    fn is_special(&self, index: usize) -> bool {
        use Role::{Area, Celsius, Diameter, Time, TimeStep, Voltage};
        matches!(self.list[index].role, Area | Celsius | Diameter | Time | TimeStep | Voltage)
    }
}

/// Builds the table; what is wrong goes into the report.
pub(crate) fn resolve(file: &File, report: &mut Report) -> Symbols {
    let mut builder = Builder { symbols: Symbols::new(), report };
    builder.identity(file);
    builder.ions(file);
    builder.units(file);
    for declaration in &file.declarations {
        builder.declare(declaration);
    }
    for local in &file.locals {
        if !builder.symbols.all(&local.name.text).is_empty() {
            let message = format!("LOCAL `{}` is declared elsewhere too", local.name.text);
            builder.report.warning("nmodl-duplicate", local.name.span, message, "remove one of them");
            continue;
        }
        builder.fresh_all(&local.name, local.length, Role::FileLocal);
    }
    builder.randoms(file);
    builder.lists(file);
    let assigned = file.assigned();
    builder.starts(&assigned);
    builder.written_pointers(&assigned);
    builder.symbols
}

struct Builder<'a, 'b> {
    symbols: Symbols,
    report: &'b mut Report<'a>,
}

impl Builder<'_, '_> {
    fn identity(&mut self, file: &File) {
        let mut found = 0;
        for statement in &file.neuron {
            let (name, kind) = match statement {
                Neuron::Suffix(name) => (name, MechanismKind::Density),
                Neuron::PointProcess(name) => (name, MechanismKind::PointProcess),
                Neuron::ArtificialCell(name) => (name, MechanismKind::ArtificialCell),
                _ => continue,
            };
            found += 1;
            if found > 1 {
                let message = "a file has one SUFFIX, POINT_PROCESS or ARTIFICIAL_CELL: the last one counts";
                self.report.warning("nmodl-duplicate", name.span, message, "remove the others");
            }
            self.symbols.name = name.text.clone();
            self.symbols.kind = kind;
        }
        if found == 0 && !file.neuron.is_empty() {
            // As nocmodl does, which puts an underscore before it.
            let stem = self.report.file_stem();
            let message = format!("NEURON names no mechanism: it is called `{stem}` after its file");
            self.report.warning("nmodl-no-name", Span::default(), message, "add SUFFIX to NEURON");
            self.symbols.name = stem;
            found = 1;
        }
        if found == 0 {
            let help = "add `NEURON { SUFFIX name }`";
            self.report.error_help("nmodl-no-name", Span::default(), "the file names no mechanism", help);
        }
    }

    fn ions(&mut self, file: &File) {
        for statement in &file.neuron {
            if let Neuron::UseIon { ion, reads, writes, valence } = statement {
                if self.symbols.ions.iter().any(|used| used.name == ion.text) {
                    self.report.error("nmodl-duplicate", ion.span, format!("USEION {} twice", ion.text));
                    continue;
                }
                let index = self.symbols.ions.len();
                let (name, valence) = (ion.text.clone(), *valence);
                self.symbols.ions.push(IonUse { name, valence, ..NO_USE });
                reads.iter().for_each(|name| self.ion_variable(index, name, false));
                writes.iter().for_each(|name| self.ion_variable(index, name, true));
            }
        }
    }

    fn ion_variable(&mut self, ion: usize, name: &Name, writes: bool) {
        let owner = self.symbols.ions[ion].name.clone();
        let variable = match name.text.as_str() {
            text if text == format!("e{owner}") => IonVariable::Reversal,
            text if text == format!("i{owner}") => IonVariable::Current,
            text if text == format!("{owner}i") => IonVariable::Inside,
            text if text == format!("{owner}o") => IonVariable::Outside,
            text => {
                let help = format!("its variables are e{owner}, i{owner}, {owner}i and {owner}o");
                let message = format!("`{text}` is no variable of the ion {owner}");
                return self.report.error_help("nmodl-ion", name.span, message, help);
            }
        };
        self.note_use(ion, variable, writes);
        let index = match self.symbols.find(&name.text) {
            Some(index) => index,
            None => self.symbols.add(&name.text, Role::Ion { ion, variable, read: false, write: false }, name.span),
        };
        if let Role::Ion { read, write, .. } = &mut self.symbols.list[index].role {
            *(if writes { write } else { read }) = true;
        }
    }

    fn note_use(&mut self, ion: usize, variable: IonVariable, writes: bool) {
        let used = &mut self.symbols.ions[ion];
        match (variable, writes) {
            (IonVariable::Current, false) => used.reads_current = true,
            (IonVariable::Current, true) => used.writes_current = true,
            (IonVariable::Inside, true) => used.writes_inside = true,
            (IonVariable::Outside, true) => used.writes_outside = true,
            (IonVariable::Reversal, true) => used.writes_reversal = true,
            (IonVariable::Inside | IonVariable::Outside, false) => used.reads_concentration = true,
            (IonVariable::Reversal | IonVariable::Conductance, _) => used.reads_reversal = true,
        }
    }

    fn units(&mut self, file: &File) {
        let mut units = Units::default();
        for entry in &file.units {
            if !entry.factor {
                units.define(&entry.name.text, &entry.from);
                continue;
            }
            let value = match (entry.number, &entry.to) {
                (Some(number), _) => Ok(number),
                (None, Some(to)) => units.factor(&entry.from, to),
                (None, None) => units.factor(&entry.from, "1"),
            };
            match value {
                Ok(value) => {
                    let index = self.fresh(&entry.name, Role::Constant(value));
                    self.symbols.list[index].unit = entry.to.clone().unwrap_or_else(|| entry.from.clone());
                }
                Err(message) => self.report.error("nmodl-units", entry.name.span, message),
            }
        }
    }

    /// A name that must not exist yet.
    fn fresh(&mut self, name: &Name, role: Role) -> usize {
        if self.symbols.find(&name.text).is_some() {
            let message = format!("`{}` is declared twice", name.text);
            self.report.error("nmodl-duplicate", name.span, message);
        }
        self.symbols.add(&name.text, role, name.span)
    }

    /// A name that must not exist yet, or the elements of an array of that name.
    fn fresh_all(&mut self, name: &Name, length: Option<u32>, role: Role) -> usize {
        let Some(length) = length else { return self.fresh(name, role) };
        if self.symbols.find(&name.text).is_some() || self.symbols.array(&name.text).is_some() {
            let message = format!("`{}` is declared twice", name.text);
            self.report.error("nmodl-duplicate", name.span, message);
        }
        let first = self.symbols.list.len();
        for k in 0..length {
            self.symbols.add(&format!("{}[{k}]", name.text), role, name.span);
        }
        self.symbols.arrays.insert(name.text.clone(), (first, length));
        first
    }

    /// RANDOM r: identifiers `r_id1` to `r_id3`, which a model may set, and the number of draws.
    fn randoms(&mut self, file: &File) {
        for statement in &file.neuron {
            let Neuron::Random(names) = statement else { continue };
            for name in names {
                let part = |suffix: &str| Name { text: format!("{}_{suffix}", name.text), span: name.span };
                let first = self.fresh(&part("id1"), Role::Parameter);
                self.fresh(&part("id2"), Role::Parameter);
                self.fresh(&part("id3"), Role::Parameter);
                self.fresh(&part("sequence"), Role::Assigned);
                self.symbols.list[first..first + 4].iter_mut().for_each(|symbol| symbol.range = true);
                self.fresh(name, Role::Random(first));
            }
        }
    }

    fn declare(&mut self, declaration: &Declaration) {
        if declaration.length.is_some() {
            return self.declare_array(declaration);
        }
        let name = &declaration.name;
        let value = match declaration.kind {
            DeclarationKind::Parameter => six_digits(declaration.value.unwrap_or(0.0)),
            _ => declaration.value.unwrap_or(0.0),
        };
        let known = self.symbols.find(&name.text);
        let index = match (known, declaration.kind) {
            // Ions' variables and `v` are declared again in ASSIGNED or PARAMETER; their value comes from outside.
            (Some(index), _)
                if self.symbols.is_special(index) || matches!(self.symbols.list[index].role, Role::Ion { .. }) =>
            {
                index
            }
            (_, DeclarationKind::Constant) => self.fresh(name, Role::Constant(value)),
            (_, DeclarationKind::Assigned) if self.is_injected(&name.text) => self.fresh(name, Role::Injected),
            (_, DeclarationKind::Parameter) => self.fresh(name, Role::Parameter),
            (_, DeclarationKind::Assigned) => self.fresh(name, Role::Assigned),
            (_, DeclarationKind::State) => self.fresh(name, Role::State),
        };
        let symbol = &mut self.symbols.list[index];
        symbol.state |= declaration.kind == DeclarationKind::State;
        symbol.unit.clone_from(&declaration.unit);
        symbol.default = value;
        symbol.bounds = declaration.bounds;
        symbol.span = name.span;
    }

    fn is_injected(&self, name: &str) -> bool {
        self.symbols.kind == MechanismKind::ArtificialCell && name == INJECTED
    }

    fn declare_array(&mut self, declaration: &Declaration) {
        let role = match declaration.kind {
            DeclarationKind::State => Role::State,
            DeclarationKind::Assigned => Role::Assigned,
            DeclarationKind::Parameter | DeclarationKind::Constant => Role::Parameter,
        };
        let first = self.fresh_all(&declaration.name, declaration.length, role);
        for symbol in &mut self.symbols.list[first..] {
            symbol.unit.clone_from(&declaration.unit);
            symbol.bounds = declaration.bounds;
            symbol.default = declaration.value.unwrap_or(0.0);
        }
    }

    /// RANGE, GLOBAL, POINTER and the currents.
    fn lists(&mut self, file: &File) {
        for statement in &file.neuron {
            match statement {
                Neuron::Range(names) => names.iter().for_each(|name| self.mark(name, true)),
                Neuron::Global(names) => names.iter().for_each(|name| self.mark(name, false)),
                Neuron::Pointer(names) => names.iter().for_each(|name| self.peer(name)),
                Neuron::NonspecificCurrent(names) => names.iter().for_each(|name| self.current(name, None)),
                Neuron::ElectrodeCurrent(names) => {
                    self.symbols.electrode = true;
                    names.iter().for_each(|name| self.current(name, None));
                }
                Neuron::UseIon { ion, writes, .. } => {
                    let index = self.symbols.ions.iter().position(|used| used.name == ion.text);
                    let current = writes.iter().find(|name| name.text == format!("i{}", ion.text));
                    if let (Some(name), Some(_)) = (current, index) {
                        self.current(name, index);
                    }
                }
                Neuron::External(names) => names.iter().for_each(|name| self.external(name)),
                Neuron::Suffix(_)
                | Neuron::PointProcess(_)
                | Neuron::ArtificialCell(_)
                | Neuron::Random(_)
                | Neuron::ThreadSafe => {}
            }
        }
    }

    fn mark(&mut self, name: &Name, range: bool) {
        if self.symbols.all(&name.text).is_empty() {
            self.settable_start(name);
        }
        let all = self.symbols.all(&name.text);
        if all.is_empty() {
            let help = "declare it in PARAMETER, ASSIGNED or STATE, or remove it here";
            let message = format!("`{}` is not declared", name.text);
            return self.report.warning("nmodl-undeclared-range", name.span, message, help);
        }
        for symbol in &mut self.symbols.list[all] {
            *(if range { &mut symbol.range } else { &mut symbol.global }) = true;
            if symbol.range && symbol.global {
                let message = format!("`{}` is both RANGE and GLOBAL", name.text);
                let help = "each instance has its own: remove it from GLOBAL";
                symbol.global = false;
                return self.report.warning("nmodl-duplicate", name.span, message, help);
            }
        }
    }

    /// `m0` of a state `m`, named in RANGE or GLOBAL: a PARAMETER.
    fn settable_start(&mut self, name: &Name) {
        let state = name.text.strip_suffix('0').and_then(|state| self.symbols.find(state));
        if let Some(state) = state.filter(|state| self.symbols.list[*state].role == Role::State) {
            let default = self.symbols.list[state].default;
            let index = self.symbols.add(&name.text, Role::Parameter, name.span);
            self.symbols.list[index].default = default;
        }
    }

    /// EXTERNAL: a variable of another mechanism's file, here a parameter of its own.
    fn external(&mut self, name: &Name) {
        let all = self.symbols.all(&name.text);
        let index = if all.is_empty() { self.symbols.add(&name.text, Role::Parameter, name.span) } else { all.start };
        self.symbols.list[index].external = true;
        let message = format!("EXTERNAL `{}` belongs to another mechanism: here it is a parameter", name.text);
        let help = "set it to the value that the other mechanism has";
        self.report.warning("nmodl-external", name.span, message, help);
    }

    fn peer(&mut self, name: &Name) {
        let index =
            self.symbols.find(&name.text).unwrap_or_else(|| self.symbols.add(&name.text, Role::Peer, name.span));
        match self.symbols.list[index].role {
            Role::Parameter | Role::Assigned | Role::Peer => self.symbols.list[index].role = Role::Peer,
            _ => {
                let message = format!("`{}` cannot be a POINTER", name.text);
                self.report.error("nmodl-duplicate", name.span, message);
            }
        }
    }

    fn current(&mut self, name: &Name, ion: Option<usize>) {
        let found = self.symbols.find(&name.text);
        let index = found.unwrap_or_else(|| self.symbols.add(&name.text, Role::Assigned, name.span));
        if self.symbols.is_special(index) {
            let message = format!("`{}` cannot be a current", name.text);
            return self.report.error("nmodl-assign", name.span, message);
        }
        // Nobody else has a current that is no ion's: it can be recorded without RANGE, as in NEURON.
        self.symbols.list[index].range |= ion.is_none();
        if !self.symbols.currents.iter().any(|(current, _)| *current == index) {
            self.symbols.currents.push((index, ion));
        }
    }

    /// A POINTER that the mechanism writes: a variable of its own.
    fn written_pointers(&mut self, assigned: &BTreeSet<&str>) {
        for symbol in &mut self.symbols.list {
            if symbol.role != Role::Peer || !assigned.contains(symbol.name.as_str()) {
                continue;
            }
            (symbol.role, symbol.range) = (Role::Assigned, true);
            let name = &symbol.name;
            let message = format!("`{name}` is written through a POINTER: here it is each instance's own variable");
            let help = "nothing else sees it; record it where it is, or let the other side read it through a POINTER";
            self.report.warning("nmodl-pointer-written", symbol.span, message, help);
        }
    }

    /// `m0`, the starting value of a state `m`, unless the file declares it. It may be assigned, for use by a later
    /// start.
    fn starts(&mut self, assigned: &BTreeSet<&str>) {
        let states: Vec<_> = self.symbols.list.iter().filter(|symbol| symbol.role == Role::State).cloned().collect();
        for state in states {
            let name = format!("{}0", state.name);
            if self.symbols.find(&name).is_none() {
                let is_assigned = assigned.contains(name.as_str());
                let role = if is_assigned { Role::Start } else { Role::Constant(state.default) };
                let index = self.symbols.add(&name, role, state.span);
                self.symbols.list[index].default = state.default;
            }
        }
    }
}

/// A PARAMETER's default as NEURON has it: nocmodl writes it with C's `%g`.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

const NO_USE: IonUse = IonUse {
    name: String::new(),
    valence: None,
    reads_reversal: false,
    reads_concentration: false,
    reads_current: false,
    writes_current: false,
    writes_inside: false,
    writes_outside: false,
    writes_reversal: false,
};

/// The block of that kind and name.
pub(crate) fn block_index(file: &File, kinds: &[BlockKind], name: &str) -> Option<usize> {
    file.blocks.iter().position(|block| kinds.contains(&block.kind) && block.name.text == name)
}
