use std::path::Path;

use super::*;
use ocelli_converters::DType;

fn open(name: &str) -> StateDict {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rfdetr");
    StateDict::open(folder.join(name)).unwrap()
}

/// `(file, whether it has an average)`.
const FORMS: [(&str, bool); 5] = [
    ("today.pth", false),
    ("stripped.pth", false),
    ("lightning.ckpt", true),
    ("legacy.pth", false),
    ("converted.ckpt", true),
];

#[test]
fn weights_are_found_in_every_form() {
    for (name, average) in FORMS {
        let file = open(name);
        let checkpoint = Checkpoint::read(&file, WeightChoice::Model).unwrap();
        let has = |name: &str| checkpoint.weights.contains(name);
        assert!(has(MARK) && has("class_embed.bias") && has("refpoint_embed.weight"), "{name}");
        let found = Checkpoint::read(&file, WeightChoice::Average);
        assert_eq!(found.is_ok(), average, "{name}");
    }
}

#[test]
fn what_is_stored_beside_the_weights_is_found_in_every_form() {
    for (name, _) in FORMS {
        let checkpoint = Checkpoint::read(&open(name), WeightChoice::Model).unwrap();
        let names = checkpoint.class_names().unwrap();
        assert_eq!((names.len(), &*names[0], &*names[15]), (16, "person", "tv"), "{name}");
        let resolution = if name == "stripped.pth" { None } else { Some(384) };
        assert_eq!(checkpoint.stored_count("resolution"), resolution, "{name}");
    }
}

#[test]
fn adapters_are_refused() {
    let name = "model.backbone.0.encoder.base_model.model.encoder.layer.0.lora_A.weight";
    let tensor = (name.to_owned(), DType::U8, vec![1], vec![0]);
    let file = StateDict::from_tensors([tensor]).unwrap();
    let error = Checkpoint::read(&file, WeightChoice::Model).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("LoRA") && error.contains("merge"), "{error}");
}

#[test]
fn other_files_are_not_this_model() {
    let file = StateDict::from_tensors([("fc.bias".to_owned(), DType::U8, vec![1], vec![0])]);
    let error = Checkpoint::read(&file.unwrap(), WeightChoice::Model).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("not a checkpoint of rfdetr"), "{error}");
}
