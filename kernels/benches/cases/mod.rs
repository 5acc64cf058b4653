//! Every operation of the crate on a few shapes: the table that the bench times and that `tests/agreement.rs` compares.
//!
//! The first shapes of an operation are small and odd, for the test; the others are those of networks.

#![allow(clippy::expect_used, reason = "the shapes are constants")]

mod chains;
mod elements;
mod moves;
mod pictures;
mod products;
mod rows;

use ocelli_kernels::{Context, Isa};

/// The module that an operation is in, and its cases.
pub(crate) type Operation = (&'static str, fn() -> Vec<Case>);

/// Every module of the crate that has operations.
pub(crate) const OPERATIONS: &[Operation] = &[
    ("activation", elements::activation),
    ("attention", products::attention),
    ("binary", elements::binary),
    ("chain", chains::chain),
    ("conv", products::conv),
    ("deform", pictures::deform),
    ("gather", moves::gather),
    ("gemm", products::gemm),
    ("grid_sample", pictures::grid_sample),
    ("layout", moves::layout),
    ("matmul", products::matmul),
    ("norm", rows::norm),
    ("pool2d", pictures::pool2d),
    ("reduce", elements::reduce),
    ("resize", pictures::resize),
    ("softmax", rows::softmax),
    ("topk", rows::topk),
    ("unary", elements::unary),
];

/// A function of the crate on one shape.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Multiplications and additions, where they are what it is about; else zero.
    pub(crate) flop: usize,
    /// What is read and written, each float once.
    pub(crate) bytes: usize,
    /// Floats of the result.
    pub(crate) written: usize,
    /// Makes operands and packs weights for an instruction set.
    pub(crate) prepare: Box<dyn Fn(Isa) -> Run>,
}

/// Runs once and leaves the result in the slice.
pub(crate) type Run = Box<dyn FnMut(Context, &mut [f32])>;

impl Case {
    /// A case without [`Case::flop`], of as many floats read and written.
    fn new<R: FnMut(Context, &mut [f32]) + 'static>(
        name: String,
        [read, written]: [usize; 2],
        prepare: impl Fn(Isa) -> R + 'static,
    ) -> Case {
        let bytes = 4 * (read + written);
        Case { name, flop: 0, bytes, written, prepare: Box::new(move |isa| Box::new(prepare(isa))) }
    }

    fn flop(self, flop: usize) -> Case {
        Case { flop, ..self }
    }
}

/// Numbers in `-0.5..0.5`, none of them zero and no two neighbours alike.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect()
}

/// Indices below `limit`.
fn indices(count: usize, limit: usize) -> Vec<i32> {
    (0..count).map(|i| (i * 7919 % limit) as i32).collect()
}
