//! `YOLOv9`: each size has channels of its own.

use super::neck::{Neck, neck};
use super::row::Word::{List, N};
use super::row::{Row, blocks, down, head, masks, row};
use super::{Family, ONE, OPTIONS};

pub(super) const FAMILIES: &[Family] = &[
    family("yolov9t", T, &NECK_T, head("Detect")),
    family("yolov9s", S, &NECK_S, head("Detect")),
    family("yolov9m", M, &NECK_M, head("Detect")),
    family("yolov9c", C, &NECK_C, head("Detect")),
    family("yolov9c-seg", C, &NECK_C, masks("Segment")),
    family("yolov9e", E, &NECK_E, head("Detect")),
    family("yolov9e-seg", E, &NECK_E, masks("Segment")),
];

const fn family(
    name: &'static str,
    backbone: &'static [Row],
    neck: &'static Neck,
    head: Row,
) -> Family {
    let (name, neck) = ([name, ""], Some(neck));
    Family { name, scales: ONE, backbone, neck, head, classes: 80, options: OPTIONS }
}

/// Channels out, after the first convolution, of the stacks, and blocks of a stack.
const fn elan(c: isize, first: isize, stack: isize, depth: isize) -> Row {
    row("RepNCSPELAN4", 1, [N(c), N(first), N(stack), N(depth)])
}

/// The usual proportions.
const fn even(c: isize, depth: isize) -> Row {
    elan(c, c, c / 2, depth)
}

const fn pools(c: isize) -> Row {
    row("SPPELAN", 1, [N(c), N(c / 2)])
}

const fn a_conv(c: isize) -> Row {
    blocks("AConv", 1, c)
}

const fn a_down(c: isize) -> Row {
    blocks("ADown", 1, c)
}

const T: &[Row] = &small([16, 32, 64, 96, 128]);
const S: &[Row] = &small([32, 64, 128, 192, 256]);

const fn small(c: [isize; 5]) -> [Row; 10] {
    [
        down(c[0]),
        down(c[1]),
        row("ELAN1", 1, [N(c[1]), N(c[1]), N(c[1] / 2)]),
        a_conv(c[2]),
        even(c[2], 3),
        a_conv(c[3]),
        even(c[3], 3),
        a_conv(c[4]),
        even(c[4], 3),
        pools(c[4]),
    ]
}

const NECK_T: Neck = neck(
    &[6, 4],
    &[&[even(96, 3)], &[even(64, 3)]],
    &[(a_conv(48), &[even(96, 3)]), (a_conv(64), &[even(128, 3)])],
);

const NECK_S: Neck = neck(
    &[6, 4],
    &[&[even(192, 3)], &[even(128, 3)]],
    &[(a_conv(96), &[even(192, 3)]), (a_conv(128), &[even(256, 3)])],
);

const M: &[Row] = &[
    down(32),
    down(64),
    even(128, 1),
    a_conv(240),
    even(240, 1),
    a_conv(360),
    even(360, 1),
    a_conv(480),
    even(480, 1),
    pools(480),
];

const NECK_M: Neck = neck(
    &[6, 4],
    &[&[even(360, 1)], &[even(240, 1)]],
    &[(a_conv(180), &[even(360, 1)]), (a_conv(240), &[even(480, 1)])],
);

const C: &[Row] = &[
    down(64),
    down(128),
    elan(256, 128, 64, 1),
    a_down(256),
    elan(512, 256, 128, 1),
    a_down(512),
    even(512, 1),
    a_down(512),
    even(512, 1),
    pools(512),
];

const NECK_C: Neck = neck(
    &[6, 4],
    &[&[even(512, 1)], &[even(256, 1)]],
    &[(a_down(256), &[even(512, 1)]), (a_down(512), &[even(512, 1)])],
);

/// Two backbones: the second starts from the picture again and is given maps of the first at each size.
const E: &[Row] = &[
    row("Identity", 1, []),
    down(64),
    down(128),
    elan(256, 128, 64, 2),
    a_down(256),
    elan(512, 256, 128, 2),
    a_down(512),
    elan(1024, 512, 256, 2),
    a_down(1024),
    elan(1024, 512, 256, 2),
    row("CBLinear", 1, [List(&[64])]).of(&[1]),
    row("CBLinear", 1, [List(&[64, 128])]).of(&[3]),
    row("CBLinear", 1, [List(&[64, 128, 256])]).of(&[5]),
    row("CBLinear", 1, [List(&[64, 128, 256, 512])]).of(&[7]),
    row("CBLinear", 1, [List(&[64, 128, 256, 512, 1024])]).of(&[9]),
    down(64).of(&[0]),
    row("CBFuse", 1, [List(&[0, 0, 0, 0, 0])]).of(&[10, 11, 12, 13, 14, -1]),
    down(128),
    row("CBFuse", 1, [List(&[1, 1, 1, 1])]).of(&[11, 12, 13, 14, -1]),
    elan(256, 128, 64, 2),
    a_down(256),
    row("CBFuse", 1, [List(&[2, 2, 2])]).of(&[12, 13, 14, -1]),
    elan(512, 256, 128, 2),
    a_down(512),
    row("CBFuse", 1, [List(&[3, 3])]).of(&[13, 14, -1]),
    elan(1024, 512, 256, 2),
    a_down(1024),
    row("CBFuse", 1, [List(&[4])]).of(&[14, -1]),
    elan(1024, 512, 256, 2),
    pools(512),
];

const NECK_E: Neck = neck(
    &[25, 22],
    &[&[even(512, 2)], &[even(256, 2)]],
    &[(a_down(256), &[even(512, 2)]), (a_down(512), &[elan(512, 1024, 512, 2)])],
);
