//! The architectures of ocelli.
