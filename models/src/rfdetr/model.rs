//! A loaded RF-DETR and its tasks.

use ocelli_vision::detr::{Selected, detections, select};
use ocelli_vision::{
    Activation, Detections, Image, InstanceDetections, InstanceSegmentationModel, KeyPointHeads,
    KeyPointSelection, KeyPoints, KeyPointsDetectionModel, KeyPointsMetadata, ObjectDetectionModel,
    PostProcessOptions, PreProcessOptions, PreProcessed, PreProcessingMetadata, RawOutputs,
    RecommendedParameters, Result, SemanticHead, SemanticSegmentation, SemanticSegmentationModel,
    Size, Skeleton, Tensor, Thresholds, VisionModel, align_masks, key_points,
    semantic_segmentation,
};

use super::classes::Classes;
use super::prepare::Prepare;
use crate::runtime::Runtime;

const CONFIDENCE: f32 = 0.4;
const MAX_DETECTIONS: usize = 300;
const KEY_POINTS_THRESHOLD: f32 = 0.3;
/// A pixel is an object's where its logit is above.
const MASK_THRESHOLD: f32 = 0.0;

/// A network with all that stands before and behind it. Its head decides which of the tasks it can do.
///
/// Answers are the same for checkpoints and packages: sorted by score, strictly above the threshold (0.4 unless asked
/// otherwise), boxes in floats and clamped to the picture.
#[derive(Debug)]
pub(super) struct RfDetr {
    pub(super) runtime: Runtime,
    pub(super) prepare: Prepare,
    pub(super) classes: Classes,
    pub(super) recommended: Option<RecommendedParameters>,
    /// How many pairs of query and class are looked at, the highest scores first; nothing for one a query, or of key
    /// points all.
    pub(super) num_select: Option<usize>,
    pub(super) points: Points,
}

/// The key points of each class.
#[derive(Debug, Default)]
pub(super) struct Points {
    pub(super) names: Vec<Vec<String>>,
    pub(super) skeletons: Vec<Skeleton>,
    /// How many points each column of the logits has.
    pub(super) of_column: Vec<usize>,
}

impl Points {
    /// As a package has them; nothing where no class has points.
    pub(super) fn metadata(&self) -> Option<KeyPointsMetadata> {
        let Points { names, skeletons, .. } = self;
        let any = !self.of_column.is_empty();
        any.then(|| KeyPointsMetadata { names: names.clone(), skeletons: skeletons.clone() })
    }
}

impl VisionModel for RfDetr {
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

impl RfDetr {
    fn thresholds(&self, options: &PostProcessOptions) -> Thresholds {
        let (recommended, names) = (self.recommended.as_ref(), &self.classes.names);
        options.confidence.resolve(CONFIDENCE, recommended, names)
    }

    /// The answers of picture `i` and their boxes.
    fn boxes(
        &self,
        outputs: &RawOutputs,
        i: usize,
        metadata: &PreProcessingMetadata,
        options: &PostProcessOptions,
    ) -> Result<(Vec<Selected>, Detections)> {
        let logits = outputs.get("logits")?;
        let [_, queries, columns] = logits.extents("logits", ["n", "queries", "classes"])?;
        let candidates = self.num_select.unwrap_or(queries);
        let most = options.max_detections.unwrap_or(MAX_DETECTIONS);
        let thresholds = self.thresholds(options);
        let classes = self.classes.columns();
        let found = select(logits.entry(i)?, columns, candidates, classes, &thresholds, most)?;
        let boxes = detections(&found, outputs.get("boxes")?.entry(i)?, metadata)?;
        Ok((found, boxes))
    }
}

impl ObjectDetectionModel for RfDetr {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<Detections>> {
        let one = |(i, metadata)| Ok(self.boxes(outputs, i, metadata, options)?.1);
        metadata.iter().enumerate().map(one).collect()
    }
}

impl InstanceSegmentationModel for RfDetr {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<InstanceDetections>> {
        let logits = outputs.get("masks")?;
        let [_, _, height, width] = logits.extents("masks", ["n", "queries", "h", "w"])?;
        let one = |(i, metadata)| {
            let (found, detections) = self.boxes(outputs, i, metadata, options)?;
            let of_picture = logits.entry(i)?;
            let pixels = height * width;
            let maps: Vec<&[f32]> =
                found.iter().map(|s| &of_picture[s.query * pixels..][..pixels]).collect();
            let grid = Size::new(width, height);
            let masks = align_masks(&maps, grid, metadata, MASK_THRESHOLD, options.mask_format)?;
            Ok(InstanceDetections { detections, masks })
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

impl KeyPointsDetectionModel for RfDetr {
    fn key_points_classes(&self) -> &[Vec<String>] {
        &self.points.names
    }

    fn skeletons(&self) -> &[Skeleton] {
        &self.points.skeletons
    }

    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<KeyPoints>> {
        let logits = outputs.get("logits")?;
        let [_, queries, classes] = logits.extents("logits", ["n", "queries", "classes"])?;
        let thresholds = self.thresholds(options);
        let threshold = options.key_points_threshold.unwrap_or(KEY_POINTS_THRESHOLD);
        let points_of_class = self.points_of_class();
        let selection = KeyPointSelection {
            columns: self.classes.columns(),
            thresholds: &thresholds,
            key_points_threshold: threshold,
            points_of_class: &points_of_class,
            candidates: self.num_select.unwrap_or(usize::MAX),
            max_detections: options.max_detections.unwrap_or(MAX_DETECTIONS),
        };
        let one = |(i, metadata)| {
            let points = self.points_by_column(outputs.get("keypoints")?.entry(i)?, queries);
            let heads = KeyPointHeads {
                queries,
                classes,
                logits: logits.entry(i)?,
                boxes: outputs.get("boxes")?.entry(i)?,
                points: &points,
            };
            key_points(&heads, &selection, metadata)
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

impl RfDetr {
    /// Points of each class: its column's.
    fn points_of_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.names.len()];
        for (column, &count) in self.points.of_column.iter().enumerate() {
            let class = self.classes.columns().class(column);
            if let Some(slot) = class.and_then(|class| counts.get_mut(class)) {
                *slot = count;
            }
        }
        counts
    }

    /// `[queries, classes with points * longest, 8]` to as many slots for every column, non-numbers made zeros.
    fn points_by_column(&self, points: &[f32], queries: usize) -> Vec<f32> {
        const NUMBERS: usize = 8;
        let columns = self.points.of_column.len();
        let longest = self.points.of_column.iter().copied().max().unwrap_or(0);
        let (from, to) = (points.len() / queries.max(1), columns * longest * NUMBERS);
        let mut out = vec![0.0; queries * to];
        for (out, row) in out.chunks_mut(to.max(1)).zip(points.chunks(from.max(1))) {
            for (out, &value) in out.iter_mut().zip(row) {
                *out = if value.is_finite() { value } else { 0.0 };
            }
        }
        out
    }
}

impl SemanticSegmentationModel for RfDetr {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<SemanticSegmentation>> {
        let logits = outputs.get("logits")?;
        let [_, height, width, channels] = logits.extents("logits", ["n", "h", "w", "classes"])?;
        let thresholds = self.thresholds(options);
        let head = SemanticHead {
            grid: Size::new(width, height),
            channels,
            activation: Activation::Sigmoid,
            classes: self.classes.names.len(),
            background: self.classes.background().unwrap_or(0),
            thresholds: &thresholds,
        };
        let one = |(i, metadata)| semantic_segmentation(logits.entry(i)?, &head, metadata);
        metadata.iter().enumerate().map(one).collect()
    }
}
