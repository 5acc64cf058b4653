//! The segments a file consists of.

use super::{JpegError, Result};

pub(super) const DHT: u8 = 0xC4;
pub(super) const RST0: u8 = 0xD0;
pub(super) const RST7: u8 = 0xD7;
pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const DQT: u8 = 0xDB;
pub(super) const DNL: u8 = 0xDC;
pub(super) const DRI: u8 = 0xDD;
pub(super) const APP0: u8 = 0xE0;
pub(super) const APP1: u8 = 0xE1;
pub(super) const APP14: u8 = 0xEE;
const TEM: u8 = 0x01;

/// A marker and what its segment holds, without the length.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    pub(super) body: &'a [u8],
}

/// The segments that are not read yet.
#[derive(Debug, Clone)]
pub(super) struct Segments<'a> {
    rest: &'a [u8],
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self> {
        match bytes {
            [0xFF, SOI, rest @ ..] => Ok(Self { rest }),
            _ => Err(JpegError::Damaged("it does not begin with a start marker")),
        }
    }

    /// The next segment; what lies before its marker is skipped, as are stray restart markers.
    pub(super) fn next(&mut self) -> Result<Segment<'a>> {
        loop {
            match self.rest {
                [0xFF, EOI, rest @ ..] => {
                    self.rest = rest;
                    return Ok(Segment { marker: EOI, body: &[] });
                }
                [0xFF, 0 | TEM | RST0..=RST7 | SOI, rest @ ..] => self.rest = rest,
                [0xFF, 0xFF, ..] => self.rest = &self.rest[1..],
                [0xFF, marker, rest @ ..] => return self.sized(*marker, rest),
                [_, rest @ ..] => self.rest = rest,
                [] => return Err(JpegError::Truncated),
            }
        }
    }

    fn sized(&mut self, marker: u8, rest: &'a [u8]) -> Result<Segment<'a>> {
        let &[high, low, ..] = rest else { return Err(JpegError::Truncated) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length < 2 {
            return Err(JpegError::Damaged("a segment is shorter than its own length"));
        }
        let (body, after) = rest.split_at_checked(length).ok_or(JpegError::Truncated)?;
        self.rest = after;
        Ok(Segment { marker, body: &body[2..] })
    }

    /// What follows the last segment: after a scan's header, its compressed data.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Goes on behind the first `count` bytes of [`Segments::rest`].
    pub(super) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
}
