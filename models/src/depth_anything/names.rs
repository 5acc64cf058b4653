//! The authors' spelling of the neck and the head, as a table to the names of Hugging Face.

use ocelli_converters::{Rename, RenameError, StateDict};

use crate::classification::prefixed;
use crate::registry::WeightChoice;
use crate::vit::timm_names;

/// A file in the authors' names under the names of this project: its encoder is at `encoder`, its head at `head`.
/// Nothing if it is no such file.
pub(super) fn of_the_authors(
    file: &StateDict,
    choice: WeightChoice,
    (encoder, head): (&str, &str),
) -> Option<StateDict> {
    let landmark = format!("{head}.scratch.refinenet4.out_conv.weight");
    let found = prefixed(file, &landmark, choice)?;
    let (inner, outer) = (timm_names().ok()?, head_names(head).ok()?);
    Some(found.renamed(|name| match name.strip_prefix(encoder) {
        Some(rest) => Some(format!("backbone.{}", inner.apply(rest.strip_prefix('.')?)?)),
        None => outer.apply(name),
    }))
}

fn head_names(head: &str) -> Result<Rename, RenameError> {
    let stage = "neck.reassemble_stage.layers.{}";
    let mut table = Rename::new()
        .pattern(&format!("{head}.projects.{{}}.{{*}}"), &format!("{stage}.projection.{{*}}"))?
        .pattern(&format!("{head}.resize_layers.{{}}.{{*}}"), &format!("{stage}.resize.{{*}}"))?
        .prefix(&format!("{head}.norm."), "neck.norm.")
        .prefix(&format!("{head}.scratch.output_conv1."), "head.conv1.")
        .prefix(&format!("{head}.scratch.output_conv2.0."), "head.conv2.")
        .prefix(&format!("{head}.scratch.output_conv2.2."), "head.conv3.");
    for i in 0..4 {
        let from = format!("{head}.scratch.refinenet{}", 4 - i);
        let to = format!("neck.fusion_stage.layers.{i}");
        table = table
            .prefix(&format!("{head}.scratch.layer{}_rn.", i + 1), &format!("neck.convs.{i}."))
            .prefix(&format!("{from}.out_conv."), &format!("{to}.projection."));
        for unit in 1..=2 {
            for conv in 1..=2 {
                table = table.prefix(
                    &format!("{from}.resConfUnit{unit}.conv{conv}."),
                    &format!("{to}.residual_layer{unit}.convolution{conv}."),
                );
            }
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_map_is_the_first_that_is_joined() {
        let table = head_names("depth_head").unwrap();
        let rows = [
            ("depth_head.projects.2.bias", "neck.reassemble_stage.layers.2.projection.bias"),
            ("depth_head.scratch.layer1_rn.weight", "neck.convs.0.weight"),
            (
                "depth_head.scratch.refinenet4.resConfUnit2.conv1.bias",
                "neck.fusion_stage.layers.0.residual_layer2.convolution1.bias",
            ),
            ("depth_head.scratch.output_conv2.2.bias", "head.conv3.bias"),
        ];
        for (from, to) in rows {
            assert_eq!(table.apply(from).unwrap(), to);
        }
    }
}
