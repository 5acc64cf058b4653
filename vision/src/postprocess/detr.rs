//! Reading the heads of DETR-like detectors: a score for each query and class, a box for each
//! query.

use crate::top_k::descending;
use crate::{
    Detection, Detections, PreProcessingMetadata, Result, Thresholds, VisionError, boxes, top_k,
};

/// A query's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selected {
    /// The query.
    pub query: usize,
    /// The class, as reported.
    pub class_id: usize,
    /// The sigmoid of its logit.
    pub score: f32,
}

/// Which columns of the logits are reported, and as what.
#[derive(Debug, Clone, Copy)]
pub enum Columns<'a> {
    /// Column `i` is class `i`; columns from here on are no class.
    Below(usize),
    /// For each column its class, or none.
    Mapped(&'a [Option<usize>]),
}

impl Columns<'_> {
    /// The class of a column.
    pub fn class(self, column: usize) -> Option<usize> {
        match self {
            Self::Below(classes) => (column < classes).then_some(column),
            Self::Mapped(map) => map.get(column).copied().flatten(),
        }
    }
}

/// The answers of one picture, most confident first.
///
/// Of the flattened scores `[queries * classes]` the `candidates` largest are taken, so that a query
/// may answer with several classes; then columns that are no class, and scores not over their
/// threshold, are dropped. Equal scores keep the order of the flattened logits.
///
/// # Errors
/// If `logits` is no number of rows of `classes`.
pub fn select(
    logits: &[f32],
    classes: usize,
    candidates: usize,
    columns: Columns<'_>,
    thresholds: &Thresholds,
    max_detections: usize,
) -> Result<Vec<Selected>> {
    if !logits.len().is_multiple_of(classes) {
        let expected = format!("rows of {classes} classes");
        return Err(VisionError::shape("logits", &[logits.len()], &expected));
    }
    let floor = logit(thresholds.lowest()) - 1e-3;
    let places: Vec<usize> = (0..logits.len()).filter(|&place| logits[place] > floor).collect();
    let values: Vec<f32> = places.iter().map(|&place| logits[place]).collect();
    let answer = |(candidate, logit): (usize, f32)| {
        let place = places[candidate];
        let class_id = columns.class(place % classes)?;
        let score = sigmoid(logit);
        let over = score > thresholds.of(class_id);
        over.then_some(Selected { query: place / classes, class_id, score })
    };
    let mut answers: Vec<Selected> =
        top_k(&values, candidates).into_iter().filter_map(answer).collect();
    answers.sort_by(|a, b| descending(a.score, b.score));
    answers.truncate(max_detections);
    Ok(answers)
}

/// Boxes of the selected queries in original pixels, clamped: `queries` is `[queries, 4]`,
/// normalised centre and extent.
///
/// # Errors
/// If a selected query has no box.
pub fn detections(
    selected: &[Selected],
    queries: &[f32],
    metadata: &PreProcessingMetadata,
) -> Result<Detections> {
    let mut found = Detections::new(metadata.original_size);
    for answer in selected {
        let Some(&cxcywh) = queries.as_chunks::<4>().0.get(answer.query) else {
            let expected = format!("a row for query {}", answer.query);
            return Err(VisionError::shape("boxes", &[queries.len()], &expected));
        };
        let xyxy = denormalise(boxes::cxcywh_to_xyxy(cxcywh), metadata);
        found.push(Detection { xyxy, class_id: answer.class_id, confidence: answer.score });
    }
    Ok(found)
}

/// Normalised corners to original pixels, clamped.
pub fn denormalise(xyxy: [f32; 4], metadata: &PreProcessingMetadata) -> [f32; 4] {
    let size = metadata.denormalisation_size();
    let [x0, y0, x1, y1] = xyxy;
    let (width, height) = (size.width as f32, size.height as f32);
    metadata.box_to_original([x0 * width, y0 * height, x1 * width, y1 * height])
}

/// `1 / (1 + exp(-x))`.
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// The value whose [`sigmoid`] is `p`; minus infinity for 0 and below.
fn logit(p: f32) -> f32 {
    if p > 0.0 { (p / (1.0 - p).max(0.0)).ln() } else { f32::NEG_INFINITY }
}
