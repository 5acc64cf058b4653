use std::path::PathBuf;

/// What can go wrong between a picture and a prediction; each variant says whose fault it is.
#[derive(Debug, thiserror::Error)]
pub enum VisionError {
    /// The pixel buffer handed in does not have the length its size asks for.
    #[error(
        "image: {found} bytes given for {width}x{height} pixels of {channels} channels, which \
         take {expected}; pass tightly packed rows"
    )]
    WrongLength {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Bytes per pixel.
        channels: usize,
        /// Bytes needed.
        expected: usize,
        /// Bytes given.
        found: usize,
    },

    /// A picture or a requested size without pixels.
    #[error("image: {width}x{height} has no pixels; both sides must be at least 1")]
    Empty {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },

    /// A picture beyond the limits of [`DecodeOptions`](crate::DecodeOptions), or a size beyond
    /// what this crate will allocate.
    #[error(
        "image: {width}x{height} is over the limit of {limit} pixels; raise it if you trust the source"
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Pixels allowed.
        limit: usize,
    },

    /// The bytes are no picture of a supported format, or a damaged one.
    #[error("image: {origin} cannot be decoded: {reason}")]
    Decode {
        /// The file's path, or "bytes in memory".
        origin: String,
        /// What the decoder said.
        reason: String,
    },

    /// A picture cannot be written in the format that the file's name asks for.
    #[error("image: {} cannot be encoded: {reason}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// What the encoder said.
        reason: String,
    },

    /// A file cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: std::io::Error,
    },

    /// An `inference_config.json` or another description is malformed.
    #[error("{what}: {reason}")]
    BadConfig {
        /// Which document and which part of it.
        what: String,
        /// What is wrong with it.
        reason: String,
    },

    /// A description asks for something that is not implemented.
    #[error("{what}: {detail} is not supported")]
    Unsupported {
        /// Which document or stage.
        what: String,
        /// The thing asked for.
        detail: String,
    },

    /// An argument of a call is out of its range.
    #[error("argument {name}: {reason}")]
    BadArgument {
        /// The argument's name.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// A tensor does not have the shape a stage needs.
    #[error("{what}: tensor has shape {found:?}, needed {expected}")]
    BadShape {
        /// The tensor's name or role.
        what: String,
        /// The shape found.
        found: Vec<usize>,
        /// The shape needed, in words.
        expected: String,
    },

    /// A run-length encoded mask is malformed.
    #[error("mask: run-length encoding {reason}")]
    BadRle {
        /// What is wrong with it.
        reason: String,
    },

    /// The model's own error, from compiling or running its network.
    #[error("model: {0}")]
    Model(Box<dyn std::error::Error + Send + Sync>),
}

impl VisionError {
    /// Wraps a model's own error.
    pub fn model(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Model(error.into())
    }

    pub(crate) fn argument(name: &'static str, reason: impl Into<String>) -> Self {
        Self::BadArgument { name, reason: reason.into() }
    }

    pub(crate) fn rle(reason: impl Into<String>) -> Self {
        Self::BadRle { reason: reason.into() }
    }

    pub(crate) fn shape(what: impl Into<String>, found: &[usize], expected: &str) -> Self {
        Self::BadShape { what: what.into(), found: found.to_vec(), expected: expected.to_owned() }
    }
}

/// A result with this crate's error.
pub type Result<T, E = VisionError> = std::result::Result<T, E>;
