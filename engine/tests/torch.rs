//! Single operations against PyTorch: `tests/reference/engine_ops.py` makes the examples.
//!
//! `max|a - b| <= 1e-4 * max|b|`.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::{
    Activation, Conv2d, Deformable, Epilogue, Filter, Linear, PadMode, Pool, PoolKind, Resize,
    SamplePadding, Unary,
};
use ocelli_engine::{Conv, Executor, Graph, Result, Shape, Tensor, Value, WeightSource, Weights};
use safetensors::SafeTensors;
use support::{TOLERANCE, difference, run};

static GOLDENS: &[u8] = include_bytes!("goldens/ops.safetensors");

/// One example: a graph over its operands.
struct Example {
    name: String,
    graph: Graph,
    operands: Vec<Value>,
    inputs: Vec<Vec<f32>>,
    weights: Weights,
    expected: (Vec<usize>, Vec<f32>),
}

impl Example {
    fn named(name: &str) -> Example {
        let (mut graph, mut operands, mut inputs) = (Graph::new(), Vec::new(), Vec::new());
        while let Some((dims, values)) = golden(&format!("{name}/x{}", operands.len())) {
            operands.push(graph.input(&format!("x{}", operands.len()), &dims).unwrap());
            inputs.push(values);
        }
        let weights = Weights::new(Arc::new(Goldens)).at(name);
        let expected = golden(&format!("{name}/y")).expect("an example of this name");
        Example { name: name.to_owned(), graph, operands, inputs, weights, expected }
    }

    fn tensor(&self, part: &str) -> Option<Tensor> {
        tensor(&format!("{}/{part}", self.name))
    }

    /// Height and width of the expected image.
    fn size(&self) -> [usize; 2] {
        [self.expected.0[1], self.expected.0[2]]
    }
}

struct Goldens;

impl WeightSource for Goldens {
    fn find(&self, name: &str, _: Shape) -> Result<Option<Tensor>> {
        Ok(tensor(&name.replacen('.', "/", 1)))
    }

    fn file(&self) -> &'static str {
        "ops.safetensors"
    }
}

fn golden(name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
    let file = SafeTensors::deserialize(GOLDENS).unwrap();
    let view = file.tensor(name).ok()?;
    let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    Some((view.shape().to_vec(), values.collect()))
}

fn tensor(name: &str) -> Option<Tensor> {
    let (dims, values) = golden(name)?;
    Tensor::from_vec(Shape::new(&dims)?, values)
}

/// Compares `executor` with all examples.
fn check(executor: &dyn Executor) {
    let file = SafeTensors::deserialize(GOLDENS).unwrap();
    let names: BTreeSet<String> =
        file.names().iter().map(|n| n.split('/').next().unwrap().to_owned()).collect();
    let failures: Vec<String> = names.iter().filter_map(|name| failure(executor, name)).collect();
    assert!(names.len() > 60 && failures.is_empty(), "{}", failures.join("\n"));
}

fn failure(executor: &dyn Executor, name: &str) -> Option<String> {
    let mut example = Example::named(name);
    let outcome = build(&mut example).and_then(|y| {
        example.graph.output("y", y);
        run(executor, &example.graph, &example.inputs)
    });
    let tolerance = if name.ends_with("indices") { 0.0 } else { TOLERANCE };
    let what = match outcome {
        Ok(found) => difference(&found[0], &example.expected.1, tolerance)?,
        Err(e) => e.to_string(),
    };
    Some(format!("{name}: {what}"))
}

/// The operation that the example of this name computes.
fn build(e: &mut Example) -> Result<Value> {
    let name = e.name.clone();
    match name.as_str() {
        name if name.starts_with("resize") => resize(e, name),
        name if name.starts_with("grid_sample") => grid_sample(e, name),
        name if name.contains("pool") => pool(e, name),
        name if name.starts_with("conv") => conv(e, name),
        "deformable" => {
            let spec = Deformable { heads: 2, points: 2, levels: vec![[4, 3], [2, 5]] };
            let [value, boxes, offsets, weights] = e.operands[..] else { panic!("operands") };
            e.graph.deformable_attention(value, boxes, offsets, weights, spec)
        }
        "attention" => e.graph.attention(e.operands[0], e.operands[1], e.operands[2], 3),
        "attention_masked" => {
            let [q, k, v, mask] = e.operands[..] else { panic!("operands") };
            e.graph.masked_attention(q, k, v, mask, 3)
        }
        name => single(e, name),
    }
}

/// Operations with one operand.
fn single(e: &mut Example, name: &str) -> Result<Value> {
    let (x, w, g) = (e.operands[0], e.weights.clone(), &mut e.graph);
    let around = [[0, 0], [0, 3], [2, 1], [0, 0]];
    match name {
        "layer_norm" => g.layer_norm(x, &w, 1e-3),
        "rms_norm" => g.rms_norm(x, &w, 1e-3),
        "group_norm" => g.group_norm(x, &w, 3, 1e-3),
        "batch_norm" => g.batch_norm(x, &w, 1e-3),
        "l2_normalize" => Ok(g.l2_normalize(x, 12.0)),
        "softmax" => Ok(g.softmax(x)),
        "pad_reflect" => g.pad(x, &around, PadMode::Reflect),
        "pad_edge" => g.pad(x, &around, PadMode::Edge),
        "top_k_values" => Ok(g.top_k(x, 4)?.0),
        "top_k_indices" => g.top_k(x, 4).map(|(_, indices)| g.to_f32(indices)),
        "arg_max" => g.arg_max(x).map(|index| g.to_f32(index)),
        "erf" => Ok(g.unary(x, Unary::Erf)),
        "round" => Ok(g.unary(x, Unary::Round)),
        "sign" => Ok(g.unary(x, Unary::Sign)),
        "linear" => {
            let (weight, bias) = (e.tensor("weight").unwrap(), e.tensor("bias"));
            e.graph.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, name)
        }
        name => Ok(g.activation(x, activation(name))),
    }
}

fn activation(name: &str) -> Activation {
    match name {
        "relu" => Activation::Relu,
        "leaky_relu" => Activation::LeakyRelu(0.1),
        "clip" => Activation::Clip(0.0, 6.0),
        "gelu" => Activation::Gelu,
        "gelu_tanh" => Activation::GeluTanh,
        "quick_gelu" => Activation::QuickGelu,
        "silu" => Activation::Silu,
        "sigmoid" => Activation::Sigmoid,
        "tanh" => Activation::Tanh,
        "hard_sigmoid" => Activation::HardSigmoid,
        "hard_swish" => Activation::HardSwish,
        "softplus" => Activation::Softplus,
        "mish" => Activation::Mish,
        "elu" => Activation::Elu(0.7),
        name => panic!("the example {name} is not built here"),
    }
}

fn resize(e: &mut Example, name: &str) -> Result<Value> {
    let filter = match name.split('_').nth(1) {
        Some("nearest") => Filter::Nearest,
        Some("bilinear") => Filter::Bilinear,
        _ => Filter::Bicubic,
    };
    let (align_corners, antialias) = (name.contains("_aligned"), name.contains("_antialiased"));
    e.graph.resize(e.operands[0], e.size(), Resize { filter, align_corners, antialias })
}

fn grid_sample(e: &mut Example, name: &str) -> Result<Value> {
    let zeros = name.contains("zeros");
    let padding = if zeros { SamplePadding::Zeros } else { SamplePadding::Border };
    e.graph.grid_sample(e.operands[0], e.operands[1], padding, name.contains("aligned"))
}

fn pool(e: &mut Example, name: &str) -> Result<Value> {
    let kind = match name {
        name if name.starts_with("max") => PoolKind::Max,
        name if name.contains("inside") => PoolKind::MeanInside,
        _ => PoolKind::Mean,
    };
    let pool = if name.ends_with("uneven") {
        Pool { kind, kernel: [3, 3], stride: [2, 2], pad: [1, 1, 2, 0] }
    } else {
        Pool { kind, kernel: [3, 2], stride: [2, 1], pad: [1, 1, 1, 1] }
    };
    e.graph.pool(e.operands[0], pool)
}

fn conv(e: &mut Example, name: &str) -> Result<Value> {
    let (x, w) = (e.operands[0], e.weights.clone());
    let (stride, pad, dilation, groups) = match name {
        "conv_transpose2d" => {
            return e.graph.conv_transpose(x, &w, 3, Conv::k(4).stride(2).pad(1));
        }
        "conv_transpose2d_apart" => {
            return e.graph.conv_transpose(x, &w, 5, Conv::k(2).stride(3));
        }
        "conv2d_uneven" => ([2, 1], [2, 1, 1, 0], [1, 2], 1),
        "conv2d_grouped" => ([2, 2], [1; 4], [2, 2], 2),
        "conv2d_depthwise" => ([1, 1], [2; 4], [1, 1], 4),
        name => panic!("the example {name} is not built here"),
    };
    let (weight, bias) = (e.tensor("weight").unwrap(), e.tensor("bias"));
    let epilogue = Epilogue::default();
    e.graph.conv_with(x, Conv2d { weight, bias, stride, pad, dilation, groups, epilogue }, name)
}

#[test]
fn the_processor_agrees_with_pytorch() {
    check(&CpuExecutor::new(2).unwrap());
}

#[cfg(feature = "candle")]
#[test]
fn candle_agrees_with_pytorch() {
    check(&ocelli_engine::candle::CandleExecutor::new());
}
