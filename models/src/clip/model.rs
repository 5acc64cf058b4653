//! A loaded CLIP.

use ocelli_vision::{
    Embedding, Embeddings, Image, ImageEmbeddingModel, MAX_BATCH, PostProcessOptions,
    PreProcessOptions, PreProcessed, PreProcessingMetadata, RawOutputs, Result, Tensor,
    TextImageEmbeddingModel, VisionError, VisionModel,
};

use crate::classification::{EMBEDDING, Transform, embeddings};
use crate::runtime::Runtime;
use crate::tokenizer::Tokenizer;

/// Texts are filled up to a multiple of so many tokens, so that few lengths are compiled.
const STEP: usize = 16;

/// Both towers, and what stands before them.
#[derive(Debug)]
pub(super) struct Clip {
    pub(super) images: Runtime,
    pub(super) transform: Transform,
    /// Or why texts cannot be read.
    pub(super) texts: std::result::Result<Texts, Missing>,
    pub(super) logit_scale: f32,
}

/// The tower for texts, and what stands before it.
#[derive(Debug)]
pub(super) struct Texts {
    /// Of numbers of tokens `[n, 1, 1, t]`.
    pub(super) tower: Runtime,
    pub(super) tokenizer: Tokenizer,
    /// The most tokens.
    pub(super) context: usize,
    /// Whether the end of texts with more is left out, in place of an error.
    pub(super) truncates: bool,
}

/// What is missing to read texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) file: String,
    pub(super) reason: &'static str,
}

impl VisionModel for Clip {
    fn class_names(&self) -> &[String] {
        &[]
    }

    fn pre_process(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed> {
        self.transform.run(images, options)
    }

    fn forward(&self, input: &Tensor) -> Result<RawOutputs> {
        self.images.forward(input)
    }
}

impl ImageEmbeddingModel for Clip {
    fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        _: &PostProcessOptions,
    ) -> Result<Vec<Embedding>> {
        embeddings(outputs, metadata)
    }
}

impl TextImageEmbeddingModel for Clip {
    fn embed_text(&self, texts: &[String]) -> Result<Embeddings> {
        let tower = self.texts.as_ref().map_err(|Missing { file, reason }| {
            VisionError::BadConfig { what: file.clone(), reason: (*reason).to_owned() }
        })?;
        let mut all = Embeddings::default();
        for texts in texts.chunks(MAX_BATCH) {
            let tokens = tower.tokens(texts)?;
            let outputs = tower.tower.forward(&tokens)?;
            let vectors = outputs.get(EMBEDDING)?;
            all.dimensions = vectors.shape().last().copied().unwrap_or(0);
            all.values.extend_from_slice(vectors.data());
        }
        Ok(all)
    }

    fn logit_scale(&self) -> f32 {
        self.logit_scale
    }
}

impl Texts {
    /// Numbers of tokens `[n, 1, 1, t]`, with zeros behind the ends.
    fn tokens(&self, texts: &[String]) -> Result<Tensor> {
        let encode = |text: &String| {
            let mut tokens = self.tokenizer.encode(text).map_err(VisionError::model)?;
            if tokens.len() > self.context {
                if !self.truncates {
                    let (found, most) = (tokens.len(), self.context);
                    let reason = format!("a text has {found} tokens; the model takes {most}");
                    return Err(VisionError::BadArgument { name: "texts", reason });
                }
                tokens.truncate(self.context);
                if let Some(last) = tokens.last_mut() {
                    *last = self.tokenizer.end();
                }
            }
            Ok(tokens)
        };
        let all = texts.iter().map(encode).collect::<Result<Vec<_>>>()?;
        let longest = all.iter().map(Vec::len).max().unwrap_or(0);
        let length = longest.next_multiple_of(STEP).min(self.context);
        let mut data = vec![0.0; all.len() * length];
        for (row, tokens) in data.chunks_exact_mut(length.max(1)).zip(&all) {
            for (place, &token) in row.iter_mut().zip(tokens) {
                *place = token as f32;
            }
        }
        Tensor::new(vec![all.len(), 1, 1, length], data)
    }
}
