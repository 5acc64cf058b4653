//! Where the tensors of a residual network are in a file, under torchvision's names.

use ocelli_converters::{Rename, RenameError, StateDict};

use crate::classification::prefixed;
use crate::registry::WeightChoice;

/// The tensors under torchvision's names; nothing if none of the known spellings is there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Option<StateDict> {
    if let Some(weights) = prefixed(file, "layer1.0.conv1.weight", choice) {
        return Some(weights);
    }
    let first = "encoder.stages.0.layers.0.layer.0.convolution.weight";
    let inner = prefixed(file, &format!("resnet.{first}"), choice)?;
    Some(inner.rename(&hugging_face().ok()?))
}

/// `transformers`' names to torchvision's.
fn hugging_face() -> Result<Rename, RenameError> {
    let block = |to: &str| format!("layer{{+1}}.{{}}.{to}.{{*}}");
    let mut table = Rename::new()
        .prefix("resnet.embedder.embedder.convolution.", "conv1.")
        .prefix("resnet.embedder.embedder.normalization.", "bn1.")
        .prefix("classifier.1.", "fc.");
    let stage = "resnet.encoder.stages.{}.layers.{}";
    for i in 0..3 {
        let layer = format!("{stage}.layer.{i}");
        let (conv, norm) = (format!("conv{}", i + 1), format!("bn{}", i + 1));
        table = table
            .pattern(&format!("{layer}.convolution.{{*}}"), &block(&conv))?
            .pattern(&format!("{layer}.normalization.{{*}}"), &block(&norm))?;
    }
    table
        .pattern(&format!("{stage}.shortcut.convolution.{{*}}"), &block("downsample.0"))?
        .pattern(&format!("{stage}.shortcut.normalization.{{*}}"), &block("downsample.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_transformers_become_those_of_torchvision() {
        let table = hugging_face().unwrap();
        let rows = [
            ("resnet.embedder.embedder.normalization.bias", "bn1.bias"),
            (
                "resnet.encoder.stages.2.layers.5.layer.2.convolution.weight",
                "layer3.5.conv3.weight",
            ),
            ("resnet.encoder.stages.0.layers.0.layer.1.normalization.bias", "layer1.0.bn2.bias"),
            (
                "resnet.encoder.stages.3.layers.0.shortcut.normalization.running_var",
                "layer4.0.downsample.1.running_var",
            ),
            ("classifier.1.weight", "fc.weight"),
        ];
        for (from, to) in rows {
            assert_eq!(table.apply(from).as_deref(), Some(to));
        }
    }
}
