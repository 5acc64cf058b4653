//! The network.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::{Config, Csp};
use crate::blocks::boxes::{Form, Places, relative};
use crate::blocks::conv_norm::ConvNorm;
use crate::blocks::kernel::Kernel;

/// What batch norms add to the variance.
const EPS: f32 = 1e-3;
const UNIT: ConvNorm = ConvNorm { eps: EPS, activation: Activation::Relu };

/// What the network answers, and the maps on the way.
#[derive(Clone, Debug)]
pub struct Network {
    /// Corners in pixels of the input, `[n, anchors, 4]`.
    pub boxes: Value,
    /// Probabilities, `[n, anchors, classes]`.
    pub scores: Value,
    /// Name and map of each stage, in order.
    pub stages: Vec<(String, Value)>,
}

/// Pictures `[n, h, w, 3]`, sides multiples of 32, to boxes and scores. Anchors are those of the first level, row by row,
/// then those of the next.
///
/// # Errors
/// A weight is missing or has another shape.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let [_, height, width, _] = g.dims("image", image)?;
    let (backbone, neck, heads) = (w.at("backbone"), w.at("neck"), w.at("heads"));
    let mut stages = Vec::new();
    let mut x = rep(g, image, &backbone.at("stem").at("conv"), config.stem, 2, false)?;
    stages.push(("stem".to_owned(), x));
    let mut maps = [x; 4];
    for (i, &size) in config.stages.iter().enumerate() {
        let w = backbone.at(format!("stage{}", i + 1));
        x = rep(g, x, &w.at("downsample"), size.out, 2, false)?;
        x = csp(g, x, &w.at("blocks"), size, |g, x, w| rep(g, x, w, size.hidden, 1, true))?;
        stages.push((format!("stage{}", i + 1), x));
        maps[i] = x;
    }
    let context = pyramid(g, x, &backbone.at("context_module"), config.context)?;
    stages.push(("context".to_owned(), context));

    let [c2, c3, c4, _] = maps;
    let [up1, up2, down1, down2] = config.neck;
    let (inner1, x) = up(g, [context, c4, c3], &neck.at("neck1"), up1)?;
    let (inner2, p3) = up(g, [x, c3, c2], &neck.at("neck2"), up2)?;
    let p4 = down(g, p3, inner2, &neck.at("neck3"), down1)?;
    let p5 = down(g, p4, inner1, &neck.at("neck4"), down2)?;
    let named = [("neck1", x), ("neck2", p3), ("neck3", p4), ("neck4", p5)];
    stages.extend(named.map(|(name, x)| (name.to_owned(), x)));

    let (mut sides, mut scores) = (Vec::new(), Vec::new());
    for (i, &map) in [p3, p4, p5].iter().enumerate() {
        let [of_sides, of_classes] =
            head(g, map, &heads.at(format!("head{}", i + 1)), config.heads[i], config)?;
        sides.push(of_sides);
        scores.push(of_classes);
    }
    let (sides, scores) = (g.concat(&sides, 1)?, g.concat(&scores, 1)?);
    let boxes = relative(g, sides, config.bins, Form::Corners)?;
    let places = Places::all(g, &[p3, p4, p5], [height, width], Form::Corners)?;
    let boxes = places.place(g, boxes)?;
    Ok(Network { boxes, scores: g.activation(scores, Activation::Sigmoid), stages })
}

/// Enlarges the first map and joins it with one of that size and a larger one: the narrowed first map, and what comes out.
fn up(
    g: &mut Graph,
    [x, same, larger]: [Value; 3],
    w: &Weights,
    size: Csp,
) -> Result<(Value, Value)> {
    let unit =
        |g: &mut Graph, x: Value, name: &str, conv: Conv| unit(g, x, &w.at(name), size.out, conv);
    let same = unit(g, same, "reduce_skip1", Conv::k(1))?;
    let larger = unit(g, larger, "reduce_skip2", Conv::k(1))?;
    let larger = unit(g, larger, "downsample", Conv::same(3).stride(2))?;
    let inner = unit(g, x, "conv", Conv::k(1))?;
    let x = g.conv_transpose(inner, &w.at("upsample"), size.out, Conv::k(2).stride(2))?;
    let x = g.concat(&[x, same, larger], 3)?;
    let x = unit(g, x, "reduce_after_concat", Conv::k(1))?;
    let block = |g: &mut Graph, x: Value, w: &Weights| rep(g, x, w, size.hidden, 1, true);
    Ok((inner, csp(g, x, &w.at("blocks"), size, block)?))
}

/// Shrinks a map and joins it with one of that size.
fn down(g: &mut Graph, x: Value, skip: Value, w: &Weights, size: Csp) -> Result<Value> {
    let x = unit(g, x, &w.at("conv"), size.out / 2, Conv::same(3).stride(2))?;
    let x = g.concat(&[x, skip], 3)?;
    let block = |g: &mut Graph, x: Value, w: &Weights| unit(g, x, w, size.hidden, Conv::same(3));
    csp(g, x, &w.at("blocks"), size, block)
}

/// `[n, h, w, c]` to `[n, h, w, out]`, a part of the channels by way of bottlenecks of two `block`s each.
fn csp(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    size: Csp,
    block: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Result<Value> {
    let mut maps = vec![unit(g, x, &w.at("conv1"), size.hidden, Conv::k(1))?];
    for i in 0..size.depth {
        let (w, x) = (w.at("bottlenecks").at(i), maps[maps.len() - 1]);
        let y = block(g, x, &w.at("cv1"))?;
        let y = block(g, y, &w.at("cv2"))?;
        let gain = g.constant(w.get("alpha", &[1])?);
        let x = g.mul(x, gain)?;
        let sum = g.add(x, y)?;
        if !size.joined {
            maps.clear();
        }
        maps.push(sum);
    }
    maps.push(unit(g, x, &w.at("conv2"), size.hidden, Conv::k(1))?);
    let x = g.concat(&maps, 3)?;
    unit(g, x, &w.at("conv3"), size.out, Conv::k(1))
}

/// `[n, h, w, c]` to `[n, h, w, out]` with the maxima of ever larger windows.
fn pyramid(g: &mut Graph, x: Value, w: &Weights, out: usize) -> Result<Value> {
    let inner = g.shape(x).last_dim() / 2;
    let x = unit(g, x, &w.at("cv1"), inner, Conv::k(1))?;
    let mut maps = vec![x];
    for side in [5, 9, 13] {
        maps.push(g.max_pool(x, side, 1, side / 2)?);
    }
    let x = g.concat(&maps, 3)?;
    unit(g, x, &w.at("cv2"), out, Conv::k(1))
}

/// A level's answers: `[n, h * w, 4 * bins]` for sides, `[n, h * w, classes]` for classes.
fn head(g: &mut Graph, x: Value, w: &Weights, inner: usize, config: &Config) -> Result<[Value; 2]> {
    let [n, height, width, _] = g.dims("head", x)?;
    let x = unit(g, x, &w.at("stem").at("seq"), inner, Conv::k(1))?;
    let mut branch = |convs: &str, last: &str, out: usize| {
        let x = unit(g, x, &w.at(convs).at("0.seq"), inner, Conv::same(3))?;
        let x = g.conv(x, &w.at(last), out, Conv::k(1))?;
        g.reshape(x, &[n, height * width, out])
    };
    let sides = branch("reg_convs", "reg_pred", 4 * config.bins)?;
    Ok([sides, branch("cls_convs", "cls_pred", config.classes)?])
}

/// Convolution, batch norm and `ReLU`.
fn unit(g: &mut Graph, x: Value, w: &Weights, out: usize, conv: Conv) -> Result<Value> {
    UNIT.run(g, x, w, ["conv", "bn"], out, conv)
}

/// A 3 x 3 and a 1 x 1 convolution and perhaps the input, summed, normed and rectified: one convolution here.
///
/// Exports have `rbr_reparam` for the sum, or for all of it.
fn rep(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    stride: usize,
    identity: bool,
) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let (large, small) = ([out, c, 3, 3], [out, c, 1, 1]);
    let trained = w.get_optional("branch_3x3.conv.weight", &large)?.is_some();
    let kernel = if trained {
        let branches = Kernel::of_unit(&w.at("branch_3x3"), large, EPS)?
            .plus(&Kernel::of_conv(&w.at("branch_1x1"), small)?)?;
        if identity { branches.plus_input()? } else { branches }
    } else {
        Kernel::of_conv(&w.at("rbr_reparam"), large)?
    };
    let x = kernel.run(g, x, w.prefix(), stride, 1, 1)?;
    let normed = w.get_optional("post_bn.weight", &[out])?.is_some();
    let x = if normed { g.batch_norm(x, &w.at("post_bn"), EPS)? } else { x };
    Ok(g.relu(x))
}
