//! A cell as rows of the matrix: one row a compartment, and one a zero-area end node where something is attached.

use tianyan_model::{Cell, Geometry, Location};

/// Area that stands for the ends' zero in the coupling terms, um2 (NEURON's convention: it makes mA/cm2 of nA
/// and S/cm2 of uS).
const END_AREA_UM2: f64 = 100.0;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// The n-th compartment of its section.
    Compartment(u32),
    /// The zero-area node at the 0 end of the root section.
    Start,
    /// The zero-area node at the 1 end of its section.
    End,
}

/// One row of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Section it belongs to.
    pub section: u32,
    /// What it is.
    pub kind: RowKind,
    /// Row of its parent; the root is its own.
    pub parent: u32,
}

/// The numbers of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowNumbers {
    /// Membrane area, um2; 100 at ends.
    pub area_um2: f64,
    /// Diameter, um; 0 at ends.
    pub diameter_um: f64,
    /// Capacitance, uF/cm2; 0 at ends.
    pub cm_uf_per_cm2: f64,
    /// Coupling to the parent in this row, S/cm2, negative.
    pub to_parent: f64,
    /// The same conductance in the parent's row, S/cm2, negative.
    pub from_parent: f64,
    /// Initial voltage.
    pub v_init_mv: f64,
}

/// The rows of a cell, parents before children.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CellShape {
    /// All rows; row 0 is the root.
    pub rows: Vec<Row>,
    first: Vec<u32>,
    counts: Vec<u32>,
    end: Vec<Option<u32>>,
    start: Option<u32>,
    attachment: Vec<u32>,
    /// Of each section the section on which it sits, and the length of its compartments, um.
    cable: Vec<(Option<u32>, f64)>,
}

/// An end of a section that must have a node although no child is attached there: (section, is the 1 end).
pub type ExtraEnd = (u32, bool);

impl CellShape {
    /// Lowers `cell`, with nodes at the `extra` ends too: its rows, and their numbers.
    pub fn new(cell: &Cell, extra: &[ExtraEnd]) -> (CellShape, Vec<RowNumbers>) {
        let geometry = Geometry::new(&cell.morphology, &cell.compartments);
        let mut shape = CellShape { counts: cell.compartments.clone(), ..CellShape::default() };
        let mut numbers = Vec::new();
        let sections = &cell.morphology.sections;
        let length_um = sections.iter().zip(&cell.compartments).map(|(s, count)| s.length_um() / f64::from(*count));
        let on = sections.iter().map(|section| section.parent.map(|parent| parent.section as u32));
        shape.cable = on.zip(length_um).collect();
        shape.rows.reserve_exact(cell.compartments.iter().map(|count| *count as usize + 1).sum());
        let attached = |section: usize, x: f64| {
            sections.iter().any(|s| s.parent.is_some_and(|p| p.section == section && p.x == x))
        };
        if attached(0, 0.0) || extra.contains(&(0, false)) {
            shape.start = Some(shape.push_end((cell, &mut numbers), 0, RowKind::Start, None));
        }
        for (index, section) in sections.iter().enumerate() {
            let parent = match section.parent {
                Some(p) => Some(shape.row_at(Location { section: p.section, x: p.x })),
                None => shape.start,
            };
            shape.attachment.push(parent.unwrap_or(shape.rows.len() as u32));
            shape.push_compartments((cell, &mut numbers), &geometry, index, parent, section.parent.is_some());
            let end = attached(index, 1.0) || extra.contains(&(index as u32, true));
            shape.end.push(None);
            if end {
                let last = geometry.sections[index][geometry.sections[index].len() - 1];
                let ohm = cell.ra_ohm_cm[index] * last.right_mohm;
                let parent = (shape.rows.len() as u32 - 1, ohm);
                shape.end[index] = Some(shape.push_end((cell, &mut numbers), index, RowKind::End, Some(parent)));
            }
        }
        shape.rows.shrink_to_fit();
        (shape, numbers)
    }

    /// Number of sections.
    pub fn sections(&self) -> usize {
        self.counts.len()
    }

    /// Length of a row's compartment, um.
    pub fn length_um(&self, row: usize) -> f64 {
        self.cable[self.rows[row].section as usize].1
    }

    /// The section on which a section sits.
    pub fn parent_section(&self, section: u32) -> Option<u32> {
        self.cable[section as usize].0
    }

    /// Where a row lies, if there is such a row.
    pub fn location_of(&self, row: usize) -> Option<Location> {
        let Row { section, kind, .. } = *self.rows.get(row)?;
        let x = match kind {
            RowKind::Compartment(n) => (f64::from(n) + 0.5) / f64::from(self.counts[section as usize]),
            RowKind::Start => 0.0,
            RowKind::End => 1.0,
        };
        Some(Location { section: section as usize, x })
    }

    /// The row in which a location lies. Ends without a node of their own are the nearest compartment: nothing
    /// flows there, so its voltage is the same.
    pub fn row_at(&self, location: Location) -> u32 {
        let Location { section, x } = location;
        let last = self.counts[section] - 1;
        if x <= 0.0 {
            return if section == 0 { self.start.unwrap_or(self.first[0]) } else { self.attachment[section] };
        }
        if x >= 1.0 {
            return self.end[section].unwrap_or(self.first[section] + last);
        }
        self.first[section] + ((x * f64::from(self.counts[section])) as u32).min(last)
    }

    /// Number of compartments, without end nodes.
    pub fn compartments(&self) -> usize {
        self.counts.iter().map(|&n| n as usize).sum()
    }

    /// The rows of the compartments of a section.
    pub fn section_rows(&self, section: usize) -> std::ops::Range<u32> {
        self.first[section]..self.first[section] + self.counts[section]
    }

    fn push_compartments(
        &mut self,
        (cell, numbers): (&Cell, &mut Vec<RowNumbers>),
        geometry: &Geometry,
        section: usize,
        parent: Option<u32>,
        child: bool,
    ) {
        self.first.push(self.rows.len() as u32);
        let compartments = &geometry.sections[section];
        for (i, compartment) in compartments.iter().enumerate() {
            let row = self.rows.len() as u32;
            let before = if i > 0 { compartments[i - 1].right_mohm } else { 0.0 };
            let mohm = cell.ra_ohm_cm[section] * (before + compartment.left_mohm);
            let parent = match (i, parent) {
                (0, None) => row,
                (0, Some(parent)) => parent,
                _ => row - 1,
            };
            debug_assert!(i > 0 || child || parent == row || self.start.is_some());
            self.rows.push(Row { section: section as u32, kind: RowKind::Compartment(i as u32), parent });
            numbers.push(RowNumbers {
                area_um2: compartment.area_um2,
                diameter_um: compartment.diameter_um,
                cm_uf_per_cm2: cell.cm_uf_per_cm2[section].at(i),
                to_parent: 0.0,
                from_parent: 0.0,
                v_init_mv: cell.v_init_mv[section],
            });
            self.couple(numbers, row, mohm);
        }
    }

    fn push_end(
        &mut self,
        (cell, numbers): (&Cell, &mut Vec<RowNumbers>),
        section: usize,
        kind: RowKind,
        parent: Option<(u32, f64)>,
    ) -> u32 {
        let row = self.rows.len() as u32;
        self.rows.push(Row { section: section as u32, kind, parent: parent.map_or(row, |p| p.0) });
        numbers.push(RowNumbers {
            area_um2: END_AREA_UM2,
            diameter_um: 0.0,
            cm_uf_per_cm2: 0.0,
            to_parent: 0.0,
            from_parent: 0.0,
            v_init_mv: cell.v_init_mv[section],
        });
        if let Some((_, mohm)) = parent {
            self.couple(numbers, row, mohm);
        }
        row
    }

    /// Sets the coupling of a row to its parent through `mohm` megaohm: 1 uS / um2 is 100 S/cm2.
    fn couple(&self, numbers: &mut [RowNumbers], row: u32, mohm: f64) {
        let parent = self.rows[row as usize].parent;
        if parent == row {
            return;
        }
        let parent_area = numbers[parent as usize].area_um2;
        let row = &mut numbers[row as usize];
        row.to_parent = -1e2 / (mohm * row.area_um2);
        row.from_parent = -1e2 / (mohm * parent_area);
    }
}
