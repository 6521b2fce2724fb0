//! The cells of a model, and the mechanisms it mentions.

use std::sync::Arc;

use tianyan_model::{Cell, Gid, KindId, Place, Population, Problems};

use super::Config;
use super::cells_schema::CellEntry;
use super::mechanisms::Mention;
use super::populations::{Described, Kind};
use super::ring::Ring;
use super::stimuli;

/// The cells of a model: described one by one, or generated.
#[derive(Debug)]
pub(crate) enum World {
    Described(Described),
    Ring(Ring),
}

impl World {
    pub fn populations(&self) -> &[Population] {
        match self {
            World::Described(described) => &described.populations,
            World::Ring(ring) => ring.populations(),
        }
    }

    pub fn kind_of(&self, gid: Gid) -> KindId {
        match self {
            World::Described(described) => described.kind_of.get(gid.0 as usize).copied().unwrap_or(KindId(u32::MAX)),
            World::Ring(ring) => KindId(gid.0.min(ring.kinds() as u32 - 1)),
        }
    }

    pub fn cell(&self, config: &Config, kind: KindId) -> Result<Arc<Cell>, Problems> {
        match self {
            World::Described(described) => described.cell(config, kind),
            World::Ring(ring) => Ok(Arc::new(ring.cell(kind.0))),
        }
    }

    pub fn cell_of(&self, config: &Config, gid: Gid) -> Result<Arc<Cell>, Problems> {
        self.cell(config, self.kind_of(gid))
    }

    /// The template of a cell with a body.
    pub fn template<'a>(&self, config: &'a Config, gid: Gid) -> Option<&'a CellEntry> {
        match self {
            World::Described(described) => match described.kinds.get(self.kind_of(gid).0 as usize)? {
                Kind::Source => None,
                Kind::Body { template, .. } => config.document.cells.get(template),
            },
            World::Ring(_) => None,
        }
    }

    pub fn is_source(&self, gid: Gid) -> bool {
        match self {
            World::Described(described) => described.kinds.get(self.kind_of(gid).0 as usize) == Some(&Kind::Source),
            World::Ring(ring) => ring.is_source(gid),
        }
    }
}

/// The cells that a config describes or generates.
pub(crate) fn world(config: &Config, problems: &mut Problems) -> Result<World, Problems> {
    let document = &config.document;
    let Some(generator) = &document.generator else { return Ok(World::Described(Described::new(config, problems))) };
    super::check_generated(document, problems);
    match Ring::new(generator, document.run.v_init_mv) {
        Ok(ring) => Ok(World::Ring(ring)),
        Err(Problems(more)) => {
            problems.0.extend(more);
            Err(std::mem::take(problems))
        }
    }
}

/// Every mechanism where the config names it, in the order of the config.
pub(crate) fn mentions(config: &Config, world: &World) -> Vec<Mention> {
    let document = &config.document;
    let mut found = if let World::Ring(ring) = world { ring.mentions() } else { Vec::new() };
    for (_, cell) in document.cells.iter() {
        for paint in &cell.paint {
            let parameters = paint.parameters.iter().map(|(name, formula)| (name, formula.spot.place()));
            found.extend(
                paint.mechanism.as_ref().map(|name| mention(name, true, paint.spot.at("mechanism"), parameters)),
            );
        }
        for (_, synapse) in cell.synapses.iter() {
            let place = synapse.spot.at("parameters");
            let parameters = synapse.parameters.names().map(|name| (name, place.clone()));
            found.push(mention(&synapse.mechanism, false, synapse.spot.at("mechanism"), parameters));
        }
    }
    for entry in &document.connections {
        let parameters = entry.parameters.iter().map(|(name, formula)| (name, formula.spot.place()));
        found.extend(entry.mechanism.as_ref().map(|name| mention(name, false, entry.spot.at("mechanism"), parameters)));
    }
    for entry in &document.graded_synapses {
        let parameters = entry.parameters.iter().map(|(name, formula)| (name, formula.spot.place()));
        found.push(mention(&entry.mechanism, false, entry.spot.at("mechanism"), parameters));
    }
    for entry in &document.gap_junctions {
        let parameters = entry.parameters.iter().map(|(name, formula)| (name, formula.spot.place()));
        found.push(mention(&entry.mechanism, false, entry.spot.at("mechanism"), parameters));
    }
    found.extend(stimuli::mentions(&document.stimuli));
    found
}

fn mention<'a>(name: &str, density: bool, place: Place, parameters: impl Iterator<Item = (&'a str, Place)>) -> Mention {
    let parameters = parameters.map(|(name, place)| (name.to_string(), place)).collect();
    Mention { name: name.into(), density, place, parameters }
}
