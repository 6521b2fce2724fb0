//! A chain of pt3d points as NEURON keeps it: f32 coordinates, f64 arc lengths.

use crate::morphology::Point;

/// Points with their arc lengths, all in um.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    points: Vec<[f32; 3]>,
    diameters: Vec<f64>,
    arcs: Vec<f64>,
}

impl Chain {
    /// Rounds the points to f32 and measures arc lengths.
    pub(crate) fn new(points: &[Point]) -> Chain {
        let rounded: Vec<[f32; 3]> = points.iter().map(|p| [p.x_um as f32, p.y_um as f32, p.z_um as f32]).collect();
        let diameters = points.iter().map(|p| f64::from((p.diameter_um as f32).abs())).collect();
        let mut arc = 0.0;
        let mut arcs = Vec::with_capacity(points.len());
        for (i, point) in rounded.iter().enumerate() {
            arc += if i == 0 { 0.0 } else { distance_um(rounded[i - 1], *point) };
            arcs.push(arc);
        }
        Chain { points: rounded, diameters, arcs }
    }

    /// Number of points.
    pub(crate) fn len(&self) -> usize {
        self.points.len()
    }

    /// Arc length of the whole.
    pub(crate) fn length_um(&self) -> f64 {
        self.arcs.last().copied().unwrap_or(0.0)
    }

    /// Arc length at point `i`.
    pub(crate) fn arc_um(&self, i: usize) -> f64 {
        self.arcs[i]
    }

    /// Diameter at point `i`.
    pub(crate) fn diameter_um(&self, i: usize) -> f64 {
        self.diameters[i]
    }

    /// Diameter at the start; 0 without points.
    pub(crate) fn first_diameter_um(&self) -> f64 {
        self.diameters.first().copied().unwrap_or(0.0)
    }

    /// Diameter at an arc length within frustum `i`; a frustum of no length has that of its second point.
    pub(crate) fn diameter_in_frustum(&self, i: usize, arc_um: f64) -> f64 {
        let length = self.arcs[i + 1] - self.arcs[i];
        let fraction = if length.abs() < 1e-10 { 1.0 } else { (arc_um - self.arcs[i]) / length };
        (1.0 - fraction) * self.diameters[i] + fraction * self.diameters[i + 1]
    }

    /// The place at an arc length, held at both ends; `None` without points.
    pub(crate) fn position_um(&self, arc_um: f64) -> Option<[f64; 3]> {
        let after = self.arcs.partition_point(|a| *a <= arc_um);
        let (i, j) = (after.saturating_sub(1), after.min(self.len().checked_sub(1)?));
        let span = self.arcs[j] - self.arcs[i];
        let fraction = if span > 0.0 { ((arc_um - self.arcs[i]) / span).clamp(0.0, 1.0) } else { 0.0 };
        let between = |k: usize| {
            let (a, b) = (f64::from(self.points[i][k]), f64::from(self.points[j][k]));
            a + (b - a) * fraction
        };
        Some([between(0), between(1), between(2)])
    }
}

/// NEURON subtracts in f32 and squares in f64.
fn distance_um(from: [f32; 3], to: [f32; 3]) -> f64 {
    let [dx, dy, dz] = [0, 1, 2].map(|k| f64::from(to[k] - from[k]));
    (dx * dx + dy * dy + dz * dz).sqrt()
}
