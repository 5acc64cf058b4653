//! From a checkpoint, a package or a folder to a model.

use ocelli_converters::StateDict;
use ocelli_vision::Task;
use ocelli_vision::resize::Filter;
use serde_json::Value;

use super::config::{Config, Variant};
use super::names::weights;
use super::network::network;
use crate::classification::{Beside, CONFIDENCE, Heads, Plan, Transform, finish};
use crate::registry::{LoadRequest, Loaded, WeightChoice};
use crate::{Error, Result};

/// The task of a checkpoint that holds a residual network with a classifier.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    Config::infer(&weights(file, WeightChoice::Model)?).map(|_| Task::Classification)
}

/// Loads a classifier.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let file = request.weights.file();
    let beside = Beside::read(request)?;
    let weights = weights(&request.weights, request.options.weights);
    let found = weights.and_then(|weights| Some((Config::infer(&weights)?, weights)));
    let Some((config, weights)) = found else {
        let reason = "it has no `conv1`, `layer1` to `layer4` and `fc`".to_owned();
        return Err(Error::NotThisModel { file: file.to_owned(), architecture: "resnet", reason });
    };
    check_name(request, &beside, &config)?;
    beside.config.as_ref().map_or(Ok(()), |said| check_config(file, said))?;
    finish(request, &beside, plan(file, config, weights))
}

fn plan(file: &str, config: Config, weights: StateDict) -> Plan {
    Plan {
        variant: config.name(),
        weights,
        classes: Some(config.classes),
        usual: Transform::torchvision(edge(file), 224, Filter::Bilinear),
        describe: Box::new(move |g, w, image| {
            let net = network(g, w, image, &config)?;
            Ok(Heads { embedding: net.features, tokens: None, logits: Some(net.logits) })
        }),
        told: None,
        confidence: CONFIDENCE,
        needless: |name| name.ends_with(".num_batches_tracked"),
    }
}

/// What the second weights of torchvision, whose pictures are smaller before their middle is cut out, end in.
const SECOND_WEIGHTS: [&str; 8] = [
    "resnet50-11ad3fa6",
    "resnet101-cd907fc2",
    "resnet152-f82ba261",
    "resnext50_32x4d-1a0047aa",
    "resnext101_32x8d-110c445d",
    "resnext101_64x4d-173b62eb",
    "wide_resnet50_2-9ba9bcbe",
    "wide_resnet101_2-d733dc28",
];

/// The shorter side of a picture whose middle is cut out, by the file's name.
fn edge(file: &str) -> usize {
    let second = SECOND_WEIGHTS.iter().any(|name| file.contains(name));
    if second { 232 } else { 256 }
}

/// That the variant is the one that was asked for, or that the description names.
fn check_name(request: &LoadRequest, beside: &Beside, config: &Config) -> Result<()> {
    let packaged = request.package.as_ref().and_then(|package| package.model_type.as_deref());
    let said = request.options.model_type.as_deref().or(packaged).or(beside.model_name());
    let Some(said) = said.filter(|&said| said != "resnet" && said != config.name()) else {
        return Ok(());
    };
    let file = request.weights.file().to_owned();
    match Variant::find(said) {
        Some(row) if row.config(config.classes) == *config => Ok(()),
        Some(_) => Err(Error::Contradiction {
            file,
            said: said.to_owned(),
            found: format!("its tensors are those of {}", config.name()),
        }),
        None => Err(Error::Unsupported {
            file,
            what: format!("the variant `{said}`"),
            hint: "plain, wide and grouped residual networks are".to_owned(),
        }),
    }
}

/// That `transformers`' configuration asks for nothing that the tensors do not show.
fn check_config(file: &str, said: &Value) -> Result<()> {
    let other = [
        ("hidden_act", said["hidden_act"].as_str().is_some_and(|act| act != "relu")),
        ("downsample_in_first_stage", said["downsample_in_first_stage"] == true),
        ("downsample_in_bottleneck", said["downsample_in_bottleneck"] == true),
    ];
    match other.iter().find(|(_, differs)| *differs) {
        None => Ok(()),
        Some((key, _)) => Err(Error::Unsupported {
            file: file.to_owned(),
            what: format!("`{key}` {} in `config.json`", said[*key]),
            hint: "export the model to ONNX".to_owned(),
        }),
    }
}
