//! Normalisation of groups of channels, channels last.

use std::ops::Range;

use super::affine::Affine;
use crate::simd::{Kernel, Simd, dispatch};
use crate::vectors::load_up_to;
use crate::{Context, Image, ImageMut, Rows};

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
    x.check();
    out.check();
    assert_eq!(x.shape(), out.shape());
    assert!(norm.groups > 0 && x.c.is_multiple_of(norm.groups), "{} groups", norm.groups);
    let affine = Affine { weight: norm.weight, bias: norm.bias };
    affine.check(x.c);
    if x.pixels.rows() * x.c == 0 {
        return;
    }
    let channels = x.c / norm.groups;
    let fair = (x.n * norm.groups).div_ceil(2 * ctx.pool.threads());
    let groups = (CHANNELS / channels).min(fair).max(1);
    let pieces = norm.groups.div_ceil(groups);
    let (out, ld) = (&out.pixels, out.pixels.ld());
    ctx.pool.run(x.n * pieces, &|i| {
        let (picture, first) = (i / pieces, i % pieces * groups);
        let end = (first + groups).min(norm.groups);
        let out = out.ptr().wrapping_add(picture * x.h * x.w * ld);
        let x = x.picture(picture);
        let (affine, eps) = (affine, norm.eps);
        dispatch(
            ctx.isa,
            Run { affine, eps, channels, at: first * channels..end * channels, x, out, ld },
        );
    });
}

/// Channels that are treated side by side: a few cache lines of each pixel.
const CHANNELS: usize = 256;
/// Pixels after which partial sums are put by, so that long sums keep their digits.
const PIXELS: usize = 64;

/// The groups of the channels `at` of one picture; no other run writes to them. The groups are narrow enough to be treated
/// side by side, or there is one of them.
struct Run<'a> {
    affine: Affine<'a>,
    eps: f32,
    /// Channels of a group.
    channels: usize,
    at: Range<usize>,
    x: Rows<'a>,
    out: *mut f32,
    ld: usize,
}

/// A number per channel, or per group.
type Numbers<T> = [T; CHANNELS];

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let count = (self.x.rows() * self.channels) as f64;
        let mut means = [0.0; CHANNELS];
        let mut totals = [0.0; CHANNELS];
        self.totals(s, false, &means, &mut totals);
        for (mean, total) in means.iter_mut().zip(totals) {
            *mean = (total / count) as f32;
        }
        self.totals(s, true, &means, &mut totals);
        let scales =
            totals.map(|total| (1.0 / (total / count + f64::from(self.eps)).sqrt()) as f32);
        for pixel in 0..self.x.rows() {
            for (group, at) in self.at.clone().step_by(self.channels).enumerate() {
                let x = self.x.row(pixel)[at..][..self.channels].as_ptr();
                // SAFETY: the output was checked to have the extents of the input; its pixels are `ld` apart.
                unsafe {
                    let out = self.out.add(pixel * self.ld + at);
                    self.affine.write(
                        s,
                        (means[group], scales[group]),
                        at,
                        (x, out, self.channels),
                    );
                }
            }
        }
    }
}

impl Run<'_> {
    /// The sum of each group, or of its squares about the mean.
    #[inline(always)]
    fn totals<S: Simd>(
        &self,
        s: S,
        squared: bool,
        means: &Numbers<f32>,
        totals: &mut Numbers<f64>,
    ) {
        totals.fill(0.0);
        let mut mean = [0.0; CHANNELS];
        for at in self.at.clone().step_by(CHANNELS) {
            let n = CHANNELS.min(self.at.end - at);
            let group = |channel: usize| (at + channel - self.at.start) / self.channels;
            for (channel, mean) in mean[..n].iter_mut().enumerate() {
                *mean = means[group(channel)];
            }
            let pixels = self.x.rows();
            for first in (0..pixels).step_by(PIXELS) {
                let mut sums = [0.0; CHANNELS];
                for pixel in first..(first + PIXELS).min(pixels) {
                    let x = &self.x.row(pixel)[at..][..n];
                    add_row(s, squared, x, &mean, &mut sums);
                }
                for (channel, &sum) in sums[..n].iter().enumerate() {
                    totals[group(channel)] += f64::from(sum);
                }
            }
        }
    }
}

/// Adds a row less the means, or its squares, to the sums.
#[inline(always)]
fn add_row<S: Simd>(s: S, squared: bool, x: &[f32], mean: &Numbers<f32>, sums: &mut Numbers<f32>) {
    for at in (0..x.len()).step_by(S::LANES) {
        // SAFETY: no more is read than `x` has; the other arrays hold whole vectors.
        let x = unsafe { load_up_to(s, x.as_ptr().add(at), x.len() - at) };
        let d = s.sub(x, s.load(&mean[at..]));
        let sum = s.load(&sums[at..]);
        let sum = if squared { s.mul_add(d, d, sum) } else { s.add(sum, d) };
        s.store(sum, &mut sums[at..]);
    }
}
