//! Convolutions as they are defined, one product at a time.

use super::{Conv2d, ConvTranspose2d};

/// `[n, h, w, c]`
pub(super) type Shape = [usize; 4];

/// The sums of a convolution with weights `[out, in / groups, kh, kw]`; input pixels are `ld` apart.
pub(super) fn conv2d(
    spec: &Conv2d,
    x: &[f32],
    [n, h, w, _]: Shape,
    ld: usize,
    weight: &[f32],
    [o, i, kh, kw]: Shape,
) -> Vec<f64> {
    let [oh, ow] = spec.output_size([h, w], [kh, kw]);
    let mut out = vec![0.0; n * oh * ow * o];
    for (at, sum) in out.iter_mut().enumerate() {
        let (channel, pixel) = (at % o, at / o);
        let (image, y, x0) = (pixel / ow / oh, pixel / ow % oh, pixel % ow);
        let group = channel / (o / spec.groups);
        for tap in 0..kh * kw {
            let iy = (y * spec.stride[0] + tap / kw * spec.dilation[0]).wrapping_sub(spec.pad[0]);
            let ix = (x0 * spec.stride[1] + tap % kw * spec.dilation[1]).wrapping_sub(spec.pad[1]);
            if iy >= h || ix >= w {
                continue;
            }
            for c in 0..i {
                let value = x[((image * h + iy) * w + ix) * ld + group * i + c];
                *sum += f64::from(value) * f64::from(weight[(channel * i + c) * kh * kw + tap]);
            }
        }
    }
    out
}

/// The sums of a transposed convolution with weights `[in, out / groups, kh, kw]`.
pub(super) fn conv_transpose2d(
    spec: &ConvTranspose2d,
    x: &[f32],
    [n, h, w, _]: Shape,
    ld: usize,
    weight: &[f32],
    [i, o, kh, kw]: Shape,
) -> Vec<f64> {
    let [oh, ow] = spec.output_size([h, w], [kh, kw]);
    let outputs = o * spec.groups;
    let mut out = vec![0.0; n * oh * ow * outputs];
    for pixel in 0..n * h * w {
        let (image, iy, ix) = (pixel / w / h, pixel / w % h, pixel % w);
        for tap in 0..kh * kw {
            let y = (iy * spec.stride[0] + tap / kw).wrapping_sub(spec.pad[0]);
            let x0 = (ix * spec.stride[1] + tap % kw).wrapping_sub(spec.pad[1]);
            if y >= oh || x0 >= ow {
                continue;
            }
            for c in 0..i {
                let group = c / (i / spec.groups);
                for channel in 0..o {
                    let value = f64::from(weight[(c * o + channel) * kh * kw + tap]);
                    out[((image * oh + y) * ow + x0) * outputs + group * o + channel] +=
                        f64::from(x[pixel * ld + c]) * value;
                }
            }
        }
    }
    out
}
