//! All-active fits: `pas` everywhere, the genome may set everything, reversal potentials where the ion is.

use std::path::Path;

use tianyan_model::{Problem, Problems};

use super::Tree;
use super::fit::Fit;
use super::membrane::{Membrane, collect};
use crate::mechanisms::Library;

/// The membrane of an all-active fit.
pub(super) fn membrane(
    path: &Path,
    tree: &Tree,
    library: &Library,
    warnings: &mut Problems,
) -> Result<Membrane, Problems> {
    let fit = Fit::read(path)?;
    let mut problems = Problems::default();
    let mut membrane = Membrane::bare(tree);
    let place = fit.passive.place("");
    let everywhere = 0..tree.sections.len();
    for section in everywhere.clone() {
        collect(membrane.insert(section, "pas", library, &place), &mut problems);
        for (name, key) in [("e_pas", "e_pas"), ("Ra", "ra")] {
            let value = fit.passive.number(key, &mut problems);
            collect(value.map_or(Ok(()), |value| membrane.set(section, name, value, library, &place)), &mut problems);
        }
    }
    for (region, cm) in fit.capacitances(&mut problems) {
        for section in tree.of_region(&region) {
            collect(membrane.set(section, "cm", cm, library, &place), &mut problems);
        }
    }
    if fit.has_glob() {
        let message = "the genome has a section `glob`, probably of an old file; it is ignored, as BMTK does";
        warnings.push(Problem::new("sonata-glob", message).at(place.clone().key("genome")));
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
            for (name, ion, value) in [("ek", "k", reversal.ek_mv), ("ena", "na", reversal.ena_mv)] {
                let Some(value) = value.filter(|_| membrane.has_ion(section, ion, library)) else { continue };
                collect(membrane.set(section, name, value, library, &reversal.place), &mut problems);
            }
        }
    }
    problems.or(membrane)
}
