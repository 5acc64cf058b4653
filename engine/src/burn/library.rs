//! One operation, by whichever family it belongs to.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use burn_backend::{DType, ExecutionError, FloatDType, TensorData, read_sync};

use super::array::{Array, kept};
use super::faults::{self, Watch};
use super::kernels::Kernels;
use super::{arithmetic, conv, image, layout, linear, norm, sample, select};
use crate::cpu::CpuExecutor;
use crate::eager::{Constants, Form, Library};
use crate::op::{Op, Resize};
use crate::{Error, Executor, Graph, Key, Precision, Result, Shape, Tensor};

/// What is on a device in some form as long as a program needs it.
type Held<B> = HashMap<(Key, Form), Weak<Array<B>>>;

/// A device, and what was put on it.
pub(super) struct Burn<B: Kernels> {
    name: &'static str,
    device: B::Device,
    watch: Watch,
    /// The type of weights and values. Indices are `f32`.
    numbers: FloatDType,
    /// Bytes of the largest buffer.
    largest: u64,
    /// Evaluates what depends on constants alone.
    pub(super) host: CpuExecutor,
    /// Those that some program still holds.
    constants: Mutex<Held<B>>,
    /// By what the matrices do, from how many pixels and to how many.
    resizings: Mutex<HashMap<(Resize, usize, usize), Array<B>>>,
}

impl<B: Kernels> Burn<B> {
    pub(super) fn new(
        (name, device): (&'static str, B::Device),
        largest: u64,
        precision: Precision,
    ) -> Result<Burn<B>> {
        let watch = Watch::of(&device);
        let numbers = numbers::<B>(name, &device, precision)?;
        let (host, constants, resizings) =
            (CpuExecutor::new(0)?, Mutex::default(), Mutex::default());
        Ok(Burn { name, device, watch, numbers, largest, host, constants, resizings })
    }

    /// An array of `f32`.
    fn upload_f32(&self, shape: Shape, values: &[f32]) -> Array<B> {
        Array(B::float_from_data(TensorData::new(values.to_vec(), kept(&shape)), &self.device))
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    fn caught<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        caught(self.name, work)
    }

    /// Whether the device can hold an array of `shape` in one buffer.
    fn check(&self, shape: &[usize]) -> Result<()> {
        let bytes = shape.iter().fold(4_u64, |bytes, &n| bytes.saturating_mul(n as u64));
        if bytes <= self.largest {
            return Ok(());
        }
        let (mb, largest) = (bytes >> 20, self.largest >> 20);
        let what = format!("{shape:?} is {mb} MiB, where its buffers have {largest} at most");
        Err(Error::Device { device: self.name.to_owned(), what })
    }

    fn failed(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        failed(self.name, cause)
    }

    fn refused(&self, error: &ExecutionError) -> Error {
        self.failed(error.to_string())
    }
}

impl<B: Kernels> Library for Burn<B> {
    type Array = Array<B>;

    fn form(&self, op: &Op) -> Form {
        conv::form(op)
    }

    fn constant(&self, constant: &Tensor, form: Form) -> Result<Arc<Array<B>>> {
        let mut all = self.constants.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (constant.key(), form);
        if let Some(array) = all.get(&key).and_then(Weak::upgrade) {
            return Ok(array);
        }
        all.retain(|_, array| array.strong_count() > 0);
        let array = self.upload(constant.shape(), &constant.load()?)?;
        let array = Arc::new(match form {
            Form::Stored => array,
            Form::Factor => self.caught(|| Ok(conv::factor(array)))?,
        });
        all.insert(key, Arc::downgrade(&array));
        Ok(array)
    }

    fn upload(&self, shape: Shape, values: &[f32]) -> Result<Array<B>> {
        self.check(&shape)?;
        self.caught(|| Ok(self.upload_f32(shape, values).to(self.numbers)))
    }

    fn upload_exact(&self, shape: Shape, values: &[f32]) -> Result<Array<B>> {
        self.check(&shape)?;
        self.caught(|| Ok(self.upload_f32(shape, values)))
    }

    fn download(&self, array: &Array<B>) -> Result<Vec<f32>> {
        let data = self.caught(|| {
            let array = array.clone().to(FloatDType::F32);
            read_sync(B::float_into_data(array.0)).map_err(|error| self.refused(&error))
        })?;
        data.into_vec().map_err(|error| self.failed(format!("{error:?}")))
    }

    fn extents(&self, array: &Array<B>) -> Vec<usize> {
        array.extents()
    }

    fn kept(&self, shape: Shape) -> Vec<usize> {
        kept(&shape)
    }

    fn run(
        &self,
        op: &Op,
        operands: Vec<Array<B>>,
        shapes: &[Shape],
        constants: &Constants<Array<B>>,
    ) -> Result<Vec<Array<B>>> {
        shapes.iter().try_for_each(|shape| self.check(shape))?;
        self.caught(|| self.results(op, operands, shapes, constants))
    }

    fn wait(&self) -> Result<()> {
        self.caught(|| B::sync(&self.device).map_err(|error| self.refused(&error)))
    }

    fn watched<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = self.watch.count();
        let outcome = work();
        match self.watch.since(before) {
            Some(fault) => Err(self.failed(fault)),
            None => outcome,
        }
    }
}

/// What `work` gives; a panic of Burn, which is how it reports most of what a device refuses, becomes an error.
fn caught<T>(executor: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(failed(executor, faults::text(&*panic).to_owned())))
}

fn failed(
    executor: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Error {
    Error::Backend { executor, cause: cause.into() }
}

/// The operands of `op`, as many as it has.
fn own<B: Kernels, const N: usize>(op: &Op, operands: Vec<Array<B>>) -> Result<[Array<B>; N]> {
    operands.try_into().map_err(|operands: Vec<_>| Error::Shape {
        op: op.name(),
        what: format!("{} operands where there are {N}", operands.len()),
    })
}

/// In what numbers a device computes with `precision`.
fn numbers<B: Kernels>(
    executor: &'static str,
    device: &B::Device,
    precision: Precision,
) -> Result<FloatDType> {
    let (numbers, stored) = match precision {
        Precision::F32 => return Ok(FloatDType::F32),
        Precision::F16 => (FloatDType::F16, DType::F16),
        Precision::Bf16 => (FloatDType::BF16, DType::BF16),
        Precision::Int8 => return Err(unsupported(executor, precision)),
    };
    if caught(executor, || Ok(B::supports_dtype(device, stored)))? {
        Ok(numbers)
    } else {
        Err(unsupported(executor, precision))
    }
}

fn unsupported(executor: &'static str, precision: Precision) -> Error {
    Error::Unsupported { executor, what: format!("precision {}", precision.name()) }
}

impl<B: Kernels> Burn<B> {
    fn results(
        &self,
        op: &Op,
        x: Vec<Array<B>>,
        shapes: &[Shape],
        w: &Constants<Array<B>>,
    ) -> Result<Vec<Array<B>>> {
        let (shape, one) = (&*shapes[0], |x| own(op, x).map(|[x]: [_; 1]| x));
        Ok(vec![match op {
            Op::Constant(tensor) => w.get(tensor)?,
            Op::Conv2d(op) => conv::conv2d(op, &x, shape, w)?,
            Op::ConvTranspose2d(op) => conv::conv_transpose2d(op, one(x)?, w)?,
            Op::Linear(op) => linear::linear(op, &x, shape, w)?,
            Op::MatMul { transpose_b } => {
                let [a, b] = own(op, x)?;
                linear::matmul(a, b, *transpose_b)
            }
            Op::Attention { heads, scale } => linear::attention(&x, *heads, *scale, self.largest),
            Op::LayerNorm(op) => norm::layer_norm(op, &x, w)?,
            Op::RmsNorm(op) => norm::rms_norm(op, &x, w)?,
            Op::GroupNorm { groups, norm } => norm::group_norm(norm, one(x)?, *groups, w)?,
            Op::L2Normalize { eps } => norm::l2_normalize(one(x)?, *eps),
            Op::ScaleShift { scale, shift } => arithmetic::scale_shift(
                one(x)?,
                Some(w.get(scale)?),
                w.get_optional(shift.as_ref())?,
            ),
            Op::Activation(op) => arithmetic::activation(*op, one(x)?),
            Op::Unary(op) => arithmetic::unary(*op, one(x)?),
            Op::Binary(binary) => {
                let [a, b] = own(op, x)?;
                arithmetic::binary(*binary, a, b)
            }
            Op::Softmax => one(x)?.softmax_last(),
            Op::Pool(op) => image::pool(op, one(x)?, shape),
            Op::Reduce { kind, first: start, end } => {
                arithmetic::reduce(*kind, one(x)?, *start..*end, shape)
            }
            Op::Resize(op) => {
                let extents = x[0].extents();
                let down = self.resizing(*op, extents[1], shape[1])?;
                let across = self.resizing(*op, extents[2], shape[2])?;
                image::resize(one(x)?, down, across, shape)
            }
            Op::GridSample { padding, align_corners } => {
                let [image, grid] = own(op, x)?;
                sample::grid_sample(image, grid, *padding, *align_corners)
            }
            Op::DeformableAttention(spec) => {
                let operands: [_; 4] = own(op, x)?;
                Array(B::deformable_attention(spec, operands.map(|array| array.0)))
            }
            Op::ArgMax => select::arg_max(one(x)?),
            Op::GatherRows => {
                let [table, rows] = own(op, x)?;
                select::gather_rows(table, rows)
            }
            Op::Concat { axis } => Array::cat(x, *axis),
            Op::Slice { axis, start, step } => one(x)?.slice(*axis, *start, *step, shape[*axis]),
            Op::Pad { pads, mode } => layout::pad(one(x)?, pads, *mode),
            Op::Reshape => one(x)?.reshape(shape),
            Op::Transpose { permutation } if permutation.is_empty() => one(x)?,
            Op::Transpose { permutation } => one(x)?.permute(permutation),
            Op::Expand => one(x)?.expand(shape),
            Op::ToF32 => one(x)?.to(self.numbers),
            Op::ToI32 => one(x)?.to(FloatDType::F32).map(B::float_trunc),
            Op::TopK { k } => return Ok(B::largest(one(x)?.0, *k).map(Array).into()),
        }])
    }

    /// `[to, from]`: what each pixel of a row of `from` adds to each pixel of a row of `to`.
    fn resizing(&self, resize: Resize, from: usize, to: usize) -> Result<Array<B>> {
        let mut all = self.resizings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(array) = all.get(&(resize, from, to)) {
            return Ok(array.clone());
        }
        // The pixels of this image stand for the pixels that they come from.
        let mut g = Graph::new();
        let image = g.input("image", &[1, from, 1, from])?;
        let resized = g.resize(image, [to, 1], resize)?;
        let matrix = g.reshape(resized, &[to, from])?;
        g.output("matrix", matrix);
        let mut session = self.host.compile(&g)?.session()?;
        session.input(0)?.iter_mut().step_by(from + 1).for_each(|one| *one = 1.0);
        session.run()?;
        let array = self.upload(g.shape(matrix), session.output(0)?)?;
        all.insert((resize, from, to), array.clone());
        Ok(array)
    }
}
