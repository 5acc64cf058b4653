//! The frame header: the picture's size and its components.

use super::markers::Segment;
use super::tables::Quantisation;
use super::{JpegError, Result};

/// One component: brightness, a colour difference, an ink.
#[derive(Debug, Clone)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Samples per MCU across and down, 1 to 4, in blocks.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Which quantisation table it names.
    pub(super) table: usize,
    /// The table as it stood when the component's first scan began.
    pub(super) quantisation: Option<Quantisation>,
    /// Samples across and down that belong to the picture.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Blocks across and down that hold these samples.
    pub(super) blocks: (usize, usize),
    /// Blocks across and down, filled up to whole MCUs.
    pub(super) padded: (usize, usize),
}

impl Component {
    /// Bytes of a row of samples, filled up to whole MCUs.
    pub(super) fn stride(&self) -> usize {
        self.padded.0 * 8
    }
}

#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// The largest `h` and `v` of the components.
    pub(super) h: usize,
    pub(super) v: usize,
    /// MCUs across and down.
    pub(super) mcus: (usize, usize),
}

/// Whether a marker begins a frame header, of whatever kind.
pub(super) fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF)
}

impl Frame {
    pub(super) fn read(segment: Segment<'_>) -> Result<Self> {
        let progressive = match segment.marker {
            0xC0 | 0xC1 => false,
            0xC2 => true,
            0xC9..=0xCB => return Err(JpegError::Unsupported("arithmetic coding")),
            _ => return Err(JpegError::Unsupported("lossless or hierarchical coding")),
        };
        let damaged = JpegError::Damaged("the frame header is malformed");
        let &[bits, y1, y0, x1, x0, count, ref rest @ ..] = segment.body else {
            return Err(damaged);
        };
        if bits != 8 {
            return Err(JpegError::Unsupported("other than 8 bits a sample"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(JpegError::Unsupported("other than 1, 3 or 4 components"));
        }
        if rest.len() != usize::from(count) * 3 {
            return Err(damaged);
        }
        let height = usize::from(u16::from_be_bytes([y1, y0]));
        let width = usize::from(u16::from_be_bytes([x1, x0]));
        if height == 0 {
            return Err(JpegError::Unsupported("its height after the first scan"));
        }
        if width == 0 {
            return Err(damaged);
        }
        Self::new(width, height, progressive, rest.as_chunks::<3>().0)
    }

    fn new(width: usize, height: usize, progressive: bool, rows: &[[u8; 3]]) -> Result<Self> {
        let factors = rows.iter().map(|row| (usize::from(row[1] >> 4), usize::from(row[1] & 15)));
        let factors = factors.collect::<Vec<_>>();
        if factors.iter().any(|&(h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v)) {
            return Err(JpegError::Damaged("a sampling factor is not 1 to 4"));
        }
        let max_h = factors.iter().map(|f| f.0).max().unwrap_or(1);
        let max_v = factors.iter().map(|f| f.1).max().unwrap_or(1);
        if factors.iter().any(|&(h, v)| max_h % h != 0 || max_v % v != 0) {
            return Err(JpegError::Unsupported("sampling factors that are no multiples"));
        }
        let mcus = (width.div_ceil(max_h * 8), height.div_ceil(max_v * 8));
        let component = |(row, &(h, v)): (&[u8; 3], &(usize, usize))| {
            let (width, height) = ((width * h).div_ceil(max_h), (height * v).div_ceil(max_v));
            Component {
                id: row[0],
                h,
                v,
                table: usize::from(row[2]),
                quantisation: None,
                width,
                height,
                blocks: (width.div_ceil(8), height.div_ceil(8)),
                padded: (mcus.0 * h, mcus.1 * v),
            }
        };
        let components = rows.iter().zip(&factors).map(component).collect();
        Ok(Self { width, height, progressive, components, h: max_h, v: max_v, mcus })
    }

    /// Bytes that decoding takes: the samples, the coefficients if they come in several scans,
    /// and the RGB pixels.
    pub(super) fn memory(&self) -> u64 {
        let blocks = |c: &Component| c.padded.0 as u64 * c.padded.1 as u64;
        let blocks = self.components.iter().map(blocks).sum::<u64>();
        let pixels = self.width as u64 * self.height as u64;
        blocks * if self.progressive { 64 * 3 } else { 64 } + pixels * 3
    }
}
