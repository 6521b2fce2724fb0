//! What a compiled CUDA program needs, read from its ELF file: registers and stack from `.nv.info`, the number of
//! instructions (16 bytes each from sm_70 on) from the size of its text.

use std::collections::BTreeMap;

/// What a kernel needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Registers of a thread.
    pub registers: u32,
    /// Bytes of a thread's stack: local arrays, and registers that were spilled.
    pub stack: u32,
    /// Instructions, with all functions it calls.
    pub instructions: usize,
}

struct Section<'a> {
    name: &'a str,
    kind: u32,
    bytes: &'a [u8],
    link: usize,
}

/// The kernels of a cubin, by name.
pub fn kernels(cubin: &[u8]) -> BTreeMap<String, Needs> {
    let sections = sections(cubin);
    let symbols = symbols(&sections);
    let mut kernels: BTreeMap<String, Needs> = BTreeMap::new();
    for section in &sections {
        if let Some(name) = section.name.strip_prefix(".text.") {
            kernels.entry(name.into()).or_default().instructions = section.bytes.len() / 16;
        }
    }
    let info = sections.iter().find(|section| section.name == ".nv.info");
    for (attribute, symbol, value) in info.map(|info| attributes(info.bytes)).unwrap_or_default() {
        let Some(needs) = symbols.get(symbol as usize).and_then(|name| kernels.get_mut(*name)) else { continue };
        match attribute {
            REGISTERS => needs.registers = value,
            LEAST_STACK => needs.stack = value,
            _ => {}
        }
    }
    kernels
}

const REGISTERS: u8 = 0x2f;
const LEAST_STACK: u8 = 0x12;
/// Attributes with a symbol and a number.
const SIZED: u8 = 4;

fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + N].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn text(bytes: &[u8], at: usize) -> &str {
    let end = bytes[at..].iter().position(|byte| *byte == 0).map_or(bytes.len(), |len| at + len);
    std::str::from_utf8(&bytes[at..end]).unwrap_or_default()
}

fn sections(elf: &[u8]) -> Vec<Section<'_>> {
    let (table, size) = (number::<8>(elf, 40) as usize, number::<2>(elf, 58) as usize);
    let (count, names) = (number::<2>(elf, 60) as usize, number::<2>(elf, 62) as usize);
    let head = |k: usize| &elf[table + k * size..table + (k + 1) * size];
    let bytes = |head: &[u8]| {
        let (at, len) = (number::<8>(head, 24) as usize, number::<8>(head, 32) as usize);
        elf.get(at..at + len).unwrap_or_default()
    };
    let names = bytes(head(names));
    let section = |k: usize| {
        let head = head(k);
        let (name, kind) = (number::<4>(head, 0) as usize, number::<4>(head, 4) as u32);
        Section { name: text(names, name), kind, bytes: bytes(head), link: number::<4>(head, 40) as usize }
    };
    (0..count).map(section).collect()
}

fn symbols<'a>(sections: &[Section<'a>]) -> Vec<&'a str> {
    const SYMBOLS: u32 = 2;
    let Some(table) = sections.iter().find(|section| section.kind == SYMBOLS) else { return Vec::new() };
    let names: &'a [u8] = sections[table.link].bytes;
    table.bytes.chunks_exact(24).map(|symbol| text(names, number::<4>(symbol, 0) as usize)).collect()
}

/// Attribute, symbol and value of all that have them.
fn attributes(info: &[u8]) -> Vec<(u8, u32, u32)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 4 <= info.len() {
        let (format, attribute, size) = (info[at], info[at + 1], number::<2>(info, at + 2) as usize);
        at += 4;
        if format == SIZED {
            if size >= 8 {
                found.push((attribute, number::<4>(info, at) as u32, number::<4>(info, at + 4) as u32));
            }
            at += size;
        }
    }
    found
}
