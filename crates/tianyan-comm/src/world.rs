//! All processes of a run, from the start of `main` to its end.

use crate::launch::{Launch, LaunchError, Launcher};
use crate::{Communicator, Solo, watch};

/// The processes of this run. `main` keeps it until everything is done: dropping it waits for the other ranks. Whoever
/// cannot go on calls [`abort_all`] instead: a rank that just returned would leave the others waiting for ever.
pub struct World {
    #[cfg(feature = "mpi")]
    universe: Option<mpi::environment::Universe>,
}

impl World {
    /// Starts MPI if several processes were started together, or if `asked`; alone otherwise, so that a process that
    /// srun started by itself needs no MPI.
    ///
    /// # Errors
    /// If these processes cannot become one run.
    pub fn start(asked: bool) -> Result<World, LaunchError> {
        let Launch { processes, launcher } = Launch::detect();
        if processes > 1 && launcher == Launcher::SlurmPlain {
            return Err(LaunchError::PlainSrun { processes });
        }
        if processes == 1 && !asked { Ok(World::alone()) } else { World::joined(processes) }
    }

    #[cfg(not(feature = "mpi"))]
    fn alone() -> World {
        World {}
    }

    #[cfg(not(feature = "mpi"))]
    fn joined(processes: usize) -> Result<World, LaunchError> {
        Err(LaunchError::NoMpi { processes })
    }

    /// The communicator of this process.
    #[cfg(not(feature = "mpi"))]
    pub fn communicator(&self) -> Box<dyn Communicator> {
        Box::new(Solo)
    }
}

#[cfg(feature = "mpi")]
impl World {
    fn alone() -> World {
        World { universe: None }
    }

    fn joined(processes: usize) -> Result<World, LaunchError> {
        use mpi::traits::Communicator as _;
        let started = mpi::initialize_with_threading(mpi::Threading::Serialized);
        let (universe, _) = started.ok_or(LaunchError::NotStarted)?;
        let seen = universe.world().size() as usize;
        if seen != processes {
            return Err(LaunchError::OtherMpi { processes, seen, library: mpi_library().unwrap_or_default() });
        }
        Ok(World { universe: Some(universe) })
    }

    /// The communicator of this process.
    pub fn communicator(&self) -> Box<dyn Communicator> {
        match &self.universe {
            Some(universe) => Box::new(crate::Mpi::new(universe.world())),
            None => Box::new(Solo),
        }
    }
}

/// The MPI this program was built with; none if it was built without.
pub fn mpi_library() -> Option<String> {
    #[cfg(feature = "mpi")]
    {
        let library = mpi::environment::library_version().unwrap_or_default();
        Some(library.split([',', '\n']).next().unwrap_or_default().trim().to_string())
    }
    #[cfg(not(feature = "mpi"))]
    None
}

/// What MPI gets to end the others; on a dead link it would wait for ever.
const TO_END: std::time::Duration = std::time::Duration::from_secs(3);

/// Ends all processes of the run at once, from any thread, with this exit code.
pub fn abort_all(code: i32) -> ! {
    std::thread::spawn(|| {
        std::thread::sleep(TO_END);
        std::process::abort();
    });
    // The rank that watches this one need not tell that it is gone, and passes the word on.
    watch::say_ending();
    #[cfg(feature = "mpi")]
    if mpi::environment::is_initialized() && !mpi::environment::is_finalized() {
        use mpi::traits::Communicator as _;
        mpi::topology::SimpleCommunicator::world().abort(code);
    }
    std::process::exit(code)
}
