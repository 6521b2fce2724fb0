//! How this process was started, as far as the environment tells: alone, or as one of several by mpiexec or srun.

use std::fmt;

/// What the environment says of the launcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// Number of processes that were started together.
    pub processes: usize,
    /// Who started them.
    pub launcher: Launcher,
}

/// Programs that start several processes, and the interface they offer to MPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Launcher {
    /// Nobody: a process by itself.
    Nobody,
    /// mpiexec or mpirun of Open MPI.
    OpenMpi,
    /// mpiexec of MPICH and its relatives, or srun --mpi=pmi2.
    Pmi,
    /// srun --mpi=pmix.
    SlurmPmix,
    /// srun without an interface to MPI.
    SlurmPlain,
}

/// Why several processes cannot become the ranks of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LaunchError {
    /// The program was built without MPI.
    NoMpi { processes: usize },
    /// srun gives no interface through which MPI could start.
    PlainSrun { processes: usize },
    /// MPI sees another number of processes than were started: it is not the MPI of the launcher.
    OtherMpi { processes: usize, seen: usize, library: String },
    /// MPI could not be started.
    NotStarted,
}

impl Launch {
    /// What the environment of this process says.
    pub fn detect() -> Launch {
        Launch::from_variables(|name| std::env::var(name).ok())
    }

    /// The same of any environment. Open MPI's own variables count first: its mpiexec may itself run under srun.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Launch {
        let number = |name: &str| variable(name).and_then(|text| text.trim().parse::<usize>().ok()).filter(|n| *n > 0);
        let by = |processes: usize, launcher: Launcher| Launch { processes, launcher };
        if let Some(processes) = number("OMPI_COMM_WORLD_SIZE") {
            return by(processes, Launcher::OpenMpi);
        }
        // Only srun sets it: a batch script is no step.
        let is_step = variable("SLURM_STEP_ID").is_some() && variable("SLURM_PROCID").is_some();
        let tasks = number("SLURM_STEP_NUM_TASKS").filter(|_| is_step);
        match (tasks, number("PMI_SIZE")) {
            (Some(tasks), _) if variable("PMIX_RANK").is_some() => by(tasks, Launcher::SlurmPmix),
            (_, Some(processes)) => by(processes, Launcher::Pmi),
            (Some(tasks), None) => by(tasks, Launcher::SlurmPlain),
            (None, None) => by(1, Launcher::Nobody),
        }
    }
}

/// Number of processes of the run on this machine, as far as the environment tells; 1 if it does not.
pub fn local_processes() -> usize {
    const NAMES: [&str; 3] = ["OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"];
    NAMES.iter().find_map(|name| number(name)).filter(|n| *n > 0).unwrap_or(1)
}

/// The number of this process among those of the run on its machine, as far as the environment tells; 0 if it does not.
pub fn local_rank() -> usize {
    const NAMES: [&str; 3] = ["OMPI_COMM_WORLD_LOCAL_RANK", "MPI_LOCALRANKID", "SLURM_LOCALID"];
    NAMES.iter().find_map(|name| number(name)).unwrap_or(0)
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.trim().parse().ok()
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LaunchError::NoMpi { processes } => write!(
                f,
                "error[launch-no-mpi]: {processes} processes were started together, but this tianyan was built without \
                 MPI: each would run the whole model\n  help: build it with `cargo build --features mpi` against the MPI \
                 of this machine, or start it alone"
            ),
            LaunchError::PlainSrun { processes } => write!(
                f,
                "error[launch-no-interface]: srun started {processes} processes without an interface for MPI: they could \
                 not find each other\n  help: srun --mpi=pmix (`srun --mpi=list` shows what there is)"
            ),
            LaunchError::OtherMpi { processes, seen, library } => write!(
                f,
                "error[launch-other-mpi]: {processes} processes were started together, but MPI sees {seen}: the launcher \
                 is not of this program's MPI, {library}\n  help: use the mpiexec or srun of the MPI that tianyan was \
                 built with"
            ),
            LaunchError::NotStarted => write!(f, "error[launch-mpi]: MPI could not be started, or was started before"),
        }
    }
}

impl std::error::Error for LaunchError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(variables: &[(&str, &str)]) -> (usize, Launcher) {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.to_string());
        let launch = Launch::from_variables(find);
        (launch.processes, launch.launcher)
    }

    #[test]
    fn launchers_are_told_apart() {
        assert_eq!(launch(&[]), (1, Launcher::Nobody));
        assert_eq!(launch(&[("OMPI_COMM_WORLD_SIZE", "4")]), (4, Launcher::OpenMpi));
        assert_eq!(launch(&[("PMI_SIZE", "2"), ("PMI_RANK", "0")]), (2, Launcher::Pmi));
        let srun = [("SLURM_STEP_ID", "0"), ("SLURM_PROCID", "1"), ("SLURM_STEP_NUM_TASKS", "3")];
        assert_eq!(launch(&srun), (3, Launcher::SlurmPlain));
        assert_eq!(launch(&[&srun[..], &[("PMIX_RANK", "1")]].concat()), (3, Launcher::SlurmPmix));
        // mpiexec in a batch job, and a batch script that starts nothing in parallel.
        assert_eq!(launch(&[&srun[..], &[("OMPI_COMM_WORLD_SIZE", "8")]].concat()), (8, Launcher::OpenMpi));
        assert_eq!(launch(&[("SLURM_NTASKS", "8"), ("SLURM_PROCID", "0")]), (1, Launcher::Nobody));
    }
}
