//! CPU kernels of ocelli, on slices.
