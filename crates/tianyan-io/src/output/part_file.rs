//! A SONATA file while it grows: `NAME.h5.part` until it is complete, `NAME.h5` afterwards.
//!
//! HDF5 keeps a file consistent only between flushes. So nothing is written between two flushes: callers
//! collect rows in memory, write them in one go and flush at once. A process killed in between leaves a file
//! that opens and holds everything up to the last flush. The oldest file format is used on purpose: newer ones
//! mark a file as open for writing and refuse to open it after a crash.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, File, Group, H5Type, Location};
use tianyan_model::{Place, Problem, Problems};

/// SONATA's magic number.
const MAGIC: u32 = 0x0A7A;
/// Version of the SONATA format: 0.1.
const VERSION: [u32; 2] = [0, 1];

/// An HDF5 file under its temporary name.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    part: PathBuf,
    complete: PathBuf,
}

impl PartFile {
    /// Creates `complete` + `.part` with SONATA's root attributes.
    pub fn create(complete: PathBuf) -> Result<PartFile, Problems> {
        let part = part_path(&complete);
        let file = File::create(&part).and_then(|file| mark_root(&file).map(|()| file));
        match file {
            Ok(file) => Ok(PartFile { file, part, complete }),
            Err(error) => Err(not_writable(&part, &error).into()),
        }
    }

    /// Opens the file of a run that goes on.
    pub fn reopen(complete: PathBuf) -> Result<PartFile, Problems> {
        let part = part_path(&complete);
        // A run that was killed while it closed its files had renamed some.
        if !part.exists() && complete.exists() {
            fs::rename(&complete, &part).map_err(|error| not_resumed(&complete, &error.to_string()))?;
        }
        match File::open_rw(&part) {
            Ok(file) => Ok(PartFile { file, part, complete }),
            Err(error) => Err(not_resumed(&part, &error.to_string()).into()),
        }
    }

    /// Turns an error of going on into a problem that names this file.
    pub fn reopened<T>(&self, result: hdf5::Result<T>) -> Result<T, Problems> {
        result.map_err(|error| not_resumed(&self.part, &error.to_string()).into())
    }

    /// The open file.
    pub fn root(&self) -> &File {
        &self.file
    }

    /// The path while the file grows.
    pub fn part(&self) -> &Path {
        &self.part
    }

    /// Brings everything written so far to the disk.
    pub fn flush(&self) -> Result<(), Problems> {
        self.check(self.file.flush())
    }

    /// Turns an HDF5 error into a problem that names this file.
    pub fn check<T>(&self, result: hdf5::Result<T>) -> Result<T, Problems> {
        result.map_err(|error| write_failed(&self.part, &error).into())
    }

    /// Brings the file to the disk itself, beyond the system's cache.
    pub fn sync(&self) -> Result<(), Problems> {
        sync(&self.part)
    }

    /// Closes the file; with `rename` it gets its final name. Returns the name it has then.
    pub fn finish(self, rename: bool) -> Result<String, Problems> {
        let PartFile { file, part, complete } = self;
        file.close().map_err(|error| write_failed(&part, &error))?;
        let kept = if rename { &complete } else { &part };
        if rename {
            rename_synced(&part, &complete)?;
        }
        Ok(file_name(kept))
    }
}

fn sync(path: &Path) -> Result<(), Problems> {
    fs::File::open(path).and_then(|file| file.sync_all()).map_err(|error| write_failed(path, &error).into())
}

/// Gives a file its final name, once it is on the disk; the name is too afterwards.
pub(crate) fn rename_synced(part: &Path, complete: &Path) -> Result<(), Problems> {
    sync(part)?;
    fs::rename(part, complete).map_err(|error| write_failed(part, &error))?;
    // Not every file system knows how to bring a folder to the disk.
    if let Some(folder) = complete.parent() {
        let _ = fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

/// `x/spikes.h5` -> `x/spikes.h5.part`
pub(crate) fn part_path(complete: &Path) -> PathBuf {
    let mut name = complete.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// The last part of a path as text.
pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The problem of a file that could not be created.
pub(crate) fn not_writable(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new("output-not-writable", format!("cannot create this file: {error}"))
        .at(Place::file(path.display().to_string()))
        .help("choose an output directory on a disk that you may write to and that has space left")
}

/// The problem of a file that another run has open, if an error of HDF5 says so.
pub(crate) fn in_use(path: &Path, why: &str) -> Option<Problem> {
    let problem = || Problem::new("output-in-use", "another run is writing this file");
    let help = "wait for its end, or name another output directory";
    why.contains("unable to lock file").then(|| problem().at(Place::file(path.display().to_string())).help(help))
}

/// Fails if another run is writing to a file.
pub(crate) fn check_unused(part: &Path) -> Result<(), Problems> {
    let opened = if part.exists() { File::open_rw(part).map(|_| ()) } else { Ok(()) };
    // What cannot be opened for another reason may be replaced.
    opened.err().and_then(|error| in_use(part, &error.to_string())).map_or(Ok(()), |problem| Err(problem.into()))
}

/// The problem of a file that a run cannot go on with.
pub(crate) fn not_resumed(path: &Path, why: &str) -> Problem {
    if let Some(problem) = in_use(path, why) {
        return problem;
    }
    let why = why.lines().next().unwrap_or_default();
    Problem::new("resume-file", format!("the run cannot go on with this file: {why}"))
        .at(Place::file(path.display().to_string()))
        .help("results and checkpoint belong together: bring back what is missing, or begin anew with --overwrite")
}

/// Cuts a dataset whose rows grow to so many.
///
/// # Errors
/// If it has fewer.
pub(crate) fn cut(data: &Dataset, rows: u64) -> hdf5::Result<()> {
    let mut shape = data.shape();
    let there = shape.first().copied().unwrap_or(0);
    if (there as u64) < rows {
        return Err(format!("the checkpoint counts {rows} rows in {}, but there are {there}", data.name()).into());
    }
    shape[0] = rows as usize;
    data.resize(shape)
}

/// The problem of a write that failed in the middle of a run.
pub(crate) fn write_failed(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new("output-write-failed", format!("cannot write to this file: {error}"))
        .at(Place::file(path.display().to_string()))
        .help("is the disk full or the quota used up? What was flushed before stays readable in the .part file")
}

fn mark_root(file: &File) -> hdf5::Result<()> {
    file.new_attr::<u32>().shape(()).create("magic")?.write_scalar(&MAGIC)?;
    file.new_attr::<u32>().shape(2).create("version")?.write_raw(&VERSION)
}

/// Writes a string attribute (variable length, UTF-8: h5py gives `str`, libsonata `std::string`).
pub(crate) fn text_attribute(place: &Location, name: &str, text: &str) -> hdf5::Result<()> {
    let text = VarLenUnicode::from_str(text).map_err(|error| hdf5::Error::from(error.to_string()))?;
    place.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_scalar(&text)
}

/// An empty column that can grow, in chunks of `chunk` values, uncompressed.
pub(crate) fn growing_column<T: H5Type>(group: &Group, name: &str, chunk: usize) -> hdf5::Result<Dataset> {
    group.new_dataset::<T>().chunk(chunk).shape(0..).create(name)
}

/// Appends values to a growing column and forgets them.
pub(crate) fn append_column<T: H5Type>(column: &Dataset, values: &mut Vec<T>) -> hdf5::Result<()> {
    let (start, end) = (column.size(), column.size() + values.len());
    if end > start {
        column.resize(end)?;
        column.write_slice(&values[..], start..end)?;
    }
    values.clear();
    Ok(())
}
