//! The YOLO networks of Ultralytics: a list of layers, which every checkpoint carries, and the modules it names.
//!
//! Source: the layer lists and modules of `ultralytics` 8.4.190 of the `yolov5` repository, releases 6 and 7, and of
//! the branch `u7` of the `yolov7` repository.

mod anchors;
mod checkpoint;
mod entries;
mod error;
mod heads;
mod identify;
mod literal;
mod load;
mod manner;
mod model;
mod modules;
mod network;
mod prepare;
mod rows;
mod spec;
mod tasks;
mod texts;

pub use entries::FAMILIES;
pub use error::SpecError;
pub use network::{Network, network};
pub use rows::{find, variants};
pub use spec::{Arg, Layer, Spec};
