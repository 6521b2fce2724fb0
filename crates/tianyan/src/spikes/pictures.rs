//! Rasters and rates over time of a spikes file.

use super::{SpikeGroup, SpikeReport};
use std::collections::BTreeMap;
use tianyan_analysis::{Picture, RasterStyle, draw_psth, draw_raster, rate_course};
use tianyan_model::{Gid, Population, PopulationSpikes, Spike};

const WIDTH_PX: f64 = 900.0;

impl SpikeReport {
    /// A mark for every spike, one band a group. Where only cells with spikes are known, only they have rows.
    pub fn raster(&self) -> Picture {
        let range_ms = Some((self.window.from_ms, self.window.to_ms));
        let style = RasterStyle { range_ms, width_px: WIDTH_PX, ..RasterStyle::default() };
        raster_of(&self.groups, &self.names(), &self.spikes, &style)
    }

    /// The mean rate of each group over time.
    pub fn psth(&self) -> Picture {
        let course = |(group, name): (&SpikeGroup, &String)| {
            let spikes = self.spikes.iter().find(|of| of.population == group.population)?;
            Some(rate_course(name, spikes, &group.cells, &self.window, self.bin_ms))
        };
        let courses: Vec<_> = self.groups.iter().zip(&self.names()).filter_map(course).collect();
        draw_psth(&courses, "", (self.window.from_ms, self.window.to_ms), WIDTH_PX)
    }

    /// Names for pictures: of classes alone if there is only one population.
    fn names(&self) -> Vec<String> {
        let one = self.groups.iter().all(|group| group.population == self.groups[0].population);
        let name = |group: &SpikeGroup| group.class.clone().filter(|_| one).unwrap_or_else(|| group.name());
        self.groups.iter().map(name).collect()
    }
}

/// Draws groups as bands with these names.
fn raster_of(groups: &[SpikeGroup], names: &[String], spikes: &[PopulationSpikes], style: &RasterStyle) -> Picture {
    let (mut populations, mut rows, mut first) = (Vec::new(), BTreeMap::new(), 0u32);
    for (group, name) in groups.iter().zip(names) {
        let size = u32::try_from(group.cells.len()).unwrap_or(u32::MAX).min(u32::MAX - first);
        let of: &mut BTreeMap<u64, u32> = rows.entry(&group.population).or_default();
        of.extend(group.cells.iter().copied().zip(first..first + size));
        let cell_names = group.cell_names.clone();
        populations.push(Population { name: name.clone(), first_gid: Gid(first), size, cell_names });
        first += size;
    }
    let of_population = |of: &PopulationSpikes| {
        let rows = rows.get(&of.population);
        let spike = |(time_ms, id): (&f64, &u64)| Some(Spike { time_ms: *time_ms, gid: Gid(*rows?.get(id)?) });
        of.times_ms.iter().zip(&of.node_ids).filter_map(spike).collect::<Vec<_>>()
    };
    let all: Vec<Spike> = spikes.iter().flat_map(of_population).collect();
    draw_raster(&populations, &all, style)
}
