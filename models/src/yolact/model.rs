//! A loaded YOLACT.

use ocelli_vision::detr::sigmoid;
use ocelli_vision::{
    Candidate, Coefficients, Detection, Detections, Image, InstanceDetections,
    InstanceSegmentationModel, MaskValues, Masks, Objectness, PostProcessOptions,
    PreProcessOptions, PreProcessed, PreProcessingMetadata, Prototypes, RawOutputs,
    RecommendedParameters, Result, Rle, RowLayout, Size, Suppression, Tensor, Thresholds,
    VisionModel, align_mask, boxes,
};

use super::prepare::Prepare;
use super::suppress::fast;
use crate::runtime::Runtime;
use crate::served::Classes;

/// A network with all that stands before and behind it.
///
/// Answers are sorted by score; boxes are floats, clamped to the picture.
#[derive(Debug)]
pub(super) struct Yolact {
    pub(super) runtime: Runtime,
    pub(super) prepare: Prepare,
    pub(super) classes: Classes,
    pub(super) recommended: Option<RecommendedParameters>,
    pub(super) manner: Manner,
    /// Prototypes of a mask.
    pub(super) coefficients: usize,
}

/// Whose way of reading outputs is followed, as values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Manner {
    /// Whether it is the trainer's: fast suppression, an anchor for several classes, masks cut a pixel outside of boxes.
    pub(super) trainer: bool,
    /// What scores must be over, unless asked otherwise.
    pub(super) confidence: f32,
    /// Overlaps, and how many answers.
    pub(super) suppression: Suppression,
}

impl VisionModel for Yolact {
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

impl InstanceSegmentationModel for Yolact {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<InstanceDetections>> {
        let (rows, protos) = (outputs.get("predictions")?, outputs.get("protos")?);
        let [_, height, width, channels] = protos.extents("protos", ["n", "h", "w", "c"])?;
        let grid = Size::new(width, height);
        let layout = self.layout();
        let one = |(i, metadata): (usize, &PreProcessingMetadata)| {
            let (rows, protos) = (rows.entry(i)?, protos.entry(i)?);
            let mut kept = self.kept(rows, options)?;
            kept.retain(|answer| self.classes.reported(answer.class_id).is_some());
            let corners = |answer: &Candidate| boxes::cxcywh_to_xyxy(answer.cxcywh);
            let instances: Vec<Coefficients<'_>> =
                kept.iter().map(|a| (layout.extra(rows, a.row), corners(a))).collect();
            let masks = if self.manner.trainer {
                let mask = |instance| native_mask(protos, grid, instance, metadata);
                instances.into_iter().map(mask).collect::<Result<_>>()?
            } else {
                let protos = Prototypes::new(protos, grid, channels)?;
                protos.masks(&instances, metadata, MaskValues::Smooth)?
            };
            let mut detections = Detections::new(metadata.original_size);
            detections.extend(kept.iter().filter_map(|answer| {
                Some(Detection {
                    xyxy: metadata.box_to_original(corners(answer)),
                    class_id: self.classes.reported(answer.class_id)?,
                    confidence: answer.score,
                })
            }));
            Ok(InstanceDetections {
                detections,
                masks: Masks::from_rle(masks, options.mask_format),
            })
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

impl Yolact {
    fn layout(&self) -> RowLayout {
        RowLayout {
            classes: self.classes.known.len(),
            extra: self.coefficients,
            objectness: Objectness::Absent,
        }
    }

    /// The answers in a picture's rows, best first.
    fn kept(&self, rows: &[f32], options: &PostProcessOptions) -> Result<Vec<Candidate>> {
        let (recommended, known) = (self.recommended.as_ref(), &self.classes.known);
        let thresholds = options.confidence.resolve(self.manner.confidence, recommended, known);
        let usual = self.manner.suppression;
        let rule = Suppression {
            iou_threshold: options.iou_threshold.unwrap_or(usual.iou_threshold),
            class_agnostic: options.class_agnostic_nms.unwrap_or(usual.class_agnostic),
            max_detections: options.max_detections.unwrap_or(usual.max_detections),
            max_candidates: usual.max_candidates,
        };
        let best = self.layout().candidates(rows, &thresholds)?;
        Ok(match self.manner.trainer {
            false => rule.run(best),
            true if rule.class_agnostic => fast(best, &rule),
            true => fast(self.every_class(rows, &best, &thresholds), &rule),
        })
    }

    /// The anchors of `best` once for each class over its threshold.
    fn every_class(
        &self,
        rows: &[f32],
        best: &[Candidate],
        thresholds: &Thresholds,
    ) -> Vec<Candidate> {
        let (width, classes) = (self.layout().width(), self.classes.known.len());
        let of_anchor = |anchor: &Candidate| {
            let anchor = *anchor;
            let scores = rows[anchor.row * width + 4..][..classes].iter().enumerate();
            let over = scores.filter(|&(class_id, &score)| score > thresholds.of(class_id));
            over.map(move |(class_id, &score)| Candidate { class_id, score, ..anchor })
        };
        best.iter().flat_map(of_anchor).collect()
    }
}

/// A mask as the repository makes it: probabilities, cut to the box with a prototype's pixel around it, resized to the
/// picture and compared with one half.
fn native_mask(
    protos: &[f32],
    grid: Size,
    (coefficients, [x0, y0, x1, y1]): Coefficients<'_>,
    metadata: &PreProcessingMetadata,
) -> Result<Rle> {
    let input = metadata.inference_size;
    let range = |from: f32, to: f32, input: usize, side: usize| {
        let scale = side as f32 / input.max(1) as f32;
        let (from, to) = (from.min(to) * scale - 1.0, from.max(to) * scale + 1.0);
        let place = |v: f32| (v.max(0.0).ceil() as usize).min(side);
        place(from)..place(to)
    };
    let columns = range(x0, x1, input.width, grid.width);
    let mut map = vec![0.0; grid.pixels()];
    for y in range(y0, y1, input.height, grid.height) {
        for x in columns.clone() {
            let place = y * grid.width + x;
            let pixel = protos[place * coefficients.len()..].iter().zip(coefficients);
            map[place] = sigmoid(pixel.map(|(proto, by)| proto * by).sum());
        }
    }
    align_mask(&map, grid, metadata, 0.5)
}
