use super::*;
use crate::testing::{assert_close, everywhere, golden, spread, values};
use crate::{Pool, Rows, RowsMut};

const TOLERANCE: f32 = 5e-6;
const LEVELS: [Level; 2] = [Level { h: 5, w: 6, points: 3 }, Level { h: 3, w: 3, points: 3 }];
const QUERIES: usize = 2 * 7;
const POINTS: usize = QUERIES * 2 * 6;

fn shape(dim: usize) -> Deformable<'static> {
    Deformable { n: 2, queries: 7, heads: 2, dim, levels: &LEVELS }
}

fn map(seed: u32, count: usize, factor: f32, summand: f32) -> Vec<f32> {
    values(seed, count).iter().map(|x| x * factor + summand).collect()
}

/// Runs `attention(value, out)` on spread rows and compares.
fn check(dim: usize, name: &str, attention: impl Fn(crate::Context, &Deformable, Rows, RowsMut)) {
    let (shape, width) = (shape(dim), 2 * dim);
    let value = spread(&values(5, 2 * shape.rows() * width), width, width + 3, f32::NAN);
    let expected = golden("deform", &format!("{name} {dim}"));
    everywhere(|ctx| {
        let mut out = vec![-7.0; QUERIES * (width + 1)];
        let value = Rows::new(&value, [2 * shape.rows(), width], width + 3);
        attention(ctx, &shape, value, RowsMut::new(&mut out, [QUERIES, width], width + 1));
        assert_close(
            &out,
            &{
                let mut expected = spread(&expected, width, width + 1, -7.0);
                expected.push(-7.0);
                expected
            },
            TOLERANCE,
            &format!("{name} {dim} {}", ctx.isa),
        );
    });
}

#[test]
fn given_positions_and_weights() {
    let positions = map(7, 2 * POINTS, 0.7, 0.5);
    let mut weights = map(6, POINTS, 3.0, 0.0);
    let pool = Pool::new(1);
    let ctx = crate::Context { isa: crate::Isa::Scalar, pool: &pool };
    crate::softmax::softmax_in_place(ctx, RowsMut::dense(&mut weights, 6));
    for dim in [4, 32, 37] {
        check(dim, "given", |ctx, shape, value, out| {
            deformable_attention(ctx, shape, value, &positions, &weights, out);
        });
    }
}

#[test]
fn offsets_from_boxes_and_points() {
    let boxes = map(8, 4 * QUERIES, 0.5, 0.5);
    let points: Vec<f32> = boxes.chunks(4).flat_map(|b| [b[0], b[1]]).collect();
    let offsets = spread(&map(9, 2 * POINTS, 4.0, 0.0), 24, 36, f32::NAN);
    let logits = map(6, POINTS, 3.0, 0.0);
    for dim in [4, 32, 37] {
        for (name, reference) in
            [("boxes", Reference::Boxes(&boxes)), ("points", Reference::Points(&points))]
        {
            let inputs = FusedInputs {
                reference,
                offsets: Rows::new(&offsets, [QUERIES, 24], 36),
                logits: Rows::dense(&logits, 12),
            };
            check(dim, name, |ctx, shape, value, out| {
                deformable_attention_fused(ctx, shape, value, &inputs, out);
            });
        }
    }
}

#[test]
fn wild_positions_are_outside() {
    let levels = [Level { h: 2, w: 2, points: 6 }];
    let shape = Deformable { n: 1, queries: 1, heads: 1, dim: 3, levels: &levels };
    let wild = [f32::NAN, f32::INFINITY, -f32::INFINITY, 1e30, -1e30, 7.0];
    let positions: Vec<f32> = wild.iter().flat_map(|&x| [x, x]).collect();
    everywhere(|ctx| {
        let mut out = [1.0; 3];
        let value = Rows::dense(&[1.0; 12], 3);
        deformable_attention(
            ctx,
            &shape,
            value,
            &positions,
            &[0.5; 6],
            RowsMut::dense(&mut out, 3),
        );
        assert_eq!(out, [0.0; 3]);
    });
}
