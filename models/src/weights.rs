//! A checkpoint as the source of a network's weights.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ocelli_converters::StateDict;
use ocelli_engine::{Error, Result, Shape, SourceId, Tensor, Values, WeightSource};
use std::sync::Arc;

/// The tensors of a [`StateDict`] as `f32`: borrowed from the file where it holds such, converted at each load where it
/// does not.
#[derive(Debug)]
pub struct CheckpointWeights {
    tensors: StateDict,
    identity: SourceId,
}

impl CheckpointWeights {
    /// The tensors under their names.
    pub fn new(tensors: StateDict) -> CheckpointWeights {
        CheckpointWeights { tensors, identity: SourceId::unique() }
    }

    /// The names that are not among `used`, in the file's order.
    pub fn unused(&self, used: &[String]) -> Vec<String> {
        let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
        self.tensors.names().filter(|name| !used.contains(name)).map(str::to_owned).collect()
    }
}

impl WeightSource for CheckpointWeights {
    fn find(&self, name: &str, _: Shape) -> Result<Option<Tensor>> {
        let Some(tensor) = self.tensors.get(name) else { return Ok(None) };
        let shape = Shape::new(tensor.shape()).ok_or_else(|| {
            let what = format!("tensor `{name}` has the shape {:?}", tensor.shape());
            Error::Weight(what.into())
        })?;
        let values = Arc::new(Stored(tensor.clone()));
        Ok(Some(Tensor::new(shape, self.identity, name, values)))
    }

    fn file(&self) -> &str {
        self.tensors.file()
    }
}

/// A tensor of the file.
struct Stored(ocelli_converters::Tensor);

impl Values for Stored {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        self.0.to_f32().map_err(|error| Error::Weight(error.into()))
    }

    fn release(&self) {
        self.0.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocelli_converters::DType;

    #[test]
    fn tensors_are_converted_and_told_apart_by_source() {
        let half = half_bytes(&[1.5, -2.0]);
        let rows = || [("a".to_owned(), DType::F16, vec![2], half.clone())];
        let source = CheckpointWeights::new(StateDict::from_tensors(rows()).unwrap());
        let other = CheckpointWeights::new(StateDict::from_tensors(rows()).unwrap());
        let shape = Shape::new(&[2]).unwrap();
        let tensor = source.find("a", shape).unwrap().unwrap();
        assert_eq!(tensor.load().unwrap()[..], [1.5, -2.0]);
        assert_eq!(tensor.key(), source.find("a", shape).unwrap().unwrap().key());
        assert_ne!(tensor.key(), other.find("a", shape).unwrap().unwrap().key());
        assert!(source.find("b", shape).unwrap().is_none());
        assert_eq!(source.unused(&["b".into()]), ["a"]);
    }

    fn half_bytes(values: &[f32]) -> Vec<u8> {
        let bits = |&v: &f32| match v {
            1.5 => 0x3e00_u16,
            _ => 0xc000,
        };
        values.iter().flat_map(|v| bits(v).to_le_bytes()).collect()
    }
}
