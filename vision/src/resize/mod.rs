//! Exact resizers: each repeats one library's arithmetic bit for bit, because the models were
//! trained behind that library and a different rounding is a different input.
//!
//! | function | whose | used by |
//! | --- | --- | --- |
//! | [`pillow`] | Pillow's `Image.resize`, antialiased 8-bit fixed point | RF-DETR, CLIP |
//! | [`torch_bytes`] | `PyTorch`'s antialiased `interpolate` on bytes, 16-bit fixed point | Depth Anything |
//! | [`opencv_linear`] | OpenCV's `resize(INTER_LINEAR)`, 11-bit fixed point | the other packages |
//! | [`bilinear_plane`] | `PyTorch`'s `interpolate(mode="bilinear")` on floats | masks, logits |

mod filter;
mod opencv;
mod pillow;
mod torch;
mod torch_bytes;

pub use filter::Filter;
pub use opencv::opencv_linear;
pub use pillow::{pillow, pillow_gray};
pub use torch::{AxisTaps, bilinear_plane};
pub(crate) use torch::{apply, dot};
pub use torch_bytes::torch_bytes;

use rayon::prelude::*;

/// Multiply-adds below which a second thread costs more than it saves.
const PARALLEL_WORK: usize = 1 << 20;

/// Calls `job(index, chunk)` for each chunk of `len` values, on rayon's threads when `work` is large.
fn for_each_chunk<T: Send>(
    out: &mut [T],
    len: usize,
    work: usize,
    job: impl Fn(usize, &mut [T]) + Sync,
) {
    if work < PARALLEL_WORK {
        out.chunks_mut(len).enumerate().for_each(|(i, chunk)| job(i, chunk));
    } else {
        out.par_chunks_mut(len).enumerate().for_each(|(i, chunk)| job(i, chunk));
    }
}

#[cfg(test)]
mod tests;
