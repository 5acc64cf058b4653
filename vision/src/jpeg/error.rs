/// Why a file is not decoded here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JpegError {
    /// A kind of JPEG that this decoder leaves to others.
    #[error("JPEG with {0}")]
    Unsupported(&'static str),
    /// The file contradicts itself or the format.
    #[error("the JPEG file is damaged: {0}")]
    Damaged(&'static str),
    /// The compressed data ends before the picture is whole.
    #[error("the compressed data ends before the picture does; fetch the file again")]
    Truncated,
}

pub(super) type Result<T> = std::result::Result<T, JpegError>;
