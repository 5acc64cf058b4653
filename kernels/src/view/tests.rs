use super::*;

#[test]
fn the_last_row_needs_no_gap() {
    let data: Vec<f32> = (0..11).map(|i| i as f32).collect();
    let rows = Rows::new(&data, [3, 3], 4);
    assert_eq!(rows.row(2), [8.0, 9.0, 10.0]);
    assert_eq!(rows.part(1, 2).row(1), [8.0, 9.0, 10.0]);
    assert_eq!(rows.skip_columns(2).row(1), [6.0]);
}

#[test]
fn nothing_is_rows_too() {
    assert_eq!(Rows::dense(&[], 0).extents(), [0, 0]);
    assert_eq!(Rows::dense(&[], 5).extents(), [0, 5]);
    assert!(Rows::new(&[], [3, 0], 4).row(2).is_empty());
    assert_eq!(Rows::new(&[1.0; 3], [1, 3], 9).part(1, 0).rows(), 0);
}

#[test]
fn what_lies_between_rows_stays() {
    let mut data = [0.0; 7];
    let mut rows = RowsMut::new(&mut data, [2, 3], 4);
    rows.row_mut(0).fill(1.0);
    rows.row_mut(1).fill(2.0);
    assert_eq!(data, [1.0, 1.0, 1.0, 0.0, 2.0, 2.0, 2.0]);
}

#[test]
#[should_panic(expected = "hold no 3 rows")]
fn missing_floats_are_refused() {
    Rows::new(&[0.0; 10], [3, 3], 4);
}

#[test]
#[should_panic(expected = "hold no")]
fn extents_without_end_are_refused() {
    Rows::new(&[0.0; 10], [usize::MAX, 3], 4);
}

#[test]
#[should_panic(expected = "overlap")]
fn rows_to_write_do_not_overlap() {
    RowsMut::new(&mut [0.0; 10], [2, 3], 2);
}

#[test]
#[should_panic(expected = "row 2 of 2")]
fn there_is_no_row_behind_the_last() {
    Rows::new(&[0.0; 12], [2, 3], 4).row(2);
}
