//! Named weights, read by the layer that owns them.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Error, Result, Shape, Tensor};

/// Something that holds named tensors.
pub trait WeightSource: Send + Sync {
    /// The tensor called `name`. `needed` is the shape its layer needs, which the tensor need not have.
    ///
    /// # Errors
    /// The tensor is there and cannot be used.
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>>;

    /// What to call the source in errors: a file, usually.
    fn file(&self) -> &str;
}

/// A place in a tree of named weights: `w.at("layer1").at(0)` is where `layer1.0.conv1.weight` is `conv1.weight`.
#[derive(Clone)]
pub struct Weights {
    source: Arc<dyn WeightSource>,
    prefix: String,
    used: Arc<Mutex<BTreeSet<String>>>,
}

impl Weights {
    /// The root of `source`'s names.
    pub fn new(source: Arc<dyn WeightSource>) -> Weights {
        Weights { source, prefix: String::new(), used: Arc::default() }
    }

    /// The place `part` below this one.
    #[must_use]
    pub fn at(&self, part: impl Display) -> Weights {
        let prefix = self.path(part);
        Weights { prefix, ..self.clone() }
    }

    /// The full name of `part`.
    pub fn path(&self, part: impl Display) -> String {
        match self.prefix.as_str() {
            "" => part.to_string(),
            prefix => format!("{prefix}.{part}"),
        }
    }

    /// The full name of this place.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The tensor called `part` here, which must have the shape `needed`.
    ///
    /// # Errors
    /// [`Error::MissingWeight`], [`Error::WeightShape`], or the source's own.
    pub fn get(&self, part: impl Display, needed: &[usize]) -> Result<Tensor> {
        let name = self.path(part);
        self.find(&name, needed)?
            .ok_or_else(|| Error::MissingWeight { file: self.source.file().to_owned(), name })
    }

    /// Like [`Weights::get`], for a tensor that may be absent.
    ///
    /// # Errors
    /// [`Error::WeightShape`], or the source's own.
    pub fn get_optional(&self, part: impl Display, needed: &[usize]) -> Result<Option<Tensor>> {
        self.find(&self.path(part), needed)
    }

    fn find(&self, name: &str, needed: &[usize]) -> Result<Option<Tensor>> {
        let needed = Shape::new(needed).ok_or_else(|| Error::Shape {
            op: "weights",
            what: format!("`{name}` would need the shape {needed:?}"),
        })?;
        let Some(tensor) = self.source.find(name, needed)? else { return Ok(None) };
        if tensor.shape() != needed {
            return Err(Error::WeightShape {
                file: self.source.file().to_owned(),
                name: name.to_owned(),
                found: tensor.shape().to_vec(),
                needed: needed.to_vec(),
            });
        }
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(Some(tensor))
    }

    /// The full names of all tensors that were asked for and found, sorted.
    pub fn used(&self) -> Vec<String> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;

    impl WeightSource for One {
        fn find(&self, name: &str, _: Shape) -> Result<Option<Tensor>> {
            let tensor = Tensor::from_vec(Shape::new(&[2]).unwrap(), vec![1.0, 2.0]);
            Ok(tensor.filter(|_| name == "fc.0.bias"))
        }

        fn file(&self) -> &'static str {
            "one.pth"
        }
    }

    #[test]
    fn places_nest_and_uses_are_kept() {
        let root = Weights::new(Arc::new(One));
        let fc = root.at("fc").at(0);
        assert_eq!(fc.get("bias", &[2]).unwrap().load().unwrap()[..], [1.0, 2.0]);
        assert!(fc.get_optional("weight", &[2]).unwrap().is_none());
        assert_eq!(root.used(), ["fc.0.bias"]);
    }

    #[test]
    fn errors_say_file_tensor_and_shapes() {
        let fc = Weights::new(Arc::new(One)).at("fc").at(0);
        let missing = fc.get("weight", &[2]).unwrap_err().to_string();
        assert!(missing.contains("one.pth: tensor `fc.0.weight` is missing"), "{missing}");
        let shape = fc.get("bias", &[3]).unwrap_err().to_string();
        assert!(shape.contains("has shape [2], the network needs [3]"), "{shape}");
    }
}
