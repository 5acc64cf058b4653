//! safetensors: a JSON header, then one buffer.

use std::sync::Arc;

use safetensors::SafeTensors;
use safetensors::tensor::Metadata;

use super::Content;
use crate::error::Fault;
use crate::names::Named;
use crate::source::Source;
use crate::storage::{ByteOrder, Storage};
use crate::tensor::{Layout, Tensor, row_major};
use crate::value::{Dict, Value};
use crate::{DType, Format};

const LENGTH_BYTES: usize = 8;

pub(crate) fn read(source: &Source, file: &Arc<str>) -> Result<Content, Fault> {
    let (header, metadata) = SafeTensors::read_metadata(source).map_err(|error| {
        Fault::corrupt("the safetensors header", format!("{error}{}", truncated(source)))
    })?;
    let start = LENGTH_BYTES + header;
    let mut named = Named::default();
    for name in metadata.offset_keys() {
        let tensor = tensor(source, file, &metadata, &name, start)?;
        named.push(&name, &tensor, "");
    }
    Ok(Content::new(Format::Safetensors, root(&metadata), named))
}

fn tensor(
    source: &Source,
    file: &Arc<str>,
    metadata: &Metadata,
    name: &str,
    start: usize,
) -> Result<Tensor, Fault> {
    let wrong = |what: &str| Fault::corrupt(format!("tensor `{name}`"), what);
    let info = metadata.info(name).ok_or_else(|| wrong("it is not in the header"))?;
    let dtype = info.dtype.to_string();
    let dtype = DType::from_safetensors(&dtype).ok_or_else(|| {
        let what = format!("element type {dtype} of tensor `{name}`");
        Fault::unsupported(what, "convert it to a wider type where it was made")
    })?;
    let (first, last) = info.data_offsets;
    let storage = Storage::range(source, start + first..start + last, ByteOrder::Little)
        .ok_or_else(|| wrong("its data lies outside the file"))?;
    let strides = row_major(&info.shape).ok_or_else(|| wrong("its extents overflow"))?;
    let layout = Layout { dtype, shape: info.shape.clone(), strides, offset: 0 };
    Tensor::new(file, layout, Arc::new(storage))
}

/// The `__metadata__` texts as a dict, sorted by key since their order is not kept.
fn root(metadata: &Metadata) -> Value {
    let mut texts: Vec<_> = metadata.metadata().iter().flatten().collect();
    texts.sort();
    let text = |text: &String| Value::Str(text.as_str().into());
    let entries = texts.into_iter().map(|(key, value)| (text(key), text(value))).collect();
    Value::Dict(Arc::new(Dict { entries, attributes: Value::None }))
}

/// A remark for the most common damage: a download that broke off.
fn truncated(source: &Source) -> String {
    let header = source.first_chunk().map_or(0, |&length| u64::from_le_bytes(length));
    if header > source.len() as u64 {
        format!(", the file of {} bytes ends within its header of {header}", source.len())
    } else {
        format!(", the file has {} bytes", source.len())
    }
}
