//! Anchor boxes of an export, which names them no more.

use ocelli_converters::{DType, StateDict, Tensor};

/// Finds the constants `[1, anchors, h, w, 2]` of an export, which hold the anchors of a level in pixels at every place, and
/// gives them the name and form that training has: `anchors` `[levels, anchors, 2]`, in strides of 8, 16 and so on, the
/// smallest first. Nothing if there are not as many constants as levels.
///
/// The grids of places have the same shape; their values differ from place to place.
pub(super) fn anchors(file: &StateDict, levels: usize) -> Option<StateDict> {
    let mut found: Vec<Vec<f32>> = Vec::new();
    for level in file.tensors().filter_map(level) {
        if !found.contains(&level) {
            found.push(level);
        }
    }
    if found.len() != levels || found.iter().any(|level| level.len() != found[0].len()) {
        return None;
    }
    let area = |level: &[f32]| level.chunks_exact(2).map(|side| side[0] * side[1]).sum::<f32>();
    found.sort_by(|a, b| area(a).total_cmp(&area(b)));
    let count = found[0].len() / 2;
    let strides = (0..levels).map(|level| (8 << level) as f32);
    let sides = found.iter().zip(strides).flat_map(|(level, s)| level.iter().map(move |v| v / s));
    let bytes = sides.flat_map(f32::to_le_bytes).collect();
    let tensor = ("anchors".to_owned(), DType::F32, vec![levels, count, 2], bytes);
    StateDict::from_tensors([tensor]).ok()
}

/// Widths and heights of a level's anchors, if a tensor holds the same at every place and they are sides of boxes.
fn level(tensor: &Tensor) -> Option<Vec<f32>> {
    const MOST_PLACES: usize = 1 << 16;
    let &[1, count @ 1..=16, height, width, 2] = tensor.shape() else { return None };
    let places = height.checked_mul(width).filter(|places| (1..=MOST_PLACES).contains(places))?;
    let values = tensor.to_f32().ok()?;
    let mut sides = Vec::with_capacity(count * 2);
    for anchor in values.chunks_exact(places * 2) {
        let first = anchor.get(..2)?;
        let same = anchor.chunks_exact(2).all(|place| place == first);
        if !same || first.iter().any(|side| !(1.0..1e5).contains(side)) {
            return None;
        }
        sides.extend_from_slice(first);
    }
    Some(sides)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constant(
        name: &str,
        shape: &[usize],
        values: &[f32],
    ) -> (String, DType, Vec<usize>, Vec<u8>) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        (name.to_owned(), DType::F32, shape.to_vec(), bytes)
    }

    #[test]
    fn constants_of_an_export_become_anchors() {
        let file = StateDict::from_tensors([
            constant("b", &[1, 2, 1, 1, 2], &[32.0, 48.0, 64.0, 16.0]),
            constant("a", &[1, 2, 1, 2, 2], &[8.0, 16.0, 8.0, 16.0, 24.0, 4.0, 24.0, 4.0]),
            constant("grid", &[1, 2, 1, 2, 2], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            constant("a again", &[1, 2, 1, 1, 2], &[8.0, 16.0, 24.0, 4.0]),
        ]);
        let file = file.unwrap();
        let found = anchors(&file, 2).unwrap();
        let anchors_ = found.tensor("anchors").unwrap();
        assert_eq!(anchors_.shape(), [2, 2, 2]);
        assert_eq!(anchors_.to_f32().unwrap()[..], [1.0, 2.0, 3.0, 0.5, 2.0, 3.0, 4.0, 1.0]);
        assert!(anchors(&file, 3).is_none());
    }
}
