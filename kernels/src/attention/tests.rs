use super::*;
use crate::testing::{Random, assert_near, columns, everywhere_at_random};

/// Rows of queries, keys and values, as columns of one matrix each or of a common one.
struct Inputs {
    data: Vec<f32>,
    rows: usize,
    width: usize,
    ld: usize,
    at: usize,
}

impl Inputs {
    fn new(random: &mut Random, rows: usize, width: usize) -> Inputs {
        let at = random.of(0..4);
        let ld = width + at + random.of(0..4);
        Inputs { data: random.floats(rows * ld), rows, width, ld, at }
    }

    /// The same numbers as the factors of `products` hold them.
    fn rounded(mut self, products: Products) -> Inputs {
        if products == Products::Bf16 {
            self.data.iter_mut().for_each(|x| *x = half::bf16::from_f32(*x).to_f32());
        }
        self
    }

    fn rows(&self) -> Rows<'_> {
        Rows::new(&self.data[self.at..], [self.rows, self.width], self.ld)
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.data[row * self.ld + self.at + column].into()
    }
}

fn reference(shape: &Attention, [q, k, v]: [&Inputs; 3], mask: Option<Mask>) -> Vec<f64> {
    let mut out = Vec::new();
    for row in 0..shape.batch * shape.q_len {
        let (n, i) = (row / shape.q_len, row % shape.q_len);
        for h in 0..shape.heads {
            let score = |j: usize| -> f64 {
                let (qc, kr) = (h * shape.head_dim, n * shape.kv_len + j);
                let dot: f64 =
                    (0..shape.head_dim).map(|p| q.at(row, qc + p) * k.at(kr, qc + p)).sum();
                let extra = mask.map_or(0.0, |m| {
                    m.data[n * m.batch_stride + h * m.head_stride + i * m.row_stride + j]
                });
                let hidden = shape.causal && j > i;
                if hidden {
                    f64::NEG_INFINITY
                } else {
                    dot * f64::from(shape.scale) + f64::from(extra)
                }
            };
            let scores: Vec<f64> = (0..shape.kv_len).map(score).collect();
            let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
            let total: f64 = weights.iter().sum();
            for c in h * shape.v_dim..(h + 1) * shape.v_dim {
                let values = (0..shape.kv_len).map(|j| weights[j] * v.at(n * shape.kv_len + j, c));
                let sum: f64 = values.sum();
                out.push(if max == f64::NEG_INFINITY { 0.0 } else { sum / total });
            }
        }
    }
    out
}

fn check(ctx: Context, random: &mut Random, shape: &Attention, mask: Option<Mask>) {
    let Attention { batch, heads, q_len, kv_len, head_dim, v_dim, .. } = *shape;
    let mut inputs = |rows, width| Inputs::new(random, rows, width).rounded(shape.products);
    let q = inputs(batch * q_len, heads * head_dim);
    let k = inputs(batch * kv_len, heads * head_dim);
    let v = inputs(batch * kv_len, heads * v_dim);
    let expected = reference(shape, [&q, &k, &v], mask);

    let ld = heads * v_dim + random.of(0..3);
    let mut out = vec![-7.0; batch * q_len * ld];
    let mut scratch = vec![f32::NAN; attention_scratch_len(ctx.isa, shape)];
    let rows = RowsMut::new(&mut out, [batch * q_len, heads * v_dim], ld);
    attention(ctx, shape, [q.rows(), k.rows(), v.rows()], mask, rows, &mut scratch);
    let found = columns(&out, batch * q_len, ld, heads * v_dim, -7.0);
    let tolerance = match shape.products {
        Products::F32 | Products::Bf16x3 => 2e-5,
        // Weights are rounded to eight bits, and the sums of values may be smaller than the values.
        Products::Bf16 => 2e-2,
    };
    assert_near(&found, &expected, tolerance, &(ctx, shape, mask.is_some()));
}

const PRODUCTS: [Products; 3] = [Products::F32, Products::Bf16, Products::Bf16x3];

#[test]
fn agrees_with_the_definition() {
    everywhere_at_random(40, |ctx, random| {
        let (batch, heads) = (random.of(1..3), random.of(1..4));
        let shape = Attention {
            batch,
            heads,
            q_len: random.of(1..40),
            kv_len: random.of(1..300),
            head_dim: random.of(1..50),
            v_dim: random.of(1..50),
            scale: 0.5,
            causal: random.flag(),
            products: PRODUCTS[random.of(0..3)],
        };
        let (rows, heads) = (shape.q_len * shape.kv_len, shape.heads);
        let mut data = random.floats(shape.batch * heads * rows);
        if random.flag() {
            for hidden in 0..data.len() / 3 {
                data[hidden * 3] = f32::NEG_INFINITY;
            }
        }
        let mask = match random.of(0..3) {
            0 => None,
            1 => Some(Mask::shared(&data, shape.kv_len)),
            _ => Some(Mask {
                data: &data,
                batch_stride: heads * rows,
                head_stride: rows,
                row_stride: shape.kv_len,
            }),
        };
        check(ctx, random, &shape, mask);
    });
}

#[test]
fn wide_values_are_gathered_in_parts() {
    everywhere_at_random(2, |ctx, random| {
        let shape = Attention {
            batch: 1,
            heads: 2,
            q_len: 13,
            kv_len: 150,
            head_dim: 40,
            v_dim: 300,
            scale: 1.0,
            causal: false,
            products: PRODUCTS[2 * random.of(0..2)],
        };
        check(ctx, random, &shape, None);
    });
}

#[test]
fn large_scores_do_not_overflow() {
    everywhere_at_random(3, |ctx, random| {
        let shape = Attention {
            batch: 1,
            heads: 1,
            q_len: 20,
            kv_len: 200,
            head_dim: 16,
            v_dim: 16,
            scale: 30.0,
            causal: false,
            products: PRODUCTS[2 * random.of(0..2)],
        };
        check(ctx, random, &shape, None);
    });
}

#[test]
fn a_query_that_sees_nothing_gives_zeros() {
    everywhere_at_random(1, |ctx, random| {
        let shape = Attention {
            batch: 1,
            heads: 1,
            q_len: 2,
            kv_len: 140,
            head_dim: 4,
            v_dim: 4,
            scale: 1.0,
            causal: false,
            products: PRODUCTS[2 * random.of(0..2)],
        };
        let data = vec![f32::NEG_INFINITY; 280];
        check(ctx, random, &shape, Some(Mask::shared(&data, 140)));
    });
}
