//! An open HDF5 file that knows its name for messages, and reads columns without believing their types.

use std::path::Path;

use hdf5::types::{EnumType, FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Attribute, Container, Dataset, File, Group, H5Type};
use tianyan_model::{Place, Problem, Problems};

/// Longest text of fixed length that is read.
const TEXT_BYTES: usize = 256;
/// Values in a dataset beyond which its shape is not believed.
const MOST_VALUES: usize = 1 << 40;

/// An open file.
pub(super) struct Reader<'a> {
    path: &'a Path,
    file: File,
}

impl Reader<'_> {
    /// Opens a file for reading.
    pub fn open(path: &Path) -> Result<Reader<'_>, Problems> {
        let problem = |message: String, help: &str| {
            let place = Place::file(path.display().to_string());
            Problem::new("file-unreadable", message).at(place).help(help)
        };
        let found = std::fs::metadata(path).map_err(|error| problem(error.to_string(), "is the path right?"))?;
        if found.is_dir() {
            return Err(problem("this is a folder".into(), "name the .h5 file in it").into());
        }
        let file = File::open(path).map_err(|error| match error.to_string() {
            text if text.contains("signature") => problem("this is no HDF5 file".into(), "is it the right file?"),
            text if text.contains("truncated") => {
                problem("this file is shorter than it says".into(), "was it copied whole, and its writer not cut off?")
            }
            _ => problem(short(&error), "is it an HDF5 file, whole, and not open for writing elsewhere?"),
        })?;
        Ok(Reader { path, file })
    }

    /// The file's top.
    pub fn root(&self) -> &File {
        &self.file
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// The groups inside a top group, by name; members that are no groups are left out.
    pub fn populations(&self, top: &str) -> Result<Vec<(String, Group)>, Problems> {
        let group = self.group(top)?;
        let mut names = self.check(&format!("/{top}"), group.member_names())?;
        names.sort();
        let open = |name: String| group.group(&name).ok().map(|inside| (name, inside));
        Ok(names.into_iter().filter_map(open).collect())
    }

    /// A group of the file.
    pub fn group(&self, name: &str) -> Result<Group, Problems> {
        let key = format!("/{name}");
        match self.file.link_exists(name) {
            true => self.check(&key, self.file.group(name)),
            false => {
                let there = self.file.member_names().unwrap_or_default();
                let there = if there.is_empty() { "nothing".into() } else { there.join(", ") };
                Err(self.problem(&key, format!("there is no such group; the file holds {there}")))
            }
        }
    }

    /// The dataset under the first of these names that exists.
    pub fn dataset(&self, group: &Group, names: &[&str]) -> Result<Dataset, Problems> {
        match names.iter().find(|name| group.link_exists(name)) {
            Some(name) => {
                let opened = group.dataset(name);
                opened.map_err(|_| self.problem(&inside(group, name), "this is no readable dataset".into()))
            }
            None => Err(self.problem(&inside(group, names[0]), "there is no such dataset".into())),
        }
    }

    /// All values of a dataset of numbers, as f64.
    pub fn numbers(&self, dataset: &Dataset) -> Result<Vec<f64>, Problems> {
        let descriptor = self.descriptor(dataset)?;
        match descriptor {
            TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) | TypeDescriptor::Float(_) => {
                self.raw(&dataset.name(), dataset)
            }
            other => Err(self.problem(&dataset.name(), format!("holds {}, not numbers", kind(&other)))),
        }
    }

    /// All values of a dataset of whole numbers that are not negative, as u64.
    pub fn whole_numbers(&self, dataset: &Dataset) -> Result<Vec<u64>, Problems> {
        let name = dataset.name();
        match self.descriptor(dataset)? {
            TypeDescriptor::Unsigned(_) => self.raw(&name, dataset),
            TypeDescriptor::Integer(_) => {
                let values: Vec<i64> = self.raw(&name, dataset)?;
                let negative = values.iter().position(|value| *value < 0);
                if let Some(i) = negative {
                    return Err(self.problem(&name, format!("entry {i} is {}, and ids count from 0", values[i])));
                }
                Ok(values.into_iter().map(i64::unsigned_abs).collect())
            }
            other => Err(self.problem(&name, format!("holds {}, not whole numbers", kind(&other)))),
        }
    }

    /// All values of a dataset as words: texts, names of an enum's members, or numbers as written.
    pub fn words(&self, dataset: &Dataset) -> Result<Vec<String>, Problems> {
        let name = dataset.name();
        match self.descriptor(dataset)? {
            TypeDescriptor::Unsigned(_) => Ok(words_of(&self.raw::<u64>(&name, dataset)?)),
            TypeDescriptor::Integer(_) => Ok(words_of(&self.raw::<i64>(&name, dataset)?)),
            TypeDescriptor::Float(_) => Ok(words_of(&self.raw::<f64>(&name, dataset)?)),
            TypeDescriptor::Boolean => Ok(words_of(&self.raw::<bool>(&name, dataset)?)),
            TypeDescriptor::Enum(members) => {
                let values: Vec<i64> = self.raw(&name, dataset)?;
                Ok(values.into_iter().map(|value| member(&members, value)).collect())
            }
            text => self.check(&name, texts(dataset, &text)),
        }
    }

    /// A text attribute of a dataset or group, empty if there is none; of any of HDF5's four kinds of text, alone
    /// or as an array of one.
    pub fn text_attribute(&self, place: &Container, name: &str) -> Result<String, Problems> {
        let names = self.check(&place.name(), place.attr_names())?;
        if !names.iter().any(|n| n == name) {
            return Ok(String::new());
        }
        let read = place.attr(name).and_then(|attribute| first_text(&attribute));
        read.map_err(|error| self.problem(&format!("{}@{name}", place.name()), short(&error)))
    }

    fn descriptor(&self, dataset: &Dataset) -> Result<TypeDescriptor, Problems> {
        self.check(&dataset.name(), dataset.dtype().and_then(|t| t.to_descriptor()))
    }

    fn raw<T: H5Type>(&self, name: &str, dataset: &Dataset) -> Result<Vec<T>, Problems> {
        if dataset.size() > MOST_VALUES {
            return Err(self.problem(name, format!("claims to hold {} values", dataset.size())));
        }
        self.check(name, dataset.read_raw())
    }

    /// Turns an HDF5 error into a problem that names the place.
    pub fn check<T>(&self, key: &str, result: hdf5::Result<T>) -> Result<T, Problems> {
        result.map_err(|error| self.problem(key, short(&error)))
    }

    /// A problem with what a place of this file holds.
    pub fn problem(&self, key: &str, message: String) -> Problems {
        let place = Place::file(self.path.display().to_string()).key(key);
        Problem::new("hdf5-content", message).at(place).help(HELP).into()
    }
}

const HELP: &str =
    "SONATA files have /spikes/<population>/{timestamps, node_ids} or /report/<population>/{data, mapping}";

/// `/a/b`, also at the top.
pub(super) fn inside(group: &Group, name: &str) -> String {
    format!("{}/{name}", group.name().trim_end_matches('/'))
}

/// HDF5's errors without the name of the function that failed.
fn short(error: &hdf5::Error) -> String {
    let text = error.to_string();
    text.split_once("(): ").map_or(text.as_str(), |(_, words)| words).to_string()
}

fn kind(descriptor: &TypeDescriptor) -> &'static str {
    match descriptor {
        TypeDescriptor::Integer(_) | TypeDescriptor::Unsigned(_) => "whole numbers",
        TypeDescriptor::Float(_) => "fractions",
        TypeDescriptor::Boolean => "truth values",
        TypeDescriptor::Enum(_) => "an enum",
        TypeDescriptor::Compound(_) => "records",
        TypeDescriptor::FixedArray(..) | TypeDescriptor::VarLenArray(_) => "arrays",
        TypeDescriptor::Reference(_) => "references",
        _ => "text",
    }
}

fn words_of<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

fn member(members: &EnumType, value: i64) -> String {
    let found = members.members.iter().find(|m| m.value as i64 == value);
    found.map_or_else(|| value.to_string(), |m| m.name.clone())
}

fn first_text(attribute: &Attribute) -> hdf5::Result<String> {
    let all = texts(attribute, &attribute.dtype()?.to_descriptor()?)?;
    all.into_iter().next().ok_or_else(|| hdf5::Error::from("holds nothing, not a text"))
}

fn texts(place: &Container, descriptor: &TypeDescriptor) -> hdf5::Result<Vec<String>> {
    Ok(match descriptor {
        TypeDescriptor::VarLenUnicode => words_of(&place.read_raw::<VarLenUnicode>()?),
        TypeDescriptor::VarLenAscii => words_of(&place.read_raw::<VarLenAscii>()?),
        TypeDescriptor::FixedUnicode(_) => words_of(&place.read_raw::<FixedUnicode<TEXT_BYTES>>()?),
        TypeDescriptor::FixedAscii(_) => words_of(&place.read_raw::<FixedAscii<TEXT_BYTES>>()?),
        other => return Err(hdf5::Error::from(format!("holds {}, not text", kind(other)))),
    })
}
