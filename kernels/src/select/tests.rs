use super::*;

#[test]
fn the_largest_come_first_and_equals_by_index() {
    let x = [1.0, 3.0, f32::NAN, 3.0, -1.0, 3.0, 0.0, 0.0, -0.0, 5.0, 5.0, f32::NEG_INFINITY];
    let (mut values, mut indices, mut scratch) = ([0.0; 6], [0; 6], [0; 6]);
    top_k(&x, 6, 3, (&mut values, &mut indices), &mut scratch);
    assert_eq!(indices, [2, 1, 3, 3, 4, 0]);
    assert!(values[0].is_nan());
    assert_eq!(values[1..], [3.0, 3.0, 5.0, 5.0, 0.0]);
    let mut best = [0; 2];
    arg_max(&x, 6, &mut best);
    assert_eq!(best, [2, 3]);
}

#[test]
fn all_elements_can_be_asked_for() {
    let x = [0.5, 2.0, 1.0];
    let (mut values, mut indices, mut scratch) = ([0.0; 3], [0; 3], [0; 3]);
    top_k(&x, 3, 3, (&mut values, &mut indices), &mut scratch);
    assert_eq!((indices, values), ([1, 2, 0], [2.0, 1.0, 0.5]));
}

#[test]
fn rows_outside_are_clamped() {
    let x: Vec<f32> = (0..12).map(|i| i as f32).collect();
    let mut out = [0.0; 8];
    gather_rows(&x, [2, 3, 2], &[2, -7, 1, 9], &mut out);
    assert_eq!(out, [4.0, 5.0, 0.0, 1.0, 8.0, 9.0, 10.0, 11.0]);
}
