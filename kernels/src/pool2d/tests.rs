use super::*;
use crate::Context;
use crate::testing::{assert_close, everywhere, golden, spread, values};

const TOLERANCE: f32 = 1e-6;
const SHAPE: [usize; 4] = [2, 9, 7, 5];

const CASES: [Pool2d; 7] = [
    pool(3, 2, 1, 1, false),
    pool(3, 2, 1, 1, true),
    pool(2, 2, 0, 1, false),
    pool(2, 2, 0, 1, true),
    pool(3, 1, 1, 2, false),
    pool(5, 1, 2, 1, false),
    pool(2, 3, 1, 1, true),
];

const fn pool(
    kernel: usize,
    stride: usize,
    pad: usize,
    dilation: usize,
    ceil_mode: bool,
) -> Pool2d {
    Pool2d {
        kernel: [kernel; 2],
        stride: [stride; 2],
        pad: [pad; 4],
        dilation: [dilation; 2],
        ceil_mode,
    }
}

fn name(pool: &Pool2d) -> String {
    let Pool2d { kernel: [k, _], stride: [s, _], pad: [p, ..], dilation: [d, _], ceil_mode } = pool;
    format!("k{k} s{s} p{p} d{d} ceil {}", u8::from(*ceil_mode))
}

/// Runs `pool` with gaps between the pixels on both sides.
fn with_gaps(ctx: Context, size: [usize; 2], pool: impl Fn(Context, Image, ImageMut)) -> Vec<f32> {
    let [n, h, w, c] = SHAPE;
    let x = spread(&values(2, n * h * w * c), c, c + 2, f32::NAN);
    let mut out = vec![-7.0; n * size[0] * size[1] * (c + 1)];
    let to = ImageMut::new(&mut out, [n, size[0], size[1], c], c + 1);
    pool(ctx, Image::new(&x, SHAPE, c + 2), to);
    assert!(out.chunks(c + 1).all(|pixel| pixel[c] == -7.0));
    out.chunks(c + 1).flat_map(|pixel| &pixel[..c]).copied().collect()
}

#[test]
fn windows_are_those_of_pytorch() {
    for pool in CASES {
        let (size, name) = (pool.out_size([9, 7]).unwrap(), name(&pool));
        everywhere(|ctx| {
            let found = with_gaps(ctx, size, |ctx, x, out| max_pool2d(ctx, &pool, x, out));
            assert_close(&found, &golden("pool2d", &format!("max {name}")), 0.0, &name);
            for include in [false, true] {
                if pool.dilation == [1, 1] {
                    let found =
                        with_gaps(ctx, size, |ctx, x, out| avg_pool2d(ctx, &pool, include, x, out));
                    let expected =
                        golden("pool2d", &format!("avg {name} include {}", u8::from(include)));
                    assert_close(&found, &expected, TOLERANCE, &name);
                }
            }
        });
    }
}

#[test]
fn adaptive_windows_are_those_of_pytorch() {
    for size in [[1, 1], [3, 2], [4, 7], [11, 3]] {
        let name = format!("adaptive {}x{}", size[0], size[1]);
        everywhere(|ctx| {
            let found = with_gaps(ctx, size, adaptive_avg_pool2d);
            assert_close(&found, &golden("pool2d", &name), TOLERANCE, &name);
        });
    }
}

#[test]
fn many_channels() {
    let x = values(1, 4 * 3 * 150);
    everywhere(|ctx| {
        let mut out = vec![0.0; 2 * 150];
        let pool = Pool2d { kernel: [2, 3], stride: [2, 3], ..Pool2d::new(1, 1) };
        let to = ImageMut::dense(&mut out, [1, 2, 1, 150]);
        max_pool2d(ctx, &pool, Image::dense(&x, [1, 4, 3, 150]), to);
        for (i, &found) in out.iter().enumerate() {
            let (y, c) = (i / 150, i % 150);
            let window = (0..6).map(|k| x[(y * 6 + k) * 150 + c]);
            assert_eq!(found, window.fold(f32::MIN, f32::max));
        }
    });
}

#[test]
fn not_a_number_is_the_largest() {
    let x = [0.0, f32::NAN, 1.0, 2.0];
    everywhere(|ctx| {
        let mut out = [0.0];
        let to = ImageMut::dense(&mut out, [1, 1, 1, 1]);
        max_pool2d(ctx, &Pool2d::new(2, 2), Image::dense(&x, [1, 2, 2, 1]), to);
        assert!(out[0].is_nan());
    });
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let cases = [
        (pool(3, 1, 0, 1, false), [2, 5]),
        (pool(2, 1, 2, 1, false), [5, 5]),
        (pool(2, 0, 0, 1, false), [5, 5]),
        (pool(0, 1, 0, 1, false), [5, 5]),
        (pool(1, 1, 0, 1, false), [0, 5]),
    ];
    for (pool, size) in cases {
        assert!(pool.out_size(size).is_err(), "{pool:?}");
    }
}
