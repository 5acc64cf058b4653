//! Choosing elements by their values. Indices are `u32` tensors.

use std::cmp::Ordering;

use candle_core::{D, Device, Result, Tensor};

use super::host::{floats, tensor};

/// The `k` largest of the last dimension and their indices.
pub(super) fn top_k(x: &Tensor, k: usize) -> Result<Vec<Tensor>> {
    let extent = x.dim(D::Minus1)?;
    let mut dims = x.dims().to_vec();
    if let Some(last) = dims.last_mut() {
        *last = k;
    }
    let (mut values, mut indices) = (Vec::new(), Vec::new());
    for row in floats(x)?.chunks(extent.max(1)) {
        let mut order: Vec<usize> = (0..extent).collect();
        order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]).unwrap_or(Ordering::Equal));
        values.extend(order[..k].iter().map(|&i| row[i]));
        indices.extend(order[..k].iter().map(|&i| i as u32));
    }
    Ok(vec![tensor(&dims, values)?, Tensor::from_vec(indices, dims, &Device::Cpu)?])
}

/// The index of the largest of the last dimension.
pub(super) fn arg_max(x: &Tensor) -> Result<Tensor> {
    Ok(top_k(x, 1)?.remove(1))
}

/// `[n, t, c]` at the rows `[n, k]` to `[n, k, c]`.
pub(super) fn gather_rows(x: &Tensor, rows: &Tensor) -> Result<Tensor> {
    let last = x.dim(1)? as u32 - 1;
    let pick = |(n, rows): (usize, Vec<u32>)| {
        let k = rows.len();
        let rows: Vec<u32> = rows.into_iter().map(|row| row.min(last)).collect();
        x.get(n)?.index_select(&Tensor::from_vec(rows, k, &Device::Cpu)?, 0)
    };
    let picked: Vec<Tensor> =
        rows.to_vec2()?.into_iter().enumerate().map(pick).collect::<Result<_>>()?;
    Tensor::stack(&picked, 0)
}
