//! Rows of a weight that stacks several layers' weights.

use std::ops::Range;

use ocelli_engine::{Error, Result, Shape, Tensor};

/// The entries `range` of `tensor` along its first dimension.
pub(crate) fn rows(tensor: &Tensor, range: Range<usize>) -> Result<Tensor> {
    let shape = tensor.shape();
    let outside = || Error::Shape {
        op: "rows",
        what: format!("rows {range:?} of a tensor of shape {shape}"),
    };
    let (&count, inner) = shape.split_first().ok_or_else(outside)?;
    if range.start > range.end || range.end > count {
        return Err(outside());
    }
    if range == (0..count) {
        return Ok(tensor.clone());
    }
    let dims: Vec<usize> = std::iter::once(range.len()).chain(inner.iter().copied()).collect();
    let part = Shape::new(&dims).ok_or_else(outside)?;
    let width: usize = inner.iter().product();
    let (start, end) = (range.start * width, range.end * width);
    Ok(Tensor::derive(part, &("rows", start, end), &[tensor], move |of| of[0][start..end].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_along_the_first_dimension() {
        let values = (0..12).map(|v| v as f32).collect();
        let tensor = Tensor::from_vec(Shape::new(&[3, 2, 2]).unwrap(), values).unwrap();
        let part = rows(&tensor, 1..3).unwrap();
        assert_eq!(part.shape(), [2, 2, 2]);
        assert_eq!(part.load().unwrap()[..], [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert_eq!(rows(&tensor, 0..3).unwrap().key(), tensor.key());
        assert!(rows(&tensor, 2..4).is_err());
    }
}
