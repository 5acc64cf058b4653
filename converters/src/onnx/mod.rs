//! ONNX files as containers of named weights: what the messages mean, and what layers were called.

pub(crate) mod external;
pub(crate) mod initializers;
pub(crate) mod layers;
mod model;
pub(crate) mod node;
pub(crate) mod path;
pub(crate) mod root;
pub(crate) mod scalings;
mod tensor;
pub(crate) mod values;
pub(crate) mod wire;
pub(crate) mod witnesses;

pub(crate) use model::{Model, is_model};
