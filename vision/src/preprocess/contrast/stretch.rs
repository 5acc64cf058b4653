use crate::Image;

/// Makes percentile 2 of all bytes black and percentile 98 white.
pub(super) fn stretch(image: &mut Image) {
    let mut counts = [0_usize; 256];
    image.pixels().iter().for_each(|&v| counts[usize::from(v)] += 1);
    let (low, high) = (percentile(&counts, 0.02), percentile(&counts, 0.98));
    if low >= high {
        return;
    }
    let table: [u8; 256] = std::array::from_fn(|v| {
        let part = ((v as f64).clamp(low, high) - low) / (high - low);
        (part * 255.0) as u8
    });
    image.pixels_mut().iter_mut().for_each(|v| *v = table[usize::from(*v)]);
}

/// NumPy's `percentile` with linear interpolation, from the counts of each value.
fn percentile(counts: &[usize; 256], fraction: f64) -> f64 {
    let total: usize = counts.iter().sum();
    let place = fraction * (total - 1) as f64;
    let rank = place.floor() as usize;
    let at = |rank: usize| {
        let mut seen = 0;
        let reached = |&count: &usize| {
            seen += count;
            seen > rank
        };
        counts.iter().position(reached).unwrap_or(255) as f64
    };
    let (below, above) = (at(rank), at((rank + 1).min(total - 1)));
    let part = place - place.floor();
    if part < 0.5 { below + (above - below) * part } else { above - (above - below) * (1.0 - part) }
}
