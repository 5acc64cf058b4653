//! The spellings of a vision transformer's tensors, as tables to the names of Hugging Face's DINOv2.

use ocelli_converters::{Rename, RenameError, StateDict};
use ocelli_engine::op::Activation;

use super::config::Told;
use crate::classification::{Embeddings, completed, prefixed};
use crate::registry::WeightChoice;

/// Whose names a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `transformers`' `ViT`.
    HuggingFace,
    /// `transformers`' `Dinov2`.
    HuggingFaceDinov2,
    /// timm's, and those of DINOv2's authors.
    Timm,
    /// torchvision's.
    Torchvision,
}

/// A name that only one layout has, and what stands before all other names of it.
const LANDMARKS: [(&str, &str, Layout); 9] = [
    ("vit.encoder.layer.0.layernorm_before.weight", "vit.", Layout::HuggingFace),
    ("encoder.layer.0.layernorm_before.weight", "", Layout::HuggingFace),
    ("vit.layers.0.layernorm_before.weight", "vit.", Layout::HuggingFace),
    ("layers.0.layernorm_before.weight", "", Layout::HuggingFace),
    ("dinov2.encoder.layer.0.norm1.weight", "dinov2.", Layout::HuggingFaceDinov2),
    (
        "dinov2_with_registers.encoder.layer.0.norm1.weight",
        "dinov2_with_registers.",
        Layout::HuggingFaceDinov2,
    ),
    ("encoder.layer.0.norm1.weight", "", Layout::HuggingFaceDinov2),
    ("blocks.0.norm1.weight", "", Layout::Timm),
    ("encoder.layers.encoder_layer_0.ln_1.weight", "", Layout::Torchvision),
];

/// What an export may hold without names.
const EMBEDDINGS: Embeddings = Embeddings {
    class: "embeddings.cls_token",
    registers: "embeddings.register_tokens",
    positions: Some("embeddings.position_embeddings"),
    patches: "embeddings.patch_embeddings.projection.weight",
};

impl Layout {
    /// What the usual models of the layout have besides what their tensors show.
    pub(crate) fn usual(self, heads: usize) -> Told {
        let eps = if self == Layout::HuggingFace { 1e-12 } else { 1e-6 };
        Told { heads, eps, activation: Activation::Gelu, antialias: self == Layout::Timm }
    }

    fn table(self) -> Result<Rename, RenameError> {
        match self {
            Layout::HuggingFace => hugging_face(),
            Layout::HuggingFaceDinov2 => Ok(Rename::new()),
            Layout::Timm => timm(),
            Layout::Torchvision => torchvision(),
        }
    }
}

/// The tensors under the names of this project, and whose names they had; nothing if no known spelling is there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Option<(StateDict, Layout)> {
    LANDMARKS.iter().find_map(|&(landmark, inner, layout)| {
        let found = prefixed(file, landmark, choice)?;
        let table = layout.table().ok()?;
        let strip = |name: &str| table.apply(name.strip_prefix(inner).unwrap_or(name));
        Some((completed(file, found.renamed(strip), &EMBEDDINGS), layout))
    })
}

/// `transformers`' `ViT`, as it is stored and as its modules are called since version 5.
fn hugging_face() -> Result<Rename, RenameError> {
    let to = |part: &str| format!("encoder.layer.{{}}.{part}.{{*}}");
    let parts = [
        ("layernorm_before", "norm1"),
        ("layernorm_after", "norm2"),
        ("intermediate.dense", "mlp.fc1"),
        ("output.dense", "mlp.fc2"),
        ("mlp.fc1", "mlp.fc1"),
        ("mlp.fc2", "mlp.fc2"),
        ("attention.q_proj", "attention.attention.query"),
        ("attention.k_proj", "attention.attention.key"),
        ("attention.v_proj", "attention.attention.value"),
        ("attention.o_proj", "attention.output.dense"),
    ];
    let mut table = Rename::new();
    for (from, part) in parts {
        for stack in ["encoder.layer", "layers"] {
            table = table.pattern(&format!("{stack}.{{}}.{from}.{{*}}"), &to(part))?;
        }
    }
    Ok(table)
}

/// timm's, and the registers and gated layers of DINOv2's authors.
pub(crate) fn timm() -> Result<Rename, RenameError> {
    let mut table = Rename::new()
        .exact("cls_token", "embeddings.cls_token")
        .exact("pos_embed", "embeddings.position_embeddings")
        .exact("reg_token", "embeddings.register_tokens")
        .exact("register_tokens", "embeddings.register_tokens")
        .exact("mask_token", "embeddings.mask_token")
        .prefix("patch_embed.proj.", "embeddings.patch_embeddings.projection.")
        .prefix("norm.", "layernorm.")
        .prefix("head.", "classifier.")
        .pattern("blocks.{}.ls1.gamma", "encoder.layer.{}.layer_scale1.lambda1")?
        .pattern("blocks.{}.ls2.gamma", "encoder.layer.{}.layer_scale2.lambda1")?;
    let parts = [
        ("attn.qkv", "attention.attention.qkv"),
        ("attn.proj", "attention.output.dense"),
        ("mlp.w12", "mlp.weights_in"),
        ("mlp.w3", "mlp.weights_out"),
    ];
    for (from, part) in parts {
        let to = format!("encoder.layer.{{}}.{part}.{{*}}");
        table = table.pattern(&format!("blocks.{{}}.{from}.{{*}}"), &to)?;
    }
    table.pattern("blocks.{}.{*}", "encoder.layer.{}.{*}")
}

/// torchvision's, with the names of its MLP before and after version 0.12.
fn torchvision() -> Result<Rename, RenameError> {
    let mut table = Rename::new()
        .exact("class_token", "embeddings.cls_token")
        .exact("encoder.pos_embedding", "embeddings.position_embeddings")
        .prefix("conv_proj.", "embeddings.patch_embeddings.projection.")
        .prefix("encoder.ln.", "layernorm.")
        .prefix("heads.head.", "classifier.");
    let parts = [
        ("ln_1.{*}", "norm1.{*}"),
        ("ln_2.{*}", "norm2.{*}"),
        ("self_attention.in_proj_weight", "attention.attention.qkv.weight"),
        ("self_attention.in_proj_bias", "attention.attention.qkv.bias"),
        ("self_attention.out_proj.{*}", "attention.output.dense.{*}"),
        ("mlp.0.{*}", "mlp.fc1.{*}"),
        ("mlp.3.{*}", "mlp.fc2.{*}"),
        ("mlp.linear_1.{*}", "mlp.fc1.{*}"),
        ("mlp.linear_2.{*}", "mlp.fc2.{*}"),
    ];
    for (from, to) in parts {
        let from = format!("encoder.layers.encoder_layer_{{}}.{from}");
        table = table.pattern(&from, &format!("encoder.layer.{{}}.{to}"))?;
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_names_become_those_of_dinov2() {
        let rows = [
            (Layout::HuggingFace, "encoder.layer.3.output.dense.bias", "mlp.fc2.bias"),
            (
                Layout::HuggingFace,
                "encoder.layer.3.attention.output.dense.bias",
                "attention.output.dense.bias",
            ),
            (Layout::HuggingFace, "layers.3.attention.k_proj.bias", "attention.attention.key.bias"),
            (Layout::Timm, "blocks.3.attn.qkv.weight", "attention.attention.qkv.weight"),
            (Layout::Timm, "blocks.3.mlp.fc1.bias", "mlp.fc1.bias"),
            (Layout::Timm, "blocks.3.ls2.gamma", "layer_scale2.lambda1"),
            (
                Layout::Torchvision,
                "encoder.layers.encoder_layer_3.self_attention.in_proj_bias",
                "attention.attention.qkv.bias",
            ),
            (Layout::Torchvision, "encoder.layers.encoder_layer_3.mlp.3.bias", "mlp.fc2.bias"),
        ];
        for (layout, from, to) in rows {
            let found = layout.table().unwrap().apply(from).unwrap();
            assert_eq!(found, format!("encoder.layer.3.{to}"), "{from}");
        }
    }
}
