//! What can go wrong between a description of a network and its result.

/// Why a graph could not be built, compiled or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A weight that a layer needs is not in the checkpoint.
    #[error(
        "{file}: tensor `{name}` is missing (is this another architecture, or an incomplete file?)"
    )]
    MissingWeight {
        /// The checkpoint.
        file: String,
        /// The tensor's name in it.
        name: String,
    },

    /// A weight has another shape than its layer needs.
    #[error(
        "{file}: tensor `{name}` has shape {found:?}, the network needs {needed:?} (is this another variant?)"
    )]
    WeightShape {
        /// The checkpoint.
        file: String,
        /// The tensor's name in it.
        name: String,
        /// Its shape there.
        found: Vec<usize>,
        /// The shape that the layer needs.
        needed: Vec<usize>,
    },

    /// A weight could not be read.
    #[error("reading weights: {0}")]
    Weight(Box<dyn std::error::Error + Send + Sync>),

    /// Operands that do not fit each other: the network's description or its input size is wrong.
    #[error("{op}: {what}")]
    Shape {
        /// The operation that was described.
        op: &'static str,
        /// What does not fit.
        what: String,
    },

    /// The executor cannot do this.
    #[error("{executor} cannot run {what}")]
    Unsupported {
        /// The executor that was asked.
        executor: &'static str,
        /// The operation or option.
        what: String,
    },

    /// A tensor was handed in that the program does not expect.
    #[error("input `{name}` has {found} values, the compiled network takes {needed}")]
    Input {
        /// The input's name.
        name: String,
        /// Values handed in.
        found: usize,
        /// Values needed.
        needed: usize,
    },

    /// There is no input or output of this name.
    #[error("the compiled network has no {what} (it has {has})")]
    NoSuchName {
        /// What was asked for.
        what: String,
        /// What there is.
        has: String,
    },

    /// The instruction set that `OCELLI_ISA` names is not to be had.
    #[error(transparent)]
    Isa(#[from] ocelli_kernels::isa::IsaError),

    /// A device is not there or cannot be used.
    #[error("{device}: {what}")]
    Device {
        /// The device that was asked for.
        device: String,
        /// Why not.
        what: String,
    },

    /// The executor's library failed.
    #[error("{executor}: {cause}")]
    Backend {
        /// The executor.
        executor: &'static str,
        /// What its library said.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;
