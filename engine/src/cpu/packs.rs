//! What was made of weights, shared by all programs of an executor.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::memory::Block;
use crate::{Key, Result, Tensor};

/// Packed weights by what they were made of.
#[derive(Default)]
pub(super) struct Packs {
    packed: Mutex<HashMap<(Key, String), Arc<dyn Any + Send + Sync>>>,
}

impl Packs {
    /// What `pack` makes of `tensor`'s values; `form` names it and everything it depends on beside them. Made once.
    pub(super) fn get<T: Any + Send + Sync>(
        &self,
        tensor: &Tensor,
        form: String,
        pack: impl FnOnce(&[f32]) -> T,
    ) -> Result<Arc<T>> {
        let key = (tensor.key(), form);
        let known = self.packed.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(packed) = known.and_then(|packed| packed.downcast::<T>().ok()) {
            return Ok(packed);
        }
        let packed = Arc::new(pack(&tensor.load()?));
        tensor.release();
        let shared: Arc<dyn Any + Send + Sync> = packed.clone();
        self.packed.lock().unwrap_or_else(PoisonError::into_inner).insert(key, shared);
        Ok(packed)
    }

    /// The values of `tensor`, aligned.
    pub(super) fn block(&self, tensor: &Tensor) -> Result<Arc<Block>> {
        self.get(tensor, "block".into(), Block::holding)
    }

    /// The values of `tensor`.
    pub(super) fn values(&self, tensor: &Tensor) -> Result<Arc<Box<[f32]>>> {
        self.get(tensor, "values".into(), |values| Box::from(values))
    }

    /// The values of a tensor that may be absent.
    pub(super) fn optional(&self, tensor: Option<&Tensor>) -> Result<Option<Arc<Box<[f32]>>>> {
        tensor.map(|tensor| self.values(tensor)).transpose()
    }
}
