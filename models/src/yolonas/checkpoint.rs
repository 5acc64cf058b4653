//! A trainer's file: which of its tensors are the weights.
//!
//! | written by | weights | moving average | description |
//! | --- | --- | --- | --- |
//! | `super-gradients` | `net` | `ema_net`, which it prefers | `processing_params` |
//! | an export to ONNX | initializers | | |
//! | anything else | the tensors as they are | | |

use ocelli_converters::{StateDict, Tensor};

use crate::registry::WeightChoice;
use crate::served::is_constant;
use crate::{Error, Result};

/// A tensor that every network of the family has.
const MARK: &str = "heads.head1.reg_pred.weight";

/// The weights under the network's own names.
///
/// # Errors
/// They are not there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Result<StateDict> {
    let paths = match choice {
        WeightChoice::Model => &["ema_net", "net", ""][..],
        WeightChoice::Average => &["ema_net"],
    };
    let marked = |&path: &&str| {
        ["", "module."].iter().find_map(|prefix| {
            let dot = if path.is_empty() { "" } else { "." };
            file.contains(&format!("{path}{dot}{prefix}{MARK}")).then(|| file.subset(path, prefix))
        })
    };
    paths.iter().find_map(marked).ok_or_else(|| Error::NotThisModel {
        file: file.file().to_owned(),
        architecture: "yolonas",
        reason: match choice {
            WeightChoice::Model => format!("no dict of it holds `{MARK}`"),
            WeightChoice::Average => "it holds no moving average of the weights".to_owned(),
        },
    })
}

/// The extents of a tensor.
pub(super) fn shape(weights: &StateDict, name: &str) -> Option<Vec<usize>> {
    weights.get(name).map(Tensor::shape).map(<[usize]>::to_vec)
}

/// Whether a tensor is known to have no part in answers.
pub(super) fn needless(name: &str) -> bool {
    name.ends_with(".num_batches_tracked") || name.contains(".rbr_reparam.") || is_constant(name)
}
