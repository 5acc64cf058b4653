//! Convolutions.

use ocelli_engine::op::{Conv2d, Epilogue};
use ocelli_engine::{Conv, Result};

use crate::maker::{Case, Maker};
use crate::random::Random;

pub(crate) const CASES: &[Case] = &[
    Case { name: "any convolution", make: any },
    Case { name: "grouped convolution", make: grouped },
    Case { name: "depthwise convolution", make: depthwise },
    Case { name: "pointwise convolution", make: pointwise },
    Case { name: "3x3 convolution", make: three_by_three },
    Case { name: "patch embedding", make: patches },
    Case { name: "transposed convolution", make: transposed },
];

/// Groups, channels of a group, and results of a group.
type Channels = [usize; 3];

fn any(m: &mut Maker) -> Result<()> {
    let channels = [1, m.random.channels(), m.random.channels()];
    windows(m, channels)
}

fn grouped(m: &mut Maker) -> Result<()> {
    let channels = [m.random.count(2, 5), m.random.of(&[1, 2, 3, 8, 17]), m.random.extent()];
    windows(m, channels)
}

fn depthwise(m: &mut Maker) -> Result<()> {
    let channels = [m.random.channels(), 1, m.random.of(&[1, 1, 1, 2])];
    windows(m, channels)
}

/// Kernel, stride, dilation and padding of all kinds.
fn windows(m: &mut Maker, [groups, inner, out]: Channels) -> Result<()> {
    let r = &mut m.random;
    let kernel = [r.of(&[1, 2, 3, 3, 5, 7]), r.of(&[1, 2, 3, 3, 5, 7])];
    let stride = [r.count(1, 3), r.count(1, 3)];
    let dilation = [r.of(&[1, 1, 2, 3]), r.of(&[1, 1, 2, 3])];
    let pad = std::array::from_fn(|side| r.count(0, kernel[side % 2]));
    let size = |r: &mut Random, i: usize| {
        let reach = (kernel[i] - 1) * dilation[i] + 1;
        reach.saturating_sub(pad[i] + pad[i + 2]).max(1) + r.count(0, 13)
    };
    let image = [r.count(1, 3), size(r, 0), size(r, 1), groups * inner];
    let op = Conv2d {
        weight: m.tensor(&[groups * out, inner, kernel[0], kernel[1]]),
        bias: m.maybe_tensor(&[groups * out]),
        stride,
        pad,
        dilation,
        groups,
        epilogue: Epilogue::default(),
    };
    let x = m.input(&image)?;
    let y = m.graph.conv_with(x, op, "conv")?;
    m.output(y);
    Ok(())
}

fn pointwise(m: &mut Maker) -> Result<()> {
    plain(m, |_| Conv::k(1))
}

fn three_by_three(m: &mut Maker) -> Result<()> {
    plain(m, |r| Conv::same(3).stride(r.of(&[1, 1, 1, 2])))
}

/// An image of many sizes and channels.
fn plain(m: &mut Maker, geometry: fn(&mut Random) -> Conv) -> Result<()> {
    let r = &mut m.random;
    let image = [r.count(1, 2), r.count(1, 40), r.count(1, 40), r.channels()];
    let (out, geometry) = (r.channels(), geometry(r));
    let (x, w) = (m.input(&image)?, m.weights());
    let y = if m.random.once_in(2) {
        m.graph.conv(x, &w, out, geometry)?
    } else {
        m.graph.conv_no_bias(x, &w, out, geometry)?
    };
    m.output(y);
    Ok(())
}

fn patches(m: &mut Maker) -> Result<()> {
    let side = m.random.of(&[2, 4, 7, 14, 16]);
    let (rows, columns) = (m.random.count(1, 4), m.random.count(1, 4));
    let rest = m.random.of(&[0, 0, 1]);
    let (x, w) = (m.input(&[2, rows * side + rest, columns * side, 3])?, m.weights());
    let out = m.random.channels();
    let y = m.graph.conv(x, &w, out, Conv::k(side).stride(side))?;
    m.output(y);
    Ok(())
}

fn transposed(m: &mut Maker) -> Result<()> {
    let r = &mut m.random;
    let kernel = r.count(1, 5);
    let pad = r.count(0, (kernel - 1) / 2);
    let geometry = Conv::k(kernel).stride(r.count(1, 4)).pad(pad);
    let image = [r.count(1, 2), r.extent(), r.extent(), r.channels()];
    let out = r.channels();
    let (x, w) = (m.input(&image)?, m.weights());
    let y = m.graph.conv_transpose(x, &w, out, geometry)?;
    m.output(y);
    Ok(())
}
