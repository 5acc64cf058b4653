//! From distances to a place's box.

use ocelli_engine::op::{Epilogue, Linear, Unary};
use ocelli_engine::{Error, Graph, Result, Shape, Tensor, Value};

/// How boxes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Centre x, centre y, width, height.
    Centre,
    /// x1, y1, x2, y2.
    Corners,
}

/// Where the anchors are, in pixels of the input.
pub(crate) struct Places {
    /// What a box's numbers count from, `[1 or n, k, 4]`: the anchor, and for [`Form::Centre`] zero for the sides.
    pub(crate) origins: Value,
    /// Pixels from one anchor of the level to the next, `[1 or n, k, 1]`.
    pub(crate) strides: Value,
}

impl Places {
    /// The anchors of all levels, in the middle of each place of the maps.
    pub(crate) fn all(
        g: &mut Graph,
        features: &[Value],
        input: [usize; 2],
        form: Form,
    ) -> Result<Places> {
        let (mut origins, mut strides) = (Vec::new(), Vec::new());
        for &x in features {
            let [_, height, width, _] = g.dims("head", x)?;
            let stride = stride(input, [height, width])?;
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let [x, y] = [x, y].map(|i| (i as f32 + 0.5) * stride);
                origins.extend(match form {
                    Form::Centre => [x, y, 0.0, 0.0],
                    Form::Corners => [x, y, x, y],
                });
                strides.push(stride);
            }
        }
        let count = strides.len();
        Ok(Places {
            origins: g.table(&[1, count, 4], origins)?,
            strides: g.table(&[1, count, 1], strides)?,
        })
    }

    /// The anchors `rows` `[n, k]` of these.
    pub(crate) fn at(&self, g: &mut Graph, rows: Value) -> Result<Places> {
        let ([n, _], [_, count, _]) = (g.dims("head", rows)?, g.dims("head", self.strides)?);
        let mut pick = |table: Value, width: usize| {
            let table = g.expand(table, &[n, count, width])?;
            g.gather_rows(table, rows)
        };
        Ok(Places { origins: pick(self.origins, 4)?, strides: pick(self.strides, 1)? })
    }

    /// `relative` `[n, k, 4]`, in strides from the anchors, in pixels of the input.
    pub(crate) fn place(&self, g: &mut Graph, relative: Value) -> Result<Value> {
        let pixels = g.mul(relative, self.strides)?;
        g.add(pixels, self.origins)
    }
}

/// Pixels of the input for one place of a map, a power of two: a map of an input that it does not divide is rounded up.
pub(crate) fn stride(input: [usize; 2], map: [usize; 2]) -> Result<f32> {
    if map.contains(&0) {
        let what = format!("a map of {} x {} places", map[0], map[1]);
        return Err(Error::Shape { op: "head", what });
    }
    let ratio = |side: usize| input[side].div_ceil(map[side]).next_power_of_two();
    Ok(ratio(0).max(ratio(1)) as f32)
}

/// Distributions `[n, k, 4 * bins]` of the distances to the left, top, right and bottom side, or with one bin the
/// distances, to boxes `[n, k, 4]` in strides from the anchors.
///
/// The mean of a distribution and the way from distances to a box are linear, hence one matrix.
pub(crate) fn relative(g: &mut Graph, distances: Value, bins: usize, form: Form) -> Result<Value> {
    let [n, k, sides] = g.dims("head", distances)?;
    let x = if bins > 1 {
        let x = g.reshape(distances, &[n, k, 4, bins])?;
        let x = g.softmax(x);
        g.reshape(x, &[n, k, sides])?
    } else {
        distances
    };
    let weight = Shape::new(&[4, 4 * bins])
        .and_then(|shape| Tensor::from_vec(shape, matrix(bins, form)))
        .ok_or_else(|| Error::Shape { op: "head", what: format!("{bins} bins of a side") })?;
    g.linear_with(x, Linear { weight, bias: None, epilogue: Epilogue::default() }, "dfl")
}

/// `[4, 4 * bins]`
fn matrix(bins: usize, form: Form) -> Vec<f32> {
    let of_sides: [[f32; 4]; 4] = match form {
        Form::Centre => [
            [-0.5, 0.0, 0.5, 0.0],
            [0.0, -0.5, 0.0, 0.5],
            [1.0, 0.0, 1.0, 0.0],
            [0.0, 1.0, 0.0, 1.0],
        ],
        Form::Corners => [
            [-1.0, 0.0, 0.0, 0.0],
            [0.0, -1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
        ],
    };
    let value = |bin: usize| if bins > 1 { bin as f32 } else { 1.0 };
    let row =
        |row: [f32; 4]| row.into_iter().flat_map(move |of| (0..bins).map(move |i| of * value(i)));
    of_sides.into_iter().flat_map(row).collect()
}

/// Turns the centres of boxes `[n, k, 4]` ([`Form::Centre`], in strides from the anchors) around the anchors by `angle`
/// `[n, k, 1]`.
pub(crate) fn turn(g: &mut Graph, boxes: Value, angle: Value) -> Result<Value> {
    let parts = g.split(boxes, 2, &[1, 1, 2])?;
    let (cos, sin) = (g.unary(angle, Unary::Cos), g.unary(angle, Unary::Sin));
    let (x_cos, y_sin) = (g.mul(parts[0], cos)?, g.mul(parts[1], sin)?);
    let (x_sin, y_cos) = (g.mul(parts[0], sin)?, g.mul(parts[1], cos)?);
    let (x, y) = (g.sub(x_cos, y_sin)?, g.add(x_sin, y_cos)?);
    g.concat(&[x, y, parts[2]], 2)
}
