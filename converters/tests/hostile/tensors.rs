//! Tensors that do not fit their storages.

use super::build::{checkpoint, int, ints, storage, tensor, text, weights};
use super::{assert_refused, kind, open};

fn floats() -> Vec<u8> {
    storage("FloatStorage", "0", 4)
}

fn one(value: &[u8]) -> Vec<u8> {
    checkpoint(&weights(value))
}

#[test]
fn views_must_lie_inside_their_storage() {
    const HUGE: i64 = i64::MAX;
    let cases: &[(i64, &[i64], &[i64], &str)] = &[
        (0, &[5], &[1], "leave its storage"),
        (1, &[4], &[1], "leave its storage"),
        (HUGE, &[1], &[1], "leave its storage"),
        (0, &[2, 2], &[3, 2], "leave its storage"),
        (0, &[2], &[HUGE], "leave its storage"),
        (0, &[3], &[HUGE], "leave its storage"),
        (0, &[HUGE, 2], &[0, 0], "extents overflow"),
        (0, &[1 << 40, 1 << 40], &[0, 0], "extents overflow"),
        (0, &[2, 2], &[1], "another number of strides"),
        (-1, &[1], &[1], "no extent"),
        (0, &[-1], &[1], "no extent"),
        (0, &[1], &[-1], "no extent"),
    ];
    for &(offset, size, stride, says) in cases {
        let value = tensor(floats(), int(offset), ints(size), ints(stride));
        assert_refused(one(&value), "corrupt", says);
    }
}

#[test]
fn odd_shapes_that_fit_are_read() {
    let cases: &[(i64, &[i64], &[i64], usize)] = &[
        (3, &[], &[], 1),
        (0, &[0, i64::MAX, i64::MAX], &[1, 1, 1], 0),
        (i64::MAX, &[0], &[1], 0),
        (0, &[2, 3], &[0, 1], 6),
        (0, &[1, 4], &[999, 1], 4),
    ];
    for &(offset, size, stride, count) in cases {
        let value = tensor(floats(), int(offset), ints(size), ints(stride));
        let weights = open(one(&value)).unwrap();
        assert_eq!(weights.tensor("w").unwrap().to_f32().unwrap().len(), count, "{size:?}");
    }
}

#[test]
fn a_huge_repeating_view_opens_and_is_refused_when_read() {
    let value = tensor(floats(), int(0), ints(&[1 << 40]), ints(&[0]));
    let weights = open(one(&value)).unwrap();
    let error = weights.tensor("w").unwrap().to_f32().unwrap_err();
    assert_eq!(kind(&error), "limit", "{error}");
    assert!(error.to_string().contains("tensor `w`"), "{error}");
}

#[test]
fn arguments_of_wrong_types_are_refused() {
    let shape = || ints(&[1]);
    let cases = [
        tensor(b"N".to_vec(), int(0), shape(), shape()),
        tensor(floats(), text("0"), shape(), shape()),
        tensor(floats(), int(0), int(1), shape()),
        tensor(floats(), int(0), shape(), b"N".to_vec()),
        tensor(floats(), int(0), ints(&[1; 65]), ints(&[1; 65])),
        b"ctorch._utils\n_rebuild_tensor_v2\n)R".to_vec(),
        b"ctorch._utils\n_rebuild_parameter\n)R".to_vec(),
        b"ctorch._tensor\n_rebuild_from_type_v2\n)R".to_vec(),
        storage("NoStorage", "0", 4),
        storage("FloatStorage", "0", -4),
        storage("FloatStorage", "0", i64::MAX),
        storage("FloatStorage", "0", 5),
        storage("FloatStorage", "7", 4),
        storage("FloatStorage", "../../../etc/passwd", 4),
    ];
    for value in cases {
        let error = open(one(&value)).unwrap_err();
        assert_eq!(kind(&error), "corrupt", "{error}");
    }
}

#[test]
fn quantized_tensors_are_unsupported_and_not_wrong() {
    let quantized = tensor(storage("QInt8Storage", "0", 16), int(0), ints(&[4]), ints(&[1]));
    let weights = open(one(&quantized)).unwrap();
    let error = weights.tensor("w").unwrap().to_f32().unwrap_err();
    assert_eq!(kind(&error), "unsupported", "{error}");
}
