//! Depth Anything (Yang et al. 2024): DINOv2 with the dense head of DPT (Ranftl et al. 2021), from one picture to the
//! depth of each pixel. [`v2`] is its second version, and reads the first, which has the same parts; [`v3`] the third (Lin
//! et al. 2025), of which the part for one picture.

mod dpt;
mod fit;
mod model;
mod names;
pub mod v2;
pub mod v3;
