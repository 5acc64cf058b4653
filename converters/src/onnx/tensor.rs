//! A stored tensor of an ONNX model, and where its elements lie.

use std::ops::Range;
use std::sync::Arc;

use super::external::Folder;
use super::wire::{Field, Fields, Wire, corrupt};
use crate::error::Fault;
use crate::source::Source;
use crate::storage::{ByteOrder, Storage};
use crate::tensor::{Layout, Tensor, elements, row_major};
use crate::{DType, Error};

/// More axes than any framework knows.
const MAX_AXES: usize = 64;

/// A `TensorProto`, its elements still in the file.
pub(crate) struct TensorProto<'a> {
    pub(crate) name: &'a str,
    at: usize,
    shape: Vec<usize>,
    data_type: i64,
    raw: Option<Range<usize>>,
    /// Pieces of the fields that hold numbers of one type.
    typed: Vec<Field>,
    external: bool,
    external_data: Vec<(&'a str, &'a str)>,
}

impl<'a> TensorProto<'a> {
    pub(crate) fn parse(bytes: &'a [u8], span: Range<usize>) -> Result<Self, Fault> {
        let mut tensor = TensorProto {
            name: "",
            at: span.start,
            shape: Vec::new(),
            data_type: 0,
            raw: None,
            typed: Vec::new(),
            external: false,
            external_data: Vec::new(),
        };
        let mut dims = Vec::new();
        for field in Fields::new(bytes, span) {
            let field = field?;
            match field.number {
                1 => field.ints(bytes, &mut dims)?,
                2 => tensor.data_type = field.int()?,
                4 | 5 | 7 | 10 | 11 => tensor.typed.push(field),
                8 => tensor.name = field.text(bytes)?,
                9 => tensor.raw = Some(field.span()?),
                13 => tensor.external_data.push(string_pair(bytes, field.span()?)?),
                14 => tensor.external = field.int()? == 1,
                _ => {}
            }
            if dims.len() > MAX_AXES {
                return Err(Fault::limit("the number of axes of a tensor", MAX_AXES as u64));
            }
        }
        let extent = |dim: i64| usize::try_from(dim).ok();
        let shape = dims.into_iter().map(extent).collect::<Option<_>>();
        tensor.shape = shape.ok_or_else(|| tensor.wrong("an extent is negative"))?;
        Ok(tensor)
    }

    /// Why there is no reading the elements, although the file may be in order.
    pub(crate) fn unsupported(&self) -> Option<String> {
        let name = match self.data_type {
            8 => "string",
            21 => "uint4",
            22 => "int4",
            23 => "float4e2m1",
            other if element_type(other).is_none() => {
                return Some(format!("element type {other}"));
            }
            _ => return None,
        };
        Some(format!("element type {name}"))
    }

    /// The tensor, whose elements are read when asked for. Only numbers that the file stores one
    /// by one in a variable number of bytes are decoded here.
    pub(crate) fn tensor(
        &self,
        source: &Source,
        file: &Arc<str>,
        folder: &mut Folder,
    ) -> Result<Tensor, Error> {
        let in_file = |fault: Fault| fault.in_file(file);
        let overflow = || in_file(self.wrong("its extents overflow"));
        let dtype = element_type(self.data_type)
            .ok_or_else(|| in_file(self.wrong("its element type is unknown")))?;
        let strides = row_major(&self.shape).ok_or_else(overflow)?;
        let count = elements(&self.shape).ok_or_else(overflow)?;
        let len = count.checked_mul(dtype.size()).ok_or_else(overflow)?;
        let storage = if self.external {
            folder.storage(self.name, &self.external_data, len)?
        } else {
            self.stored(source, dtype, count).map_err(in_file)?
        };
        if storage.len() != len {
            let what =
                format!("{} bytes of data, {dtype} {:?} needs {len}", storage.len(), self.shape);
            return Err(in_file(self.wrong(&what)));
        }
        let layout = Layout { dtype, shape: self.shape.clone(), strides, offset: 0 };
        Tensor::new(file, layout, Arc::new(storage)).map_err(in_file)
    }

    fn stored(&self, source: &Source, dtype: DType, count: usize) -> Result<Storage, Fault> {
        let outside = || self.wrong("its data lies outside the file");
        match (&self.raw, &*self.typed) {
            (Some(raw), []) => {
                Storage::range(source, raw.clone(), ByteOrder::Little).ok_or_else(outside)
            }
            (Some(_), _) => Err(self.wrong("it has raw data and numbers, too")),
            (None, [Field { number: number @ (4 | 10), value: Wire::Bytes(span), .. }])
                if *number == numbers_field(dtype) =>
            {
                Storage::range(source, span.clone(), ByteOrder::Little).ok_or_else(outside)
            }
            (None, pieces) => {
                let bytes = self.decoded(source, pieces, dtype, count)?;
                Ok(Storage::owned(bytes.into(), ByteOrder::Little))
            }
        }
    }

    /// The little-endian elements of a list of numbers.
    fn decoded(
        &self,
        bytes: &[u8],
        pieces: &[Field],
        dtype: DType,
        count: usize,
    ) -> Result<Vec<u8>, Fault> {
        let field = numbers_field(dtype);
        let mut out = Vec::new();
        for piece in pieces {
            if piece.number != field {
                let what = format!("{dtype} stored in field {}", piece.number);
                return Err(corrupt(piece.at, what));
            }
            match &piece.value {
                Wire::Fixed32(bits) if field == 4 => out.extend(bits.to_le_bytes()),
                Wire::Fixed64(bits) if field == 10 => out.extend(bits.to_le_bytes()),
                Wire::Bytes(span) if matches!(field, 4 | 10) => out.extend(&bytes[span.clone()]),
                _ => {
                    let mut numbers = Vec::new();
                    piece.ints(bytes, &mut numbers)?;
                    if numbers.len() > count {
                        return Err(self.wrong("more numbers than its shape has elements"));
                    }
                    for number in numbers {
                        let fitting = fitting(number, dtype);
                        let number = fitting
                            .ok_or_else(|| self.wrong(&format!("{number} does not fit {dtype}")))?;
                        out.extend(&number.to_le_bytes()[..dtype.size()]);
                    }
                }
            }
        }
        Ok(out)
    }

    fn wrong(&self, what: &str) -> Fault {
        Fault::corrupt(format!("tensor `{:.200}` at byte {}", self.name, self.at), what)
    }
}

/// A key and a value, both text, as metadata and external data are stored.
pub(crate) fn string_pair(bytes: &[u8], span: Range<usize>) -> Result<(&str, &str), Fault> {
    let mut pair = ("", "");
    for field in Fields::new(bytes, span) {
        let field = field?;
        match field.number {
            1 => pair.0 = field.text(bytes)?,
            2 => pair.1 = field.text(bytes)?,
            _ => {}
        }
    }
    Ok(pair)
}

/// `TensorProto.DataType`.
pub(crate) fn element_type(number: i64) -> Option<DType> {
    Some(match number {
        1 => DType::F32,
        2 => DType::U8,
        3 => DType::I8,
        4 => DType::U16,
        5 => DType::I16,
        6 => DType::I32,
        7 => DType::I64,
        9 => DType::Bool,
        10 => DType::F16,
        11 => DType::F64,
        12 => DType::U32,
        13 => DType::U64,
        14 => DType::C64,
        15 => DType::C128,
        16 => DType::BF16,
        17 => DType::F8E4M3,
        18 => DType::F8E4M3Fnuz,
        19 => DType::F8E5M2,
        20 => DType::F8E5M2Fnuz,
        24 => DType::F8E8M0,
        _ => return None,
    })
}

/// The field of a `TensorProto` that holds numbers of a type, if they are not raw bytes.
fn numbers_field(dtype: DType) -> u32 {
    match dtype {
        DType::F32 | DType::C64 => 4,
        DType::F64 | DType::C128 => 10,
        DType::I64 => 7,
        DType::U32 | DType::U64 => 11,
        _ => 5,
    }
}

/// The number if the type can hold it; small floats are stored as their bits.
fn fitting(number: i64, dtype: DType) -> Option<i64> {
    let bits = 8 * dtype.size() as u32;
    let range = match dtype {
        DType::I64 | DType::U64 => return Some(number),
        DType::Bool => 0..=1,
        DType::I8 | DType::I16 | DType::I32 => -(1 << (bits - 1))..=(1 << (bits - 1)) - 1,
        _ => 0..=(1 << bits) - 1,
    };
    range.contains(&number).then_some(number)
}
