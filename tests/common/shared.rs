//! The weights and pictures that are lent for tests and lie beside the workspace. Every crate's tests include this file.

use std::io::Write;
use std::path::{Path, PathBuf};

/// `shared/NAME` beside the workspace, or beside the folder of its worktrees. Where it is absent this says that a test is
/// skipped, and fails if `OCELLI_REQUIRE_SHARED` is set.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().skip(1).take(3);
    let found = above.map(|folder| folder.join("shared").join(name)).find(|path| path.exists());
    if found.is_none() {
        // Past the test harness, which keeps what `eprintln!` says of a passing test to itself.
        let _ = writeln!(std::io::stderr(), "skipped: ../shared/{name} is not there");
        assert!(std::env::var_os("OCELLI_REQUIRE_SHARED").is_none(), "{name} is required");
    }
    found
}
