//! What NEURON's sections would hold after all `insert`s and assignments.

use tianyan_model::{Cell, Density, IonSetting, Parameter, Place, Problem, Problems, Values};

use super::Tree;
use crate::mechanisms::Library;

/// NEURON's defaults.
const RA_OHM_CM: f64 = 35.4;
const CM_UF_PER_CM2: f64 = 1.0;

/// The membrane of a section.
#[derive(Debug, Clone, PartialEq)]
struct Patch {
    ra_ohm_cm: f64,
    cm_uf_per_cm2: f64,
    /// Mechanisms in the order in which they were inserted, with what was set.
    mechanisms: Vec<(String, Vec<Parameter>)>,
    ions: Vec<(String, f64)>,
    /// Whether some mechanism is missing: what its ions and parameters are is not known.
    incomplete: bool,
}

/// The membrane of a cell; empty: NEURON's defaults everywhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Membrane {
    /// By section, in the order of `all`.
    patches: Vec<Patch>,
}

impl Membrane {
    /// Sections as NEURON creates them.
    pub fn bare(tree: &Tree) -> Membrane {
        let patch = Patch {
            ra_ohm_cm: RA_OHM_CM,
            cm_uf_per_cm2: CM_UF_PER_CM2,
            mechanisms: Vec::new(),
            ions: Vec::new(),
            incomplete: false,
        };
        Membrane { patches: vec![patch; tree.sections.len()] }
    }

    /// `insert`; nothing happens if it is there. A mechanism that is nowhere is a problem.
    pub fn insert(&mut self, section: usize, mechanism: &str, library: &Library, place: &Place) -> Result<(), Problem> {
        let patch = &mut self.patches[section];
        if !patch.mechanisms.iter().any(|(name, _)| name == mechanism) {
            patch.mechanisms.push((mechanism.to_string(), Vec::new()));
            if library.find(mechanism).is_none() {
                patch.incomplete = true;
                return Err(library.missing(mechanism, place.clone()));
            }
        }
        Ok(())
    }

    /// Whether an inserted mechanism uses an ion.
    pub fn has_ion(&self, section: usize, ion: &str, library: &Library) -> bool {
        self.patches[section].mechanisms.iter().any(|(name, _)| library.ions(name).iter().any(|other| other == ion))
    }

    /// Assigns by NEURON's name: `Ra`, `cm`, `ena`, `gbar_NaTs`, `e_pas`.
    pub fn set(
        &mut self,
        section: usize,
        name: &str,
        value: f64,
        library: &Library,
        place: &Place,
    ) -> Result<(), Problem> {
        let patch = &mut self.patches[section];
        match name {
            "Ra" => patch.ra_ohm_cm = value,
            "cm" => patch.cm_uf_per_cm2 = value,
            _ if split(patch, name).is_some() => {
                let (mechanism, parameter) = split(patch, name).unwrap_or_default();
                let parameters = &mut patch.mechanisms[mechanism].1;
                parameters.retain(|other| other.name != parameter);
                parameters.push(Parameter { name: parameter, values: Values::Uniform(value) });
            }
            _ => match ion_of(name).filter(|ion| self.has_ion(section, ion, library)) {
                Some(_) => {
                    let ions = &mut self.patches[section].ions;
                    ions.retain(|(other, _)| other != name);
                    ions.push((name.to_string(), value));
                }
                None if self.patches[section].incomplete => {}
                None => return Err(self.unknown(section, name, place)),
            },
        }
        Ok(())
    }

    fn unknown(&self, section: usize, name: &str, place: &Place) -> Problem {
        let inserted: Vec<&str> = self.patches[section].mechanisms.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("`{name}` is no parameter of a section that carries {}", inserted.join(", "));
        let problem = Problem::new("sonata-parameter", message).at(place.clone());
        problem.help("it must be Ra, cm, a variable of an ion such as ena, or NAME_MECHANISM of an inserted mechanism")
    }

    /// Writes it into a cell; `sections` gives each section's index there.
    pub fn paint(mut self, cell: &mut Cell, sections: &[usize]) {
        let count = sections.len();
        cell.ra_ohm_cm = vec![RA_OHM_CM; count];
        cell.cm_uf_per_cm2 = vec![Values::Uniform(CM_UF_PER_CM2); count];
        for (patch, &section) in self.patches.drain(..).zip(sections) {
            cell.ra_ohm_cm[section] = patch.ra_ohm_cm;
            cell.cm_uf_per_cm2[section] = Values::Uniform(patch.cm_uf_per_cm2);
            let density = |(mechanism, parameters)| Density { mechanism, section, parameters };
            cell.densities.extend(patch.mechanisms.into_iter().map(density));
            let setting = |(variable, value)| IonSetting { variable, section, value };
            cell.ions.extend(patch.ions.into_iter().map(setting));
        }
    }
}

/// `gbar_Im_v2` as a parameter of the inserted mechanism with the longest name that fits.
fn split(patch: &Patch, name: &str) -> Option<(usize, String)> {
    let parameter = |mechanism: &str| name.strip_suffix(mechanism)?.strip_suffix('_').filter(|rest| !rest.is_empty());
    let fits = patch.mechanisms.iter().enumerate().filter_map(|(i, (name, _))| Some((i, parameter(name)?)));
    fits.min_by_key(|(_, parameter)| parameter.len()).map(|(i, parameter)| (i, parameter.to_string()))
}

/// The ion whose variable has this name: `ena`, `cai`, `cao`.
fn ion_of(name: &str) -> Option<&str> {
    name.strip_prefix('e').or_else(|| name.strip_suffix(['i', 'o'])).filter(|ion| !ion.is_empty())
}

/// Takes a result's problem into a list.
pub(super) fn collect(result: Result<(), Problem>, problems: &mut Problems) {
    if let Err(problem) = result
        && !problems.0.contains(&problem)
    {
        problems.push(problem);
    }
}
