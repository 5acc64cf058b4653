//! Constant tensors: weights and tables, read when they are needed.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Result, Shape};

/// A constant of a graph: a shape, an identity, and a way to read the values.
///
/// Clones share the values. Nothing is read before [`Tensor::load`]; what is read is not kept.
#[derive(Clone)]
pub struct Tensor {
    shape: Shape,
    key: Key,
    values: Arc<dyn Values>,
}

/// The identity of something that holds named tensors; no two are the same within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceId(u64);

impl SourceId {
    /// An identity that nothing else has.
    pub fn unique() -> SourceId {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        SourceId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The identity of a constant: equal keys mean equal values within a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(u64);

/// Where the values of a [`Tensor`] are read from.
pub trait Values: Send + Sync {
    /// The values in row-major order, as many as the tensor has elements.
    ///
    /// # Errors
    /// The source cannot be read, or holds something else than promised.
    fn load(&self) -> Result<Cow<'_, [f32]>>;

    /// Says that the values are not needed for now. They can be loaded again.
    fn release(&self) {}
}

impl Tensor {
    /// A tensor over `values`; `source` and `name` identify it, a checkpoint and a tensor's name in it for instance.
    pub fn new(shape: Shape, source: SourceId, name: &str, values: Arc<dyn Values>) -> Tensor {
        Tensor { shape, key: key(&("source", source, name)), values }
    }

    /// A tensor that holds `values`, row-major; nothing when their number does not fit the shape.
    pub fn from_vec(shape: Shape, values: Vec<f32>) -> Option<Tensor> {
        if values.len() != shape.elements() {
            return None;
        }
        let bits: Vec<u32> = values.iter().map(|v| v.to_bits()).collect();
        Some(Tensor { shape, key: key(&("values", shape, bits)), values: Arc::new(Owned(values)) })
    }

    /// A tensor computed from others whenever it is loaded.
    ///
    /// `rule` names the computation and everything it depends on beside `from`, so that equal rules on equal tensors
    /// have equal keys.
    pub fn derive(
        shape: Shape,
        rule: &impl Hash,
        from: &[&Tensor],
        compute: impl Fn(&[Cow<'_, [f32]>]) -> Vec<f32> + Send + Sync + 'static,
    ) -> Tensor {
        let keys: Vec<Key> = from.iter().map(|t| t.key).collect();
        let from = from.iter().map(|&t| t.clone()).collect();
        let values = Arc::new(Derived { from, compute });
        Tensor { shape, key: key(&("derived", shape, key(rule), keys)), values }
    }

    /// Extents.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Identity, for caches of what is made from the values.
    pub fn key(&self) -> Key {
        self.key
    }

    /// The values, row-major.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn load(&self) -> Result<Cow<'_, [f32]>> {
        let values = self.values.load()?;
        if values.len() == self.shape.elements() {
            return Ok(values);
        }
        let what = format!("{} values where the shape {} was promised", values.len(), self.shape);
        Err(crate::Error::Weight(what.into()))
    }

    /// Says that the values are not needed for now.
    pub(crate) fn release(&self) {
        self.values.release();
    }

    /// The same values under another shape; nothing when the number of elements differs.
    #[must_use]
    pub fn reshaped(&self, shape: Shape) -> Option<Tensor> {
        (shape.elements() == self.shape.elements()).then(|| Tensor {
            shape,
            key: key(&("reshaped", shape, self.key)),
            values: Arc::clone(&self.values),
        })
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor{}", self.shape)
    }
}

fn key(of: &impl Hash) -> Key {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    Key(hasher.finish())
}

struct Owned(Vec<f32>);

impl Values for Owned {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        Ok(Cow::Borrowed(&self.0))
    }
}

struct Derived<F> {
    from: Vec<Tensor>,
    compute: F,
}

impl<F: Fn(&[Cow<'_, [f32]>]) -> Vec<f32> + Send + Sync> Values for Derived<F> {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        let from = self.from.iter().map(Tensor::load).collect::<Result<Vec<_>>>()?;
        Ok(Cow::Owned((self.compute)(&from)))
    }

    fn release(&self) {
        self.from.iter().for_each(Tensor::release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::from_vec(Shape::new(&[values.len()]).unwrap(), values.to_vec()).unwrap()
    }

    #[test]
    fn derived_tensors_compute_when_loaded_and_have_stable_keys() {
        let (a, b) = (tensor(&[1.0, 2.0]), tensor(&[3.0, 4.0]));
        let sum = |a: &Tensor, b: &Tensor| {
            Tensor::derive(a.shape(), &"sum", &[a, b], |of| {
                of[0].iter().zip(of[1].iter()).map(|(a, b)| a + b).collect()
            })
        };
        assert_eq!(sum(&a, &b).load().unwrap()[..], [4.0, 6.0]);
        assert_eq!(sum(&a, &b).key(), sum(&tensor(&[1.0, 2.0]), &b).key());
        assert_ne!(sum(&a, &b).key(), sum(&b, &a).key());
    }

    #[test]
    fn a_rule_that_yields_another_length_is_an_error() {
        let bad = Tensor::derive(tensor(&[1.0]).shape(), &"bad", &[], |_| vec![1.0, 2.0]);
        assert!(bad.load().is_err());
    }
}
