//! Images pooled, resized and sampled.

use super::Lowering;
use crate::op::{Deformable, Pool, Resize, SamplePadding};
use crate::{Node, Result};

impl Lowering<'_> {
    pub(super) fn pool(&mut self, node: &Node, pool: Pool) -> Result<()> {
        self.later(node)
    }
    pub(super) fn resize(&mut self, node: &Node, resize: Resize) -> Result<()> {
        self.later(node)
    }
    pub(super) fn grid_sample(
        &mut self,
        node: &Node,
        padding: SamplePadding,
        align_corners: bool,
    ) -> Result<()> {
        self.later(node)
    }
    pub(super) fn deformable_attention(&mut self, node: &Node, spec: &Deformable) -> Result<()> {
        self.later(node)
    }
}
