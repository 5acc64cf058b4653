//! What every kernel is told: which instructions, which threads.

use crate::{Isa, Pool};

/// The instruction set and the threads that a kernel runs on.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Which instantiation runs.
    pub isa: Isa,
    /// Who runs the pieces.
    pub pool: &'a Pool,
}
