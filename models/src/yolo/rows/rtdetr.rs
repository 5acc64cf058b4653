//! RT-DETR as `ultralytics` has it.

use super::row::Word::{N, No, Nothing, Yes};
use super::row::{CONCAT, Row, UPSAMPLE, blocks, conv, down, head, row};
use super::{Family, ONE, OPTIONS, Scale, scale, v8};

pub(super) const FAMILIES: &[Family] = &[
    family("rtdetr-", &[scale('l', 1.0, 1.0, 1024.0)], &L, &[21, 24, 27]),
    family("rtdetr-", &[scale('x', 1.0, 1.0, 2048.0)], &X, &[25, 28, 31]),
    family("rtdetr-resnet50", ONE, &RESNET50, &[16, 19, 22]),
    family("rtdetr-resnet101", ONE, &RESNET101, &[16, 19, 22]),
    v8::RTDETR,
];

const fn family(
    name: &'static str,
    scales: &'static [Scale],
    backbone: &'static [Row],
    features: &'static [isize],
) -> Family {
    let head = head("RTDETRDecoder").of(features);
    Family { name: [name, ""], scales, backbone, neck: None, head, classes: 80, options: OPTIONS }
}

const L: [Row; 28] = join(
    [
        row("HGStem", 1, [N(32), N(48)]),
        row("HGBlock", 6, [N(48), N(128), N(3)]),
        depthwise(128),
        row("HGBlock", 6, [N(96), N(512), N(3)]),
        depthwise(512),
        light(192, 1024, false),
        light(192, 1024, true),
        light(192, 1024, true),
        depthwise(1024),
        light(384, 2048, false),
    ],
    neck::<10>(256, 1024, &[7], &[3]),
);

const X: [Row; 32] = join(
    [
        row("HGStem", 1, [N(32), N(64)]),
        row("HGBlock", 6, [N(64), N(128), N(3)]),
        depthwise(128),
        row("HGBlock", 6, [N(128), N(512), N(3)]),
        row("HGBlock", 6, [N(128), N(512), N(3), No, Yes]),
        depthwise(512),
        light(256, 1024, false),
        light(256, 1024, true),
        light(256, 1024, true),
        light(256, 1024, true),
        light(256, 1024, true),
        depthwise(1024),
        light(512, 2048, false),
        light(512, 2048, true),
    ],
    neck::<14>(384, 2048, &[10], &[4]),
);

const RESNET50: [Row; 23] = join(v8::resnet(6), neck::<5>(256, 1024, &[3], &[2]));
const RESNET101: [Row; 23] = join(v8::resnet(23), neck::<5>(256, 1024, &[3], &[2]));

/// Light convolutions of 5 x 5.
const fn light(inner: isize, c: isize, shortcut: bool) -> Row {
    row("HGBlock", 6, [N(inner), N(c), N(5), Yes, if shortcut { Yes } else { No }])
}

/// Half the size by a depthwise convolution without activation.
const fn depthwise(c: isize) -> Row {
    row("DWConv", 1, [N(c), N(3), N(2), N(1), No])
}

/// A 1 x 1 convolution without activation.
const fn linear(c: isize) -> Row {
    row("Conv", 1, [N(c), N(1), N(1), Nothing, N(1), N(1), No])
}

/// What follows a backbone of `B` layers: attention on its last map, then down and up a pyramid of `c` channels.
const fn neck<const B: isize>(
    c: isize,
    hidden: isize,
    middle: &'static [isize],
    fine: &'static [isize],
) -> [Row; 18] {
    [
        linear(c),
        row("AIFI", 1, [N(hidden), N(8)]),
        conv(c, 1, 1),
        UPSAMPLE,
        linear(c).of(middle),
        CONCAT.of(&[-2, -1]),
        blocks("RepC3", 3, c),
        conv(c, 1, 1),
        UPSAMPLE,
        linear(c).of(fine),
        CONCAT.of(&[-2, -1]),
        blocks("RepC3", 3, c),
        down(c),
        CONCAT.of(const { &[-1, B + 7] }),
        blocks("RepC3", 3, c),
        down(c),
        CONCAT.of(const { &[-1, B + 2] }),
        blocks("RepC3", 3, c),
    ]
}

/// A backbone and a neck.
const fn join<const A: usize, const B: usize, const ALL: usize>(
    backbone: [Row; A],
    neck: [Row; B],
) -> [Row; ALL] {
    let mut all = [UPSAMPLE; ALL];
    let mut i = 0;
    while i < A + B {
        all[i] = if i < A { backbone[i] } else { neck[i - A] };
        i += 1;
    }
    all
}
