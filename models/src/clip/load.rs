//! From a checkpoint, a package or a folder to a model.

use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Weights};
use ocelli_vision::{Size, Task};

use super::config::{Config, ImageTower};
use super::description::{TOWERS, Told, transform};
use super::image::image_tower;
use super::infer::QUICK;
use super::model::{Clip, Missing, Texts};
use super::names::weights;
use super::text::text_tower;
use crate::classification::{Beside, EMBEDDING, check_unused, described};
use crate::registry::{AnyModel, LoadRequest, Loaded, WeightChoice};
use crate::runtime::Runtime;
use crate::tokenizer::Tokenizer;
use crate::weights::CheckpointWeights;
use crate::{Error, Result};
use ocelli_engine::op::Activation;

/// The task of a checkpoint that holds CLIP's tower for pictures.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    task(file, false)
}

/// The task of one that holds the Perception Encoder's.
pub(super) fn recognise_perception(file: &StateDict) -> Option<Task> {
    task(file, true)
}

fn task(file: &StateDict, perception: bool) -> Option<Task> {
    let weights = weights(file, WeightChoice::Model)?;
    let any = Told { image_heads: Some(1), text_heads: Some(1), ..Told::usual(Activation::Gelu) };
    let config = Config::infer(&weights, &any)?;
    (config.perception() == perception).then_some(Task::Embedding)
}

/// Loads a model that makes vectors of pictures and, where there are a tower and a vocabulary for them, of texts.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let file = request.weights.file();
    let not_this = |reason: &str| Error::NotThisModel {
        file: file.to_owned(),
        architecture: "clip",
        reason: reason.to_owned(),
    };
    let described_at_all = request
        .package
        .as_ref()
        .is_some_and(|package| package.inference_config.is_some() || package.config.is_some());
    let beside = if described_at_all { Beside::read(request)? } else { Beside::default() };
    let weights = weights(&request.weights, request.options.weights)
        .ok_or_else(|| not_this("it has no tower for pictures"))?;
    let told = Told::read(request, &beside, &weights)?;
    let config = Config::infer(&weights, &told)
        .ok_or_else(|| not_this("its tensors are not those of a tower for pictures"))?;
    let variant = config.name(quick(&config));
    check_name(request, &config, &variant)?;

    let size = resolution(request, &config)?;
    let transform = transform(&beside, &config)?.at(size);
    transform.check()?;
    let source = Arc::new(CheckpointWeights::new(weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let images = Runtime::new(Arc::clone(&request.executor), image_graph(&root, &config));
    images.program([1, size.height, size.width, 3])?;
    let texts = texts(request, &root, &config, &told)?;
    let mut unused = source.unused(&root.used());
    unused.retain(|name| !needless(name));
    check_unused(&weights, &unused)?;

    let told = Some((TOWERS, told.write(&config)));
    let inference = match &beside.inference {
        Some(inference) => inference.clone(),
        None => described(&variant, None, &transform, Task::Embedding, told),
    };
    let logit_scale = logit_scale(&weights)?;
    let model = Box::new(Clip { images, transform, texts, logit_scale });
    Ok(Loaded {
        model: AnyModel::TextImageEmbedding(model),
        variant,
        resolution: size,
        weights,
        config: inference,
        keypoints_metadata: None,
        unused,
    })
}

/// Whether a tower has OpenAI's activation.
fn quick(config: &Config) -> bool {
    let text = config.text.as_ref().map(|tower| tower.activation);
    let image = match &config.image {
        ImageTower::Transformer(tower) => Some(tower.activation),
        ImageTower::Residual(_) => None,
    };
    image.or(text) == Some(Activation::QuickGelu)
}

/// Tensors that have no part in vectors; constants are those of TorchScript's code.
fn needless(name: &str) -> bool {
    let scalars = ["logit_scale", "input_resolution", "context_length", "vocab_size"];
    scalars.contains(&name)
        || name.ends_with(".num_batches_tracked")
        || name.ends_with("attn_mask")
        || name.starts_with("CONSTANTS.")
}

type Describe<const N: usize> =
    Box<dyn Fn([usize; N]) -> ocelli_engine::Result<Graph> + Send + Sync>;

/// The tower for pictures; vectors of the Perception Encoder have unit length, as its authors compute them.
fn image_graph(root: &Weights, config: &Config) -> Describe<4> {
    let (root, config) = (root.clone(), config.clone());
    Box::new(move |shape| {
        let mut g = Graph::new();
        let image = g.input("image", &shape)?;
        let tower = &config.image;
        let net = image_tower(&mut g, &root.at("visual"), image, tower, config.dimensions)?;
        finish(&mut g, net.embedding, &config);
        Ok(g)
    })
}

fn finish(g: &mut Graph, embedding: ocelli_engine::Value, config: &Config) {
    /// PyTorch's least length.
    const EPS: f32 = 1e-12;
    let unit = config.perception();
    let embedding = if unit { g.l2_normalize(embedding, EPS) } else { embedding };
    g.output(EMBEDDING, embedding);
}

/// The tower for texts, or what is missing; the network is described, so that its weights are checked, and compiled when
/// it is first used.
fn texts(
    request: &LoadRequest,
    root: &Weights,
    config: &Config,
    told: &Told,
) -> Result<std::result::Result<Texts, Missing>> {
    let missing = |reason| {
        let file = request.weights.file().to_owned();
        Ok(Err(Missing { file, reason }))
    };
    let Some(tower) = &config.text else {
        return missing("the weights have no tower for texts; load a model that has both towers");
    };
    let context = tower.context;
    let graph = {
        let (root, tower, config) = (root.clone(), tower.clone(), config.clone());
        move |[n, _, _, t]: [usize; 4]| {
            let mut g = Graph::new();
            let tokens = g.input("tokens", &[n, 1, 1, t])?;
            let tokens = g.reshape(tokens, &[n, t])?;
            let net = text_tower(&mut g, &root, tokens, &tower, config.dimensions)?;
            finish(&mut g, net.embedding, &config);
            Ok(g)
        }
    };
    graph([1, 1, 1, context])?;
    let packaged = request.package.as_ref().and_then(|package| package.vocabulary.as_ref());
    let Some(vocabulary) = request.options.vocabulary.as_ref().or(packaged) else {
        return missing(
            "there is no vocabulary for texts; put OpenAI's `bpe_simple_vocab_16e6.txt.gz`, which comes with CLIP's \
             code, beside the weights or into the cache's folder, or name a file of this kind",
        );
    };
    let tokenizer = Tokenizer::new(vocabulary, told.manner, tower.vocabulary)?;
    let tower = Runtime::new(Arc::clone(&request.executor), graph);
    let truncates = config.perception();
    Ok(Ok(Texts { tower, tokenizer, context, truncates }))
}

/// What cosines are multiplied by; that of untrained networks where the weights do not say.
fn logit_scale(weights: &StateDict) -> Result<f32> {
    let Some(tensor) = weights.get("logit_scale") else { return Ok(1.0 / 0.07) };
    let scale = tensor.to_f32()?.first().map(|scale| scale.exp());
    scale.filter(|scale| scale.is_finite()).ok_or_else(|| Error::Unsupported {
        file: weights.file().to_owned(),
        what: "a `logit_scale` that is no number".to_owned(),
        hint: "check the training".to_owned(),
    })
}

/// The input's side: the tower's own, except for the Perception Encoder, whose positions fit all multiples of the patch.
fn resolution(request: &LoadRequest, config: &Config) -> Result<Size> {
    /// The longest side of an input.
    const MAX_SIDE: usize = 4096;
    let side = config.image.image_side();
    let size = request.options.resolution.unwrap_or(Size::new(side, side));
    let patch = match &config.image {
        ImageTower::Transformer(tower) if tower.rotary => tower.patch,
        _ => side,
    };
    let fits = |length: usize| length.is_multiple_of(patch) && (1..=MAX_SIDE).contains(&length);
    if fits(size.width) && fits(size.height) && (patch < side || size == Size::new(side, side)) {
        return Ok(size);
    }
    let reason = if patch == side {
        format!("{size}: this network's input is {side}x{side}")
    } else {
        format!("{size}: both sides must be multiples of {patch}, at most {MAX_SIDE}")
    };
    Err(Error::BadOption { name: "resolution", reason })
}

/// That the variant is the one that was asked for.
fn check_name(request: &LoadRequest, config: &Config, variant: &str) -> Result<()> {
    let packaged = request.package.as_ref().and_then(|package| package.model_type.as_deref());
    let said = request.options.model_type.as_deref().or(packaged);
    let Some(said) = said else { return Ok(()) };
    let architecture = if config.perception() { "perception-encoder" } else { "clip" };
    let plain = said.strip_suffix(QUICK).unwrap_or(said);
    if said == architecture || said == variant || plain == config.name(false) {
        return Ok(());
    }
    Err(Error::Contradiction {
        file: request.weights.file().to_owned(),
        said: said.to_owned(),
        found: format!("its tensors are those of {variant}"),
    })
}
