//! `MobileNetV4`, convolutions only (Qin et al. 2024).

use ocelli_engine::op::Activation;

use super::inverted::{Blocks, Kind, Row};
use super::unit::Border;

pub(super) const SMALL: Row = Row {
    stem: 32,
    stages: &[
        &[conv(3, 2, 32), conv(1, 1, 32)],
        &[conv(3, 2, 96), conv(1, 1, 64)],
        &[
            universal([5, 5], 3, 2, 96),
            Blocks { repeat: 4, ..universal([0, 3], 2, 1, 96) },
            universal([3, 0], 4, 1, 96),
        ],
        &[
            universal([3, 3], 6, 2, 128),
            universal([5, 5], 4, 1, 128),
            universal([0, 5], 4, 1, 128),
            universal([0, 5], 3, 1, 128),
            Blocks { repeat: 2, ..universal([0, 3], 4, 1, 128) },
        ],
        &[conv(1, 1, 960)],
    ],
    width: 1.0,
    least: 0.9,
    depth: 1.0,
    ends_fixed: false,
    border: Border::Even,
    eps: 1e-5,
    activation: Activation::Relu,
};

pub(super) const SMALL_050: Row = Row { width: 0.5, ..SMALL };
pub(super) const SMALL_035: Row = Row { width: 0.35, ..SMALL };

const fn conv(kernel: usize, stride: usize, out: usize) -> Blocks {
    Blocks { kind: Kind::Conv { kernel, skip: false }, repeat: 1, stride, out }
}

const fn universal(
    [first, middle]: [usize; 2],
    expand: usize,
    stride: usize,
    out: usize,
) -> Blocks {
    Blocks { kind: Kind::Universal { first, middle, expand }, repeat: 1, stride, out }
}
