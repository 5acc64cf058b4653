use super::*;

/// Every lane-wise operation on lanes `0..LANES` of fixed pseudo-random numbers, flattened.
struct Everything;

impl Kernel for Everything {
    type Output = Vec<[f32; 24]>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Self::Output {
        let a: Vec<f32> = (0..32).map(|i| ((i * 37 % 32) as f32 - 15.5) * 0.75).collect();
        let b: Vec<f32> = (0..32).map(|i| ((i * 11 % 32) as f32 - 12.25) * 1.5).collect();
        let mut rows = vec![[0.0; 24]; 32];
        for at in (0..32).step_by(S::LANES) {
            let (x, y) = (s.load(&a[at..]), s.load_partial(&b[at..]));
            let columns = [
                s.add(x, y),
                s.sub(x, y),
                s.mul(x, y),
                s.div(x, y),
                s.mul_add(x, y, x),
                s.neg_mul_add(x, y, x),
                s.min(x, y),
                s.max(x, y),
                s.abs(x),
                s.sqrt(s.abs(x)),
                s.round(x),
                s.pow2i(s.round(x)),
                s.select(s.lt(x, y), x, y),
                s.copysign(x, y),
                s.splat(3.0),
                s.zero(),
                s.floor(x),
                s.exponent(s.abs(x)),
                s.mantissa(s.abs(x)),
                s.select(s.is_nan(s.div(s.max(x, s.zero()), s.zero())), x, y),
                s.ldexp(x, s.round(s.mul(y, s.splat(4.0)))),
            ];
            for (column, v) in columns.into_iter().enumerate() {
                let mut lanes = vec![0.0; S::LANES];
                s.store(v, &mut lanes);
                for (lane, value) in lanes.into_iter().enumerate() {
                    rows[at + lane][column] = value;
                }
            }
        }
        let (mut sum, mut max, mut min) = (0.0, f32::MIN, f32::MAX);
        for at in (0..32).step_by(S::LANES) {
            sum += s.reduce_add(s.load(&a[at..]));
            max = max.max(s.reduce_max(s.load(&a[at..])));
            min = min.min(s.reduce_min(s.load(&a[at..])));
        }
        rows[0][21] = sum;
        rows[0][22] = max;
        rows[0][23] = min;
        rows
    }
}

#[test]
fn every_set_agrees_with_plain_rust() {
    let expected = dispatch(Isa::Scalar, Everything);
    for isa in Isa::available() {
        let found = dispatch(isa, Everything);
        for (row, (f, e)) in found.iter().zip(&expected).enumerate() {
            for (column, (f, e)) in f.iter().zip(e).enumerate() {
                assert!((f - e).abs() <= 1e-5 * e.abs().max(1.0), "{isa} {row} {column}: {f} {e}");
            }
        }
    }
}

struct Partial<'a>(&'a [f32], &'a mut [f32]);

impl Kernel for Partial<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (from, to) in self.0.chunks(S::LANES).zip(self.1.chunks_mut(S::LANES)) {
            let v = s.load_partial(from);
            s.store_partial(v, to);
            let mut lanes = [-1.0; 16];
            s.store(v, &mut lanes);
            assert!(lanes[from.len()..S::LANES].iter().all(|&x| x == 0.0), "{}", S::ISA);
        }
    }
}

#[test]
fn partial_vectors_touch_only_their_floats() {
    let from: Vec<f32> = (1..20).map(|i| i as f32).collect();
    for (isa, n) in Isa::available().flat_map(|isa| (0..20).map(move |n| (isa, n))) {
        let mut to = [-1.0; 20];
        dispatch(isa, Partial(&from[..n], &mut to[..n]));
        assert_eq!(to[..n], from[..n], "{isa}");
        assert!(to[n..].iter().all(|&x| x == -1.0), "{isa}");
    }
}

/// Of two vectors at a time the thirds, in pairs.
struct Thirds(Vec<f32>);

impl Kernel for Thirds {
    type Output = Vec<[f32; 3]>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<[f32; 3]> {
        let mut all = Vec::new();
        for two in self.0.chunks_exact(2 * S::LANES) {
            let (low, high) = (s.load(two), s.load(&two[S::LANES..]));
            let mut parts = [[0.0; 16]; 3];
            let pairs = bf16::pairs_of_thirds(s, low, high);
            for (pairs, to) in pairs.into_iter().zip(&mut parts) {
                s.store(pairs, to);
            }
            all.extend((0..S::LANES).map(|lane| [0, 1, 2].map(|part| parts[part][lane])));
        }
        all
    }
}

#[test]
fn thirds_add_up_to_the_number() {
    let spread = (0..4096u32).map(|i| f32::from_bits(i.wrapping_mul(0x9e37_79b9)));
    let middle: Vec<f32> = spread.filter(|x| (1e-20..1e20).contains(&x.abs())).collect();
    let floats = &middle[..middle.len() / 64 * 64];
    for isa in Isa::available() {
        let found = dispatch_bf16(isa, Thirds(floats.to_vec()));
        assert_eq!(found.len(), floats.len() / 2, "{isa}");
        for (pairs, two) in found.iter().zip(floats.chunks_exact(2)) {
            for (at, &x) in two.iter().enumerate() {
                let parts = pairs.map(|pair| f32::from_bits(pair.to_bits() >> (16 * at) << 16));
                assert_eq!(parts[0] + (parts[1] + parts[2]), x, "{isa}: {parts:?}");
                assert_eq!(parts, bf16::thirds(x), "{isa}: {x}");
            }
        }
    }
}

/// Pairs of bf16 of all kinds of numbers.
struct Pairs(Vec<f32>);

impl Kernel for Pairs {
    type Output = Vec<f32>;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> Vec<f32> {
        let mut out = vec![0.0; self.0.len() / 2];
        for (to, from) in out.chunks_exact_mut(S::LANES).zip(self.0.chunks_exact(2 * S::LANES)) {
            s.store(s.pairs(s.load(from), s.load(&from[S::LANES..])), to);
        }
        out
    }
}

#[test]
fn floats_become_the_nearest_bf16() {
    let spread = (0..4096u32).map(|i| f32::from_bits(i.wrapping_mul(0x9e37_79b9)));
    let ties = (0..64u32).map(|i| f32::from_bits(0x3f80_0000 | i << 15));
    let limits = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::NAN, 1.0, -1.0];
    let normal = |x: &f32| x.is_nan() || *x == 0.0 || x.abs() >= f32::MIN_POSITIVE;
    let mut floats: Vec<f32> = spread.chain(ties).chain(limits).filter(normal).collect();
    floats.truncate(floats.len() / 64 * 64);
    for isa in Isa::available() {
        let found = dispatch_bf16(isa, Pairs(floats.clone()));
        for (pair, expected) in found.iter().zip(floats.chunks_exact(2)) {
            let bits = pair.to_bits();
            for (half, expected) in [bits as u16, (bits >> 16) as u16].into_iter().zip(expected) {
                let (half, expected) =
                    (half::bf16::from_bits(half), half::bf16::from_f32(*expected));
                let same =
                    half.to_bits() == expected.to_bits() || half.is_nan() && expected.is_nan();
                assert!(same, "{isa}: {half:?}, expected {expected:?}");
            }
        }
    }
}
