//! The spellings of CLIP's tensors, as tables to OpenAI's names.

use ocelli_converters::{Rename, RenameError, StateDict};

use crate::classification::prefixed;
use crate::registry::WeightChoice;

/// Whose names a file has.
#[derive(Clone, Copy)]
enum Layout {
    /// OpenAI's, which are open_clip's and the Perception Encoder's too.
    OpenAi,
    /// Those of `transformers`.
    HuggingFace,
}

/// A name that only one layout has.
const LANDMARKS: [(&str, Layout); 2] = [
    ("visual.conv1.weight", Layout::OpenAi),
    ("vision_model.embeddings.patch_embedding.weight", Layout::HuggingFace),
];

/// The tensors under OpenAI's names; nothing if no known spelling is there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Option<StateDict> {
    LANDMARKS.iter().find_map(|&(landmark, layout)| {
        let found = prefixed(file, landmark, choice)?;
        let table = match layout {
            // open_clip's models whose tower for texts is a module of its own.
            Layout::OpenAi => Rename::new().prefix("text.", ""),
            Layout::HuggingFace => hugging_face().ok()?,
        };
        Some(found.rename(&table))
    })
}

/// The names of `transformers`.
fn hugging_face() -> Result<Rename, RenameError> {
    let mut table = Rename::new()
        .drop("text_model.embeddings.position_ids")
        .drop("vision_model.embeddings.position_ids")
        .exact("visual_projection.weight", "visual.proj.weight")
        .exact("vision_model.embeddings.class_embedding", "visual.class_embedding")
        .exact("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight")
        .exact("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding")
        .prefix("vision_model.pre_layrnorm.", "visual.ln_pre.")
        .prefix("vision_model.post_layernorm.", "visual.ln_post.")
        .exact("text_model.embeddings.token_embedding.weight", "token_embedding.weight")
        .exact("text_model.embeddings.position_embedding.weight", "positional_embedding")
        .prefix("text_model.final_layer_norm.", "ln_final.");
    let parts = [
        ("layer_norm1", "ln_1"),
        ("layer_norm2", "ln_2"),
        ("self_attn", "attn"),
        ("mlp.fc1", "mlp.c_fc"),
        ("mlp.fc2", "mlp.c_proj"),
    ];
    for (tower, to) in [("vision_model", "visual."), ("text_model", "")] {
        for (from, part) in parts {
            table = table.pattern(
                &format!("{tower}.encoder.layers.{{}}.{from}.{{*}}"),
                &format!("{to}transformer.resblocks.{{}}.{part}.{{*}}"),
            )?;
        }
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_transformers_become_those_of_openai() {
        let table = hugging_face().unwrap();
        let rows = [
            ("visual_projection.weight", Some("visual.proj.weight")),
            ("text_projection.weight", Some("text_projection.weight")),
            ("logit_scale", Some("logit_scale")),
            ("vision_model.pre_layrnorm.bias", Some("visual.ln_pre.bias")),
            (
                "vision_model.encoder.layers.7.self_attn.q_proj.bias",
                Some("visual.transformer.resblocks.7.attn.q_proj.bias"),
            ),
            (
                "text_model.encoder.layers.0.mlp.fc2.weight",
                Some("transformer.resblocks.0.mlp.c_proj.weight"),
            ),
            ("text_model.embeddings.position_embedding.weight", Some("positional_embedding")),
            ("text_model.embeddings.position_ids", None),
        ];
        for (from, to) in rows {
            assert_eq!(table.apply(from).as_deref(), to, "{from}");
        }
    }
}
