//! The keys under `[cells.NAME]`.

use super::decode::{At, Named, OneOrMany, table};
use super::values::{Formula, Names, SectionKind};

table! {
    /// A cell template.
    CellEntry, "cells" {
        /// SWC file, relative to the config.
        morphology: Option<String>,
        /// Sections, parents first, instead of a file.
        sections: Vec<SectionEntry>,
        /// How sections are cut; one compartment each by default.
        compartments: Option<OneOrMany<CompartmentRule>>,
        /// Membrane and mechanisms, in order; later entries win.
        paint: Vec<PaintEntry>,
        /// Where spikes are detected; none are without it.
        detector: Option<DetectorEntry>,
        /// Synapses that every cell of this template carries.
        synapses: Named<SynapseEntry>,
        /// An ARTIFICIAL_CELL, instead of everything else.
        artificial: Option<ArtificialEntry>,
    }
}

table! {
    /// A cell without a membrane.
    ArtificialEntry, "cells.artificial" {
        /// An ARTIFICIAL_CELL.
        mechanism: String,
        /// Its parameters: numbers, or formulas that draw one for each cell.
        parameters: Named<Formula>,
    }
}

table! {
    /// An unbranched piece of neurite.
    SectionEntry, "cells.sections" {
        /// Unique in the cell.
        name: String,
        /// soma, axon, dend, apic or an SWC tag of at least 5.
        r#type: SectionKind = SectionKind::DENDRITE,
        /// Length of a cylinder.
        length_um: Option<f64>,
        /// Diameter of a cylinder.
        diameter_um: Option<f64>,
        /// Instead of a cylinder: points x, y, z, diameter.
        points_um: Vec<[f64; 4]>,
        /// Number of compartments (nseg), instead of the template's rule.
        compartments: Option<u32>,
        /// Name of the parent section; none for the root.
        parent: Option<String>,
        /// Where on the parent.
        parent_x: f64 = 1.0,
        /// Initial voltage.
        v_init_mv: Option<f64>,
    }
}

table! {
    /// A rule for the number of compartments.
    CompartmentRule, "cells.compartments" {
        /// To which sections it applies: all, types or names.
        region: Names = Names::all(),
        /// This many in each section.
        count: Option<u32>,
        /// None longer than this.
        max_length_um: Option<f64>,
        /// None longer than this, in odd numbers.
        odd_max_length_um: Option<f64>,
        /// None longer than this fraction of the length constant at frequency_hz.
        d_lambda: Option<f64>,
        /// For d_lambda.
        frequency_hz: f64 = 100.0,
    }
}

table! {
    /// Membrane, a mechanism or ions for some sections.
    PaintEntry, "cells.paint" {
        /// To which sections it applies: all, types or names.
        region: Names = Names::all(),
        /// Membrane capacitance; 1 without any paint.
        cm_uf_per_cm2: Option<Formula>,
        /// Axial resistivity; 35.4 without any paint, as in NEURON.
        ra_ohm_cm: Option<f64>,
        /// Initial voltage.
        v_init_mv: Option<f64>,
        /// A density mechanism to insert.
        mechanism: Option<String>,
        /// Its RANGE parameters: numbers, or formulas of distance_um, x and diameter_um.
        parameters: Named<Formula>,
        /// Reversal potentials (ena_mv) and concentrations (cai_millimolar).
        ions: Named<At<f64>>,
    }
}

table! {
    /// Where spikes are detected.
    DetectorEntry, "cells.detector" {
        /// The section; the root by default.
        section: Option<String>,
        /// Relative position.
        x: f64 = 0.5,
        /// A spike is where v rises above this.
        threshold_mv: f64 = 10.0,
    }
}

table! {
    /// A synapse that every cell of a template carries.
    SynapseEntry, "cells.synapses" {
        /// A POINT_PROCESS.
        mechanism: String,
        /// The section; the root by default.
        section: Option<String>,
        /// Relative position.
        x: f64 = 0.5,
        /// Its parameters: numbers, or formulas that draw one for each cell.
        parameters: Named<Formula>,
    }
}
