//! `YOLOv8`.

use super::neck::{Neck, neck};
use super::row::Word::{N, No, Yes};
use super::row::{Row, blocks, down, head, masks, oriented, pose, row, shortcuts, sppf, straight};
use super::{CLASSIFIER, Family, ONE, OPTIONS, POSE, Scale, scale};

pub(super) const FAMILIES: &[Family] = &[
    family("", BACKBONE, &NECK, head("Detect")),
    family("-seg", BACKBONE, &NECK, masks("Segment")),
    Family { classes: 1, options: POSE, ..family("-pose", BACKBONE, &NECK, pose("Pose")) },
    family("-obb", BACKBONE, &NECK, oriented("OBB")),
    family("-p2", BACKBONE, &NECK_P2, head("Detect")),
    family("-p6", BACKBONE_P6, &NECK_P6, head("Detect")),
    family("-seg-p6", BACKBONE_P6, &NECK_P6, masks("Segment")),
    Family { classes: 1, options: POSE, ..family("-pose-p6", BACKBONE_P6, &NECK_P6, pose("Pose")) },
    family("-ghost", GHOST, &GHOST_NECK, head("Detect")),
    family("-ghost-p2", GHOST, &GHOST_NECK_P2, head("Detect")),
    family("-ghost-p6", GHOST_P6, &GHOST_NECK_P6, head("Detect")),
    Family { name: ["yolov8", "-cls"], scales: CLASSIFIER_SCALES, ..classifier(TRUNK) },
    Family { name: ["yolov8-cls-resnet50", ""], ..classifier(&resnet(6)) },
    Family { name: ["yolov8-cls-resnet101", ""], ..classifier(&resnet(23)) },
];

/// With the decoder of RT-DETR.
pub(super) const RTDETR: Family = family("-rtdetr", BACKBONE, &NECK, head("RTDETRDecoder"));

const fn family(
    after: &'static str,
    backbone: &'static [Row],
    neck: &'static Neck,
    head: Row,
) -> Family {
    let (name, neck) = (["yolov8", after], Some(neck));
    Family { name, scales: SCALES, backbone, neck, head, classes: 80, options: OPTIONS }
}

const fn classifier(backbone: &'static [Row]) -> Family {
    Family {
        name: ["", ""],
        scales: ONE,
        backbone,
        neck: None,
        head: head("Classify"),
        classes: 1000,
        options: CLASSIFIER,
    }
}

pub(super) const SCALES: &[Scale] = &[
    scale('n', 0.33, 0.25, 1024.0),
    scale('s', 0.33, 0.50, 1024.0),
    scale('m', 0.67, 0.75, 768.0),
    scale('l', 1.00, 1.00, 512.0),
    scale('x', 1.00, 1.25, 512.0),
];

/// Classifiers keep more channels.
const CLASSIFIER_SCALES: &[Scale] = &[
    scale('n', 0.33, 0.25, 1024.0),
    scale('s', 0.33, 0.50, 1024.0),
    scale('m', 0.67, 0.75, 1024.0),
    scale('l', 1.00, 1.00, 1024.0),
    scale('x', 1.00, 1.25, 1024.0),
];

pub(super) const BACKBONE: &[Row] = &[
    down(64),
    down(128),
    shortcuts("C2f", 3, 128),
    down(256),
    shortcuts("C2f", 6, 256),
    down(512),
    shortcuts("C2f", 6, 512),
    down(1024),
    shortcuts("C2f", 3, 1024),
    sppf(1024),
];

/// A classifier has no pools.
const TRUNK: &[Row] = BACKBONE.split_at(9).0;

pub(super) const NECK: Neck = neck(
    &[6, 4],
    &[&[c2f(512)], &[c2f(256)]],
    &[(down(256), &[c2f(512)]), (down(512), &[c2f(1024)])],
);

const NECK_P2: Neck = neck(
    &[6, 4, 2],
    &[&[c2f(512)], &[c2f(256)], &[c2f(128)]],
    &[(down(128), &[c2f(256)]), (down(256), &[c2f(512)]), (down(512), &[c2f(1024)])],
);

const fn c2f(c: isize) -> Row {
    blocks("C2f", 3, c)
}

const BACKBONE_P6: &[Row] = &[
    down(64),
    down(128),
    shortcuts("C2f", 3, 128),
    down(256),
    shortcuts("C2f", 6, 256),
    down(512),
    shortcuts("C2f", 6, 512),
    down(768),
    shortcuts("C2f", 3, 768),
    down(1024),
    shortcuts("C2f", 3, 1024),
    sppf(1024),
];

const NECK_P6: Neck = neck(
    &[8, 6, 4],
    &[&[c2(768)], &[c2(512)], &[c2(256)]],
    &[(down(256), &[c2(512)]), (down(512), &[c2(768)]), (down(768), &[c2(1024)])],
);

const fn c2(c: isize) -> Row {
    straight("C2", 3, c)
}

const GHOST: &[Row] = &[
    down(64),
    ghost_down(128),
    shortcuts("C3Ghost", 3, 128),
    ghost_down(256),
    shortcuts("C3Ghost", 6, 256),
    ghost_down(512),
    shortcuts("C3Ghost", 6, 512),
    ghost_down(1024),
    shortcuts("C3Ghost", 3, 1024),
    sppf(1024),
];

const GHOST_NECK: Neck = neck(
    &[6, 4],
    &[&[c3(512)], &[c3(256)]],
    &[(ghost_down(256), &[c3(512)]), (ghost_down(512), &[c3(1024)])],
);

const GHOST_NECK_P2: Neck = neck(
    &[6, 4, 2],
    &[&[c3(512)], &[c3(256)], &[c3(128)]],
    &[(ghost_down(128), &[c3(256)]), (ghost_down(256), &[c3(512)]), (ghost_down(512), &[c3(1024)])],
);

const GHOST_P6: &[Row] = &[
    down(64),
    ghost_down(128),
    shortcuts("C3Ghost", 3, 128),
    ghost_down(256),
    shortcuts("C3Ghost", 6, 256),
    ghost_down(512),
    shortcuts("C3Ghost", 6, 512),
    ghost_down(768),
    shortcuts("C3Ghost", 3, 768),
    ghost_down(1024),
    shortcuts("C3Ghost", 3, 1024),
    sppf(1024),
];

const GHOST_NECK_P6: Neck = neck(
    &[8, 6, 4],
    &[&[c3(768)], &[c3(512)], &[c3(256)]],
    &[(ghost_down(256), &[c3(512)]), (ghost_down(512), &[c3(768)]), (ghost_down(768), &[c3(1024)])],
);

const fn ghost_down(c: isize) -> Row {
    row("GhostConv", 1, [N(c), N(3), N(2)])
}

const fn c3(c: isize) -> Row {
    blocks("C3Ghost", 3, c)
}

/// The stages of a residual network of bottlenecks; its third has `depth` of them.
pub(super) const fn resnet(depth: isize) -> [Row; 5] {
    [
        row("ResNetLayer", 1, [N(3), N(64), N(1), Yes, N(1)]),
        row("ResNetLayer", 1, [N(64), N(64), N(1), No, N(3)]),
        row("ResNetLayer", 1, [N(256), N(128), N(2), No, N(4)]),
        row("ResNetLayer", 1, [N(512), N(256), N(2), No, N(depth)]),
        row("ResNetLayer", 1, [N(1024), N(512), N(2), No, N(3)]),
    ]
}
