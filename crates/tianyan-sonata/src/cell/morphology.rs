//! The sections of a cell in NEURON's order, while model_processing still changes them.

use std::path::Path;

use tianyan_io::swc;
use tianyan_model::{Attachment, Morphology, Problems, Section};

use crate::field::Stub;

/// Sections in the order of NEURON's list `all`; parents may stand behind their children.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub sections: Vec<Section>,
    /// Where the last two sections are drawn, if they are a stub without points.
    pub stub: Option<Stub>,
}

impl Tree {
    /// Reads a morphology.
    pub fn read(path: &Path) -> Result<Tree, Problems> {
        let swc = swc::read_swc(path)?;
        let mut position = vec![0; swc.all_order.len()];
        swc.all_order.iter().enumerate().for_each(|(place, &section)| position[section] = place);
        let section = |&index: &usize| {
            let mut section = swc.morphology.sections[index].clone();
            section.parent = section.parent.map(|p| Attachment { section: position[p.section], x: p.x });
            section
        };
        Ok(Tree { sections: swc.all_order.iter().map(section).collect(), stub: None })
    }

    /// What a section belongs to, as parameter files name it: the first four letters of its name.
    pub fn region(&self, index: usize) -> &str {
        let name = &self.sections[index].name;
        &name[..name.len().min(4)]
    }

    /// Indices of the sections of a region.
    pub fn of_region(&self, region: &str) -> Vec<usize> {
        (0..self.sections.len()).filter(|&i| self.region(i) == region).collect()
    }

    /// The morphology, parents first, and for each section of `all` its index there.
    pub fn finished(self) -> (Morphology, Vec<usize>) {
        let count = self.sections.len();
        let mut index = vec![usize::MAX; count];
        let mut order: Vec<usize> = Vec::with_capacity(count);
        // Each round places what hangs on the placed; one round suffices unless a parent stands behind its child.
        while order.len() < count {
            let before = order.len();
            for (i, section) in self.sections.iter().enumerate() {
                if index[i] == usize::MAX && section.parent.is_none_or(|p| index[p.section] != usize::MAX) {
                    index[i] = order.len();
                    order.push(i);
                }
            }
            if order.len() == before {
                break;
            }
        }
        let mut taken: Vec<Option<Section>> = self.sections.into_iter().map(Some).collect();
        let sections = order.iter().filter_map(|&i| taken[i].take()).map(|mut section| {
            section.parent = section.parent.map(|p| Attachment { section: index[p.section], x: p.x });
            section
        });
        (Morphology { sections: sections.collect() }, index)
    }
}
