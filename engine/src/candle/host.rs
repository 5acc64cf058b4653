//! Tensors as plain numbers, for operations that are loops over them.

use candle_core::{Device, Result, Tensor};

/// The numbers of `x`, row-major.
pub(super) fn floats(x: &Tensor) -> Result<Vec<f32>> {
    x.flatten_all()?.to_vec1()
}

/// A tensor of the extents `dims` that holds `values`.
pub(super) fn tensor(dims: &[usize], values: Vec<f32>) -> Result<Tensor> {
    Tensor::from_vec(values, dims, &Device::Cpu)
}

/// The tensor of the extents `dims` whose element at each place is `of` that place.
pub(super) fn from_places<const N: usize>(
    dims: [usize; N],
    mut of: impl FnMut([usize; N]) -> f32,
) -> Result<Tensor> {
    let values = (0..dims.iter().product()).map(|mut index| {
        let mut place = [0; N];
        for (at, extent) in place.iter_mut().zip(dims).rev() {
            *at = index % extent;
            index /= extent;
        }
        of(place)
    });
    tensor(&dims, values.collect())
}

/// A tensor that is read element by element.
pub(super) struct Grid<const N: usize> {
    pub(super) dims: [usize; N],
    values: Vec<f32>,
}

impl<const N: usize> Grid<N> {
    /// Reads `x`, whose extents are taken as `dims`.
    pub(super) fn new(x: &Tensor, dims: [usize; N]) -> Result<Grid<N>> {
        Ok(Grid { dims, values: floats(&x.reshape(&dims[..])?)? })
    }

    /// The element at `place`.
    pub(super) fn at(&self, place: [usize; N]) -> f32 {
        let index = place.iter().zip(&self.dims).fold(0, |index, (at, extent)| index * extent + at);
        self.values[index]
    }
}
