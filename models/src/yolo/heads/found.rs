//! What shapes a checkpoint's tensors have: widths of heads differ between versions of the original.

use ocelli_engine::{Error, Result, Weights};

/// The extents of the tensor `name`, if there is one.
pub(in crate::yolo) fn shape_of(w: &Weights, name: &str) -> Result<Option<Vec<usize>>> {
    match w.get_optional(name, &[1]) {
        Ok(tensor) => Ok(tensor.map(|tensor| tensor.shape().to_vec())),
        Err(Error::WeightShape { found, .. }) => Ok(Some(found)),
        Err(error) => Err(error),
    }
}

/// Whether there is a tensor `name`.
pub(super) fn has(w: &Weights, name: &str) -> Result<bool> {
    Ok(shape_of(w, name)?.is_some())
}

/// The first extent of the tensor `name`, which is needed: channels that a convolution yields.
pub(super) fn out_channels(w: &Weights, name: &str) -> Result<usize> {
    match w.get(name, &[1]) {
        Ok(tensor) => Ok(tensor.shape()[0]),
        Err(Error::WeightShape { found, .. }) => Ok(found.first().copied().unwrap_or(1)),
        Err(error) => Err(error),
    }
}
