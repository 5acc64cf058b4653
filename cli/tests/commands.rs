//! The built binary, run as a user runs it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../../tests/common/shared.rs"]
mod lent;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A run's exit code, standard output and standard error.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The binary, with nothing of this machine's environment that it would listen to.
fn ocelli(cache: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocelli"));
    for name in ["INFERENCE_HOME", "DEFAULT_DEVICE", "HF_ENDPOINT"] {
        command.env_remove(name);
    }
    command.env("OCELLI_CACHE", cache).env("OFFLINE_MODE", "true");
    command
}

fn run(args: &[&str]) -> Ran {
    let cache = tempfile::tempdir().unwrap();
    ocelli(cache.path()).args(args).output().unwrap().into()
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn fixture(name: &str) -> String {
    workspace().join("models/tests/fixtures/rfdetr").join(name).display().to_string()
}

/// A file lent for tests, if it is there.
fn shared(name: &str) -> Option<String> {
    Some(lent::shared(name)?.display().to_string())
}

#[test]
fn help_has_examples() {
    let ran = run(&["--help"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("ocelli predict rfdetr-nano street.jpg"), "{}", ran.out);
    assert!(run(&["predict", "--help"]).out.contains("Exit codes: 0"));
}

#[test]
fn wrong_usage_ends_in_2() {
    let table: [(&[&str], &str); 8] = [
        (&[], "Usage"),
        (&["predict", "model.pth"], "IMAGE"),
        (&["predict", "no/model.pth", "a.jpg"], "no such file or folder"),
        (&["predict", "rfdetr-nanno", "a.jpg"], "did you mean rfdetr-nano"),
        (&["predict", "rfdetr-nano", "a.jpg", "--confidence", "2"], "from 0 to 1"),
        (&["predict", "rfdetr-nano", "a.jpg", "--iou-threshold", "2"], "from 0 to 1"),
        (&["bench", "rfdetr-nano", "--size", "0x3"], "height by width"),
        (&["predict", "rfdetr-nano", "a.jpg", "--device", "tpu"], "write `cpu`"),
    ];
    for (args, expected) in table {
        let ran = run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(expected), "{args:?}: {}", ran.err);
        assert!(ran.out.is_empty(), "{args:?}: {}", ran.out);
    }
}

#[test]
fn without_a_network_the_cache_is_named() {
    let ran = run(&["predict", "rfdetr-nano", "a.jpg"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("OFFLINE_MODE is on"), "{}", ran.err);
    assert!(ran.err.contains("checkpoint_best_regular.pth"), "{}", ran.err);
    let ran = run(&["predict", "rfdetr-xlarge", "a.jpg"]);
    assert!(ran.err.contains("no published checksum"), "{}", ran.err);
}

#[test]
fn a_device_that_is_not_built_names_its_feature() {
    let ran = run(&["bench", &fixture("today.pth"), "--device", "cuda:0"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("feature `cuda`"), "{}", ran.err);
}

#[test]
fn models_lists_names_and_architectures() {
    let ran = run(&["models"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains("rfdetr-seg-small") && ran.out.contains("instance-segmentation"));
    let json: serde_json::Value = serde_json::from_str(&run(&["models", "--json"]).out).unwrap();
    assert_eq!(json["models"][0]["name"], "rfdetr-nano");
    assert_eq!(json["models"][0]["cached"], false);
}

#[test]
fn env_describes_the_build_and_keeps_secrets() {
    let cache = tempfile::tempdir().unwrap();
    let mut command = ocelli(cache.path());
    let ran: Ran =
        command.args(["env", "--json"]).env("ROBOFLOW_API_KEY", "secret").output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(!ran.out.contains("secret"));
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(json["offline"], true);
    assert_eq!(json["features"][0], "hub");
    assert!(json["threads"].as_u64().unwrap() > 0);
}

#[test]
fn inspect_shows_every_layout() {
    for name in ["today.pth", "legacy.pth", "lightning.ckpt", "converted.ckpt", "stripped.pth"] {
        let ran = run(&["inspect", &fixture(name), "--filter", "cls_token"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
        assert!(ran.out.contains("TorchZip"), "{name}: {}", ran.out);
        assert!(ran.out.contains("embeddings.cls_token float32"), "{name}: {}", ran.out);
    }
    let ran = run(&["inspect", &fixture("today.pth"), "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert!(json["tensors"].as_array().unwrap().len() > 100);
    assert!(json["arguments"]["model_name"].is_string(), "{}", json["arguments"]);
}

#[test]
fn inspect_says_what_else_a_file_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.pth");
    std::fs::write(&file, "<html>not found</html>").unwrap();
    let ran = run(&["inspect", file.to_str().unwrap()]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("not a checkpoint"), "{}", ran.err);
}

#[test]
fn a_picture_that_fails_does_not_stop_the_others() {
    let Some(weights) = shared("weights/rfdetr-nano-16.pth") else { return };
    let (Some(dog), Some(bus)) = (shared("images/dog.jpg"), shared("images/bus.jpg")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("broken.jpg"), "no picture").unwrap();
    std::fs::create_dir(at("other")).unwrap();
    std::fs::copy(&bus, at("other/dog.jpg")).unwrap();
    let (json, out) = (at("found.jsonl"), at("out"));
    let ran = run(&[
        "predict",
        &weights,
        &dog,
        &at("broken.jpg"),
        &at("other/dog.jpg"),
        "--confidence",
        "0.1",
        "--json",
        &json,
        "--output",
        &out,
    ]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("broken.jpg") && ran.err.contains("1 of 3 pictures failed"));
    let lines: Vec<serde_json::Value> = std::fs::read_to_string(&json)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["task"], "object-detection");
    assert_eq!(lines[0]["predictions"][0]["xyxy"].as_array().unwrap().len(), 4);
    assert!(Path::new(&out).join("dog.jpg").exists() && Path::new(&out).join("dog-2.jpg").exists());
}

#[test]
fn standard_input_is_a_picture() {
    let Some(weights) = shared("weights/rfdetr-nano-16.pth") else { return };
    let Some(dog) = shared("images/dog.jpg") else { return };
    let cache = tempfile::tempdir().unwrap();
    let mut child = ocelli(cache.path())
        .args(["predict", &weights, "-", "--json", "-", "--quiet", "--classes", "dog"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&std::fs::read(dog).unwrap()).unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&json["image"], &json["model"]), (&"-".into(), &"rfdetr-nano-16".into()));
}

#[test]
fn a_converted_package_answers_as_its_checkpoint() {
    let Some(weights) = shared("weights/rfdetr-nano-16.pth") else { return };
    let Some(dog) = shared("images/dog.jpg") else { return };
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("package").display().to_string();
    let ran = run(&["convert", &weights, &package]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("rfdetr-nano, 16 classes"), "{}", ran.out);
    assert_eq!(run(&["convert", &weights, &package]).code, 2);

    let found = |model: &str| {
        let ran = run(&["predict", model, &dog, "--json", "-", "-c", "0.05"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        json["predictions"].clone()
    };
    let from_checkpoint = found(&weights);
    assert!(!from_checkpoint.as_array().unwrap().is_empty());
    assert_eq!(from_checkpoint, found(&package));
}

#[test]
fn bench_measures_the_network_alone() {
    let Some(weights) = shared("weights/rfdetr-nano-16.pth") else { return };
    let ran = run(&["bench", &weights, "--json", "--runs", "2", "--warmup", "0", "--threads", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    for field in ["median_ms", "min_ms", "gflops", "roofline_share"] {
        assert!(json[field].as_f64().unwrap() > 0.0, "{field}");
    }
    let ran = run(&["bench", &weights, "--runs", "1", "--warmup", "0", "--profile"]);
    assert!(ran.out.contains("GFLOP/s") && ran.out.contains("layer"), "{}", ran.out);
}

#[test]
fn bench_measures_whole_predictions_and_sessions() {
    let Some(weights) = shared("weights/rfdetr-nano-16.pth") else { return };
    let Some(dog) = shared("images/dog.jpg") else { return };
    let bench = |more: &[&str]| {
        let few = ["bench", &weights, "--json", "--runs", "1", "--warmup", "0"];
        let ran = run(&[&few, more].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        serde_json::from_str::<serde_json::Value>(&ran.out).unwrap()
    };
    let json = bench(&["--picture", &dog, "--batch", "2"]);
    assert!(json["pictures_per_second"].as_f64().unwrap() > 0.0 && json["found"].is_u64());
    assert_eq!(
        (&json["batch"], &json["sessions"], &json["runs"]),
        (&2.into(), &1.into(), &1.into())
    );
    for more in [&["--sessions", "2"][..], &["--sessions", "2", "--picture", &dog]] {
        let json = bench(more);
        assert_eq!((&json["sessions"], &json["threads"]), (&2.into(), &2.into()), "{more:?}");
        assert_eq!(json["times_ms"].as_array().unwrap().len(), 2, "{more:?}");
    }
    let ran = run(&["bench", &weights, "--picture", "no.jpg"]);
    assert!(ran.code == 2 && ran.err.contains("no.jpg"), "{}", ran.err);
    let ran = run(&["bench", &weights, "--sessions", "2", "--threads", "2"]);
    assert!(ran.code == 2 && ran.err.contains("--threads"), "{}", ran.err);
}
