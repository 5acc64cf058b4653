//! Modules that move, join and resize maps.

use ocelli_engine::op::{Filter, PadMode, Resize};
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::call::Call;

/// `Concat`: 1, the dimension of the channels.
pub(super) fn concat(
    g: &mut Graph,
    inputs: &[&[Value]],
    _: &Weights,
    call: &Call<'_>,
) -> Result<Vec<Value>> {
    if call.size(0, 1)? != 1 {
        return Err(wrong("maps are joined by channels only".to_owned()));
    }
    let maps = inputs.iter().map(|maps| single(maps)).collect::<Result<Vec<_>>>()?;
    Ok(vec![g.concat(&maps, 3)?])
}

/// `nn.Upsample`: -, factor, `nearest` or `bilinear`.
pub(super) fn upsample(g: &mut Graph, x: Value, _: &Weights, call: &Call<'_>) -> Result<Value> {
    let factor = call.size(1, 1)?;
    let [_, h, w, _] = g.dims("upsample", x)?;
    if call.optional_size(0)?.is_some() || !(1..=16).contains(&factor) {
        return Err(wrong(format!("{:?}", call.args)));
    }
    match call.name(2, "nearest")? {
        "nearest" => g.upsample_nearest(x, factor),
        "bilinear" => g.resize_bilinear(x, [h * factor, w * factor]),
        other => Err(wrong(format!("the filter {other}"))),
    }
}

/// `nn.MaxPool2d`: side, stride, padding.
pub(super) fn max_pool(g: &mut Graph, x: Value, _: &Weights, call: &Call<'_>) -> Result<Value> {
    let side = call.size(0, 2)?;
    let (stride, pad) = (call.size(1, side)?, call.size(2, 0)?);
    if 2 * pad > side {
        return Err(wrong(format!("{pad} pixels around windows of {side}")));
    }
    g.max_pool(x, side, stride, pad)
}

/// `MP`: side, which is the stride too.
pub(super) fn max_down(g: &mut Graph, x: Value, _: &Weights, call: &Call<'_>) -> Result<Value> {
    let side = call.size(0, 2)?;
    g.max_pool(x, side, side, 0)
}

/// `nn.ZeroPad2d`: left, right, top, bottom.
pub(super) fn zero_pad(g: &mut Graph, x: Value, _: &Weights, call: &Call<'_>) -> Result<Value> {
    match call.sizes(0)?.as_deref() {
        Some(&[left, right, top, bottom]) if left.max(right).max(top).max(bottom) <= 64 => {
            let pads = [[0, 0], [top, bottom], [left, right], [0, 0]];
            g.pad(x, &pads, PadMode::Constant(0.0))
        }
        _ => Err(wrong(format!("{:?}", call.args))),
    }
}

/// `nn.Identity`.
#[allow(clippy::unnecessary_wraps, reason = "modules can fail")]
pub(super) fn identity(_: &mut Graph, x: Value, _: &Weights, _: &Call<'_>) -> Result<Value> {
    Ok(x)
}

/// `CBLinear`: channels of each map that comes out, kernel, stride, padding, groups.
pub(super) fn branches(
    g: &mut Graph,
    inputs: &[&[Value]],
    w: &Weights,
    call: &Call<'_>,
) -> Result<Vec<Value>> {
    let [maps] = inputs else { return Err(wrong(format!("{} inputs", inputs.len()))) };
    let sizes = call.sizes(0)?.filter(|sizes| !sizes.is_empty() && sizes.len() <= 64);
    let sizes = sizes.ok_or_else(|| wrong("a list of channels is needed".to_owned()))?;
    let kernel = call.size(1, 1)?;
    let pad = call.size(3, kernel / 2)?;
    let geometry = Conv::k(kernel).stride(call.size(2, 1)?).pad(pad).groups(call.size(4, 1)?);
    let x = g.conv(single(maps)?, &w.at("conv"), sizes.iter().sum(), geometry)?;
    g.split(x, 3, &sizes)
}

/// `CBFuse`: of each input but the last, which of its maps is resized to the last and added to it.
pub(super) fn fuse(
    g: &mut Graph,
    inputs: &[&[Value]],
    _: &Weights,
    call: &Call<'_>,
) -> Result<Vec<Value>> {
    let chosen = call.sizes(0)?.unwrap_or_default();
    let Some((target, others)) = inputs.split_last().filter(|(_, all)| all.len() == chosen.len())
    else {
        return Err(wrong(format!("{} inputs, {} choices", inputs.len(), chosen.len())));
    };
    let target = single(target)?;
    let [_, height, width, _] = g.dims("fuse", target)?;
    let resize = Resize { filter: Filter::Nearest, align_corners: false, antialias: false };
    let mut sum = None;
    for (maps, &i) in others.iter().zip(&chosen) {
        let Some(&map) = maps.get(i) else { return Err(wrong(format!("no map {i}"))) };
        let map = g.resize(map, [height, width], resize)?;
        sum = Some(match sum {
            Some(sum) => g.add(sum, map)?,
            None => map,
        });
    }
    let all = sum.map_or(Ok(target), |sum| g.add(sum, target))?;
    Ok(vec![all])
}

/// The map of a layer that has one.
pub(in crate::yolo) fn single(maps: &[Value]) -> Result<Value> {
    match *maps {
        [map] => Ok(map),
        _ => Err(wrong(format!("an input of {} maps where one is needed", maps.len()))),
    }
}

fn wrong(what: String) -> Error {
    Error::Shape { op: "argument", what }
}
