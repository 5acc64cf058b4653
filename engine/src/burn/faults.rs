//! Faults that Burn keeps to itself.
//!
//! Work for a device is done by a thread of its own. Where it panics (no memory, a kernel that the driver refuses), `CubeCL`
//! goes on with whatever is in the buffers: the result would be wrong without a word. The panics of these threads are
//! therefore counted, and a run during which the count rose is an error.

use std::panic;
use std::sync::{Mutex, Once, PoisonError};

/// How `CubeCL` 0.10 begins the names of the threads that work for devices.
const THREAD: &str = "DSD-";

static FAULTS: Mutex<Faults> = Mutex::new(Faults { count: 0, last: String::new() });

struct Faults {
    count: usize,
    last: String,
}

/// Faults so far, of all devices.
pub(super) fn count() -> usize {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner).count
}

/// What the last fault was, if there were more than `count`.
pub(super) fn since(count: usize) -> Option<String> {
    let faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
    (faults.count > count).then(|| faults.last.clone())
}

/// Counts from now on. Whatever reports panics otherwise still does.
pub(super) fn watch() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some_and(|name| name.starts_with(THREAD)) {
                let mut faults = FAULTS.lock().unwrap_or_else(PoisonError::into_inner);
                faults.count += 1;
                text(info.payload()).clone_into(&mut faults.last);
            }
            report(info);
        }));
    });
}

/// What a panic says.
pub(super) fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason was given")
}
