//! Standard output.

use std::io::Write;

/// Prints a line; whoever closed the other end of the pipe has seen enough.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
