//! Weights for the tests of passes.

use std::sync::Arc;

use crate::{Result, Shape, Tensor, WeightSource, Weights};

struct Numbered;

impl WeightSource for Numbered {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        let seed = name.bytes().fold(7u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
        let values = (0..needed.elements() as u32)
            .map(|i| (seed.wrapping_add(i).wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0);
        Ok(Tensor::from_vec(needed, values.collect()))
    }

    fn file(&self) -> &'static str {
        "numbered"
    }
}

/// Every tensor that anybody asks for, filled with numbers in 0..1 that depend on its name.
pub(crate) fn weights() -> Weights {
    Weights::new(Arc::new(Numbered))
}
