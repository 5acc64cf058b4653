//! Normalisations.

use super::Lowering;
use crate::op::Norm;
use crate::{Error, Node, Result, Tensor};

impl Lowering<'_> {
    pub(super) fn layer_norm(&mut self, node: &Node, norm: &Norm) -> Result<()> {
        self.later(node)
    }
    pub(super) fn rms_norm(&mut self, node: &Node, norm: &Norm) -> Result<()> {
        self.later(node)
    }
    pub(super) fn group_norm(&mut self, node: &Node, groups: usize, norm: &Norm) -> Result<()> {
        self.later(node)
    }
    pub(super) fn l2_normalize(&mut self, node: &Node, eps: f32) -> Result<()> {
        self.later(node)
    }
    pub(super) fn scale_shift(
        &mut self,
        node: &Node,
        scale: &Tensor,
        shift: Option<&Tensor>,
    ) -> Result<()> {
        self.later(node)
    }
    pub(super) fn softmax(&mut self, node: &Node) -> Result<()> {
        self.later(node)
    }
    pub(super) fn later(&mut self, node: &Node) -> Result<()> {
        Err(Error::Unsupported { executor: "cpu", what: node.op.name().to_owned() })
    }
}
