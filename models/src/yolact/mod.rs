//! YOLACT: instance masks as sums of prototypes, in real time (Bolya et al., 2019).
//!
//! Source: the repository `dbolya/yolact`, version 1.2.

mod checkpoint;
mod config;
mod entries;
mod load;
mod model;
mod network;
mod prepare;
mod suppress;

pub use config::{Anchors, Backbone, Config};
pub use entries::FAMILY;
pub use network::{Network, network};
