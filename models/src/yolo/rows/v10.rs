//! `YOLOv10`: sizes differ in which blocks are of the inverted kind.

use super::neck::{Neck, neck};
use super::row::Word::{N, Yes};
use super::row::{Row, blocks, down, head, row, shortcuts, sppf};
use super::{Family, OPTIONS, Scale, scale};

pub(super) const FAMILIES: &[Family] = &[
    family(&[scale('n', 0.33, 0.25, 1024.0)], N_BACKBONE, &SMALL_NECK),
    family(&[scale('s', 0.33, 0.50, 1024.0)], S_BACKBONE, &SMALL_NECK),
    family(&[scale('m', 0.67, 0.75, 768.0)], BACKBONE, &M_NECK),
    family(&[scale('b', 0.67, 1.00, 512.0), scale('l', 1.00, 1.00, 512.0)], BACKBONE, &NECK),
    family(&[scale('x', 1.00, 1.25, 512.0)], X_BACKBONE, &NECK),
];

const fn family(scales: &'static [Scale], backbone: &'static [Row], neck: &'static Neck) -> Family {
    let (name, neck, head) = (["yolov10", ""], Some(neck), head("v10Detect"));
    Family { name, scales, backbone, neck, head, classes: 80, options: OPTIONS }
}

const N_BACKBONE: &[Row] = &backbone("C2f", shortcuts("C2f", 3, 1024));
const S_BACKBONE: &[Row] = &backbone("C2f", LARGE);
const BACKBONE: &[Row] = &backbone("C2f", inverted(1024));
const X_BACKBONE: &[Row] = &backbone("C2fCIB", inverted(1024));

const fn backbone(third: &'static str, fourth: Row) -> [Row; 11] {
    [
        down(64),
        down(128),
        shortcuts("C2f", 3, 128),
        down(256),
        shortcuts("C2f", 6, 256),
        sc_down(512),
        shortcuts(third, 6, 512),
        sc_down(1024),
        fourth,
        sppf(1024),
        blocks("PSA", 1, 1024),
    ]
}

const SMALL_NECK: Neck = neck(
    &[6, 4],
    &[&[c2f(512)], &[c2f(256)]],
    &[(down(256), &[c2f(512)]), (sc_down(512), &[LARGE])],
);

const M_NECK: Neck = neck(
    &[6, 4],
    &[&[c2f(512)], &[c2f(256)]],
    &[(down(256), &[inverted(512)]), (sc_down(512), &[inverted(1024)])],
);

const NECK: Neck = neck(
    &[6, 4],
    &[&[inverted(512)], &[c2f(256)]],
    &[(down(256), &[inverted(512)]), (sc_down(512), &[inverted(1024)])],
);

/// Blocks of the inverted kind with large kernels.
const LARGE: Row = row("C2fCIB", 3, [N(1024), Yes, Yes]);

const fn inverted(c: isize) -> Row {
    shortcuts("C2fCIB", 3, c)
}

const fn c2f(c: isize) -> Row {
    blocks("C2f", 3, c)
}

const fn sc_down(c: isize) -> Row {
    row("SCDown", 1, [N(c), N(3), N(2)])
}
