//! JPEG files, to the very pixels that Pillow (libjpeg-turbo) gives.
//!
//! Decoders differ in the roundings of the inverse transform and in how they upsample colour: by
//! a count here and there, which moves the boxes of a sensitive detector by pixels. This one does
//! sequential and progressive Huffman coding of 8-bit samples; the rest is
//! [`JpegError::Unsupported`]. A progressive file whose last scans were left out is not smoothed.
//!
//! The work is bounded by the file's length and the picture's size: see [`MAX_SCANS`].

mod bits;
mod color;
mod error;
mod frame;
mod huffman;
mod idct;
mod markers;
mod plane;
mod progressive;
mod scan;
mod sequential;
mod standard;
mod tables;
mod upsample;

use rayon::prelude::*;

use color::Color;
pub(crate) use error::JpegError;
use error::Result;
use frame::Frame;
use markers::{APP0, APP1, APP14, DNL, EOI, SOS, Segment, Segments};
use plane::Plane;
use progressive::Block;
use scan::Scan;
use tables::Tables;
use upsample::{Scratch, Upsampler};

/// The most scans of a progressive file: a few bytes may make a scan walk over all blocks.
const MAX_SCANS: usize = 100;

/// Pixel rows that are put together in one go.
const BAND: usize = 16;

/// A file whose headers are read, up to the first scan.
#[derive(Debug, Clone)]
pub(crate) struct Decoder<'a> {
    segments: Segments<'a>,
    tables: Tables,
    frame: Frame,
    color: Color,
    exif: Option<&'a [u8]>,
    first_scan: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Reads the headers.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self> {
        let mut segments = Segments::new(bytes)?;
        let mut tables = Tables::new()?;
        let (mut frame, mut jfif, mut adobe, mut exif) = (None, false, None, None);
        loop {
            let segment = segments.next()?;
            match (segment.marker, segment.body) {
                (APP0, [b'J', b'F', b'I', b'F', 0, rest @ ..]) if rest.len() >= 9 => jfif = true,
                (APP14, [b'A', b'd', b'o', b'b', b'e', rest @ ..]) => {
                    adobe = rest.get(6).copied().or(adobe);
                }
                (APP1, [b'E', b'x', b'i', b'f', 0, 0, rest @ ..]) => exif = exif.or(Some(rest)),
                (SOS, first_scan) => {
                    let frame: Frame =
                        frame.ok_or(JpegError::Damaged("a scan comes before the frame header"))?;
                    let color = Color::of(&frame, jfif, adobe);
                    return Ok(Self { segments, tables, frame, color, exif, first_scan });
                }
                (EOI, _) => return Err(JpegError::Damaged("there is no picture in it")),
                (marker, _) if frame::is_frame(marker) => {
                    if frame.replace(Frame::read(segment)?).is_some() {
                        return Err(JpegError::Damaged("there are two frame headers"));
                    }
                }
                _ => tables.read(segment)?,
            }
        }
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.frame.width, self.frame.height)
    }

    /// The EXIF data, if there are some: a TIFF file.
    pub(crate) fn exif(&self) -> Option<&'a [u8]> {
        self.exif
    }

    /// How many bytes [`Decoder::decode`] will allocate.
    pub(crate) fn memory(&self) -> u64 {
        self.frame.memory()
    }

    /// Decodes the scans into RGB bytes `[height, width, 3]`.
    pub(crate) fn decode(mut self) -> Result<Vec<u8>> {
        let planes = if self.frame.progressive { self.progressive() } else { self.sequential() }?;
        Ok(self.pixels(&planes))
    }

    fn sequential(&mut self) -> Result<Vec<Plane>> {
        let mut planes = self.frame.components.iter().map(Plane::new).collect::<Vec<_>>();
        let mut next = Some(self.first_scan);
        while let Some(header) = next {
            let scan = Scan::read(header, &self.frame)?;
            let again =
                |part: &scan::Part| self.frame.components[part.component].quantisation.is_some();
            if scan.parts.iter().any(again) {
                return Err(JpegError::Damaged("a component comes twice"));
            }
            self.latch(&scan)?;
            let data = self.segments.rest();
            let taken = sequential::decode(&scan, &self.frame, &self.tables, data, &mut planes)?;
            self.segments.skip(taken);
            let complete = self.frame.components.iter().all(|c| c.quantisation.is_some());
            next = if complete { None } else { self.next_scan()? };
        }
        self.check_components()?;
        Ok(planes)
    }

    fn progressive(&mut self) -> Result<Vec<Plane>> {
        let blocks = self.frame.components.iter().map(|c| c.padded.0 * c.padded.1);
        let mut coefficients =
            blocks.map(|count| vec![[0; 64]; count]).collect::<Vec<Vec<Block>>>();
        let mut next = Some(self.first_scan);
        for _ in 0..MAX_SCANS {
            let Some(header) = next else { break };
            let scan = Scan::read(header, &self.frame)?;
            self.latch(&scan)?;
            let data = self.segments.rest();
            let taken =
                progressive::decode(&scan, &self.frame, &self.tables, data, &mut coefficients)?;
            self.segments.skip(taken);
            next = self.next_scan()?;
        }
        if next.is_some() {
            return Err(JpegError::Damaged("it has more than 100 scans"));
        }
        self.check_components()?;
        let components = self.frame.components.iter().zip(&coefficients);
        components.map(|(c, blocks)| Plane::from_coefficients(c, blocks)).collect()
    }

    /// Keeps the quantisation tables of the components whose first scan this is.
    fn latch(&mut self, scan: &Scan) -> Result<()> {
        for part in &scan.parts {
            let component = &mut self.frame.components[part.component];
            if component.quantisation.is_none() {
                component.quantisation = Some(*self.tables.quantisation(component.table)?);
            }
        }
        Ok(())
    }

    /// Reads up to the next scan, and returns its header, or `None` at the end.
    fn next_scan(&mut self) -> Result<Option<&'a [u8]>> {
        loop {
            match self.segments.next()? {
                Segment { marker: SOS, body } => return Ok(Some(body)),
                Segment { marker: EOI, .. } => return Ok(None),
                Segment { marker: DNL, .. } => {}
                segment if frame::is_frame(segment.marker) => {
                    return Err(JpegError::Damaged("there are two frame headers"));
                }
                segment => self.tables.read(segment)?,
            }
        }
    }

    fn check_components(&self) -> Result<()> {
        if self.frame.components.iter().any(|component| component.quantisation.is_none()) {
            return Err(JpegError::Damaged("a component has no scan"));
        }
        Ok(())
    }

    fn pixels(&self, planes: &[Plane]) -> Vec<u8> {
        let Frame { width, height, components, .. } = &self.frame;
        let upsamplers = components.iter().zip(planes);
        let upsamplers =
            upsamplers.map(|(c, plane)| Upsampler::new(&self.frame, c, plane)).collect::<Vec<_>>();
        let mut pixels = vec![[0; 3]; width * height];
        pixels.par_chunks_mut(width * BAND).enumerate().for_each(|(band, pixels)| {
            let mut scratch: [Scratch; 4] = Default::default();
            for (i, out) in pixels.chunks_exact_mut(*width).enumerate() {
                let rows = upsamplers.iter().zip(&mut scratch);
                let mut all: [&[u8]; 4] = [&[]; 4];
                for (row, (upsampler, scratch)) in all.iter_mut().zip(rows) {
                    *row = upsampler.row(band * BAND + i, scratch);
                }
                self.color.convert(&all[..upsamplers.len()], out);
            }
        });
        pixels.into_flattened()
    }
}

#[cfg(test)]
mod tests;
