//! `YOLO12`.

use super::neck::{Neck, neck};
use super::row::Word::{N, No, Yes};
use super::row::{Row, c3k2, down, head, masks, oriented, pose, row, slim_c3k2};
use super::{Family, OPTIONS, POSE, v11};

pub(super) const FAMILIES: &[Family] = &[
    family("", head("Detect")),
    family("-seg", masks("Segment")),
    Family { options: POSE, ..family("-pose", pose("Pose")) },
    family("-obb", oriented("OBB")),
    Family { name: ["yolo12", "-cls"], scales: v11::SCALES, ..v11::classifier(BACKBONE) },
];

const fn family(after: &'static str, head: Row) -> Family {
    let (name, scales, neck) = (["yolo12", after], v11::SCALES, Some(&NECK));
    Family { name, scales, backbone: BACKBONE, neck, head, classes: 80, options: OPTIONS }
}

const BACKBONE: &[Row] = &[
    down(64),
    down(128),
    slim_c3k2(256),
    down(256),
    slim_c3k2(512),
    down(512),
    row("A2C2f", 4, [N(512), Yes, N(4)]),
    down(1024),
    row("A2C2f", 4, [N(1024), Yes, N(1)]),
];

const NECK: Neck = neck(
    &[6, 4],
    &[&[plain(512)], &[plain(256)]],
    &[(down(256), &[plain(512)]), (down(512), &[c3k2(1024, true)])],
);

/// Blocks without attention.
const fn plain(c: isize) -> Row {
    row("A2C2f", 2, [N(c), No, N(-1)])
}
