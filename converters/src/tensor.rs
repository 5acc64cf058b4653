//! A named, shaped view into a checkpoint's bytes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::decode;
use crate::error::Fault;
use crate::storage::{ByteOrder, Storage};
use crate::{DType, Error};

/// A tensor of a checkpoint. Nothing is read until its content is asked for.
///
/// Clones are cheap, independent of the [`StateDict`](crate::StateDict) they came from, and keep
/// the file mapped: hand them to other threads and keep them as long as the weights are needed.
#[derive(Clone)]
pub struct Tensor {
    name: Arc<str>,
    view: Arc<View>,
}

struct View {
    file: Arc<str>,
    dtype: DType,
    shape: Vec<usize>,
    /// Elements between neighbours along each axis.
    strides: Vec<usize>,
    /// First element, counted from the start of the storage.
    offset: usize,
    storage: Arc<Storage>,
}

/// Everything that places a tensor in its storage, as a file declares it.
pub(crate) struct Layout {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
    pub(crate) offset: usize,
}

/// Row-major strides of a shape, `None` when they overflow.
pub(crate) fn row_major(shape: &[usize]) -> Option<Vec<usize>> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = shape[axis].max(1).checked_mul(strides[axis])?;
    }
    Some(strides)
}

/// Column-major strides of a shape, `None` when they overflow.
pub(crate) fn column_major(shape: &[usize]) -> Option<Vec<usize>> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = shape[axis - 1].max(1).checked_mul(strides[axis - 1])?;
    }
    Some(strides)
}

/// Elements of a shape, `None` when they overflow.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |n, &extent| n.checked_mul(extent))
}

impl Tensor {
    /// Checks that every element of the view lies inside its storage.
    pub(crate) fn new(
        file: &Arc<str>,
        layout: Layout,
        storage: Arc<Storage>,
    ) -> Result<Self, Fault> {
        let Layout { dtype, shape, strides, offset } = layout;
        let outside = |what: &str| Fault::corrupt(format!("a tensor of shape {shape:?}"), what);
        if shape.len() != strides.len() {
            return Err(outside("it has another number of strides than axes"));
        }
        let overflow = "its extents overflow";
        let elements = elements(&shape).ok_or_else(|| outside(overflow))?;
        elements.checked_mul(dtype.size()).ok_or_else(|| outside(overflow))?;
        if elements > 0 {
            let last = shape.iter().zip(&strides).try_fold(offset, |at, (&extent, &stride)| {
                at.checked_add((extent - 1).checked_mul(stride)?)
            });
            let end = last.and_then(|last| last.checked_add(1)?.checked_mul(dtype.size()));
            if end.is_none_or(|end| end > storage.len()) {
                return Err(outside(&format!(
                    "strides {strides:?} from element {offset} of {dtype} leave its storage of {} bytes",
                    storage.len()
                )));
            }
        }
        let view = View { file: file.clone(), dtype, shape, strides, offset, storage };
        Ok(Tensor { name: Arc::from(""), view: Arc::new(view) })
    }

    /// The same data under another name.
    pub(crate) fn named(&self, name: &str) -> Self {
        Tensor { name: Arc::from(name), view: self.view.clone() }
    }

    /// The same data with its axes in reverse order.
    pub(crate) fn transposed(&self) -> Self {
        let reversed = |axes: &[usize]| axes.iter().rev().copied().collect();
        self.with_axes(reversed(&self.view.shape), reversed(&self.view.strides))
    }

    /// The same data without its axes of one element.
    pub(crate) fn joined(&self) -> Self {
        let axes = self.view.shape.iter().copied().zip(self.view.strides.iter().copied());
        let (shape, strides) = axes.filter(|&(extent, _)| extent != 1).unzip();
        self.with_axes(shape, strides)
    }

    /// Extents and strides must reach the same elements.
    fn with_axes(&self, shape: Vec<usize>, strides: Vec<usize>) -> Self {
        let View { file, dtype, offset, storage, .. } = &*self.view;
        let (file, storage) = (file.clone(), storage.clone());
        let view = View { file, dtype: *dtype, shape, strides, offset: *offset, storage };
        Tensor { name: self.name.clone(), view: Arc::new(view) }
    }

    /// The name in the [`StateDict`](crate::StateDict); empty for a tensor reached through
    /// [`Value`](crate::Value).
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
    }

    /// The element type in the file.
    pub fn dtype(&self) -> DType {
        self.view.dtype
    }

    /// Extents, outermost axis first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.view.shape
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        elements(&self.view.shape).unwrap_or_default()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.view.shape.contains(&0)
    }

    /// Bytes of the elements in the file's element type.
    pub fn byte_len(&self) -> usize {
        self.len() * self.dtype().size()
    }

    /// The elements in row-major order, little-endian, in the file's element type.
    ///
    /// Borrowed from the file unless the view is strided, the file big-endian.
    pub fn bytes(&self) -> Result<Cow<'_, [u8]>, Error> {
        let storage = self.view.storage.bytes().map_err(|fault| self.error(fault))?;
        let swap = self.view.storage.order == ByteOrder::Big && self.dtype().word() > 1;
        let mut bytes = if self.is_empty() {
            Cow::Borrowed(&[][..])
        } else if self.is_contiguous() {
            let start = self.view.offset * self.dtype().size();
            Cow::Borrowed(storage.get(start..start + self.byte_len()).unwrap_or_default())
        } else {
            self.check_repetition()?;
            Cow::Owned(decode::gather(
                storage,
                self.dtype().size(),
                &self.view.shape,
                &self.view.strides,
                self.view.offset,
            ))
        };
        if swap {
            decode::swap_words(bytes.to_mut(), self.dtype().word());
        }
        Ok(bytes)
    }

    /// The elements as `f32`, in row-major order.
    ///
    /// Borrowed from the file when it holds aligned, contiguous, little-endian `f32`; otherwise
    /// converted: 64-bit types round to the nearest `f32`, `bool` is 0 or 1. Complex and
    /// quantized types are [`Error::Unsupported`].
    pub fn to_f32(&self) -> Result<Cow<'_, [f32]>, Error> {
        if let Some(values) = self.as_f32()? {
            return Ok(Cow::Borrowed(values));
        }
        let values = decode::to_f32(self.dtype(), &self.bytes()?);
        values.map(Cow::Owned).ok_or_else(|| self.wrong_type("floats"))
    }

    /// The elements where they lie in the file, if that is possible without a copy.
    pub fn as_f32(&self) -> Result<Option<&[f32]>, Error> {
        if self.dtype() != DType::F32 || cfg!(target_endian = "big") {
            return Ok(None);
        }
        match self.view.storage.order {
            ByteOrder::Little if self.is_contiguous() => match self.bytes()? {
                Cow::Borrowed(bytes) => Ok(bytemuck::try_cast_slice(bytes).ok()),
                Cow::Owned(_) => Ok(None),
            },
            _ => Ok(None),
        }
    }

    /// The elements as `i64`, in row-major order. Floats, and `u64` past `i64::MAX`, are
    /// [`Error::Unsupported`].
    pub fn to_i64(&self) -> Result<Vec<i64>, Error> {
        decode::to_i64(self.dtype(), &self.bytes()?).ok_or_else(|| self.wrong_type("integers"))
    }

    /// Says that the elements are not needed for now: memory that holds them only because the file is mapped can go. They
    /// can be read again.
    pub fn release(&self) {
        let storage = &self.view.storage;
        if let Ok(bytes) = storage.bytes() {
            let start = self.view.offset * self.dtype().size();
            let own = bytes.get(start..start + self.byte_len()).filter(|_| self.is_contiguous());
            storage.release(own.unwrap_or(bytes));
        }
    }

    fn is_contiguous(&self) -> bool {
        if self.is_empty() {
            return true;
        }
        let mut expected = 1;
        for (&extent, &stride) in self.view.shape.iter().zip(&self.view.strides).rev() {
            if extent != 1 && stride != expected {
                return false;
            }
            expected *= extent;
        }
        true
    }

    /// A stride of zero makes a huge tensor of a few bytes: bound what a copy may take.
    fn check_repetition(&self) -> Result<(), Error> {
        const REPEATED: usize = 1 << 28;
        let limit = self.view.storage.len().max(REPEATED);
        if self.byte_len() > limit {
            let what = format!("the {} bytes of a repeating view", self.byte_len());
            return Err(self.error(Fault::limit(what, limit as u64)));
        }
        Ok(())
    }

    fn wrong_type(&self, asked: &str) -> Error {
        self.error(Fault::unsupported(
            format!("reading {} as {asked}", self.dtype()),
            "ask for its bytes, or convert it where the checkpoint was made",
        ))
    }

    fn error(&self, fault: Fault) -> Error {
        let named = |what: String| match &*self.name {
            "" => what,
            name => format!("tensor `{name}`: {what}"),
        };
        let fault = match fault {
            Fault::Corrupt { place, what } => Fault::Corrupt { place: named(place), what },
            Fault::Unsupported { what, hint } => Fault::Unsupported { what: named(what), hint },
            Fault::Limit { what, limit } => Fault::Limit { what: named(what), limit },
        };
        fault.in_file(&self.view.file)
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({:?} {}{:?})", self.name, self.dtype(), self.shape())
    }
}

impl PartialEq for Tensor {
    /// Whether both are the same view of the same file; contents are not compared.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.view, &other.view)
    }
}
