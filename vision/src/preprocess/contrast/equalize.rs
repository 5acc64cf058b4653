use crate::Image;

const BINS: usize = 256;

/// Replaces each byte by the share of bytes up to it, between the centres of 256 bins.
pub(super) fn equalize(image: &mut Image) {
    let mut counts = [0_usize; 256];
    image.pixels().iter().for_each(|&v| counts[usize::from(v)] += 1);
    let table = table(&counts);
    image.pixels_mut().iter_mut().for_each(|v| *v = table[usize::from(*v)]);
}

fn table(counts: &[usize; 256]) -> [u8; 256] {
    let value = |byte: usize| byte as f32 / 255.0;
    let present = |&byte: &usize| counts[byte] > 0;
    let low = (0..256).find(present).unwrap_or(0);
    let high = (0..256).rfind(present).unwrap_or(255);
    let (first, last) =
        if low == high { (value(low) - 0.5, value(high) + 0.5) } else { (value(low), value(high)) };
    let step = (last - first) / BINS as f32;
    let edge = |bin: usize| if bin == BINS { last } else { bin as f32 * step + first };
    let center = |bin: usize| f64::from(f32::midpoint(edge(bin), edge(bin + 1)));

    let mut shares = [0.0; BINS];
    for byte in (0..256).filter(present) {
        shares[bin_of(value(byte), first, last, edge)] += counts[byte] as f64;
    }
    let total: f64 = shares.iter().sum();
    let mut sum = 0.0;
    for share in &mut shares {
        sum += *share;
        *share = sum / total;
    }
    std::array::from_fn(|byte| {
        let share = interpolate(f64::from(value(byte)), center, &shares);
        (share as f32 * 255.0) as u8
    })
}

/// NumPy's `histogram`: the bin by arithmetic, put right by its edges.
fn bin_of(value: f32, first: f32, last: f32, edge: impl Fn(usize) -> f32) -> usize {
    let bin = ((value - first) / (last - first) * BINS as f32) as usize;
    let bin = bin.min(BINS - 1);
    if value < edge(bin) {
        bin.saturating_sub(1)
    } else if bin + 1 < BINS && value >= edge(bin + 1) {
        bin + 1
    } else {
        bin
    }
}

fn interpolate(x: f64, center: impl Fn(usize) -> f64, shares: &[f64; BINS]) -> f64 {
    if x <= center(0) {
        return shares[0];
    }
    let Some(right) = (1..BINS).find(|&bin| x < center(bin)) else { return shares[BINS - 1] };
    let (x0, x1) = (center(right - 1), center(right));
    let slope = (shares[right] - shares[right - 1]) / (x1 - x0);
    slope * (x - x0) + shares[right - 1]
}
