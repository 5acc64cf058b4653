//! `YOLOv5`: of the `yolov5` repository, with anchors, and of `ultralytics`, without.

use super::neck::Neck;
use super::row::Word::N;
use super::row::{Row, anchored, anchored_masks, blocks, conv, down, head, row, sppf, straight};
use super::{Family, OPTIONS, Scale, scale};

pub(super) const FAMILIES: &[Family] = &[
    family("", BACKBONE, Some(&NECK), anchored(ANCHORS)),
    family("-seg", BACKBONE, Some(&NECK), anchored_masks(ANCHORS)),
    Family { classes: 1000, ..family("-cls", TRUNK, None, head("Classify")) },
    family("6", BACKBONE_P6, Some(&NECK_P6), anchored(ANCHORS_P6)),
    family("u", BACKBONE, Some(&NECK), head("Detect")),
    family("6u", BACKBONE_P6, Some(&NECK_P6), head("Detect")),
];

const fn family(
    after: &'static str,
    backbone: &'static [Row],
    neck: Option<&'static Neck>,
    head: Row,
) -> Family {
    let name = ["yolov5", after];
    Family { name, scales: SCALES, backbone, neck, head, classes: 80, options: OPTIONS }
}

const SCALES: &[Scale] = &[
    scale('n', 0.33, 0.25, 1024.0),
    scale('s', 0.33, 0.50, 1024.0),
    scale('m', 0.67, 0.75, 1024.0),
    scale('l', 1.00, 1.00, 1024.0),
    scale('x', 1.33, 1.25, 1024.0),
];

const STEM: Row = row("Conv", 1, [N(64), N(6), N(2), N(2)]);

const BACKBONE: &[Row] = &[
    STEM,
    down(128),
    c3(3, 128),
    down(256),
    c3(6, 256),
    down(512),
    c3(9, 512),
    down(1024),
    c3(3, 1024),
    sppf(1024),
];

/// A classifier has its head in place of the pools.
const TRUNK: &[Row] = BACKBONE.split_at(9).0;

const NECK: Neck = Neck {
    laterals: &[6, 4],
    grow: &[],
    reduce: &[conv(512, 1, 1), conv(256, 1, 1)],
    up: &[&[plain(512)], &[plain(256)]],
    down: &[(down(256), &[plain(512)]), (down(512), &[plain(1024)])],
};

const BACKBONE_P6: &[Row] = &[
    STEM,
    down(128),
    c3(3, 128),
    down(256),
    c3(6, 256),
    down(512),
    c3(9, 512),
    down(768),
    c3(3, 768),
    down(1024),
    c3(3, 1024),
    sppf(1024),
];

const NECK_P6: Neck = Neck {
    laterals: &[8, 6, 4],
    grow: &[],
    reduce: &[conv(768, 1, 1), conv(512, 1, 1), conv(256, 1, 1)],
    up: &[&[plain(768)], &[plain(512)], &[plain(256)]],
    down: &[(down(256), &[plain(512)]), (down(512), &[plain(768)]), (down(768), &[plain(1024)])],
};

const ANCHORS: &[&[isize]] =
    &[&[10, 13, 16, 30, 33, 23], &[30, 61, 62, 45, 59, 119], &[116, 90, 156, 198, 373, 326]];

const ANCHORS_P6: &[&[isize]] = &[
    &[19, 27, 44, 40, 38, 94],
    &[96, 68, 86, 152, 180, 137],
    &[140, 301, 303, 264, 238, 542],
    &[436, 615, 739, 380, 925, 792],
];

const fn c3(repeats: usize, c: isize) -> Row {
    blocks("C3", repeats, c)
}

const fn plain(c: isize) -> Row {
    straight("C3", 3, c)
}
