//! Every fixture against what PyTorch itself reads from it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail loudly and say what they skip"
)]

use std::path::PathBuf;

use ocelli_converters::{Format, StateDict, Value, write_safetensors};
use serde_json::Value as Json;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn expected() -> serde_json::Map<String, Json> {
    let text = std::fs::read_to_string(fixture("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// (name, dtype, shape, bytes) of every tensor.
fn described(weights: &StateDict) -> Vec<(String, String, Vec<u64>, String)> {
    let describe = |name: &str| {
        let tensor = weights.tensor(name).unwrap();
        let shape = tensor.shape().iter().map(|&extent| extent as u64).collect();
        (name.to_owned(), tensor.dtype().to_string(), shape, hex(&tensor.bytes().unwrap()))
    };
    weights.names().map(describe).collect()
}

fn expected_tensors(entry: &Json) -> Vec<(String, String, Vec<u64>, String)> {
    let text = |tensor: &Json, key: &str| tensor[key].as_str().unwrap().to_owned();
    let describe = |tensor: &Json| {
        let shape = tensor["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap());
        (text(tensor, "name"), text(tensor, "dtype"), shape.collect(), text(tensor, "bytes"))
    };
    entry["tensors"].as_array().unwrap().iter().map(describe).collect()
}

/// Follows text keys, integer keys and list places.
fn follow<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(root, |value, key| {
        let place = key.parse::<usize>().ok();
        let by_integer = || {
            let mut pairs = value.as_dict()?.iter();
            pairs.find(|(k, _)| k.as_i64() == place.map(|n| n as i64)).map(|(_, value)| value)
        };
        value.get(key).or_else(|| value.as_slice()?.get(place?)).or_else(by_integer)
    })
}

fn same(value: &Value, expected: &Json) -> bool {
    match (value, expected) {
        (Value::None, Json::Null) => true,
        (Value::Bytes(bytes), Json::Object(object)) => object["bytes"] == hex(bytes),
        (Value::Bool(_), _) => value.as_bool() == expected.as_bool(),
        (Value::Int(_), Json::Number(n)) => value.as_i64() == n.as_i64(),
        (Value::Float(_), Json::Number(n)) => value.as_f64() == n.as_f64(),
        (Value::Str(_), _) => value.as_str() == expected.as_str(),
        _ => false,
    }
}

#[test]
fn every_fixture_reads_as_pytorch_reads_it() {
    for (file, entry) in expected() {
        let weights = StateDict::open(fixture(&file)).unwrap();
        assert_eq!(Json::from(format!("{:?}", weights.format())), entry["format"], "{file}");
        let (mut found, mut wanted) = (described(&weights), expected_tensors(&entry));
        if matches!(weights.format(), Format::Safetensors | Format::TorchScript) {
            found.retain(|(name, ..)| !name.starts_with("CONSTANTS."));
            found.sort();
            wanted.sort();
        }
        let names =
            |tensors: &[(String, _, _, _)]| tensors.iter().map(|t| t.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found), names(&wanted), "{file}");
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted, "{file}");
        }
        for pair in entry["values"].as_array().unwrap() {
            let path = pair[0].as_str().unwrap();
            let value = follow(weights.root(), path).unwrap_or_else(|| panic!("{file}: no {path}"));
            assert!(same(value, &pair[1]), "{file}: {path} is {value:?}, not {}", pair[1]);
        }
    }
}

#[test]
fn in_memory_bytes_read_as_the_mapped_file_does() {
    for file in expected().keys() {
        let mapped = StateDict::open(fixture(file)).unwrap();
        let bytes = std::fs::read(fixture(file)).unwrap();
        let owned = StateDict::from_bytes(bytes, file).unwrap();
        assert_eq!(described(&mapped), described(&owned), "{file}");
    }
}

#[test]
fn numbers_convert_from_every_real_type() {
    for file in ["dtypes.pth", "dtypes.safetensors", "dtypes-legacy.pth"] {
        let weights = StateDict::open(fixture(file)).unwrap();
        for tensor in weights.tensors().filter(|tensor| tensor.shape() == [6]) {
            let numbers = match tensor.dtype().name() {
                "bool" => [0.0, 1.0, 1.0, 1.0, 1.0, 1.0],
                "float8_e4m3fn" | "float8_e5m2" => [0.0, 1.0, 2.0, 3.0, 96.0, 7.0],
                "complex64" | "complex128" => {
                    let error = tensor.to_f32().unwrap_err().to_string();
                    assert!(error.contains("complex"), "{error}");
                    continue;
                }
                _ => [0.0, 1.0, 2.0, 3.0, 100.0, 7.0],
            };
            assert_eq!(*tensor.to_f32().unwrap(), numbers, "{file} {tensor:?}");
            if !tensor.dtype().name().contains("float") {
                let integers = numbers.map(|x| x as i64);
                assert_eq!(*tensor.to_i64().unwrap(), integers, "{file} {tensor:?}");
            }
        }
    }
}

#[test]
fn every_eight_bit_float_converts_as_in_pytorch() {
    let weights = StateDict::open(fixture("float8.pth")).unwrap();
    for name in ["float8_e4m3fn", "float8_e5m2"] {
        let found = weights.tensor(name).unwrap().to_f32().unwrap();
        let wanted = weights.tensor(&format!("{name}_as_float32")).unwrap().to_f32().unwrap();
        for (byte, (found, wanted)) in found.iter().zip(wanted.iter()).enumerate() {
            let equal = found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan());
            assert!(equal, "{name} {byte:#04x}: {found}, not {wanted}");
        }
    }
}

#[test]
fn a_rewritten_checkpoint_keeps_every_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.safetensors");
    for file in ["views.pth", "state-deflated.pth", "big.pth", "dtypes.safetensors"] {
        let weights = StateDict::open(fixture(file)).unwrap();
        let metadata = [("source".to_owned(), file.to_owned())].into();
        write_safetensors(&path, weights.tensors(), &metadata).unwrap();
        let written = StateDict::open(&path).unwrap();
        let (mut before, mut after) = (described(&weights), described(&written));
        before.sort();
        after.sort();
        assert_eq!(before, after, "{file}");
        assert_eq!(written.root().get("source").and_then(Value::as_str), Some(file));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no part is left behind");
}

#[test]
fn a_frozen_script_shows_its_constants() {
    let weights = StateDict::open(fixture("script-frozen.pt")).unwrap();
    println!("{:?}", weights.tensors().collect::<Vec<_>>());
    assert!(weights.names().any(|name| name == "CONSTANTS.c0"));
}

#[test]
fn groups_and_subsets_select_the_weights_of_a_training_checkpoint() {
    let checkpoint = StateDict::open(fixture("training.ckpt")).unwrap();
    let paths: Vec<_> = checkpoint.groups().iter().map(|group| group.path.as_str()).collect();
    let ema = "callbacks.EMA{'decay': 0.99}.state_dict";
    assert_eq!((paths[0], paths[1]), ("model", "optimizer.state.0"));
    assert!(paths.contains(&ema) && paths.contains(&"callbacks"), "{paths:?}");
    assert_eq!(checkpoint.groups()[0].count, 10);
    let model = checkpoint.subset("model", "");
    let ema = checkpoint.subset(ema, "module.model.");
    assert_eq!(described(&model), described(&ema));
    assert!(model.root().get("args").is_some(), "a subset keeps the root");
    assert!(checkpoint.subset("mod", "").is_empty());
}

#[test]
fn a_missing_tensor_names_its_nearest_relative() {
    let checkpoint = StateDict::open(fixture("training.ckpt")).unwrap();
    let error = checkpoint.tensor("module.conv.weight").unwrap_err().to_string();
    assert!(error.contains("(there is `model.conv.weight`)"), "{error}");
    assert!(error.contains("training.ckpt"), "{error}");
}

#[test]
fn unknown_classes_keep_their_attributes() {
    let checkpoint = StateDict::open(fixture("training.ckpt")).unwrap();
    let args = checkpoint.root().get("args").unwrap().as_object().unwrap();
    assert_eq!(args.class(), "argparse.Namespace");
    let class = |name: &str| args.attribute(name).unwrap().as_object().unwrap().class().to_owned();
    assert_eq!(class("colour"), "absent.models.Colour");
    assert_eq!(class("when"), "datetime.datetime");
    assert_eq!(class("out"), "pathlib.PurePosixPath");
    assert_eq!(class("registry"), "absent.models.Registry");
    assert!(
        matches!(args.attribute("dtype"), Some(Value::Class(name)) if &**name == "torch.float16")
    );
    assert!(matches!(args.attribute("huge"), Some(Value::BigInt(_))));
}
