//! CPU kernels of ocelli, on slices.
//!
//! Each operation is a folder: its algorithm is written once over [`simd::Simd`] and instantiated per instruction set
//! by [`simd::dispatch`]; where an instruction set deserves a loop of its own, that loop is a file beside it. Every
//! operation has its shapes in one table, `benches/cases`: the bench times them and `tests/agreement.rs` compares them, on
//! every instruction set of the machine.
//!
//! Kernels know slices and strides. Tensors, graphs and the place of memory are the engine's.

#![allow(
    clippy::inline_always,
    reason = "intrinsics become instructions only where they are inlined"
)]
#![cfg_attr(test, allow(clippy::float_cmp, reason = "many results are exact"))]
#![allow(clippy::needless_pass_by_value, reason = "mutable views are handed over whole")]
#![allow(clippy::wildcard_imports, reason = "std::arch is imported whole")]

pub mod activation;
mod aligned;
pub mod attention;
pub mod binary;
pub mod chain;
mod context;
pub mod conv;
pub mod deform;
mod elementwise;
mod factors;
pub mod gather;
pub mod gemm;
pub mod grid_sample;
pub mod isa;
pub mod layout;
pub mod math;
pub mod matmul;
pub mod norm;
mod pages;
pub mod pool;
pub mod pool2d;
mod products;
pub mod reduce;
pub mod resize;
pub mod roofline;
mod row_kernel;
pub mod simd;
pub mod softmax;
mod split;
mod taps;
#[cfg(test)]
mod testing;
pub mod topk;
pub mod unary;
mod vectors;
mod view;

pub use activation::Activation;
pub use context::Context;
pub use factors::Factors;
pub use isa::Isa;
pub use pages::filled;
pub use pool::Pool;
pub use products::Products;
pub use view::{Image, ImageMut, Rows, RowsMut};
