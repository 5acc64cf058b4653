//! Developer commands of ocelli.

fn main() {}
