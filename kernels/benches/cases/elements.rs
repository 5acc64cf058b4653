//! Functions of elements, and reductions of them.

use ocelli_kernels::binary::{BinaryPlan, binary as apply_binary};
use ocelli_kernels::{Activation, activation, binary, reduce, unary};

use super::{Case, numbers};

/// Floats: few, and those of a feature map.
const COUNTS: [usize; 2] = [333, 56 * 56 * 64];

pub(crate) fn activation() -> Vec<Case> {
    let cases = COUNTS.iter().flat_map(|&n| activation::VARIANTS.map(|function| (n, function)));
    cases
        .map(|(n, function)| {
            Case::new(format!("{function:?} {n}"), [n; 2], move |_| {
                let x = numbers(n);
                move |ctx, out| activation::activate(ctx, function, &x, out)
            })
        })
        .collect()
}

pub(crate) fn unary() -> Vec<Case> {
    let cases = COUNTS.iter().flat_map(|&n| unary::VARIANTS.map(|op| (n, op)));
    cases
        .map(|(n, op)| {
            Case::new(format!("{op:?} {n}"), [n; 2], move |_| {
                let x = numbers(n);
                move |ctx, out| unary::unary(ctx, op, &x, out)
            })
        })
        .collect()
}

/// Rows and their width; the second operand is as large, a row, or a column.
const PAIRS: [[usize; 2]; 2] = [[9, 37], [3136, 64]];

pub(crate) fn binary() -> Vec<Case> {
    let mut cases = Vec::new();
    for [rows, width] in PAIRS {
        for op in binary::VARIANTS {
            for other in [[rows, width], [1, width], [rows, 1]] {
                let (n, m) = (rows * width, other[0] * other[1]);
                let name = format!("{op:?} {rows}x{width} {}x{}", other[0], other[1]);
                cases.push(Case::new(name, [n + m, n], move |_| {
                    let (a, b) = (numbers(n), numbers(m));
                    let plan = BinaryPlan::new(&[rows, width], &other).expect("they broadcast");
                    move |ctx, out| {
                        apply_binary(ctx, op, Activation::Identity, &plan, &a, &b, out);
                    }
                }));
            }
        }
    }
    cases
}

/// outer, reduced, inner
const REDUCE: [[usize; 3]; 4] = [[5, 67, 1], [2, 9, 37], [197, 768, 1], [1, 3136, 64]];

pub(crate) fn reduce() -> Vec<Case> {
    let cases = REDUCE.iter().flat_map(|&shape| reduce::VARIANTS.map(|op| (shape, op)));
    cases
        .map(|([outer, reduced, inner], op)| {
            let (n, name) = (outer * reduced * inner, format!("{op:?} {outer}x{reduced}x{inner}"));
            Case::new(name, [n, outer * inner], move |_| {
                let x = numbers(n);
                move |ctx, out| reduce::reduce(ctx, op, &x, [outer, reduced, inner], out)
            })
        })
        .collect()
}
