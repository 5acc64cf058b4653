//! What the tests of the kernels share: inputs, contexts, goldens and comparison.

use std::fmt::Debug;
use std::ops::Range;

use crate::{Context, Isa, Pool};

/// Numbers in `-1..1` that depend on `seed` and their index; `tests/reference/kernels.py` makes the same.
pub(crate) fn values(seed: u32, count: usize) -> Vec<f32> {
    (0..count as u32)
        .map(|i| {
            let h = i.wrapping_add(seed.wrapping_mul(7919)).wrapping_mul(2_654_435_761);
            let h = (h ^ (h >> 15)).wrapping_mul(2_246_822_519);
            ((h ^ (h >> 13)) >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// A small generator, the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A number of `range`.
    pub(crate) fn of(&mut self, range: Range<usize>) -> usize {
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

/// The numbers rounded to bf16.
pub(crate) fn bf16_floats(floats: &[f32]) -> Vec<f32> {
    floats.iter().map(|&x| half::bf16::from_f32(x).to_f32()).collect()
}

/// Runs `test` on every instruction set with one, two and three threads.
pub(crate) fn everywhere(mut test: impl FnMut(Context)) {
    for threads in 1..4 {
        let pool = Pool::new(threads);
        for isa in Isa::available() {
            test(Context { isa, pool: &pool });
        }
    }
}

/// Runs `test` everywhere, `cases` times with random numbers that differ by case.
pub(crate) fn everywhere_at_random(cases: u64, mut test: impl FnMut(Context, &mut Random)) {
    everywhere(|ctx| {
        for case in 0..cases {
            test(ctx, &mut Random(case * 3 + ctx.pool.threads() as u64));
        }
    });
}

/// Checks `|found - expected| <= tolerance max(|expected|, 1)`, where not-a-number and infinities equal themselves.
#[track_caller]
pub(crate) fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let same = f == e || f.is_nan() && e.is_nan();
        let near = (f - e).abs() <= tolerance * e.abs().max(1.0);
        assert!(same || near, "{what}: [{i}] is {f}, expected {e}");
    }
}

/// Checks that every number is within `tolerance`, relative to the largest expected one.
#[track_caller]
pub(crate) fn assert_near(found: &[f32], expected: &[f64], tolerance: f64, what: &dyn Debug) {
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

/// Spreads dense rows of `width` to a distance of `ld`, with `fill` between them and no gap after the last.
pub(crate) fn spread(dense: &[f32], width: usize, ld: usize, fill: f32) -> Vec<f32> {
    let rows = dense.len() / width;
    let mut out = vec![fill; (rows - 1) * ld + width];
    for (from, to) in dense.chunks(width).zip(out.chunks_mut(ld)) {
        to[..width].copy_from_slice(from);
    }
    out
}

/// The result that PyTorch gives for the case `name`, as `tests/reference/kernels.py` stored it.
pub(crate) fn golden(file: &str, name: &str) -> Vec<f32> {
    let path = format!("{}/tests/goldens/{file}.safetensors", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).expect(&path);
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect(&path);
    let tensor = tensors.tensor(name).unwrap_or_else(|_| panic!("{path}: no {name}"));
    tensor.data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}
