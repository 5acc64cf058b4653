//! CLIP (Radford et al. 2021) and the Perception Encoder (Bolya et al. 2025): a tower for pictures and a tower for texts that
//! lead into one space. Weights are named as OpenAI names them; other names are tables.

mod config;
mod description;
mod entries;
mod image;
mod infer;
mod layer;
mod load;
mod model;
mod names;
mod residual;
mod rows;
mod text;

pub use config::{Config, ImageTower, Pooling, Residual, Stored, TextTower, Transformer};
pub use entries::{FAMILY, PERCEPTION, READERS, SNAPSHOTS};
pub use image::{ImageNetwork, image_tower};
pub use rows::{ROWS, Row};
pub use text::{TextNetwork, text_tower};
