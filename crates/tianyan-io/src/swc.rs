//! Morphologies from SWC files, by the rules of NEURON's Import3d.
//!
//! The stages, a file each: `text` (bytes to lines), `parse` (lines to samples), `tree` (samples to a tree in
//! NEURON's order), `sections` (the tree cut into sections). Each collects all its [`Problems`]; a tree is
//! only cut when nothing is wrong with it.
//!
//! A line is `id type x y z radius parent`, positions and radius in um; more columns, `#` comments, blank
//! lines and any line ending are accepted. Types are 1 soma, 2 axon, 3 basal dendrite (or any neurite), 4
//! apical dendrite. The rules of the cut are told in `sections`.
//!
//! What NEURON reads wrongly or silently is refused here:
//!
//! | code | refused |
//! |---|---|
//! | swc-cycle, swc-self-parent, swc-missing-parent, swc-duplicate-id, swc-second-root | no tree |
//! | swc-radius | a radius of 0 or below |
//! | swc-number, swc-columns | a value that is no finite number, a line with too few |
//! | swc-empty, swc-binary, swc-bom, swc-not-swc, swc-read | no SWC text |
//! | swc-scale | a cell above 20 mm or below 1 um: probably other units |
//! | swc-type | an unknown type, a soma sample on a neurite, no soma |
//! | swc-soma | several soma samples, all at one place |

mod faults;
mod parse;
mod sections;
mod text;
mod tree;

use faults::Faults;
use std::fmt;
use std::path::Path;
use tianyan_model::{Morphology, Place, Problem, Problems};

/// Something a reader may want to know about a file that is nevertheless accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A stable code.
    pub code: &'static str,
    /// What was done, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "note[{}]: {}\n  --> {}", self.code, self.message, self.place)
    }
}

/// What an SWC file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct SwcMorphology {
    /// Sections, parents first, otherwise in the order of `all_order`.
    pub morphology: Morphology,
    /// NEURON's list `all` (soma, axon, dend, apic, each in the file's order), as indices into
    /// `morphology.sections`: a SONATA section id is a position in it. 0, 1, 2 ... unless an axon or a basal
    /// dendrite grows on a later type.
    pub all_order: Vec<usize>,
    /// What was unusual.
    pub notes: Vec<Note>,
}

/// Reads an SWC file.
pub fn read_swc(path: &Path) -> Result<SwcMorphology, Problems> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        Problem::new("swc-read", format!("the file cannot be read: {error}"))
            .at(Place::file(&name))
            .help("check the path and its permissions")
    })?;
    parse_swc(&name, &bytes)
}

/// Understands the bytes of an SWC file; `file_name` is for messages.
pub fn parse_swc(file_name: &str, bytes: &[u8]) -> Result<SwcMorphology, Problems> {
    let lines = text::lines(file_name, bytes)?;
    let mut faults = Faults::new(file_name, &lines);
    let parsed = parse::samples(&lines, &mut faults);
    let cell = tree::build(parsed, &mut faults).and_then(|tree| sections::cut(&tree, &mut faults));
    let notes = faults.finish()?;
    match cell {
        Some((morphology, all_order)) => Ok(SwcMorphology { morphology, all_order, notes }),
        // Without problems there is a tree; should that ever fail, an error is still better than a panic.
        None => Err(Problem::new("swc-empty", "the file holds no samples").at(Place::file(file_name)).into()),
    }
}
