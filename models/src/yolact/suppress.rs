//! Fast suppression: a box goes if any stronger one overlaps it, whether that one stays or not.

use ocelli_vision::{Candidate, Suppression, boxes};

/// The candidates that no stronger one of their class overlaps, strongest first. At most `max_candidates` of a class are
/// looked at.
pub(super) fn fast(mut candidates: Vec<Candidate>, rule: &Suppression) -> Vec<Candidate> {
    let class = |c: &Candidate| if rule.class_agnostic { 0 } else { c.class_id };
    let stronger = |a: &Candidate, b: &Candidate| b.score.total_cmp(&a.score);
    candidates.sort_by(|a, b| class(a).cmp(&class(b)).then(stronger(a, b)));
    let mut kept = Vec::new();
    for same in candidates.chunk_by(|a, b| class(a) == class(b)) {
        let same = &same[..same.len().min(rule.max_candidates)];
        let corners: Vec<[f32; 4]> = same.iter().map(|c| boxes::cxcywh_to_xyxy(c.cxcywh)).collect();
        let free = |i: &usize| {
            corners[..*i].iter().all(|&other| boxes::iou(other, corners[*i]) <= rule.iou_threshold)
        };
        kept.extend((0..same.len()).filter(free).map(|i| same[i]));
    }
    kept.sort_by(stronger);
    kept.truncate(rule.max_detections);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f32, score: f32, class_id: usize) -> Candidate {
        Candidate { row: 0, class_id, score, cxcywh: [x, 5.0, 10.0, 10.0] }
    }

    fn kept(rule: Suppression, candidates: &[Candidate]) -> Vec<f32> {
        fast(candidates.to_vec(), &rule).iter().map(|c| c.score).collect()
    }

    #[test]
    fn a_box_that_goes_takes_others_with_it() {
        let rule = Suppression {
            iou_threshold: 0.4,
            class_agnostic: false,
            max_detections: 10,
            max_candidates: 10,
        };
        let chain = [at(5.0, 0.7, 0), at(13.0, 0.8, 0), at(9.0, 0.9, 1), at(17.0, 0.6, 0)];
        assert_eq!(kept(rule, &chain), [0.9, 0.8, 0.7]);
        let row = [at(0.0, 0.9, 0), at(4.0, 0.8, 0), at(8.0, 0.7, 0)];
        assert_eq!(kept(rule, &row), [0.9]);
        assert_eq!(kept(Suppression { max_candidates: 1, ..rule }, &chain), [0.9, 0.8]);
        assert_eq!(kept(Suppression { max_detections: 1, ..rule }, &chain), [0.9]);
        assert_eq!(kept(Suppression { class_agnostic: true, ..rule }, &chain), [0.9]);
    }
}
