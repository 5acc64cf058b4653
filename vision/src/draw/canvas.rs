use super::font;
use crate::{BitMask, Image};

/// A picture being drawn on; whatever falls outside is left out.
pub(super) struct Canvas<'a> {
    image: &'a mut Image,
    width: i64,
    height: i64,
}

impl<'a> Canvas<'a> {
    pub(super) fn new(image: &'a mut Image) -> Self {
        let (width, height) = (image.width() as i64, image.height() as i64);
        Self { image, width, height }
    }

    pub(super) fn size(&self) -> (i64, i64) {
        (self.width, self.height)
    }

    /// Fills columns `x0..x1` of rows `y0..y1`.
    pub(super) fn rect(&mut self, [x0, y0, x1, y1]: [i64; 4], color: [u8; 3]) {
        let (x0, x1) = (x0.clamp(0, self.width), x1.clamp(0, self.width));
        for y in y0.clamp(0, self.height)..y1.clamp(0, self.height) {
            let start = (y * self.width + x0) as usize * 3;
            let len = (x1 - x0).max(0) as usize * 3;
            let row = &mut self.image.pixels_mut()[start..start + len];
            row.as_chunks_mut::<3>().0.fill(color);
        }
    }

    /// The outline of a box, its line inside.
    pub(super) fn frame(&mut self, [x0, y0, x1, y1]: [i64; 4], line: i64, color: [u8; 3]) {
        self.rect([x0, y0, x1, (y0 + line).min(y1)], color);
        self.rect([x0, (y1 - line).max(y0), x1, y1], color);
        self.rect([x0, y0, (x0 + line).min(x1), y1], color);
        self.rect([(x1 - line).max(x0), y0, x1, y1], color);
    }

    /// A filled circle.
    pub(super) fn disc(&mut self, [x, y]: [i64; 2], radius: i64, color: [u8; 3]) {
        for dy in -radius..=radius {
            let half = ((radius * radius - dy * dy) as f64).sqrt().round() as i64;
            self.rect([x - half, y + dy, x + half + 1, y + dy + 1], color);
        }
    }

    /// A line with round ends.
    pub(super) fn line(&mut self, from: [i64; 2], to: [i64; 2], width: i64, color: [u8; 3]) {
        let steps = (to[0] - from[0]).abs().max((to[1] - from[1]).abs()).max(1);
        for step in 0..=steps {
            let at = |i: usize| from[i] + ((to[i] - from[i]) * step + steps / 2) / steps;
            self.disc([at(0), at(1)], width / 2, color);
        }
    }

    /// Text whose upper left corner is at `(x, y)`, each dot a square of `scale`.
    pub(super) fn text(&mut self, text: &str, [x, y]: [i64; 2], scale: i64, color: [u8; 3]) {
        for (place, character) in text.chars().enumerate() {
            let left = x + place as i64 * font::ADVANCE as i64 * scale;
            for (column, row) in font::dots(character) {
                let (x, y) = (left + column as i64 * scale, y + row as i64 * scale);
                self.rect([x, y, x + scale, y + scale], color);
            }
        }
    }

    /// Lays a colour over the pixels of a mask.
    pub(super) fn mask(&mut self, mask: &BitMask, opacity: f32, color: [u8; 3]) {
        let width = self.image.width();
        let rows = self.image.pixels_mut().chunks_exact_mut(width * 3);
        for (y, row) in rows.enumerate().take(mask.size().height) {
            let pixels = row.as_chunks_mut::<3>().0;
            for (pixels, &word) in pixels.chunks_mut(64).zip(mask.row(y)) {
                let mut bits = word;
                while bits != 0 {
                    if let Some(pixel) = pixels.get_mut(bits.trailing_zeros() as usize) {
                        *pixel = blend(*pixel, color, opacity);
                    }
                    bits &= bits - 1;
                }
            }
        }
    }
}

/// `under` with `opacity` (0..=1) of `over` on it.
pub(super) fn blend(under: [u8; 3], over: [u8; 3], opacity: f32) -> [u8; 3] {
    std::array::from_fn(|i| {
        let (under, over) = (f32::from(under[i]), f32::from(over[i]));
        (under + (over - under) * opacity).round() as u8
    })
}
