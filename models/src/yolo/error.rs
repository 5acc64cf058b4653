//! What can be wrong with a list of layers.

/// Why a network could not be read from a yaml, or not be built from its layers.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The yaml lacks something, or says something else than it should.
    #[error("the model's yaml: `{key}`: {reason}")]
    Malformed {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// A line of the list is no line of a layer list.
    #[error("the model's yaml: layer {layer}: {reason}")]
    Line {
        /// The layer's number.
        layer: usize,
        /// What is wrong with it.
        reason: String,
    },

    /// There is no such module here.
    #[error(
        "layer {layer}: the module `{module}` is not known; export the model to ONNX, or ask for the module to be added"
    )]
    UnknownModule {
        /// The layer's number.
        layer: usize,
        /// The module's name.
        module: String,
    },

    /// A layer cannot be built.
    #[error("layer {layer} ({module}): {cause}")]
    Layer {
        /// The layer's number.
        layer: usize,
        /// The module's name.
        module: String,
        /// What is wrong with its arguments, its inputs or its weights.
        cause: Box<ocelli_engine::Error>,
    },
}

/// The result of reading and building networks.
pub(super) type Result<T, E = SpecError> = std::result::Result<T, E>;
