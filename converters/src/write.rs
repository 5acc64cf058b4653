//! Writing safetensors: same element types, same bytes.

use std::collections::HashMap;
use std::path::Path;

use crate::{Error, Tensor};

/// Stub.
pub fn write_safetensors<'a>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = &'a Tensor>,
    metadata: &HashMap<String, String>,
) -> Result<(), Error> {
    let _ = (path, tensors, metadata);
    Ok(())
}
