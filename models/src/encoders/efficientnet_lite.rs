//! `EfficientNet`-Lite (Google, 2020): `EfficientNet` (Tan & Le 2019) without squeeze and excitation, rectified at 6.

use ocelli_engine::op::Activation;

use super::inverted::{Blocks, Kind, Row};
use super::unit::Border;

pub(super) const LITE0: Row = Row {
    stem: 32,
    stages: &[
        &[Blocks { kind: Kind::Separable { kernel: 3 }, repeat: 1, stride: 1, out: 16 }],
        &[inverted(2, 3, 2, 24)],
        &[inverted(2, 5, 2, 40)],
        &[inverted(3, 3, 2, 80)],
        &[inverted(3, 5, 1, 112)],
        &[inverted(4, 5, 2, 192)],
        &[inverted(1, 3, 1, 320)],
    ],
    width: 1.0,
    least: 0.9,
    depth: 1.0,
    ends_fixed: true,
    border: Border::Same,
    eps: 1e-3,
    activation: Activation::Clip(0.0, 6.0),
};

pub(super) const LITE1: Row = Row { depth: 1.1, ..LITE0 };
pub(super) const LITE2: Row = Row { width: 1.1, depth: 1.2, ..LITE0 };
pub(super) const LITE3: Row = Row { width: 1.2, depth: 1.4, ..LITE0 };

const fn inverted(repeat: usize, kernel: usize, stride: usize, out: usize) -> Blocks {
    Blocks { kind: Kind::Inverted { kernel, expand: 6, squeezed: false }, repeat, stride, out }
}
