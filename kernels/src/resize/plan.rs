//! What a resize is, and its tables.

use super::axis::Axis;

/// How pixels between pixels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// PyTorch's `nearest`: the input at `floor(i ratio)`
    Nearest,
    /// PyTorch's `nearest-exact`: the input whose middle is nearest
    NearestExact,
    /// Of two by two pixels
    Bilinear {
        /// Whether the middles of the corner pixels coincide, and not their outer corners
        align_corners: bool,
    },
    /// Of four by four pixels, Keys' convolution with `a = -0.75`
    Bicubic {
        /// Whether the middles of the corner pixels coincide
        align_corners: bool,
    },
    /// A triangle as wide as the larger of an input and an output pixel
    BilinearAntialias {
        /// Whether the ratio is that of the distances of the corner pixels
        align_corners: bool,
    },
    /// Keys' convolution with `a = -0.5`, stretched alike
    BicubicAntialias {
        /// Whether the ratio is that of the distances of the corner pixels
        align_corners: bool,
    },
}

/// A change of size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resize {
    /// How pixels are made.
    pub interpolation: Interpolation,
    /// Height and width of the input.
    pub from: [usize; 2],
    /// Height and width of the output.
    pub to: [usize; 2],
    /// The vertical and horizontal scale factor, where it was given and not the size. PyTorch then computes positions
    /// with it, and not with the ratio of the sizes.
    pub scale: Option<[f64; 2]>,
}

/// A size or a scale that cannot be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResizeError(Resize);

impl std::fmt::Display for ResizeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Resize { from, to, scale, .. } = self.0;
        write!(
            f,
            "cannot resize {from:?} to {to:?} at scale {scale:?}: sizes and scales must be positive"
        )
    }
}

impl std::error::Error for ResizeError {}

/// The tables of a [`Resize`], for any number of channels and pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct ResizePlan {
    pub(super) from: [usize; 2],
    pub(super) vertical: Axis,
    pub(super) horizontal: Axis,
}

impl ResizePlan {
    /// Computes the tables.
    ///
    /// # Errors
    /// A size is zero, or a scale is not a positive number.
    pub fn new(resize: &Resize) -> Result<ResizePlan, ResizeError> {
        let sizes = resize.from.iter().chain(&resize.to).all(|&size| size > 0);
        let scales = resize.scale.iter().flatten().all(|&scale| scale > 0.0 && scale.is_finite());
        if !sizes || !scales {
            return Err(ResizeError(*resize));
        }
        let axis = |i: usize| {
            let scale = resize.scale.map(|scale| scale[i]);
            Axis::new(resize.interpolation, resize.from[i], resize.to[i], scale)
        };
        Ok(ResizePlan { from: resize.from, vertical: axis(0), horizontal: axis(1) })
    }

    /// Height and width of the input.
    pub fn in_size(&self) -> [usize; 2] {
        self.from
    }

    /// Height and width of the output.
    pub fn out_size(&self) -> [usize; 2] {
        [self.vertical.len(), self.horizontal.len()]
    }

    /// Floats of scratch that a run asks for, with this many channels and [threads](crate::Pool::threads).
    pub fn scratch_len(&self, channels: usize, threads: usize) -> usize {
        self.pieces(threads) * self.row_len(channels)
    }

    /// Floats of scratch of a piece: a row of the input, unless pixels are only moved.
    pub(crate) fn row_len(&self, channels: usize) -> usize {
        if self.copies() { 0 } else { self.from[1] * channels }
    }

    /// Whether pixels are only moved.
    pub(super) fn copies(&self) -> bool {
        self.vertical.copies() && self.horizontal.copies()
    }

    /// Pieces that a run has at most; each needs a row of scratch.
    #[allow(clippy::unused_self, reason = "what a plan needs is the plan's to say")]
    pub(super) fn pieces(&self, threads: usize) -> usize {
        2 * threads
    }
}
