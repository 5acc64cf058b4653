//! A loaded YOLO: what its tasks share.

use ocelli_vision::{
    Candidate, Detection, Detections, Image, MaskValues, PostProcessOptions, PreProcessOptions,
    PreProcessed, PreProcessingMetadata, RawOutputs, RecommendedParameters, Result, RowLayout,
    Skeleton, Suppression, Tensor, Thresholds, VisionModel, boxes,
};

use super::prepare::Prepare;
use crate::runtime::Runtime;
use crate::served::{Classes, Fused};

/// A network with all that stands before and behind it.
///
/// Answers are sorted by score; boxes are floats, clamped to the picture.
#[derive(Debug)]
pub(super) struct Yolo {
    pub(super) runtime: Runtime,
    pub(super) prepare: Prepare,
    pub(super) classes: Classes,
    pub(super) recommended: Option<RecommendedParameters>,
    pub(super) manner: Manner,
    pub(super) layout: RowLayout,
    pub(super) points: Points,
}

/// The key points of a pose.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// Numbers of a point: two, or three with its visibility.
    pub(super) numbers: usize,
    /// By class, the names.
    pub(super) names: Vec<Vec<String>>,
    /// By class, the lines to draw.
    pub(super) skeletons: Vec<Skeleton>,
}

/// Whose way of reading outputs is followed, as values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Manner {
    /// Whose way boxes, masks and maps are led back to the picture.
    pub(super) whose: Whose,
    /// What scores must be over, unless asked otherwise.
    pub(super) confidence: f32,
    /// Overlap that suppresses.
    pub(super) iou_threshold: f32,
    /// The most answers.
    pub(super) max_detections: usize,
    /// The most boxes that suppression looks at.
    pub(super) max_candidates: usize,
    /// Whether boxes of different classes suppress each other.
    pub(super) class_agnostic: bool,
    /// The score of a key point below which it is not there.
    pub(super) key_points_threshold: f32,
    /// What of a package's masks is resized.
    pub(super) mask_values: MaskValues,
    /// Whether a score equal to the threshold is enough.
    pub(super) inclusive: bool,
    /// The suppression that a package's network was exported with, which callers cannot change.
    pub(super) fused: Option<Fused>,
}

/// Whose way is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Ultralytics,
    /// The `yolov5` repository's.
    Yolov5,
    /// That in which packages are served.
    Package,
}

/// One answer, in the network's own pixels.
pub(super) struct Answer<'a> {
    pub(super) class_id: usize,
    pub(super) score: f32,
    pub(super) xyxy: [f32; 4],
    /// The task's own numbers.
    pub(super) extra: &'a [f32],
}

impl VisionModel for Yolo {
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

impl Yolo {
    /// Whether answers are led back as a trainer does.
    pub(super) fn as_trained(&self) -> bool {
        self.manner.whose != Whose::Package
    }

    pub(super) fn thresholds(&self, options: &PostProcessOptions) -> Thresholds {
        let recommended = self.recommended.as_ref();
        options.confidence.resolve(self.manner.confidence, recommended, &self.classes.known)
    }

    pub(super) fn suppression(&self, options: &PostProcessOptions) -> Suppression {
        let manner = &self.manner;
        Suppression {
            iou_threshold: options.iou_threshold.unwrap_or(manner.iou_threshold),
            class_agnostic: options.class_agnostic_nms.unwrap_or(manner.class_agnostic),
            max_detections: options.max_detections.unwrap_or(manner.max_detections),
            max_candidates: manner.max_candidates,
        }
    }

    /// The answers for picture `i`, best first, of a network with or without suppression.
    pub(super) fn answers<'a>(
        &self,
        outputs: &'a RawOutputs,
        i: usize,
        options: &PostProcessOptions,
    ) -> Result<Vec<Answer<'a>>> {
        let mut answers = if let Ok(rows) = outputs.get("detections") {
            self.ready(rows.entry(i)?, options)
        } else {
            self.suppressed(outputs.get("predictions")?.entry(i)?, options)?
        };
        answers.retain_mut(|answer| {
            let reported = self.classes.reported(answer.class_id);
            answer.class_id = reported.unwrap_or(answer.class_id);
            reported.is_some()
        });
        Ok(answers)
    }

    /// Answers of a network that suppresses by itself: rows x1, y1, x2, y2, score, class, then the task's own numbers.
    fn ready<'a>(&self, rows: &'a [f32], options: &PostProcessOptions) -> Vec<Answer<'a>> {
        let thresholds = self.thresholds(options);
        let most = options.max_detections.unwrap_or(self.manner.max_detections);
        let read = |row: &'a [f32]| {
            let (&[x0, y0, x1, y1, score, class], extra) = row.split_first_chunk::<6>()?;
            let class_id = class as usize;
            let threshold = thresholds.of(class_id);
            let enough = if self.manner.inclusive { score >= threshold } else { score > threshold };
            enough.then_some(Answer { class_id, score, xyxy: [x0, y0, x1, y1], extra })
        };
        rows.chunks_exact(6 + self.layout.extra).filter_map(read).take(most).collect()
    }

    /// Answers of a network with a row for each anchor.
    fn suppressed<'a>(
        &self,
        rows: &'a [f32],
        options: &PostProcessOptions,
    ) -> Result<Vec<Answer<'a>>> {
        let wanted = self.thresholds(options);
        let (thresholds, suppression) = match self.manner.fused {
            Some(fused) => (Thresholds::Uniform(fused.confidence), fused.suppression),
            None => (wanted.clone(), self.suppression(options)),
        };
        let candidates = self.layout.candidates(rows, &thresholds)?;
        let mut kept = suppression.run(candidates);
        if self.manner.fused.is_some() {
            kept.retain(|c| c.score >= wanted.of(c.class_id));
        }
        let answer = |Candidate { row, class_id, score, cxcywh }| Answer {
            class_id,
            score,
            xyxy: boxes::cxcywh_to_xyxy(cxcywh),
            extra: self.layout.extra(rows, row),
        };
        Ok(kept.into_iter().map(answer).collect())
    }

    /// Answers as detections in pixels of the picture.
    pub(super) fn detections(
        &self,
        answers: &[Answer<'_>],
        metadata: &PreProcessingMetadata,
    ) -> Detections {
        let mut found = Detections::new(metadata.original_size);
        let place = |xyxy| match self.manner.whose {
            Whose::Yolov5 => without_border(xyxy, metadata),
            Whose::Ultralytics | Whose::Package => metadata.box_to_original(xyxy),
        };
        found.extend(answers.iter().map(|answer| Detection {
            xyxy: place(answer.xyxy),
            class_id: answer.class_id,
            confidence: answer.score,
        }));
        found
    }
}

/// Corners in pixels of the picture as the `yolov5` repository has them: it takes the border for what a picture without
/// rounded sides would leave.
fn without_border(xyxy: [f32; 4], metadata: &PreProcessingMetadata) -> [f32; 4] {
    let (input, picture) = (metadata.inference_size, metadata.original_size);
    let ratio = |to: usize, from: usize| to as f64 / from.max(1) as f64;
    let gain = ratio(input.height, picture.height).min(ratio(input.width, picture.width));
    let border = |to: usize, from: usize| (to as f64 - from as f64 * gain) / 2.0;
    let (x, y) = (border(input.width, picture.width), border(input.height, picture.height));
    let [x0, y0, x1, y1] = xyxy;
    let place = |value: f32, border: f64| (value - border as f32) / gain as f32;
    boxes::clamp([place(x0, x), place(y0, y), place(x1, x), place(y1, y)], picture)
}
