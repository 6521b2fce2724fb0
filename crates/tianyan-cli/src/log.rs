//! The log: lines for people on standard error, JSON lines in a file for each rank if `TIANYAN_LOG_FOLDER` names a folder.

use crate::say::tell;
use std::fs::File;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Mutex;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

/// Starts it. `TIANYAN_LOG` is what people see (warnings, if it says nothing); files have everything from `info` on.
pub fn start(rank: usize) {
    let wanted = EnvFilter::try_from_env("TIANYAN_LOG").unwrap_or_else(|_| "warn".into());
    // Of several ranks the first one speaks; the others only warn.
    let seen = if rank == 0 { wanted } else { EnvFilter::new("warn") };
    let colours = std::io::stderr().is_terminal();
    let people = fmt::layer().with_writer(std::io::stderr).with_ansi(colours).without_time().with_filter(seen);
    let file = std::env::var_os("TIANYAN_LOG_FOLDER").and_then(|folder| open(Path::new(&folder), rank));
    let lines = file.map(|file| fmt::layer().json().with_writer(Mutex::new(file)).with_filter(EnvFilter::new("info")));
    tracing_subscriber::registry().with(people).with(lines).init();
}

fn open(folder: &Path, rank: usize) -> Option<File> {
    let path = folder.join(format!("rank-{rank:04}.jsonl"));
    let opened = std::fs::create_dir_all(folder).and_then(|()| File::options().create(true).append(true).open(&path));
    match opened {
        Ok(file) => Some(file),
        Err(error) => {
            tell!(
                "warning[log-file]: no log is kept in {}: {error}\n  help: TIANYAN_LOG_FOLDER names a folder",
                path.display()
            );
            None
        }
    }
}
