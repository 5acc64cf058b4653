//! What can be wrong with a checkpoint, whose fault it is, and what to do next.

use std::path::PathBuf;

/// Why a checkpoint, or a tensor of it, cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused; nothing is said about the content.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file is something else than a checkpoint.
    #[error("{file}: not a checkpoint but {found}; {hint}")]
    NotACheckpoint {
        /// The file.
        file: String,
        /// What its first bytes look like.
        found: String,
        /// What to do next.
        hint: String,
    },
    /// The file is a checkpoint of a known kind and breaks that kind's rules.
    #[error(
        "{file}: damaged at {place}: {what} (download it again, or save it again where it opens)"
    )]
    Corrupt {
        /// The file.
        file: String,
        /// Where in the file: an entry, an offset, a tensor.
        place: String,
        /// What was found.
        what: String,
    },
    /// The file may be in order; this reader does not know that part of it.
    #[error("{file}: {what} is not supported; {hint}")]
    Unsupported {
        /// The file.
        file: String,
        /// What is not supported.
        what: String,
        /// What to do next.
        hint: String,
    },
    /// The file asks for more memory, depth or entries than a checkpoint of its size can need.
    #[error("{file}: {what} passes the limit of {limit}; no trained checkpoint needs that")]
    Limit {
        /// The file.
        file: String,
        /// What passed the limit.
        what: String,
        /// The limit, in the unit that `what` names.
        limit: u64,
    },
    /// A tensor that was asked for by name is not there.
    #[error("{file}: no tensor `{name}`{hint}")]
    MissingTensor {
        /// The file.
        file: String,
        /// The name asked for.
        name: String,
        /// The nearest name that exists, or how many there are.
        hint: String,
    },
    /// Tensors given by the caller contradict themselves: the calling code is at fault.
    #[error("{file}: tensor `{name}` given to be stored is wrong: {what}")]
    BadTensor {
        /// The file or name it was meant for.
        file: String,
        /// The tensor.
        name: String,
        /// The contradiction.
        what: String,
    },
}

/// An error of a parser that does not know its file's name yet.
#[derive(Debug)]
pub(crate) enum Fault {
    Corrupt { place: String, what: String },
    Unsupported { what: String, hint: String },
    Limit { what: String, limit: u64 },
}

impl Fault {
    pub(crate) fn corrupt(place: impl Into<String>, what: impl Into<String>) -> Self {
        Fault::Corrupt { place: place.into(), what: what.into() }
    }

    pub(crate) fn unsupported(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Fault::Unsupported { what: what.into(), hint: hint.into() }
    }

    pub(crate) fn limit(what: impl Into<String>, limit: u64) -> Self {
        Fault::Limit { what: what.into(), limit }
    }

    pub(crate) fn in_file(self, file: &str) -> Error {
        let file = file.to_owned();
        match self {
            Fault::Corrupt { place, what } => Error::Corrupt { file, place, what },
            Fault::Unsupported { what, hint } => Error::Unsupported { file, what, hint },
            Fault::Limit { what, limit } => Error::Limit { file, what, limit },
        }
    }
}
