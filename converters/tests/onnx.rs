//! ONNX fixtures against what PyTorch and onnx itself read from them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use std::path::{Path, PathBuf};

use ocelli_converters::{DType, Error, Format, StateDict, Tensor, Value};
use serde_json::Value as Json;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx").join(name)
}

fn open(name: &str) -> StateDict {
    StateDict::open(fixture(name)).unwrap()
}

fn expected() -> serde_json::Map<String, Json> {
    let text = std::fs::read_to_string(fixture("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

struct Wanted {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn wanted(file: &str) -> Vec<Wanted> {
    let of = |row: &Json| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let shape = row["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize);
        let hex = text("bytes");
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Wanted {
            name: text("name"),
            dtype: text("dtype"),
            shape: shape.collect(),
            bytes: (0..hex.len()).step_by(2).map(byte).collect(),
        }
    };
    expected()[file]["tensors"].as_array().unwrap().iter().map(of).collect()
}

/// Whether two tensors of floats are as equal as folding a batch norm in another order leaves them.
fn close(found: &Tensor, wanted: &Wanted) -> bool {
    if found.bytes().unwrap() == wanted.bytes {
        return true;
    }
    let wanted = wanted.bytes.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word));
    found.dtype() == DType::F32
        && found.to_f32().unwrap().iter().zip(wanted).all(|(a, b)| (a - b).abs() <= 1e-5)
}

fn keys(root: &Value, key: &str) -> Vec<String> {
    let dict = root.get(key).unwrap().as_dict().unwrap();
    dict.iter().map(|(key, _)| key.as_str().unwrap().to_owned()).collect()
}

#[test]
fn networks_have_the_parameters_of_their_modules() {
    for file in expected().keys().filter(|file| *file != "dtypes.onnx") {
        let weights = open(file);
        assert_eq!(weights.format(), Format::Onnx);
        for wanted in wanted(file) {
            let found = weights.tensor(&wanted.name).unwrap();
            assert_eq!(found.shape(), wanted.shape, "{file} {}", wanted.name);
            assert_eq!(found.dtype().name(), wanted.dtype, "{file} {}", wanted.name);
            assert!(close(found, &wanted), "{file} {}", wanted.name);
        }
    }
}

#[test]
fn no_layer_is_left_without_its_name() {
    for file in expected().keys() {
        let weights = open(file);
        let anonymous: Vec<_> = weights
            .tensors()
            .filter(|tensor| tensor.dtype() == DType::F32 && tensor.shape().len() > 1)
            .filter(|tensor| tensor.name().contains("::") || tensor.name().starts_with("val_"))
            .collect();
        assert!(anonymous.is_empty(), "{file}: {anonymous:?}");
    }
}

#[test]
fn the_root_tells_the_original_names_and_which_are_transposed() {
    let weights = open("script-17.onnx");
    let renamed = weights.root().get("renamed").unwrap();
    let original = |name| renamed.get(name).unwrap().as_str().unwrap();
    assert!(original("stem.conv.weight").starts_with("onnx::Conv_"));
    assert!(original("blocks.0.qkv.weight").starts_with("onnx::MatMul_"));
    assert_eq!(original("last.running_mean"), "blocks.0.norm.bias", "equal ones were merged");
    let transposed = weights.root().get("transposed").unwrap().as_slice().unwrap();
    let mut transposed: Vec<_> = transposed.iter().filter_map(Value::as_str).collect();
    transposed.sort_unstable();
    let linear = ["mlp.0", "mlp.2", "proj", "qkv"];
    let layers = (0..2).flat_map(|n| linear.map(|name| format!("blocks.{n}.{name}.weight")));
    assert_eq!(transposed, layers.collect::<Vec<_>>());
    assert!(!weights.names().any(|name| name == original("stem.conv.weight")));
}

#[test]
fn every_element_type_reads_as_onnx_reads_it() {
    let weights = open("dtypes.onnx");
    for wanted in wanted("dtypes.onnx") {
        let found = weights.tensor(&wanted.name).unwrap();
        assert_eq!((found.dtype().name(), found.shape()), (&*wanted.dtype, &*wanted.shape));
        assert_eq!(found.bytes().unwrap(), wanted.bytes, "{found:?}");
    }
    assert_eq!(weights.len(), wanted("dtypes.onnx").len());
    let unsupported = weights.root().get("unsupported").unwrap();
    let reason = |name| unsupported.get(name).and_then(Value::as_str);
    assert_eq!(reason("texts"), Some("element type string"));
    assert_eq!(reason("int4"), Some("element type int4"));
    assert_eq!(reason("sparse"), Some("a sparse tensor"));
    let error = weights.tensor("sparse").unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("`sparse`: a sparse tensor is not supported"), "{error}");
}

#[test]
fn the_root_describes_the_model() {
    let weights = open("nms.onnx");
    let root = weights.root();
    let wanted = &expected()["nms.onnx"];
    for (key, value) in wanted["metadata_props"].as_object().unwrap() {
        let found = root.at(&["metadata_props", key]).and_then(Value::as_str);
        assert_eq!(found, value.as_str());
    }
    for key in ["producer_name", "producer_version", "graph_name"] {
        assert_eq!(root.get(key).and_then(Value::as_str), wanted[key].as_str());
    }
    assert_eq!(root.get("ir_version").and_then(Value::as_i64), wanted["ir_version"].as_i64());
    assert_eq!(
        root.at(&["opset_import", "ai.onnx"]).and_then(Value::as_i64),
        wanted["opset"].as_i64()
    );
    assert_eq!(keys(root, "inputs"), ["images"]);
    assert_eq!(keys(root, "outputs"), ["boxes", "scores"]);
    let images = root.at(&["inputs", "images"]).unwrap();
    assert_eq!(images.get("dtype").and_then(Value::as_str), Some("float32"));
    assert_eq!(format!("{:?}", images.get("shape").unwrap()), r#"["batch", 3, "height", "width"]"#);
}

#[test]
fn nodes_keep_their_order_and_links() {
    let weights = open("nms.onnx");
    let nodes = weights.root().get("nodes").unwrap().as_slice().unwrap();
    let wanted = expected()["nms.onnx"]["nodes"].as_array().unwrap().clone();
    assert_eq!(nodes.len(), wanted.len());
    for (node, wanted) in nodes.iter().zip(&wanted) {
        let text = |key| Json::from(node.get(key).and_then(Value::as_str).unwrap_or_default());
        let list = |key| {
            let list = node.get(key).and_then(Value::as_slice).unwrap_or_default();
            Json::from(list.iter().map(|item| item.as_str().unwrap()).collect::<Vec<_>>())
        };
        let found =
            Json::from(vec![text("op_type"), text("name"), list("inputs"), list("outputs")]);
        assert_eq!(found, *wanted);
    }
}

#[test]
fn attributes_keep_their_types() {
    let weights = open("dtypes.onnx");
    let node = &weights.root().get("nodes").unwrap().as_slice().unwrap()[1];
    assert_eq!(node.get("domain").and_then(Value::as_str), Some("test.ops"));
    let found: Vec<_> = node.get("attributes").unwrap().as_dict().unwrap().iter().collect();
    let found: Vec<_> =
        found.iter().map(|(k, v)| format!("{}={v:?}", k.as_str().unwrap())).collect();
    let mut found: Vec<_> = found.iter().map(String::as_str).collect();
    found.sort_unstable();
    let wanted = [
        "b=1 bytes",
        "f=0.5",
        "floats=[0.5, 1.5]",
        "i=-3",
        "ints=[1, -2]",
        "s=\"text\"",
        "strings=[\"a\", \"b\"]",
    ];
    assert_eq!(found, wanted);
    let shape = weights.root().at(&["inputs", "in", "shape"]).unwrap();
    assert_eq!(format!("{shape:?}"), r#"["n", 3, None]"#);
}

#[test]
fn bytes_in_memory_read_as_the_file_unless_data_is_elsewhere() {
    for file in expected().keys() {
        let bytes = std::fs::read(fixture(file)).unwrap();
        match StateDict::from_bytes(bytes, file) {
            Ok(weights) => assert!(weights.names().eq(open(file).names()), "{file}"),
            Err(error) => {
                assert_eq!(file, "external.onnx");
                assert!(matches!(error, Error::Unsupported { .. }), "{error}");
                assert!(error.to_string().contains("open the model's file instead"), "{error}");
            }
        }
    }
}
