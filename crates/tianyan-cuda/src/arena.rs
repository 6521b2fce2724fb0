//! Where each field lies on the device: at the same place in the state of every group, so that kernels have the places
//! in their text.

use std::collections::HashMap;
use tianyan_layout::{ALIGN, Layout};

/// The places of all fields.
#[derive(Debug, Clone, Default)]
pub struct Arena {
    place: HashMap<String, usize>,
    /// Numbers of a state, without the arguments of connections.
    fixed: usize,
}

/// The state of one group: which ranges of the layout's lie where.
#[derive(Debug, Clone)]
pub struct Placement {
    /// First number in the layout's state, place on the device, length; ascending.
    ranges: Vec<(usize, usize, usize)>,
    /// Numbers on the device.
    pub len: usize,
}

/// Fields of the voltage equation, which begin every state.
const TREE: [&str; 6] = ["v", "rhs", "diagonal", "axial", "to_parent", "from_parent"];

/// A field whose size is that of a group's connections; nothing in the text asks where it lies.
fn is_loose(name: &str) -> bool {
    name.ends_with("._arguments")
}

impl Arena {
    /// With room for the largest group's numbers of each field, and for fields of the device alone.
    pub fn new<'a>(layouts: impl Iterator<Item = &'a Layout>, own: &[(&str, usize)]) -> Arena {
        let mut order: Vec<String> = TREE.map(String::from).to_vec();
        let mut room: HashMap<String, usize> = HashMap::new();
        for layout in layouts {
            for field in layout.fields.iter().filter(|field| !is_loose(&field.name)) {
                let most = room.entry(field.name.clone()).or_insert_with(|| {
                    if !TREE.contains(&field.name.as_str()) {
                        order.push(field.name.clone());
                    }
                    0
                });
                *most = (*most).max(field.len.next_multiple_of(ALIGN));
            }
        }
        for (name, len) in own {
            order.push((*name).into());
            room.insert((*name).into(), len.next_multiple_of(ALIGN));
        }
        let mut arena = Arena::default();
        for name in order {
            let len = room.get(&name).copied().unwrap_or(0);
            arena.place.insert(name, arena.fixed);
            arena.fixed += len;
        }
        arena
    }

    /// Where a field begins.
    pub fn at(&self, name: &str) -> usize {
        self.place.get(name).copied().unwrap_or(0)
    }

    /// The state of a group.
    pub fn placement(&self, layout: &Layout) -> Placement {
        let mut len = self.fixed;
        let ranges = layout.fields.iter().map(|field| {
            let numbers = field.len.next_multiple_of(ALIGN);
            let at = if is_loose(&field.name) {
                len += numbers;
                len - numbers
            } else {
                self.at(&field.name)
            };
            (field.offset, at, numbers)
        });
        let ranges = ranges.collect();
        Placement { ranges, len }
    }
}

impl Placement {
    /// The place on the device of a number of the layout's state.
    pub fn of(&self, offset: usize) -> usize {
        let next = self.ranges.partition_point(|(first, ..)| *first <= offset);
        let (first, at, _) = self.ranges[next.saturating_sub(1)];
        at + (offset - first)
    }

    /// The state as it lies on the device.
    pub fn to_device(&self, values: &[f64], device: &mut [f64]) {
        for &(first, at, len) in &self.ranges {
            device[at..at + len].copy_from_slice(&values[first..first + len]);
        }
    }

    /// The state as the layout has it.
    pub fn to_layout(&self, device: &[f64], values: &mut [f64]) {
        for &(first, at, len) in &self.ranges {
            values[first..first + len].copy_from_slice(&device[at..at + len]);
        }
    }
}
