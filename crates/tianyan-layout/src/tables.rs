//! The table of one mechanism: its fields in the state, its indices, its parameters.

use crate::group::{MechanismTable, NodeFields, Run, SelfEvents};
use crate::instances::{Given, Instance};
use crate::ions::Ions;
use crate::state::{ALIGN, Arena};
use std::collections::HashMap;
use std::sync::Arc;
use tianyan_model::{Gid, Place, Problem, Problems, Recipe};
use tianyan_nmodl::ir::{Binding, IonVariable, NodeVariable};
use tianyan_nmodl::{FieldClass, Mechanism, MechanismKind};

/// Offsets that all tables of a group share.
pub struct Shared<'a> {
    /// Node fields.
    pub node_fields: &'a NodeFields,
    /// Offset of the temperature.
    pub celsius: usize,
    /// The ions.
    pub ions: &'a Ions,
    /// The model.
    pub recipe: &'a dyn Recipe,
    /// Number of nodes; also the number of the node nobody owns.
    pub nodes: usize,
    /// Whether all cells are point neurons of one mechanism.
    pub points: bool,
}

/// Reserves the fields of one mechanism and fills its indices.
pub fn table(
    source: usize,
    mechanism: &Arc<Mechanism>,
    instances: &[Instance],
    connections: usize,
    shared: &Shared,
    arena: &mut Arena,
) -> MechanismTable {
    let count = instances.len();
    let padded = count.next_multiple_of(ALIGN);
    let lengths: Vec<usize> = (0..mechanism.fields.len())
        .map(|f| if mechanism.fields[f].shared { shared_length(mechanism, f, shared.recipe) } else { padded })
        .collect();
    let offsets: Vec<usize> = mechanism
        .fields
        .iter()
        .zip(&lengths)
        .map(|(f, len)| arena.add(format!("{}.{}", mechanism.name, f.name), *len, &f.unit, f.class))
        .collect();
    let self_events = (mechanism.sends_to_itself() || !mechanism.watches.is_empty())
        .then(|| self_events(mechanism, padded, shared.recipe.run().self_events, arena));
    let arguments = arena.add(
        format!("{}._arguments", mechanism.name),
        connections * mechanism.arguments.len(),
        "",
        FieldClass::Exact,
    );
    let ion_of: Vec<usize> = mechanism.ions.iter().filter_map(|ion| shared.ions.find(&ion.name)).collect();
    let field: Vec<i64> =
        mechanism.kernels.bindings.iter().map(|b| offset(*b, &offsets, &ion_of, shared) as i64).collect();
    let index = indices(instances, padded, &ion_of, shared);
    let runs = if shared.points {
        whole(mechanism, &field, &index, (count, padded))
    } else {
        runs(mechanism, &field, &index, (count, padded))
    };
    MechanismTable {
        mechanism: mechanism.clone(),
        source,
        count,
        padded,
        field,
        index,
        runs,
        offsets,
        lengths,
        owner: instances.iter().map(|i| i.gid).collect(),
        rank: instances.iter().map(|i| i.rank).collect(),
        arguments,
        connections,
        self_events,
        incoming: None,
        cable: None,
    }
}

/// Shorter runs on average are not worth a call each.
const SHORTEST_RUN: usize = 32;

/// The runs of a density mechanism's table. Layout keeps the instances in the order of nodes, and begins what is alike
/// on whole vectors.
fn runs(mechanism: &Mechanism, field: &[i64], index: &[i32], (count, padded): (usize, usize)) -> Vec<Run> {
    if mechanism.kind != MechanismKind::Density || count != padded {
        return Vec::new();
    }
    let blocks = 1 + mechanism.ions.len();
    let at = |block: usize, instance: usize| i64::from(index[block * padded + instance]);
    let follows = |i: usize| (0..blocks).all(|block| at(block, i) == at(block, i - 1) + 1);
    let starts: Vec<usize> = (0..count).filter(|&i| i == 0 || !follows(i)).collect();
    if starts.is_empty() || count / starts.len() < SHORTEST_RUN || starts.iter().any(|start| start % ALIGN != 0) {
        return Vec::new();
    }
    let ends = starts.iter().skip(1).chain([&count]);
    let run = |(&start, &end): (&usize, &usize)| {
        let shift = |(binding, offset): (&Binding, &i64)| match *binding {
            Binding::Field(f) if mechanism.fields[f].shared => *offset,
            Binding::Field(_) => offset + start as i64,
            Binding::Node(_) => offset + at(0, start),
            Binding::Ion(k, _) => offset + at(1 + k, start),
            Binding::Celsius => *offset,
        };
        Run { field: mechanism.kernels.bindings.iter().zip(field).map(shift).collect(), count: end - start }
    };
    starts.iter().zip(ends).map(run).collect()
}

/// One run of all point neurons of a group, if the i-th has the i-th node. Padding instances have ghosts.
fn whole(mechanism: &Mechanism, field: &[i64], index: &[i32], (count, padded): (usize, usize)) -> Vec<Run> {
    let in_order = mechanism.is_stepped() && (0..).zip(&index[..count]).all(|(i, node)| *node == i);
    if in_order { vec![Run { field: field.to_vec(), count: padded }] } else { Vec::new() }
}

/// Numbers of a field that all instances share: 1, or those of a table.
fn shared_length(mechanism: &Mechanism, field: usize, recipe: &dyn Recipe) -> usize {
    let table = mechanism.tables.iter().find(|table| table.fields.contains(&field));
    let function = mechanism.function_tables.iter().find(|table| table.field == field);
    match (table, function) {
        (Some(table), _) => 3 + table.count as usize + 1,
        (_, Some(function)) => {
            let given = recipe.function_table(&mechanism.name, &function.name);
            1 + 2 * given.map_or(1, |points| points.len().max(1))
        }
        _ => 1,
    }
}

fn self_events(mechanism: &Mechanism, padded: usize, slots: usize, arena: &mut Arena) -> SelfEvents {
    let mut add = |what: &str, len: usize, unit: &str| {
        arena.add(format!("{}._self_{what}", mechanism.name), len, unit, FieldClass::Exact)
    };
    SelfEvents {
        slots,
        time: add("time", slots * padded, "ms"),
        flag: add("flag", slots * padded, ""),
        connection: add("connection", slots * padded, ""),
        next: add("next", padded, "ms"),
        last: add("last", padded, ""),
    }
}

fn offset(binding: Binding, offsets: &[usize], ion_of: &[usize], shared: &Shared) -> usize {
    let nodes = shared.node_fields;
    match binding {
        Binding::Field(f) => offsets[f],
        Binding::Celsius => shared.celsius,
        Binding::Node(NodeVariable::Voltage) => nodes.voltage,
        Binding::Node(NodeVariable::Rhs) => nodes.rhs,
        Binding::Node(NodeVariable::Diagonal) => nodes.diagonal,
        Binding::Node(NodeVariable::Area) => nodes.area,
        Binding::Node(NodeVariable::Diameter) => nodes.diameter,
        Binding::Ion(k, variable) => {
            let ion = &shared.ions.tables[ion_of[k]];
            match variable {
                IonVariable::Reversal => ion.reversal,
                IonVariable::Current => ion.current,
                IonVariable::Conductance => ion.conductance,
                IonVariable::Inside => ion.inside,
                IonVariable::Outside => ion.outside,
            }
        }
    }
}

fn indices(instances: &[Instance], padded: usize, ion_of: &[usize], shared: &Shared) -> Vec<i32> {
    let mut index = vec![shared.nodes as i32; padded * (1 + ion_of.len())];
    for (i, instance) in instances.iter().enumerate() {
        index[i] = instance.node as i32;
    }
    for (k, &ion) in ion_of.iter().enumerate() {
        let nobody = shared.ions.tables[ion].padded as i32 - 1;
        let of_ion = &mut index[(1 + k) * padded..(2 + k) * padded];
        of_ion.fill(nobody);
        for (i, instance) in instances.iter().enumerate() {
            of_ion[i] = shared.ions.at[ion][instance.node as usize];
        }
    }
    index
}

/// Writes defaults and the model's parameters into the state. Unknown names are reported once each.
pub fn fill(
    table: &MechanismTable,
    instances: &[Instance],
    recipe: &dyn Recipe,
    values: &mut [f64],
    problems: &mut Problems,
) {
    for ((field, &offset), &len) in table.mechanism.fields.iter().zip(&table.offsets).zip(&table.lengths) {
        // Memory that nobody writes is none: the state is made of zeros.
        if field.default != 0.0 {
            values[offset..offset + len].fill(field.default);
        }
    }
    if let Some(events) = &table.self_events {
        values[events.time..events.time + events.slots * table.padded].fill(f64::INFINITY);
        values[events.next..events.next + table.padded].fill(f64::INFINITY);
    }
    fill_streams(table, instances, recipe, values);
    fill_function_tables(table, recipe, values, problems);
    let mut found: HashMap<*const tianyan_model::Parameter, Vec<usize>> = HashMap::new();
    for (i, instance) in instances.iter().enumerate() {
        let Given { parameters, compartment } = instance.given;
        if parameters.is_empty() {
            continue;
        }
        let fields = found.entry(parameters.as_ptr()).or_insert_with(|| fields_of(table, instance, recipe, problems));
        for (parameter, &field) in parameters.iter().zip(&*fields) {
            if field < table.offsets.len() {
                values[table.slot(field, i)] = parameter.values.at(compartment);
            }
        }
    }
}

/// The identifiers of RANDOM streams that a model does not set: the run's seed, the gid, and a number that no other
/// stream of the cell has.
fn fill_streams(table: &MechanismTable, instances: &[Instance], recipe: &dyn Recipe, values: &mut [f64]) {
    let mut variable = 0;
    let seed = recipe.run().seed % (1 << 32);
    for (f, field) in table.mechanism.fields.iter().enumerate() {
        let Some(part) = field.stream else { continue };
        let mut ranked: Vec<usize> = (0..instances.len()).collect();
        ranked.sort_by_key(|i| (instances[*i].gid, instances[*i].rank));
        let mut rank: HashMap<Gid, usize> = HashMap::new();
        for i in ranked {
            let instance = &instances[i];
            let rank = rank.entry(instance.gid).or_default();
            let own = (table.source << 20) + (*rank << 4) + variable;
            *rank += 1;
            values[table.slot(f, i)] = match part {
                1 => seed as f64,
                2 => f64::from(instance.gid.0),
                _ => (own % (1 << 32)) as f64,
            };
        }
        variable += usize::from(part == 3);
    }
}

/// FUNCTION_TABLEs: number of points, their arguments, their values.
fn fill_function_tables(table: &MechanismTable, recipe: &dyn Recipe, values: &mut [f64], problems: &mut Problems) {
    for function in &table.mechanism.function_tables {
        let name = &table.mechanism.name;
        let Some(points) = recipe.function_table(name, &function.name).filter(|points| !points.is_empty()) else {
            let message = format!("mechanism `{name}` wants values of its FUNCTION_TABLE `{}`", function.name);
            let place = recipe.place_of(name, None).unwrap_or_default();
            let help = "give them under [[mechanisms.tables]]";
            problems.push(Problem::new("function-table", message).at(place).help(help));
            continue;
        };
        let offset = table.offsets[function.field];
        values[offset] = points.len() as f64;
        for (k, (argument, value)) in points.iter().enumerate() {
            values[offset + 1 + k] = *argument;
            values[offset + 1 + points.len() + k] = *value;
        }
    }
}

/// The field of each parameter; `usize::MAX` where there is none, which is a problem.
fn fields_of(table: &MechanismTable, instance: &Instance, recipe: &dyn Recipe, problems: &mut Problems) -> Vec<usize> {
    let settable = |name: &str| {
        let f = table.mechanism.field(name)?;
        let field = &table.mechanism.fields[f];
        field.settable.then_some(f)
    };
    let find = |parameter: &tianyan_model::Parameter| {
        settable(&parameter.name).unwrap_or_else(|| {
            let names: Vec<&str> =
                table.mechanism.fields.iter().filter(|f| f.settable).map(|f| f.name.as_str()).collect();
            let gid = || Place::default().key(format!("gid {}", instance.gid.0));
            let place = recipe.place_of(&table.mechanism.name, Some(&parameter.name)).unwrap_or_else(gid);
            let problem = Problem::new(
                "parameter-unknown",
                format!("mechanism `{}` has no parameter `{}`", table.mechanism.name, parameter.name),
            )
            .at(place)
            .help(format!("its parameters are {}", names.join(", ")));
            if !problems.0.iter().any(|p| p.message == problem.message) {
                problems.push(problem);
            }
            usize::MAX
        })
    };
    instance.given.parameters.iter().map(find).collect()
}
