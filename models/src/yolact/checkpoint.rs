//! A trainer's file: a state dict, which says nothing else.

use ocelli_converters::{StateDict, Tensor};

use crate::registry::WeightChoice;
use crate::served::is_constant;
use crate::{Error, Result};

/// A tensor that every network of the family has.
const MARK: &str = "prediction_layers.0.bbox_layer.weight";

/// The weights under the network's own names.
///
/// # Errors
/// They are not there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Result<StateDict> {
    let not = |reason: &str| Error::NotThisModel {
        file: file.file().to_owned(),
        architecture: "yolact",
        reason: reason.to_owned(),
    };
    if choice == WeightChoice::Average {
        return Err(not("its trainer keeps no moving average of the weights"));
    }
    let prefix = ["", "module."].into_iter().find(|p| file.contains(&format!("{p}{MARK}")));
    let prefix = prefix.ok_or_else(|| not(&format!("there is no `{MARK}`")))?;
    Ok(file.subset("", prefix))
}

/// The extents of a tensor.
pub(super) fn shape(weights: &StateDict, name: &str) -> Option<Vec<usize>> {
    weights.get(name).map(Tensor::shape).map(<[usize]>::to_vec)
}

/// Whether a tensor is known to have no part in answers: those of training alone, what old files hold twice, and an
/// export's constants and copies of the head.
pub(super) fn needless(name: &str) -> bool {
    let old = name.starts_with("backbone.layer") && !name.starts_with("backbone.layers.");
    let level = name.strip_prefix("fpn.downsample_layers.").and_then(|rest| rest.split('.').next());
    name.ends_with(".num_batches_tracked")
        || name.starts_with("semantic_seg_conv.")
        || is_constant(name)
        || (name.starts_with("prediction_layers.") && !name.starts_with("prediction_layers.0."))
        || old
        || level.and_then(|level| level.parse::<usize>().ok()).is_some_and(|level| level > 1)
}
