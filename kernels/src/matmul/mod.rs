//! Products of two activations, in batches.
//!
//! The right-hand side is packed at run time, into scratch; the rest is the product of [`crate::gemm`].

#[cfg(test)]
mod tests;

use crate::gemm::indirect::Product;
use crate::gemm::pack::PackPanel;
use crate::gemm::panels::Panels;
use crate::gemm::rows::Strided;
use crate::gemm::{Epilogue, Residual};
use crate::simd::dispatch;
use crate::{Context, Factors, Isa, Products, Rows, RowsMut};

/// The extents of a batch of products `[m, k] x [k, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matmul {
    /// Products.
    pub batch: usize,
    /// Rows of the left-hand side and of the output.
    pub m: usize,
    /// Columns of the right-hand side and of the output.
    pub n: usize,
    /// Columns of the left-hand side, rows of the right-hand side.
    pub k: usize,
    /// Whether the right-hand side lies as `[n, k]`.
    pub b_transposed: bool,
}

/// One side of a batch of products.
#[derive(Clone, Copy, Debug)]
pub struct Operand<'a> {
    /// The first matrix; the others lie in the same memory.
    pub first: Rows<'a>,
    /// Floats from one matrix to the next; zero where all products share it.
    pub batch_stride: usize,
}

/// The output of a batch of products.
#[derive(Debug)]
pub struct OperandMut<'a> {
    /// The first matrix; the others lie in the same memory.
    pub first: RowsMut<'a>,
    /// Floats from one matrix to the next.
    pub batch_stride: usize,
}

/// Floats of scratch that [`matmul`] needs.
pub fn matmul_scratch_len(isa: Isa, shape: &Matmul) -> usize {
    shape.batch * Panels::new(isa.or_scalar(), shape.n).len(shape.k)
}

/// `out[i] = epilogue(a[i] * b[i])` for each `i` of the batch; residual rows are `batch * m`, one product after the other.
///
/// # Panics
/// When an operand or the scratch is too small for `shape`.
#[allow(clippy::needless_pass_by_value, reason = "a view of an output is used up")]
pub fn matmul(
    ctx: Context,
    shape: &Matmul,
    a: Operand,
    b: Operand,
    epilogue: Epilogue,
    out: OperandMut,
    scratch: &mut [f32],
) {
    let Matmul { batch, m, n, k, b_transposed } = *shape;
    let (b_rows, b_width) = if b_transposed { (n, k) } else { (k, n) };
    assert_eq!([a.first.rows(), b.first.rows(), out.first.rows()], [m, b_rows, m], "{shape:?}");
    a.first.check_batch(k, batch, a.batch_stride);
    b.first.check_batch(b_width, batch, b.batch_stride);
    out.first.check_batch(n, batch, out.batch_stride);
    epilogue.check([batch * m, n]);
    assert!(scratch.len() >= matmul_scratch_len(ctx.isa, shape), "scratch for {shape:?}");

    let ctx = Context { isa: ctx.isa.or_scalar(), ..ctx };
    pack_all(ctx, shape, &b, scratch);
    let panels_len = Panels::new(ctx.isa, n).len(k);
    let (scratch, out) = (&*scratch, &out);
    let product = |i: usize| Product {
        isa: ctx.isa,
        products: Products::F32,
        reads: Factors::F32,
        writes: Factors::F32,
        source: Strided { ptr: a.first.ptr().wrapping_add(i * a.batch_stride), ld: a.first.ld() },
        m,
        n,
        taps: 1,
        k,
        panels: &scratch[i * panels_len..(i + 1) * panels_len],
        out: out.first.ptr().wrapping_add(i * out.batch_stride),
        ld: out.first.ld(),
        epilogue: rows_of(&epilogue, i * m, m),
    };
    if batch >= 2 * ctx.pool.threads() {
        // SAFETY: operands and output were checked for every product of the batch.
        ctx.pool.run(batch, &|i| unsafe { product(i).run(ctx) });
    } else {
        // SAFETY: as above.
        (0..batch).for_each(|i| unsafe { product(i).run(ctx) });
    }
}

fn rows_of<'a>(epilogue: &Epilogue<'a>, first: usize, count: usize) -> Epilogue<'a> {
    let residual = match epilogue.residual {
        Some(Residual::Rows { rows, before_activation }) => {
            Some(Residual::Rows { rows: rows.part(first, count), before_activation })
        }
        other => other,
    };
    Epilogue { residual, ..*epilogue }
}

/// Packs every right-hand side, a panel after the other.
fn pack_all(ctx: Context, shape: &Matmul, b: &Operand, scratch: &mut [f32]) {
    let layout = Panels::new(ctx.isa, shape.n);
    let (count, len) = (layout.count(), layout.len(shape.k));
    let b = *b;
    let to = Scratch(scratch.as_mut_ptr());
    ctx.pool.run(shape.batch * count, &|piece| {
        let (i, panel) = (piece / count, layout.get(piece % count));
        let step = if shape.b_transposed { b.first.ld() } else { 1 };
        let panel = PackPanel {
            from: b.first.ptr().wrapping_add(i * b.batch_stride + panel.first * step),
            ld: b.first.ld(),
            transposed: shape.b_transposed,
            products: Products::F32,
            k: shape.k,
            columns: panel.columns,
            width: panel.width,
            to: to.at(i * len + panel.first * shape.k),
        };
        dispatch(ctx.isa, panel);
    });
}

/// Memory of which each piece writes its own part.
#[derive(Clone, Copy)]
pub(crate) struct Scratch(pub(crate) *mut f32);

// SAFETY: pieces write apart from each other.
unsafe impl Sync for Scratch {}

impl Scratch {
    pub(crate) fn at(&self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}
