//! Reading detectors whose output has one row for each anchor.

use super::nms::nms;
use crate::top_k::descending;
use crate::{Result, Thresholds, VisionError, boxes};

/// The numbers of a row: centre x, centre y, width, height, an objectness if there is one, a score for each class, and
/// the task's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowLayout {
    /// Scores of classes.
    pub classes: usize,
    /// Numbers after the scores.
    pub extra: usize,
    /// What stands before them, and what it is good for.
    pub objectness: Objectness,
}

/// How likely a row shows any object, as a number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objectness {
    /// There is none.
    Absent,
    /// A row's score is its objectness times its best class's; both that and the objectness must be over the threshold.
    Factor,
    /// The objectness must be over the threshold, a row's score is its best class's.
    Gate,
}

/// A row that may be an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The row.
    pub row: usize,
    /// Its class.
    pub class_id: usize,
    /// Its score.
    pub score: f32,
    /// Centre and extent, in pixels of the input.
    pub cxcywh: [f32; 4],
}

impl RowLayout {
    /// The length of a row.
    pub fn width(&self) -> usize {
        self.first_score() + self.classes + self.extra
    }

    fn first_score(&self) -> usize {
        4 + usize::from(self.objectness != Objectness::Absent)
    }

    /// The task's own numbers of a row.
    pub fn extra<'a>(&self, rows: &'a [f32], row: usize) -> &'a [f32] {
        &rows[(row + 1) * self.width() - self.extra..][..self.extra]
    }

    /// The rows over their class's threshold, each read as its best class, in their order.
    ///
    /// # Errors
    /// If `rows` are not whole rows, or there are no classes.
    pub fn candidates(&self, rows: &[f32], thresholds: &Thresholds) -> Result<Vec<Candidate>> {
        let width = self.width();
        if self.classes == 0 || !rows.len().is_multiple_of(width) {
            let expected = format!("rows of {width} numbers, {} of them scores", self.classes);
            return Err(VisionError::shape("predictions", &[rows.len()], &expected));
        }
        let (lowest, first) = (thresholds.lowest(), self.first_score());
        let read = |(row, values): (usize, &[f32])| {
            let scores = &values[first..][..self.classes];
            let best = largest(scores);
            if best <= lowest || best.is_nan() {
                return None;
            }
            let class_id = scores.iter().position(|&score| score >= best)?;
            let threshold = thresholds.of(class_id);
            let (gate, score) = match self.objectness {
                Objectness::Absent => (best, best),
                Objectness::Factor => (values[4], values[4] * best),
                Objectness::Gate => (values[4], best),
            };
            let over =
                gate > threshold && (self.objectness == Objectness::Gate || score > threshold);
            let cxcywh = [values[0], values[1], values[2], values[3]];
            over.then_some(Candidate { row, class_id, score, cxcywh })
        };
        Ok(rows.chunks_exact(width).enumerate().filter_map(read).collect())
    }
}

/// The largest of some numbers; NaN if there are none.
fn largest(values: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let (lanes, rest) = values.as_chunks::<8>();
    let lanes = lanes.iter().fold([f32::NEG_INFINITY; 8], |best, lane| {
        std::array::from_fn(|i| larger(best[i], lane[i]))
    });
    let all = lanes.iter().chain(rest);
    all.copied().fold(f32::NEG_INFINITY, larger)
}

/// How overlapping answers are thinned out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suppression {
    /// Overlap above which the weaker of two boxes goes.
    pub iou_threshold: f32,
    /// Whether boxes of different classes suppress each other.
    pub class_agnostic: bool,
    /// The most that stay.
    pub max_detections: usize,
    /// The most that are looked at, the strongest of all.
    pub max_candidates: usize,
}

impl Suppression {
    /// The candidates that no stronger one of their class overlaps, strongest first.
    pub fn run(&self, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let candidates = self.strongest(candidates);
        let corners: Vec<[f32; 4]> =
            candidates.iter().map(|c| boxes::cxcywh_to_xyxy(c.cxcywh)).collect();
        let scores: Vec<f32> = candidates.iter().map(|c| c.score).collect();
        let class = |c: &Candidate| if self.class_agnostic { 0 } else { c.class_id };
        let classes: Vec<usize> = candidates.iter().map(class).collect();
        let kept = nms(&corners, &scores, &classes, self.iou_threshold, self.max_detections);
        kept.into_iter().map(|kept| candidates[kept]).collect()
    }

    /// At most `max_candidates` of them; the strongest, strongest first, if there are more.
    pub(super) fn strongest(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        if candidates.len() > self.max_candidates {
            candidates.sort_by(|a, b| descending(a.score, b.score));
            candidates.truncate(self.max_candidates);
        }
        candidates
    }
}

#[cfg(test)]
mod tests;
