//! The weights and pictures that are lent for tests and lie beside the workspace. Every crate's tests include this file.

use std::path::{Path, PathBuf};

/// `../shared/NAME` of the workspace. Where it is absent this says that a test is skipped, and fails if
/// `OCELLI_REQUIRE_SHARED` is set.
pub(crate) fn shared(name: &str) -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../shared", "../../shared"].map(|place| package.join(place).join(name));
    let found = places.into_iter().find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: ../shared/{name} is not there");
        assert!(std::env::var_os("OCELLI_REQUIRE_SHARED").is_none(), "{name} is required");
    }
    found
}
