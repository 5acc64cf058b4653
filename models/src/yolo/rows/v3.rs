//! `YOLOv3`, with heads without anchors.

use super::row::Word::{List, N, No};
use super::row::{CONCAT, Row, UPSAMPLE, blocks, conv, down, head, row};
use super::{Family, ONE, OPTIONS};

pub(super) const FAMILIES: &[Family] = &[
    family("yolov3", DARKNET, &[27, 22, 15]),
    family("yolov3-spp", DARKNET_SPP, &[27, 22, 15]),
    family("yolov3-tiny", TINY, &[19, 15]),
];

const fn family(
    name: &'static str,
    backbone: &'static [Row],
    features: &'static [isize],
) -> Family {
    Family {
        name: [name, ""],
        scales: ONE,
        backbone,
        neck: None,
        head: head("Detect").of(features),
        classes: 80,
        options: OPTIONS,
    }
}

const fn plain(repeats: usize, c: isize) -> Row {
    row("Bottleneck", repeats, [N(c), No])
}

const DARKNET: &[Row] = &darknet(conv(512, 1, 1));
const DARKNET_SPP: &[Row] = &darknet(row("SPP", 1, [N(512), List(&[5, 9, 13])]));

/// Both have the same layers but for one.
const fn darknet(twelfth: Row) -> [Row; 28] {
    [
        conv(32, 3, 1),
        down(64),
        blocks("Bottleneck", 1, 64),
        down(128),
        blocks("Bottleneck", 2, 128),
        down(256),
        blocks("Bottleneck", 8, 256),
        down(512),
        blocks("Bottleneck", 8, 512),
        down(1024),
        blocks("Bottleneck", 4, 1024),
        plain(1, 1024),
        twelfth,
        conv(1024, 3, 1),
        conv(512, 1, 1),
        conv(1024, 3, 1),
        conv(256, 1, 1).of(&[-2]),
        UPSAMPLE,
        CONCAT.of(&[-1, 8]),
        plain(1, 512),
        plain(1, 512),
        conv(256, 1, 1),
        conv(512, 3, 1),
        conv(128, 1, 1).of(&[-2]),
        UPSAMPLE,
        CONCAT.of(&[-1, 6]),
        plain(1, 256),
        plain(2, 256),
    ]
}

const HALVE: Row = row("MaxPool2d", 1, [N(2), N(2), N(0)]);

const TINY: &[Row] = &[
    conv(16, 3, 1),
    HALVE,
    conv(32, 3, 1),
    HALVE,
    conv(64, 3, 1),
    HALVE,
    conv(128, 3, 1),
    HALVE,
    conv(256, 3, 1),
    HALVE,
    conv(512, 3, 1),
    row("ZeroPad2d", 1, [List(&[0, 1, 0, 1])]),
    row("MaxPool2d", 1, [N(2), N(1), N(0)]),
    conv(1024, 3, 1),
    conv(256, 1, 1),
    conv(512, 3, 1),
    conv(128, 1, 1).of(&[-2]),
    UPSAMPLE,
    CONCAT.of(&[-1, 8]),
    conv(256, 3, 1),
];
