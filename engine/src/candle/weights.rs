//! The constants of a graph, for code whose errors are candle's.

use candle_core::{Error, Result, Tensor};

use crate::eager::Constants;

/// All constants of a graph.
pub(super) struct Weights<'a>(pub(super) &'a Constants<Tensor>);

impl Weights<'_> {
    /// The values of `constant`.
    pub(super) fn get(&self, constant: &crate::Tensor) -> Result<Tensor> {
        self.0.get(constant).map_err(Error::wrap)
    }

    /// The values of `constant` where there is one.
    pub(super) fn get_optional(&self, constant: Option<&crate::Tensor>) -> Result<Option<Tensor>> {
        self.0.get_optional(constant).map_err(Error::wrap)
    }
}
