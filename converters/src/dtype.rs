//! Element types of stored tensors and the names that formats give them.

use std::fmt;

/// Declares [`DType`] as one table: variant, bytes, PyTorch dtype, PyTorch storage class,
/// safetensors name (`""` where a format has none).
macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident, $size:literal, $torch:literal, $storage:literal, $safe:literal;)*) => {
        /// The element type of a stored tensor.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum DType { $($(#[$doc])* $variant,)* }

        impl DType {
            /// Every element type, in declaration order.
            pub const ALL: &'static [DType] = &[$(DType::$variant,)*];

            /// Bytes of one element.
            pub fn size(self) -> usize {
                match self { $(DType::$variant => $size,)* }
            }

            /// The name PyTorch prints, without `torch.`: `float32`, `int64`, `bool`.
            pub fn name(self) -> &'static str {
                match self { $(DType::$variant => $torch,)* }
            }

            pub(crate) fn from_torch(name: &str) -> Option<DType> {
                match name { $($torch => Some(DType::$variant),)* _ => None }
            }

            pub(crate) fn from_storage_class(class: &str) -> Option<DType> {
                match class { $($storage => Some(DType::$variant),)* _ => None }
            }

            pub(crate) fn from_safetensors(name: &str) -> Option<DType> {
                let known = Self::ALL.iter().find(|dtype| dtype.safetensors_name() == Some(name));
                known.copied()
            }

            pub(crate) fn safetensors_name(self) -> Option<&'static str> {
                let name = match self { $(DType::$variant => $safe,)* };
                (!name.is_empty()).then_some(name)
            }
        }
    };
}

dtypes! {
    /// 64-bit float.
    F64, 8, "float64", "DoubleStorage", "F64";
    /// 32-bit float.
    F32, 4, "float32", "FloatStorage", "F32";
    /// IEEE half.
    F16, 2, "float16", "HalfStorage", "F16";
    /// Brain float: the upper half of an `f32`.
    BF16, 2, "bfloat16", "BFloat16Storage", "BF16";
    /// 8-bit float, 4 exponent bits, no infinities.
    F8E4M3, 1, "float8_e4m3fn", "Float8_e4m3fnStorage", "F8_E4M3";
    /// 8-bit float, 5 exponent bits.
    F8E5M2, 1, "float8_e5m2", "Float8_e5m2Storage", "F8_E5M2";
    /// 8-bit float, 4 exponent bits, no negative zero.
    F8E4M3Fnuz, 1, "float8_e4m3fnuz", "Float8_e4m3fnuzStorage", "F8_E4M3FNUZ";
    /// 8-bit float, 5 exponent bits, no negative zero.
    F8E5M2Fnuz, 1, "float8_e5m2fnuz", "Float8_e5m2fnuzStorage", "F8_E5M2FNUZ";
    /// A power of two: 8 exponent bits alone.
    F8E8M0, 1, "float8_e8m0fnu", "Float8_e8m0fnuStorage", "F8_E8M0";
    /// Signed 64-bit integer.
    I64, 8, "int64", "LongStorage", "I64";
    /// Signed 32-bit integer.
    I32, 4, "int32", "IntStorage", "I32";
    /// Signed 16-bit integer.
    I16, 2, "int16", "ShortStorage", "I16";
    /// Signed byte.
    I8, 1, "int8", "CharStorage", "I8";
    /// Unsigned 64-bit integer.
    U64, 8, "uint64", "UInt64Storage", "U64";
    /// Unsigned 32-bit integer.
    U32, 4, "uint32", "UInt32Storage", "U32";
    /// Unsigned 16-bit integer.
    U16, 2, "uint16", "UInt16Storage", "U16";
    /// Unsigned byte.
    U8, 1, "uint8", "ByteStorage", "U8";
    /// One byte, zero or one.
    Bool, 1, "bool", "BoolStorage", "BOOL";
    /// Two `f32`: real, imaginary.
    C64, 8, "complex64", "ComplexFloatStorage", "C64";
    /// Two `f64`: real, imaginary.
    C128, 16, "complex128", "ComplexDoubleStorage", "";
    /// Quantized signed byte; the scale is not kept.
    QI8, 1, "qint8", "QInt8Storage", "";
    /// Quantized unsigned byte; the scale is not kept.
    QU8, 1, "quint8", "QUInt8Storage", "";
    /// Quantized 32-bit integer; the scale is not kept.
    QI32, 4, "qint32", "QInt32Storage", "";
}

impl DType {
    /// Bytes that are swapped together when the byte order changes.
    pub(crate) fn word(self) -> usize {
        match self {
            DType::C64 | DType::C128 => self.size() / 2,
            _ => self.size(),
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
