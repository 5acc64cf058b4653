//! Renames.
/// x
pub struct Rename;
/// x
pub struct RenameError;
