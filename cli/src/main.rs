//! The ocelli command line.

fn main() {}
