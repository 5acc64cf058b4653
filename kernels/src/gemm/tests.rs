use super::*;
use crate::testing::{Random, assert_near, bf16_floats, columns, everywhere_at_random};
use crate::{Activation, Isa, Products, Rows, RowsMut};

const UNTOUCHED: f32 = -77.0;

/// An epilogue of random parts, and what it does to the sums, in double precision.
#[derive(Debug)]
pub(crate) struct RandomEpilogue {
    bias: Option<Vec<f32>>,
    activation: Activation,
    residual: Option<Vec<f32>>,
    n: usize,
    ld: usize,
    in_place: bool,
    before_activation: bool,
}

impl RandomEpilogue {
    pub(crate) fn new(random: &mut Random, rows: usize, n: usize) -> RandomEpilogue {
        let ld = n + random.of(0..3);
        RandomEpilogue {
            bias: random.flag().then(|| random.floats(n)),
            activation: if random.flag() { Activation::Relu } else { Activation::Identity },
            residual: random.flag().then(|| random.floats(rows * ld)),
            n,
            ld,
            in_place: random.flag(),
            before_activation: random.flag(),
        }
    }

    pub(crate) fn epilogue(&self, rows: usize) -> Epilogue<'_> {
        let before_activation = self.before_activation;
        let residual = self.residual.as_ref().map(|data| {
            if self.in_place {
                Residual::InPlace { before_activation }
            } else {
                Residual::Rows { rows: Rows::new(data, [rows, self.n], self.ld), before_activation }
            }
        });
        Epilogue { bias: self.bias.as_deref(), activation: self.activation, residual }
    }

    /// What the output, `ld` apart, holds before the call.
    pub(crate) fn output(&self, rows: usize, n: usize, ld: usize) -> Vec<f32> {
        let mut out = vec![UNTOUCHED; rows * ld];
        if let (Some(residual), true) = (&self.residual, self.in_place) {
            for (to, from) in out.chunks_mut(ld).zip(residual.chunks(self.ld)) {
                to[..n].copy_from_slice(&from[..n]);
            }
        }
        out
    }

    pub(crate) fn apply(&self, sums: &mut [f64], n: usize) {
        for (at, sum) in sums.iter_mut().enumerate() {
            let (row, column) = (at / n, at % n);
            let residual = self.residual.as_ref().map_or(0.0, |r| r[row * self.ld + column].into());
            *sum += self.bias.as_ref().map_or(0.0, |b| b[column].into());
            if self.before_activation {
                *sum += residual;
            }
            if self.activation == Activation::Relu {
                *sum = sum.max(0.0);
            }
            if !self.before_activation {
                *sum += residual;
            }
        }
    }

    /// The `n` columns of the output.
    pub(crate) fn found(out: &[f32], rows: usize, n: usize, ld: usize) -> Vec<f32> {
        columns(out, rows, ld, n, UNTOUCHED)
    }
}

#[test]
fn linear_agrees_with_three_loops() {
    everywhere_at_random(60, |ctx, random| {
        let (m, n, k) = (random.of(1..70), random.of(1..70), random.of(1..70));
        let (ldx, ldy) = (k + random.of(0..5), n + random.of(0..5));
        let (x, w) = (random.floats(m * ldx), random.floats(n * k));
        let epilogue = RandomEpilogue::new(random, m, n);

        let mut expected = vec![0.0; m * n];
        for (at, sum) in expected.iter_mut().enumerate() {
            let (i, j) = (at / n, at % n);
            *sum = (0..k).map(|p| f64::from(x[i * ldx + p]) * f64::from(w[j * k + p])).sum();
        }
        epilogue.apply(&mut expected, n);

        let mut transposed = vec![0.0; n * k];
        for (at, x) in transposed.iter_mut().enumerate() {
            *x = w[at % n * k + at / n];
        }
        let packed = [
            PackedMatrix::from_rows_out_in(ctx.isa, n, k, &w),
            PackedMatrix::from_k_n(ctx.isa, k, n, &transposed, n),
            PackedMatrix::with_products(ctx.isa, Products::Bf16x3, n, k, &w),
        ];
        for packed in &packed {
            let mut out = epilogue.output(m, n, ldy);
            let rows = RowsMut::new(&mut out, [m, n], ldy);
            linear(ctx, Rows::new(&x, [m, k], ldx), packed, epilogue.epilogue(m), rows);
            let found = RandomEpilogue::found(&out, m, n, ldy);
            assert_near(&found, &expected, 1e-5, &(ctx, [m, n, k], &epilogue));
        }
    });
}

#[test]
fn many_panels_are_split_among_threads() {
    everywhere_at_random(2, |ctx, random| {
        let (m, n, k) = (random.of(1..200), random.of(500..1000), random.of(300..600));
        let (x, w) = (bf16_floats(&random.floats(m * k)), bf16_floats(&random.floats(n * k)));
        let mut expected = vec![0.0; m * n];
        for (at, sum) in expected.iter_mut().enumerate() {
            let (i, j) = (at / n, at % n);
            *sum = (0..k).map(|p| f64::from(x[i * k + p]) * f64::from(w[j * k + p])).sum();
        }
        for products in [Products::F32, Products::Bf16, Products::Bf16x3] {
            let mut out = vec![0.0; m * n];
            let packed = PackedMatrix::with_products(ctx.isa, products, n, k, &w);
            let rows = RowsMut::dense(&mut out, n);
            linear(ctx, Rows::dense(&x, k), &packed, Epilogue::default(), rows);
            assert_near(&out, &expected, 1e-5, &(ctx, products, [m, n, k]));
        }
    });
}

#[test]
fn factors_of_bf16_are_rounded_and_sums_are_not() {
    everywhere_at_random(60, |ctx, random| {
        let (m, n, k) = (random.of(1..40), random.of(1..70), random.of(1..140));
        let (x, w) = (random.floats(m * k), random.floats(n * k));
        let (rounded, weights) = (bf16_floats(&x), bf16_floats(&w));
        let mut expected = vec![0.0; m * n];
        for (at, sum) in expected.iter_mut().enumerate() {
            let products = rounded[at / n * k..].iter().zip(&weights[at % n * k..]);
            *sum = products.take(k).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        }
        let mut out = vec![0.0; m * n];
        let packed = PackedMatrix::with_products(ctx.isa, Products::Bf16, n, k, &w);
        let rows = RowsMut::dense(&mut out, n);
        linear(ctx, Rows::dense(&x, k), &packed, Epilogue::default(), rows);
        assert_near(&out, &expected, 1e-5, &(ctx, [m, n, k]));
    });
}

/// What sums of `k` products of numbers from 2^-8 to one are off, of their size: on average, and the root of the mean square.
fn error_of(ctx: crate::Context, products: Products, k: usize, random: &mut Random) -> [f64; 2] {
    let (m, n) = (64, 64);
    let mut numbers = |count| -> Vec<f32> {
        let sizes = random.floats(count);
        sizes.iter().map(|size| (8.0 * size.abs()).exp2() / 256.0).collect()
    };
    let (x, w) = (numbers(m * k), numbers(n * k));
    let mut out = vec![0.0; m * n];
    let packed = PackedMatrix::with_products(ctx.isa, products, n, k, &w);
    linear(ctx, Rows::dense(&x, k), &packed, Epilogue::default(), RowsMut::dense(&mut out, n));
    let errors = out.iter().enumerate().map(|(at, &sum)| {
        let products = x[at / n * k..].iter().zip(&w[at % n * k..]).take(k);
        let exact: f64 = products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        (f64::from(sum) - exact) / exact
    });
    let [sum, squares] = errors.fold([0.0; 2], |[sum, squares], e| [sum + e, squares + e * e]);
    [sum / out.len() as f64, (squares / out.len() as f64).sqrt()]
}

/// An average that is not zero adds up from layer to layer, where the rest does not. But for AMX both are products of numbers.
#[test]
fn thirds_are_as_exact_as_numbers() {
    everywhere_at_random(1, |ctx, random| {
        for k in [32, 768] {
            let [numbers, thirds] = [Products::F32, Products::Bf16x3]
                .map(|products| error_of(ctx, products, k, random));
            let what = format!("{k} on {}: {thirds:?}, {numbers:?}", ctx.isa);
            let [most_average, most] = [numbers[0].abs() + 1e-8, 1.1 * numbers[1]];
            assert!(thirds[0].abs() < most_average && thirds[1] < most, "{what}");
        }
    });
}

#[test]
fn nothing_is_a_fine_amount_of_rows() {
    everywhere_at_random(1, |ctx, _| {
        let w = PackedMatrix::from_rows_out_in(ctx.isa, 3, 2, &[1.0; 6]);
        linear(ctx, Rows::dense(&[], 2), &w, Epilogue::default(), RowsMut::dense(&mut [], 3));
    });
}

#[test]
fn not_a_number_passes_through_relu() {
    everywhere_at_random(1, |ctx, _| {
        let w = PackedMatrix::from_rows_out_in(ctx.isa, 64, 1, &[1.0; 64]);
        let epilogue = Epilogue { activation: Activation::Relu, ..Epilogue::default() };
        let mut out = [0.0; 64];
        let x = [f32::NAN];
        linear(ctx, Rows::dense(&x, 1), &w, epilogue, RowsMut::dense(&mut out, 64));
        assert!(out.iter().all(|y| y.is_nan()), "{}", ctx.isa);
    });
}

#[test]
fn infinite_factors_give_no_finite_sums() {
    everywhere_at_random(1, |ctx, _| {
        for products in [Products::F32, Products::Bf16, Products::Bf16x3] {
            let w = PackedMatrix::with_products(ctx.isa, products, 40, 2, &[0.3; 80]);
            let mut out = [0.0; 120];
            let x = [f32::INFINITY, 1e3, -7.0, f32::NEG_INFINITY, f32::MAX, f32::MIN];
            let rows = RowsMut::dense(&mut out, 40);
            linear(ctx, Rows::dense(&x, 2), &w, Epilogue::default(), rows);
            let [infinite, negative, _] = [0, 1, 2].map(|row| &out[40 * row..40 * (row + 1)]);
            let thirds = products == Products::Bf16x3;
            let are = |sums: &[f32], sum| sums.iter().all(|&y| y == sum || thirds && y.is_nan());
            assert!(are(infinite, f32::INFINITY), "{products:?} on {}", ctx.isa);
            assert!(are(negative, f32::NEG_INFINITY), "{products:?} on {}", ctx.isa);
            let large = out[80..].iter().all(|y| y.abs() < 1e32);
            assert!(products == Products::Bf16 || large, "{products:?} on {}: {out:?}", ctx.isa);
        }
    });
}

#[test]
#[should_panic(expected = "holds no rows of 4")]
fn short_rows_are_refused() {
    let pool = crate::Pool::new(1);
    let ctx = crate::Context { isa: Isa::Scalar, pool: &pool };
    let w = PackedMatrix::from_rows_out_in(ctx.isa, 1, 4, &[1.0; 4]);
    let mut out = [0.0; 2];
    linear(ctx, Rows::dense(&[0.0; 6], 3), &w, Epilogue::default(), RowsMut::dense(&mut out, 1));
}
