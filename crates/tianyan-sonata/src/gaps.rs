//! Gap junctions: edges with `is_gap_junction`, of which each end gets a point process `Gap` that reads the other.
//!
//! As in BMTK a half sits in the middle of a section: of the one that the edge names (the same id on both cells), or
//! of that of a compartment drawn like a synapse's. The target draws when its edge's turn comes; the source after all
//! edges of the same population that end in it.

use std::collections::{BTreeSet, HashMap};

use tianyan_model::{
    Connections, Couplings, Gid, Location, Parameter, Peer, PointProcess, Problem, Problems, Quantity, Values,
};

use crate::connect::Connector;
use crate::network::Network;
use crate::placement::Aim;

/// The mechanism of a half, and what it reads.
pub(crate) const MECHANISM: &str = "Gap";
const PEER: &str = "vgap";

/// Connections of so many cells are made at a time to find sites.
const CELLS_AT_ONCE: usize = 256;

/// Where the halves of a junction are looked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Where {
    /// In the section of that id.
    Section(usize),
    Random(Aim),
}

/// A gap junction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gap {
    pub source: Gid,
    pub target: Gid,
    /// uS
    pub conductance: f64,
    pub place: Where,
}

/// One end of a junction: its number in the list, and whether it is the source's.
pub(crate) type Half = (usize, bool);

/// All junctions of a network.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gaps {
    pub list: Vec<Gap>,
    /// By population of edges and edge.
    of_edge: HashMap<(usize, usize), usize>,
    /// By population of edges and source, in the order of edges.
    of_source: HashMap<(usize, Gid), Vec<usize>>,
    sites: HashMap<Half, Location>,
    /// All halves, sorted by the gid of their cell.
    halves: Vec<(Gid, Half)>,
}

impl Gaps {
    /// Adds a junction.
    pub fn add(&mut self, edges: usize, edge: usize, gap: Gap) {
        let number = self.list.len();
        self.of_edge.insert((edges, edge), number);
        self.of_source.entry((edges, gap.source)).or_default().push(number);
        self.list.push(gap);
    }

    /// The junction of an edge.
    pub fn of_edge(&self, edges: usize, edge: usize) -> Option<usize> {
        self.of_edge.get(&(edges, edge)).copied()
    }

    /// The junctions that begin in a cell.
    pub fn of_source(&self, edges: usize, gid: Gid) -> &[usize] {
        self.of_source.get(&(edges, gid)).map_or(&[], Vec::as_slice)
    }

    /// Where all halves sit: goes through the edges of all cells that have one.
    pub fn find_sites(network: &Network, dt_ms: f64) -> Result<HashMap<Half, Location>, Problems> {
        let cells: BTreeSet<Gid> = network.gaps.list.iter().flat_map(|gap| [gap.source, gap.target]).collect();
        let cells: Vec<Gid> = cells.into_iter().collect();
        let mut sites = HashMap::new();
        for cells in cells.chunks(CELLS_AT_ONCE) {
            let mut connections = Connections::default();
            let mut connector = Connector::new(network, dt_ms, &mut connections);
            connector.sites = Some(&mut sites);
            connector.connect(cells);
            connector.problems.or(())?;
        }
        Ok(sites)
    }

    /// Takes the places of all halves.
    pub fn settle(&mut self, sites: HashMap<Half, Location>) -> Result<(), Problem> {
        let all = (0..self.list.len()).flat_map(|number| [(number, false), (number, true)]);
        if let Some((number, _)) = all.into_iter().find(|half| !sites.contains_key(half)) {
            let Gap { source, target, .. } = &self.list[number];
            let message = format!("the gap junction between gids {} and {} has one end only", source.0, target.0);
            let help = "both ends must be biophysical cells, with a section or a compartment where it can sit";
            return Err(Problem::new("sonata-gap", message).help(help));
        }
        self.sites = sites;
        let halves = self.list.iter().enumerate();
        let halves = halves.flat_map(|(number, gap)| [(gap.target, (number, false)), (gap.source, (number, true))]);
        self.halves = halves.collect();
        self.halves.sort_unstable();
        Ok(())
    }

    /// The halves on some cells.
    pub fn couplings_on(&self, gids: &[Gid], mechanism: usize, out: &mut Couplings) {
        let of = |gid: Gid| {
            let start = self.halves.partition_point(|(other, _)| *other < gid);
            self.halves[start..].iter().take_while(move |(other, _)| *other == gid)
        };
        for &(gid, (number, is_source)) in gids.iter().copied().flat_map(of) {
            let gap = &self.list[number];
            let there = if is_source { gap.target } else { gap.source };
            let parameter_set = out.parameter_sets.len();
            out.parameter_sets.push(vec![Parameter { name: "g".into(), values: Values::Uniform(gap.conductance) }]);
            let location = self.sites[&(number, is_source)];
            out.instances.push(PointProcess { gid, location, mechanism, parameter_set });
            out.peers.push(Peer {
                instance: out.instances.len() as u32 - 1,
                pointer: PEER.into(),
                gid: there,
                location: self.sites[&(number, !is_source)],
                quantity: Quantity::Voltage,
            });
        }
    }
}
