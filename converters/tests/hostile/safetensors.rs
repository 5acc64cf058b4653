//! safetensors files with headers that lie.

use super::{assert_refused, open};

fn file(header: &str, data: usize) -> Vec<u8> {
    let len = (header.len() as u64).to_le_bytes();
    [&len[..], header.as_bytes(), &vec![0; data]].concat()
}

#[test]
fn a_sound_file_is_read() {
    let header = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    assert_eq!(open(file(header, 8)).unwrap().tensor("a").unwrap().to_f32().unwrap().len(), 2);
}

#[test]
fn lying_headers_are_refused() {
    let entry = |dtype: &str, shape: &str, offsets: &str| {
        format!(r#"{{"a":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    let overlap = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#;
    let cases = [
        overlap.to_owned(),
        entry("F32", "[2]", "[0,4]"),
        entry("F32", "[2]", "[8,0]"),
        entry("F32", "[2]", "[0,18446744073709551615]"),
        entry("F32", "[4294967296,4294967296,4294967296]", "[0,8]"),
        entry("F32", "[-1]", "[0,8]"),
        entry("F99", "[2]", "[0,8]"),
        entry("F32", "[3]", "[0,12]"),
        "{\"a\":".to_owned(),
        "{\"a\":null}".to_owned(),
    ];
    for header in cases {
        assert_refused(file(&header, 8), "corrupt", "the safetensors header");
    }
}

#[test]
fn sub_byte_types_are_unsupported() {
    let header = r#"{"a":{"dtype":"F4","shape":[16],"data_offsets":[0,8]}}"#;
    assert_refused(file(header, 8), "unsupported", "element type F4");
}

#[test]
fn a_header_past_the_end_tells_of_a_broken_download() {
    let mut bytes = file("{}", 0);
    bytes[0] = 200;
    assert_refused(bytes, "corrupt", "ends within its header of 200");
}
