//! Sequential scans: each block comes whole, and becomes samples at once.

use super::frame::Frame;
use super::huffman::Huffman;
use super::idct;
use super::plane::Plane;
use super::scan::{Entropy, Scan};
use super::tables::{Quantisation, Tables, ZIGZAG};
use super::{JpegError, Result};

/// Decodes a scan into the samples of its components. Returns how much of `data` it took.
pub(super) fn decode(
    scan: &Scan,
    frame: &Frame,
    tables: &Tables,
    data: &[u8],
    planes: &mut [Plane],
) -> Result<usize> {
    let mut parts = Vec::new();
    for part in &scan.parts {
        let quantisation = frame.components[part.component].quantisation.as_ref();
        let quantisation = quantisation.ok_or(JpegError::Damaged("no quantisation table"))?;
        parts.push((part.component, tables.dc(part.dc)?, tables.ac(part.ac)?, quantisation));
    }
    scan.walk(frame, tables.restart_interval, data, |entropy, part, column, row| {
        let (component, dc, ac, quantisation) = parts[part];
        let plane = &mut planes[component];
        let stride = plane.stride;
        let samples = &mut plane.samples[(row * stride + column) * 8..];
        block(entropy, part, (dc, ac), quantisation, samples, stride)
    })
}

#[inline]
fn block(
    entropy: &mut Entropy<'_>,
    part: usize,
    (dc, ac): (&Huffman, &Huffman),
    quantisation: &Quantisation,
    samples: &mut [u8],
    stride: usize,
) -> Result<()> {
    let mut coefficients = [0; 64];
    let (_, difference) = dc.next(&mut entropy.reader)?;
    entropy.dc[part] = entropy.dc[part].wrapping_add(difference);
    coefficients[0] = entropy.dc[part] as i16;

    let mut k = 1;
    let mut flat = true;
    while k < 64 {
        let (run, value) = ac.next(&mut entropy.reader)?;
        k += run as usize;
        if value == 0 {
            if run < 15 {
                break;
            }
        } else {
            let place = ZIGZAG.get(k).ok_or(JpegError::Damaged("a block has too much in it"))?;
            coefficients[usize::from(*place & 63)] = value as i16;
            flat = false;
        }
        k += 1;
    }
    if flat {
        idct::flat(coefficients[0], quantisation, samples, stride);
    } else {
        idct::idct(&coefficients, quantisation, samples, stride);
    }
    Ok(())
}
