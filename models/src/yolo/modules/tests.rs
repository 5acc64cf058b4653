use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::Activation;
use ocelli_engine::{Executor, Shape, SourceId, Tensor, Values, WeightSource};

use super::conv::Units;
use super::*;
use crate::yolo::spec::Arg;

/// A checkpoint as trained, or as an export left it: with some tensors in place of those whose names start alike.
struct Checkpoint {
    identity: SourceId,
    given: HashMap<String, Vec<f32>>,
    gone: Vec<&'static str>,
}

impl WeightSource for Checkpoint {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        if self.gone.iter().any(|gone| name.starts_with(gone)) {
            return Ok(None);
        }
        let values = match self.given.get(name) {
            Some(values) => values.clone(),
            None => made_up(name, needed.elements()),
        };
        Ok(Some(Tensor::new(needed, self.identity, name, Arc::new(Held(values)))))
    }

    fn file(&self) -> &'static str {
        "made up"
    }
}

struct Held(Vec<f32>);

impl Values for Held {
    fn load(&self) -> Result<Cow<'_, [f32]>> {
        Ok(Cow::Borrowed(&self.0))
    }
}

/// Numbers that differ from name to name, variances above zero.
fn made_up(name: &str, count: usize) -> Vec<f32> {
    let seed = name.bytes().fold(7_usize, |sum, byte| sum * 31 % 8191 + byte as usize);
    let value = |i: usize| ((seed + i * 389) % 211) as f32 / 211.0;
    let shift = if name.ends_with("running_var") { 0.5 } else { -0.5 };
    (0..count).map(|i| value(i) + shift).collect()
}

const UNITS: Units = Units { activation: Activation::Silu, eps: 1e-3 };

/// What `build` makes of a picture `[1, 6, 5, 8]`.
fn run(
    checkpoint: Checkpoint,
    build: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Vec<f32> {
    let mut g = Graph::new();
    let image = g.input("image", &[1, 6, 5, 8]).unwrap();
    let y = build(&mut g, image, &Weights::new(Arc::new(checkpoint))).unwrap();
    g.output("y", y);
    let mut session = CpuExecutor::new(1).unwrap().compile(&g).unwrap().session().unwrap();
    session.input(0).unwrap().copy_from_slice(&made_up("image", 6 * 5 * 8));
    session.run().unwrap();
    session.output(0).unwrap().to_vec()
}

fn trained() -> Checkpoint {
    fused(&[], &[])
}

fn fused(given: &[(&str, Vec<f32>)], gone: &[&'static str]) -> Checkpoint {
    let given = given.iter().map(|(name, values)| ((*name).to_owned(), values.clone()));
    Checkpoint { identity: SourceId::unique(), given: given.collect(), gone: gone.to_vec() }
}

fn close(a: &[f32], b: &[f32]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-5 * (1.0 + b.abs()), "{a} and {b}");
    }
}

fn call(name: &str, out: usize, repeats: usize, args: &[f64], checkpoint: Checkpoint) -> Vec<f32> {
    let args: Vec<Arg> = args.iter().copied().map(Arg::Number).collect();
    let call = Call { out, repeats, args: &args, units: UNITS, first_kernel: 3 };
    let Build::Map(build) = find(name).unwrap().build else { panic!("{name} has several inputs") };
    run(checkpoint, |g, x, w| build(g, x, w, &call))
}

/// Weight and bias of the unit at `w` after its norm is folded in.
fn folded(at: &str, shape: [usize; 4]) -> (Vec<f32>, Vec<f32>) {
    let row = shape[1..].iter().product::<usize>();
    let of = |name: &str, count| made_up(&format!("{at}{name}"), count);
    let [gain, shift, mean, var] = ["weight", "bias", "running_mean", "running_var"]
        .map(|name| of(&format!("bn.{name}"), shape[0]));
    let scale: Vec<f32> = gain.iter().zip(&var).map(|(g, v)| g / (v + UNITS.eps).sqrt()).collect();
    let weight = of("conv.weight", shape[0] * row);
    let weight = weight.chunks(row).zip(&scale).flat_map(|(r, s)| r.iter().map(move |v| v * s));
    let bias = (0..shape[0]).map(|i| shift[i] - mean[i] * scale[i]);
    (weight.collect(), bias.collect())
}

#[test]
fn a_unit_with_its_norm_folded_is_the_same() {
    let (weight, bias) = folded("", [8, 8, 3, 3]);
    let fused = fused(&[("conv.weight", weight), ("conv.bias", bias)], &["bn."]);
    close(&call("Conv", 8, 1, &[3.0], fused), &call("Conv", 8, 1, &[3.0], trained()));
}

#[test]
fn parallel_convolutions_are_the_same_apart_merged_and_fused() {
    let apart = run(trained(), |g, x, w| {
        let cv1 = UNITS.same(g, x, &w.at("cv1"), 8, 1)?;
        let large = UNITS.linear(g, cv1, &w.at("m.0.conv1"), 8, ocelli_engine::Conv::same(3))?;
        let small = UNITS.linear(g, cv1, &w.at("m.0.conv2"), 8, ocelli_engine::Conv::k(1))?;
        let y = g.add(large, small)?;
        let y = g.activation(y, Activation::Silu);
        let aside = UNITS.same(g, x, &w.at("cv2"), 8, 1)?;
        g.add(y, aside)
    });
    close(&call("RepC3", 8, 1, &[1.0], trained()), &apart);

    let (mut weight, mut bias) = folded("m.0.conv1.", [8, 8, 3, 3]);
    let (small, small_bias) = folded("m.0.conv2.", [8, 8, 1, 1]);
    for (kernel, centre) in weight.chunks_mut(9).zip(&small) {
        kernel[4] += centre;
    }
    bias.iter_mut().zip(&small_bias).for_each(|(all, more)| *all += more);
    let given = [("m.0.conv.weight", weight), ("m.0.conv.bias", bias)];
    let fused = fused(&given, &["m.0.conv1.", "m.0.conv2."]);
    close(&call("RepC3", 8, 1, &[1.0], fused), &apart);
}

#[test]
fn attention_with_folded_norms_is_the_same() {
    let attention =
        |checkpoint| run(checkpoint, |g, x, w| attention::attention_block(g, x, w, 2, UNITS));
    let (weight, bias) = folded("attn.qkv.", [16, 8, 1, 1]);
    let given = [("attn.qkv.conv.weight", weight), ("attn.qkv.conv.bias", bias)];
    close(&attention(fused(&given, &["attn.qkv.bn."])), &attention(trained()));
}

#[test]
fn pools_of_several_sides_are_made_of_each_other() {
    let sides = [Arg::List([3.0, 5.0, 9.0].map(Arg::Number).to_vec())];
    let call = Call { out: 8, repeats: 1, args: &sides, units: UNITS, first_kernel: 3 };
    let chained = run(trained(), |g, x, w| spp::spp(g, x, w, &call));
    let apart = run(trained(), |g, x, w| {
        let x = UNITS.same(g, x, &w.at("cv1"), 4, 1)?;
        let mut maps = vec![x];
        for side in [3, 5, 9] {
            maps.push(g.max_pool(x, side, 1, side / 2)?);
        }
        let x = g.concat(&maps, 3)?;
        UNITS.same(g, x, &w.at("cv2"), 8, 1)
    });
    assert_eq!(chained, apart);
}

#[test]
fn names_of_modules_are_unique() {
    for (i, module) in MODULES.iter().enumerate() {
        assert!(MODULES[..i].iter().all(|other| other.name != module.name), "{}", module.name);
    }
}
