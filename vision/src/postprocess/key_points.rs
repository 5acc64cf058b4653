//! Reading a DETR-like key point head that gives each point a place and a precision.

use super::detr::{Columns, denormalise, sigmoid};
use crate::top_k::descending;
use crate::{
    KeyPoint, KeyPoints, PreProcessingMetadata, Result, Thresholds, VisionError, boxes, top_k,
};

/// Values of one point: x, y, findable, visible, log l11, l21, log l22, class.
const VALUES: usize = 8;

/// How strongly an instance's score falls with the spread of its points.
const SPREAD_EXPONENT: f32 = -0.2;

/// The heads' outputs for one picture.
#[derive(Debug, Clone, Copy)]
pub struct KeyPointHeads<'a> {
    /// Number of queries.
    pub queries: usize,
    /// Classes that have a logit.
    pub classes: usize,
    /// `[queries, classes]`.
    pub logits: &'a [f32],
    /// `[queries, 4]`, normalised centre and extent.
    pub boxes: &'a [f32],
    /// `[queries, classes * slots, 8]`.
    pub points: &'a [f32],
}

/// What of the heads' outputs is reported.
#[derive(Debug, Clone, Copy)]
pub struct KeyPointSelection<'a> {
    /// Which columns are classes.
    pub columns: Columns<'a>,
    /// What an instance's score must exceed.
    pub thresholds: &'a Thresholds,
    /// What a point's score must reach.
    pub key_points_threshold: f32,
    /// The number of points of each class.
    pub points_of_class: &'a [usize],
    /// How many of the scores `[queries * classes]` are looked at, the highest before their points count.
    pub candidates: usize,
    /// The most instances.
    pub max_detections: usize,
}

/// One candidate: a query read as one class.
struct Candidate<'a> {
    class_id: usize,
    query: usize,
    score: f32,
    points: &'a [[f32; VALUES]],
}

/// The instances of one picture, most confident first.
///
/// An instance's score is its class score times the mean expected squared error of its class's points
/// (weighted by how findable they are) to the power -0.2, brought into 0..1 by `s / (1 + s)`.
/// A point under its threshold is at (0, 0) with confidence 0.
///
/// # Errors
/// If the outputs do not have the lengths that queries, classes and slots ask for.
pub fn key_points(
    heads: &KeyPointHeads<'_>,
    selection: &KeyPointSelection<'_>,
    metadata: &PreProcessingMetadata,
) -> Result<KeyPoints> {
    let classes = heads.classes;
    let slots = slots(heads)?;
    let points = heads.points.as_chunks::<VALUES>().0;
    let candidate = |(place, logit): (usize, f32)| {
        let class_id = selection.columns.class(place % classes)?;
        let count = selection.points_of_class.get(class_id).copied().unwrap_or(0).min(slots);
        let points = &points[place * slots..][..count];
        let score = fuse(sigmoid(logit), points);
        let over = score > selection.thresholds.of(class_id);
        over.then_some(Candidate { class_id, query: place / classes, score, points })
    };
    let all = top_k(heads.logits, selection.candidates);
    let mut candidates: Vec<Candidate> = all.into_iter().filter_map(candidate).collect();
    candidates.sort_by(|a, b| descending(a.score, b.score));
    candidates.truncate(selection.max_detections);

    let mut found = KeyPoints::new(metadata.original_size);
    let mut covariance = Vec::with_capacity(candidates.len());
    for Candidate { class_id, query, score, points } in candidates {
        let cxcywh = heads.boxes.as_chunks::<4>().0[query];
        found.class_id.push(class_id);
        found.confidence.push(score);
        found.xyxy.push(denormalise(boxes::cxcywh_to_xyxy(cxcywh), metadata));
        let read = |point| place_point(point, selection.key_points_threshold, metadata);
        let (placed, spread) = points.iter().map(read).unzip();
        found.points.push(placed);
        covariance.push(spread);
    }
    found.covariance = Some(covariance);
    Ok(found)
}

/// Points of each class, from the outputs' lengths.
fn slots(heads: &KeyPointHeads<'_>) -> Result<usize> {
    let KeyPointHeads { queries, classes, logits, boxes, points } = *heads;
    let check = |name: &str, have: &[f32], extents: &[usize]| {
        let want = extents.iter().try_fold(1_usize, |product, &e| product.checked_mul(e));
        if want == Some(have.len()) {
            return Ok(());
        }
        Err(VisionError::shape(name, &[have.len()], &format!("{extents:?} values")))
    };
    check("logits", logits, &[queries, classes])?;
    check("boxes", boxes, &[queries, 4])?;
    let slots = points.len() / VALUES / (queries * classes).max(1);
    check("key points", points, &[queries, classes, slots, VALUES])?;
    Ok(slots)
}

fn fuse(score: f32, points: &[[f32; VALUES]]) -> f32 {
    let floor = 1e-12_f32;
    let log_weight = |p: &[f32; VALUES]| sigmoid(p[2]).max(floor).ln();
    let log_trace = |p: &[f32; VALUES]| {
        let (first, second) = (-2.0 * p[4], -2.0 * p[6]);
        let third = 2.0 * p[5].abs().max(floor).ln() + first + second;
        log_sum_exp([first, second, third].into_iter())
    };
    if points.is_empty() {
        return score / (1.0 + score);
    }
    let weighted = log_sum_exp(points.iter().map(|p| log_trace(p) + log_weight(p)));
    let log_mean = weighted - log_sum_exp(points.iter().map(log_weight));
    let score = score * (SPREAD_EXPONENT * log_mean).exp();
    score / (1.0 + score)
}

fn log_sum_exp(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let top = values.clone().fold(f32::NEG_INFINITY, f32::max);
    if !top.is_finite() {
        return top;
    }
    top + values.map(|v| (v - top).exp()).sum::<f32>().ln()
}

/// A point in original pixels, clamped, and its covariance.
fn place_point(
    point: &[f32; VALUES],
    threshold: f32,
    metadata: &PreProcessingMetadata,
) -> (KeyPoint, [[f32; 2]; 2]) {
    let confidence = sigmoid(point[2]);
    if confidence.is_nan() || confidence < threshold {
        return (KeyPoint::default(), [[f32::NAN; 2]; 2]);
    }
    let size = metadata.denormalisation_size();
    let (width, height) = (size.width as f32, size.height as f32);
    let xy = metadata.point_to_original([point[0] * width, point[1] * height]);
    let [x, y, ..] = boxes::clamp([xy[0], xy[1], 0.0, 0.0], metadata.original_size);
    let scale = [width / metadata.scale_width, height / metadata.scale_height];
    (KeyPoint { x, y, confidence }, covariance(point, scale))
}

/// The inverse of `L L^T` in pixels; NaN where it is not finite.
fn covariance(point: &[f32; VALUES], [width, height]: [f32; 2]) -> [[f32; 2]; 2] {
    let (l11, l21, l22) = (point[4].exp(), point[5], point[6].exp());
    let inverse = 1.0 / (l11 * l11 * l22 * l22);
    let xx = width * width * inverse * (l21 * l21 + l22 * l22);
    let xy = width * height * inverse * (-l11 * l21);
    let yy = height * height * inverse * (l11 * l11);
    let finite = [point[4], l21, point[6], xx, xy, yy].iter().all(|v| v.is_finite());
    if finite { [[xx, xy], [xy, yy]] } else { [[f32::NAN; 2]; 2] }
}
