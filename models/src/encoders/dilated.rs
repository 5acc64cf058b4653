//! Maps that keep their size where the original would halve it: the later convolutions reach farther instead.

/// How a stage's convolutions go over the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    pub(crate) stride: usize,
    /// From one tap to the next, in a stage that keeps its size.
    pub(crate) dilation: Option<usize>,
}

/// The pace of a convolution of `stride` in a stage after which maps are `stage` times smaller than pictures, where they are
/// to become `output_stride` times smaller.
pub(crate) fn pace(stage: usize, stride: usize, output_stride: usize) -> Pace {
    if stage > output_stride {
        return Pace { stride: 1, dilation: Some(stage / output_stride) };
    }
    Pace { stride, dilation: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_beyond_the_output_stride_are_dilated() {
        assert_eq!(pace(16, 2, 16), Pace { stride: 2, dilation: None });
        assert_eq!(pace(32, 2, 16), Pace { stride: 1, dilation: Some(2) });
        assert_eq!(pace(32, 1, 8), Pace { stride: 1, dilation: Some(4) });
    }
}
