//! Perisomatic fits: `pas` everywhere, channels where the genome puts them.

use std::path::Path;

use tianyan_model::{Problem, Problems};

use super::Tree;
use super::fit::Fit;
use super::membrane::{Membrane, collect};
use crate::mechanisms::Library;

/// The membrane of a perisomatic fit.
pub(super) fn membrane(path: &Path, tree: &Tree, library: &Library) -> Result<Membrane, Problems> {
    let fit = Fit::read(path)?;
    let mut problems = Problems::default();
    let mut membrane = Membrane::bare(tree);
    let ra = fit.passive.need_number("ra", &mut problems);
    let e_pas = fit.passive.need_number("e_pas", &mut problems);
    let capacitances = fit.capacitances(&mut problems);
    let place = fit.passive.place("");
    for section in 0..tree.sections.len() {
        let region = tree.region(section);
        let Some((_, cm)) = capacitances.iter().rev().find(|(name, _)| name == region) else {
            let message = format!("passive.cm has no line for the section `{region}`");
            collect(Err(Problem::new("sonata-parameters", message).at(fit.passive.place("cm"))), &mut problems);
            continue;
        };
        collect(membrane.insert(section, "pas", library, &place), &mut problems);
        for (name, value) in [("Ra", ra), ("cm", Some(*cm)), ("e_pas", e_pas)] {
            collect(value.map_or(Ok(()), |value| membrane.set(section, name, value, library, &place)), &mut problems);
        }
    }
    for gene in fit.genes(&mut problems) {
        for section in tree.of_region(&gene.section) {
            if !gene.mechanism.is_empty() {
                collect(membrane.insert(section, &gene.mechanism, library, &gene.place), &mut problems);
            }
            collect(membrane.set(section, &gene.name, gene.value, library, &gene.place), &mut problems);
        }
    }
    for reversal in fit.reversals(&mut problems) {
        for section in tree.of_region(&reversal.section) {
            for (name, value) in [("ena", reversal.ena_mv), ("ek", reversal.ek_mv)] {
                let set = |value| membrane.set(section, name, value, library, &reversal.place);
                collect(value.map_or(Ok(()), set), &mut problems);
            }
        }
    }
    problems.or(membrane)
}
