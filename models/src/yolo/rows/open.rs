//! Networks with an open vocabulary: YOLO-World and YOLOE.

use super::neck::{Neck, neck};
use super::row::Word::{N, Name, No, Yes};
use super::row::{CONCAT, Row, UPSAMPLE, down, row};
use super::{Family, OPTIONS, Options, Scale, v8, v11, v26};

pub(super) const FAMILIES: &[Family] = &[
    Family { backbone: &WORLD, neck: None, ..world("-world", WORLD_HEAD.of(&[15, 19, 22])) },
    world("-worldv2", row("WorldDetect", 1, [Name("nc"), N(512), Yes])),
    yoloe(["yoloe-v8", ""], BOXES, &OF_8),
    yoloe(["yoloe-v8", "-seg"], masks("YOLOESegment"), &OF_8),
    yoloe(["yoloe-11", ""], BOXES, &OF_11),
    yoloe(["yoloe-11", "-seg"], masks("YOLOESegment"), &OF_11),
    yoloe(["yoloe-26", ""], BOXES, &OF_26),
    yoloe(["yoloe-26", "-seg"], masks("YOLOESegment26"), &OF_26),
];

const fn world(after: &'static str, head: Row) -> Family {
    Family {
        name: ["yolov8", after],
        scales: v8::SCALES,
        backbone: v8::BACKBONE,
        neck: Some(&NECK),
        head,
        classes: 80,
        options: OPTIONS,
    }
}

/// All of a network but its head.
struct Trunk {
    scales: &'static [Scale],
    backbone: &'static [Row],
    neck: &'static Neck,
    options: Options,
}

const OF_8: Trunk =
    Trunk { scales: v8::SCALES, backbone: v8::BACKBONE, neck: &v8::NECK, options: OPTIONS };
const OF_11: Trunk =
    Trunk { scales: v11::SCALES, backbone: v11::BACKBONE, neck: &v11::NECK, options: OPTIONS };
const OF_26: Trunk = Trunk {
    scales: v11::SCALES,
    backbone: v26::BACKBONE,
    neck: &v26::NECK,
    options: v26::END_TO_END,
};

const fn yoloe(name: [&'static str; 2], head: Row, trunk: &Trunk) -> Family {
    let &Trunk { scales, backbone, neck, options } = trunk;
    Family { name, scales, backbone, neck: Some(neck), head, classes: 80, options }
}

const BOXES: Row = row("YOLOEDetect", 1, [Name("nc"), N(512), Yes]);

const fn masks(module: &'static str) -> Row {
    row(module, 1, [Name("nc"), N(32), N(256), N(512), Yes])
}

const NECK: Neck = neck(
    &[6, 4],
    &[&[guided(512, 8)], &[guided(256, 4)]],
    &[(down(256), &[guided(512, 8)]), (down(512), &[guided(1024, 16)])],
);

/// A block that looks at the classes' names with so many heads.
const fn guided(c: isize, heads: isize) -> Row {
    row("C2fAttn", 3, [N(c), N(c / 2), N(heads)])
}

const WORLD_HEAD: Row = row("WorldDetect", 1, [Name("nc"), N(512), No]);

/// The first version, in which the names are seen anew between the ways up and down.
const WORLD: [Row; 23] = {
    let mut rows = [UPSAMPLE; 23];
    let mut i = 0;
    while i < v8::BACKBONE.len() {
        rows[i] = v8::BACKBONE[i];
        i += 1;
    }
    let after = [
        UPSAMPLE,
        CONCAT.of(&[-1, 6]),
        guided(512, 8),
        UPSAMPLE,
        CONCAT.of(&[-1, 4]),
        guided(256, 4),
        row("ImagePoolingAttn", 1, [N(256)]).of(&[15, 12, 9]),
        down(256).of(&[15]),
        CONCAT.of(&[-1, 12]),
        guided(512, 8),
        down(512),
        CONCAT.of(&[-1, 9]),
        guided(1024, 16),
    ];
    while i < rows.len() {
        rows[i] = after[i - v8::BACKBONE.len()];
        i += 1;
    }
    rows
};
