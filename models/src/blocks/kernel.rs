//! Convolutions whose weights are computed from those of the checkpoint before anything runs.

use ocelli_engine::op::{Conv2d, Epilogue};
use ocelli_engine::{Error, Graph, Result, Shape, Tensor, Value, Weights};

/// The weight `[out, in / groups, k, k]` and the bias of a convolution, its norm folded in.
#[derive(Clone, Debug)]
pub(crate) struct Kernel {
    weight: Tensor,
    bias: Tensor,
}

impl Kernel {
    /// That of the convolution unit at `w`, as trained or with its norm folded by an export.
    pub(crate) fn of_unit(w: &Weights, shape: [usize; 4], eps: f32) -> Result<Kernel> {
        let out = [shape[0]];
        let weight = w.get("conv.weight", &shape)?;
        if w.get_optional("bn.weight", &out)?.is_none() {
            return Ok(Kernel { weight, bias: w.get("conv.bias", &out)? });
        }
        let norm = ["weight", "running_var", "bias", "running_mean"];
        let [gain, var, shift, mean] = norm.map(|name| w.at("bn").get(name, &out));
        let (gain, var, shift, mean) = (gain?, var?, shift?, mean?);
        let rule = ("unit scale", eps.to_bits());
        let scale = Tensor::derive(gain.shape(), &rule, &[&gain, &var], move |of| {
            of[0].iter().zip(&*of[1]).map(|(gain, var)| gain / (var + eps).sqrt()).collect()
        });
        let bias = Tensor::derive(shift.shape(), &"unit bias", &[&shift, &mean, &scale], |of| {
            let rows = of[0].iter().zip(&*of[1]).zip(&*of[2]);
            rows.map(|((shift, mean), scale)| shift - mean * scale).collect()
        });
        let row = weight.shape().elements() / shape[0].max(1);
        let weight =
            Tensor::derive(weight.shape(), &"unit weight", &[&weight, &scale], move |of| {
                let rows = of[0].chunks(row.max(1)).zip(&*of[1]);
                rows.flat_map(|(row, scale)| row.iter().map(move |v| v * scale)).collect()
            });
        Ok(Kernel { weight, bias })
    }

    /// The convolution of the `weight` and the `bias` at `w`.
    pub(crate) fn of_conv(w: &Weights, shape: [usize; 4]) -> Result<Kernel> {
        Ok(Kernel { weight: w.get("weight", &shape)?, bias: w.get("bias", &shape[..1])? })
    }

    /// One convolution for the sum of two, the second with a smaller odd kernel about the same centre.
    pub(crate) fn plus(&self, small: &Kernel) -> Result<Kernel> {
        let bias = Tensor::derive(self.bias.shape(), &"sum", &[&self.bias, &small.bias], |of| {
            of[0].iter().zip(&*of[1]).map(|(a, b)| a + b).collect()
        });
        let sides = |of: &Kernel| match *of.weight.shape() {
            [out, inner, k, _] => Ok(([out, inner], k)),
            _ => Err(mismatch(of.weight.shape())),
        };
        let ((rows, k), (rows_of_small, s)) = (sides(self)?, sides(small)?);
        if rows != rows_of_small || s > k || (k - s) % 2 != 0 {
            return Err(mismatch(small.weight.shape()));
        }
        let from = [&self.weight, &small.weight];
        let weight = Tensor::derive(self.weight.shape(), &"centred sum", &from, move |of| {
            let mut all = of[0].to_vec();
            let border = (k - s) / 2;
            for (large, small) in all.chunks_mut(k * k).zip(of[1].chunks(s * s)) {
                for (i, v) in small.iter().enumerate() {
                    large[(i / s + border) * k + i % s + border] += v;
                }
            }
            all
        });
        Ok(Kernel { weight, bias })
    }

    /// One convolution for the sum of this one and its input, which has as many channels.
    pub(crate) fn plus_input(&self) -> Result<Kernel> {
        let &[out, inner, k, _] = &*self.weight.shape() else {
            return Err(mismatch(self.weight.shape()));
        };
        if out != inner || k % 2 == 0 {
            return Err(mismatch(self.weight.shape()));
        }
        let weight =
            Tensor::derive(self.weight.shape(), &"plus input", &[&self.weight], move |of| {
                let mut all = of[0].to_vec();
                for (i, row) in all.chunks_mut(inner * k * k).enumerate() {
                    row[i * k * k + k * k / 2] += 1.0;
                }
                all
            });
        Ok(Kernel { weight, bias: self.bias.clone() })
    }

    /// Output channel `i` is the one that was `order(i)`; `name` tells orders apart.
    pub(crate) fn reordered(
        &self,
        name: &(impl std::hash::Hash + Clone),
        order: impl Fn(usize) -> usize + Copy + Send + Sync + 'static,
    ) -> Kernel {
        let rows = |tensor: &Tensor| {
            let shape: Shape = tensor.shape();
            let count = shape.first().copied().unwrap_or(0);
            let row = shape.elements() / count.max(1);
            Tensor::derive(shape, &("reordered", name.clone()), &[tensor], move |of| {
                (0..count).flat_map(|i| of[0][order(i) * row..][..row].iter().copied()).collect()
            })
        };
        Kernel { weight: rows(&self.weight), bias: rows(&self.bias) }
    }

    /// `[n, h, w, in]` to `[n, h', w', out]`.
    pub(crate) fn run(
        self,
        g: &mut Graph,
        x: Value,
        label: &str,
        stride: usize,
        pad: usize,
        groups: usize,
    ) -> Result<Value> {
        let op = Conv2d {
            weight: self.weight,
            bias: Some(self.bias),
            stride: [stride; 2],
            pad: [pad; 4],
            dilation: [1; 2],
            groups,
            epilogue: Epilogue::default(),
        };
        g.conv_with(x, op, label)
    }
}

fn mismatch(shape: Shape) -> Error {
    Error::Shape { op: "merged convolutions", what: format!("a weight of shape {shape}") }
}
