/// The `count` largest scores with their places, largest first.
///
/// Of equal scores the one that stands first comes first; NaN counts as larger than any number,
/// as `torch.topk` has it.
pub fn top_k(scores: &[f32], count: usize) -> Vec<(usize, f32)> {
    let before =
        |&a: &u32, &b: &u32| descending(scores[a as usize], scores[b as usize]).then(a.cmp(&b));
    let mut places: Vec<u32> = (0..scores.len() as u32).collect();
    let count = count.min(places.len());
    if count == 0 {
        return Vec::new();
    }
    if count < places.len() {
        places.select_nth_unstable_by(count - 1, before);
        places.truncate(count);
    }
    places.sort_unstable_by(before);
    places.into_iter().map(|place| (place as usize, scores[place as usize])).collect()
}

/// Larger first, NaN before all; 0 and -0 are equal.
pub(crate) fn descending(a: f32, b: f32) -> std::cmp::Ordering {
    b.is_nan().cmp(&a.is_nan()).then(b.partial_cmp(&a).unwrap_or(std::cmp::Ordering::Equal))
}
