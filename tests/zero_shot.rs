//! Texts as classes, from a folder to an answer.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "common/clip.rs"]
mod clip;

use std::path::Path;

use clip::write_clip;
use ocelli::{AutoModel, Cache, Image, InferOptions, LoadOptions, Registry, Task, write_package};

fn load(path: &Path) -> AutoModel {
    let nowhere = Cache::at(path.join("no cache"));
    AutoModel::options().cache(nowhere).from_path(path).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn pictures_are_told_apart_by_texts() {
    let images = [[200, 90, 10], [0, 0, 255]].map(|rgb| Image::filled(50, 40, rgb).unwrap());
    let options = InferOptions::default();
    for case in ["openai", "openai-residual", "open-clip", "hugging-face", "perception"] {
        let folder = tempfile::tempdir().unwrap();
        write_clip(folder.path(), case, true);
        let model = load(folder.path());
        assert_eq!((model.task(), model.class_names().len()), (Task::Embedding, 0));
        let classes = texts(&["a cat", "a dog", "a photo of the sea"]);
        let zero_shot = model.zero_shot(&classes).unwrap();
        assert_eq!(zero_shot.class_names(), classes);
        let found = zero_shot.infer(&images, &options).unwrap();
        let (pictures, words) =
            (model.embed_images(&images, &options).unwrap(), model.embed_text(&classes).unwrap());
        let cosines = model.compare_embeddings(&pictures, &words).unwrap();
        for (found, cosines) in found.iter().zip(&cosines) {
            assert!((found.confidence.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let order = |a: usize, b: usize| cosines[a].total_cmp(&cosines[b]);
            let nearest = (0..3).max_by(|&a, &b| order(a, b)).unwrap();
            assert!((cosines[found.class_id] - cosines[nearest]).abs() < 1e-6, "{case}");
        }
        let alone = zero_shot.infer(&images[..1], &options).unwrap();
        assert!((alone[0].confidence[0] - found[0].confidence[0]).abs() < 1e-5);

        let package = folder.path().join("package");
        let registry = Registry::builtin();
        let source = folder.path();
        let source = if case.starts_with("openai") || case == "perception" {
            source.join("model.safetensors")
        } else {
            source.to_owned()
        };
        write_package(&source, &package, &registry, LoadOptions::default()).unwrap();
        let again = load(&package);
        let again = again.zero_shot(&classes).unwrap().infer(&images, &options).unwrap();
        assert_eq!(again, found, "{case}");
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write_clip(folder.path(), "openai", false);
    let model = load(folder.path());
    let error = model.zero_shot(&texts(&["a cat"])).unwrap_err().to_string();
    assert!(error.contains("there is no vocabulary"), "{error}");
    assert!(model.zero_shot(&[]).is_err());

    let cache = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    write_clip(elsewhere.path(), "openai", true);
    let vocabulary = elsewhere.path().join("bpe_simple_vocab_16e6.txt");
    let with = AutoModel::options().vocabulary(&vocabulary).from_path(folder.path()).unwrap();
    let classes = texts(&["a cat", "a dog"]);
    assert!(with.zero_shot(&classes).is_ok());
    std::fs::copy(&vocabulary, cache.path().join("bpe_simple_vocab_16e6.txt")).unwrap();
    let cached = AutoModel::options().cache(Cache::at(cache.path()));
    assert!(cached.from_path(folder.path()).unwrap().zero_shot(&classes).is_ok());
    let missing = AutoModel::options().vocabulary(folder.path().join("none.txt"));
    assert!(missing.from_path(folder.path()).is_err());

    let blind = tempfile::tempdir().unwrap();
    write_clip(blind.path(), "hugging-face-vision", true);
    let error = load(blind.path()).zero_shot(&classes).unwrap_err().to_string();
    assert!(error.contains("no tower for texts"), "{error}");
}
