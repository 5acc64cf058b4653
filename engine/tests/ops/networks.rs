//! Blocks of networks, as models describe them: what passes fuse and plans place.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Result, Value};

use crate::arithmetic::all_activations;
use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "convolution, norm, activation, residual", make: residual_conv },
    Case { name: "linear layers with residuals", make: residual_linear },
    Case { name: "transformer block", make: transformer },
    Case { name: "queries, keys and values of one layer", make: joint_qkv },
    Case { name: "C2f", make: c2f },
    Case { name: "SPPF", make: sppf },
    Case { name: "pyramid", make: pyramid },
    Case { name: "squeeze and excitation", make: squeeze },
    Case { name: "windows", make: windows },
];

fn activation(m: &mut Maker) -> Activation {
    m.random.of(&all_activations())
}

fn image(m: &mut Maker, channels: usize) -> Result<Value> {
    let dims = [m.random.count(1, 2), m.random.count(4, 12), m.random.count(4, 12), channels];
    m.input(&dims)
}

/// `activation(norm(conv(x)) + x)` and `activation(norm(conv(x))) + x`, and nearly so: with the sum used elsewhere, too.
fn residual_conv(m: &mut Maker) -> Result<()> {
    let c = m.random.of(&[3, 8, 16, 32, 33]);
    let mut x = image(m, c)?;
    for _ in 0..m.random.count(1, 3) {
        let (w, kind, act) = (m.weights(), m.random.count(0, 5), activation(m));
        let groups = if m.random.once_in(3) { c } else { 1 };
        let geometry = Conv::same(m.random.of(&[1, 3])).groups(groups);
        let y = m.graph.conv_no_bias(x, &w.at("conv"), c, geometry)?;
        let normal = m.graph.batch_norm(y, &w.at("norm"), 1e-5)?;
        x = match kind {
            0 => {
                let sum = m.graph.add(normal, x)?;
                m.graph.activation(sum, act)
            }
            1 => {
                let sum = m.graph.add(x, normal)?;
                m.graph.activation(sum, act)
            }
            2 => {
                let y = m.graph.activation(normal, act);
                m.graph.add(x, y)?
            }
            3 => {
                let y = m.graph.activation(normal, act);
                m.output(normal);
                m.graph.add(y, x)?
            }
            4 => {
                let y = m.graph.activation(normal, act);
                m.graph.add(y, y)?
            }
            _ => {
                let row = m.input(&[c])?;
                let y = m.graph.add(normal, row)?;
                m.graph.activation(y, act)
            }
        };
        if m.random.once_in(3) {
            m.output(y);
        }
        if m.random.once_in(3) {
            m.output(x);
        }
    }
    m.output(x);
    Ok(())
}

fn residual_linear(m: &mut Maker) -> Result<()> {
    let c = m.random.of(&[4, 16, 31, 64]);
    let mut x = m.input(&[2, 7, c])?;
    for _ in 0..m.random.count(1, 3) {
        let (w, act) = (m.weights(), activation(m));
        let y = m.graph.linear(x, &w.at("fc1"), 2 * c)?;
        let y = m.graph.activation(y, act);
        let y = m.graph.linear(y, &w.at("fc2"), c)?;
        let y = if m.random.once_in(2) { m.graph.layer_scale(y, &w, "gamma")? } else { y };
        x = if m.random.once_in(2) {
            m.graph.add(x, y)?
        } else {
            let sum = m.graph.add(y, x)?;
            m.graph.layer_norm(sum, &w.at("norm"), 1e-6)?
        };
    }
    m.output(x);
    Ok(())
}

/// As in a vision transformer: a token in front, positions, pre-norm blocks, and the tokens an image again.
fn transformer(m: &mut Maker) -> Result<()> {
    let (heads, side) = (m.random.of(&[1, 2, 4]), m.random.count(2, 4));
    let (n, d) = (m.random.count(1, 2), heads * m.random.of(&[8, 16, 17]));
    let (image, w) = (m.input(&[n, side * 4, side * 4, 3])?, m.weights());
    let x = m.graph.conv(image, &w.at("patch"), d, Conv::k(4).stride(4))?;
    let x = m.graph.reshape(x, &[n, side * side, d])?;
    let class = w.get("class", &[1, 1, d])?;
    let class = m.graph.constant(class);
    let class = m.graph.expand(class, &[n, 1, d])?;
    let x = m.graph.concat(&[class, x], 1)?;
    let positions = w.get("positions", &[1, side * side + 1, d])?;
    let positions = m.graph.constant(positions);
    let mut x = m.graph.add(x, positions)?;
    for i in 0..m.random.count(1, 2) {
        let w = w.at(i);
        let y = m.graph.layer_norm(x, &w.at("norm1"), 1e-6)?;
        let q = m.graph.linear(y, &w.at("q"), d)?;
        let k = m.graph.linear(y, &w.at("k"), d)?;
        let v = m.graph.linear(y, &w.at("v"), d)?;
        let y = m.graph.attention(q, k, v, heads)?;
        let y = m.graph.linear(y, &w.at("out"), d)?;
        let y = m.graph.layer_scale(y, &w, "scale1")?;
        x = m.graph.add(x, y)?;
        let y = m.graph.layer_norm(x, &w.at("norm2"), 1e-6)?;
        let y = m.graph.linear(y, &w.at("fc1"), 3 * d)?;
        let y = m.graph.activation(y, Activation::Gelu);
        let y = m.graph.linear(y, &w.at("fc2"), d)?;
        x = m.graph.add(y, x)?;
    }
    let class = m.graph.slice(x, 1, 0..1)?;
    let class = m.graph.reshape(class, &[n, d])?;
    let logits = m.graph.linear(class, &w.at("head"), 10)?;
    m.output(logits);
    let tokens = m.graph.slice(x, 1, 1..side * side + 1)?;
    let image = m.graph.reshape(tokens, &[n, side, side, d])?;
    let y = m.graph.conv(image, &w.at("neck"), 5, Conv::same(3))?;
    m.output(y);
    Ok(())
}

/// One linear layer whose result is three operands, and attention with positions on two of them.
fn joint_qkv(m: &mut Maker) -> Result<()> {
    let (heads, t) = (m.random.of(&[1, 2, 3]), m.random.extent());
    let (n, d) = (m.random.count(1, 3), heads * m.random.of(&[4, 16, 17]));
    let (x, w) = (m.input(&[n, t, d])?, m.weights());
    let y = m.graph.linear(x, &w.at("qkv"), 3 * d)?;
    let [q, k, v] = m.graph.split(y, 2, &[d, d, d])?[..] else { return Ok(()) };
    let y = m.graph.attention(q, k, v, heads)?;
    let y = m.graph.linear(y, &w.at("out"), d)?;
    let y = m.graph.add(y, x)?;
    m.output(y);
    let positions = m.input(&[n, t, d])?;
    let placed = m.graph.add(y, positions)?;
    let q = m.graph.linear(placed, &w.at("q"), d)?;
    let k = m.graph.linear(placed, &w.at("k"), d)?;
    let v = m.graph.linear(y, &w.at("v"), d)?;
    let z = m.graph.attention(q, k, v, heads)?;
    m.output(z);
    if m.random.once_in(2) {
        m.output(k);
    }
    Ok(())
}

fn conv_bn_silu(m: &mut Maker, x: Value, out: usize, geometry: Conv) -> Result<Value> {
    let w = m.weights();
    m.graph.conv_bn(x, &w, ("conv", "bn"), out, geometry, Activation::Silu)
}

/// Halves of channels, each next to what is made of the one before, as in `YOLOv8`.
fn c2f(m: &mut Maker) -> Result<()> {
    let c = m.random.of(&[2, 8, 16, 17]);
    let shortcut = m.random.once_in(2);
    let x = image(m, 2 * c)?;
    let x = conv_bn_silu(m, x, 2 * c, Conv::k(1))?;
    let mut parts = m.graph.split(x, 3, &[c, c])?;
    for _ in 0..m.random.count(1, 3) {
        let last = parts[parts.len() - 1];
        let y = conv_bn_silu(m, last, c, Conv::same(3))?;
        let y = conv_bn_silu(m, y, c, Conv::same(3))?;
        parts.push(if shortcut { m.graph.add(last, y)? } else { y });
    }
    let y = m.graph.concat(&parts, 3)?;
    let y = conv_bn_silu(m, y, 2 * c, Conv::k(1))?;
    m.output(y);
    if m.random.once_in(3) {
        m.output(parts[parts.len() - 1]);
    }
    Ok(())
}

/// Pools of pools side by side.
fn sppf(m: &mut Maker) -> Result<()> {
    let c = m.random.of(&[4, 16, 17]);
    let x = image(m, c)?;
    let x = conv_bn_silu(m, x, c, Conv::k(1))?;
    let a = m.graph.max_pool(x, 5, 1, 2)?;
    let b = m.graph.max_pool(a, 5, 1, 2)?;
    let d = m.graph.max_pool(b, 5, 1, 2)?;
    let y = m.graph.concat(&[x, a, b, d], 3)?;
    let y = conv_bn_silu(m, y, c, Conv::k(1))?;
    m.output(y);
    Ok(())
}

/// Levels that meet by upsampling and concatenation, predictions flattened and side by side.
fn pyramid(m: &mut Maker) -> Result<()> {
    let [n, h, w, c] = [m.random.count(1, 2), m.random.count(2, 5), m.random.count(2, 5), 8];
    let (fine, classes) = (m.input(&[n, 2 * h, 2 * w, c])?, m.random.count(1, 9));
    let fine = conv_bn_silu(m, fine, c, Conv::same(3))?;
    let coarse = conv_bn_silu(m, fine, 2 * c, Conv::same(3).stride(2))?;
    let up = m.graph.upsample_nearest(coarse, 2)?;
    let up = m.graph.resize_bilinear(up, [2 * h, 2 * w])?;
    let joint = m.graph.concat(&[up, fine], 3)?;
    let joint = conv_bn_silu(m, joint, c, Conv::k(1))?;
    let mut levels = Vec::new();
    for level in [joint, coarse] {
        let [_, h, w, _] = m.graph.dims("level", level)?;
        let weights = m.weights();
        let boxes = m.graph.conv(level, &weights.at("box"), 4, Conv::k(1))?;
        let scores = m.graph.conv(level, &weights.at("class"), classes, Conv::same(3))?;
        let y = m.graph.concat(&[boxes, scores], 3)?;
        levels.push(m.graph.reshape(y, &[n, h * w, 4 + classes])?);
    }
    let all = m.graph.concat(&levels, 1)?;
    let scores = m.graph.slice(all, 2, 4..4 + classes)?;
    let scores = m.graph.activation(scores, Activation::Sigmoid);
    m.output(scores);
    let boxes = m.graph.slice(all, 2, 0..4)?;
    let [centre, size] = m.graph.split(boxes, 2, &[2, 2])?[..] else { return Ok(()) };
    let size = m.graph.exp(size);
    let half = m.graph.scale(size, 0.5)?;
    let low = m.graph.sub(centre, half)?;
    let high = m.graph.add(centre, half)?;
    let corners = m.graph.concat(&[low, high], 2)?;
    m.output(corners);
    Ok(())
}

fn squeeze(m: &mut Maker) -> Result<()> {
    let c = m.random.of(&[4, 16, 33]);
    let (x, w) = (image(m, c)?, m.weights());
    let x = m.graph.conv(x, &w.at("dw"), c, Conv::same(5).groups(c))?;
    let x = m.graph.activation(x, Activation::HardSwish);
    let mean = m.graph.global_avg_pool(x)?;
    let y = m.graph.conv(mean, &w.at("fc1"), 4, Conv::k(1))?;
    let y = m.graph.relu(y);
    let y = m.graph.conv(y, &w.at("fc2"), c, Conv::k(1))?;
    let y = m.graph.activation(y, Activation::HardSigmoid);
    let y = m.graph.mul(x, y)?;
    let y = m.graph.conv(y, &w.at("pw"), c, Conv::k(1))?;
    let y = m.graph.add(x, y)?;
    m.output(y);
    Ok(())
}

/// Windows of an image as a batch of tokens, attention in each, and back.
fn windows(m: &mut Maker) -> Result<()> {
    let [n, rows, columns, side] = [m.random.count(1, 2), 2, 3, m.random.count(2, 4)];
    let (heads, d) = (2, 2 * m.random.of(&[4, 8, 9]));
    let (x, w) = (m.input(&[n, rows * side, columns * side, d])?, m.weights());
    let y = m.graph.layer_norm(x, &w.at("norm"), 1e-5)?;
    let y = m.graph.reshape(y, &[n, rows, side, columns, side, d])?;
    let y = m.graph.transpose(y, &[0, 1, 3, 2, 4, 5])?;
    let y = m.graph.reshape(y, &[n * rows * columns, side * side, d])?;
    let qkv = m.graph.linear(y, &w.at("qkv"), 3 * d)?;
    let [q, k, v] = m.graph.split(qkv, 2, &[d, d, d])?[..] else { return Ok(()) };
    let y = m.graph.attention(q, k, v, heads)?;
    let y = m.graph.linear(y, &w.at("out"), d)?;
    let y = m.graph.reshape(y, &[n, rows, columns, side, side, d])?;
    let y = m.graph.transpose(y, &[0, 1, 3, 2, 4, 5])?;
    let y = m.graph.reshape(y, &[n, rows * side, columns * side, d])?;
    let y = m.graph.add(x, y)?;
    m.output(y);
    Ok(())
}
