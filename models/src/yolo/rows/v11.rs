//! `YOLO11`.

use super::neck::{Neck, neck};
use super::row::Word::{N, Name, Yes};
use super::row::{Row, blocks, c3k2, down, head, masks, oriented, pose, row, slim_c3k2, sppf};
use super::{CLASSIFIER, Family, ONE, OPTIONS, POSE, Scale, scale};

pub(super) const FAMILIES: &[Family] = &[
    family("", head("Detect")),
    family("-seg", masks("Segment")),
    Family { options: POSE, ..family("-pose", pose("Pose")) },
    family("-obb", oriented("OBB")),
    Family { name: ["yolo11", "-cls"], scales: SCALES, ..classifier(TRUNK) },
    Family { name: ["yolo11-cls-resnet18", ""], ..classifier(&[RESNET]) },
];

const fn family(after: &'static str, head: Row) -> Family {
    let (name, neck) = (["yolo11", after], Some(&NECK));
    Family { name, scales: SCALES, backbone: BACKBONE, neck, head, classes: 80, options: OPTIONS }
}

/// A classifier on `backbone`.
pub(super) const fn classifier(backbone: &'static [Row]) -> Family {
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
    scale('n', 0.50, 0.25, 1024.0),
    scale('s', 0.50, 0.50, 1024.0),
    scale('m', 0.50, 1.00, 512.0),
    scale('l', 1.00, 1.00, 512.0),
    scale('x', 1.00, 1.50, 512.0),
];

pub(super) const BACKBONE: &[Row] = &backbone(sppf(1024));

/// All but the pools, which differ among the networks.
pub(super) const fn backbone(pools: Row) -> [Row; 11] {
    [
        down(64),
        down(128),
        slim_c3k2(256),
        down(256),
        slim_c3k2(512),
        down(512),
        c3k2(512, true),
        down(1024),
        c3k2(1024, true),
        pools,
        C2PSA,
    ]
}

pub(super) const C2PSA: Row = blocks("C2PSA", 2, 1024);

/// The backbone of classifiers.
pub(super) const TRUNK: &[Row] = &[
    down(64),
    down(128),
    slim_c3k2(256),
    down(256),
    slim_c3k2(512),
    down(512),
    c3k2(512, true),
    down(1024),
    c3k2(1024, true),
    C2PSA,
];

pub(super) const NECK: Neck = neck(
    &[6, 4],
    &[&[c3k2(512, false)], &[c3k2(256, false)]],
    &[(down(256), &[c3k2(512, false)]), (down(512), &[c3k2(1024, true)])],
);

const RESNET: Row = row("TorchVision", 1, [N(512), Name("resnet18"), Name("DEFAULT"), Yes, N(2)]);
