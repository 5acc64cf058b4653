//! CLIPs of every kind of file from pictures and texts to vectors, against `clip`, `open_clip`, `transformers` and
//! inference-models, and what is wrong with bad ones.
//!
//! Tolerance: vectors within 1e-4 of their largest element, probabilities within 1e-4.

use std::path::Path;
use std::sync::OnceLock;

use crate::common::formula::fill;
use crate::common::{executor, shared};
use ocelli_converters::{DType, StateDict};
use ocelli_models::tokenizer::Vocabulary;
use ocelli_models::{
    AnyModel, Error, LoadOptions, LoadRequest, Loaded, Package, registry, snapshot,
};
use ocelli_vision::{Embeddings, Image, InferOptions, Size, Task, TextImageEmbeddingModel};
use proptest::prelude::*;
use serde_json::Value;

fn goldens(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/clip");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

fn rows() -> Vec<Value> {
    list(&goldens("predict.json"))
}

fn row(name: &str) -> Value {
    rows().into_iter().find(|row| row["name"] == name).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

type Entry = (String, DType, Vec<usize>, Vec<u8>);

/// The tensors of a case, filled by the formula, and what OpenAI's archives have besides.
fn tensors(row: &Value) -> Vec<Entry> {
    let tensors: Vec<(String, Vec<usize>)> = list(&row["tensors"]);
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let bytes = fill(&name, &shape, 0).iter().flat_map(|v| v.to_le_bytes()).collect();
        (name, DType::F32, shape, bytes)
    };
    let marks = row["marks"].as_object().into_iter().flatten();
    let mark = |(name, value): (&String, &Value)| {
        let bytes = value.as_i64().unwrap().to_le_bytes().to_vec();
        (name.clone(), DType::I64, vec![], bytes)
    };
    let constant = ("CONSTANTS.c0".to_owned(), DType::I64, vec![], vec![0; 8]);
    let constant = row.get("marks").map(|_| constant);
    tensors.into_iter().map(tensor).chain(marks.map(mark)).chain(constant).collect()
}

fn checkpoint(tensors: Vec<Entry>) -> StateDict {
    StateDict::from_tensors(tensors).unwrap()
}

fn vocabulary(row: &Value) -> Vocabulary {
    let document = goldens("tokenizer.json");
    if row["name"] == "hugging-face" {
        return Vocabulary::TokenizerJson(document["tokenizer"].to_string().into());
    }
    let merges = format!("#version\n{}", document["merges"].as_str().unwrap());
    Vocabulary::Merges(merges.into_bytes().into())
}

fn package(row: &Value) -> Option<Package> {
    let text = |key: &str| row.get(key).map(Value::to_string);
    let (config, preprocessor_config) = (text("config"), text("preprocessor"));
    let package = Package { config, preprocessor_config, ..Package::default() };
    (package != Package::default()).then_some(package)
}

fn load_with(
    weights: StateDict,
    package: Option<Package>,
    options: LoadOptions,
) -> Result<Loaded, Error> {
    let (family, task) = match package.as_ref().and_then(|package| package.config.as_ref()) {
        Some(config) => {
            let (architecture, task) = snapshot::architecture(config).unwrap();
            (registry::find(architecture, task, "hugging-face").unwrap(), task)
        }
        None => registry::recognise(&weights).unwrap(),
    };
    assert_eq!(task, Task::Embedding);
    (family.load)(&LoadRequest { weights, package, options, executor: executor() })
}

fn load(row: &Value) -> Loaded {
    let options = LoadOptions { vocabulary: Some(vocabulary(row)), ..LoadOptions::default() };
    let loaded = load_with(checkpoint(tensors(row)), package(row), options);
    loaded.unwrap_or_else(|error| panic!("{}: {error}", row["name"]))
}

fn clip(loaded: &Loaded) -> &dyn TextImageEmbeddingModel {
    match &loaded.model {
        AnyModel::TextImageEmbedding(model) => &**model,
        _ => panic!("another task"),
    }
}

/// How far vectors are from the golden ones, over the largest element of those.
fn distance(found: &Embeddings, needed: &serde_json::Map<String, Value>) -> f32 {
    let needed: Vec<Vec<f32>> = needed.values().map(list).collect();
    assert_eq!((found.iter().count(), found.dimensions), (needed.len(), needed[0].len()));
    let needed: Vec<f32> = needed.concat();
    let largest = needed.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
    let differences = found.values.iter().zip(&needed).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max) / largest
}

#[test]
fn vectors_of_pictures_are_those_of_the_originals() {
    let Some(shared) = shared("images") else { return };
    for row in rows() {
        let loaded = load(&row);
        assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
        let pictures = row["pictures"].as_object().unwrap();
        let open = |name: &String| Image::open(shared.join(name)).unwrap();
        let images: Vec<Image> = pictures.keys().map(open).collect();
        let found = clip(&loaded).embed_images(&images, &InferOptions::default()).unwrap();
        let off = distance(&found, pictures);
        eprintln!("{} {}: {off:.1e}", row["name"], loaded.variant);
        assert!(off <= 1e-4, "{}: off by {off}", row["name"]);
        let Some(needed) = row.get("probabilities") else { continue };
        let (needed, scale): (Vec<Vec<f32>>, _) = (list(needed), clip(&loaded).logit_scale());
        let texts: Vec<String> = row["texts"].as_object().unwrap().keys().cloned().collect();
        let texts = clip(&loaded).embed_text(&texts).unwrap();
        let cosines = clip(&loaded).compare_embeddings(&found, &texts).unwrap();
        for (cosines, needed) in cosines.iter().zip(&needed) {
            let raised: Vec<f32> = cosines.iter().map(|cosine| (cosine * scale).exp()).collect();
            let total: f32 = raised.iter().sum();
            for (found, needed) in raised.iter().zip(needed) {
                assert!((found / total - needed).abs() <= 1e-4, "{}", row["name"]);
            }
        }
    }
}

#[test]
fn vectors_of_texts_are_those_of_the_originals() {
    for row in rows().iter().filter(|row| row.get("texts").is_some()) {
        let loaded = load(row);
        let needed = row["texts"].as_object().unwrap();
        let texts: Vec<String> = needed.keys().cloned().collect();
        let off = distance(&clip(&loaded).embed_text(&texts).unwrap(), needed);
        eprintln!("{} {}: {off:.1e}", row["name"], loaded.variant);
        assert!(off <= 1e-4, "{}: off by {off}", row["name"]);
        let many: Vec<String> = texts.iter().cycle().take(70).cloned().collect();
        let all = clip(&loaded).embed_text(&many).unwrap();
        assert_eq!(all.iter().count(), 70);
        let first = &all.values[..all.dimensions];
        let again = &all.values[68 * all.dimensions..69 * all.dimensions];
        assert!(first.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-4));
    }
}

#[test]
fn a_package_made_from_a_model_answers_as_it() {
    let image = [Image::filled(90, 60, [10, 200, 90]).unwrap()];
    let options = InferOptions::default();
    for row in rows() {
        let first = load(&row);
        let written = Package {
            inference_config: Some(serde_json::to_string(&first.config).unwrap()),
            model_type: Some(first.variant.clone()),
            vocabulary: Some(vocabulary(&row)),
            ..Package::default()
        };
        let again = load_with(first.weights.clone(), Some(written), LoadOptions::default());
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", row["name"]));
        assert_eq!((&again.variant, again.resolution), (&first.variant, first.resolution));
        let vectors = |loaded| clip(loaded).embed_images(&image, &options).unwrap();
        assert_eq!(vectors(&first), vectors(&again), "{}", row["name"]);
    }
}

#[test]
fn what_is_missing_for_texts_is_named() {
    let texts = ["a cat".to_owned()];
    let openai = row("openai");
    let silent = load_with(checkpoint(tensors(&openai)), None, LoadOptions::default()).unwrap();
    let error = clip(&silent).embed_text(&texts).unwrap_err().to_string();
    assert!(error.contains("bpe_simple_vocab_16e6.txt.gz"), "{error}");
    let blind = load(&row("hugging-face-vision"));
    let error = clip(&blind).embed_text(&texts).unwrap_err().to_string();
    assert!(error.contains("no tower for texts"), "{error}");
}

proptest! {
    #[test]
    fn any_text_has_a_vector_or_an_error(text in "\\PC{0,40}|[&#;x0-9a-z<>\u{1b}\\[ ]{0,60}") {
        static MODEL: OnceLock<Loaded> = OnceLock::new();
        let model = MODEL.get_or_init(|| load(&row("perception")));
        let found = clip(model).embed_text(&[text]).unwrap();
        prop_assert!(found.values.iter().all(|value| value.is_finite()));
    }
}

#[test]
fn long_texts_are_errors_or_cut_as_the_authors_do() {
    let long = [["cat"; 200].join(" ")];
    let error = clip(&load(&row("openai"))).embed_text(&long).unwrap_err().to_string();
    assert!(error.contains("the model takes 77"), "{error}");
    let cut = load(&row("perception"));
    assert!(clip(&cut).embed_text(&long).is_ok());
    assert_eq!(clip(&cut).embed_text(&[]).unwrap().iter().count(), 0);
    let endless = ["a".repeat(1 << 20)];
    assert!(clip(&cut).embed_text(&endless).is_err());
}

#[test]
fn the_activation_is_not_guessed() {
    let mut plain = tensors(&row("openai"));
    plain.retain(|(_, dtype, ..)| *dtype == DType::F32);
    let load = |model_type: Option<&str>| {
        let model_type = model_type.map(str::to_owned);
        let options = LoadOptions { model_type, ..LoadOptions::default() };
        load_with(checkpoint(plain.clone()), None, options)
    };
    let error = load(None).err().unwrap().to_string();
    assert!(error.contains("`ViT-64x2-8-32-quickgelu`"), "{error}");
    for name in ["ViT-64x2-8-32-quickgelu", "ViT-64x2-8-32"] {
        assert_eq!(load(Some(name)).unwrap().variant, name);
    }
    let packaged =
        load_with(checkpoint(plain.clone()), Some(Package::default()), LoadOptions::default());
    assert_eq!(packaged.unwrap().variant, "ViT-64x2-8-32-quickgelu");
    let error = load(Some("ViT-B-32")).err().unwrap();
    assert!(matches!(error, Error::Contradiction { .. }), "{error}");
}

#[test]
fn wrong_tensors_and_sizes_are_errors() {
    let openai = row("openai");
    let with = |change: &dyn Fn(&mut Entry) -> bool| {
        let mut tensors = tensors(&openai);
        tensors.retain_mut(change);
        let weights = checkpoint(tensors);
        let family = registry::find("clip", Task::Embedding, "torch").unwrap();
        let options = LoadOptions { vocabulary: Some(vocabulary(&openai)), ..Default::default() };
        let request = LoadRequest { weights, package: None, options, executor: executor() };
        (family.load)(&request).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let without = |name: &'static str| with(&move |tensor| tensor.0 != name);
    let shaped = |name: &'static str, shape: &'static [usize]| {
        with(&move |tensor| {
            if tensor.0 == name {
                tensor.2 = shape.to_vec();
                tensor.3 = vec![0; 4 * shape.iter().product::<usize>()];
            }
            true
        })
    };
    let rows = [
        (without("visual.conv1.weight"), "no tower for pictures"),
        (without("visual.ln_pre.weight"), "`visual.ln_pre.weight` is missing"),
        (without("ln_final.bias"), "`ln_final.bias` is missing"),
        (without("text_projection"), "not those of a tower"),
        (shaped("visual.conv1.weight", &[64, 3, 0, 0]), "not those of a tower"),
        (shaped("visual.positional_embedding", &[0, 64]), "not those of a tower"),
        (shaped("visual.positional_embedding", &[18, 64]), "not those of a tower"),
        (shaped("visual.ln_post.weight", &[63]), "`visual.ln_post.weight`"),
        (shaped("positional_embedding", &[1, 64]), "not those of a tower"),
        (shaped("token_embedding.weight", &[600, 64]), ""),
        (shaped("token_embedding.weight", &[500, 64]), "the network knows 500"),
        (shaped("token_embedding.weight", &[900, 64]), "900 tokens need"),
    ];
    for (error, reason) in rows {
        assert!(error.contains(reason) && error.is_empty() == reason.is_empty(), "{error}");
    }
    let more = with(&|tensor| {
        if tensor.0 == "logit_scale" {
            tensor.0 = "visual.proj_bias".to_owned();
        }
        true
    });
    assert!(more.contains("`visual.proj_bias`"), "{more}");
    let options = LoadOptions { resolution: Some(Size::new(64, 64)), ..LoadOptions::default() };
    let error = load_with(checkpoint(tensors(&openai)), None, options.clone()).err().unwrap();
    assert!(error.to_string().contains("this network's input is 32x32"), "{error}");
    let larger = load_with(checkpoint(tensors(&row("perception"))), None, options).unwrap();
    let image = [Image::filled(90, 60, [10, 200, 90]).unwrap()];
    assert!(clip(&larger).embed_images(&image, &InferOptions::default()).is_ok());
}

#[test]
fn descriptions_that_ask_for_other_networks_are_errors() {
    let open_clip = row("open-clip");
    let change = |place: &str, value: Value| {
        let mut row = open_clip.clone();
        *row.pointer_mut(place).unwrap_or(&mut Value::Null) = value;
        let error = load_with(checkpoint(tensors(&row)), package(&row), LoadOptions::default());
        error.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let vision = &open_clip["config"]["model_cfg"]["vision_cfg"];
    let mut pooled = vision.clone();
    pooled["pool_type"] = "avg".into();
    let mut usual = vision.clone();
    usual["pool_type"] = "tok".into();
    assert_eq!(change("/config/model_cfg/vision_cfg", usual), "");
    let rows = [
        (change("/config/model_cfg/vision_cfg", pooled), "vision_cfg.pool_type"),
        (change("/config/model_cfg/text_cfg/heads", 0.into()), "heads 0"),
        (change("/config/preprocess_cfg/resize_mode", "longest".into()), "resize_mode"),
        (change("/config/preprocess_cfg/mean", 1.into()), "mean"),
    ];
    for (error, reason) in rows {
        assert!(error.contains(reason), "{reason}: {error}");
    }
}
