//! Checkpoints: the state of a network at an epoch's border, from which any number of ranks and threads go on.
//!
//! ```text
//! <output>/checkpoints/<step>.h5
//!     @head           JSON: what the model was, how far it was, what of the results was on disk
//!     @complete       1, written last
//!     /cells/gid      gids in any order
//!     /cells/first    where each cell's numbers begin in values, and their end
//!     /cells/values   the numbers of [`tianyan_model::CellState`], checksummed (Fletcher-32)
//!     /spikes/{timestamps, gid}   spikes that are still on their way
//! ```
//!
//! A checkpoint is written beside its place, brought to the disk, and then renamed: a file without the ending `.part` is
//! whole. The two newest are kept.

use std::fs;
use std::path::{Path, PathBuf};

use hdf5::types::VarLenUnicode;
use hdf5::{Dataset, File, H5Type};
use serde::{Deserialize, Serialize};
use tianyan_model::{CellState, Gid, Place, Problem, Problems, Spike};

use crate::output::{
    Written, append_column, not_writable, part_path, remove, rename_synced, text_attribute, write_failed,
};

/// Of the layout of the file; another one is refused.
pub const FORMAT: u32 = 1;

/// Checkpoints that are kept.
const GENERATIONS: usize = 2;

/// Values in a chunk, 512 KiB.
const CHUNK: usize = 65536;

/// What a checkpoint says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointHead {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of Tianyan that wrote it.
    pub tianyan_version: String,
    /// What the model was: names of its parts, and a digest of each.
    pub model: Vec<(String, String)>,
    /// Steps done.
    pub step: u64,
    /// Model time, ms.
    pub time_ms: f64,
    /// The bits of [`tianyan_model::Snapshot::handed_out_ms`], which may be infinite.
    pub handed_out_bits: u64,
    /// Spikes of all cells so far.
    pub spikes: u64,
    /// What of the results is on disk: of the one writer, or of each rank.
    pub written: Vec<Written>,
}

/// A checkpoint that is being written.
#[derive(Debug)]
pub struct CheckpointWriter {
    file: File,
    part: PathBuf,
    complete: PathBuf,
    gids: Dataset,
    first: Dataset,
    values: Dataset,
    spikes: (Dataset, Dataset),
    end: u64,
}

impl CheckpointWriter {
    /// Creates the file in the folder of a run's results.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn create(output: &Path, head: &CheckpointHead) -> Result<CheckpointWriter, Problems> {
        let folder = folder(output);
        fs::create_dir_all(&folder).map_err(|error| not_writable(&folder, &error))?;
        let complete = folder.join(format!("{:012}.h5", head.step));
        let part = part_path(&complete);
        let made = || {
            let file = File::create(&part)?;
            let text = serde_json::to_string(head).map_err(|error| hdf5::Error::from(error.to_string()))?;
            text_attribute(&file, "head", &text)?;
            let cells = file.create_group("cells")?;
            let spikes = file.create_group("spikes")?;
            Ok(CheckpointWriter {
                gids: column::<u32>(&cells, "gid")?,
                first: column::<u64>(&cells, "first")?,
                values: column::<f64>(&cells, "values")?,
                spikes: (column::<f64>(&spikes, "timestamps")?, column::<u32>(&spikes, "gid")?),
                file,
                part: part.clone(),
                complete: complete.clone(),
                end: 0,
            })
        };
        made().map_err(|error: hdf5::Error| not_writable(&part, &error).into())
    }

    /// Writes the states of some cells.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub fn append(&mut self, cells: &[CellState]) -> Result<(), Problems> {
        let mut gids: Vec<u32> = cells.iter().map(|cell| cell.gid.0).collect();
        let mut first = Vec::with_capacity(cells.len());
        for cell in cells {
            first.push(self.end);
            self.end += cell.values.len() as u64;
        }
        let mut values: Vec<f64> = cells.iter().flat_map(|cell| &cell.values).copied().collect();
        let mut written = || {
            append_column(&self.gids, &mut gids)?;
            append_column(&self.first, &mut first)?;
            append_column(&self.values, &mut values)
        };
        written().map_err(|error| write_failed(&self.part, &error).into())
    }

    /// Writes the spikes, brings all to the disk, and gives the file its name; older generations go. Returns the file.
    ///
    /// # Errors
    /// If the disk does not take it; the checkpoints before stay.
    pub fn finish(self, spikes: &[Spike]) -> Result<PathBuf, Problems> {
        let CheckpointWriter { file, part, complete, gids, first, values, spikes: columns, end } = self;
        let finished = || {
            append_column(&first, &mut vec![end])?;
            append_column(&columns.0, &mut spikes.iter().map(|spike| spike.time_ms).collect())?;
            append_column(&columns.1, &mut spikes.iter().map(|spike| spike.gid.0).collect())?;
            file.new_attr::<u8>().shape(()).create("complete")?.write_scalar(&1)?;
            file.flush()
        };
        finished().map_err(|error: hdf5::Error| write_failed(&part, &error))?;
        drop((gids, first, values, columns));
        file.close().map_err(|error| write_failed(&part, &error))?;
        rename_synced(&part, &complete)?;
        remove_old(&complete);
        Ok(complete)
    }
}

/// The folder of the checkpoints of a run.
pub fn folder(output: &Path) -> PathBuf {
    output.join("checkpoints")
}

fn column<T: H5Type>(group: &hdf5::Group, name: &str) -> hdf5::Result<Dataset> {
    group.new_dataset::<T>().chunk(CHUNK).fletcher32().shape(0..).create(name)
}

/// Whole checkpoints in a folder, the newest first.
fn generations(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_number = |path: &PathBuf| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit())
    };
    let mut found: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "h5")).collect();
    found.retain(is_number);
    found.sort();
    found.reverse();
    found
}

/// What cannot be removed does no harm.
fn remove_old(newest: &Path) {
    let Some(folder) = newest.parent() else { return };
    for path in generations(folder).into_iter().skip(GENERATIONS) {
        let _ = fs::remove_file(path);
    }
}

/// Removes the checkpoints of an earlier run.
///
/// # Errors
/// If they are there and stay.
pub fn remove_all(output: &Path) -> Result<(), Problems> {
    let folder = folder(output);
    for path in generations(&folder) {
        remove(&part_path(&path))?;
        remove(&path)?;
    }
    // What else lies there is not ours.
    let _ = fs::remove_dir(&folder);
    Ok(())
}

/// A whole checkpoint.
#[derive(Debug)]
pub struct Checkpoint {
    /// What it says of itself.
    pub head: CheckpointHead,
    /// Where it is.
    pub path: PathBuf,
    file: File,
    gids: Vec<u32>,
    first: Vec<u64>,
}

impl Checkpoint {
    /// The newest checkpoint of a run that is whole, and what is wrong with newer ones; none if there is none at all.
    ///
    /// # Errors
    /// If there are some and none is whole.
    pub fn newest(output: &Path) -> Result<Option<(Checkpoint, Problems)>, Problems> {
        let mut broken = Problems::default();
        for path in generations(&folder(output)) {
            match Checkpoint::open(&path).and_then(|checkpoint| checkpoint.verify().map(|()| checkpoint)) {
                Ok(checkpoint) => return Ok(Some((checkpoint, broken))),
                Err(problems) => {
                    broken.0.extend(problems.0);
                    // Set aside, so that it takes the place of no whole one.
                    let _ = fs::rename(&path, path.with_extension("h5.broken"));
                }
            }
        }
        broken.or(None)
    }

    /// Opens one.
    ///
    /// # Errors
    /// If it is not whole, or of another format.
    pub fn open(path: &Path) -> Result<Checkpoint, Problems> {
        let read = || -> hdf5::Result<(File, String, Vec<u32>, Vec<u64>)> {
            let file = File::open(path)?;
            file.attr("complete")?.read_scalar::<u8>()?;
            let head = file.attr("head")?.read_scalar::<VarLenUnicode>()?.to_string();
            let cells = file.group("cells")?;
            let (gids, first) = (cells.dataset("gid")?.read_raw()?, cells.dataset("first")?.read_raw()?);
            Ok((file, head, gids, first))
        };
        let (file, text, gids, first) = read().map_err(|error| broken(path, &error.to_string()))?;
        let head: CheckpointHead = serde_json::from_str(&text).map_err(|error| broken(path, &error.to_string()))?;
        if head.format != FORMAT {
            let message = format!("this checkpoint has format {}, and this tianyan reads {FORMAT}", head.format);
            let help = format!("go on with tianyan {}, which wrote it", head.tianyan_version);
            return Err(Problem::new("checkpoint-format", message).at(place(path)).help(help).into());
        }
        let ascends = first.windows(2).all(|pair| pair[0] <= pair[1]);
        if first.len() != gids.len() + 1 || !ascends {
            return Err(broken(path, "its tables do not fit together").into());
        }
        Ok(Checkpoint { head, path: path.to_path_buf(), file, gids, first })
    }

    /// Reads everything once: HDF5 compares the checksums.
    fn verify(&self) -> Result<(), Problems> {
        let read = || -> hdf5::Result<bool> {
            let values = self.file.group("cells")?.dataset("values")?;
            let size = values.size();
            for start in (0..size).step_by(CHUNK * 16) {
                values.read_slice_1d::<f64, _>(start..(start + CHUNK * 16).min(size))?;
            }
            self.spike_columns()?;
            Ok(self.first.last().copied() == Some(size as u64))
        };
        match read() {
            Ok(true) => Ok(()),
            Ok(false) => Err(broken(&self.path, "its tables do not fit together").into()),
            Err(error) => Err(broken(&self.path, &error.to_string()).into()),
        }
    }

    /// The states of those of these cells (sorted) that it has.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn cells(&self, gids: &[Gid]) -> Result<Vec<CellState>, Problems> {
        let read = || -> hdf5::Result<Vec<CellState>> {
            let values = self.file.group("cells")?.dataset("values")?;
            let wanted = |i: &usize| gids.binary_search(&Gid(self.gids[*i])).is_ok();
            let wanted: Vec<usize> = (0..self.gids.len()).filter(wanted).collect();
            let mut cells = Vec::with_capacity(wanted.len());
            for neighbours in wanted.chunk_by(|a, b| a + 1 == *b) {
                let (start, end) = (self.first[neighbours[0]], self.first[neighbours[neighbours.len() - 1] + 1]);
                let block = values.read_slice_1d::<f64, _>(start as usize..end as usize)?.to_vec();
                for &i in neighbours {
                    let own = (self.first[i] - start) as usize..(self.first[i + 1] - start) as usize;
                    cells.push(CellState { gid: Gid(self.gids[i]), values: block[own].to_vec() });
                }
            }
            Ok(cells)
        };
        read().map_err(|error| broken(&self.path, &error.to_string()).into())
    }

    /// The spikes that are still on their way.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn spikes(&self) -> Result<Vec<Spike>, Problems> {
        self.spike_columns().map_err(|error| broken(&self.path, &error.to_string()).into())
    }

    fn spike_columns(&self) -> hdf5::Result<Vec<Spike>> {
        let group = self.file.group("spikes")?;
        let times: Vec<f64> = group.dataset("timestamps")?.read_raw()?;
        let gids: Vec<u32> = group.dataset("gid")?.read_raw()?;
        Ok(times.into_iter().zip(gids).map(|(time_ms, gid)| Spike { time_ms, gid: Gid(gid) }).collect())
    }

    /// Compares what the model was with what it is, which takes so many steps. The last part of `model` follows from the
    /// others and from files; it is only looked at where these are the same.
    ///
    /// # Errors
    /// All differences, and an end that lies before the checkpoint.
    pub fn check_model(&self, tianyan_version: &str, model: &[(String, String)], steps: u64) -> Result<(), Problems> {
        let mut problems = Problems::default();
        if self.head.step > steps {
            let time_ms = crate::config::rounded(self.head.time_ms);
            let message = format!("it was made at {time_ms} ms, after the end of this run");
            let problem = Problem::new("checkpoint-late", message).at(place(&self.path));
            problems.push(problem.help("ask for a longer duration, or begin anew with --overwrite"));
        }
        let differs = |what: String| {
            let problem = Problem::new("checkpoint-other-model", what).at(place(&self.path));
            problem.help("go on with the model as it was, or begin anew with --overwrite; --duration-ms may be longer")
        };
        if self.head.tianyan_version != tianyan_version {
            let written = &self.head.tianyan_version;
            problems.push(differs(format!("it was written by tianyan {written}, and this is {tianyan_version}")));
        }
        for (name, digest) in model {
            if !problems.0.is_empty() && model.last().is_some_and(|(last, _)| last == name) {
                break;
            }
            match self.head.model.iter().find(|(other, _)| other == name) {
                Some((_, before)) if before == digest => {}
                Some((_, before)) => problems.push(differs(format!("{name} was {before} then, and is {digest} now"))),
                None => problems.push(differs(format!("{name} was not there then, and is {digest} now"))),
            }
        }
        for (name, _) in self.head.model.iter().filter(|(name, _)| !model.iter().any(|(other, _)| other == name)) {
            problems.push(differs(format!("{name} was there then, and is not now")));
        }
        problems.or(())
    }
}

fn place(path: &Path) -> Place {
    Place::file(path.display().to_string())
}

fn broken(path: &Path, why: &str) -> Problem {
    let why = why.lines().next().unwrap_or_default();
    Problem::new("checkpoint-broken", format!("this checkpoint is not whole: {why}"))
        .at(place(path))
        .help("was it copied whole? Remove it to go on from an older one, or begin anew with --overwrite")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(step: u64) -> CheckpointHead {
        CheckpointHead {
            format: FORMAT,
            tianyan_version: "1".into(),
            model: vec![("dt_ms".into(), "0.025".into())],
            step,
            time_ms: step as f64 * 0.025,
            handed_out_bits: f64::INFINITY.to_bits(),
            spikes: 17,
            written: vec![Written::default()],
        }
    }

    fn cell(gid: u32, values: &[f64]) -> CellState {
        CellState { gid: Gid(gid), values: values.to_vec() }
    }

    fn write(output: &Path, step: u64) -> PathBuf {
        let mut writer = CheckpointWriter::create(output, &head(step)).unwrap();
        writer.append(&[cell(2, &[1.0, -0.0]), cell(9, &[])]).unwrap();
        writer.append(&[cell(3, &[f64::INFINITY]), cell(1, &vec![0.5; 200_000])]).unwrap();
        writer.finish(&[Spike { time_ms: 1.5, gid: Gid(3) }]).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Checkpoint::newest(folder.path()).unwrap().is_none());
        for step in [40, 80, 120] {
            write(folder.path(), step);
        }
        assert_eq!(generations(&super::folder(folder.path())).len(), GENERATIONS);
        let (checkpoint, broken) = Checkpoint::newest(folder.path()).unwrap().unwrap();
        assert!(broken.0.is_empty());
        assert_eq!(checkpoint.head, head(120));
        let cells = checkpoint.cells(&[Gid(1), Gid(2), Gid(3), Gid(4)]).unwrap();
        assert_eq!(cells.iter().map(|cell| cell.gid.0).collect::<Vec<_>>(), [2, 3, 1]);
        assert_eq!(cells[0].values[1].to_bits(), (-0.0_f64).to_bits());
        assert_eq!((cells[1].values[0], cells[2].values.len()), (f64::INFINITY, 200_000));
        assert_eq!(checkpoint.spikes().unwrap(), [Spike { time_ms: 1.5, gid: Gid(3) }]);
    }

    #[test]
    fn a_broken_one_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), 40);
        let newest = write(folder.path(), 80);
        let whole = fs::read(&newest).unwrap();
        // Cut, and with a byte of the values changed.
        let mut changed = whole.clone();
        let at = whole.len() / 2;
        changed[at] ^= 0x10;
        for bytes in [&whole[..whole.len() / 2], &changed] {
            fs::write(&newest, bytes).unwrap();
            let (checkpoint, broken) = Checkpoint::newest(folder.path()).unwrap().unwrap();
            assert_eq!((checkpoint.head.step, broken.0.len()), (40, 1));
            assert_eq!(broken.0[0].code, "checkpoint-broken");
        }
        fs::remove_file(super::folder(folder.path()).join("000000000040.h5")).unwrap();
        fs::write(&newest, &changed).unwrap();
        assert!(Checkpoint::newest(folder.path()).is_err());
    }

    #[test]
    fn another_model_is_refused_with_its_differences() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = Checkpoint::open(&write(folder.path(), 40)).unwrap();
        let same = ("dt_ms".to_string(), "0.025".to_string());
        checkpoint.check_model("1", std::slice::from_ref(&same), 40).unwrap();
        let other = [("dt_ms".to_string(), "0.05".to_string()), ("config".to_string(), "ab".to_string())];
        let problems = checkpoint.check_model("2", &other, 39).unwrap_err();
        let messages: Vec<&str> = problems.0.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "it was made at 1 ms, after the end of this run",
                "it was written by tianyan 1, and this is 2",
                "dt_ms was 0.025 then, and is 0.05 now"
            ]
        );
    }
}
