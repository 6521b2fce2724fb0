//! One aligned allocation per group for every number of the simulation, addressed by named fields.

use memmap2::MmapMut;
use tianyan_nmodl::FieldClass;

/// Doubles in a cache line and in the widest vector: fields begin on and are padded to this many.
pub const ALIGN: usize = 8;

/// A named range of a group's [`State`].
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// `v`, `hh.m`, `ion na.reversal` ...
    pub name: String,
    /// First double.
    pub offset: usize,
    /// Number of doubles, without padding.
    pub len: usize,
    /// Unit of its numbers.
    pub unit: String,
    /// What may happen to them.
    pub class: FieldClass,
}

/// Hands out ranges while a layout is made.
#[derive(Debug, Default)]
pub struct Arena {
    /// All fields so far.
    pub fields: Vec<Field>,
    len: usize,
}

impl Arena {
    /// Reserves `len` doubles and returns the offset of the first.
    pub fn add(&mut self, name: impl Into<String>, len: usize, unit: &str, class: FieldClass) -> usize {
        let offset = self.len;
        self.fields.push(Field { name: name.into(), offset, len, unit: unit.into(), class });
        self.len += len.next_multiple_of(ALIGN);
        offset
    }

    /// Doubles reserved so far.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if nothing was reserved.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The numbers of one group: an array that begins on a page. What nobody writes takes no memory.
#[derive(Debug)]
pub struct State {
    pages: MmapMut,
    len: usize,
}

impl State {
    /// All zero.
    ///
    /// # Panics
    /// If the system has no memory left.
    pub fn new(len: usize) -> State {
        let bytes = (len * size_of::<f64>()).max(1);
        State { pages: MmapMut::map_anon(bytes).expect("memory for the state of a group"), len }
    }

    /// The numbers.
    pub fn values(&self) -> &[f64] {
        bytemuck::cast_slice(&self.pages[..self.len * size_of::<f64>()])
    }

    /// The numbers, to be changed.
    pub fn values_mut(&mut self) -> &mut [f64] {
        bytemuck::cast_slice_mut(&mut self.pages[..self.len * size_of::<f64>()])
    }
}

impl Clone for State {
    fn clone(&self) -> State {
        let mut copy = State::new(self.len);
        copy.values_mut().copy_from_slice(self.values());
        copy
    }
}
