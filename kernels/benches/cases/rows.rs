//! Operations on rows.

use ocelli_kernels::norm::{
    GroupNorm, LayerNorm, group_norm, l2_normalize, layer_norm, rms_norm, scale_shift,
};
use ocelli_kernels::topk::{argmax, topk as largest};
use ocelli_kernels::{Activation, Context, Image, ImageMut, Rows, RowsMut, softmax as sm};

use super::{Case, numbers};

/// Rows and their width.
const NORM: [[usize; 2]; 3] = [[5, 37], [197, 768], [580, 384]];
const SOFTMAX: [[usize; 2]; 4] = [[5, 37], [4 * 8400, 16], [12 * 197, 197], [1, 1000]];
/// Rows, their width, and how many are asked for.
const TOPK: [[usize; 3]; 3] = [[3, 57, 5], [1, 27_300, 300], [1, 1000, 5]];
/// h = w, channels, groups
const GROUPS: [[usize; 3]; 3] = [[5, 12, 4], [64, 256, 32], [32, 384, 1]];

/// A case that makes rows of rows of the same extents.
fn rows_to_rows(
    name: &str,
    [rows, width]: [usize; 2],
    run: impl Fn(Context, Rows, RowsMut) + Copy + 'static,
) -> Case {
    let n = rows * width;
    Case::new(format!("{name} {rows}x{width}"), [n; 2], move |_| {
        let x = numbers(n);
        move |ctx, out| run(ctx, Rows::dense(&x, width), RowsMut::dense(out, width))
    })
}

pub(crate) fn norm() -> Vec<Case> {
    let mut cases = Vec::new();
    for shape in NORM {
        cases.push(layer(shape));
        cases.push(rows_to_rows("rms_norm", shape, |ctx, x, out| {
            rms_norm(ctx, None, 1e-6, x, out);
        }));
        cases.push(rows_to_rows("l2_normalize", shape, |ctx, x, out| {
            l2_normalize(ctx, 1e-6, x, out);
        }));
        cases.push(batch(shape));
    }
    cases.extend(GROUPS.map(group));
    cases
}

fn layer([rows, width]: [usize; 2]) -> Case {
    let (n, name) = (rows * width, format!("layer_norm {rows}x{width}"));
    Case::new(name, [n + 2 * width, n], move |_| {
        let (x, weight, bias) = (numbers(n), numbers(width), numbers(width));
        move |ctx, out| {
            let norm = LayerNorm { weight: Some(&weight), bias: Some(&bias), eps: 1e-6 };
            let (x, out) = (Rows::dense(&x, width), RowsMut::dense(out, width));
            layer_norm(ctx, &norm, x, None, out);
        }
    })
}

fn batch([rows, width]: [usize; 2]) -> Case {
    let (n, name) = (rows * width, format!("scale_shift {rows}x{width}"));
    Case::new(name, [n + 2 * width, n], move |_| {
        let (x, scale, shift) = (numbers(n), numbers(width), numbers(width));
        move |ctx, out| {
            let (x, out) = (Rows::dense(&x, width), RowsMut::dense(out, width));
            scale_shift(ctx, &scale, &shift, Activation::Relu, x, out);
        }
    })
}

fn group([size, channels, groups]: [usize; 3]) -> Case {
    let n = size * size * channels;
    Case::new(format!("group_norm {size}x{size}x{channels} g{groups}"), [n; 2], move |_| {
        let x = numbers(n);
        move |ctx, out| {
            let (shape, norm) = (
                [1, size, size, channels],
                GroupNorm { groups, weight: None, bias: None, eps: 1e-6 },
            );
            group_norm(ctx, &norm, Image::dense(&x, shape), ImageMut::dense(out, shape));
        }
    })
}

pub(crate) fn softmax() -> Vec<Case> {
    let cases = SOFTMAX.iter().flat_map(|&shape| {
        [
            rows_to_rows("softmax", shape, sm::softmax),
            rows_to_rows("log_softmax", shape, sm::log_softmax),
        ]
    });
    cases.collect()
}

pub(crate) fn topk() -> Vec<Case> {
    let mut cases = Vec::new();
    for [rows, width, k] in TOPK {
        let (n, name) = (rows * width, format!("topk {rows}x{width} {k}"));
        cases.push(Case::new(name, [n, 2 * rows * k], move |_| {
            let (x, mut indices) = (numbers(n), vec![0; rows * k]);
            move |ctx, out| {
                let (values, places) = out.split_at_mut(rows * k);
                largest(ctx, Rows::dense(&x, width), k, values, &mut indices);
                places.iter_mut().zip(&indices).for_each(|(to, &i)| *to = i as f32);
            }
        }));
        let name = format!("argmax {rows}x{width}");
        cases.push(Case::new(name, [n, rows], move |_| {
            let (x, mut indices) = (numbers(n), vec![0; rows]);
            move |ctx, out| {
                argmax(ctx, Rows::dense(&x, width), &mut indices);
                out.iter_mut().zip(&indices).for_each(|(to, &i)| *to = i as f32);
            }
        }));
    }
    cases
}
