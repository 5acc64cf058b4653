/// Colours that stay apart from each other and from most pictures.
const COLORS: [[u8; 3]; 16] = [
    [230, 57, 70],
    [30, 136, 229],
    [67, 160, 71],
    [251, 140, 0],
    [142, 36, 170],
    [0, 172, 193],
    [253, 216, 53],
    [216, 27, 96],
    [124, 179, 66],
    [57, 73, 171],
    [0, 137, 123],
    [244, 143, 177],
    [141, 110, 99],
    [144, 202, 249],
    [192, 202, 51],
    [120, 144, 156],
];

/// The colour of a class, RGB; classes 16 apart share one.
pub fn class_color(class_id: usize) -> [u8; 3] {
    COLORS[class_id % COLORS.len()]
}

/// Black or white, whichever is easier to read on a colour.
pub(super) fn ink_on([r, g, b]: [u8; 3]) -> [u8; 3] {
    let luma = 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b);
    if luma > 140_000 { [0; 3] } else { [255; 3] }
}
