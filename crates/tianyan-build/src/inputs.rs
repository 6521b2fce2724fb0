//! Poisson spike trains of virtual nodes.

use std::path::Path;

use rayon::prelude::*;
use tianyan_io::config::tables::Table;
use tianyan_model::random::Philox;
use tianyan_model::{Problem, Problems};

use crate::draw::Draw;
use crate::lookup::Lookups;
use crate::nodes::{Population, Type, select};
use crate::schema::{InputEntry, ModelType};
use crate::streams::{Purpose, stream};

/// A node's rate: a piecewise constant course in time.
#[derive(Debug, Clone, PartialEq)]
struct Course {
    /// When each rate begins, ms, ascending.
    from_ms: Vec<f64>,
    rate_hz: Vec<f64>,
}

/// The spikes of one input, sorted by time, then node id: (ms, node id).
pub type Trains = Vec<(f64, u64)>;

/// Draws the spikes of input `number` until `end_ms`. Gives the index of its population too.
pub fn trains(
    entry: &InputEntry,
    number: u32,
    populations: &[Population],
    end_ms: f64,
    seed: u64,
    lookups: &mut Lookups,
    base: &Path,
) -> Result<(usize, Trains), Problems> {
    let (index, types) = select(&entry.nodes, populations)?;
    let population = &populations[index];
    if let Some(other) = types.iter().map(|&i| &population.types[i]).find(|t| t.model != ModelType::Virtual) {
        let message = format!("the nodes {} are not virtual: they make spikes of their own", other.name);
        return Err(entry.spot.problem("nodes", "build-not-virtual", message).into());
    }
    let end_ms = entry.end_ms.unwrap_or(end_ms);
    let mut all = Vec::new();
    for of in types.iter().map(|&i| &population.types[i]) {
        let rate = Rate::new(entry, of, lookups, base)?;
        let train = |node: u32| {
            let gid = population.first_gid + u64::from(node);
            let mut random = Philox::new(seed, stream(Purpose::Spikes, number), gid);
            let course = rate.course(node - of.nodes.start, of.nodes.len(), &mut random);
            course.train(entry.start_ms, end_ms, u64::from(node), &mut random)
        };
        all.par_extend(of.nodes.clone().into_par_iter().flat_map_iter(train));
    }
    all.par_sort_by(|a: &(f64, u64), b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    Ok((index, all))
}

enum Rate {
    Drawn(Draw),
    Course(Course),
}

impl Rate {
    fn new(entry: &InputEntry, of: &Type, lookups: &mut Lookups, base: &Path) -> Result<Rate, Problems> {
        match (&entry.rate_hz, &entry.table) {
            (Some(rate), None) => lookups.draw(rate, of, of).map(Rate::Drawn),
            (None, Some(table)) => course(entry, table, of, base).map(Rate::Course),
            _ => {
                let message = "an input needs either `rate_hz` or `table`";
                Err(entry.spot.problem("rate_hz", "config-missing-key", message).into())
            }
        }
    }

    fn course(&self, place: u32, count: usize, random: &mut Philox) -> Course {
        match self {
            Rate::Drawn(draw) => {
                Course { from_ms: vec![f64::NEG_INFINITY], rate_hz: vec![draw.at(place as usize, count, random)] }
            }
            Rate::Course(course) => course.clone(),
        }
    }
}

fn course(entry: &InputEntry, name: &str, of: &Type, base: &Path) -> Result<Course, Problems> {
    let table = Table::read(&base.join(name), &entry.spot, "table")?;
    let header = of.columns.iter().fold(entry.column.clone(), |text, (c, v)| text.replace(&format!("{{{c}}}"), v));
    let times = table.column("time_ms", &entry.spot.at("table"))?;
    let rates = table.column(&header, &entry.spot.at("column"))?;
    let course = Course { from_ms: table.numbers(times)?, rate_hz: table.numbers(rates)? };
    if let Some(row) = course.from_ms.windows(2).position(|pair| pair[0] >= pair[1]) {
        let problem = Problem::new("table-order", "times must ascend").at(table.place(row + 1, times));
        return Err(problem.into());
    }
    Ok(course)
}

impl Course {
    /// Spikes from `start_ms` until `end_ms`: a unit exponential is spent on the rate as time passes.
    fn train(&self, start_ms: f64, end_ms: f64, node: u64, random: &mut Philox) -> Trains {
        let mut spikes = Vec::new();
        let mut wait = random.exponential();
        for (i, rate_hz) in self.rate_hz.iter().enumerate() {
            let mut now = self.from_ms[i].max(start_ms);
            let until = self.from_ms.get(i + 1).copied().unwrap_or(f64::INFINITY).min(end_ms);
            let per_ms = rate_hz.max(0.0) / 1000.0;
            while now < until {
                let left = (until - now) * per_ms;
                if wait > left || left == 0.0 {
                    wait -= left;
                    break;
                }
                now += wait / per_ms;
                wait = random.exponential();
                if now < until {
                    spikes.push((now, node));
                }
            }
        }
        spikes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_follow_their_course() {
        let course = Course { from_ms: vec![0.0, 1000.0, 2000.0], rate_hz: vec![20.0, 0.0, 50.0] };
        let all: Trains =
            (0..200).flat_map(|node| course.train(0.0, 3000.0, node, &mut Philox::new(5, 0, node))).collect();
        let within = |low: f64, high: f64| all.iter().filter(|(t, _)| (low..high).contains(t)).count() as f64;
        assert!((within(0.0, 1000.0) - 4000.0).abs() < 4.0 * 4000f64.sqrt());
        assert_eq!(within(1000.0, 2000.0), 0.0);
        assert!((within(2000.0, 3000.0) - 10_000.0).abs() < 400.0);
    }
}
