//! The shape of a cell: unbranched sections joined into a tree.

/// What part of the neuron a section is. Numbers are SWC's type tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionType {
    /// SWC 1
    Soma,
    /// SWC 2
    Axon,
    /// SWC 3, basal dendrite or any neurite of an invertebrate
    Dendrite,
    /// SWC 4
    Apical,
    /// Any other SWC tag (5 and above)
    Custom(u16),
}

/// A pt3d point: position and diameter, all in um.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs)]
pub struct Point {
    pub x_um: f64,
    pub y_um: f64,
    pub z_um: f64,
    pub diameter_um: f64,
}

/// Where on its parent a section's own start (its 0 end) is attached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attachment {
    /// Index of the parent section.
    pub section: usize,
    /// Relative position on the parent, 0..=1.
    pub x: f64,
}

/// The extent of a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A plain cylinder, both in um.
    #[allow(missing_docs)]
    Cylinder { length_um: f64, diameter_um: f64 },
    /// A chain of frusta through at least two points.
    Points(Vec<Point>),
}

/// An unbranched piece of neurite.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Unique within the cell: `soma`, `dend[3]`, `Axon`.
    pub name: String,
    /// What part of the neuron it is.
    pub section_type: SectionType,
    /// `None` for the root.
    pub parent: Option<Attachment>,
    /// Its extent.
    pub shape: Shape,
}

/// A relative position on a section: `x` in 0..=1. Inside (0,1) it means compartment floor(x*nseg); 0 and 1
/// are the zero-area end nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Location {
    /// Index into [`Morphology::sections`].
    pub section: usize,
    /// Relative position.
    pub x: f64,
}

/// A tree of sections. Section 0 is the root; every parent stands before its children.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Morphology {
    /// All sections, parents first.
    pub sections: Vec<Section>,
}

impl Morphology {
    /// The index of the section of that name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.sections.iter().position(|s| s.name == name)
    }
}
