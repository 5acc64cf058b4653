use crate::boxes::area;
use crate::top_k::descending;

/// The boxes that no better box of their class overlaps by more than `iou_threshold`, best first.
///
/// As torchvision's `batched_nms`: a box goes if its overlap with a kept one is strictly greater
/// than the threshold, and of equal scores the box that stands first is taken first. Overlaps are
/// computed on the boxes as they are; torchvision shifts boxes apart by class first when there are
/// fewer than 1000 of them, which costs it a few last bits. Pass one class for all to let classes
/// suppress each other.
///
/// Boxes, scores and classes past the shortest of the three are ignored.
pub fn nms(
    boxes: &[[f32; 4]],
    scores: &[f32],
    classes: &[usize],
    iou_threshold: f32,
    max_detections: usize,
) -> Vec<usize> {
    let count = boxes.len().min(scores.len()).min(classes.len());
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| descending(scores[a], scores[b]));

    let mut kept: Vec<usize> = Vec::new();
    let mut kept_of_class = std::collections::HashMap::<usize, Vec<([f32; 4], f32)>>::new();
    for candidate in order {
        if kept.len() >= max_detections {
            break;
        }
        let this = (boxes[candidate], raw_area(boxes[candidate]));
        let rivals = kept_of_class.entry(classes[candidate]).or_default();
        if !rivals.iter().any(|&better| overlap(better, this) > iou_threshold) {
            rivals.push(this);
            kept.push(candidate);
        }
    }
    kept
}

/// torchvision's area, negative for a box turned inside out on one axis.
fn raw_area([x0, y0, x1, y1]: [f32; 4]) -> f32 {
    (x1 - x0) * (y1 - y0)
}

fn overlap((a, area_a): ([f32; 4], f32), (b, area_b): ([f32; 4], f32)) -> f32 {
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    both / (area_a + area_b - both)
}
