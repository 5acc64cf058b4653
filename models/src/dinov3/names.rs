//! The spellings of a DINOv3's tensors, as tables to the names of Hugging Face.

use ocelli_converters::{Rename, RenameError, StateDict};

use crate::classification::{Embeddings, completed, prefixed};
use crate::registry::WeightChoice;

/// Whose names a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// `transformers`', as it is stored and as its modules are called since version 5.
    HuggingFace,
    /// timm's.
    Timm,
    /// timm's below `backbone`, with a classifier: upstream's probe.
    Probe,
}

/// A name that only one layout has.
const LANDMARKS: [(&str, Layout); 4] = [
    ("model.layer.0.attention.q_proj.weight", Layout::HuggingFace),
    ("layer.0.attention.q_proj.weight", Layout::HuggingFace),
    ("backbone.blocks.0.gamma_1", Layout::Probe),
    ("blocks.0.gamma_1", Layout::Timm),
];

/// What an export may hold without names.
const EMBEDDINGS: Embeddings = Embeddings {
    class: "embeddings.cls_token",
    registers: "embeddings.register_tokens",
    positions: None,
    patches: "embeddings.patch_embeddings.weight",
};

/// The tensors under the names of this project, and whose names they had; nothing if no known spelling is there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Option<(StateDict, Layout)> {
    LANDMARKS.iter().find_map(|&(landmark, layout)| {
        let found = prefixed(file, landmark, choice).or_else(|| ours(file, layout))?;
        let table = match layout {
            Layout::HuggingFace => Rename::new().prefix("model.layer.", "layer."),
            Layout::Timm | Layout::Probe => timm().ok()?,
        };
        let strip = |name: &str| table.apply(name.strip_prefix("backbone.").unwrap_or(name));
        Some((completed(file, found.renamed(strip), &EMBEDDINGS), layout))
    })
}

/// A package of this project's, made from timm's names.
fn ours(file: &StateDict, layout: Layout) -> Option<StateDict> {
    let stacked = layout == Layout::HuggingFace && file.contains("layer.0.attention.qkv.weight");
    stacked.then(|| file.clone())
}

fn timm() -> Result<Rename, RenameError> {
    let mut table = Rename::new()
        .exact("cls_token", "embeddings.cls_token")
        .exact("reg_token", "embeddings.register_tokens")
        .prefix("patch_embed.proj.", "embeddings.patch_embeddings.");
    let parts = [
        ("gamma_1", "layer_scale1.lambda1"),
        ("gamma_2", "layer_scale2.lambda1"),
        ("attn.q_bias", "attention.q_proj.bias"),
        ("attn.k_bias", "attention.k_proj.bias"),
        ("attn.v_bias", "attention.v_proj.bias"),
        ("attn.qkv.{*}", "attention.qkv.{*}"),
        ("attn.proj.{*}", "attention.o_proj.{*}"),
        ("mlp.fc1.{*}", "mlp.up_proj.{*}"),
        ("mlp.fc1_g.{*}", "mlp.gate_proj.{*}"),
        ("mlp.fc1_x.{*}", "mlp.up_proj.{*}"),
        ("mlp.fc2.{*}", "mlp.down_proj.{*}"),
        ("{*}", "{*}"),
    ];
    for (from, to) in parts {
        table = table.pattern(&format!("blocks.{{}}.{from}"), &format!("layer.{{}}.{to}"))?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_timm_become_those_of_hugging_face() {
        let rows = [
            ("blocks.3.gamma_2", "layer.3.layer_scale2.lambda1"),
            ("blocks.3.attn.v_bias", "layer.3.attention.v_proj.bias"),
            ("blocks.3.mlp.fc1_x.bias", "layer.3.mlp.up_proj.bias"),
            ("blocks.3.norm1.weight", "layer.3.norm1.weight"),
            ("norm.bias", "norm.bias"),
        ];
        for (from, to) in rows {
            assert_eq!(timm().unwrap().apply(from).unwrap(), to);
        }
    }
}
