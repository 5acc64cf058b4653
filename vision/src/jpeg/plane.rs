//! The samples of a component.

use rayon::prelude::*;

use super::frame::Component;
use super::idct;
use super::progressive::Block;
use super::{JpegError, Result};

/// Rows of samples, filled up to whole MCUs.
#[derive(Debug, Clone)]
pub(super) struct Plane {
    pub(super) samples: Vec<u8>,
    pub(super) stride: usize,
}

impl Plane {
    pub(super) fn new(component: &Component) -> Self {
        let stride = component.stride();
        Self { samples: vec![0; stride * component.padded.1 * 8], stride }
    }

    /// The samples of a component whose coefficients are complete.
    pub(super) fn from_coefficients(component: &Component, blocks: &[Block]) -> Result<Self> {
        let mut plane = Self::new(component);
        let quantisation = component.quantisation.as_ref();
        let quantisation = quantisation.ok_or(JpegError::Damaged("a component has no scan"))?;
        let stride = plane.stride;
        let rows = plane.samples.par_chunks_mut(stride * 8);
        rows.zip(blocks.par_chunks(component.padded.0)).for_each(|(samples, blocks)| {
            for (column, block) in blocks.iter().enumerate() {
                let samples = &mut samples[column * 8..];
                if block[1..].iter().all(|&coefficient| coefficient == 0) {
                    idct::flat(block[0], quantisation, samples, stride);
                } else {
                    idct::idct(block, quantisation, samples, stride);
                }
            }
        });
        Ok(plane)
    }

    /// The first `width` samples of row `y`.
    pub(super) fn row(&self, y: usize, width: usize) -> &[u8] {
        &self.samples[y * self.stride..][..width]
    }
}
