//! What the first bytes of a file say it is.

use crate::{Error, onnx};

/// Kinds that have a reader here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Safetensors,
    Zip,
    Pickle,
    Onnx,
}

/// The kind of `bytes`, or an error that says what they look like instead.
pub(crate) fn sniff(bytes: &[u8], file: &str) -> Result<Kind, Error> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Ok(Kind::Zip);
    }
    if bytes.get(8) == Some(&b'{') && header_len_is_plausible(bytes) {
        return Ok(Kind::Safetensors);
    }
    if let [0x80, 0..=5, ..] = bytes {
        return Ok(Kind::Pickle);
    }
    if OLD_PICKLES.iter().any(|start| bytes.starts_with(start)) && bytes.ends_with(b".") {
        return Ok(Kind::Pickle);
    }
    if onnx::is_model(bytes) {
        return Ok(Kind::Onnx);
    }
    let (found, hint) = foreign(bytes);
    Err(Error::NotACheckpoint { file: file.into(), found: found.into(), hint: hint.into() })
}

/// How dicts, lists and objects start in protocols 0 and 1, which have no signature.
const OLD_PICKLES: &[&[u8]] =
    &[b"(dp", b"(lp", b"}q\0", b"]q\0", b"ccopy_reg\n", b"ccollections\n"];

/// A safetensors header of under 100 MB starts with 4 zero bytes in the upper half of its length.
fn header_len_is_plausible(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, _, 0, 0, 0, 0, ..])
}

const CONVERT: &str = "give the PyTorch or safetensors checkpoint it was made from";
const DOWNLOAD: &str = "download the file itself";

/// (offset, bytes found there, what that is, what to do)
const SIGNATURES: &[(usize, &[u8], &str, &str)] = &[
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer: the repository was cloned without its large files",
        "run `git lfs pull` in the repository, or download the file itself",
    ),
    (0, b"GGUF", "a GGUF language model", CONVERT),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file (Keras)", CONVERT),
    (4, b"TFL3", "a TensorFlow Lite model", CONVERT),
    (0, b"\x93NUMPY", "a single NumPy array", CONVERT),
    (0, b"\x1f\x8b", "a gzip-compressed file", "unpack it first"),
    (0, b"BZh", "a bzip2-compressed file", "unpack it first"),
    (0, b"\xfd7zXZ\0", "an xz-compressed file", "unpack it first"),
    (0, b"7z\xbc\xaf", "a 7-Zip archive", "unpack it first"),
    (0, b"Rar!", "a RAR archive", "unpack it first"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard-compressed file", "unpack it first"),
    (
        257,
        b"ustar",
        "a tar archive (NeMo, or PyTorch before 0.2)",
        "unpack it and give the checkpoint inside, or save it again with a newer PyTorch",
    ),
    (0, b"\x89PNG", "a PNG picture", "give the checkpoint first and pictures after it"),
    (0, b"\xff\xd8\xff", "a JPEG picture", "give the checkpoint first and pictures after it"),
    (0, b"ptrt", "a TensorRT engine", CONVERT),
    (0, b"ftrt", "a TensorRT engine", CONVERT),
];

fn foreign(bytes: &[u8]) -> (&'static str, &'static str) {
    if bytes.is_empty() {
        return ("an empty file", "the download failed or the disk was full: fetch it again");
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return ("nothing but zero bytes", "the download or copy broke off: fetch it again");
    }
    for &(offset, signature, found, hint) in SIGNATURES {
        if bytes.get(offset..).is_some_and(|rest| rest.starts_with(signature)) {
            return (found, hint);
        }
    }
    text(bytes).or_else(|| protobuf(bytes)).unwrap_or((
        "a file of unknown kind",
        "checkpoints are PyTorch (.pth, .pt, .ckpt), safetensors or ONNX files",
    ))
}

fn text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let head = bytes[..bytes.len().min(64)].to_ascii_lowercase();
    if head.starts_with(b"<!doctype") || head.starts_with(b"<html") || head.starts_with(b"<head") {
        return Some((
            "an HTML page, probably the error or login page of a web site",
            "open the address in a browser to see what it says, then download the file itself",
        ));
    }
    if head.starts_with(b"<?xml") || head.starts_with(b"<net") {
        return Some(("an XML file (an OpenVINO model or a web error)", DOWNLOAD));
    }
    if head.starts_with(b"{") || head.starts_with(b"[") {
        return Some((
            "JSON text, perhaps the index of a checkpoint in several files",
            "give the file with the weights (`*.safetensors`, `*.bin`, `*.pth`)",
        ));
    }
    let printable = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    head.iter().all(printable).then_some(("a text file", DOWNLOAD))
}

/// Protocol buffers have no signature: a TensorFlow saved model starts with its schema version and
/// a graph.
fn protobuf(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0x08, 1, 0x12, ..] => Some(("a TensorFlow saved model", CONVERT)),
        [0x0a, ..] if contains(bytes, b"\x12\x05Const") || contains(bytes, b"Placeholder") => {
            Some(("a TensorFlow graph", CONVERT))
        }
        _ => None,
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(4096)];
    head.windows(needle.len()).any(|window| window == needle)
}
