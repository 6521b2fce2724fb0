//! HDF5 files of other people, column by column. Every failure names file and dataset; nothing here panics on what a
//! file holds.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use hdf5::types::{FixedAscii, FixedUnicode, TypeDescriptor, VarLenAscii, VarLenUnicode};
use hdf5::{Attribute, Dataset, File, Group, H5Type};
use tianyan_model::{Place, Problem};

/// A group of an open HDF5 file; the file stays open as long as one of its groups lives.
#[derive(Debug, Clone)]
pub struct ColumnGroup {
    file: Arc<str>,
    group: Group,
}

/// Opens a file and gives its root.
pub fn open(path: &Path) -> Result<ColumnGroup, Problem> {
    let name = path.display().to_string();
    let problem = |message: String| {
        let problem = Problem::new("file-unreadable", format!("cannot read {name}: {message}"));
        let help = if message.contains("lock file") {
            "does another program write it? Where the file system has no locks, set HDF5_USE_FILE_LOCKING=FALSE"
        } else {
            "is the path right, and is it an HDF5 file, whole?"
        };
        problem.at(Place::file(&name)).help(help)
    };
    fs::metadata(path).map_err(|error| problem(error.to_string()))?;
    let root = File::open(path).and_then(|file| file.group("/"));
    let group = root.map_err(|error| problem(one_line(&error)))?;
    Ok(ColumnGroup { file: name.into(), group })
}

impl ColumnGroup {
    /// The place of this group, or of something in it.
    pub fn place(&self, member: &str) -> Place {
        let path = format!("{}/{member}", self.group.name().trim_end_matches('/'));
        Place::file(&*self.file).key(path.trim_end_matches('/'))
    }

    /// The file's name, as the user gave it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Names of everything in it, sorted.
    pub fn members(&self) -> Vec<String> {
        let mut names = self.group.member_names().unwrap_or_default();
        names.sort();
        names
    }

    /// Whether it holds something of that name.
    pub fn has(&self, name: &str) -> bool {
        self.group.link_exists(name)
    }

    /// Whether it holds a group of that name.
    pub fn has_group(&self, name: &str) -> bool {
        self.has(name) && self.group.group(name).is_ok()
    }

    /// A group in it.
    pub fn group(&self, name: &str) -> Result<ColumnGroup, Problem> {
        if !self.has(name) {
            return Err(self.missing("group", name));
        }
        let group = self.group.group(name).map_err(|error| broken(self.place(name), &error))?;
        Ok(ColumnGroup { file: self.file.clone(), group })
    }

    /// All groups in it, by name.
    pub fn groups(&self) -> Vec<(String, ColumnGroup)> {
        let names = self.members().into_iter();
        names.filter_map(|name| self.group(&name).ok().map(|group| (name, group))).collect()
    }

    /// A dataset in it.
    pub fn column(&self, name: &str) -> Result<Column, Problem> {
        if !self.has(name) {
            return Err(self.missing("dataset", name));
        }
        let dataset = self.group.dataset(name).map_err(|error| broken(self.place(name), &error))?;
        let column = Column { place: self.place(name), dataset };
        column.check_size()?;
        Ok(column)
    }

    /// A text attribute; none if there is none, or if it is no text.
    pub fn text_attribute(&self, name: &str) -> Option<String> {
        self.group.attr(name).and_then(|attribute| read_text(&attribute)).ok()
    }

    fn missing(&self, what: &str, name: &str) -> Problem {
        let there = self.members();
        let problem = Problem::new("hdf5-missing", format!("there is no {what} `{name}`"));
        problem.at(self.place("")).help(crate::did_you_mean(name, there.iter().map(String::as_str)))
    }
}

/// So many values may be there without being stored.
const BELIEVED_VALUES: u64 = 1 << 28;
/// Compression packs hardly more into a byte.
const VALUES_A_BYTE: u64 = 2000;

/// A dataset.
#[derive(Debug, Clone)]
pub struct Column {
    place: Place,
    dataset: Dataset,
}

impl Column {
    /// A broken shape must not make anybody reserve memory for it.
    fn check_size(&self) -> Result<(), Problem> {
        let (values, stored) = (self.dataset.size() as u64, self.dataset.storage_size());
        if values <= BELIEVED_VALUES || values / VALUES_A_BYTE <= stored {
            return Ok(());
        }
        let message = format!("claims {values} values, but {stored} bytes are stored");
        Err(self.problem(message).help("is the file whole?"))
    }

    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Number of rows; 1 for a single value.
    pub fn len(&self) -> usize {
        self.dataset.shape().first().copied().unwrap_or(1)
    }

    /// True if it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sizes of its dimensions.
    pub fn shape(&self) -> Vec<usize> {
        self.dataset.shape()
    }

    /// Whether it holds text.
    pub fn is_text(&self) -> bool {
        use TypeDescriptor::{FixedAscii, FixedUnicode, VarLenAscii, VarLenUnicode};
        let descriptor = self.dataset.dtype().and_then(|kind| kind.to_descriptor());
        matches!(descriptor, Ok(VarLenUnicode | VarLenAscii | FixedUnicode(_) | FixedAscii(_)))
    }

    /// All its numbers, row-major.
    pub fn numbers(&self) -> Result<Vec<f64>, Problem> {
        self.all()
    }

    /// All its numbers as whole ones. Fractions and negative numbers are problems.
    pub fn integers(&self) -> Result<Vec<u64>, Problem> {
        self.whole(|column| column.all(), |column| column.all(), |column| column.all())
    }

    /// The numbers of some rows of a single column.
    pub fn numbers_in(&self, rows: Range<usize>) -> Result<Vec<f64>, Problem> {
        self.part(rows)
    }

    /// The whole numbers of some rows of a single column.
    pub fn integers_in(&self, rows: Range<usize>) -> Result<Vec<u64>, Problem> {
        let of = |rows: &Range<usize>| rows.clone();
        self.whole(|c| c.part(of(&rows)), |c| c.part(of(&rows)), |c| c.part(of(&rows)))
    }

    /// All its texts.
    pub fn texts(&self) -> Result<Vec<String>, Problem> {
        self.strings_in(None)
    }

    /// The texts of some rows of a single column.
    pub fn texts_in(&self, rows: Range<usize>) -> Result<Vec<String>, Problem> {
        self.strings_in(Some(rows))
    }

    fn strings_in(&self, rows: Option<Range<usize>>) -> Result<Vec<String>, Problem> {
        let kind = self.dataset.dtype().and_then(|kind| kind.to_descriptor());
        match kind.map_err(|error| broken(self.place.clone(), &error))? {
            TypeDescriptor::VarLenUnicode => self.strings::<VarLenUnicode>(rows),
            TypeDescriptor::VarLenAscii => self.strings::<VarLenAscii>(rows),
            TypeDescriptor::FixedUnicode(n) if n <= 64 => self.strings::<FixedUnicode<64>>(rows),
            TypeDescriptor::FixedUnicode(_) => self.strings::<FixedUnicode<1024>>(rows),
            TypeDescriptor::FixedAscii(n) if n <= 64 => self.strings::<FixedAscii<64>>(rows),
            TypeDescriptor::FixedAscii(_) => self.strings::<FixedAscii<1024>>(rows),
            other => Err(self.problem(format!("holds {other}, not text"))),
        }
    }

    /// A text attribute; none if there is none.
    pub fn text_attribute(&self, name: &str) -> Option<String> {
        self.dataset.attr(name).and_then(|attribute| read_text(&attribute)).ok()
    }

    /// An attribute that is a number; none if there is none.
    pub fn number_attribute(&self, name: &str) -> Option<f64> {
        self.dataset.attr(name).and_then(|attribute| attribute.read_raw::<f64>()).ok()?.first().copied()
    }

    /// A problem with what is in it.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new("hdf5-content", message).at(self.place.clone())
    }

    fn strings<T: H5Type + Clone + ToString>(&self, rows: Option<Range<usize>>) -> Result<Vec<String>, Problem> {
        let values: Vec<T> = rows.map_or_else(|| self.all(), |rows| self.part(rows))?;
        Ok(values.iter().map(ToString::to_string).collect())
    }

    fn all<T: H5Type>(&self) -> Result<Vec<T>, Problem> {
        self.dataset.read_raw().map_err(|error| self.unreadable(&error))
    }

    fn part<T: H5Type + Clone>(&self, rows: Range<usize>) -> Result<Vec<T>, Problem> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        if self.dataset.ndim() != 1 || rows.end > self.len() {
            let message = format!("rows {} to {} are not in its {:?}", rows.start, rows.end, self.shape());
            return Err(self.problem(message));
        }
        if rows.len() == self.len() {
            return self.all();
        }
        let read = self.dataset.read_slice_1d::<T, _>(rows);
        read.map(|array| array.to_vec()).map_err(|error| self.unreadable(&error))
    }

    fn whole(
        &self,
        unsigned: impl Fn(&Column) -> Result<Vec<u64>, Problem>,
        signed: impl Fn(&Column) -> Result<Vec<i64>, Problem>,
        real: impl Fn(&Column) -> Result<Vec<f64>, Problem>,
    ) -> Result<Vec<u64>, Problem> {
        let kind = self.dataset.dtype().and_then(|kind| kind.to_descriptor());
        match kind.map_err(|error| broken(self.place.clone(), &error))? {
            TypeDescriptor::Unsigned(_) => unsigned(self),
            TypeDescriptor::Float(_) => {
                let fits = |x: f64| (x >= 0.0 && x.fract() == 0.0 && x < 9e15).then_some(x as u64);
                real(self)?.into_iter().map(|x| fits(x).ok_or_else(|| self.not_whole(x))).collect()
            }
            TypeDescriptor::Integer(_) => {
                signed(self)?.into_iter().map(|x| u64::try_from(x).map_err(|_| self.not_whole(x))).collect()
            }
            other => Err(self.problem(format!("holds {other}, not whole numbers"))),
        }
    }

    fn not_whole(&self, value: impl std::fmt::Display) -> Problem {
        self.problem(format!("{value} is no whole number from 0 on"))
    }

    fn unreadable(&self, error: &hdf5::Error) -> Problem {
        let text = one_line(error);
        let help = if text.contains("filter") || text.contains("plugin") {
            "it was compressed with a filter that HDF5 here does not know: write it again, with gzip or without"
        } else {
            "is the file whole, and the dataset of the type that SONATA gives it?"
        };
        self.problem(format!("cannot be read: {text}")).help(help)
    }
}

fn broken(place: Place, error: &hdf5::Error) -> Problem {
    Problem::new("hdf5-content", format!("cannot be read: {}", one_line(error))).at(place)
}

/// HDF5's message without its stack of calls.
fn one_line(error: &hdf5::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_string()
}

fn read_text(attribute: &Attribute) -> hdf5::Result<String> {
    Ok(match attribute.dtype()?.to_descriptor()? {
        TypeDescriptor::VarLenUnicode => first(attribute.read_raw::<VarLenUnicode>()?),
        TypeDescriptor::VarLenAscii => first(attribute.read_raw::<VarLenAscii>()?),
        TypeDescriptor::FixedUnicode(_) => first(attribute.read_raw::<FixedUnicode<256>>()?),
        TypeDescriptor::FixedAscii(_) => first(attribute.read_raw::<FixedAscii<256>>()?),
        other => return Err(hdf5::Error::from(format!("not text but {other}"))),
    })
}

fn first(texts: Vec<impl ToString>) -> String {
    texts.first().map(ToString::to_string).unwrap_or_default()
}
