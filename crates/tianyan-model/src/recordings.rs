//! What a whole run left, by population, as spikes files and reports hold it.

use std::ops::Range;

/// The spikes of a population, sorted by time, then node id.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PopulationSpikes {
    /// Its name; empty if the file gives none (SONATA's first layout).
    pub population: String,
    /// When; finite, not negative.
    pub times_ms: Vec<f64>,
    /// Which cell, as a node id of the population; as many as times.
    pub node_ids: Vec<u64>,
}

/// The traces of a population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PopulationReport {
    /// Its name; empty if the file gives none (SONATA's first layout).
    pub population: String,
    /// What was recorded; empty if the file does not say.
    pub variable: String,
    /// In which unit; empty if the file does not say.
    pub unit: String,
    /// Time of row 0.
    pub start_ms: f64,
    /// Where the next row would be.
    pub stop_ms: f64,
    /// Between rows.
    pub interval_ms: f64,
    /// The cells, in the file's order.
    pub node_ids: Vec<u64>,
    /// First column of each cell; one entry more than cells.
    pub index_pointers: Vec<u64>,
    /// Section of each column.
    pub element_ids: Vec<u32>,
    /// Relative position on the section of each column.
    pub element_pos: Vec<f32>,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// True if the file holds 32-bit values: they are rounded to about 1 part in 17 million.
    pub single: bool,
    /// rows * columns, row-major.
    pub values: Vec<f64>,
}

impl PopulationReport {
    /// One column over time.
    pub fn trace(&self, column: usize) -> Vec<f64> {
        self.values.iter().skip(column).step_by(self.columns.max(1)).copied().collect()
    }

    /// The columns of a cell.
    pub fn columns_of(&self, node_id: u64) -> Option<Range<usize>> {
        let i = self.node_ids.iter().position(|id| *id == node_id)?;
        Some(*self.index_pointers.get(i)? as usize..*self.index_pointers.get(i + 1)? as usize)
    }

    /// Time of each row.
    pub fn times_ms(&self) -> Vec<f64> {
        (0..self.rows).map(|row| self.start_ms + row as f64 * self.interval_ms).collect()
    }
}
