//! The stages of a group's step, in the order of `tianyan_engine::step`.

use crate::arena::{Arena, Placement};
use crate::events::moves_nodes;
use crate::source::{DIFFUSION, Fused, MEMBRANE_DIAGONAL, Program};
use crate::tables::{Moment, Op, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use tianyan_engine::{Sweep, diffuse};
use tianyan_layout::{Cable, IonTable, Layout, MechanismTable};
use tianyan_model::SecondOrder;
use tianyan_nmodl::emit::{Begin, Nernst};
use tianyan_nmodl::ir::{Binding, Diffusion, Share};

/// A stage with its lists.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// What it does.
    pub stage: Stage,
    /// Its lists of places, nodes or instances.
    pub lists: [Vec<i32>; 3],
    /// Of fused loops the table of the group that each part is of.
    pub tables: Vec<usize>,
    /// Of fused loops: whether it begins the sums of its compartments.
    pub begins: bool,
}

/// A step of a group.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    /// In order.
    pub drafts: Vec<Draft>,
    /// The first stage behind the exchange of peers.
    pub states_from: usize,
}

/// What the stages of a group are made of.
pub struct Stages<'a> {
    /// The group's tables.
    pub layout: &'a Layout,
    /// Where its numbers lie.
    pub placement: &'a Placement,
    /// Where fields lie in all groups.
    pub arena: &'a Arena,
    /// For each table: are its rates looked up?
    pub rated: &'a [bool],
    /// Places that are read and written between the halves of a step.
    pub peers: &'a [(usize, usize)],
}

impl From<Stage> for Draft {
    fn from(stage: Stage) -> Draft {
        Draft { stage, ..Draft::default() }
    }
}

impl Stages<'_> {
    /// All stages; fused loops are entered into the program.
    pub fn steps(&self, program: &mut Program) -> Steps {
        let layout = self.layout;
        for table in layout.tables.iter().filter(|table| !table.mechanism.watches.is_empty()) {
            program.sweep(Sweep::Watch, &table.mechanism);
        }
        let mut drafts: Vec<Draft> = vec![Stage::new(Op::Deliver).into()];
        if !layout.wirings.is_empty() || !layout.backgrounds.is_empty() {
            drafts.push(Stage::new(Op::Listen).into());
        }
        if !layout.driven.is_empty() {
            drafts.push(Stage::new(Op::Drive).into());
            let prepared = layout.prepared_in_step.iter();
            drafts.extend(prepared.map(|t| self.sweep(*t, Sweep::Prepare, Moment::Middle, program)));
        }
        if !layout.points || layout.tables.len() > 1 {
            self.currents(program, &mut drafts);
        }
        if !layout.points {
            let factor = if layout.run.second_order == SecondOrder::Off { 1.0 } else { 2.0 };
            drafts.push(Stage { factor, ..Stage::new(Op::Solve) }.into());
            drafts.extend(self.membrane(Op::Membrane));
            self.correct(&mut drafts);
        }
        if !self.peers.is_empty() {
            let side = |of: fn(&(usize, usize)) -> usize| self.peers.iter().map(|peer| of(peer) as i32).collect();
            let stage = Stage { n: self.peers.len() as i32, ..Stage::new(Op::Peers) };
            drafts.push(Draft { stage, lists: [side(|p| p.0), side(|p| p.1), Vec::new()], ..Draft::default() });
        }
        let states_from = drafts.len();
        let moving: Vec<usize> = self.active(Sweep::State).collect();
        self.sweeps(&moving, Sweep::State, Moment::End, program, &mut drafts);
        let fires = |t: &usize| layout.tables[*t].mechanism.spike.is_some();
        let firing = (0..layout.tables.len()).filter(fires);
        drafts.extend(firing.map(|t| Stage { table: t as i32, ..Stage::new(Op::Fire) }.into()));
        for (t, table) in layout.tables.iter().enumerate() {
            let Some(cable) = &table.cable else { continue };
            drafts.push(self.sweep(t, Sweep::Diffuse, Moment::End, program));
            drafts.extend(table.mechanism.kernels.diffusions.iter().map(|of| self.diffuse(table, cable, of)));
        }
        for sweep in [Sweep::AfterSolve, Sweep::BeforeStep] {
            self.plain_sweeps(sweep, Moment::End, program, &mut drafts);
        }
        drafts.push(Stage::new(Op::Record).into());
        self.drop_barriers(&mut drafts, states_from);
        Steps { drafts, states_from }
    }

    /// Drops barriers behind stages that touch nothing of what the next one touches. (Loops of one sweep over different
    /// compartments have none between them: see `fused`.)
    fn drop_barriers(&self, drafts: &mut [Draft], states_from: usize) {
        let is = |draft: &Draft, ops: &[Op]| ops.iter().any(|op| *op as i32 == draft.stage.op);
        let quiet = !self.layout.tables.iter().any(|table| moves_nodes(&table.mechanism));
        for k in 0..drafts.len() {
            let own = &drafts[k];
            let is_free = match drafts.get(k + 1) {
                // The end of a step, where all meet anyway.
                None => true,
                // A launch may end there.
                Some(_) if k + 1 == states_from => false,
                // Sums of other nodes; currents of ions; the sums of nodes that the loop leaves out.
                Some(next) if is(own, &[Op::Begin]) => {
                    is(next, &[Op::Begin, Op::Clear]) || (is(next, &[Op::Fused]) && next.begins)
                }
                Some(next) if is(own, &[Op::Clear]) => is(next, &[Op::Clear]),
                // Events reach fields of instances and no node.
                Some(next) if is(own, &[Op::Deliver]) => quiet && is(next, &[Op::Begin]),
                // One table's shares go into different sums.
                Some(next) if is(own, &[Op::Share]) => {
                    is(next, &[Op::Share]) && own.stage.b != next.stage.b && own.stage.table == next.stage.table
                }
                Some(_) => false,
            };
            if is_free {
                drafts[k].stage.sync = 0;
            }
        }
    }

    fn currents(&self, program: &mut Program, drafts: &mut Vec<Draft>) {
        let layout = self.layout;
        let (free, electrodes): (Vec<usize>, Vec<usize>) =
            self.active(Sweep::Current).partition(|t| !layout.tables[*t].mechanism.electrode);
        // Fused loops that come first begin the sums of their compartments; the others' are begun here.
        let in_runs = |t: &&usize| !layout.tables[**t].runs.is_empty();
        let first: Vec<usize> = free.iter().take_while(in_runs).copied().collect();
        let Begun { gaps, currents, nernst } = self.begun(&first);
        let begin = |gap: &Range<usize>| Stage { a: gap.start as i32, n: gap.len() as i32, ..Stage::new(Op::Begin) };
        drafts.extend(gaps.iter().map(|gap| begin(gap).into()));
        // These still see the currents of the step before.
        self.plain_sweeps(Sweep::BeforeBreakpoint, Moment::Middle, program, drafts);
        for ion in &layout.ions {
            let clear = |at| Stage { a: self.place(at), n: ion.padded as i32, ..Stage::new(Op::Clear) }.into();
            if !currents.contains(&ion.name) {
                drafts.push(clear(ion.current));
            }
            if layout.run.second_order == SecondOrder::VoltageAndCurrents {
                drafts.push(clear(ion.conductance));
            }
        }
        let is_left = |ion: &&IonTable| !ion.nernst_in_step.is_empty() && !nernst.iter().any(|of| of.ion == ion.name);
        drafts.extend(layout.ions.iter().filter(is_left).map(|ion| self.nernst(ion)));
        let begin = Begin { sums: true, currents, nernst };
        self.fused(&first, Sweep::Current, Moment::Middle, &begin, program, drafts);
        self.sweeps(&free[first.len()..], Sweep::Current, Moment::Middle, program, drafts);
        drafts.extend(self.membrane(Op::Keep));
        self.sweeps(&electrodes, Sweep::Current, Moment::Middle, program, drafts);
        if layout.points {
            drafts.extend(self.membrane(Op::WholeMembrane));
        }
    }

    /// What fused loops over these tables begin.
    fn begun(&self, tables: &[usize]) -> Begun {
        let nodes = self.layout.nodes + 1;
        let mut covered = vec![false; nodes];
        // Instances of ions: that are there at all, that get a current.
        let mut touched: BTreeMap<&str, [Vec<bool>; 2]> = BTreeMap::new();
        for table in tables.iter().map(|t| &self.layout.tables[*t]) {
            for stretch in stretches(table) {
                covered[stretch.node..stretch.node + stretch.count].fill(true);
                for (ion, first) in table.mechanism.ions.iter().zip(&stretch.ions) {
                    let [there, current] =
                        touched.entry(&ion.name).or_insert_with(|| [false, true].map(|_| vec![false; nodes]));
                    there[*first..first + stretch.count].fill(true);
                    if ion.writes_current {
                        current[*first..first + stretch.count].fill(true);
                    }
                }
            }
        }
        let ends: Vec<usize> =
            (0..=nodes).filter(|n| *n == 0 || *n == nodes || covered[*n] != covered[n - 1]).collect();
        let gaps =
            ends.windows(2).map(|pair| pair[0]..pair[1]).filter(|range| !range.is_empty() && !covered[range.start]);
        let (mut currents, mut nernst) = (Vec::new(), Vec::new());
        for ion in &self.layout.ions {
            let Some([there, current]) = touched.get(ion.name.as_str()) else { continue };
            if current[..ion.count].iter().all(|has| *has) {
                currents.push(ion.name.clone());
            }
            let everywhere = ion.nernst_in_step.len() == ion.count && there[..ion.count].iter().all(|has| *has);
            if everywhere && ion.valence != 0.0 {
                let places = [ion.reversal, ion.inside, ion.outside].map(|at| self.place(at) as usize);
                let factor = self.nernst_factor(ion).to_bits();
                nernst.push(Nernst { ion: ion.name.clone(), places, factor });
            }
        }
        Begun { gaps: gaps.collect(), currents, nernst }
    }

    fn nernst_factor(&self, ion: &IonTable) -> f64 {
        tianyan_engine::step::nernst_factor(ion.valence, self.layout.run.temperature_celsius)
    }

    fn nernst(&self, ion: &IonTable) -> Draft {
        let stage = Stage {
            n: ion.nernst_in_step.len() as i32,
            a: self.place(ion.reversal),
            b: self.place(ion.inside),
            c: self.place(ion.outside),
            // Without a valence there is no potential.
            factor: if ion.valence == 0.0 { 0.0 } else { self.nernst_factor(ion) },
            ..Stage::new(Op::Nernst)
        };
        let list = ion.nernst_in_step.iter().map(|i| *i as i32).collect();
        Draft { stage, lists: [list, Vec::new(), Vec::new()], ..Draft::default() }
    }

    /// The tables that have such a kernel.
    fn active(&self, sweep: Sweep) -> impl Iterator<Item = usize> {
        let has = move |t: &usize| !sweep.kernel(&self.layout.tables[*t].mechanism.kernels).is_empty();
        (0..self.layout.tables.len()).filter(has)
    }

    /// Sweeps over tables in order: those in runs that follow each other are fused.
    fn sweeps(&self, tables: &[usize], sweep: Sweep, when: Moment, program: &mut Program, drafts: &mut Vec<Draft>) {
        let table = |t: &usize| &self.layout.tables[*t];
        let in_runs = |t: &usize| !table(t).runs.is_empty();
        for alike in tables.chunk_by(|a, b| in_runs(a) && in_runs(b)) {
            if in_runs(&alike[0]) {
                self.fused(alike, sweep, when, &Begin::default(), program, drafts);
                continue;
            }
            drafts.push(self.sweep(alike[0], sweep, when, program));
            if sweep == Sweep::Current {
                let shares = &table(&alike[0]).mechanism.kernels.shares;
                drafts.extend(shares.iter().map(|to| self.share(alike[0], to)));
            }
        }
    }

    fn plain_sweeps(&self, sweep: Sweep, when: Moment, program: &mut Program, drafts: &mut Vec<Draft>) {
        drafts.extend(self.active(sweep).map(|t| self.sweep(t, sweep, when, program)));
    }

    fn sweep(&self, t: usize, sweep: Sweep, when: Moment, program: &mut Program) -> Draft {
        let sweep = if sweep == Sweep::State && self.rated[t] { Sweep::Rated } else { sweep };
        program.sweep(sweep, &self.layout.tables[t].mechanism);
        Stage { code: sweep as i32, table: t as i32, ..Stage::new(Op::Sweep) }.at(when).into()
    }

    /// A loop for each stretch of nodes that carry the same of these tables.
    fn fused(
        &self,
        tables: &[usize],
        sweep: Sweep,
        when: Moment,
        begin: &Begin,
        program: &mut Program,
        drafts: &mut Vec<Draft>,
    ) {
        let stretches: Vec<(usize, Stretch)> =
            tables.iter().flat_map(|t| stretches(&self.layout.tables[*t]).map(move |stretch| (*t, stretch))).collect();
        let ends: BTreeSet<usize> = stretches.iter().flat_map(|(_, s)| [s.node, s.node + s.count]).collect();
        let ends: Vec<usize> = ends.into_iter().collect();
        let (mut loops, begins): (Vec<Draft>, bool) = (Vec::new(), begin.sums);
        for pair in ends.windows(2) {
            let inside: Vec<&(usize, Stretch)> =
                stretches.iter().filter(|(_, s)| s.node <= pair[0] && pair[1] <= s.node + s.count).collect();
            if inside.is_empty() {
                continue;
            }
            let mut ions: BTreeMap<&str, usize> = BTreeMap::new();
            let (mut parts, mut own) = (Vec::new(), Vec::new());
            for (t, stretch) in &inside {
                let mechanism = &self.layout.tables[*t].mechanism;
                let shift = pair[0] - stretch.node;
                for (ion, first) in mechanism.ions.iter().zip(&stretch.ions) {
                    ions.insert(&ion.name, first + shift);
                }
                own.push((stretch.first + shift) as i32);
                let kernel = match sweep {
                    Sweep::Current => "current",
                    _ if self.rated[*t] => "rated",
                    _ => "state",
                };
                parts.push((program.code(mechanism), kernel));
            }
            let at = std::iter::once(pair[0] as i32).chain(ions.values().map(|first| *first as i32)).chain(own);
            let mut begin = begin.clone();
            begin.currents.retain(|ion| ions.contains_key(ion.as_str()));
            begin.nernst.retain(|of| ions.contains_key(of.ion.as_str()));
            let fused = Fused { parts, begin };
            let (code, n) = (program.fuse(fused) as i32, (pair[1] - pair[0]) as i32);
            let stage = Stage { code, n, ..Stage::new(Op::Fused) }.at(when);
            let tables = inside.iter().map(|(t, _)| *t).collect();
            let lists = [at.collect(), Vec::new(), Vec::new()];
            loops.push(Draft { stage, lists, tables, begins });
        }
        // Over different compartments: threads need not meet between them.
        let last = loops.len().saturating_sub(1);
        loops[..last].iter_mut().for_each(|draft| draft.stage.sync = 0);
        drafts.extend(loops);
    }

    /// Where the shares of a table's instances go, target by target.
    fn share(&self, t: usize, share: &Share) -> Draft {
        let table = &self.layout.tables[t];
        let block = match table.mechanism.kernels.bindings[share.to as usize] {
            Binding::Ion(k, _) => 1 + k,
            _ => 0,
        };
        let index = &table.index[block * table.padded..][..table.count];
        let mut of: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
        for (instance, target) in (0..).zip(index) {
            of.entry(*target).or_default().push(instance);
        }
        let first = of.values().scan(0, |sum, instances| {
            *sum += instances.len() as i32;
            Some(*sum)
        });
        let second = std::iter::once(0).chain(first).collect();
        let stage = Stage {
            n: of.len() as i32,
            a: self.place(table.field[share.from as usize] as usize),
            b: self.place(table.field[share.to as usize] as usize),
            table: t as i32,
            ..Stage::new(Op::Share)
        };
        let (targets, instances) = (of.keys().copied().collect(), of.into_values().flatten().collect());
        Draft { stage, lists: [targets, second, instances], ..Draft::default() }
    }

    fn membrane(&self, op: Op) -> Option<Draft> {
        let current = self.layout.node_fields.membrane_current?;
        let (a, b) = (self.place(current), self.arena.at(MEMBRANE_DIAGONAL) as i32);
        Some(Stage { a, b, n: self.layout.nodes as i32, ..Stage::new(op) }.into())
    }

    /// Under secondorder 2: the ions' currents at the half step.
    fn correct(&self, drafts: &mut Vec<Draft>) {
        if self.layout.run.second_order != SecondOrder::VoltageAndCurrents {
            return;
        }
        for ion in &self.layout.ions {
            let (a, b) = (self.place(ion.current), self.place(ion.conductance));
            let stage = Stage { n: ion.count as i32, a, b, ..Stage::new(Op::Correct) };
            let nodes = ion.node[..ion.count].to_vec();
            drafts.push(Draft { stage, lists: [nodes, Vec::new(), Vec::new()], ..Draft::default() });
        }
    }

    fn diffuse(&self, table: &MechanismTable, cable: &Cable, of: &Diffusion) -> Draft {
        let places =
            |binding: u32| cable.order.iter().map(move |i| self.place(diffuse::place(table, binding, *i as usize)));
        let parents = cable.parent.iter().map(|parent| *parent as i32);
        let second = places(of.state).chain(places(of.volume)).chain(places(of.coefficient)).chain(parents);
        let first = first_of_trees(&cable.parent);
        let stage = Stage {
            n: cable.order.len() as i32,
            a: self.arena.at(DIFFUSION) as i32,
            b: first.len() as i32 - 1,
            ..Stage::new(Op::Diffuse)
        };
        let couplings: &[Vec<f64>; 2] = &[cable.to_parent.clone(), cable.from_parent.clone()];
        let third = bytemuck::cast_slice(&couplings.concat()).to_vec();
        Draft { stage, lists: [first, second.collect(), third], ..Draft::default() }
    }

    fn place(&self, offset: usize) -> i32 {
        self.placement.of(offset) as i32
    }
}

/// Where trees begin whose compartments follow each other, parents first; and the end.
fn first_of_trees(parents: &[u32]) -> Vec<i32> {
    let mut first = vec![parents.len() as i32];
    let mut reach = parents.len();
    for (k, parent) in parents.iter().enumerate().rev() {
        reach = reach.min(*parent as usize);
        if reach >= k {
            first.push(k as i32);
        }
    }
    first.reverse();
    first
}

/// What the first fused loops of a step begin.
struct Begun {
    /// The nodes that they leave out.
    gaps: Vec<Range<usize>>,
    /// The ions all of whose currents they begin.
    currents: Vec<String>,
    /// The ions all of whose reversal potentials they compute.
    nernst: Vec<Nernst>,
}

/// A run of a table's instances.
struct Stretch {
    node: usize,
    count: usize,
    /// First instance.
    first: usize,
    /// First instance of each ion.
    ions: Vec<usize>,
}

fn stretches(table: &MechanismTable) -> impl Iterator<Item = Stretch> {
    let starts = table.runs.iter().scan(0, |sum, run| {
        *sum += run.count;
        Some(*sum - run.count)
    });
    starts.zip(&table.runs).map(|(first, run)| {
        let at = |block: usize| table.index[block * table.padded + first] as usize;
        let ions = (0..table.mechanism.ions.len()).map(|k| at(1 + k)).collect();
        Stretch { node: at(0), count: run.count, first, ions }
    })
}
