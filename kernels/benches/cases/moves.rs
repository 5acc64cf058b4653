//! Elements moved to other places.

use ocelli_kernels::gather::{gather_rows, index_select, take_along_axis};
use ocelli_kernels::layout::{CopyPlan, PadMode, PadPlan, copy, dense_steps, pad, to_f32, to_i32};
use ocelli_kernels::{Rows, RowsMut};

use super::{Case, indices, numbers};

/// Rows, their width, and how many are taken.
const GATHER: [[usize; 3]; 2] = [[11, 5, 7], [8400, 256, 300]];

pub(crate) fn gather() -> Vec<Case> {
    let mut cases = Vec::new();
    for [rows, width, k] in GATHER {
        let (n, shape) = (rows * width, format!("{rows}x{width} {k}"));
        cases.push(Case::new(
            format!("index_select {shape}"),
            [k * (width + 1), k * width],
            move |_| {
                let (x, at) = (numbers(n), indices(k, rows));
                move |ctx, out| index_select(ctx, &x, [1, rows, width], &at, out)
            },
        ));
        cases.push(Case::new(
            format!("gather_rows {shape}"),
            [k * (width + 1), k * width],
            move |_| {
                let (x, at) = (numbers(n), indices(k, rows));
                move |ctx, out| gather_rows(ctx, &x, [1, rows, width], &at, out)
            },
        ));
        let name = format!("take_along_axis {shape}");
        cases.push(Case::new(name, [2 * k * width, k * width], move |_| {
            let (x, at) = (numbers(n), indices(k * width, rows));
            move |ctx, out| take_along_axis(ctx, &x, [1, rows, width], &at, out)
        }));
    }
    cases
}

/// h = w, channels
const PICTURES: [[usize; 2]; 3] = [[5, 7], [224, 3], [56, 128]];

pub(crate) fn layout() -> Vec<Case> {
    PICTURES
        .iter()
        .flat_map(|&picture| [channels_first(picture), border(picture), cast(picture)])
        .collect()
}

fn channels_first([size, c]: [usize; 2]) -> Case {
    let n = size * size * c;
    Case::new(format!("copy {size}x{size}x{c} to channels first"), [n; 2], move |_| {
        let x = numbers(n);
        let shape = [c, size, size];
        let plan = CopyPlan::new(&shape, (&[1, size * c, c], 0), (&dense_steps(&shape), 0));
        move |ctx, out| copy(ctx, &plan, Rows::dense(&x, n), RowsMut::dense(out, n))
    })
}

fn border([size, c]: [usize; 2]) -> Case {
    let read = size * size * c;
    let written = (size + 2) * (size + 2) * c;
    Case::new(format!("pad {size}x{size}x{c}"), [read, written], move |_| {
        let x = numbers(read);
        let mode = PadMode::Reflect;
        let plan = PadPlan::new::<f32>(&[size, size, c], &[[1; 2], [1; 2], [0; 2]], &mode);
        let plan = plan.expect("the border is narrow");
        move |ctx, out| pad(ctx, &plan, PadMode::Reflect, &x, out)
    })
}

fn cast([size, c]: [usize; 2]) -> Case {
    let n = size * size * c;
    Case::new(format!("to_i32, to_f32 {size}x{size}x{c}"), [3 * n, n], move |_| {
        let x: Vec<f32> = numbers(n).iter().map(|x| x * 1000.0).collect();
        let mut integers = vec![0; n];
        move |ctx, out| {
            to_i32(ctx, &x, &mut integers);
            to_f32(ctx, &integers, out);
        }
    })
}
