//! A trainer's file: which of its tensors are the weights, and what it says beside them.
//!
//! The trainer writes `state_dict` and `meta`; its exports wrap the network as `core`.

use ocelli_converters::{StateDict, Value};

use crate::registry::WeightChoice;
use crate::served::is_constant;
use crate::{Error, Result};

/// A tensor that every network of the family has.
const MARK: &str = "head3.out.obj.weight";

/// What `meta` says; nothing where it says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) class_names: Option<Vec<String>>,
    pub(super) side: Option<usize>,
    pub(super) backbone: Option<String>,
}

impl Said {
    /// What the root of a file says.
    pub(super) fn read(root: &Value) -> Said {
        let said = |key: &str| root.get("meta")?.get(key);
        let names = said("names").and_then(Value::as_slice).and_then(|names| {
            names.iter().map(|name| Some(name.as_str()?.to_owned())).collect::<Option<Vec<_>>>()
        });
        Said {
            class_names: names.filter(|names| !names.is_empty()),
            side: said("img_size").and_then(|side| usize::try_from(side.as_i64()?).ok()),
            backbone: said("backbone").and_then(|name| Some(name.as_str()?.to_owned())),
        }
    }
}

/// The weights under the network's own names.
///
/// # Errors
/// They are not there.
pub(super) fn weights(file: &StateDict, choice: WeightChoice) -> Result<StateDict> {
    let prefix = file.names().find_map(|name| {
        name.strip_suffix(MARK).filter(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    let reason = match (choice, prefix) {
        (WeightChoice::Model, Some(prefix)) => return Ok(with_heads(&file.subset("", prefix))),
        (WeightChoice::Model, None) => format!("it has no tensor `{MARK}`"),
        (WeightChoice::Average, _) => {
            "the trainer keeps no moving average beside the weights: what it saves is the average where it trains with one"
                .to_owned()
        }
    };
    Err(Error::NotThisModel { file: file.file().to_owned(), architecture: "yololite", reason })
}

/// The same, with the norms of heads under the names of their heads. Exports fold those norms into convolutions, which they name
/// by calls: `trunk.0.block.1` is that of the first head, `trunk.0.block.1_1` that of the second.
fn with_heads(weights: &StateDict) -> StateDict {
    let has = |level: &usize| weights.contains(&format!("head{level}.out.obj.weight"));
    let levels: Vec<usize> = (2..=6).filter(has).collect();
    weights.renamed(|name| {
        let found = name.strip_prefix("trunk.").and_then(|rest| {
            let (layer, role) = rest.rsplit_once('.')?;
            let (layer, call) = match layer.rsplit_once('_') {
                Some((layer, call)) => (layer, call.parse().ok()?),
                None => (layer, 0),
            };
            Some(format!("head{}.trunk.{layer}.{role}", levels.get::<usize>(call)?))
        });
        Some(found.unwrap_or_else(|| name.to_owned()))
    })
}

/// Whether a tensor is known to have no part in answers: the sixth level is made even where it is not used.
pub(super) fn needless(name: &str) -> bool {
    name.ends_with(".num_batches_tracked")
        || name.starts_with("p6_")
        || name.starts_with("smooth6.")
        || is_constant(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocelli_converters::DType;

    #[test]
    fn exported_heads_are_told_apart_by_calls() {
        let names = ["head3.out.obj.weight", "head4.out.obj.weight", "head6.out.obj.weight"];
        let exported =
            ["trunk.0.block.1.weight", "trunk.1.block.1_2.bias", "trunk.0.block.1_3.bias"];
        let tensor = |name: &str| (name.to_owned(), DType::F32, vec![1], vec![0; 4]);
        let tensors = names.iter().chain(&exported).map(|name| tensor(name));
        let found = with_heads(&StateDict::from_tensors(tensors).unwrap());
        for name in ["head3.trunk.0.block.1.weight", "head6.trunk.1.block.1.bias"] {
            assert!(found.contains(name), "{name}");
        }
        assert!(found.contains("trunk.0.block.1_3.bias"), "there is no such head");
    }

    #[test]
    fn nothing_said_is_nothing() {
        assert_eq!(Said::read(&Value::None), Said::default());
    }
}
