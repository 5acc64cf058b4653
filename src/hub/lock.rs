//! One process at a time per file.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::Progress;
use crate::{EnvironmentError, Error, RetrievalError};

const POLL: Duration = Duration::from_millis(100);

/// Held until it is dropped, or the process ends in whatever way.
pub(super) struct Lock {
    _file: File,
}

/// Locks the file at `path`, which is created if it is not there.
pub(super) fn acquire(
    path: &Path,
    timeout: Duration,
    progress: &dyn Progress,
) -> Result<Lock, Error> {
    let options = File::options().write(true).create(true).truncate(false).open(path);
    let file = options.map_err(EnvironmentError::io(path))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::Error(error)) => return Err(EnvironmentError::io(path)(error).into()),
            Err(TryLockError::WouldBlock) if start.elapsed() < timeout => {
                if start.elapsed() < POLL {
                    progress.wait();
                }
                std::thread::sleep(POLL);
            }
            Err(TryLockError::WouldBlock) => {
                let waited = start.elapsed();
                return Err(RetrievalError::Locked { lock: path.to_owned(), waited }.into());
            }
        }
    }
}
