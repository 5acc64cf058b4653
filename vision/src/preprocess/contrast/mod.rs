//! The contrast steps, as scikit-image's `exposure` computes them.

mod clahe;
mod equalize;
mod hsv;
mod stretch;

use super::config::ContrastKind;
use crate::Image;

/// Changes the contrast of a picture.
pub(super) fn apply(image: &mut Image, kind: ContrastKind) {
    match kind {
        ContrastKind::AdaptiveEqualization => clahe::equalize(image),
        ContrastKind::ContrastStretching => stretch::stretch(image),
        ContrastKind::HistogramEqualization => equalize::equalize(image),
    }
}
