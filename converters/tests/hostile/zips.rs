//! Archives that lie about their entries.

use std::io::{Cursor, Write};

use super::build::{archive, checkpoint, int, ints, patch, pickle, storage, tensor, weights};
use super::{assert_refused, kind, open};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn four_floats() -> Vec<u8> {
    let storage = storage("FloatStorage", "0", 4);
    weights(&tensor(storage, int(0), ints(&[4]), ints(&[1])))
}

#[test]
fn archives_without_a_checkpoint_say_what_they_are() {
    let cases = [
        ("x.npy", "a NumPy archive"),
        ("a/model.json", "before PyTorch 1.1"),
        ("a/deep/data.pkl", "without `data.pkl`"),
        ("model.weights.h5", "a Keras model"),
        ("a/archive_format", "an exported PyTorch program"),
    ];
    for (name, says) in cases {
        let bytes = archive(&[(name, b"x")], CompressionMethod::Stored);
        assert_refused(bytes, "not a checkpoint", says);
    }
    assert_refused(archive(&[], CompressionMethod::Stored), "not a checkpoint", "zip archive");
}

#[test]
fn entries_outside_the_folder_are_never_looked_at() {
    let pickle = four_floats();
    let entries = [
        ("a/data.pkl", pickle.as_slice()),
        ("a/data/0", &[0; 16]),
        ("../../evil", b"x"),
        ("/etc/passwd", b"x"),
    ];
    let weights = open(archive(&entries, CompressionMethod::Stored)).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["w"]);
}

#[test]
fn a_name_may_occur_once() {
    let pickle = four_floats();
    let entries =
        [("a/data.pkl", pickle.as_slice()), ("a/data/0", &[0; 16]), ("a/data/1", &[1; 16])];
    let bytes = archive(&entries, CompressionMethod::Stored);
    assert_refused(patch(bytes, b"a/data/1", b"a/data/0"), "corrupt", "a name occurs twice");
}

#[test]
fn a_cut_archive_is_named_as_such() {
    let bytes = checkpoint(&four_floats());
    assert_refused(bytes[..bytes.len() / 2].to_vec(), "corrupt", "cut short");
}

#[test]
fn a_missing_local_header_is_found_when_the_tensor_is_read() {
    let bytes = checkpoint(&four_floats());
    let place = bytes.windows(8).position(|window| window == b"a/data/0").unwrap() - 30;
    let mut damaged = bytes.clone();
    damaged[place] = b'X';
    let weights = open(damaged).unwrap();
    let error = weights.tensor("w").unwrap().bytes().unwrap_err();
    assert_eq!(kind(&error), "corrupt", "{error}");
    assert!(error.to_string().contains("`a/data/0`"), "{error}");
    assert_eq!(open(bytes).unwrap().tensor("w").unwrap().to_f32().unwrap().len(), 4);
}

#[test]
fn a_wrong_checksum_of_a_deflated_entry_is_found() {
    let (pickle, data) = (four_floats(), [7; 16]);
    let entries = [("a/data.pkl", pickle.as_slice()), ("a/data/0", &data)];
    let bytes = archive(&entries, CompressionMethod::Deflated);
    let crc = checksum(&data);
    let wrong = patch(bytes, &crc.to_le_bytes(), &(crc ^ 1).to_le_bytes());
    let error = open(wrong).unwrap().tensor("w").unwrap().bytes().unwrap_err();
    assert_eq!(kind(&error), "corrupt", "{error}");
}

/// The checksum of zip, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    })
}

#[test]
fn an_unknown_byte_order_is_refused() {
    let pickle = four_floats();
    let entries =
        [("a/data.pkl", pickle.as_slice()), ("a/data/0", &[0; 16]), ("a/byteorder", b"pdp")];
    assert_refused(archive(&entries, CompressionMethod::Stored), "corrupt", "`byteorder`");
}

#[test]
fn a_deflate_bomb_is_refused_at_its_announcement() {
    const CHUNK: usize = 1 << 20;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    writer.start_file("a/data.pkl", options).unwrap();
    writer.write_all(&pickle(b"}")).unwrap();
    writer.start_file("a/data/0", options).unwrap();
    let zeros = vec![0; CHUNK];
    for _ in 0..300 {
        writer.write_all(&zeros).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    assert!(bytes.len() < 4 * CHUNK);
    assert_refused(bytes, "limit", "the inflated size of the archive");
}

#[test]
fn an_entry_cannot_inflate_past_or_short_of_its_announcement() {
    let (pickle, data) = (four_floats(), [0; 0x1234]);
    let entries = [("a/data.pkl", pickle.as_slice()), ("a/data/0", &data)];
    let bytes = archive(&entries, CompressionMethod::Deflated);
    for announced in [0x1233_u32, 0x1235, 0x10] {
        let lying = patch(bytes.clone(), &0x1234_u32.to_le_bytes(), &announced.to_le_bytes());
        let error = open(lying).unwrap().tensor("w").unwrap().bytes().unwrap_err();
        assert_eq!(kind(&error), "corrupt", "{announced}: {error}");
    }
    let lying = patch(bytes, &0x1234_u32.to_le_bytes(), &0x7fff_ffff_u32.to_le_bytes());
    assert_refused(lying, "corrupt", "its size is impossible");
}
