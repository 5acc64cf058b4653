//! The transforms of Winograd's minimal filtering for kernels of three taps (Lavin and Gray 2015), along one axis.
//!
//! With stride two, pixels of even and of odd places are two signals: outer taps filter the first, the middle one multiplies
//! the second.

use crate::simd::Simd;

/// A transform that makes `M` outputs of a kernel of three taps from `A` inputs with `A` products.
pub(super) trait Transform<const A: usize, const M: usize> {
    /// Inputs from one output to the next.
    const STRIDE: usize = 1;
    /// Right-hand sides that differ; products from the last of them on share it.
    const RIGHT: usize = A;

    /// Inputs to the left-hand sides of the products.
    fn input<S: Simd>(s: S, d: [S::F32; A]) -> [S::F32; A];

    /// Products to outputs.
    fn output<S: Simd>(s: S, m: [S::F32; A]) -> [S::F32; M];

    /// The taps of a kernel to the right-hand sides of the products.
    fn kernel(taps: [f64; 3]) -> [f64; A];
}

/// Two outputs from four products; the points are 0, 1, -1 and infinity.
pub(super) struct Two;

impl Transform<4, 2> for Two {
    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::F32; 4]) -> [S::F32; 4] {
        [s.sub(d[0], d[2]), s.add(d[1], d[2]), s.sub(d[2], d[1]), s.sub(d[1], d[3])]
    }

    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::F32; 4]) -> [S::F32; 2] {
        let (sum, difference) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
        [s.add(m[0], sum), s.sub(difference, m[3])]
    }

    fn kernel([a, b, c]: [f64; 3]) -> [f64; 4] {
        [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c]
    }
}

/// Four outputs from six products; the points are 0, ±5/8, ±3/2 and infinity, with which sums lose least.
pub(super) struct Four;

const P: f64 = 0.625;
const Q: f64 = 1.5;
const PP: f64 = P * P;
const QQ: f64 = Q * Q;

impl Transform<6, 4> for Four {
    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::F32; 6]) -> [S::F32; 6] {
        let constants = [PP * QQ, PP + QQ, PP, QQ, P, Q];
        let [product, sum, pp, qq, p, q] = constants.map(|x| s.splat(x as f32));
        let (even_p, odd_p) = (s.neg_mul_add(qq, d[2], d[4]), s.neg_mul_add(qq, d[1], d[3]));
        let (even_q, odd_q) = (s.neg_mul_add(pp, d[2], d[4]), s.neg_mul_add(pp, d[1], d[3]));
        [
            s.mul_add(product, d[0], s.neg_mul_add(sum, d[2], d[4])),
            s.mul_add(p, odd_p, even_p),
            s.neg_mul_add(p, odd_p, even_p),
            s.mul_add(q, odd_q, even_q),
            s.neg_mul_add(q, odd_q, even_q),
            s.mul_add(product, d[1], s.neg_mul_add(sum, d[3], d[5])),
        ]
    }

    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::F32; 6]) -> [S::F32; 4] {
        let [p, q] = [P, Q].map(|x| s.splat(x as f32));
        let [pp, qq] = [PP, QQ].map(|x| s.splat(x as f32));
        let [ppp, qqq] = [PP * P, QQ * Q].map(|x| s.splat(x as f32));
        let (even_p, odd_p) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
        let (even_q, odd_q) = (s.add(m[3], m[4]), s.sub(m[3], m[4]));
        [
            s.add(m[0], s.add(even_p, even_q)),
            s.mul_add(p, odd_p, s.mul(q, odd_q)),
            s.mul_add(pp, even_p, s.mul(qq, even_q)),
            s.mul_add(ppp, odd_p, s.mul_add(qqq, odd_q, m[5])),
        ]
    }

    fn kernel([a, b, c]: [f64; 3]) -> [f64; 6] {
        let at = |x: f64, scale: f64| (a + b * x + c * x * x) / scale;
        let (of_p, of_q) = (2.0 * PP * (PP - QQ), 2.0 * QQ * (QQ - PP));
        [a / (PP * QQ), at(P, of_p), at(-P, of_p), at(Q, of_q), at(-Q, of_q), c]
    }
}

/// Three outputs, two inputs apart, from seven products: four of outer taps, with the points 0, 1, -1 and infinity.
pub(super) struct ThreeStrided;

impl Transform<7, 3> for ThreeStrided {
    const STRIDE: usize = 2;
    const RIGHT: usize = 5;

    #[inline(always)]
    fn input<S: Simd>(s: S, d: [S::F32; 7]) -> [S::F32; 7] {
        let outer = [s.sub(d[0], d[4]), s.add(d[2], d[4]), s.sub(d[4], d[2]), s.sub(d[6], d[2])];
        [outer[0], outer[1], outer[2], outer[3], d[1], d[3], d[5]]
    }

    #[inline(always)]
    fn output<S: Simd>(s: S, m: [S::F32; 7]) -> [S::F32; 3] {
        let (sum, difference) = (s.add(m[1], m[2]), s.sub(m[1], m[2]));
        [s.add(s.add(m[0], m[4]), sum), s.add(m[5], difference), s.add(s.add(m[3], m[6]), sum)]
    }

    fn kernel([a, b, c]: [f64; 3]) -> [f64; 7] {
        [a, 0.5 * (a + c), 0.5 * (a - c), c, b, b, b]
    }
}
