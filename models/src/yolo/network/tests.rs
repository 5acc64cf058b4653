use std::sync::Arc;

use ocelli_engine::{Shape, Tensor, WeightSource};

use super::*;
use crate::yolo::spec::Arg;

/// Has every tensor in the shape needed, all zeros, of at most 2^20 elements.
struct Zeros;

impl WeightSource for Zeros {
    fn find(&self, _: &str, needed: Shape) -> BuildResult<Option<Tensor>> {
        let small = needed.elements() <= 1 << 20;
        Ok(small
            .then(|| Tensor::derive(needed, &"zeros", &[], move |_| vec![0.0; needed.elements()])))
    }

    fn file(&self) -> &'static str {
        "zeros"
    }
}

fn line(from: &[isize], repeats: usize, module: &str, args: &[f64]) -> Layer {
    let args = args.iter().copied().map(Arg::Number).collect();
    Layer { from: from.to_vec(), repeats, module: module.to_owned(), args }
}

fn spec(mut layers: Vec<Layer>) -> Spec {
    layers.push(line(&[-1], 1, "Classify", &[10.0]));
    Spec { layers, max_channels: f64::MAX, ..crate::yolo::find("yolov8n-cls").unwrap() }
}

fn build(spec: &Spec) -> Result<(Graph, Network)> {
    let mut g = Graph::new();
    let image = g.input("image", &[1, 32, 32, 3]).unwrap();
    let source = Arc::new(Zeros);
    let net = network(&mut g, &Weights::new(source), image, spec)?;
    Ok((g, net))
}

fn error(layers: Vec<Layer>) -> String {
    build(&spec(layers)).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn an_unknown_module_is_named_with_its_layer() {
    let error = error(vec![line(&[-1], 1, "Conv", &[64.0]), line(&[-1], 1, "C9", &[64.0])]);
    assert!(error.contains("layer 1: the module `C9` is not known"), "{error}");
}

#[test]
fn hostile_lists_are_errors() {
    let conv = || line(&[-1], 1, "Conv", &[64.0, 3.0, 2.0]);
    let cases = [
        vec![line(&[-1], 1_000_000_000, "Conv", &[64.0])],
        vec![line(&[-1], 1_000_000_000, "C2f", &[64.0])],
        vec![line(&[-1], 1_000_000_000, "Identity", &[])],
        vec![line(&[-1], 1, "Conv", &[1e18])],
        vec![line(&[-1], 1, "Conv", &[-8.0])],
        vec![line(&[-1], 1, "Conv", &[f64::NAN])],
        vec![line(&[-1], 1, "Conv", &[64.0, 1e9])],
        vec![line(&[-1], 1, "Conv", &[64.0, 3.0, 0.0])],
        vec![line(&[-1], 1, "Conv", &[64.0, 3.0, 1.0, 1.0, 7.0])],
        vec![line(&[-1], 1, "SPPF", &[64.0, 5.0, 1e9])],
        vec![line(&[-1], 1, "SPPF", &[64.0, 4.0])],
        vec![line(&[-1], 1, "C2f", &[64.0, 0.0, 1.0, -1.0])],
        vec![line(&[-1], 1, "C3k2", &[64.0, 0.0, 1e300])],
        vec![line(&[-1], 1, "PSA", &[64.0])],
        vec![line(&[-1], 1, "A2C2f", &[40.0, 1.0, 1.0])],
        vec![line(&[-1], 1, "TorchVision", &[512.0])],
        vec![line(&[-1], 1, "MaxPool2d", &[2.0, 0.0, 0.0])],
        vec![line(&[-1], 1, "ZeroPad2d", &[1e9])],
        vec![line(&[-1], 1, "CBLinear", &[])],
        vec![line(&[-1, -1], 1, "CBFuse", &[])],
        vec![line(&[], 1, "Concat", &[1.0])],
        vec![line(&[-1, -1], 1, "Conv", &[64.0])],
        vec![line(&[-2], 1, "Conv", &[64.0])],
        vec![line(&[5], 1, "Conv", &[64.0])],
        vec![line(&[isize::MIN], 1, "Conv", &[64.0])],
        vec![conv(), line(&[-1], 1, "Conv", &[])],
        vec![conv(), line(&[-1; 64], 1, "Concat", &[1.0]), line(&[-1; 64], 1, "Concat", &[1.0])],
        vec![conv(), line(&[-1], 256, "Upsample", &[0.0, 16.0])],
    ];
    for layers in cases {
        let last = layers.last().unwrap().clone();
        let error = error(layers);
        assert!(error.contains(&last.module) && error.contains("layer "), "{last:?}: {error}");
    }
}

#[test]
fn a_list_ends_with_a_head() {
    let mut spec = spec(vec![line(&[-1], 1, "Conv", &[64.0])]);
    spec.layers.pop();
    assert!(build(&spec).unwrap_err().to_string().contains("not a head"));
    spec.layers.clear();
    assert!(build(&spec).is_err());
}

#[test]
fn a_missing_weight_is_named_with_its_layer() {
    let error = error(vec![line(&[-1], 1, "Conv", &[65_536.0, 31.0])]);
    assert!(error.contains("layer 0 (Conv): zeros: tensor `model.0."), "{error}");
}

#[test]
fn a_message_has_its_cause_and_the_chain_no_more() {
    let built = build(&spec(vec![line(&[-1], 1, "Conv", &[65_536.0, 31.0])]));
    let error = built.map(|_| ()).unwrap_err();
    let error = crate::Error::Layers { file: "a.pt".to_owned(), cause: error };
    assert!(error.to_string().starts_with("a.pt: layer 0 (Conv): zeros: tensor `model.0."));
    assert!(std::error::Error::source(&error).is_none());
}

#[test]
fn inputs_count_from_the_front_and_back() {
    let (g, net) = build(&spec(vec![
        line(&[-1], 1, "Conv", &[64.0]),
        line(&[-1], 1, "Conv", &[32.0, 3.0, 1.0]),
        line(&[-1, 0], 1, "Concat", &[1.0]),
        line(&[-3, 1], 1, "Concat", &[1.0]),
    ]))
    .unwrap();
    let channels: Vec<usize> = net.layers.iter().map(|maps| g.shape(maps[0]).last_dim()).collect();
    assert_eq!(channels, [16, 8, 24, 24]);
    assert_eq!(net.features, net.layers[3]);
}

#[test]
fn activations_are_read_as_written() {
    for (text, expected) in [
        ("nn.SiLU()", Some(Activation::Silu)),
        ("torch.nn.ReLU()", Some(Activation::Relu)),
        ("nn.ReLU(inplace=True)", Some(Activation::Relu)),
        ("nn.LeakyReLU(0.1)", Some(Activation::LeakyRelu(0.1))),
        ("nn.LeakyReLU(negative_slope=0.2)", Some(Activation::LeakyRelu(0.2))),
        ("nn.Hardswish()", Some(Activation::HardSwish)),
        ("__import__('os').system('true')", None),
        ("nn.SiLU", None),
        ("", None),
    ] {
        assert_eq!(activation(text), expected, "{text}");
    }
}

/// Lists of random modules, inputs and arguments are built or refused; nothing else happens.
#[test]
fn random_lists_do_not_panic() {
    let mut state = 1_u64;
    let mut draw = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % count
    };
    let numbers = [-1.0, 0.0, 0.25, 1.0, 2.0, 3.0, 5.0, 8.0, 16.0, 64.0, 65_536.0, 1e12, f64::NAN];
    let mut built = 0;
    for _ in 0..4_000 {
        let mut layers = Vec::new();
        for i in 0..=draw(4) {
            let from = (0..=draw(2)).map(|_| draw(i + 2) as isize - 2).collect();
            let arg = |draw: &mut dyn FnMut(usize) -> usize| Arg::Number(numbers[draw(13)]);
            let args = (0..draw(6)).map(|_| match draw(8) {
                0 => Arg::None,
                1 => Arg::Bool(draw(2) == 0),
                2 => Arg::List((0..draw(3)).map(|_| arg(&mut draw)).collect()),
                3 => Arg::Text("nearest".to_owned()),
                _ => arg(&mut draw),
            });
            let args = args.collect();
            let module = crate::yolo::modules::MODULES[draw(MODULE_COUNT)].name.to_owned();
            layers.push(Layer { from, repeats: draw(3), module, args });
        }
        let mut g = Graph::new();
        let image = g.input("image", &[1, 32, 24, 3]).unwrap();
        let spec = spec(layers);
        built += usize::from(network(&mut g, &Weights::new(Arc::new(Zeros)), image, &spec).is_ok());
    }
    assert!(built > 20, "only {built} lists were built");
}

const MODULE_COUNT: usize = crate::yolo::modules::MODULES.len();
