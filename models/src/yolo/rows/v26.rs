//! `YOLO26`.

use super::neck::{Neck, neck};
use super::row::Word::{F, N, No, Yes};
use super::row::{Row, c3k2, down, head, masks, oriented, pose, row, slim_c3k2};
use super::v11::{C2PSA, SCALES, TRUNK, backbone, classifier};
use super::{Family, OPTIONS, Options, POSE};

pub(super) const FAMILIES: &[Family] = &[
    family("", head("Detect")),
    family("-seg", masks("Segment26")),
    Family {
        options: Options { key_points: POSE.key_points, ..END_TO_END },
        ..family("-pose", pose("Pose26"))
    },
    family("-obb", oriented("OBB26")),
    Family { neck: Some(&NECK_P2), ..family("-p2", head("Detect")) },
    Family { backbone: BACKBONE_P6, neck: Some(&NECK_P6), ..family("-p6", head("Detect")) },
    Family { name: ["yolo26", "-cls"], scales: SCALES, ..classifier(TRUNK) },
    Family {
        neck: Some(&NECK_UP),
        classes: 19,
        options: OPTIONS,
        ..family("-sem", head("SemanticSegment"))
    },
    Family { classes: 1, options: OPTIONS, ..family("-depth", row("Depth", 1, [N(256)])) },
];

/// Sides are regressed, and the one-to-one branch answers.
pub(super) const END_TO_END: Options = Options { reg_max: 1, end_to_end: Some(true), ..OPTIONS };

const fn family(after: &'static str, head: Row) -> Family {
    let (name, neck) = (["yolo26", after], Some(&NECK));
    Family {
        name,
        scales: SCALES,
        backbone: BACKBONE,
        neck,
        head,
        classes: 80,
        options: END_TO_END,
    }
}

pub(super) const BACKBONE: &[Row] = &backbone(pools(Yes));

const fn pools(shortcut: super::row::Word) -> Row {
    row("SPPF", 1, [N(1024), N(5), N(3), shortcut])
}

pub(super) const NECK: Neck =
    neck(&[6, 4], UP, &[(down(256), &[c3k2(512, true)]), (down(512), &[ATTENTIVE])]);

const NECK_UP: Neck = neck(&[6, 4], UP, &[]);

const UP: &[&[Row]] = &[&[c3k2(512, true)], &[c3k2(256, true)]];

const NECK_P2: Neck = neck(
    &[6, 4, 2],
    &[&[c3k2(512, true)], &[c3k2(256, true)], &[c3k2(128, true)]],
    &[(down(128), &[c3k2(256, true)]), (down(256), &[c3k2(512, true)]), (down(512), &[ATTENTIVE])],
);

const BACKBONE_P6: &[Row] = &[
    down(64),
    down(128),
    slim_c3k2(256),
    down(256),
    slim_c3k2(512),
    down(512),
    c3k2(512, true),
    down(768),
    c3k2(768, true),
    down(1024),
    c3k2(1024, true),
    pools(No),
    C2PSA,
];

const NECK_P6: Neck = neck(
    &[8, 6, 4],
    &[&[c3k2(768, true)], &[c3k2(512, true)], &[c3k2(256, true)]],
    &[(down(256), &[c3k2(512, true)]), (down(512), &[c3k2(768, true)]), (down(768), &[ATTENTIVE])],
);

/// A block with attention among pixels.
const ATTENTIVE: Row = row("C3k2", 1, [N(1024), Yes, F(0.5), Yes]);
