//! Native computer-vision inference: training checkpoints in, predictions out.
#![forbid(unsafe_code)]

mod cache;
mod device;
mod error;
#[cfg(feature = "hub")]
mod hub;
mod source;
mod variables;

pub use cache::Cache;
pub use device::Device;
pub use error::{EnvironmentError, Error, ErrorKind, LoadingError, Result, RetrievalError};
#[cfg(feature = "hub")]
pub use hub::{Downloader, Progress};
pub use source::{Address, KNOWN_MODELS, KnownModel, ModelSource, known_model};
