//! `MobileNetV2` (Sandler et al. 2018) in torchvision's names: `features.I.conv.J`.

use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Result, Value, Weights};

use super::dilated::{Pace, pace};
use super::unit::Unit;

const EPS: f32 = 1e-5;
const RELU6: Activation = Activation::Clip(0.0, 6.0);

/// Equal blocks one after the other, but for the stride of the first: repeat, stride, expansion, channels, and the stride of
/// the stage that `segmentation_models_pytorch` counts them to.
const BLOCKS: [[usize; 5]; 7] = [
    [1, 1, 1, 16, 2],
    [2, 2, 6, 24, 4],
    [3, 2, 6, 32, 8],
    [4, 2, 6, 64, 16],
    [3, 1, 6, 96, 16],
    [3, 2, 6, 160, 32],
    [1, 1, 6, 320, 32],
];

/// Pictures to the maps of stride 4 and of `output_stride`.
pub(crate) fn maps(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    output_stride: usize,
) -> Result<[Value; 2]> {
    let w = w.at("features");
    let stem = Unit::new(3, EPS, RELU6).stride(2);
    let mut x = stem.run(g, image, &w.at(0), ["0", "1"], 32)?;
    let (mut fine, mut index) = (x, 1);
    for [repeat, stride, expand, out, stage] in BLOCKS {
        for i in 0..repeat {
            let pace = pace(stage, if i == 0 { stride } else { 1 }, output_stride);
            let y = block(g, x, &w.at(index).at("conv"), (pace, expand, out))?;
            x = if i > 0 { g.add(y, x)? } else { y };
            index += 1;
        }
        if stage == 4 {
            fine = x;
        }
    }
    let last = Unit::new(1, EPS, RELU6);
    let x = last.run(g, x, &w.at(index), ["0", "1"], 1280)?;
    Ok([fine, x])
}

/// `[n, h, w, c]` to `[n, h', w', out]`, without its shortcut.
fn block(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    (pace, expand, out): (Pace, usize, usize),
) -> Result<Value> {
    let inner = g.shape(x).last_dim() * expand;
    let Pace { stride, dilation } = pace;
    let wide = Unit::new(3, EPS, RELU6).depthwise().stride(stride).dilation(dilation.unwrap_or(1));
    let narrow = Unit::new(1, EPS, Activation::Identity);
    if expand == 1 {
        let y = wide.run(g, x, &w.at(0), ["0", "1"], inner)?;
        return narrow.run(g, y, w, ["1", "2"], out);
    }
    let y = Unit::new(1, EPS, RELU6).run(g, x, &w.at(0), ["0", "1"], inner)?;
    let y = wide.run(g, y, &w.at(1), ["0", "1"], inner)?;
    narrow.run(g, y, w, ["2", "3"], out)
}
