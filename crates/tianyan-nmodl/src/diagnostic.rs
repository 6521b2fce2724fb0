//! What the compiler has to say, with its place in the text.

use std::fmt;

use crate::span::Span;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Compilation goes on.
    Warning,
    /// There is no result.
    Error,
}

/// One message about an NMODL file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Warning or error.
    pub severity: Severity,
    /// A stable code such as `nmodl-undefined-name`.
    pub code: &'static str,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The file as the caller named it.
    pub file: String,
    /// Line, counted from 1; 0 if the whole file is meant.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// The text of that line.
    pub source_line: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// The error of a file that could not be read.
    pub fn unreadable(file: impl Into<String>, error: &std::io::Error) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code: "nmodl-file",
            message: format!("cannot read the file: {error}"),
            file: file.into(),
            line: 0,
            column: 0,
            source_line: String::new(),
            help: None,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{word}[{}]: {}", self.code, self.message)?;
        match self.line {
            0 => write!(f, "\n  --> {}", self.file)?,
            line => {
                write!(f, "\n  --> {}:{line}:{}", self.file, self.column)?;
                write!(f, "\n   | {}", self.source_line)?;
                write!(f, "\n   | {:>width$}", "^", width = self.column as usize)?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// Collects what the passes over one file have to say.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    /// Everything said so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    /// Nothing said yet.
    pub(crate) fn new(file: &'a str, text: &'a str) -> Report<'a> {
        Report { file, text, diagnostics: Vec::new() }
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.add(Severity::Error, code, span, message.into(), None);
    }

    /// Adds an error with a cure.
    pub(crate) fn error_help(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Severity::Error, code, span, message.into(), Some(help.into()));
    }

    /// Adds a warning.
    pub(crate) fn warning(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let help = Some(help.into()).filter(|text| !text.is_empty());
        self.add(Severity::Warning, code, span, message.into(), help);
    }

    /// The name of a mechanism whose file gives it none.
    pub(crate) fn file_stem(&self) -> String {
        crate::source::stem(self.file)
    }

    /// True once an error was added.
    pub(crate) fn failed(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    fn add(&mut self, severity: Severity, code: &'static str, span: Span, message: String, help: Option<String>) {
        let (included, line, column, source_line) = locate(self.text, span.start as usize);
        let file = included.unwrap_or_else(|| self.file.to_string());
        let diagnostic = Diagnostic { severity, code, message, file, line, column, source_line, help };
        if self.diagnostics.len() < MOST && !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }
}

/// No more messages than this for one file: what follows is noise.
const MOST: usize = 100;

/// Included file, line, column (from 1) and text of the line that holds byte `at`.
fn locate(text: &str, at: usize) -> (Option<String>, u32, u32, String) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (file, line) = crate::source::place(text, at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let column = text[start..at].chars().count() + 1;
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    let source_line = text[start..end].trim_end().replace('\t', " ");
    (file.map(String::from), line, column as u32, source_line)
}
