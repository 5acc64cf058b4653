//! A loaded classifier.

use ocelli_vision::{
    ClassificationModel, ClassificationPrediction, Embedding, Image, ImageEmbeddingModel,
    MultiLabelClassificationModel, MultiLabelClassificationPrediction, PostProcessOptions,
    PreProcessOptions, PreProcessed, PreProcessingMetadata, PreProcessor, RawOutputs,
    RecommendedParameters, Result, Tensor, VisionModel, top_k,
};

use super::transform::Transform;
use crate::runtime::Runtime;

/// The score from which a label of most models holds.
pub(crate) const CONFIDENCE: f32 = 0.4;
/// The network's output: probabilities, or the scores of labels.
pub(super) const SCORES: &str = "scores";

/// The network's output of vectors.
pub(crate) const EMBEDDING: &str = "embedding";

/// A network whose output is [`SCORES`] or [`EMBEDDING`], with all that stands before and behind it.
#[derive(Debug)]
pub(super) struct Classifier {
    pub(super) runtime: Runtime,
    pub(super) prepare: Prepare,
    pub(super) class_names: Vec<String>,
    pub(super) recommended: Option<RecommendedParameters>,
    pub(super) confidence: f32,
}

/// Whose way of preparing pictures is followed.
#[derive(Debug)]
pub(super) enum Prepare {
    Trainer(Box<Transform>),
    Package(Box<PreProcessor>),
}

impl VisionModel for Classifier {
    fn class_names(&self) -> &[String] {
        &self.class_names
    }

    fn pre_process(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed> {
        match &self.prepare {
            Prepare::Trainer(transform) => transform.run(images, options),
            Prepare::Package(processor) => processor.run(images, options),
        }
    }

    fn forward(&self, input: &Tensor) -> Result<RawOutputs> {
        self.runtime.forward(input)
    }
}

impl ClassificationModel for Classifier {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<ClassificationPrediction>> {
        let scores = outputs.get(SCORES)?;
        let one = |(i, metadata): (usize, &PreProcessingMetadata)| {
            let confidence = scores.entry(i)?.to_vec();
            let class_id = top_k(&confidence, 1).first().map_or(0, |&(class, _)| class);
            let image_size = metadata.original_size;
            Ok(ClassificationPrediction { image_size, class_id, confidence })
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

impl MultiLabelClassificationModel for Classifier {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<MultiLabelClassificationPrediction>> {
        let scores = outputs.get(SCORES)?;
        let (recommended, names) = (self.recommended.as_ref(), &self.class_names);
        let thresholds = options.confidence.resolve(self.confidence, recommended, names);
        let one = |(i, metadata): (usize, &PreProcessingMetadata)| {
            let confidence = scores.entry(i)?.to_vec();
            let holds = |&class: &usize| confidence[class] >= thresholds.of(class);
            let class_ids = (0..confidence.len()).filter(holds).collect();
            let image_size = metadata.original_size;
            Ok(MultiLabelClassificationPrediction { image_size, class_ids, confidence })
        };
        metadata.iter().enumerate().map(one).collect()
    }
}

impl ImageEmbeddingModel for Classifier {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<Embedding>> {
        embeddings(outputs, metadata)
    }
}

/// The vectors of [`EMBEDDING`], one a picture.
pub(crate) fn embeddings(
    outputs: &RawOutputs,
    metadata: &[PreProcessingMetadata],
) -> Result<Vec<Embedding>> {
    let vectors = outputs.get(EMBEDDING)?;
    let one = |(i, metadata): (usize, &PreProcessingMetadata)| {
        let values = vectors.entry(i)?.to_vec();
        Ok(Embedding { image_size: metadata.original_size, values })
    };
    metadata.iter().enumerate().map(one).collect()
}
