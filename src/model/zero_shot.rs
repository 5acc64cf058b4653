//! Texts and pictures in one space, and texts as classes.

use ocelli_vision::{
    ClassificationPrediction, Embedding, Embeddings, Image, InferOptions, MAX_BATCH,
    TextImageEmbeddingModel, top_k,
};

use super::AutoModel;
use crate::{Error, LoadingError};

/// Classes that are texts: each picture is of the class whose text is nearest to it.
///
/// The texts' vectors are computed once, by [`AutoModel::zero_shot`].
pub struct ZeroShot<'a> {
    model: &'a AutoModel,
    tower: &'a dyn TextImageEmbeddingModel,
    class_names: Vec<String>,
    texts: Embeddings,
}

impl AutoModel {
    /// One vector a picture, as the model gives it; any number of pictures.
    ///
    /// # Errors
    /// The model makes no vectors, a picture does not suit it, or the network fails.
    pub fn embed_images(
        &self,
        images: &[Image],
        options: &InferOptions,
    ) -> Result<Embeddings, Error> {
        let model = self.as_embedding()?;
        let mut all = Embeddings::default();
        for images in images.chunks(MAX_BATCH) {
            for one in model.infer(images, options)? {
                all.dimensions = one.values.len();
                all.values.extend(one.values);
            }
        }
        Ok(all)
    }

    /// One vector a text, as the model gives it; any number of texts.
    ///
    /// # Errors
    /// The model reads no texts, has no vocabulary, or a text is too long for it.
    pub fn embed_text(&self, texts: &[String]) -> Result<Embeddings, Error> {
        Ok(self.as_text_image_embedding()?.embed_text(texts)?)
    }

    /// The cosines of each of `x` with each of `y`.
    ///
    /// # Errors
    /// The vectors differ in length.
    pub fn compare_embeddings(
        &self,
        x: &Embeddings,
        y: &Embeddings,
    ) -> Result<Vec<Vec<f32>>, Error> {
        Ok(x.cosine(y)?)
    }

    /// Takes texts as classes.
    ///
    /// # Errors
    /// As [`AutoModel::embed_text`], or there are no texts.
    pub fn zero_shot(&self, texts: &[String]) -> Result<ZeroShot<'_>, Error> {
        let tower = self.as_text_image_embedding()?;
        if texts.is_empty() {
            let reason = "there must be at least one text".to_owned();
            let (option, value) = ("classes", String::new());
            return Err(LoadingError::InvalidOption { option, value, reason }.into());
        }
        let embeddings = tower.embed_text(texts)?;
        Ok(ZeroShot { model: self, tower, class_names: texts.to_vec(), texts: embeddings })
    }
}

impl ZeroShot<'_> {
    /// The texts, in their order.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The class of a picture whose vector is known: a softmax over the cosines, multiplied as in training.
    ///
    /// # Errors
    /// The vector is of another model.
    pub fn classify(&self, embedding: &Embedding) -> Result<ClassificationPrediction, Error> {
        let (dimensions, values) = (embedding.values.len(), embedding.values.clone());
        let cosines = Embeddings { dimensions, values }.cosine(&self.texts)?;
        let scale = self.tower.logit_scale();
        let logits = cosines.into_iter().flatten().map(|cosine| cosine * scale).collect();
        let confidence = softmax(logits);
        let class_id = top_k(&confidence, 1).first().map_or(0, |&(class, _)| class);
        Ok(ClassificationPrediction { image_size: embedding.image_size, class_id, confidence })
    }

    /// The class of each picture, in order.
    ///
    /// # Errors
    /// A picture or an option does not suit the model, or the network fails.
    pub fn infer(
        &self,
        images: &[Image],
        options: &InferOptions,
    ) -> Result<Vec<ClassificationPrediction>, Error> {
        let mut all = Vec::with_capacity(images.len());
        for images in images.chunks(MAX_BATCH) {
            for one in self.tower.infer(images, options)? {
                all.push(self.classify(&one)?);
            }
        }
        Ok(all)
    }
}

impl std::fmt::Debug for ZeroShot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = &self.class_names;
        f.debug_tuple("ZeroShot").field(&self.model.info().name).field(names).finish()
    }
}

fn softmax(mut values: Vec<f32>) -> Vec<f32> {
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for value in &mut values {
        *value = (*value - most).exp();
    }
    let total: f32 = values.iter().sum();
    values.into_iter().map(|value| value / total).collect()
}
