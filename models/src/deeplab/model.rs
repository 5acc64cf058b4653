//! A loaded `DeepLabV3+`.

use ocelli_vision::{
    Activation, Image, PostProcessOptions, PreProcessOptions, PreProcessed, PreProcessingMetadata,
    PreProcessor, RawOutputs, RecommendedParameters, Result, SemanticHead, SemanticSegmentation,
    SemanticSegmentationModel, Size, Tensor, VisionModel, semantic_segmentation,
};

use crate::runtime::Runtime;

/// A network with all that stands before and behind it.
#[derive(Debug)]
pub(super) struct DeepLab {
    pub(super) runtime: Runtime,
    pub(super) processor: PreProcessor,
    pub(super) names: Vec<String>,
    pub(super) recommended: Option<RecommendedParameters>,
    /// What scores must reach, unless asked otherwise.
    pub(super) confidence: f32,
}

impl VisionModel for DeepLab {
    fn class_names(&self) -> &[String] {
        &self.names
    }

    fn pre_process(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed> {
        self.processor.run(images, options)
    }

    fn forward(&self, input: &Tensor) -> Result<RawOutputs> {
        self.runtime.forward(input)
    }
}

impl SemanticSegmentationModel for DeepLab {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<SemanticSegmentation>> {
        let logits = outputs.get("logits")?;
        let [_, height, width, channels] = logits.extents("logits", ["n", "h", "w", "classes"])?;
        let recommended = self.recommended.as_ref();
        let background = self.names.iter().position(|name| name.eq_ignore_ascii_case("background"));
        let head = SemanticHead {
            grid: Size::new(width, height),
            channels,
            activation: Activation::Softmax,
            classes: self.names.len(),
            background: background.unwrap_or(0),
            thresholds: &options.confidence.resolve(self.confidence, recommended, &self.names),
        };
        let one = |(i, metadata)| semantic_segmentation(logits.entry(i)?, &head, metadata);
        metadata.iter().enumerate().map(one).collect()
    }
}
