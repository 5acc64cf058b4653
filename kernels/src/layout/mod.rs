//! Elements moved to other places: transposes, slices, paddings and repetitions are one walk over the result with other
//! steps in the operand.

mod cast;
mod pad;
#[cfg(test)]
mod pad_tests;
mod plan;
mod run;
#[cfg(test)]
mod tests;

pub use cast::{to_f32, to_i32};
pub use pad::{PadError, PadMode, PadPlan, pad};
pub use plan::{CopyPlan, dense_steps};
pub use run::copy;
