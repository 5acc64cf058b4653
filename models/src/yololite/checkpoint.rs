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
        (WeightChoice::Model, Some(prefix)) => return Ok(file.subset("", prefix)),
        (WeightChoice::Model, None) => format!("it has no tensor `{MARK}`"),
        (WeightChoice::Average, _) => {
            "the trainer keeps no moving average beside the weights: what it saves is the average where it trains with one"
                .to_owned()
        }
    };
    Err(Error::NotThisModel { file: file.file().to_owned(), architecture: "yololite", reason })
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

    #[test]
    fn nothing_said_is_nothing() {
        assert_eq!(Said::read(&Value::None), Said::default());
    }
}
