//! What a recipe may ask that cannot be laid out.

use crate::Slot;
use crate::cells::Cells;
use crate::gather::Used;
use crate::group::Layout;
use std::collections::BTreeSet;
use std::sync::Arc;
use tianyan_model::{Gid, Place, PointProcess, Problem, Problems, Recipe, delay_problem};
use tianyan_nmodl::ir::Binding;
use tianyan_nmodl::{Mechanism, MechanismKind};

/// Painted mechanisms are density mechanisms.
pub fn densities(recipe: &dyn Recipe, mechanisms: &[Arc<Mechanism>], cells: &Cells, problems: &mut Problems) {
    let painted: BTreeSet<&str> = cells
        .kinds
        .iter()
        .flat_map(|kind| &kind.painted)
        .map(|p| cells.paint.names[p.mechanism as usize].as_str())
        .collect();
    for mechanism in mechanisms.iter().filter(|m| m.kind != MechanismKind::Density && painted.contains(&*m.name)) {
        let message = format!("mechanism `{}` is no density mechanism and cannot be painted", mechanism.name);
        let problem = Problem::new("mechanism-kind", message).help("give it a place: synapses, connections or stimuli");
        problems.push(problem.at(recipe.place_of(&mechanism.name, None).unwrap_or_default()));
    }
}

/// Synapses, couplings and stimuli must be point processes, and event targets must receive events.
pub fn point_processes<'p>(
    recipe: &dyn Recipe,
    mechanisms: &[Arc<Mechanism>],
    used: &Used,
    others: impl Iterator<Item = &'p PointProcess>,
    problems: &mut Problems,
) {
    let others: BTreeSet<usize> = others.map(|process| process.mechanism).collect();
    for m in others.iter().copied().filter(|&m| mechanisms[m].is_stepped()) {
        let source = &recipe.mechanisms()[m];
        let message = format!("mechanism `{}` is a point neuron, it cannot sit on a cell", source.name);
        let problem =
            Problem::new("mechanism-kind", message).at(recipe.place_of(&source.name, None).unwrap_or_default());
        problems.push(problem.help("a point neuron is a cell of its own: artificial = { mechanism = ... }"));
    }
    let placed: BTreeSet<usize> = indices(&used.placed).chain(others).collect();
    let no_place = placed.into_iter().filter(|&m| mechanisms[m].kind == MechanismKind::Density).map(|m| (m, false));
    let deaf = indices(&used.targets).filter(|&m| mechanisms[m].arguments.is_empty()).map(|m| (m, true));
    let wrong: BTreeSet<(usize, bool)> = no_place.chain(deaf).collect();
    for (m, event) in wrong {
        let source = &recipe.mechanisms()[m];
        let (message, help) = if event {
            ("has no NET_RECEIVE and cannot be the target of event connections", "use a synapse such as ExpSyn")
        } else {
            ("is a density mechanism and cannot be placed at a point", "paint it on a region, or use a POINT_PROCESS")
        };
        problems.push(
            Problem::new("mechanism-kind", format!("mechanism `{}` {message}", source.name))
                .at(recipe.place_of(&source.name, None).unwrap_or_else(|| Place::file(source.origin.clone())))
                .help(help),
        );
    }
}

fn indices(flags: &[bool]) -> impl Iterator<Item = usize> {
    flags.iter().enumerate().filter(|(_, flag)| **flag).map(|(index, _)| index)
}

/// The least delay between simulated cells, ms. Delays must be as [`delay_problem`] has it; the worst one is told.
pub fn least_delay(
    delays: impl Iterator<Item = (Gid, f64)>,
    trains: &[(Gid, Vec<f64>)],
    dt_ms: f64,
    problems: &mut Problems,
) -> Option<f64> {
    let mut known = vec![false; trains.iter().map(|(gid, _)| gid.0 as usize + 1).max().unwrap_or(0)];
    trains.iter().for_each(|(gid, _)| known[gid.0 as usize] = true);
    let is_known = |gid: Gid| known.get(gid.0 as usize).copied().unwrap_or(false);
    // The least, or one that is no number.
    let least = |a: f64, b: f64| if a.is_nan() || a < b { a } else { b };
    let [mut simulated, mut of_trains] = [None, None];
    for (source, delay_ms) in delays {
        let so_far = if is_known(source) { &mut of_trains } else { &mut simulated };
        *so_far = Some(so_far.map_or(delay_ms, |before| least(before, delay_ms)));
    }
    for (delay_ms, known) in [(simulated, false), (of_trains, true)] {
        problems.0.extend(delay_ms.and_then(|delay_ms| delay_problem(delay_ms, dt_ms, known)));
    }
    simulated
}

/// POINTERs that a mechanism reads and that point at nothing.
pub fn pointers<'a>(
    recipe: &dyn Recipe,
    layouts: &[Layout],
    connected: impl Iterator<Item = &'a Slot>,
    problems: &mut Problems,
) {
    let connected: BTreeSet<(u32, usize)> = connected.map(|to| (to.group, to.offset as usize)).collect();
    let mut loose: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (g, layout) in layouts.iter().enumerate() {
        for table in &layout.tables {
            let bindings = &table.mechanism.kernels.bindings;
            let read = |f: usize| bindings.contains(&Binding::Field(f));
            let pointers = table.mechanism.fields.iter().enumerate().filter(|(f, field)| field.peer && read(*f));
            for (f, field) in pointers {
                if (0..table.count).any(|i| !connected.contains(&(g as u32, table.slot(f, i)))) {
                    loose.insert((&table.mechanism.name, &field.name));
                }
            }
        }
    }
    for (mechanism, pointer) in loose {
        let problem = Problem::new("pointer-loose", format!("POINTER `{pointer}` of `{mechanism}` points at nothing"))
            .help("[[graded_synapses]] and [[gap_junctions]] connect a POINTER of a point process to another cell's v");
        problems.push(problem.at(recipe.place_of(mechanism, None).unwrap_or_default()));
    }
}
