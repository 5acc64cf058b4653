//! Which way a convolution is computed.

use super::{Conv2d, dense, winograd};
use crate::simd::has_bf16;
use crate::{Factors, Isa, Products};

/// A way to compute a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// The products of the definition.
    Direct,
    /// Three by three taps of stride one with 16 products for 4 pixels, where the definition has 36.
    Winograd2,
    /// Three by three taps of stride two with 49 products for 9 pixels, where the definition has 81.
    Winograd3,
    /// Three by three taps of stride one with 36 products for 16 pixels, where the definition has 144.
    Winograd4,
}

/// Time for `instructions` on vectors with `bytes` of weights that come from memory, in such instructions.
///
/// Processors with AMX were measured to have 1.7 bytes in the time of an instruction, and twice as many where other layers
/// are in bf16, fetched meanwhile. Others have more, part of them fetched meanwhile, and fewer where other layers are in
/// bf16, which leave less time to hide the wait.
fn with_weights(isa: Isa, products: Products, instructions: f64, bytes: f64) -> f64 {
    match (products, isa) {
        (Products::F32 | Products::Bf16x3, Isa::Amx) => instructions.max(bytes / 1.7),
        (_, Isa::Amx) => instructions.max(bytes / 3.4),
        (Products::F32, _) => instructions + bytes / 6.0,
        _ => instructions + bytes / 3.0,
    }
}

/// Vector instructions for each product, with loads that nothing hides.
const OF_PRODUCT: f64 = 1.1;

/// Vector instructions that cut a vector at one of the places.
const CUT_PLACE: f64 = 11.0;

/// Bytes of weights for stride two that are worth their memory, nearly three times that of the definition's.
const STRIDED_BYTES: usize = 4 << 20;

/// How long products take beside those of `f32`, as `benches/kernels.rs` measures them.
fn slowness(products: Products, isa: Isa) -> f64 {
    match products {
        Products::F32 => 1.0,
        Products::Bf16 if isa == Isa::Amx => 0.12,
        Products::Bf16 if has_bf16(isa) => 0.55,
        Products::Bf16 => 2.5,
        Products::Bf16x3 => 0.6,
    }
}

impl Algorithm {
    /// Whether it can do such a convolution with weights `[out, in / groups, kh, kw]`.
    pub fn fits(self, spec: &Conv2d, shape: [usize; 4]) -> bool {
        self == Algorithm::Direct || winograd::fits(self, spec, shape)
    }

    /// Pixels of a square's side that are computed together.
    pub(super) fn side(self) -> usize {
        match self {
            Algorithm::Direct => 1,
            Algorithm::Winograd2 => 2,
            Algorithm::Winograd3 => 3,
            Algorithm::Winograd4 => 4,
        }
    }

    /// Right-hand sides that differ.
    fn right(self) -> usize {
        (self.side() + 2) * (self.side() + 2)
    }

    /// What a convolution is computed with that is asked for `products`: [`Products::F32`] where there are too few channels for
    /// rounding or cutting to pay, and of Winograd's too many.
    pub(super) fn products(self, products: Products, spec: &Conv2d, shape: [usize; 4]) -> Products {
        match self {
            Algorithm::Direct => dense::products(products, spec, shape),
            _ => winograd::products(self, products, shape[1]),
        }
    }

    /// The one that should take the least time for pictures of `size`, height and width, and which products it should be asked for.
    pub fn cheapest(
        isa: Isa,
        factors: Factors,
        spec: &Conv2d,
        shape: [usize; 4],
        size: [usize; 2],
    ) -> (Algorithm, Products) {
        let [o, i, kh, kw] = shape;
        let out = spec.output_size(size, [kh, kw]);
        let rows = [out[0] * out[1], o, kh * kw, i];
        let (of, fastest) = (Products::of(factors), Products::fastest(isa, factors, rows));
        let direct = (Algorithm::Direct, fastest);
        if isa.lanes() == 1 || [kh, kw] != [3, 3] {
            return direct;
        }
        let ways = [Algorithm::Winograd2, Algorithm::Winograd3, Algorithm::Winograd4];
        let all = ways.into_iter().flat_map(|way| [(way, of), (way, fastest)]);
        let cost = |(way, products): (Algorithm, _)| {
            let computed = way.products(products, spec, shape);
            way.instructions(isa, [products, computed], shape, out)
        };
        let worth = |algorithm: Algorithm| {
            algorithm != Algorithm::Winograd3
                || algorithm.right() * o * of.floats(i) * size_of::<f32>() <= STRIDED_BYTES
        };
        let all = std::iter::once(direct).chain(all);
        let fit = all.filter(|&(way, _)| way.fits(spec, shape) && worth(way));
        let best = fit.min_by(|a, b| cost(*a).total_cmp(&cost(*b)));
        best.unwrap_or(direct)
    }

    /// Vector instructions for an output of `h` by `w` and three by three taps, waiting for weights included, in a layer that is
    /// asked for products and computes others. The numbers of the transforms fit what `benches/kernels.rs` measures.
    fn instructions(
        self,
        isa: Isa,
        [layer, products]: [Products; 2],
        [o, i, ..]: [usize; 4],
        [h, w]: [usize; 2],
    ) -> f64 {
        let slower = slowness(products, isa);
        let vectors = |channels: usize| channels.div_ceil(isa.lanes()) as f64;
        let of_products = |places: f64| slower * OF_PRODUCT * places * (i as f64) * vectors(o);
        let bytes = (self.right() * o * products.floats(i) * size_of::<f32>()) as f64;
        if self == Algorithm::Direct {
            return with_weights(isa, layer, (h * w) as f64 * of_products(9.0), bytes);
        }
        let side = self.side();
        let squares = (h.div_ceil(side) * w.div_ceil(side)) as f64;
        let places = winograd::places(self) as f64;
        let transforms = match (self, products) {
            (Algorithm::Winograd2, Products::F32 | Products::Bf16x3) => 150.0,
            (Algorithm::Winograd2, _) if isa == Isa::Amx => 300.0,
            (Algorithm::Winograd2, _) => 90.0,
            (Algorithm::Winograd3, _) => 400.0,
            _ => 350.0,
        };
        let cut = if products == Products::Bf16x3 { CUT_PLACE * places } else { 0.0 };
        let transformed = transforms * (vectors(i) + vectors(o)) + cut * vectors(i);
        let all = squares * (of_products(places) + transformed);
        with_weights(isa, layer, all, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_products_where_they_pay() {
        let plain = Conv2d { pad: [1; 4], ..Conv2d::default() };
        let strided = Conv2d { stride: [2, 2], ..plain };
        let cheapest = |spec, shape, side| {
            Algorithm::cheapest(Isa::Avx2, Factors::F32, spec, shape, [side; 2]).0
        };
        assert_eq!(cheapest(&plain, [64, 64, 3, 3], 80), Algorithm::Winograd4);
        assert_eq!(cheapest(&plain, [64, 64, 1, 1], 80), Algorithm::Direct);
        assert_eq!(cheapest(&strided, [64, 64, 3, 3], 80), Algorithm::Winograd3);
        assert_eq!(cheapest(&strided, [512, 256, 3, 3], 80), Algorithm::Direct);
        let dilated = Conv2d { dilation: [2, 2], ..plain };
        assert_eq!(cheapest(&dilated, [64, 64, 3, 3], 80), Algorithm::Direct);
        // One pixel: the larger weights are all that counts.
        assert_eq!(cheapest(&plain, [512, 512, 3, 3], 1), Algorithm::Direct);
        let scalar =
            Algorithm::cheapest(Isa::Scalar, Factors::F32, &plain, [64, 64, 3, 3], [80; 2]);
        assert_eq!(scalar, (Algorithm::Direct, Products::F32));
    }
}
