//! The errors a user sees, and the exit codes they mean.

use std::fmt;
use tianyan_engine::EngineError;
use tianyan_model::Problems;
use tianyan_nmodl::Diagnostic;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Error {
    /// The input is wrong; every problem that was found.
    Input(Problems),
    /// Mechanisms do not compile; every diagnostic of every file.
    Mechanisms(Vec<Diagnostic>),
    /// The run failed while time advanced.
    Run(EngineError),
    /// Results could not be written.
    Output(Problems),
    /// Some rank cannot go on, and so none does. Rank 0 tells why; elsewhere the text is empty.
    Ranks { told: String, code: u8 },
}

impl Error {
    /// The exit code of the program: 2 for bad input, 1 for a failed run.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Input(_) | Error::Mechanisms(_) => 2,
            Error::Run(_) | Error::Output(_) => 1,
            Error::Ranks { code, .. } => *code,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Input(problems) | Error::Output(problems) => problems.fmt(f),
            Error::Run(error) => error.fmt(f),
            Error::Ranks { told, .. } => f.write_str(told),
            Error::Mechanisms(diagnostics) => {
                for (i, diagnostic) in diagnostics.iter().enumerate() {
                    let gap = if i > 0 { "\n\n" } else { "" };
                    write!(f, "{gap}{diagnostic}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Error {
        Error::Input(problems)
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Error {
        Error::Run(error)
    }
}
