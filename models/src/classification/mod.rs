//! What networks that classify whole pictures, or make vectors of them, share: how pictures are prepared, what stands beside their weights, and
//! how scores become answers.

mod beside;
mod exported;
mod finish;
mod model;
mod processor;
mod timm;
mod tokens;
mod transform;
mod weights;

pub(crate) use beside::Beside;
pub(crate) use exported::{Embeddings, check_activation, completed};
pub(crate) use finish::{Heads, Plan, check_unused, described, finish};
pub(crate) use model::{CONFIDENCE, EMBEDDING, embeddings};
pub(crate) use processor::{CLIP as CLIP_NORMALISATION, HALF};
pub(crate) use transform::{IMAGENET, Transform};
pub(crate) use weights::prefixed;
