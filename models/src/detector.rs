//! A loaded detector whose network answers corners in pixels and probabilities.

use ocelli_vision::{
    Candidate, Detection, Detections, Image, ObjectDetectionModel, PostProcessOptions,
    PreProcessOptions, PreProcessed, PreProcessingMetadata, RawOutputs, RecommendedParameters,
    Result, Suppression, Tensor, Thresholds, VisionError, VisionModel, boxes,
};

use crate::prepare::Prepare;
use crate::runtime::Runtime;
use crate::served::{Classes, Fused};

/// A network with all that stands before and behind it.
///
/// Answers are sorted by score; boxes are floats, clamped to the picture.
#[derive(Debug)]
pub(crate) struct Detector {
    pub(crate) runtime: Runtime,
    pub(crate) prepare: Prepare,
    pub(crate) classes: Classes,
    pub(crate) recommended: Option<RecommendedParameters>,
    pub(crate) manner: Manner,
}

/// Whose way of reading outputs is followed, as values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Manner {
    /// What scores must be over, unless asked otherwise.
    pub(crate) confidence: f32,
    /// Overlaps, and how many answers.
    pub(crate) suppression: Suppression,
    /// Whether a box may be an answer for several classes, or for its best only.
    pub(crate) every_class: bool,
    /// The suppression that a package's network was exported with.
    pub(crate) fused: Option<Fused>,
}

impl VisionModel for Detector {
    fn class_names(&self) -> &[String] {
        &self.classes.names
    }

    fn pre_process(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed> {
        self.prepare.run(images, options)
    }

    fn forward(&self, input: &Tensor) -> Result<RawOutputs> {
        self.runtime.forward(input)
    }
}

impl ObjectDetectionModel for Detector {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<Detections>> {
        let (boxes, scores) = (outputs.get("boxes")?, outputs.get("scores")?);
        let recommended = self.recommended.as_ref();
        let known = &self.classes.known;
        let thresholds = options.confidence.resolve(self.manner.confidence, recommended, known);
        let (inside, suppression) = match self.manner.fused {
            Some(fused) => (Thresholds::Uniform(fused.confidence), fused.suppression),
            None => (thresholds.clone(), self.manner.suppression(options)),
        };
        let wanted = |answer: &Candidate| {
            self.manner.fused.is_none() || answer.score >= thresholds.of(answer.class_id)
        };
        let one = |(i, metadata): (usize, &PreProcessingMetadata)| {
            let (boxes, scores) = (boxes.entry(i)?, scores.entry(i)?);
            let candidates = self.candidates(boxes, scores, &inside)?;
            let mut found = Detections::new(metadata.original_size);
            let kept = suppression.run(candidates).into_iter().filter(wanted);
            found.extend(kept.filter_map(|answer| {
                let corners = corners(boxes, answer.row)?;
                Some(Detection {
                    xyxy: metadata.box_to_original(corners),
                    class_id: self.classes.reported(answer.class_id)?,
                    confidence: answer.score,
                })
            }));
            Ok(found)
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

impl Manner {
    fn suppression(&self, options: &PostProcessOptions) -> Suppression {
        let usual = self.suppression;
        Suppression {
            iou_threshold: options.iou_threshold.unwrap_or(usual.iou_threshold),
            class_agnostic: options.class_agnostic_nms.unwrap_or(usual.class_agnostic),
            max_detections: options.max_detections.unwrap_or(usual.max_detections),
            max_candidates: usual.max_candidates,
        }
    }
}

impl Detector {
    /// Boxes `[anchors, 4]` whose `scores` `[anchors, classes]` are over the thresholds.
    fn candidates(
        &self,
        boxes: &[f32],
        scores: &[f32],
        thresholds: &Thresholds,
    ) -> Result<Vec<Candidate>> {
        let count = self.classes.known.len().max(1);
        if boxes.len() / 4 * count != scores.len() {
            let expected = format!("{count} for each of {} boxes", boxes.len() / 4);
            return Err(VisionError::BadShape {
                what: "scores".to_owned(),
                found: vec![scores.len()],
                expected,
            });
        }
        let mut found = Vec::new();
        for (row, scores) in scores.chunks_exact(count).enumerate() {
            let Some(corners) = corners(boxes, row) else { break };
            let cxcywh = boxes::xyxy_to_cxcywh(corners);
            let over = |&(class_id, &score): &(usize, &f32)| score > thresholds.of(class_id);
            let candidate =
                |(class_id, &score): (usize, &f32)| Candidate { row, class_id, score, cxcywh };
            let classes = scores.iter().enumerate();
            if self.manner.every_class {
                found.extend(classes.filter(over).map(candidate));
            } else {
                let best = classes.reduce(|best, next| if next.1 > best.1 { next } else { best });
                found.extend(best.filter(over).map(candidate));
            }
        }
        Ok(found)
    }
}

fn corners(boxes: &[f32], row: usize) -> Option<[f32; 4]> {
    boxes.get(row * 4..)?.first_chunk::<4>().copied()
}
