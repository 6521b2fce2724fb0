//! The files of a run: those of one writer, or of each rank its own.

use crate::ranks::agree;
use crate::{Error, Session, StartOptions};
use std::path::Path;
use tianyan_comm::Communicator;
use tianyan_io::checkpoint::{Checkpoint, CheckpointHead};
use tianyan_io::output::{Output, OutputSettings, already_complete, check, check_folder, has_results, is_complete};
use tianyan_io::parts;
use tianyan_layout::gids_of;
use tianyan_model::{Gid, Probe, Problem, Problems};

/// Who writes the results of several ranks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Writers {
    /// Rank 0, which gets them from the others.
    #[default]
    One,
    /// Each its own, for `tianyan merge` to bring together.
    PerRank,
}

/// Where results go, and from where a run goes on.
pub(crate) struct Files<'a> {
    pub directory: &'a Path,
    pub options: &'a StartOptions,
    pub checkpoint: Option<&'a Checkpoint>,
}

impl Files<'_> {
    /// Whether results of an earlier run go. One that was killed before its first checkpoint begins anew; complete results
    /// stay.
    fn overwrites(&self) -> bool {
        self.options.overwrite || (self.options.resume && !has_results(self.directory))
    }
}

impl Session {
    /// Whether the files of a new run can be made, before anything is done for it.
    pub(crate) fn check_output(&self, files: &Files, writes_part: bool) -> Result<(), Error> {
        let overwrite = self.source.output_settings(files.directory)?.overwrite || files.overwrites();
        let recipe = self.recipe();
        let probes = if writes_part { Vec::new() } else { self.all_probes()? };
        check(recipe.populations(), recipe.reports(), &probes, recipe.run(), writes_part)?;
        Ok(check_folder(files.directory, overwrite)?)
    }

    /// The files of one rank of several, in a folder of its own; all ranks call together.
    pub(crate) fn open_part(
        &self,
        files: &Files,
        rank_of: &[u32],
        comm: &mut dyn Communicator,
    ) -> Result<Option<Output>, Error> {
        let (rank, ranks) = (comm.rank(), comm.size());
        let recipe = self.recipe();
        let gids = gids_of(rank_of, rank);
        let mut probes = Vec::new();
        let own = recipe.probes_on(&gids, &mut probes).map_err(Error::from);
        let sources = self.source_populations();
        let of_config = self.source.output_settings(files.directory).map_err(Error::from);
        let prepared = own.and_then(|()| Ok((sources?, of_config?.overwrite)));
        let (source_populations, overwrite) = agree(comm, prepared)?;
        let settings = OutputSettings {
            overwrite: overwrite || files.overwrites(),
            double: true,
            is_part: true,
            source_populations,
            ..OutputSettings::default()
        };
        let cleared = match files.checkpoint {
            None if rank == 0 => Output::clear(files.directory, &settings, recipe.reports()),
            Some(_) if is_complete(files.directory) => Err(already_complete(files.directory)),
            _ => Ok(()),
        };
        agree(comm, cleared.map_err(Error::from))?;
        let folder = parts::folder(files.directory, rank);
        let (populations, reports) = (recipe.populations(), recipe.reports());
        let Some(checkpoint) = files.checkpoint else {
            let output = Output::create(&folder, &settings, populations, reports, &probes, recipe.run())?;
            return Ok(Some(output));
        };
        let CheckpointHead { written, time_ms, .. } = &checkpoint.head;
        if written.len() != ranks {
            let (message, help) = match written.len() {
                1 => ("one rank wrote the results of all".to_string(), "go on without --writers per-rank".to_string()),
                before => (
                    format!("{before} ranks wrote results of their own, and there are {ranks} now"),
                    format!("go on with {before} ranks, or run it again with one writer"),
                ),
            };
            let problem = Problem::new("resume-ranks", message).help(help);
            return Err(Problems::from(problem).into());
        }
        let output = Output::resume(&folder, &settings, populations, reports, &probes, &written[rank], *time_ms)?;
        Ok(Some(output))
    }

    /// The rank of each column of each report, on rank 0; nothing elsewhere.
    pub(crate) fn ranks_of_columns(&self, rank_of: &[u32], rank: usize) -> Result<Vec<Vec<u32>>, Error> {
        let mut columns = vec![Vec::new(); self.recipe().reports().len()];
        if rank == 0 {
            let probes = self.all_probes()?;
            probes.iter().for_each(|probe| columns[probe.report].push(rank_of[probe.gid.0 as usize]));
        }
        Ok(columns)
    }

    /// What goes into the columns of the reports of all cells.
    pub(crate) fn all_probes(&self) -> Result<Vec<Probe>, Error> {
        let gids: Vec<Gid> = (0..self.cells() as u32).map(Gid).collect();
        let mut probes = Vec::new();
        self.recipe().probes_on(&gids, &mut probes)?;
        Ok(probes)
    }

    /// Populations that only emit known spikes.
    fn source_populations(&self) -> Result<Vec<String>, Error> {
        let recipe = self.recipe();
        let gids: Vec<Gid> = (0..self.cells() as u32).map(Gid).collect();
        let mut trains = Vec::new();
        recipe.source_spikes_on(&gids, &mut trains)?;
        let sources = recipe.populations().iter();
        let sources = sources.filter(|p| trains.iter().any(|(gid, _)| p.node_id(*gid).is_some()));
        Ok(sources.map(|p| p.name.clone()).collect())
    }

    /// The files of one writer, new or those of the checkpoint, and what goes into their columns.
    pub(crate) fn open_output(&self, files: &Files) -> Result<Output, Error> {
        let Files { directory, options, checkpoint } = *files;
        let probes = self.all_probes()?;
        let mut settings = self.output_settings(directory)?;
        settings.overwrite |= files.overwrites();
        settings.double |= options.double;
        let recipe = self.recipe();
        let (populations, reports) = (recipe.populations(), recipe.reports());
        if let Some(checkpoint) = checkpoint {
            let CheckpointHead { written, time_ms, .. } = &checkpoint.head;
            let [written] = &written[..] else {
                let message = format!("{} ranks wrote results of their own, and one is to write now", written.len());
                let problem =
                    Problem::new("resume-ranks", message).help("go on with --writers per-rank, and as many ranks");
                return Err(Problems::from(problem).into());
            };
            let output = Output::resume(directory, &settings, populations, reports, &probes, written, *time_ms)?;
            return Ok(output);
        }
        let output = Output::create(directory, &settings, populations, reports, &probes, recipe.run())?;
        self.source.write_placed(directory).map_err(Error::Output)?;
        Ok(output)
    }

    /// How results are written, in the folder.
    pub(crate) fn output_settings(&self, directory: &Path) -> Result<OutputSettings, Error> {
        let settings = self.source.output_settings(directory)?;
        Ok(OutputSettings { source_populations: self.source_populations()?, ..settings })
    }
}
