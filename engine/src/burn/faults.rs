//! Faults that Burn keeps to itself.
//!
//! Work for a device is done by a thread of its own. Where it panics (no memory, a kernel that the driver refuses), `CubeCL`
//! goes on with whatever is in the buffers: the result would be wrong without a word. The panics of these threads are
//! therefore counted, and a run during which the count of its device rose is an error.

use std::collections::BTreeMap;
use std::panic;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use burn_backend::DeviceOps;

/// How `CubeCL` 0.10 begins the names of the threads that work for devices.
const THREAD: &str = "DSD-";

/// By the name of the thread.
static FAULTS: Mutex<BTreeMap<String, Fault>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Fault {
    count: usize,
    last: String,
}

/// What is watched of one device.
pub(super) struct Watch {
    thread: String,
}

impl Watch {
    /// Counts from now on. Whatever reports panics otherwise still does.
    pub(super) fn of(device: &impl DeviceOps) -> Watch {
        static WATCHED: Once = Once::new();
        WATCHED.call_once(|| {
            let report = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if let Some(name) = std::thread::current().name()
                    && name.starts_with(THREAD)
                {
                    let mut faults = faults();
                    let fault = faults.entry(name.to_owned()).or_default();
                    fault.count += 1;
                    text(info.payload()).clone_into(&mut fault.last);
                }
                report(info);
            }));
        });
        let id = device.id();
        Watch { thread: format!("{THREAD}{}-{}", id.type_id, id.index_id) }
    }

    /// Faults of the device so far.
    pub(super) fn count(&self) -> usize {
        faults().get(&self.thread).map_or(0, |fault| fault.count)
    }

    /// What the last fault was, if there were more than `count`.
    pub(super) fn since(&self, count: usize) -> Option<String> {
        let faults = faults();
        let fault = faults.get(&self.thread).filter(|fault| fault.count > count);
        fault.map(|fault| fault.last.clone())
    }
}

fn faults() -> MutexGuard<'static, BTreeMap<String, Fault>> {
    FAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a panic says.
pub(super) fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason was given")
}
