//! A cursor over a pickle's bytes that never reads past their end.

use crate::error::Fault;

pub(super) struct Input<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    /// What the bytes are, for errors: `archive/data.pkl`.
    pub(super) place: &'a str,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, place: &'a str) -> Self {
        Input { bytes, at, place }
    }

    pub(super) fn corrupt(&self, what: impl Into<String>) -> Fault {
        Fault::corrupt(format!("byte {} of {}", self.at, self.place), what)
    }

    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        match usize::try_from(len) {
            Ok(len) if len <= rest.len() => {
                self.at += len;
                Ok(&rest[..len])
            }
            _ => Err(self.corrupt(format!("{len} bytes are announced, {} are left", rest.len()))),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N as u64)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    /// Text up to a line feed, which is consumed and left out.
    pub(super) fn line(&mut self) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.at..];
        let Some(len) = rest.iter().position(|&byte| byte == b'\n') else {
            return Err(self.corrupt("a line of text does not end"));
        };
        self.at += len + 1;
        Ok(&rest[..len])
    }

    pub(super) fn text_line(&mut self) -> Result<&'a str, Fault> {
        let line = self.line()?;
        std::str::from_utf8(line).map_err(|_| self.corrupt("a line of text is not UTF-8"))
    }
}
