//! ONNX models that lie about their tensors, their names and their files.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{assert_refused, kind, open};
use ocelli_converters::{Error, StateDict, Value};

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

fn int(number: u64, value: i64) -> Vec<u8> {
    [varint(number << 3), varint(value as u64)].concat()
}

fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn model(graph: &[u8]) -> Vec<u8> {
    [int(1, 8), field(2, b"test"), field(7, graph)].concat()
}

/// A float tensor of `dims` called `w`, and `data` fields after that.
fn tensor(dims: &[i64], data: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|&dim| int(1, dim)).collect();
    [dims, int(2, 1), field(8, b"w"), data.to_vec()].concat()
}

/// A model of such a tensor.
fn weights(dims: &[i64], data: &[u8]) -> Vec<u8> {
    model(&field(5, &tensor(dims, data)))
}

/// A node of an operation with inputs and outputs.
fn node(op_type: &str, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let names = |number, names: &[&str]| {
        names.iter().flat_map(|name| field(number, name.as_bytes())).collect::<Vec<_>>()
    };
    let body = [names(1, inputs), names(2, outputs), field(4, op_type.as_bytes())].concat();
    field(1, &body)
}

#[test]
fn a_sound_model_is_read() {
    let named = open(weights(&[2, 1], &field(9, &[0; 8]))).unwrap();
    assert_eq!(*named.tensor("w").unwrap().to_f32().unwrap(), [0.0; 2]);
    let one_by_one = open(weights(&[2], b"\x25\0\0\x80\x3f\x25\0\0\0\x40")).unwrap();
    assert_eq!(*one_by_one.tensor("w").unwrap().to_f32().unwrap(), [1.0, 2.0]);
    assert!(open(model(&[])).unwrap().is_empty());
}

#[test]
fn lying_tensors_are_refused() {
    let raw = |len| field(9, &vec![0; len]);
    let cases = [
        (weights(&[3], &raw(8)), "8 bytes of data, float32 [3] needs 12"),
        (weights(&[1], &raw(8)), "8 bytes of data"),
        (weights(&[3], &[]), "0 bytes of data"),
        (weights(&[], &[]), "0 bytes of data"),
        (weights(&[-1], &raw(8)), "an extent is negative"),
        (weights(&[1 << 32, 1 << 32], &raw(8)), "extents overflow"),
        (weights(&[1 << 62], &raw(8)), "extents overflow"),
        (weights(&[1 << 62, 1 << 62, 1 << 62, 0], &[]), "extents overflow"),
        (weights(&[2], &[raw(8), field(4, &[0; 8])].concat()), "raw data and numbers"),
        (weights(&[2], &field(5, &[0, 0])), "stored in field 5"),
        (weights(&[2], &field(4, &[0; 7])), "7 bytes of data"),
        (weights(&[1], &[int(2, 3), field(5, &[0, 0])].concat()), "more numbers than"),
        (weights(&[1], &[int(2, 3), int(5, 128)].concat()), "128 does not fit int8"),
        (weights(&[1], &[int(2, 10), int(5, 1 << 16)].concat()), "65536 does not fit float16"),
        (weights(&[1], &[int(2, 9), int(5, 2)].concat()), "2 does not fit bool"),
        (weights(&[1], &[int(2, 7), field(7, &[0x80; 11])].concat()), "longer than 64 bits"),
        (weights(&[1], &[int(2, 7), field(7, &[0x80])].concat()), "ends within a value"),
    ];
    for (bytes, says) in cases {
        assert_refused(bytes, "corrupt", says);
    }
    assert_refused(weights(&[1; 65], &raw(4)), "limit", "number of axes");
}

#[test]
fn lying_graphs_are_refused() {
    let w = field(5, &tensor(&[1], &field(9, &[0; 4])));
    let nameless = field(5, &[int(1, 1), int(2, 1), field(9, &[0; 4])].concat());
    let value = [field(1, b"value"), field(5, &tensor(&[1], &field(9, &[0; 4])))].concat();
    let constant = [field(2, b"w"), field(4, b"Constant"), field(5, &value)].concat();
    let cases = [
        ([int(1, 8), field(2, b"test")].concat(), "without a graph"),
        ([model(&[]), field(7, b"")].concat(), "a second graph"),
        (model(&[w.clone(), w.clone()].concat()), "its name occurs twice"),
        (model(&[w.clone(), field(1, &constant)].concat()), "its name occurs twice"),
        (model(&nameless), "it has no name"),
        (model(&field(5, b"\x08")), "ends within a value"),
        (model(b"\x2a\x7f\x08"), "a field of 127 bytes"),
        (model(&field(1, &field(1, b"\xff"))), "not text in UTF-8"),
        (model(&int(5, 1)), "field 5 is not bytes"),
    ];
    for (bytes, says) in cases {
        assert_refused(bytes, "corrupt", says);
    }
    let whole = model(&w);
    assert_refused(whole[..whole.len() - 1].to_vec(), "corrupt", "its message has");
}

#[test]
fn many_empty_nodes_take_bounded_memory_and_time() {
    let nodes: Vec<u8> = [0x0a, 0x00].repeat(1_000_000);
    let start = Instant::now();
    let weights = open(model(&nodes)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(weights.root().get("nodes").and_then(Value::as_slice).unwrap().len(), 1_000_000);
}

#[test]
fn values_past_the_size_of_the_file_are_refused() {
    let ints = [field(1, b"a"), field(8, &vec![0; 1 << 20])].concat();
    assert_refused(model(&field(1, &field(5, &ints))), "limit", "bytes that the graph takes");
    let nodes = field(1, &field(4, b"")).repeat(1 << 19);
    assert!(open(model(&nodes)).is_ok());
    let nodes = field(1, &field(4, b"a")).repeat(1 << 19);
    assert_refused(model(&nodes), "limit", "bytes that the graph takes");
}

#[test]
fn graphs_within_graphs_cost_nothing() {
    let mut graph = Vec::new();
    for _ in 0..2000 {
        let attribute = [field(1, b"body"), field(6, &graph), int(20, 5)].concat();
        graph = field(1, &[field(4, b"Loop"), field(5, &attribute)].concat());
    }
    let weights = open(model(&graph)).unwrap();
    assert_eq!(weights.root().get("nodes").and_then(Value::as_slice).unwrap().len(), 1);
}

#[test]
fn chains_of_copies_and_long_paths_end() {
    let w = field(5, &tensor(&[1], &field(9, &[0; 4])));
    let chain: Vec<u8> = (0..20_000)
        .flat_map(|n| {
            let input = if n == 0 { "w".to_owned() } else { format!("c.{n}") };
            node("Identity", &[&input], &[&format!("c.{}", n + 1)])
        })
        .collect();
    let own_tail = node("Identity", &["loop"], &["loop"]);
    let start = Instant::now();
    let weights = open(model(&[w.clone(), chain, own_tail].concat())).unwrap();
    assert_eq!(weights.len(), 20_001);
    let path = "/a".repeat(500_000) + "/Conv";
    let conv = node("Conv", &["x", "w"], &[&path]);
    let weights = open(model(&[w, conv].concat())).unwrap();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(weights.names().collect::<Vec<_>>(), ["w"], "a name of its own stays");
}

#[test]
fn a_name_claimed_twice_goes_to_nobody() {
    let named = |name: &str| {
        let dims = [int(1, 1), int(1, 1), int(2, 1)].concat();
        field(5, &[dims, field(8, name.as_bytes()), field(9, &[0; 4])].concat())
    };
    let matmul =
        |weight: &str, n| node("MatMul", &["x", weight], &[&format!("/attn/MatMul_{n}_output_0")]);
    let graph = [named("onnx::1"), named("onnx::2"), matmul("onnx::1", 1), matmul("onnx::2", 2)];
    let weights = open(model(&graph.concat())).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["onnx::1", "onnx::2"]);
    let graph = [named("onnx::1"), named("attn.weight"), matmul("onnx::1", 1)];
    let weights = open(model(&graph.concat())).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["onnx::1", "attn.weight"]);
    let graph = [named("onnx::1"), named("attn.out.weight"), matmul("onnx::1", 1)];
    let weights = open(model(&graph.concat())).unwrap();
    let names: Vec<_> = weights.names().collect();
    assert_eq!(names, ["onnx::1", "attn.out.weight"], "`attn` is no layer");
}

#[test]
fn a_module_called_again_gives_no_second_name() {
    let conv = |weight: &str, scope: &str| {
        node("Conv", &["x", weight], &[&format!("/a/{scope}/Conv_output_0")])
    };
    for (name, renamed) in [("a.head.weight", 0), ("onnx::Conv_1", 1)] {
        let dims = [int(1, 1), int(1, 1), int(2, 1)].concat();
        let weight = field(5, &[dims, field(8, name.as_bytes()), field(9, &[0; 4])].concat());
        let graph = [weight, conv(name, "head"), conv(name, "head_1"), conv(name, "head_2")];
        let weights = open(model(&graph.concat())).unwrap();
        assert_eq!(weights.names().collect::<Vec<_>>(), ["a.head.weight"]);
        let found = weights.root().get("renamed").and_then(Value::as_dict).unwrap();
        assert_eq!(found.len(), renamed);
    }
}

/// A float tensor of zeros.
fn zeros(name: &str, dims: &[i64]) -> Vec<u8> {
    let extents: Vec<u8> = dims.iter().flat_map(|&dim| int(1, dim)).collect();
    let len = dims.iter().product::<i64>() as usize;
    field(5, &[extents, int(2, 1), field(8, name.as_bytes()), field(9, &vec![0; 4 * len])].concat())
}

#[test]
fn vectors_of_a_module_are_its_weight_and_bias_only_without_doubt() {
    let mul = |v: &str, path: &str| node("Mul", &[v, "x"], &[&format!("/{path}/Mul_output_0")]);
    let add = |v: &str, path: &str| node("Add", &["y", v], &[&format!("/{path}/Add_output_0")]);
    let vector = |name: &str| zeros(name, &[1, 1, 4]);
    let (first, second) = (vector("onnx::1"), vector("onnx::2"));
    let names = |parts: &[Vec<u8>]| {
        let weights = open(model(&parts.concat())).unwrap();
        weights.names().map(str::to_owned).collect::<Vec<_>>()
    };
    let both = [first.clone(), second.clone(), mul("onnx::1", "a/grn"), add("onnx::2", "a/grn")];
    let weights = open(model(&both.concat())).unwrap();
    for name in ["a.grn.weight", "a.grn.bias"] {
        assert_eq!(weights.tensor(name).unwrap().shape(), [4]);
    }
    let third = [both.concat(), vector("onnx::3"), mul("onnx::3", "a/grn")];
    assert_eq!(names(&third), ["onnx::1", "onnx::2", "onnx::3"], "two factors");
    let same = [first.clone(), mul("onnx::1", "a"), add("onnx::1", "a")];
    assert_eq!(names(&same), ["onnx::1"], "factor and summand at once");
    let alone = [first.clone(), mul("onnx::1", "a")];
    assert_eq!(names(&alone), ["onnx::1"], "no summand");
    let longer = [first.clone(), zeros("onnx::2", &[5]), mul("onnx::1", "a"), add("onnx::2", "a")];
    assert_eq!(names(&longer), ["onnx::1", "onnx::2"], "other lengths");
    let table =
        [first.clone(), zeros("onnx::2", &[2, 2]), mul("onnx::1", "a"), add("onnx::2", "a")];
    assert_eq!(names(&table), ["onnx::1", "onnx::2"], "no vector");
    let holder = [both.concat(), zeros("a.grn.fc.weight", &[1])];
    assert_eq!(names(&holder)[..2], ["onnx::1", "onnx::2"], "`a.grn` is no layer");
    let taken = [both.concat(), zeros("a.grn.weight", &[1])];
    assert_eq!(names(&taken), ["onnx::1", "a.grn.bias", "a.grn.weight"], "the name is taken");
    let product =
        [zeros("onnx::4", &[4, 4]), node("MatMul", &["x", "onnx::4"], &["/a/grn/MatMul_output_0"])];
    let product = [both.concat(), product.concat()];
    assert_eq!(names(&product), ["onnx::1", "onnx::2", "a.grn.weight"], "a linear layer");
}

#[test]
fn a_path_is_completed_only_as_all_witnesses_say() {
    let matmul = |weight: &str, path: &str| {
        node("MatMul", &["x", weight], &[&format!("/{path}/MatMul_output_0")])
    };
    let conv = |name: &str, path: &str| {
        [zeros(name, &[1, 1]), node("Conv", &["x", name], &[&format!("/{path}/Conv_output_0")])]
            .concat()
    };
    let named = [
        zeros("onnx::1", &[2, 3]),
        matmul("onnx::1", "b/qkv"),
        conv("net.b.proj.weight", "b/proj"),
    ];
    let weights = open(model(&named.concat())).unwrap();
    assert_eq!(weights.tensor("net.b.qkv.weight").unwrap().shape(), [3, 2]);
    let contested = [named.concat(), conv("other.b.conv.weight", "b/conv")];
    let weights = open(model(&contested.concat())).unwrap();
    assert!(!weights.contains("net.b.qkv.weight") && !weights.contains("other.b.qkv.weight"));
    let taken = [named.concat(), zeros("net.b.qkv.weight", &[1])];
    let weights = open(model(&taken.concat())).unwrap();
    assert_eq!(weights.tensor("net.b.qkv.weight").unwrap().shape(), [1]);
    assert!(weights.contains("onnx::1"));
}

#[test]
fn deep_paths_take_bounded_time() {
    let scopes = "/a".repeat(100_000);
    let nodes: Vec<u8> = (0..20)
        .flat_map(|n| {
            let (named, unnamed) = (format!("a.c{n}.weight"), format!("onnx::{n}"));
            let at = |name: &str| format!("{scopes}/{name}{n}/Conv_output_0");
            let conv = node("Conv", &["x", &named], &[&at("c")]);
            let other = node("Conv", &["x", &unnamed], &[&at("d")]);
            [zeros(&named, &[1]), zeros(&unnamed, &[1]), conv, other].concat()
        })
        .collect();
    let start = Instant::now();
    assert_eq!(open(model(&nodes)).unwrap().len(), 40);
    assert!(start.elapsed() < Duration::from_secs(5));
}

type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Opens a model in `folder` whose float tensor of two elements lies as the pairs say.
fn open_external(folder: &Path, pairs: Pairs) -> Result<StateDict, Error> {
    let pair = |(key, value): &(&str, &str)| {
        field(13, &[field(1, key.as_bytes()), field(2, value.as_bytes())].concat())
    };
    let data: Vec<u8> = pairs.iter().flat_map(pair).chain(int(14, 1)).collect();
    let path = folder.join("model.onnx");
    std::fs::write(&path, weights(&[2], &data)).unwrap();
    StateDict::open(path)
}

#[test]
fn external_data_is_read_beside_the_model_alone() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    std::fs::create_dir_all(folder.join("sub")).unwrap();
    let bytes: Vec<u8> = [0.0_f32, 1.0, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    for place in [outer.path().join("data"), folder.join("data"), folder.join("sub/data")] {
        std::fs::write(place, &bytes).unwrap();
    }
    let values = |pairs: Pairs| {
        let weights = open_external(&folder, pairs).unwrap();
        weights.tensor("w").unwrap().to_f32().unwrap().to_vec()
    };
    let data = ("location", "data");
    assert_eq!(values(&[data, ("length", "8")]), [0.0, 1.0]);
    assert_eq!(values(&[data, ("offset", "4")]), [1.0, 2.0]);
    assert_eq!(values(&[("location", "./sub/data"), ("checksum", "0")]), [0.0, 1.0]);

    let absolute = outer.path().join("data").display().to_string();
    let cases: &[(Pairs, &str, &str)] = &[
        (&[], "corrupt", "its file is not named"),
        (&[data, ("offset", "8")], "corrupt", "8 bytes from 8 on, file \"data\" has 12"),
        (&[data, ("offset", "18446744073709551615")], "corrupt", "file \"data\" has 12"),
        (&[data, ("offset", "-4")], "corrupt", "no number of bytes"),
        (&[data, ("length", "12")], "corrupt", "12 bytes of data"),
        (&[("location", "../data")], "unsupported", "outside of the model's folder"),
        (&[("location", "sub/../../data")], "unsupported", "outside of the model's folder"),
        (&[("location", &absolute)], "unsupported", "outside of the model's folder"),
        (&[("location", "")], "corrupt", "is not a file"),
        (&[("location", "sub")], "corrupt", "is not a file"),
        (&[("location", "absent")], "io", "absent"),
        (&[("location", "a\0b")], "io", "model"),
    ];
    for (pairs, expected, says) in cases {
        let error = open_external(&folder, pairs).unwrap_err();
        assert_eq!(kind(&error), *expected, "{error}");
        assert!(error.to_string().contains(says), "`{error}` does not say `{says}`");
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(outer.path().join("data"), [0; 8]).unwrap();
    std::fs::write(folder.join("data"), [0; 8]).unwrap();
    std::os::unix::fs::symlink("../data", folder.join("out")).unwrap();
    std::os::unix::fs::symlink("data", folder.join("in")).unwrap();
    std::os::unix::fs::symlink(outer.path(), folder.join("up")).unwrap();
    assert!(open_external(&folder, &[("location", "in")]).is_ok());
    for location in ["out", "up/data"] {
        let error = open_external(&folder, &[("location", location)]).unwrap_err();
        assert_eq!(kind(&error), "unsupported", "{error}");
    }
}
