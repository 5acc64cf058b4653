//! What a YOLO's head answers, task by task.

use ocelli_vision::{
    Activation, ClassificationModel, ClassificationPrediction, Coefficients, DepthEstimationModel,
    DepthMap, Detections, InstanceDetections, InstanceSegmentationModel, KeyPoint, KeyPoints,
    KeyPointsDetectionModel, Masks, ObjectDetectionModel, OrientedDetection, OrientedDetections,
    OrientedObjectDetectionModel, PostProcessOptions, PreProcessingMetadata, Prototypes,
    RawOutputs, Result, Rle, SemanticHead, SemanticSegmentation, SemanticSegmentationModel, Size,
    Skeleton, Thresholds, boxes, depth_map, native_depth_map, native_semantic_segmentation,
    semantic_segmentation, suppress_oriented,
};

use super::model::{Answer, Yolo};

/// Applies `one` to every picture of a batch.
fn each<T>(
    metadata: &[PreProcessingMetadata],
    one: impl Fn(usize, &PreProcessingMetadata) -> Result<T>,
) -> Result<Vec<T>> {
    metadata.iter().enumerate().map(|(i, metadata)| one(i, metadata)).collect()
}

impl ObjectDetectionModel for Yolo {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<Detections>> {
        each(metadata, |i, metadata| {
            Ok(self.detections(&self.answers(outputs, i, options)?, metadata))
        })
    }
}

impl InstanceSegmentationModel for Yolo {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<InstanceDetections>> {
        let protos = outputs.get("protos")?;
        let [_, height, width, channels] = protos.extents("protos", ["n", "h", "w", "c"])?;
        each(metadata, |i, metadata| {
            let mut answers = self.answers(outputs, i, options)?;
            let instances: Vec<Coefficients<'_>> =
                answers.iter().map(|answer| (answer.extra, answer.xyxy)).collect();
            let grid = Size::new(width, height);
            let protos = Prototypes::new(protos.entry(i)?, grid, channels)?;
            let masks = if self.as_trained() {
                let masks = protos.native_masks(&instances, metadata)?;
                without_empty(&mut answers, masks)
            } else {
                protos.masks(&instances, metadata, self.manner.mask_values)?
            };
            let masks = Masks::from_rle(masks, options.mask_format);
            Ok(InstanceDetections { detections: self.detections(&answers, metadata), masks })
        })
    }
}

/// Ultralytics drops answers whose mask has no pixel.
fn without_empty(answers: &mut Vec<Answer<'_>>, masks: Vec<Rle>) -> Vec<Rle> {
    let mut areas = masks.iter().map(Rle::area);
    answers.retain(|_| areas.next().is_some_and(|area| area > 0));
    masks.into_iter().filter(|mask| mask.area() > 0).collect()
}

impl KeyPointsDetectionModel for Yolo {
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
        let threshold = options.key_points_threshold.unwrap_or(self.manner.key_points_threshold);
        each(metadata, |i, metadata| {
            let answers = self.answers(outputs, i, options)?;
            let boxes = self.detections(&answers, metadata);
            let points = |answer: &Answer<'_>| self.place(answer, threshold, metadata);
            Ok(KeyPoints {
                points: answers.iter().map(points).collect(),
                image_size: boxes.image_size,
                class_id: boxes.class_id,
                confidence: boxes.confidence,
                xyxy: boxes.xyxy,
                covariance: None,
            })
        })
    }
}

impl Yolo {
    /// The points of an answer in pixels of the picture, as many as its class has; (0, 0) where one is under the
    /// threshold. A point without visibility has the confidence 1.
    fn place(
        &self,
        answer: &Answer<'_>,
        threshold: f32,
        metadata: &PreProcessingMetadata,
    ) -> Vec<KeyPoint> {
        let read = |numbers: &[f32]| {
            let (&[x, y], rest) = numbers.split_first_chunk::<2>()?;
            let confidence = rest.first().copied().unwrap_or(1.0);
            if confidence.is_nan() || confidence < threshold {
                return Some(KeyPoint::default());
            }
            let [mut x, mut y] = metadata.point_to_original([x, y]);
            if self.as_trained() {
                [x, y, ..] = boxes::clamp([x, y, 0.0, 0.0], metadata.original_size);
            }
            Some(KeyPoint { x, y, confidence })
        };
        let slots = answer.extra.chunks_exact(self.points.numbers.max(2));
        let count = self.points.names.get(answer.class_id).map_or(usize::MAX, Vec::len);
        slots.take(count).filter_map(read).collect()
    }
}

impl OrientedObjectDetectionModel for Yolo {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<OrientedDetections>> {
        each(metadata, |i, metadata| {
            let mut found = OrientedDetections::new(metadata.original_size);
            for (class_id, confidence, [x, y, width, height], angle) in
                self.oriented(outputs, i, options)?
            {
                let [x, y] = metadata.point_to_original([x, y]);
                let (width, height) =
                    (width / metadata.scale_width, height / metadata.scale_height);
                let xywhr = [x, y, width, height, angle];
                found.push(OrientedDetection { xywhr, class_id, confidence });
            }
            Ok(found)
        })
    }
}

/// Class, score, centre and extent in pixels of the input, angle.
type Oriented = (usize, f32, [f32; 4], f32);

impl Yolo {
    fn oriented(
        &self,
        outputs: &RawOutputs,
        i: usize,
        options: &PostProcessOptions,
    ) -> Result<Vec<Oriented>> {
        if outputs.get("detections").is_ok() {
            let answers = self.answers(outputs, i, options)?;
            let read = |a: &Answer<'_>| {
                (a.class_id, a.score, a.xyxy, a.extra.first().copied().unwrap_or(0.0))
            };
            return Ok(answers.iter().map(read).collect());
        }
        let rows = outputs.get("predictions")?.entry(i)?;
        let candidates = self.layout.candidates(rows, &self.thresholds(options))?;
        let angle = |row: usize| self.layout.extra(rows, row).first().copied().unwrap_or(0.0);
        let kept = suppress_oriented(&self.suppression(options), candidates, |c| angle(c.row));
        Ok(kept.iter().map(|c| (c.class_id, c.score, c.cxcywh, angle(c.row))).collect())
    }
}

impl ClassificationModel for Yolo {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<ClassificationPrediction>> {
        let scores = outputs.get("scores")?;
        each(metadata, |i, metadata| {
            let confidence = scores.entry(i)?.to_vec();
            let class_id =
                ocelli_vision::top_k(&confidence, 1).first().map_or(0, |&(class, _)| class);
            Ok(ClassificationPrediction {
                image_size: metadata.original_size,
                class_id,
                confidence,
            })
        })
    }
}

impl SemanticSegmentationModel for Yolo {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<SemanticSegmentation>> {
        let logits = outputs.get("logits")?;
        let [_, height, width, channels] = logits.extents("logits", ["n", "h", "w", "classes"])?;
        let one_class = channels == 1;
        let thresholds = match self.as_trained() {
            true if one_class => Thresholds::Uniform(0.5),
            true => Thresholds::Uniform(0.0),
            false => self.thresholds(options),
        };
        let names = &self.classes.known;
        let background = names.iter().position(|name| name.eq_ignore_ascii_case("background"));
        let head = SemanticHead {
            grid: Size::new(width, height),
            channels,
            activation: Activation::Softmax,
            classes: if self.as_trained() && one_class { 2 } else { names.len() },
            background: background.unwrap_or(0),
            thresholds: &thresholds,
        };
        each(metadata, |i, metadata| {
            if self.as_trained() {
                return native_semantic_segmentation(logits.entry(i)?, &head, metadata);
            }
            semantic_segmentation(logits.entry(i)?, &head, metadata)
        })
    }
}

impl DepthEstimationModel for Yolo {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<DepthMap>> {
        let depth = outputs.get("depth")?;
        let [_, height, width, _] = depth.extents("depth", ["n", "h", "w", "1"])?;
        let grid = Size::new(width, height);
        each(metadata, |i, metadata| {
            if self.as_trained() {
                return native_depth_map(depth.entry(i)?, grid, metadata);
            }
            depth_map(depth.entry(i)?, grid, metadata)
        })
    }
}
