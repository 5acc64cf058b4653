//! Elements moved as they are: permutation, slicing, concatenation, repetition, padding; and conversion.
//!
//! All but padding is one kernel, [`copy`], by a [`CopyPlan`] that says in which steps input and output are walked.

mod cast;
mod copy;
mod pad;
mod plan;
#[cfg(test)]
mod tests;

pub use cast::{to_f32, to_i32};
pub use copy::copy;
pub use pad::{PadMode, PadPlan, pad};
pub use plan::{CopyPlan, LayoutError, MAX_RANK, Strided};
