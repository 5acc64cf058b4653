//! The wire format of protocol buffers: numbered fields, whose meaning the caller supplies.

use std::ops::Range;

use crate::error::Fault;

/// The fields of one message, which is `span` of `bytes`. Nothing is copied and nothing recursed
/// into, so that depth and size cost the caller only what it asks for.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

/// One field: its number, its value, the place of its tag in the file.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) value: Wire,
    pub(crate) at: usize,
}

/// A value as the wire tells it apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wire {
    Varint(u64),
    Fixed64(u64),
    /// Text, bytes, a message or packed numbers: where they lie in the file.
    Bytes(Range<usize>),
    Fixed32(u32),
}

impl<'a> Fields<'a> {
    /// The fields of the message that is `span` of `bytes`; a span that ends outside ends early.
    pub(crate) fn new(bytes: &'a [u8], span: Range<usize>) -> Self {
        Fields { bytes, at: span.start, end: span.end.min(bytes.len()) }
    }

    /// The place after the field read last.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn field(&mut self) -> Result<Field, Fault> {
        let at = self.at;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|&number| number > 0);
        let number = number.ok_or_else(|| corrupt(at, "a field number out of range"))?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => Wire::Bytes(self.span()?),
            5 => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            3 | 4 => return Err(corrupt(at, "a group, which no such file has")),
            kind => return Err(corrupt(at, format!("wire type {kind}, which does not exist"))),
        };
        Ok(Field { number, value, at })
    }

    /// Seven bits a byte, lowest first, at most ten bytes.
    pub(crate) fn varint(&mut self) -> Result<u64, Fault> {
        let start = self.at;
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(corrupt(start, "a number longer than 64 bits"))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let chunk = self.bytes.get(self.at..self.end).and_then(<[u8]>::first_chunk);
        let chunk = chunk.ok_or_else(|| corrupt(self.at, "its message ends within a value"))?;
        self.at += N;
        Ok(*chunk)
    }

    fn span(&mut self) -> Result<Range<usize>, Fault> {
        let at = self.at;
        let len = self.varint()?;
        let left = self.end - self.at;
        let len = usize::try_from(len).ok().filter(|&len| len <= left).ok_or_else(|| {
            corrupt(at, format!("a field of {len} bytes, its message has {left} left"))
        })?;
        self.at += len;
        Ok(self.at - len..self.at)
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, Fault>;

    /// The next field; after a damaged one there is none.
    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.end = self.at;
        }
        Some(field)
    }
}

impl Field {
    /// An integer.
    pub(crate) fn int(&self) -> Result<i64, Fault> {
        match self.value {
            Wire::Varint(value) => Ok(value as i64),
            _ => Err(self.wrong("an integer")),
        }
    }

    /// A 32-bit float.
    pub(crate) fn float(&self) -> Result<f32, Fault> {
        match self.value {
            Wire::Fixed32(bits) => Ok(f32::from_bits(bits)),
            _ => Err(self.wrong("a float")),
        }
    }

    /// Where a message, text or bytes lie.
    pub(crate) fn span(&self) -> Result<Range<usize>, Fault> {
        match &self.value {
            Wire::Bytes(span) => Ok(span.clone()),
            _ => Err(self.wrong("bytes")),
        }
    }

    /// Text in `bytes`, the whole file.
    pub(crate) fn text<'a>(&self, bytes: &'a [u8]) -> Result<&'a str, Fault> {
        let span = self.span()?;
        str::from_utf8(&bytes[span]).map_err(|_| self.wrong("text in UTF-8"))
    }

    /// The integers of a repeated field, packed or one by one, added to `out`.
    pub(crate) fn ints(&self, bytes: &[u8], out: &mut Vec<i64>) -> Result<(), Fault> {
        let Wire::Bytes(span) = &self.value else {
            out.push(self.int()?);
            return Ok(());
        };
        let mut packed = Fields::new(bytes, span.clone());
        while packed.at < packed.end {
            out.push(packed.varint()? as i64);
        }
        Ok(())
    }

    fn wrong(&self, expected: &str) -> Fault {
        corrupt(self.at, format!("field {} is not {expected}", self.number))
    }
}

/// Damage at a byte of the file.
pub(crate) fn corrupt(at: usize, what: impl Into<String>) -> Fault {
    Fault::corrupt(format!("byte {at}"), what)
}

#[cfg(test)]
mod tests {
    use super::{Fields, Wire};

    fn read(bytes: &[u8]) -> Result<Vec<(u32, Wire)>, String> {
        let fields = Fields::new(bytes, 0..bytes.len());
        fields
            .map(|field| field.map(|f| (f.number, f.value)).map_err(|e| format!("{e:?}")))
            .collect()
    }

    #[test]
    fn every_wire_type_is_read() {
        let bytes = b"\x08\x96\x01\x12\x02hi\x1d\0\0\x80\x3f\x21\x01\0\0\0\0\0\0\0\xc2\x3e\0";
        let wanted = [
            (1, Wire::Varint(150)),
            (2, Wire::Bytes(5..7)),
            (3, Wire::Fixed32(0x3f80_0000)),
            (4, Wire::Fixed64(1)),
            (1000, Wire::Bytes(24..24)),
        ];
        assert_eq!(read(bytes).unwrap(), wanted);
    }

    #[test]
    fn the_largest_number_is_read() {
        let bytes = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(read(bytes).unwrap(), [(1, Wire::Varint(u64::MAX))]);
    }

    #[test]
    fn damage_is_named() {
        let cases: &[(&[u8], &str)] = &[
            (b"\x08", "ends within a value"),
            (b"\x08\x80", "ends within a value"),
            (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "longer than 64 bits"),
            (b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", "longer than 64 bits"),
            (b"\x12\x05ab", "a field of 5 bytes, its message has 2 left"),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "a field of 184467"),
            (b"\x00\x01", "field number"),
            (b"\x0b\x0c", "a group"),
            (b"\x0e", "wire type 6"),
            (b"\x1d\0\0", "ends within a value"),
        ];
        for (bytes, says) in cases {
            let error = read(bytes).unwrap_err();
            assert!(error.contains(says), "{bytes:?}: {error}");
        }
    }
}
