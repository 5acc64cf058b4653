use super::*;
use crate::testing::{assert_close, everywhere, golden, spread, values};
use crate::{Activation, Context, Image, ImageMut, Rows, RowsMut};

const TOLERANCE: f32 = 2e-6;
/// The inputs have a mean of a hundred times their deviation, and a mean is rounded to single precision.
const LARGE_MEAN_TOLERANCE: f32 = 1e-5;

/// Runs `norm` on spread rows and returns dense ones, after checking that the gaps are as they were.
fn on_rows(
    ctx: Context,
    x: &[f32],
    width: usize,
    norm: impl Fn(Context, Rows, RowsMut),
) -> Vec<f32> {
    let x = spread(x, width, width + 3, f32::NAN);
    let mut out = spread(&vec![0.0; x.len() / (width + 3) * width + width], width, width + 2, -7.0);
    let extents = [out.len().div_ceil(width + 2), width];
    let rows = Rows::new(&x, extents, width + 3);
    norm(ctx, rows, RowsMut::new(&mut out, extents, width + 2));
    let (rows, gaps): (Vec<&[f32]>, Vec<&[f32]>) =
        out.chunks(width + 2).map(|row| row.split_at(width)).unzip();
    assert!(gaps.concat().iter().all(|&gap| gap == -7.0));
    rows.concat()
}

#[test]
fn rows_are_normalised_as_by_pytorch() {
    for width in [1, 19, 64] {
        let x: Vec<f32> = values(10, 5 * width).iter().map(|x| x * 3.0 + 100.0).collect();
        let residual = values(11, 5 * width);
        let (weight, bias) = (values(12, width), values(13, width));
        let (weight, bias) = (Some(&weight[..]), Some(&bias[..]));
        let with = LayerNorm { weight, bias, eps: 1e-5 };
        let plain = LayerNorm { weight: None, bias: None, eps: 1e-6 };
        everywhere(|ctx| {
            let check = |name: &str, tolerance, norm: &dyn Fn(Context, Rows, RowsMut)| {
                let found = on_rows(ctx, &x, width, norm);
                assert_close(&found, &golden("norm", &format!("{name} {width}")), tolerance, name);
            };
            let residual = Some(Rows::dense(&residual, width));
            let large = LARGE_MEAN_TOLERANCE;
            check("layer", large, &|ctx, x, out| layer_norm(ctx, &with, x, None, out));
            check("layer plain", large, &|ctx, x, out| layer_norm(ctx, &plain, x, None, out));
            check("layer residual", large, &|ctx, x, out| layer_norm(ctx, &with, x, residual, out));
            check("rms", TOLERANCE, &|ctx, x, out| rms_norm(ctx, weight, 1e-6, x, out));
            check("l2", TOLERANCE, &|ctx, x, out| l2_normalize(ctx, 1e-12, x, out));
        });
    }
}

#[test]
fn groups_are_normalised_as_by_pytorch() {
    for (groups, c) in [(1, 6), (3, 6), (6, 6), (2, 40)] {
        let x: Vec<f32> = values(14, 30 * c).iter().map(|x| x + 10.0).collect();
        let (weight, bias) = (values(12, c), values(13, c));
        let norm = GroupNorm { groups, weight: Some(&weight), bias: Some(&bias), eps: 1e-5 };
        everywhere(|ctx| {
            let mut out = vec![0.0; x.len()];
            let shape = [2, 5, 3, c];
            group_norm(ctx, &norm, Image::dense(&x, shape), ImageMut::dense(&mut out, shape));
            let expected = golden("norm", &format!("group {groups} {c}"));
            assert_close(&out, &expected, LARGE_MEAN_TOLERANCE, &format!("{groups} groups of {c}"));
        });
    }
}

#[test]
fn wide_and_many_groups() {
    for (groups, c) in [(1, 600), (2, 600), (40, 320), (300, 300)] {
        let (pixels, channels) = (70, c / groups);
        let x: Vec<f32> = values(15, pixels * (c + 3)).iter().map(|x| x * 2.0 + 5.0).collect();
        let element = |pixel: usize, channel: usize| f64::from(x[pixel * (c + 3) + channel]);
        let mut expected = vec![0.0; pixels * c];
        for group in 0..groups {
            let all =
                || (0..pixels).flat_map(|p| (0..channels).map(move |i| (p, group * channels + i)));
            let count = (pixels * channels) as f64;
            let mean = all().map(|(p, i)| element(p, i)).sum::<f64>() / count;
            let variance = all().map(|(p, i)| (element(p, i) - mean).powi(2)).sum::<f64>() / count;
            for (p, i) in all() {
                expected[p * c + i] = ((element(p, i) - mean) / (variance + 1e-5).sqrt()) as f32;
            }
        }
        let norm = GroupNorm { groups, weight: None, bias: None, eps: 1e-5 };
        everywhere(|ctx| {
            let mut out = vec![0.0; pixels * c];
            let from = Image::new(&x, [1, 7, 10, c], c + 3);
            group_norm(ctx, &norm, from, ImageMut::dense(&mut out, [1, 7, 10, c]));
            assert_close(&out, &expected, TOLERANCE, &format!("{groups} groups of {c}"));
        });
    }
}

#[test]
fn scale_and_shift_per_channel() {
    let (x, scale, shift) = (values(1, 7 * 21), values(2, 21), values(3, 21));
    let expected: Vec<f32> =
        (0..x.len()).map(|i| (x[i] * scale[i % 21] + shift[i % 21]).max(0.0)).collect();
    everywhere(|ctx| {
        let found = on_rows(ctx, &x, 21, |ctx, x, out| {
            scale_shift(ctx, &scale, &shift, Activation::Relu, x, out);
        });
        assert_close(&found, &expected, TOLERANCE, "scale and shift");
    });
}
