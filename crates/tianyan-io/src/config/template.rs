//! From a cell template to a cell: sections, compartments, paint.

use std::collections::BTreeMap;

use tianyan_model::discretisation::{Discretisation, MAX_COMPARTMENTS};
use tianyan_model::{
    Cell, Density, Detector, Geometry, IonSetting, Location, Morphology, Parameter, Problem, Problems, Section,
    SectionType, Values,
};

use super::cells_schema::{CellEntry, CompartmentRule, PaintEntry};
use super::document::Spot;
use super::nearest::did_you_mean;
use super::values::{Formula, Names, SECTION_TYPES};

/// The variables of formulas in paint.
const VARIABLES: [&str; 3] = ["distance_um", "x", "diameter_um"];
/// NEURON's axial resistivity.
const RA_OHM_CM: f64 = 35.4;

/// The cell that a template makes of a morphology.
pub(crate) fn cell(entry: &CellEntry, morphology: Morphology, v_init_mv: f64) -> Result<Cell, Problems> {
    if morphology.sections.is_empty() {
        let message = "the cell has neither a morphology nor sections";
        return Err(entry.spot.problem("sections", "cell-empty", message).into());
    }
    let mut problems = Problems::default();
    let mut painter = Painter::new(entry, &morphology, v_init_mv, &mut problems);
    let compartments = painter.compartments(&mut problems);
    painter.measure(&compartments);
    let sections = morphology.sections.len();
    let cell = Cell {
        cm_uf_per_cm2: (0..sections).map(|s| painter.values(painter.cm[s], s, 1.0, &mut problems)).collect(),
        ra_ohm_cm: painter.ra.clone(),
        v_init_mv: painter.v_init.clone(),
        densities: painter.densities(&mut problems),
        ions: painter.ions(&mut problems),
        detector: detector(entry, &morphology, &mut problems),
        compartments,
        morphology: Morphology::default(),
    };
    problems.or(Cell { morphology, ..cell })
}

fn detector(entry: &CellEntry, morphology: &Morphology, problems: &mut Problems) -> Option<Detector> {
    let detector = entry.detector.as_ref()?;
    if !detector.threshold_mv.is_finite() {
        problems.push(detector.spot.problem("threshold_mv", "config-value", "threshold_mv must be finite"));
    }
    let location = problems.take(location(morphology, detector.section.as_deref(), detector.x, &detector.spot))?;
    Some(Detector { location, threshold_mv: detector.threshold_mv })
}

/// A place on a cell; the root where no section is named.
pub(crate) fn location(
    morphology: &Morphology,
    section: Option<&str>,
    x: f64,
    spot: &Spot,
) -> Result<Location, Problems> {
    let index = match section {
        None => 0,
        Some(name) => find(morphology, name).ok_or_else(|| {
            let names = morphology.sections.iter().map(|section| section.name.as_str());
            let problem = spot.problem("section", "cell-section", format!("there is no section `{name}` on this cell"));
            problem.help(did_you_mean(name, names))
        })?,
    };
    if !(0.0..=1.0).contains(&x) {
        return Err(spot.problem("x", "config-value", format!("x = {x} does not lie between 0 and 1")).into());
    }
    Ok(Location { section: index, x })
}

/// The section of that name; `soma` also finds `soma[0]` where there is no `soma[1]`.
fn find(morphology: &Morphology, name: &str) -> Option<usize> {
    let numbered = |index: u32| morphology.find(&format!("{name}[{index}]"));
    morphology.find(name).or_else(|| numbered(0).filter(|_| numbered(1).is_none()))
}

/// The indices of the sections of a region: all, a type, or names.
pub(crate) fn region(morphology: &Morphology, name: &str) -> Option<Vec<usize>> {
    let indices = |fits: &dyn Fn(&Section) -> bool| {
        let sections = morphology.sections.iter().enumerate();
        sections.filter(|(_, section)| fits(section)).map(|(i, _)| i).collect::<Vec<_>>()
    };
    if name == "all" {
        return Some(indices(&|_| true));
    }
    if let Some((_, kind)) = SECTION_TYPES.iter().find(|(known, _)| *known == name) {
        let named = indices(&|section| section.section_type == *kind || section.name == name);
        return Some(named);
    }
    if let Some(tag) = name.strip_prefix("type:").and_then(|tag| tag.parse().ok()) {
        return Some(indices(&|section| section.section_type == SectionType::Custom(tag)));
    }
    find(morphology, name).map(|section| vec![section])
}

struct Painter<'a> {
    entry: &'a CellEntry,
    morphology: &'a Morphology,
    /// For each paint entry, the sections it covers.
    covers: Vec<Vec<usize>>,
    cm: Vec<Option<&'a Formula>>,
    ra: Vec<f64>,
    v_init: Vec<f64>,
    /// Path distance of each section's start from the middle of the root, um.
    start_um: Vec<f64>,
    length_um: Vec<f64>,
    geometry: Geometry,
    counts: Vec<u32>,
}

impl<'a> Painter<'a> {
    fn new(entry: &'a CellEntry, morphology: &'a Morphology, v_init_mv: f64, problems: &mut Problems) -> Painter<'a> {
        let covers = entry.paint.iter().map(|paint| covered(morphology, &paint.region, &paint.spot, problems));
        let sections = morphology.sections.len();
        let (start_um, length_um) = distances(morphology);
        let mut painter = Painter {
            entry,
            morphology,
            covers: covers.collect(),
            cm: vec![None; sections],
            ra: vec![RA_OHM_CM; sections],
            v_init: vec![v_init_mv; sections],
            start_um,
            length_um,
            geometry: Geometry::default(),
            counts: vec![1; sections],
        };
        painter.membrane(problems);
        painter.measure(&vec![1; sections]);
        painter
    }

    fn membrane(&mut self, problems: &mut Problems) {
        for (paint, covered) in self.entry.paint.iter().zip(&self.covers) {
            if paint.ra_ohm_cm.is_some_and(|ra| !(ra > 0.0 && ra.is_finite())) {
                problems.push(paint.spot.problem("ra_ohm_cm", "config-value", "ra_ohm_cm must be above 0"));
            }
            if paint.v_init_mv.is_some_and(|v| !v.is_finite()) {
                problems.push(paint.spot.problem("v_init_mv", "config-value", "v_init_mv must be finite"));
            }
            for &section in covered {
                self.cm[section] = paint.cm_uf_per_cm2.as_ref().or(self.cm[section]);
                self.ra[section] = paint.ra_ohm_cm.unwrap_or(self.ra[section]);
                self.v_init[section] = paint.v_init_mv.unwrap_or(self.v_init[section]);
            }
        }
        for (section, v_init) in self.entry.sections.iter().zip(&mut self.v_init) {
            *v_init = section.v_init_mv.unwrap_or(*v_init);
        }
    }

    /// nseg of each section.
    fn compartments(&mut self, problems: &mut Problems) -> Vec<u32> {
        let sections = 0..self.morphology.sections.len();
        let cm: Vec<f64> = sections.map(|s| self.values(self.cm[s], s, 1.0, problems).at(0)).collect();
        for rule in self.entry.compartments.as_ref().map_or(&[][..], |rules| &rules.0) {
            check_rule(rule, problems);
            for section in covered(self.morphology, &rule.region, &rule.spot, problems) {
                let shape = &self.morphology.sections[section];
                self.counts[section] = discretisation(rule).compartments(shape, self.ra[section], cm[section]);
            }
        }
        for (section, count) in self.entry.sections.iter().zip(&mut self.counts) {
            if section.compartments.is_some_and(|count| count == 0 || count > MAX_COMPARTMENTS) {
                let message = format!("compartments must lie between 1 and {MAX_COMPARTMENTS}");
                problems.push(section.spot.problem("compartments", "config-value", message));
            }
            *count = section.compartments.unwrap_or(*count).clamp(1, MAX_COMPARTMENTS);
        }
        self.counts.clone()
    }

    /// The geometry, if a formula wants diameters.
    fn measure(&mut self, compartments: &[u32]) {
        self.counts = compartments.to_vec();
        let paint = self.entry.paint.iter();
        let formulas = paint.flat_map(|paint| paint.parameters.iter().map(|(_, f)| f).chain(&paint.cm_uf_per_cm2));
        let wanted = |formula: &Formula| formula.expression.variables().iter().any(|name| name == "diameter_um");
        if formulas.into_iter().any(wanted) {
            self.geometry = Geometry::new(self.morphology, compartments);
        }
    }

    /// A formula in each compartment of a section.
    fn values(&self, formula: Option<&Formula>, section: usize, default: f64, problems: &mut Problems) -> Values {
        let Some(formula) = formula else { return Values::Uniform(default) };
        if let Some(constant) = formula.expression.as_constant() {
            check_finite(constant, formula, problems);
            return Values::Uniform(constant);
        }
        if formula.expression.draws() {
            let message = "random numbers cannot be drawn here: all cells of a kind share their paint";
            problems.push(Problem::new("config-formula", message).at(formula.spot.place()));
            return Values::Uniform(default);
        }
        if let Some(unknown) = formula.expression.variables().iter().find(|name| !VARIABLES.contains(&name.as_str())) {
            let message = format!("unknown variable `{unknown}` in a formula");
            let problem = Problem::new("config-formula", message).at(formula.spot.place());
            problems.push(problem.help(did_you_mean(unknown, VARIABLES)));
            return Values::Uniform(default);
        }
        let count = self.counts[section];
        let values: Vec<f64> = (0..count).map(|i| self.value(formula, section, i)).collect();
        values.iter().for_each(|value| check_finite(*value, formula, problems));
        Values::PerCompartment(values)
    }

    fn value(&self, formula: &Formula, section: usize, compartment: u32) -> f64 {
        let x = (f64::from(compartment) + 0.5) / f64::from(self.counts[section]);
        let along = if section == 0 { (x - 0.5).abs() } else { x };
        let distance = self.start_um[section] + along * self.length_um[section];
        let cut = self.geometry.sections.get(section).and_then(|cuts| cuts.get(compartment as usize));
        let diameter = cut.map_or(f64::NAN, |cut| cut.diameter_um);
        let variable = |name: &String| match name.as_str() {
            "distance_um" => distance,
            "x" => x,
            _ => diameter,
        };
        let values: Vec<f64> = formula.expression.variables().iter().map(variable).collect();
        formula.expression.evaluate(&values)
    }

    /// Density mechanisms in the order of first mention, sections ascending.
    fn densities(&self, problems: &mut Problems) -> Vec<Density> {
        let mut order: Vec<&str> = Vec::new();
        let mut painted: BTreeMap<(usize, usize), Vec<(&str, &Formula)>> = BTreeMap::new();
        for (paint, covered) in self.entry.paint.iter().zip(&self.covers) {
            let Some(mechanism) = paint.mechanism.as_deref() else {
                lone_parameters(paint, problems);
                continue;
            };
            let rank = order.iter().position(|known| *known == mechanism).unwrap_or_else(|| {
                order.push(mechanism);
                order.len() - 1
            });
            for &section in covered {
                let parameters = painted.entry((rank, section)).or_default();
                for (name, formula) in paint.parameters.iter() {
                    parameters.retain(|(known, _)| *known != name);
                    parameters.push((name, formula));
                }
            }
        }
        let density = |((rank, section), parameters): (&(usize, usize), &Vec<(&str, &Formula)>)| {
            let parameter = |(name, formula): &(&str, &Formula)| Parameter {
                name: name.to_string(),
                values: self.values(Some(formula), *section, 0.0, problems),
            };
            let parameters = parameters.iter().map(parameter).collect();
            Density { mechanism: order[*rank].into(), section: *section, parameters }
        };
        painted.iter().map(density).collect()
    }

    fn ions(&self, problems: &mut Problems) -> Vec<IonSetting> {
        let mut settings: BTreeMap<(usize, String), f64> = BTreeMap::new();
        for (paint, covered) in self.entry.paint.iter().zip(&self.covers) {
            for (key, value) in paint.ions.iter() {
                let Some(variable) = ion_variable(key) else {
                    let message = format!("`{key}` names no ion variable with its unit");
                    let problem = Problem::new("config-unknown-key", message).at(value.spot.place());
                    problems
                        .push(problem.help("ena_mv, nai_millimolar and nao_millimolar are, likewise for other ions"));
                    continue;
                };
                if !value.value.is_finite() {
                    let message = format!("the value is {}, not a finite number", value.value);
                    problems.push(Problem::new("config-value", message).at(value.spot.place()));
                }
                for &section in covered {
                    settings.insert((section, variable.into()), value.value);
                }
            }
        }
        settings.into_iter().map(|((section, variable), value)| IonSetting { variable, section, value }).collect()
    }
}

fn lone_parameters(paint: &PaintEntry, problems: &mut Problems) {
    if !paint.parameters.0.is_empty() {
        let message = "parameters are given without a mechanism";
        problems.push(paint.spot.problem("parameters", "config-missing-key", message));
    }
}

/// `ena` of `ena_mv`, `cai` of `cai_millimolar`.
fn ion_variable(key: &str) -> Option<&str> {
    if let Some(reversal) = key.strip_suffix("_mv") {
        return (reversal.starts_with('e') && reversal.len() > 1).then_some(reversal);
    }
    let concentration = key.strip_suffix("_millimolar")?;
    (concentration.ends_with(['i', 'o']) && concentration.len() > 1).then_some(concentration)
}

fn check_finite(value: f64, formula: &Formula, problems: &mut Problems) {
    let problem = Problem::new("config-value", format!("the value is {value}, not a finite number"));
    let problem = problem.at(formula.spot.place());
    if !value.is_finite() && !problems.0.contains(&problem) {
        problems.push(problem);
    }
}

fn covered(morphology: &Morphology, names: &Names, spot: &Spot, problems: &mut Problems) -> Vec<usize> {
    let mut covered = Vec::new();
    for name in &names.names {
        match region(morphology, name) {
            Some(sections) => covered.extend(sections),
            None => {
                let types = SECTION_TYPES.iter().map(|(name, _)| *name);
                let known = morphology.sections.iter().map(|section| section.name.as_str()).chain(types).chain(["all"]);
                let problem = spot.problem("region", "cell-section", format!("no section or type is named `{name}`"));
                problems.push(problem.help(did_you_mean(name, known)));
            }
        }
    }
    covered.sort_unstable();
    covered.dedup();
    covered
}

fn check_rule(rule: &CompartmentRule, problems: &mut Problems) {
    let lengths = [rule.max_length_um, rule.odd_max_length_um, rule.d_lambda];
    let given = lengths.iter().flatten().count() + usize::from(rule.count.is_some());
    if given != 1 {
        let message = "expected exactly one of count, max_length_um, odd_max_length_um and d_lambda";
        problems.push(Problem::new("config-value", message).at(rule.spot.place()));
    }
    let bad = lengths.iter().flatten().any(|length| !(*length > 0.0 && length.is_finite())) || rule.count == Some(0);
    if bad || !(rule.frequency_hz > 0.0 && rule.frequency_hz.is_finite()) {
        let message = "count, lengths, d_lambda and frequency_hz must be above 0";
        problems.push(Problem::new("config-value", message).at(rule.spot.place()));
    }
}

/// nseg of a section by a rule.
fn discretisation(rule: &CompartmentRule) -> Discretisation {
    let frequency_hz = rule.frequency_hz;
    let long = rule.max_length_um.map(|max_um| Discretisation::MaxLength { max_um });
    let odd = rule.odd_max_length_um.map(|max_um| Discretisation::OddMaxLength { max_um });
    let lambda = rule.d_lambda.map(|fraction| Discretisation::DLambda { fraction, frequency_hz });
    long.or(odd).or(lambda).unwrap_or(Discretisation::Count(rule.count.unwrap_or(1)))
}

/// Path distance of each section's start from the middle of the root, and each section's length; um.
fn distances(morphology: &Morphology) -> (Vec<f64>, Vec<f64>) {
    let length: Vec<f64> = morphology.sections.iter().map(Section::length_um).collect();
    let mut start = vec![0.0; length.len()];
    for (i, section) in morphology.sections.iter().enumerate() {
        let Some(parent) = section.parent.filter(|parent| parent.section < i) else { continue };
        let along = if parent.section == 0 { (parent.x - 0.5).abs() } else { parent.x };
        start[i] = start[parent.section] + along * length[parent.section];
    }
    (start, length)
}
