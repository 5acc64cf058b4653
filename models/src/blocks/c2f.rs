//! C2f, the cross-stage block of `YOLOv8`, of whatever convolution unit and whatever blocks a model uses.

use ocelli_engine::{Graph, Result, Value, Weights};

/// The sizes of a [`c2f`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct C2f {
    /// Channels that come out.
    pub(crate) out: usize,
    /// Channels inside.
    pub(crate) inner: usize,
    /// Blocks.
    pub(crate) depth: usize,
}

/// `[n, h, w, c]` to `[n, h, w, out]`. `unit(g, x, w, out, k)` is a convolution of side `k` with its norm and activation,
/// `block(g, x, w)` keeps the shape `[n, h, w, inner]`.
pub(crate) fn c2f(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    C2f { out, inner, depth }: C2f,
    unit: impl Fn(&mut Graph, Value, &Weights, usize, usize) -> Result<Value>,
    block: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Result<Value> {
    let x = unit(g, x, &w.at("cv1"), 2 * inner, 1)?;
    let mut parts = g.split(x, 3, &[inner, inner])?;
    let mut x = parts[1];
    for i in 0..depth {
        x = block(g, x, &w.at("m").at(i))?;
        parts.push(x);
    }
    let x = g.concat(&parts, 3)?;
    unit(g, x, &w.at("cv2"), out, 1)
}
