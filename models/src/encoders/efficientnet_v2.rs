//! `EfficientNetV2` (Tan & Le 2021), the weights of TensorFlow.

use ocelli_engine::op::Activation;

use super::inverted::{Blocks, Kind, Row};
use super::unit::Border;

pub(super) const B0: Row = Row {
    stem: 32,
    stages: &[
        &[conv(1, 16)],
        &[fused(2, 32)],
        &[fused(2, 48)],
        &[inverted(3, 4, 2, 96)],
        &[inverted(5, 6, 1, 112)],
        &[inverted(8, 6, 2, 192)],
    ],
    width: 1.0,
    least: 0.0,
    depth: 1.0,
    ends_fixed: false,
    border: Border::Same,
    eps: 1e-3,
    activation: Activation::Silu,
};

pub(super) const B1: Row = Row { depth: 1.1, ..B0 };
pub(super) const B2: Row = Row { width: 1.1, depth: 1.2, ..B0 };

pub(super) const SMALL: Row = Row {
    stem: 24,
    stages: &[
        &[conv(2, 24)],
        &[fused(4, 48)],
        &[fused(4, 64)],
        &[inverted(6, 4, 2, 128)],
        &[inverted(9, 6, 1, 160)],
        &[inverted(15, 6, 2, 256)],
    ],
    least: 0.9,
    ..B0
};

const fn conv(repeat: usize, out: usize) -> Blocks {
    Blocks { kind: Kind::Conv { kernel: 3, skip: true }, repeat, stride: 1, out }
}

const fn fused(repeat: usize, out: usize) -> Blocks {
    Blocks { kind: Kind::Fused { kernel: 3, expand: 4 }, repeat, stride: 2, out }
}

const fn inverted(repeat: usize, expand: usize, stride: usize, out: usize) -> Blocks {
    Blocks { kind: Kind::Inverted { kernel: 3, expand, squeezed: true }, repeat, stride, out }
}
