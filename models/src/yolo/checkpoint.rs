//! A file that holds a YOLO: where its weights are, and what is said beside them.
//!
//! | written by | weights | description |
//! | --- | --- | --- |
//! | `ultralytics`, the `yolov5` repository | the pickled module `ema`, else `model` | its attributes, `train_args` |
//! | an export to ONNX | initializers | `metadata_props` |
//! | an export to TorchScript | the archived module | `extra/config.txt` |
//! | anything else | the tensors as they are | |
//!
//! Embeddings of the classes' names are an attribute of the pickled module, or a tensor beside those of the layers.

use std::collections::BTreeMap;

use ocelli_converters::{DType, StateDict, Value};
use ocelli_vision::Size;

use super::anchors::anchors;
use super::heads::{Seen, needless, seen, stores_texts_as};
use super::literal::Literal;
use crate::registry::WeightChoice;

/// The weights under their module's own names, `model.0.conv.weight` for instance, and the description.
pub(super) struct Checkpoint {
    pub(super) weights: StateDict,
    /// The layer list.
    pub(super) yaml: Option<Value>,
    pub(super) facts: Facts,
}

/// What a file may say of its model.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) class_names: Option<Vec<String>>,
    /// The input of training or of the export.
    pub(super) input: Option<Size>,
    pub(super) key_points: Option<[usize; 2]>,
    pub(super) end_to_end: Option<bool>,
    /// Whether an export takes no other size, so that Ultralytics shrinks no letterbox.
    pub(super) fixed_input: bool,
    /// `detect`, `segment`, ...
    pub(super) task: Option<String>,
}

impl Checkpoint {
    /// Finds the weights in a file; nothing if there is no sequence of layers in it.
    pub(super) fn read(file: &StateDict, choice: WeightChoice) -> Option<Checkpoint> {
        let (path, module) = match module(file.root(), choice) {
            Some((path, module)) => (path, Some(module)),
            None if choice == WeightChoice::Average => return None,
            None => ("", None),
        };
        let inner = file.subset(path, "");
        let weights = with_anchors(layers(&inner)?, file);
        let texts = module.map_or_else(|| beside_layers(&inner), attributes);
        let weights = texts.map_or(weights.clone(), |texts| weights.with("", &texts));
        Some(Checkpoint {
            weights,
            yaml: module.and_then(|module| module.get("yaml")).cloned(),
            facts: module.map_or_else(|| exported(file), |module| trained(file.root(), module)),
        })
    }

    /// The extents of a tensor; none if there is no such tensor.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.weights.get(name).map(ocelli_converters::Tensor::shape)
    }

    /// What the tensors of a head, the last layer, show. Of an open vocabulary the embeddings show the classes.
    pub(super) fn head(&self, module: &str) -> Option<Seen> {
        let last = self.layers().checked_sub(1)?;
        let first = |part: &str| self.shape(&format!("model.{last}.{part}"))?.first().copied();
        let mut seen = seen(module, first)?;
        if let Some(texts) = stores_texts_as(module)
            && self.compares_texts()
        {
            let texts = self.shape(texts).and_then(|shape| shape.iter().rev().nth(1).copied());
            let named = self.facts.class_names.as_ref().map(Vec::len);
            seen.classes = texts.or(named).unwrap_or(seen.classes);
        }
        Some(seen)
    }

    /// Whether the head scores classes by the embeddings of their names.
    pub(super) fn compares_texts(&self) -> bool {
        let head = format!("model.{}", self.layers().saturating_sub(1));
        let scale = |branch: &str| self.shape(&format!("{head}.{branch}cv4.0.logit_scale"));
        ["", "one2one_"].into_iter().any(|branch| scale(branch).is_some())
    }

    /// Whether it holds such embeddings.
    pub(super) fn has_texts(&self) -> bool {
        TEXTS.iter().any(|name| self.weights.contains(name))
    }

    /// Whether a tensor is known to have no part in answers.
    pub(super) fn needless(&self, name: &str) -> bool {
        let head = format!("model.{}.", self.layers().saturating_sub(1));
        name.ends_with(".num_batches_tracked")
            || TEXTS.contains(&name)
            || name.strip_prefix(&head).is_some_and(needless)
    }

    /// One more than the number of the last layer.
    pub(super) fn layers(&self) -> usize {
        last_layer(&self.weights) + 1
    }
}

/// The pickled module of a checkpoint and its place: the moving average, if there is one.
fn module(root: &Value, choice: WeightChoice) -> Option<(&'static str, &Value)> {
    let places = match choice {
        WeightChoice::Model => &["ema", "model", ""][..],
        WeightChoice::Average => &["ema"],
    };
    let found = |place: &&'static str| {
        let value = if place.is_empty() { root } else { root.get(place)? };
        value.get("_modules")?.get("model")?;
        Some((*place, value))
    };
    places.iter().find_map(found)
}

/// The same weights and, if the head is one with anchors and lacks them, those that `file` has as constants.
fn with_anchors(weights: StateDict, file: &StateDict) -> StateDict {
    let levels = |head: &str| {
        (0..8).take_while(|i| weights.contains(&format!("{head}.m.{i}.weight"))).count()
    };
    let head = format!("model.{}", last_layer(&weights));
    let levels = levels(&head);
    if levels == 0 || weights.contains(&format!("{head}.anchors")) {
        return weights;
    }
    match anchors(file, levels) {
        Some(anchors) => weights.with(&format!("{head}."), &anchors),
        None => weights,
    }
}

/// What embeddings of classes' names are called.
const TEXTS: [&str; 2] = ["txt_feats", "pe"];

/// The embeddings of the classes' names that tensors hold beside numbered layers.
fn beside_layers(inner: &StateDict) -> Option<StateDict> {
    let texts = inner.renamed(|name| {
        let last = name.rsplit('.').next()?;
        (TEXTS.contains(&last) && before_number(name).is_none()).then(|| last.to_owned())
    });
    (!texts.is_empty()).then_some(texts)
}

/// Those that a pickled module holds, which are no parameters of it.
fn attributes(module: &Value) -> Option<StateDict> {
    let text = |name: &&str| {
        let tensor = module.get(name)?.as_tensor()?;
        let bytes = tensor.to_f32().ok()?.iter().flat_map(|value| value.to_le_bytes()).collect();
        Some(((*name).to_owned(), DType::F32, tensor.shape().to_vec(), bytes))
    };
    let texts: Vec<_> = TEXTS.iter().filter_map(text).collect();
    if texts.is_empty() { None } else { StateDict::from_tensors(texts).ok() }
}

/// The number of the last layer.
fn last_layer(weights: &StateDict) -> usize {
    let number = |name: &str| name.strip_prefix("model.")?.split('.').next()?.parse().ok();
    weights.names().filter_map(number).max().unwrap_or(0)
}

/// The tensors that belong to numbered layers, as `model.0...`.
fn layers(inner: &StateDict) -> Option<StateDict> {
    let mut prefixes: BTreeMap<&str, usize> = BTreeMap::new();
    for prefix in inner.names().filter_map(before_number) {
        *prefixes.entry(prefix).or_default() += 1;
    }
    let (prefix, _) = prefixes.into_iter().max_by_key(|&(_, count)| count)?;
    let rename = |name: &str| {
        let rest = name.strip_prefix(prefix)?;
        let (number, _) = rest.split_once('.')?;
        number.parse::<u16>().ok().map(|_| format!("model.{rest}"))
    };
    Some(inner.renamed(rename)).filter(|layers| !layers.is_empty())
}

/// What stands before the first part of a name that is a number.
fn before_number(name: &str) -> Option<&str> {
    let mut start = 0;
    for part in name.split('.') {
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(&name[..start]);
        }
        start += part.len() + 1;
    }
    None
}

/// What a trainer's file says.
fn trained(root: &Value, module: &Value) -> Facts {
    let run = |key: &str| {
        let places = [root.at(&["train_args", key]), module.at(&["args", key])];
        places.into_iter().flatten().find(|value| !value.is_none())
    };
    Facts {
        class_names: module.get("names").and_then(names),
        input: run("imgsz").and_then(size),
        key_points: module.at(&["yaml", "kpt_shape"]).and_then(pair),
        end_to_end: None,
        fixed_input: false,
        task: run("task").and_then(|task| Some(task.as_str()?.to_owned())),
    }
}

/// What an export says: the texts of an ONNX file, or the JSON beside a TorchScript module.
fn exported(file: &StateDict) -> Facts {
    let json = file.extra("config.txt").and_then(Literal::parse);
    let literal = |key: &str| {
        if let Some(json) = &json {
            return json.get(key).cloned();
        }
        let text = file.root().at(&["metadata_props", key])?.as_str()?;
        Some(Literal::parse(text).unwrap_or_else(|| Literal::Text(text.to_owned())))
    };
    let counts = |key: &str| match literal(key)? {
        Literal::List(items) => items.iter().map(Literal::as_count).collect::<Option<Vec<_>>>(),
        other => other.as_count().map(|count| vec![count, count]),
    };
    let two = |key: &str| counts(key).and_then(|counts| <[usize; 2]>::try_from(counts).ok());
    let dynamic = literal("args").and_then(|args| args.get("dynamic").cloned());
    Facts {
        class_names: literal("names").and_then(literal_names),
        input: two("imgsz")
            .map(|[height, width]| Size::new(width, height))
            .or_else(|| picture_of(file.root())),
        key_points: two("kpt_shape"),
        end_to_end: literal("end2end").map(|value| value == Literal::Bool(true)),
        task: literal("task").and_then(|task| Some(task.as_text()?.to_owned())),
        fixed_input: dynamic == Some(Literal::Bool(false)),
    }
}

/// The size of the pictures that an exported graph was made for, `[n, 3, h, w]`, if it takes no others.
fn picture_of(root: &Value) -> Option<Size> {
    let (_, input) = root.get("inputs")?.as_dict()?.iter().next()?;
    let [_, channels, height, width] = input.get("shape")?.as_slice()? else { return None };
    let side = |value: &Value| usize::try_from(value.as_i64()?).ok().filter(|&side| side > 0);
    (channels.as_i64() == Some(3)).then_some(Size::new(side(width)?, side(height)?))
}

/// Class names: a list, or a dict from numbers.
fn names(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| Some(value.as_str()?.to_owned());
    if let Some(list) = value.as_slice() {
        return list.iter().map(text).collect();
    }
    let entries = value.as_dict()?.iter();
    let entries =
        entries.map(|(id, name)| Some((usize::try_from(id.as_i64()?).ok()?, text(name)?)));
    in_order(entries.collect::<Option<Vec<_>>>()?)
}

fn literal_names(literal: Literal) -> Option<Vec<String>> {
    let text = |literal: &Literal| Some(literal.as_text()?.to_owned());
    match literal {
        Literal::List(items) => items.iter().map(text).collect(),
        Literal::Dict(entries) => {
            let entries = entries.iter().map(|(id, name)| Some((id.as_count()?, text(name)?)));
            in_order(entries.collect::<Option<Vec<_>>>()?)
        }
        _ => None,
    }
}

/// Names by id, if the ids are those of a list.
fn in_order(mut entries: Vec<(usize, String)>) -> Option<Vec<String>> {
    entries.sort_by_key(|&(id, _)| id);
    let whole = entries.iter().enumerate().all(|(place, &(id, _))| place == id);
    (whole && !entries.is_empty()).then(|| entries.into_iter().map(|(_, name)| name).collect())
}

/// A side, or height and width.
fn size(value: &Value) -> Option<Size> {
    if let Some([height, width]) = pair(value) {
        return Some(Size::new(width, height));
    }
    let side = usize::try_from(value.as_i64()?).ok()?;
    Some(Size::new(side, side))
}

fn pair(value: &Value) -> Option<[usize; 2]> {
    let [a, b] = value.as_slice()? else { return None };
    Some([usize::try_from(a.as_i64()?).ok()?, usize::try_from(b.as_i64()?).ok()?])
}
