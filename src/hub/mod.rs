//! Downloads into the cache: resumed, checked, and safe against a second process.

mod digest;
mod lock;
mod progress;
mod request;
mod token;
mod transfer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use progress::Progress;

use crate::cache::{Cache, Record, beside};
use crate::{Address, EnvironmentError, Error, RetrievalError, variables};
use request::{Client, Failure};

/// Attempts on one file in all, however much each of them brings.
const MAX_ATTEMPTS: u32 = 60;

/// Fetches files into a [`Cache`].
#[derive(Clone)]
pub struct Downloader {
    cache: Cache,
    progress: Arc<dyn Progress>,
    allow_http: bool,
    offline: bool,
    max_bytes: u64,
    attempts: u32,
    pause: Duration,
    patience: Duration,
    lock_timeout: Duration,
}

impl Downloader {
    /// A downloader into `cache`: encrypted connections only, files up to 16 GiB, three attempts without progress,
    /// a minute's patience with a silent server. `OFFLINE_MODE=true` turns the network off.
    ///
    /// # Errors
    /// `OFFLINE_MODE` is neither `true` nor `false`.
    pub fn new(cache: Cache) -> Result<Downloader, EnvironmentError> {
        Ok(Downloader {
            cache,
            progress: Arc::new(()),
            allow_http: false,
            offline: variables::offline()?,
            max_bytes: 16 << 30,
            attempts: 3,
            pause: Duration::from_secs(1),
            patience: Duration::from_mins(1),
            lock_timeout: Duration::from_mins(10),
        })
    }

    /// Tells `progress` what happens.
    #[must_use]
    pub fn progress(self, progress: Arc<dyn Progress>) -> Downloader {
        Downloader { progress, ..self }
    }

    /// Permits addresses that are not encrypted.
    #[must_use]
    pub fn allow_http(self, allow_http: bool) -> Downloader {
        Downloader { allow_http, ..self }
    }

    /// Turns the network off, or on in spite of `OFFLINE_MODE`.
    #[must_use]
    pub fn offline(self, offline: bool) -> Downloader {
        Downloader { offline, ..self }
    }

    /// Refuses files of more bytes.
    #[must_use]
    pub fn max_bytes(self, max_bytes: u64) -> Downloader {
        Downloader { max_bytes, ..self }
    }

    /// Attempts without progress before giving up (at least one), and the pause after the first of them, which doubles
    /// each time.
    #[must_use]
    pub fn attempts(self, attempts: u32, pause: Duration) -> Downloader {
        Downloader { attempts: attempts.max(1), pause, ..self }
    }

    /// How long a server may stay silent.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Downloader {
        Downloader { patience, ..self }
    }

    /// How long to wait for another process that downloads the same file.
    #[must_use]
    pub fn lock_timeout(self, lock_timeout: Duration) -> Downloader {
        Downloader { lock_timeout, ..self }
    }

    /// The path of the file of `address`, downloaded if it is not in the cache. With an `md5`, only a file that has it
    /// is ever returned.
    ///
    /// # Errors
    /// See [`RetrievalError`]; or the cache cannot be written.
    pub fn fetch(&self, address: &Address, md5: Option<&str>) -> Result<PathBuf, Error> {
        let path = self.cache.path_of(address);
        if self.is_cached(address, &path, md5)? {
            return Ok(path);
        }
        if self.offline {
            return Err(RetrievalError::Offline { url: address.to_string(), cached: path }.into());
        }
        if !address.is_encrypted() && !self.allow_http {
            return Err(RetrievalError::NotEncrypted { url: address.to_string() }.into());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(EnvironmentError::io(folder))?;
        }
        let _lock = lock::acquire(&beside(&path, "lock"), self.lock_timeout, &*self.progress)?;
        if !self.is_cached(address, &path, md5)? {
            self.download(address, &path, md5)?;
        }
        Ok(path)
    }

    fn is_cached(&self, address: &Address, path: &Path, md5: Option<&str>) -> Result<bool, Error> {
        if self.cache.find(address).is_none() {
            return Ok(false);
        }
        let Some(md5) = md5 else { return Ok(true) };
        if Record::read(path).is_some_and(|record| record.md5.as_deref() == Some(md5)) {
            return Ok(true);
        }
        Ok(digest::md5(path)? == md5)
    }

    fn download(&self, address: &Address, path: &Path, md5: Option<&str>) -> Result<(), Error> {
        let part = beside(path, "part");
        let resumed = part.exists();
        self.transfer(address, path, &part)?;
        match self.publish(address, path, &part, md5) {
            Err(Error::Retrieval(RetrievalError::HashMismatch { .. })) if resumed => {
                self.transfer(address, path, &part)?;
                self.publish(address, path, &part, md5)
            }
            result => result,
        }
    }

    /// Brings the whole file to `part`, with as many attempts as it takes.
    fn transfer(&self, address: &Address, path: &Path, part: &Path) -> Result<(), Error> {
        let client = Client::new(self.patience, !self.allow_http);
        let mut failures = 0;
        for _ in 0..MAX_ATTEMPTS {
            let before = transfer::length(part);
            let failure = match transfer::attempt(self, &client, address, path, part) {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(failure) => failure,
            };
            failures = if transfer::length(part) > before { 1 } else { failures + 1 };
            if failures >= self.attempts {
                return Err(failure.give_up(address, failures));
            }
            let pause = self.pause.saturating_mul(1 << (failures - 1).min(6));
            let pause = failure.wanted_pause().unwrap_or(pause);
            self.progress.retry(&failure.to_string(), pause);
            std::thread::sleep(pause);
        }
        let reason = "the connection broke again and again".to_owned();
        let url = address.to_string();
        Err(RetrievalError::Exhausted { url, attempts: MAX_ATTEMPTS, reason }.into())
    }

    /// Checks the complete `part` and gives it its final name.
    fn publish(
        &self,
        address: &Address,
        path: &Path,
        part: &Path,
        md5: Option<&str>,
    ) -> Result<(), Error> {
        if let Some(expected) = md5 {
            let found = digest::md5(part)?;
            if found != expected {
                std::fs::remove_file(part).map_err(EnvironmentError::io(part))?;
                let (url, expected) = (address.to_string(), expected.to_owned());
                return Err(RetrievalError::HashMismatch { url, found, expected }.into());
            }
        }
        let mut record = Record::read(path).unwrap_or_default();
        record.url = address.to_string();
        record.md5 = md5.map(str::to_owned);
        record.write(path).map_err(EnvironmentError::io(path))?;
        std::fs::rename(part, path).map_err(EnvironmentError::io(path))?;
        self.progress.finish();
        Ok(())
    }
}
