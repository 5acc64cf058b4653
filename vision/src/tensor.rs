use crate::{Result, VisionError};

/// Floats with a shape, row-major: the last extent varies fastest.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Tensor {
    /// Takes values and their shape.
    ///
    /// # Errors
    /// If the shape's product is not the number of values.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Result<Self> {
        let count = shape.iter().try_fold(1_usize, |count, &extent| count.checked_mul(extent));
        if count != Some(data.len()) {
            let expected = format!("extents whose product is {}", data.len());
            return Err(VisionError::shape("tensor", &shape, &expected));
        }
        Ok(Self { shape, data })
    }

    /// The extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values, to be written to.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Gives the values away.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The extents, if there are `N` of them.
    ///
    /// # Errors
    /// If there are not; the message calls the tensor `what` and the extents by `names`.
    pub fn extents<const N: usize>(&self, what: &str, names: [&str; N]) -> Result<[usize; N]> {
        let wrong = |_| VisionError::shape(what, &self.shape, &format!("[{}]", names.join(", ")));
        <[usize; N]>::try_from(self.shape.as_slice()).map_err(wrong)
    }

    /// The values of entry `index` along the first extent.
    ///
    /// # Errors
    /// If there is no such entry.
    pub fn entry(&self, index: usize) -> Result<&[f32]> {
        let count = self.shape.first().copied().unwrap_or(0);
        if index >= count {
            let reason = format!("entry {index} asked of a tensor of shape {:?}", self.shape);
            return Err(VisionError::argument("index", reason));
        }
        let len = self.data.len() / count;
        Ok(&self.data[index * len..(index + 1) * len])
    }
}

/// What a network put out: tensors by name, in the network's order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawOutputs {
    tensors: Vec<(String, Tensor)>,
}

impl RawOutputs {
    /// No outputs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an output.
    pub fn push(&mut self, name: impl Into<String>, tensor: Tensor) {
        self.tensors.push((name.into(), tensor));
    }

    /// The outputs with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The output called `name`.
    ///
    /// # Errors
    /// If there is none.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        let found = self.tensors.iter().find(|(have, _)| have == name);
        found.map(|(_, tensor)| tensor).ok_or_else(|| {
            let have: Vec<&str> = self.iter().map(|(name, _)| name).collect();
            VisionError::argument("outputs", format!("no `{name}` among [{}]", have.join(", ")))
        })
    }
}

impl<N: Into<String>> FromIterator<(N, Tensor)> for RawOutputs {
    fn from_iter<I: IntoIterator<Item = (N, Tensor)>>(tensors: I) -> Self {
        Self { tensors: tensors.into_iter().map(|(name, t)| (name.into(), t)).collect() }
    }
}
