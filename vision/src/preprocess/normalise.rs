//! From bytes to the floats a network sees.

use super::config::{ColorMode, NetworkInput};
use crate::Image;

/// The float of each byte value in each channel, channels in the network's order.
///
/// A table holds all 768 of them, so that every value is the one that the original's chain of
/// divisions and subtractions gives, at the price of a look-up.
#[derive(Clone, PartialEq)]
pub struct Normalisation {
    order: ColorMode,
    table: Box<[[f32; 256]; 3]>,
}

impl Normalisation {
    /// `(value / scaling_factor - mean) / std`, leaving out what a package leaves out.
    pub fn of_package(input: &NetworkInput) -> Self {
        let factor = input.scaling_factor.map(|factor| factor as f32);
        let scale = move |value: f32| factor.map_or(value, |factor| value / factor);
        Self::new(input.color_mode, scale, input.normalization.as_ref())
    }

    /// `(value / 255 - mean) / std`; without mean and deviation, another scaling factor than 255
    /// takes the place of 255. Always RGB: what torchvision's `to_tensor` and `normalize` give.
    pub fn of_tensor(input: &NetworkInput) -> Self {
        let other = input.scaling_factor.filter(|_| input.normalization.is_none());
        let factor = other.map_or(1.0, |factor| (255.0 / factor) as f32);
        let scale = move |value: f32| value / 255.0 * factor;
        Self::new(ColorMode::Rgb, scale, input.normalization.as_ref())
    }

    fn new(
        order: ColorMode,
        scale: impl Fn(f32) -> f32,
        normalization: Option<&(Vec<f64>, Vec<f64>)>,
    ) -> Self {
        let mut table = Box::new([[0.0; 256]; 3]);
        for (channel, values) in table.iter_mut().enumerate() {
            let moments = normalization.and_then(|(mean, std)| {
                Some((*mean.get(channel)? as f32, *std.get(channel)? as f32))
            });
            for (byte, value) in values.iter_mut().enumerate() {
                let scaled = scale(byte as f32);
                *value = moments.map_or(scaled, |(mean, std)| (scaled - mean) / std);
            }
        }
        Self { order, table }
    }

    /// Writes the floats of a picture, `[height, width, 3]`.
    ///
    /// Values past the shorter of picture and `out` are left alone.
    pub fn write(&self, image: &Image, out: &mut [f32]) {
        let [first, second, third] = &*self.table;
        let pixels = image.pixels().as_chunks::<3>().0;
        let out = out.as_chunks_mut::<3>().0;
        let look_up = |[x, y, z]: [u8; 3]| {
            [first[usize::from(x)], second[usize::from(y)], third[usize::from(z)]]
        };
        match self.order {
            ColorMode::Rgb => {
                for (out, &rgb) in out.iter_mut().zip(pixels) {
                    *out = look_up(rgb);
                }
            }
            ColorMode::Bgr => {
                for (out, &[r, g, b]) in out.iter_mut().zip(pixels) {
                    *out = look_up([b, g, r]);
                }
            }
        }
    }
}

impl std::fmt::Debug for Normalisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Normalisation({:?})", self.order)
    }
}
