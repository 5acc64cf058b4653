//! Who is told what a download does.

use std::time::Duration;

/// Follows one download after another.
pub trait Progress: Send + Sync {
    /// A transfer begins or goes on: `done` of `total` bytes are here already.
    fn start(&self, url: &str, done: u64, total: Option<u64>) {
        let _ = (url, done, total);
    }

    /// Another `bytes` have arrived.
    fn advance(&self, bytes: u64) {
        let _ = bytes;
    }

    /// An attempt failed; the next one follows after `pause`.
    fn retry(&self, reason: &str, pause: Duration) {
        let _ = (reason, pause);
    }

    /// Another process is downloading the same file.
    fn wait(&self) {}

    /// The file is complete and checked.
    fn finish(&self) {}
}

/// Tells nobody.
impl Progress for () {}
