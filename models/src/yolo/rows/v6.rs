//! `YOLOv6` as `ultralytics` has it.

use super::neck::Neck;
use super::row::Word::N;
use super::row::{Row, conv, down, head, row, sppf};
use super::{Family, OPTIONS, Options, Scale, v8};

pub(super) const FAMILIES: &[Family] = &[Family {
    name: ["yolov6", ""],
    scales: SCALES,
    backbone: BACKBONE,
    neck: Some(&NECK),
    head: head("Detect"),
    classes: 80,
    options: Options { activation: Some("torch.nn.ReLU()"), ..OPTIONS },
}];

const SCALES: &[Scale] = v8::SCALES;

const BACKBONE: &[Row] = &[
    down(64),
    down(128),
    convs(6, 128),
    down(256),
    convs(12, 256),
    down(512),
    convs(18, 512),
    down(1024),
    convs(6, 1024),
    sppf(1024),
];

const NECK: Neck = Neck {
    laterals: &[6, 4],
    reduce: &[conv(256, 1, 1), conv(128, 1, 1)],
    grow: &[double(256), double(128)],
    up: &[&[convs(1, 256), convs(9, 256)], &[convs(1, 128), convs(9, 128)]],
    down: &[
        (down(128), &[convs(1, 256), convs(9, 256)]),
        (down(256), &[convs(1, 512), convs(9, 512)]),
    ],
};

const fn convs(repeats: usize, c: isize) -> Row {
    row("Conv", repeats, [N(c), N(3), N(1)])
}

const fn double(c: isize) -> Row {
    row("ConvTranspose2d", 1, [N(c), N(2), N(2), N(0)])
}
