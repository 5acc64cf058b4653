//! Pickles and archives, byte by byte.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A pickle of protocol 2 with `body` between its header and its end.
pub(crate) fn pickle(body: &[u8]) -> Vec<u8> {
    [b"\x80\x02", body, b"."].concat()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

pub(crate) fn int(value: i64) -> Vec<u8> {
    [b"\x8a\x08", &value.to_le_bytes()[..]].concat()
}

fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", items.concat().as_slice(), b"t"].concat()
}

pub(crate) fn ints(values: &[i64]) -> Vec<u8> {
    tuple(&values.iter().copied().map(int).collect::<Vec<_>>())
}

/// The persistent id of a storage.
pub(crate) fn storage(class: &str, key: &str, elements: i64) -> Vec<u8> {
    let class = format!("ctorch\n{class}\n").into_bytes();
    [tuple(&[text("storage"), class, text(key), text("cpu"), int(elements)]), b"Q".to_vec()]
        .concat()
}

/// The call that rebuilds a tensor.
pub(crate) fn tensor(storage: Vec<u8>, offset: Vec<u8>, size: Vec<u8>, stride: Vec<u8>) -> Vec<u8> {
    let args = tuple(&[storage, offset, size, stride, b"\x89".to_vec(), b"}".to_vec()]);
    [b"ctorch._utils\n_rebuild_tensor_v2\n", args.as_slice(), b"R"].concat()
}

/// `{"w": value}`
pub(crate) fn weights(value: &[u8]) -> Vec<u8> {
    pickle(&[b"}", text("w").as_slice(), value, b"s"].concat())
}

pub(crate) fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// An archive as `torch.save` makes it, with one storage of 4 floats.
pub(crate) fn checkpoint(pickle: &[u8]) -> Vec<u8> {
    archive(&[("a/data.pkl", pickle), ("a/data/0", &[0; 16])], CompressionMethod::Stored)
}

/// Replaces every occurrence of `from` by `to` of the same length.
pub(crate) fn patch(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let places = bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from);
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + from.len()].copy_from_slice(to);
    }
    bytes
}
