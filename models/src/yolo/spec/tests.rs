use std::path::Path;

use ocelli_converters::{Dict, StateDict};

use super::*;

fn yamls() -> StateDict {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yolo/yamls.pt");
    StateDict::open(path).unwrap()
}

fn dict(file: &StateDict) -> &Dict {
    file.root().get("yamls").and_then(|yamls| yamls.as_dict()).unwrap()
}

fn spec(name: &str) -> Spec {
    Spec::from_value(dict(&yamls()).get(name).unwrap()).unwrap()
}

fn layer(from: &[isize], repeats: usize, module: &str, args: Vec<Arg>) -> Layer {
    Layer { from: from.to_vec(), repeats, module: module.to_owned(), args }
}

fn numbers(numbers: &[f64]) -> Vec<Arg> {
    numbers.iter().copied().map(Arg::Number).collect()
}

#[test]
fn a_scaled_yaml() {
    let text = |text: &str| Arg::Text(text.to_owned());
    let layers = vec![
        layer(&[-1], 1, "Conv", numbers(&[16.0, 3.0, 2.0])),
        layer(&[-1], 3, "C2f", vec![Arg::Number(32.0), Arg::Bool(true)]),
        layer(&[-1], 1, "Upsample", vec![Arg::None, Arg::Number(2.0), text("nearest")]),
        layer(&[-1, 0], 1, "Concat", numbers(&[1.0])),
        layer(&[2, 3], 1, "Pose26", vec![text("nc"), text("kpt_shape")]),
    ];
    let expected = Spec {
        layers,
        classes: 7,
        depth: 1.0,
        width: 2.0,
        max_channels: 1024.0,
        scale: Some('b'),
        reg_max: 1,
        end_to_end: Some(true),
        key_points: Some([5, 2]),
        activation: Some("nn.LeakyReLU(0.1)".to_owned()),
        channels: 4,
        norm_epsilon: 1e-3,
    };
    assert_eq!(spec("scaled"), expected);
    let first = Spec { scale: Some('a'), depth: 0.5, width: 0.25, max_channels: 64.0, ..expected };
    assert_eq!(spec("first-scale"), first);
}

#[test]
fn a_yaml_of_the_repository_with_anchors() {
    let spec = spec("repository");
    let anchors = [[10.0, 13.0, 16.0, 30.0], [30.0, 61.0, 62.0, 45.0]];
    let anchors = Arg::List(anchors.iter().map(|row| Arg::List(numbers(row))).collect());
    let head = layer(&[0, 1], 1, "AnchorDetect", vec![Arg::Text("nc".to_owned()), anchors]);
    assert_eq!(spec.layers[2], head);
    assert_eq!(spec.layers[1].args, [Arg::Number(128.0), Arg::Bool(false)]);
    assert_eq!((spec.depth, spec.width, spec.max_channels), (0.33, 0.25, f64::MAX));
    assert_eq!((spec.scale, spec.reg_max, spec.channels), (None, 16, 3));
}

#[test]
fn classifiers_keep_the_epsilon_of_pytorch() {
    assert_eq!(spec("classifier").norm_epsilon, 1e-5);
}

#[test]
fn what_is_malformed_is_named() {
    let file = yamls();
    let bad = dict(&file).iter().filter_map(|(name, yaml)| {
        let name = name.as_str().filter(|name| name.starts_with("bad"))?;
        Some((name, Spec::from_value(yaml).expect_err(name).to_string()))
    });
    let bad: Vec<(&str, String)> = bad.collect();
    assert_eq!(bad.len(), 17);
    for (name, error) in bad {
        let named = match name {
            "bad no nc" | "bad nc" | "bad huge nc" => "`nc`",
            "bad no head" | "bad empty" => "`head`",
            "bad long" => "`backbone`",
            "bad scale" | "bad scales" => "`scales`",
            "bad width" => "`width_multiple`",
            "bad key points" => "`kpt_shape`",
            "bad anchors" => "layer 2",
            _ => "layer 1",
        };
        assert!(error.contains(named), "{name}: {error}");
    }
    assert!(Spec::from_value(&ocelli_converters::Value::None).is_err());
}
