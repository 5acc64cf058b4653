//! One file per checkpoint format. Each turns bytes into tensors and the values beside them.

pub(crate) mod onnx;
pub(crate) mod safetensors;
pub(crate) mod torch_legacy;
pub(crate) mod torch_zip;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::Fault;
use crate::names::Named;
use crate::source::Source;
use crate::{Error, Format, Value, sniff};

/// What a reader found.
pub(crate) struct Content {
    pub(crate) format: Format,
    pub(crate) root: Value,
    pub(crate) named: Named,
    /// Texts saved beside a module, by name.
    pub(crate) extra: HashMap<String, String>,
}

impl Content {
    /// Without texts beside.
    pub(crate) fn new(format: Format, root: Value, named: Named) -> Content {
        Content { format, root, named, extra: HashMap::new() }
    }
}

/// Reads `source` by its content; `file` names it in errors, `path` is where it lies unless it is
/// in memory alone.
pub(crate) fn read(
    source: &Source,
    file: &Arc<str>,
    path: Option<&Path>,
) -> Result<Content, Error> {
    let content: Result<Content, Fault> = match sniff::sniff(source, file)? {
        sniff::Kind::Safetensors => safetensors::read(source, file),
        sniff::Kind::Zip => return torch_zip::read(source, file),
        sniff::Kind::Onnx => return onnx::read(source, file, path),
        sniff::Kind::Pickle => torch_legacy::read(source, file),
    };
    content.map_err(|fault| fault.in_file(file))
}
