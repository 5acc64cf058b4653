//! C2f, the cross-stage block of `YOLOv8`, of whatever convolution unit a model uses.

use ocelli_engine::{Graph, Result, Value, Weights};

/// The sizes of a [`c2f`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct C2f {
    /// Channels that come out.
    pub(crate) out: usize,
    /// Channels inside.
    pub(crate) inner: usize,
    /// Bottlenecks.
    pub(crate) depth: usize,
    /// Whether a bottleneck's input is added to its output.
    pub(crate) shortcut: bool,
}

/// `[n, h, w, c]` to `[n, h, w, out]`. `unit(g, x, w, out, k)` is a convolution of side `k` with its norm and activation.
pub(crate) fn c2f(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    C2f { out, inner, depth, shortcut }: C2f,
    unit: impl Fn(&mut Graph, Value, &Weights, usize, usize) -> Result<Value>,
) -> Result<Value> {
    let x = unit(g, x, &w.at("cv1"), 2 * inner, 1)?;
    let mut parts = g.split(x, 3, &[inner, inner])?;
    let mut x = parts[1];
    for i in 0..depth {
        let w = w.at("m").at(i);
        let y = unit(g, x, &w.at("cv1"), inner, 3)?;
        let y = unit(g, y, &w.at("cv2"), inner, 3)?;
        x = if shortcut { g.add(x, y)? } else { y };
        parts.push(x);
    }
    let x = g.concat(&parts, 3)?;
    unit(g, x, &w.at("cv2"), out, 1)
}
