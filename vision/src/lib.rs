//! Images in, predictions out.
