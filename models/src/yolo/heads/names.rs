//! Which heads there are, and which of their tensors inference does without.

use ocelli_engine::{Error, Result, Weights};

use super::found::has;

const HEADS: [&str; 19] = [
    "AnchorDetect",
    "AnchorISegment",
    "AnchorSegment",
    "Classify",
    "Depth",
    "Detect",
    "OBB",
    "OBB26",
    "Pose",
    "Pose26",
    "RTDETRDecoder",
    "Segment",
    "Segment26",
    "SemanticSegment",
    "WorldDetect",
    "YOLOEDetect",
    "YOLOESegment",
    "YOLOESegment26",
    "v10Detect",
];

/// Whether layers of this name end a network, be it supported or not.
pub(in crate::yolo) fn is_head(module: &str) -> bool {
    HEADS.contains(&module)
}

/// Whether a head's tensor, named as it is below the head's place, may stay unread: it is for training alone, it is made
/// anew from the layer's arguments, it makes embeddings that the checkpoint holds ready, or it belongs to a branch whose
/// twin answers.
pub(in crate::yolo) fn needless(name: &str) -> bool {
    let training = [
        "aux_head.",
        "cv4_sigma.",
        "dec_score_head.",
        "denoising_class_embed.",
        "flow_model.",
        "im.",
        "proto.semseg.",
    ];
    let derived = ["anchor_grid", "dfl.", "reprta.", "savpe."];
    let branches = ["cv2.", "cv3.", "cv4.", "cv4_kpts.", "cv5."];
    let branch = name.strip_prefix("one2one_").unwrap_or(name);
    name.ends_with(".num_batches_tracked")
        || derived.iter().any(|start| name.starts_with(start))
        || training.iter().chain(&branches).any(|start| branch.starts_with(start))
}

/// What a checkpoint calls the embeddings of the classes' names that this head compares pixels with: an attribute of
/// YOLO-World and of YOLOE.
pub(in crate::yolo) fn stores_texts_as(module: &str) -> Option<&'static str> {
    match module {
        "WorldDetect" => Some("txt_feats"),
        "YOLOEDetect" | "YOLOESegment" | "YOLOESegment26" => Some("pe"),
        _ => None,
    }
}

/// That the head is not one of a prompt-free checkpoint, whose vocabulary is another kind of layer.
pub(super) fn check_vocabulary(w: &Weights, module: &str) -> Result<()> {
    for name in ["lrpc.0.vocab.weight", "one2one_lrpc.0.vocab.weight"] {
        if has(w, name)? {
            return Err(unsupported_as(module, "the vocabulary of a prompt-free checkpoint"));
        }
    }
    Ok(())
}

/// That nothing here knows this head.
pub(super) fn unsupported(module: &str) -> Error {
    unsupported_as(module, "no head of this name is known")
}

fn unsupported_as(module: &str, what: &str) -> Error {
    Error::Unsupported { executor: "ocelli", what: format!("the head `{module}`: {what}") }
}

/// That a head has no maps to work on.
pub(super) fn no_features(op: &'static str) -> Error {
    Error::Shape { op, what: "there is no feature map".into() }
}
