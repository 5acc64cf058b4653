//! Errors on the way from a name or an address to a file.

use std::path::PathBuf;
use std::time::Duration;

/// A remote checkpoint could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetrievalError {
    /// A name that is no file, no address and no known model.
    #[error(
        "`{name}` is no file and no known model{}; `ocelli models` lists the names, a file needs its path",
        did_you_mean(suggestions)
    )]
    UnknownName {
        /// What was given.
        name: String,
        /// Known names close to it.
        suggestions: Vec<&'static str>,
    },

    /// An address that cannot be understood.
    #[error("`{url}`: {reason}")]
    BadAddress {
        /// The address.
        url: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },

    /// A plain `http` address that was not expressly allowed.
    #[error(
        "`{url}` is not encrypted: use https, or allow plain http (`--allow-http`) if you trust the network"
    )]
    NotEncrypted {
        /// The address.
        url: String,
    },

    /// The model is remote and this build has no downloader.
    #[error(
        "{url} is not in the cache and this build cannot download: build with the feature `hub`, or fetch the file and pass its path"
    )]
    NoDownloader {
        /// Where the file would come from.
        url: String,
    },

    /// The model is not in the cache and the network is off.
    #[error("{url} is not in the cache ({}) and OFFLINE_MODE is on: load it once with OFFLINE_MODE=false, or pass a file's path", cached.display())]
    Offline {
        /// Where the file would come from.
        url: String,
        /// Where it would lie.
        cached: PathBuf,
    },

    /// The server could not be reached.
    #[error(
        "cannot reach {host}: {reason}. Without a network only cached models and local files can be loaded; behind a proxy set HTTPS_PROXY"
    )]
    NoConnection {
        /// The server.
        host: String,
        /// What the network said.
        reason: String,
    },

    /// The server wants credentials.
    #[error(
        "{url}: the server refuses access without credentials (401); for the Hugging Face hub set HF_TOKEN, else download the file yourself and pass its path"
    )]
    Unauthorized {
        /// The address.
        url: String,
    },

    /// The server refuses access.
    #[error(
        "{url}: the server forbids access (403): the file may be private or gated; check the address and, for the Hugging Face hub, HF_TOKEN, or download it yourself and pass its path"
    )]
    Forbidden {
        /// The address.
        url: String,
    },

    /// There is no such file on the server.
    #[error("{url}: there is no such file (404); check the address")]
    NotFound {
        /// The address.
        url: String,
    },

    /// The server answered with another refusal.
    #[error("{url}: the server answered {status}; check the address")]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },

    /// The server kept failing.
    #[error(
        "{url}: gave up after {attempts} attempts, the last one failed with: {reason}. What has arrived is kept: try again later to go on"
    )]
    Exhausted {
        /// The address.
        url: String,
        /// Attempts made without any progress.
        attempts: u32,
        /// Why the last one failed.
        reason: String,
    },

    /// The file is larger than allowed.
    #[error("{url}: {found} bytes, the limit is {limit}; raise the limit if you trust the source")]
    TooLarge {
        /// The address.
        url: String,
        /// Its size as far as it is known.
        found: u64,
        /// Bytes allowed.
        limit: u64,
    },

    /// The file that arrived is not the file that was published.
    #[error(
        "{url}: md5 is {found}, published is {expected}: the file was damaged or replaced on its way and has been deleted; try again, and do not use it if this repeats"
    )]
    HashMismatch {
        /// The address.
        url: String,
        /// The md5 of what arrived.
        found: String,
        /// The md5 that was published.
        expected: String,
    },

    /// A known model for which no checksum was published.
    #[error(
        "{name} has no published checksum: allow it (`--allow-unverified`) if you trust {url}, or download it yourself and pass its path"
    )]
    Untrusted {
        /// The model's name.
        name: String,
        /// Where it would come from.
        url: String,
    },

    /// Another process has been downloading the same file for too long.
    #[error("{}: another process has held this lock for {}s; wait for it, or end it", lock.display(), waited.as_secs())]
    Locked {
        /// The lock file.
        lock: PathBuf,
        /// How long this process waited.
        waited: Duration,
    },
}

fn did_you_mean(suggestions: &[&str]) -> String {
    match suggestions {
        [] => String::new(),
        names => format!(" (did you mean {}?)", names.join(" or ")),
    }
}
