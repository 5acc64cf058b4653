//! Checkpoint readers and writers of ocelli.
//!
//! [`StateDict`] is the one thing to know: named tensors of a file that is recognised by its
//! content, memory-mapped and read when asked for, with everything else the file holds (training
//! arguments, class names, the structure of a pickled module) as a [`Value`].
//!
//! A pickle is a program; the reader here understands its opcodes and builds data. It never
//! imports, calls or executes anything a checkpoint names.

mod decode;
mod dtype;
mod error;
mod names;
mod onnx;
mod pickle;
mod readers;
mod rename;
mod sharded;
mod sniff;
mod source;
mod state_dict;
mod storage;
mod tensor;
mod value;
mod write;
mod zip_entry;

pub use dtype::DType;
pub use error::Error;
pub use names::Group;
pub use rename::{Rename, RenameError};
pub use state_dict::{Format, StateDict};
pub use tensor::Tensor;
pub use value::{BigInt, Dict, Object, Value};
pub use write::write_safetensors;
