//! Graphs, passes, memory plans and executors of ocelli.
//!
//! A model describes a [`Graph`] once: typed, channels-last, its shapes checked as it grows. An [`Executor`] compiles it:
//! passes fold and fuse, weights are packed, memory is planned. The compiled program is immutable and shared; any number of
//! sessions run it at the same time, each in its own memory, without allocating.

#[cfg(any(feature = "wgpu", feature = "cuda"))]
pub mod burn;
#[cfg(feature = "candle")]
pub mod candle;
mod cost;
pub mod cpu;
#[cfg(any(feature = "wgpu", feature = "cuda", feature = "candle"))]
mod eager;
mod error;
mod executor;
mod graph;
pub mod op;
mod passes;
mod shape;
mod tensor;
mod weights;

pub use error::{Error, Result};
pub use executor::{Executor, Precision, Program, Session, Spec, StepTime};
pub use graph::{Conv, DType, Graph, Node, Value, ValueInfo};
pub use shape::{MAX_RANK, Shape};
pub use tensor::{Key, SourceId, Tensor, Values};
pub use weights::{WeightSource, Weights};
