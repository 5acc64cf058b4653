//! Suppression of rotated boxes by the overlap of the Gaussians they stand for.

use super::rows::{Candidate, Suppression};
use crate::top_k::descending;

/// The candidates that no stronger one of their class overlaps, strongest first; `angles` are theirs, in radians.
///
/// The overlap is one minus the Hellinger distance of the boxes' Gaussians (Llerena et al., "Gaussian Bounding Boxes and
/// Probabilistic Intersection-over-Union for Object Detection", 2021). A candidate goes if *any* stronger one overlaps it,
/// whether or not that one stays, as in the "fast NMS" of YOLACT.
pub fn suppress_oriented(
    suppression: &Suppression,
    candidates: Vec<Candidate>,
    angle: impl Fn(&Candidate) -> f32,
) -> Vec<Candidate> {
    let mut candidates = suppression.strongest(candidates);
    candidates.sort_by(|a, b| descending(a.score, b.score));
    let shapes: Vec<Gaussian> =
        candidates.iter().map(|c| Gaussian::new(c.cxcywh, angle(c))).collect();
    let rivals = |a: usize, b: usize| {
        suppression.class_agnostic || candidates[a].class_id == candidates[b].class_id
    };
    let overlapped = |i: &usize| {
        (0..*i).any(|better| {
            rivals(better, *i) && shapes[better].overlap(&shapes[*i]) > suppression.iou_threshold
        })
    };
    let kept = (0..candidates.len()).filter(|i| !overlapped(i));
    kept.take(suppression.max_detections).map(|i| candidates[i]).collect()
}

/// A rotated box as a normal distribution: centre, and the covariance `[[a, c], [c, b]]`.
struct Gaussian {
    x: f32,
    y: f32,
    a: f32,
    b: f32,
    c: f32,
}

impl Gaussian {
    fn new([x, y, width, height]: [f32; 4], angle: f32) -> Self {
        let (w, h) = (width * width / 12.0, height * height / 12.0);
        let (sin, cos) = angle.sin_cos();
        let (sin2, cos2) = (sin * sin, cos * cos);
        Self { x, y, a: w * cos2 + h * sin2, b: w * sin2 + h * cos2, c: (w - h) * cos * sin }
    }

    fn overlap(&self, other: &Self) -> f32 {
        const EPS: f32 = 1e-7;
        let (a, b, c) = (self.a + other.a, self.b + other.b, self.c + other.c);
        let (x, y) = (self.x - other.x, self.y - other.y);
        let determinant = a * b - c * c;
        let near = (a * y * y + b * x * x) / (determinant + EPS) * 0.25;
        let skew = c * -x * y / (determinant + EPS) * 0.5;
        let own = |g: &Self| (g.a * g.b - g.c * g.c).max(0.0);
        let spread = (determinant / (4.0 * (own(self) * own(other)).sqrt() + EPS) + EPS).ln() * 0.5;
        let distance = (near + skew + spread).clamp(EPS, 100.0);
        1.0 - (1.0 - (-distance).exp() + EPS).sqrt()
    }
}
