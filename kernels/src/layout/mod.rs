//! Elements moved to other places: transposes, slices, paddings and repetitions are one walk over the result with other
//! steps in the operand.

mod plan;
mod run;
#[cfg(test)]
mod tests;

pub use plan::{CopyPlan, dense_steps};
pub use run::copy;
