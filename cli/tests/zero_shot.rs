//! Texts as classes on the command line.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../../tests/common/clip.rs"]
mod clip;

use std::path::Path;
use std::process::{Command, Output};

use clip::write_clip;
use ocelli::Image;

fn predict(folder: &Path, more: &[&str]) -> Output {
    let picture = folder.join("sea.png");
    Image::filled(50, 40, [10, 90, 200]).unwrap().save(&picture).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocelli"));
    command.env("OCELLI_CACHE", folder.join("cache")).env("OFFLINE_MODE", "true");
    command.env_remove("DEFAULT_DEVICE");
    command.arg("predict").arg(folder.join("model.safetensors")).arg(&picture).args(more);
    command.output().unwrap()
}

#[test]
fn classes_of_a_model_that_reads_texts_are_texts() {
    let folder = tempfile::tempdir().unwrap();
    write_clip(folder.path(), "openai", true);
    let output = folder.path().join("out");
    let drawn = ["--classes", "a cat,the sea", "--output", output.to_str().unwrap()];
    let ran = predict(folder.path(), &drawn);
    let line = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success() && line.contains("the sea 0."), "{line}");
    assert!(output.join("sea.png").is_file());
    let json = predict(folder.path(), &["--classes", "a cat,the sea", "--json", "-"]);
    let json = String::from_utf8(json.stdout).unwrap();
    assert!(json.contains("\"class_name\":\"a cat\"") || json.contains("a cat"), "{json}");
    let vector = String::from_utf8(predict(folder.path(), &["--json", "-"]).stdout).unwrap();
    assert!(vector.contains("\"embedding\":["), "{vector}");
}

#[test]
fn a_missing_vocabulary_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_clip(folder.path(), "openai", false);
    let ran = predict(folder.path(), &["--classes", "a cat"]);
    let error = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2), "{error}");
    assert!(error.contains("bpe_simple_vocab_16e6.txt.gz"), "{error}");
}
