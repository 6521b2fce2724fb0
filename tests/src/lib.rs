//! What the checks share: where things are, and models small enough for seconds.
#![forbid(unsafe_code)]

pub mod cubin;
pub mod made;
pub mod model;
pub mod ranks;
pub mod reference;

use std::path::PathBuf;

/// The top folder of the checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Data beside the checkout, if this machine has them; says what is skipped without them.
pub fn test_data(what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TIANYAN_TEST_DATA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: {what} (TIANYAN_TEST_DATA names no folder)");
    }
    folder
}

/// The `tianyan` program of this build.
pub fn program() -> PathBuf {
    // Test programs lie in target/<profile>/deps.
    let test = std::env::current_exe().unwrap_or_default();
    test.ancestors().nth(2).map(|profile| profile.join("tianyan")).unwrap_or_default()
}
