/// Hue (in turns) and saturation of a colour in 0..=1, and its value.
pub(super) fn from_rgb([r, g, b]: [f32; 3]) -> [f32; 3] {
    let value = r.max(g).max(b);
    let delta = value - r.min(g).min(b);
    if delta == 0.0 {
        return [0.0, 0.0, value];
    }
    let sector = if b >= value {
        4.0 + (r - g) / delta
    } else if g >= value {
        2.0 + (b - r) / delta
    } else {
        (g - b) / delta
    };
    [(sector / 6.0).rem_euclid(1.0), delta / value, value]
}

/// The colour of a hue (in turns), a saturation and a value.
pub(super) fn to_rgb([hue, saturation, v]: [f32; 3]) -> [f32; 3] {
    let sector = (hue * 6.0).floor();
    let part = hue * 6.0 - sector;
    let p = v * (1.0 - saturation);
    let q = v * (1.0 - part * saturation);
    let t = v * (1.0 - (1.0 - part) * saturation);
    match sector as u8 % 6 {
        0 => [v, t, p],
        1 => [q, v, p],
        2 => [p, v, t],
        3 => [p, q, v],
        4 => [t, p, v],
        _ => [v, p, q],
    }
}
