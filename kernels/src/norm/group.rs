//! Normalisation of groups of channels, channels last.

use super::affine::Affine;
use crate::Context;
use crate::image::{Image, ImageMut};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::Base;
use crate::vectors::first_lanes;

/// Parameters of a group normalisation.
#[derive(Clone, Copy, Debug)]
pub struct GroupNorm<'a> {
    /// How many groups the channels are divided into.
    pub groups: usize,
    /// Factor per channel.
    pub weight: Option<&'a [f32]>,
    /// Summand per channel.
    pub bias: Option<&'a [f32]>,
    /// Added to the variance.
    pub eps: f32,
}

/// Each group of channels of a picture less its mean, divided by its standard deviation, times weight plus bias.
///
/// One group is the layer normalisation of a whole picture, as many groups as channels the instance normalisation.
///
/// # Panics
/// When extents disagree, or the groups do not divide the channels.
pub fn group_norm(ctx: Context, norm: &GroupNorm, x: Image, out: ImageMut) {
    let shape = x.shape;
    x.check();
    let out = out.checked();
    assert_eq!(shape, out.shape);
    assert!(norm.groups > 0 && shape.c.is_multiple_of(norm.groups), "{} groups", norm.groups);
    let affine = Affine { weight: norm.weight, bias: norm.bias };
    affine.check(shape.c);
    let (pixels, channels) = (shape.h * shape.w, shape.c / norm.groups);
    if shape.pixels() * shape.c == 0 {
        return;
    }
    let (out, ld) = (Base(out.data.as_mut_ptr()), out.ld);
    ctx.pool.run(shape.n * norm.groups, &|i| {
        let (picture, at) = (i / norm.groups * pixels, i % norm.groups * channels);
        let from = &x.data[picture * x.ld + at..];
        // SAFETY: the group is within the picture, whose extent was checked.
        let out = unsafe { out.at(picture * ld + at) };
        let eps = norm.eps;
        dispatch(
            ctx.isa,
            Run { affine, eps, pixels, channels, at, x: (from, x.ld), out: (out, ld) },
        );
    });
}

/// One group of one picture; no other run writes to it.
struct Run<'a> {
    affine: Affine<'a>,
    eps: f32,
    pixels: usize,
    channels: usize,
    at: usize,
    x: (&'a [f32], usize),
    out: (*mut f32, usize),
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let count = (self.pixels * self.channels) as f64;
        let mean = (self.squares(s, 0.0, false) / count) as f32;
        let variance = self.squares(s, mean, true) / count;
        let scale = (1.0 / (variance + f64::from(self.eps)).sqrt()) as f32;
        for pixel in 0..self.pixels {
            let x = self.x.0[pixel * self.x.1..][..self.channels].as_ptr();
            // SAFETY: the output has the extent of the input, and its own distance of pixels.
            unsafe {
                let out = self.out.0.add(pixel * self.out.1);
                self.affine.write(s, (mean, scale), self.at, (x, out, self.channels));
            }
        }
    }
}

impl Run<'_> {
    /// The sum of `x - mean`, or of its square, over the group.
    #[inline(always)]
    fn squares<S: Simd>(&self, s: S, mean: f32, squared: bool) -> f64 {
        const PIXELS: usize = 64;
        let (x, ld) = self.x;
        let mean = s.splat(mean);
        let mut total = 0.0;
        for channel in (0..self.channels).step_by(S::LANES) {
            let lanes = first_lanes(s, (self.channels - channel).min(S::LANES));
            for block in (0..self.pixels).step_by(PIXELS) {
                let mut sum = s.zero();
                for pixel in block..(block + PIXELS).min(self.pixels) {
                    let from = &x[pixel * ld..][..self.channels][channel..];
                    let d = s.sub(s.load_partial(from), mean);
                    sum = if squared { s.mul_add(d, d, sum) } else { s.add(sum, d) };
                }
                total += f64::from(s.reduce_add(s.select(lanes, sum, s.zero())));
            }
        }
        total
    }
}
