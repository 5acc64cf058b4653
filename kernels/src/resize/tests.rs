use super::*;
use crate::testing::{assert_close, everywhere, golden, spread, values};
use crate::{Image, ImageMut};

const TOLERANCE: f32 = 2e-6;

const MODES: [(&str, Interpolation); 10] = [
    ("nearest", Interpolation::Nearest),
    ("nearest-exact", Interpolation::NearestExact),
    ("bilinear", Interpolation::Bilinear { align_corners: false }),
    ("bilinear aligned", Interpolation::Bilinear { align_corners: true }),
    ("bilinear antialias", Interpolation::BilinearAntialias { align_corners: false }),
    ("bilinear aligned antialias", Interpolation::BilinearAntialias { align_corners: true }),
    ("bicubic", Interpolation::Bicubic { align_corners: false }),
    ("bicubic aligned", Interpolation::Bicubic { align_corners: true }),
    ("bicubic antialias", Interpolation::BicubicAntialias { align_corners: false }),
    ("bicubic aligned antialias", Interpolation::BicubicAntialias { align_corners: true }),
];

/// Resizes two pictures of `c` channels, with gaps between the pixels, on all instruction sets.
fn check(options: &Resize, c: usize, x: &[f32], expected: &[f32], name: &str) {
    let ([h, w], [th, tw]) = (options.from, options.to);
    let plan = ResizePlan::new(options).unwrap();
    assert_eq!(plan.out_size(), options.to);
    everywhere(|ctx| {
        for gap in [0, 2] {
            let x = spread(x, c, c + gap, f32::NAN);
            let mut out = vec![-7.0; 2 * th * tw * (c + gap)];
            let mut scratch = vec![f32::NAN; plan.scratch_len(c, ctx.pool.threads())];
            let from = Image::new(&x, [2, h, w, c], c + gap);
            let to = ImageMut::new(&mut out, [2, th, tw, c], c + gap);
            resize(ctx, &plan, from, to, &mut scratch);
            assert!(out.chunks(c + gap).all(|pixel| pixel[c..].iter().all(|&x| x == -7.0)));
            let found: Vec<f32> =
                out.chunks(c + gap).flat_map(|pixel| &pixel[..c]).copied().collect();
            assert_close(&found, expected, TOLERANCE, &format!("{} {name}", ctx.isa));
        }
    });
}

#[test]
fn sizes_as_pytorch_makes_them() {
    for [h, w, th, tw] in [[5, 7, 9, 4], [7, 6, 3, 11], [4, 4, 4, 4], [11, 9, 2, 2], [3, 2, 7, 5]] {
        for (mode, interpolation) in MODES {
            let options = Resize { interpolation, from: [h, w], to: [th, tw], scale: None };
            let name = format!("{mode} {h}x{w} {th}x{tw}");
            check(&options, 3, &values(1, 2 * h * w * 3), &golden("resize", &name), &name);
        }
    }
}

#[test]
fn scales_as_pytorch_takes_them() {
    for scale in [0.6, 1.7] {
        for (mode, interpolation) in [MODES[0], MODES[1], MODES[2], MODES[6]] {
            let to = [7.0, 5.0].map(|size| (size * scale) as usize);
            let options = Resize { interpolation, from: [7, 5], to, scale: Some([scale; 2]) };
            let name = format!("{mode} scale {scale}");
            check(&options, 3, &values(1, 2 * 7 * 5 * 3), &golden("resize", &name), &name);
        }
    }
}

/// Channels do not meet: many channels are as many pictures.
#[test]
fn many_channels() {
    let c = 83;
    for (mode, interpolation) in MODES {
        let options = Resize { interpolation, from: [4, 3], to: [5, 7], scale: None };
        let plan = ResizePlan::new(&options).unwrap();
        let x = values(4, 2 * 12 * c);
        let mut expected = vec![0.0; 2 * 35 * c];
        for channel in 0..c {
            let one: Vec<f32> = x.iter().skip(channel).step_by(c).copied().collect();
            let (mut out, mut scratch) = (vec![0.0; 70], vec![0.0; 1000]);
            let pool = crate::Pool::new(1);
            let ctx = crate::Context { isa: crate::Isa::Scalar, pool: &pool };
            let to = ImageMut::dense(&mut out, [2, 5, 7, 1]);
            resize(ctx, &plan, Image::dense(&one, [2, 4, 3, 1]), to, &mut scratch);
            for (pixel, value) in out.into_iter().enumerate() {
                expected[pixel * c + channel] = value;
            }
        }
        check(&options, c, &x, &expected, mode);
    }
}

#[test]
fn impossible_sizes_are_refused() {
    let good =
        Resize { interpolation: Interpolation::Nearest, from: [2, 2], to: [3, 3], scale: None };
    assert!(ResizePlan::new(&good).is_ok());
    for bad in [
        Resize { from: [0, 2], ..good },
        Resize { to: [3, 0], ..good },
        Resize { scale: Some([0.0, 1.0]), ..good },
        Resize { scale: Some([1.0, f64::NAN]), ..good },
    ] {
        assert!(ResizePlan::new(&bad).is_err(), "{bad:?}");
    }
}
