//! Folders as the Hugging Face hub has them, and packages that hold such files.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::Path;

use ocelli::converters::{DType, StateDict, write_safetensors};
use ocelli::{AutoModel, Image, InferOptions, LoadOptions, Registry, Task, write_package};

/// A vision transformer of one layer, four channels and two classes, for pictures of 8 pixels a side.
fn vit() -> Vec<(String, Vec<usize>)> {
    let layer = "vit.encoder.layer.0";
    let square = [
        "attention.attention.query",
        "attention.attention.key",
        "attention.attention.value",
        "attention.output.dense",
    ];
    let mut tensors = vec![
        ("vit.embeddings.cls_token".to_owned(), vec![1, 1, 4]),
        ("vit.embeddings.position_embeddings".to_owned(), vec![1, 5, 4]),
        ("vit.embeddings.patch_embeddings.projection.weight".to_owned(), vec![4, 3, 4, 4]),
        ("vit.embeddings.patch_embeddings.projection.bias".to_owned(), vec![4]),
    ];
    let linear = |name: &str, out: usize, inner: usize| {
        [(format!("{name}.weight"), vec![out, inner]), (format!("{name}.bias"), vec![out])]
    };
    tensors.extend(square.iter().flat_map(|part| linear(&format!("{layer}.{part}"), 4, 4)));
    tensors.extend(linear(&format!("{layer}.intermediate.dense"), 8, 4));
    tensors.extend(linear(&format!("{layer}.output.dense"), 4, 8));
    for norm in ["encoder.layer.0.layernorm_before", "encoder.layer.0.layernorm_after", "layernorm"]
    {
        tensors.push((format!("vit.{norm}.weight"), vec![4]));
        tensors.push((format!("vit.{norm}.bias"), vec![4]));
    }
    tensors.extend(linear("classifier", 2, 4));
    tensors
}

fn save(path: &Path, tensors: &[(String, Vec<usize>)]) {
    let tensor = |(name, shape): &(String, Vec<usize>)| {
        let count: usize = shape.iter().product();
        let seed = name.len();
        let values = (0..count).map(|i| ((i * 7 + seed * 3) % 11) as f32 / 11.0 - 0.4);
        (name.clone(), DType::F32, shape.clone(), values.flat_map(f32::to_le_bytes).collect())
    };
    let weights = StateDict::from_tensors(tensors.iter().map(tensor)).unwrap();
    write_safetensors(path, weights.tensors(), &BTreeMap::new()).unwrap();
}

const CONFIG: &str = r#"{"architectures": ["ViTForImageClassification"], "model_type": "vit",
    "num_attention_heads": 2, "id2label": {"0": "cat", "1": "dog"}}"#;
const PREPROCESSOR: &str =
    r#"{"image_processor_type": "ViTImageProcessor", "size": {"height": 8, "width": 8}}"#;

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn snapshot(folder: &Path) {
    write(folder, "config.json", CONFIG);
    write(folder, "preprocessor_config.json", PREPROCESSOR);
}

fn scores(folder: &Path) -> Vec<f32> {
    let model = AutoModel::from_pretrained(folder.to_str().unwrap()).unwrap();
    assert_eq!((&*model.info().architecture, model.task()), ("vit", Task::Classification));
    assert_eq!(model.class_names(), ["cat", "dog"]);
    let image = Image::filled(20, 12, [200, 90, 10]).unwrap();
    let found = model.predict(&image, &InferOptions::default()).unwrap();
    found.as_classification().unwrap().confidence.clone()
}

#[test]
fn one_file_and_several_hold_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let (one, several) = (folder.path().join("one"), folder.path().join("several"));
    for folder in [&one, &several] {
        std::fs::create_dir(folder).unwrap();
        snapshot(folder);
    }
    let tensors = vit();
    save(&one.join("model.safetensors"), &tensors);
    let (first, last) = tensors.split_at(9);
    let files = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let mut map = serde_json::Map::new();
    for (part, file) in [first, last].into_iter().zip(files) {
        save(&several.join(file), part);
        map.extend(part.iter().map(|(name, _)| (name.clone(), file.into())));
    }
    let index = serde_json::json!({ "metadata": {}, "weight_map": map }).to_string();
    write(&several, "model.safetensors.index.json", &index);
    let needed = scores(&one);
    assert!((needed.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert!((needed[0] - needed[1]).abs() > 1e-3, "{needed:?}");
    assert_eq!(scores(&several), needed);

    let package = folder.path().join("package");
    let registry = Registry::builtin();
    let written = write_package(&several, &package, &registry, LoadOptions::default()).unwrap();
    assert_eq!((written.tensors, written.classes), (tensors.len(), 2));
    assert_eq!(scores(&package), needed);
}

#[test]
fn the_last_layer_of_a_package_may_be_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, package) = (folder.path().join("whole"), folder.path().join("package"));
    std::fs::create_dir(&whole).unwrap();
    std::fs::create_dir_all(package.join("vit")).unwrap();
    snapshot(&whole);
    save(&whole.join("model.safetensors"), &vit());
    let config =
        r#"{"model_architecture": "vit", "task_type": "classification", "backend_type": "hf"}"#;
    write(&package, "model_config.json", config);
    write(&package, "class_names.txt", "cat\ndog\n");
    write(&package, "vit/config.json", CONFIG);
    let inference = r#"{"network_input": {"training_input_size": {"width": 8, "height": 8},
        "dynamic_spatial_size_supported": false, "color_mode": "rgb", "resize_mode": "stretch",
        "input_channels": 3, "scaling_factor": 255, "normalization": [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]},
        "post_processing": {"type": "softmax", "fused": false}, "model_initialization": {"num_classes": 2}}"#;
    write(&package, "inference_config.json", inference);
    let whole_file = StateDict::open(whole.join("model.safetensors")).unwrap();
    for (prefix, file) in
        [("vit.", "vit/model.safetensors"), ("classifier.", "classifier_layer_weights.pth")]
    {
        let part = whole_file.subset("", prefix);
        write_safetensors(package.join(file), part.tensors(), &BTreeMap::new()).unwrap();
    }
    let (found, needed) = (scores(&package), scores(&whole));
    assert!((found[0] - needed[0]).abs() < 1e-5, "{found:?} {needed:?}");
}

#[test]
fn other_architectures_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "config.json", r#"{"architectures": ["SwinModel"]}"#);
    let load = || AutoModel::options().from_path(folder.path()).unwrap_err().to_string();
    assert!(load().contains("`SwinModel`"), "{}", load());
    write(folder.path(), "config.json", CONFIG);
    assert!(load().contains("no weights"), "{}", load());
}
