//! YOLO-NAS: a detector found by architecture search, of re-parametrised blocks (Deci, 2023).
//!
//! Source: `super-gradients` 3.7.1.

mod checkpoint;
mod config;
mod entries;
mod load;
mod network;
mod steps;

pub use config::{Config, Csp};
pub use entries::FAMILY;
pub use network::{Network, network};
