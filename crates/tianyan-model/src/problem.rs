//! Errors as data: what is wrong, where, and how to mend it. Collected, then rendered in one place.

use std::fmt;

/// Where a problem lies, as far as it is known: a file with line and column (both counted from 1), and
/// the key, dataset or gid inside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it.
    pub file: Option<String>,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column in characters, counted from 1.
    pub column: Option<u32>,
    /// What inside the file: `cells.pyramid.paint[2].mechanism`, `/edges/v1/delay`, `gid 17`.
    pub key: Option<String>,
    /// The text of the line, shown under the message.
    pub source_line: Option<String>,
}

impl Place {
    /// A place that is only a file.
    pub fn file(file: impl Into<String>) -> Place {
        Place { file: Some(file.into()), ..Place::default() }
    }

    /// The same place, narrowed to a line and column (counted from 1).
    pub fn at(mut self, line: u32, column: u32) -> Place {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// The same place, narrowed to a key or item.
    pub fn key(mut self, key: impl Into<String>) -> Place {
        self.key = Some(key.into());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        match (&self.key, &self.file) {
            (Some(key), Some(_)) => write!(f, ": {key}"),
            (Some(key), None) => f.write_str(key),
            (None, _) => Ok(()),
        }
    }
}

/// One thing that is wrong with the user's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable code (`swc-cycle`, `config-unknown-key`) that documentation and scripts can name.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// Where.
    pub place: Place,
    /// How to mend it.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without a place or help; add them with [`Problem::at`] and [`Problem::help`].
    pub fn new(code: &'static str, message: impl Into<String>) -> Problem {
        Problem { code, message: message.into(), place: Place::default(), help: None }
    }

    /// The same problem, at a place.
    pub fn at(mut self, place: Place) -> Problem {
        self.place = place;
        self
    }

    /// The same problem, with a cure.
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }
}

impl Problem {
    /// The text of a problem that keeps nothing from going on.
    pub fn as_warning(&self) -> impl fmt::Display {
        struct Warning<'a>(&'a Problem);
        impl fmt::Display for Warning<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.render("warning", f)
            }
        }
        Warning(self)
    }

    fn render(&self, severity: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{severity}[{}]: {}", self.code, self.message)?;
        if self.place != Place::default() {
            write!(f, "\n  --> {}", self.place)?;
        }
        if let Some(line) = &self.place.source_line {
            write!(f, "\n   | {}", line.trim_end())?;
            if let Some(column) = self.place.column {
                write!(f, "\n   | {:>width$}", "^", width = column as usize)?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.render("error", f)
    }
}

impl std::error::Error for Problem {}

/// All that was found wrong, at once. Never empty when returned as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `Ok(value)` if nothing was found, else the problems.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Takes the value out of a result, or the problems into this collection.
    pub fn take<T>(&mut self, result: Result<T, impl Into<Problems>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(more) => {
                self.0.extend(more.into().0);
                None
            }
        }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
