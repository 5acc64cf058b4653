//! What the tests of kernels share: repeatable random numbers, and a comparison.

use crate::{Context, Isa, Pool};

/// A small generator, the same on every machine.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A number of `range`.
    pub(crate) fn of(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + self.next() as usize % range.len()
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    /// Numbers in `-1..1`.
    pub(crate) fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.next() % 2001) as f32 / 1000.0 - 1.0).collect()
    }
}

/// Calls `test` with every instruction set of this machine and one to three threads, with numbers that differ by case.
pub(crate) fn for_each_context(cases: u64, mut test: impl FnMut(Context, &mut Random)) {
    for threads in 1..=3 {
        let pool = Pool::new(threads);
        for isa in Isa::available() {
            for case in 0..cases {
                test(Context { isa, pool: &pool }, &mut Random(case * 3 + threads as u64));
            }
        }
    }
}

/// Checks that every number is within `tolerance`, relative to the largest expected one.
#[track_caller]
pub(crate) fn assert_close(
    found: &[f32],
    expected: &[f64],
    tolerance: f64,
    what: &dyn std::fmt::Debug,
) {
    assert_eq!(found.len(), expected.len(), "{what:?}");
    let largest = expected.iter().fold(1e-3, |m: f64, x| m.max(x.abs()));
    for (i, (&f, &e)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(f) - e).abs();
        assert!(error <= tolerance * largest, "{what:?}: element {i} is {f}, expected {e}");
    }
}

/// The columns of `rows` rows `ld` apart, one after the other; checks that the rest still is `rest`.
#[track_caller]
pub(crate) fn columns(data: &[f32], rows: usize, ld: usize, width: usize, rest: f32) -> Vec<f32> {
    let mut found = Vec::new();
    for (i, row) in data.chunks(ld).enumerate() {
        let width = if i < rows { width } else { 0 };
        found.extend_from_slice(&row[..width]);
        assert!(row[width..].iter().all(|x| x.to_bits() == rest.to_bits()), "row {i} overflows");
    }
    found
}
