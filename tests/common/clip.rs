//! A small CLIP on disk.

use std::collections::BTreeMap;
use std::path::Path;

use ocelli::converters::{DType, StateDict, write_safetensors};
use serde_json::Value;

fn goldens(name: &str) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if root.ends_with("cli") { root.parent().unwrap() } else { root };
    let path = root.join("models/tests/goldens/clip").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Writes the network of a case of `predict.json`, with weights of no meaning, and its vocabulary beside it if `texts`.
pub(crate) fn write_clip(folder: &Path, case: &str, texts: bool) {
    let rows = goldens("predict.json");
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == case).unwrap();
    let shapes: Vec<(String, Vec<usize>)> = serde_json::from_value(row["tensors"].clone()).unwrap();
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let (count, seed) = (shape.iter().product::<usize>(), name.len());
        let centre = if name.ends_with("running_var") { -1.0 } else { 0.4 };
        let values = (0..count).map(|i| ((i * 7 + seed * 3) % 11) as f32 / 11.0 - centre);
        (name, DType::F32, shape, values.flat_map(f32::to_le_bytes).collect())
    };
    let mark = |(name, value): (&String, &Value)| {
        (name.clone(), DType::I64, vec![], value.as_i64().unwrap().to_le_bytes().to_vec())
    };
    let marks = row["marks"].as_object().into_iter().flatten().map(mark);
    let weights = StateDict::from_tensors(shapes.into_iter().map(tensor).chain(marks)).unwrap();
    write_safetensors(folder.join("model.safetensors"), weights.tensors(), &BTreeMap::new())
        .unwrap();
    for (key, name) in [("config", "config.json"), ("preprocessor", "preprocessor_config.json")] {
        if let Some(text) = row.get(key) {
            let name = if text["model_cfg"].is_null() { name } else { "open_clip_config.json" };
            std::fs::write(folder.join(name), text.to_string()).unwrap();
        }
    }
    let document = goldens("tokenizer.json");
    let merges = format!("#version\n{}", document["merges"].as_str().unwrap());
    if texts {
        std::fs::write(folder.join("bpe_simple_vocab_16e6.txt"), merges).unwrap();
    }
}
