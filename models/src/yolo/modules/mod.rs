//! The modules that layer lists name.

pub(super) mod conv;
