//! Elements chosen by their values, and rows chosen by index.

mod gather;
#[cfg(test)]
mod tests;
mod top_k;

pub use gather::gather_rows;
pub use top_k::{arg_max, top_k, top_k_scratch_len};
