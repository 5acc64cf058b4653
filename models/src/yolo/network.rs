//! From a list of layers to a graph.

mod scaling;

#[cfg(test)]
mod tests;

use ocelli_engine::op::Activation;
use ocelli_engine::{Error, Graph, Result as BuildResult, Tensor, Value, Weights};

use super::error::{Result, SpecError};
use super::heads::{Head, head, is_head};
use super::modules::conv::Units;
use super::modules::layout::single;
use super::modules::{Build, Module, find};
use super::spec::{Layer, Spec};
use super::texts;
use scaling::Scaled;

/// The most values for each pixel of the picture that a layer may put out.
const PER_PIXEL: usize = 512;

/// The values of a network's layers. Its results are the graph's outputs.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// The maps that come out of each layer but the head: one, of `CBLinear` several, and of `ImagePoolingAttn` the
    /// embeddings `[n, classes, width]`.
    pub layers: Vec<Vec<Value>>,
    /// The head's number and its inputs, largest map first as a rule.
    pub features: Vec<Value>,
}

/// Adds the network of `spec` to the graph, with the weights of layer `i` at `model.i`: image `[n, h, w, channels]`, from
/// 0 to 1, to the outputs that the head has.
///
/// # Errors
/// A module is not known, a layer's arguments or inputs do not fit, or a weight is missing or has another shape; the error
/// names the layer and its module.
pub fn network(g: &mut Graph, w: &Weights, image: Value, spec: &Spec) -> Result<Network> {
    let units = Units { activation: spec.units_activation()?, eps: spec.norm_epsilon };
    let (texts, mut guide) = texts_and_guide(g, w, spec)?;
    let mut net = Network::default();
    let mut most = g.shape(image).rows().saturating_mul(PER_PIXEL);
    most = most.max(PER_PIXEL);
    for (i, layer) in spec.layers.iter().enumerate() {
        let failed = |cause| SpecError::Layer {
            layer: i,
            module: layer.module.clone(),
            cause: Box::new(cause),
        };
        let w = w.at("model").at(i);
        let inputs = inputs(&net.layers, image, layer).map_err(failed)?;
        let scaled = Scaled::of(layer, spec).map_err(failed)?;
        if is_head(&layer.module) && i + 1 == spec.layers.len() {
            net.features = build_head(g, &w, image, &inputs, layer, &scaled, spec, units, texts)
                .map_err(failed)?;
            return Ok(net);
        }
        let Some(module) = find(&layer.module) else {
            return Err(SpecError::UnknownModule { layer: i, module: layer.module.clone() });
        };
        let maps = build(g, &w, &inputs, module, &scaled, units, &mut guide).map_err(failed)?;
        if maps.iter().any(|&map| g.shape(map).elements() > most) {
            let what = format!("more than {PER_PIXEL} values for each pixel of the picture");
            return Err(failed(Error::Shape { op: "layer", what }));
        }
        net.layers.push(maps);
    }
    Err(SpecError::Malformed { key: "head", reason: "the last layer is not a head".to_owned() })
}

/// The embeddings of the classes' names, and the same as what modules look at before any of them changes it.
fn texts_and_guide(
    g: &mut Graph,
    w: &Weights,
    spec: &Spec,
) -> Result<(Option<Tensor>, Option<Value>)> {
    let failed = |cause| SpecError::Layer {
        layer: spec.layers.len().saturating_sub(1),
        module: spec.layers.last().map_or_else(String::new, |head| head.module.clone()),
        cause: Box::new(cause),
    };
    let Some(texts) = texts::texts(w, spec).map_err(failed)? else { return Ok((None, None)) };
    let shape = texts.shape();
    let guide = g.constant(texts.clone());
    let guide = g.reshape(guide, &[1, shape.rows(), shape.last_dim()]).map_err(failed)?;
    Ok((Some(texts), Some(guide)))
}

/// The maps of a layer's input layers; the picture for those of the first.
fn inputs<'a>(
    layers: &'a [Vec<Value>],
    image: Value,
    layer: &Layer,
) -> BuildResult<Vec<Vec<Value>>> {
    let one = |&from: &isize| {
        if from == -1 && layers.is_empty() {
            return Ok(vec![image]);
        }
        let back = usize::try_from(from.saturating_neg()).ok();
        let index = match usize::try_from(from) {
            Ok(index) => Some(index),
            Err(_) => back.and_then(|back| layers.len().checked_sub(back)),
        };
        let maps: Option<&'a Vec<Value>> = index.and_then(|index| layers.get(index));
        maps.cloned().ok_or_else(|| Error::Shape {
            op: "layer",
            what: format!("its input {from} is not among the {} layers before it", layers.len()),
        })
    };
    layer.from.iter().map(one).collect()
}

/// A module, or several of it one after the other. `guide` is what modules see of the classes' names.
fn build(
    g: &mut Graph,
    w: &Weights,
    inputs: &[Vec<Value>],
    module: &Module,
    scaled: &Scaled,
    units: Units,
    guide: &mut Option<Value>,
) -> BuildResult<Vec<Value>> {
    let call = scaled.call(units);
    let all_maps = || inputs.iter().map(Vec::as_slice).collect::<Vec<&[Value]>>();
    if scaled.modules != 1 && !matches!(module.build, Build::Map(_)) {
        return Err(Error::Shape { op: "layer", what: "it cannot be repeated".into() });
    }
    match module.build {
        Build::Map(build) => {
            let [maps] = inputs else { return Err(one_input(inputs.len())) };
            let mut x = single(maps)?;
            if scaled.modules == 1 {
                x = build(g, x, w, &call)?;
            } else {
                for i in 0..scaled.modules {
                    x = build(g, x, &w.at(i), &call)?;
                }
            }
            Ok(vec![x])
        }
        Build::Maps(build) => build(g, &all_maps(), w, &call),
        Build::Guided(build) => {
            let [maps] = inputs else { return Err(one_input(inputs.len())) };
            let names = guide.ok_or_else(texts::missing)?;
            Ok(vec![build(g, single(maps)?, names, w, &call)?])
        }
        Build::Guide(build) => {
            let names = guide.ok_or_else(texts::missing)?;
            let names = build(g, &all_maps(), names, w, &call)?;
            *guide = Some(names);
            Ok(vec![names])
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "all that a network knows goes into its head")]
fn build_head(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    inputs: &[Vec<Value>],
    layer: &Layer,
    scaled: &Scaled,
    spec: &Spec,
    units: Units,
    texts: Option<Tensor>,
) -> BuildResult<Vec<Value>> {
    let [_, height, width, _] = g.dims("head", image)?;
    let features = inputs.iter().map(|maps| single(maps)).collect::<BuildResult<Vec<_>>>()?;
    let description = Head {
        module: &layer.module,
        args: &scaled.args,
        classes: spec.classes,
        reg_max: spec.reg_max,
        end_to_end: spec.end_to_end.unwrap_or(layer.module == "v10Detect"),
        activation: units.activation,
        texts,
        input: [height, width],
    };
    head(g, w, &features, &description)?;
    Ok(features)
}

fn one_input(found: usize) -> Error {
    Error::Shape { op: "layer", what: format!("{found} inputs where one is needed") }
}

impl Spec {
    fn units_activation(&self) -> Result<Activation> {
        let Some(text) = &self.activation else { return Ok(Activation::Silu) };
        activation(text).ok_or_else(|| SpecError::Malformed {
            key: "activation",
            reason: format!("`{text}` is not known"),
        })
    }
}

/// The activation that an expression of `PyTorch` makes.
fn activation(text: &str) -> Option<Activation> {
    let (class, arguments) = text.trim().strip_suffix(')')?.split_once('(')?;
    let class = class.rsplit('.').next()?;
    let argument = arguments.split(',').next().unwrap_or("").trim();
    if argument.is_empty() || argument.starts_with("inplace") {
        return Some(match class {
            "SiLU" => Activation::Silu,
            "ReLU" => Activation::Relu,
            "ReLU6" => Activation::Clip(0.0, 6.0),
            "LeakyReLU" => Activation::LeakyRelu(0.01),
            "Hardswish" => Activation::HardSwish,
            "Hardsigmoid" => Activation::HardSigmoid,
            "Mish" => Activation::Mish,
            "GELU" => Activation::Gelu,
            "ELU" => Activation::Elu(1.0),
            "Sigmoid" => Activation::Sigmoid,
            "Tanh" => Activation::Tanh,
            "Softplus" => Activation::Softplus,
            "Identity" => Activation::Identity,
            _ => return None,
        });
    }
    let number = argument.rsplit('=').next()?.trim().parse().ok()?;
    match class {
        "LeakyReLU" => Some(Activation::LeakyRelu(number)),
        "ELU" => Some(Activation::Elu(number)),
        _ => None,
    }
}
