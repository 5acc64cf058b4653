//! Parts that more than one architecture is made of.

pub(crate) mod attention;
pub(crate) mod boxes;
pub(crate) mod c2f;
pub(crate) mod conv_norm;
pub(crate) mod deformable;
pub(crate) mod dinov2;
pub(crate) mod kernel;
pub(crate) mod layer;
pub(crate) mod mlp;
pub(crate) mod positions;
pub(crate) mod rotary;
pub(crate) mod rows;
pub(crate) mod sine;
pub(crate) mod windows;
