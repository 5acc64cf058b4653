//! Checkpoint readers and writers of ocelli.
