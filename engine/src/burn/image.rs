//! Pooling and resizing.

use burn_backend::Backend;

use super::array::Array;
use super::conv::{channels_first, channels_last};
use super::layout::surround;
use crate::op::{Pool, PoolKind};

/// `[n, h, w, c]` to `[n, h', w', c]`.
pub(super) fn pool<B: Backend>(pool: &Pool, x: Array<B>, shape: &[usize]) -> Array<B> {
    let mean = |x: Array<B>| {
        windows(pool, x, 0.0, shape, |x| {
            B::avg_pool2d(x, pool.kernel, pool.stride, [0; 2], true, false)
        })
    };
    match pool.kind {
        PoolKind::Max => windows(pool, x, f32::MIN, shape, |x| {
            B::max_pool2d(x, pool.kernel, pool.stride, [0; 2], [1; 2], false)
        }),
        PoolKind::Mean => mean(x),
        PoolKind::MeanInside => {
            let ones = x.full(&x.extents(), 1.0);
            mean(x).div(mean(ones))
        }
    }
}

/// The image with `outside` around it where windows reach, pooled without padding.
fn windows<B: Backend>(
    pool: &Pool,
    x: Array<B>,
    outside: f32,
    shape: &[usize],
    of: impl FnOnce(burn_backend::tensor::FloatTensor<B>) -> burn_backend::tensor::FloatTensor<B>,
) -> Array<B> {
    let extents = x.extents();
    let padded = (0..2).fold(x, |x, i| {
        let before = pool.pad[i];
        let reach = (shape[1 + i] - 1) * pool.stride[i] + pool.kernel[i];
        let after = reach.saturating_sub(before + extents[1 + i]);
        if before + after == 0 { x } else { surround(&x, 1 + i, [before, after], outside) }
    });
    let seen = (0..2).fold(padded, |x, i| {
        let reach = (shape[1 + i] - 1) * pool.stride[i] + pool.kernel[i];
        if x.extents()[1 + i] > reach { x.slice(1 + i, 0, 1, reach) } else { x }
    });
    channels_last(channels_first(seen).map(of))
}

/// `[n, h, w, c]` to `[n, h', w', c]` by what each row and each column adds to those of the result.
pub(super) fn resize<B: Backend>(
    x: Array<B>,
    down: Array<B>,
    across: Array<B>,
    shape: &[usize],
) -> Array<B> {
    let [n, h, w, c] = <[usize; 4]>::try_from(x.extents()).unwrap_or_default();
    let [height, width] = [shape[1], shape[2]];
    let y = down.lift(3).expand(&[n, height, h]).matmul(x.reshape(&[n, h, w * c]));
    let y = y.reshape(&[n * height, w, c]);
    across.lift(3).expand(&[n * height, width, w]).matmul(y).reshape(shape)
}
