//! Depth Anything 3 (Lin et al. 2025), as far as it sees one picture: a DINOv2 whose later layers have normed and turned
//! queries and keys and a camera's token, and the head's branch of depths. What answers with rays, cameras or Gaussians,
//! or needs several pictures, is left out.

mod config;
mod encoder;
mod entries;
mod load;
mod network;
mod places;

pub use config::{Config, SIZES, Size};
pub use entries::{FAMILY, SNAPSHOTS};
pub use network::{Network, network};
