//! Files that are no checkpoints say what they are.

use super::{assert_refused, kind};
use ocelli_converters::StateDict;

#[test]
fn foreign_files_are_recognised() {
    let tar = [&[b'x'; 257][..], b"ustar\x0000"].concat();
    let cases: &[(&[u8], &str)] = &[
        (b"", "an empty file"),
        (&[0; 64], "nothing but zero bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE html><html><body>404</body>", "an HTML page"),
        (b"<HTML><head>", "an HTML page"),
        (b"<?xml version=\"1.0\"?>", "an XML file"),
        (b"{\"metadata\": {}, \"weight_map\": {}}", "index of a checkpoint in several files"),
        (b"Entry not found", "a text file"),
        (b"\x08\x01\x12\x95\x01\x0a\x05Const saved_model", "a TensorFlow saved model"),
        (b"\x0a\x0f\x0a\x01x\x12\x05Const* 123456", "a TensorFlow graph"),
        (b"\x08\x05\x12\x03\x0a\x01x\xa2\x1f\x02\x08\x01", "a file of unknown kind"),
        (b"\x1c\0\0\0TFL3", "a TensorFlow Lite model"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"GGUF\x03\0\0\0", "a GGUF language model"),
        (b"\x1f\x8b\x08", "a gzip-compressed file"),
        (&tar, "a tar archive"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"\x00\x01\x02\xfe", "a file of unknown kind"),
    ];
    for (bytes, says) in cases {
        assert_refused(bytes.to_vec(), "not a checkpoint", says);
    }
}

#[test]
fn onnx_models_are_told_from_other_protocol_buffers() {
    let cases: &[&[u8]] = &[
        b"\x08\x08\x12\x07pytorch\x1a\x052.1.0",
        b"\x08\x08\x3a\xff\x0fcut short",
        b"\x12\x07pytorch\x08\x08",
    ];
    for bytes in cases {
        assert_refused(bytes.to_vec(), "corrupt", "damaged at byte");
    }
}

#[test]
fn a_folder_and_an_absent_file_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = StateDict::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("a folder"), "{error}");
    let error = StateDict::open(folder.path().join("absent.pth")).unwrap_err();
    assert_eq!(kind(&error), "io", "{error}");
    assert!(error.to_string().contains("absent.pth"), "{error}");
}
